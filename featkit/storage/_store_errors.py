"""Errors of the libraries of stores, as plain errors that never contain a secret.

The libraries are not imported to recognise their errors: classes are compared by name.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator

from featkit.errors import StoreError
from featkit.storage.scratch import no_room
from featkit.storage.urls import shown, without_secrets

TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 509})
"""Codes of HTTP for a server that is busy, or fails for a while."""

BROKEN_ANSWER = frozenset(
    {"HttpProcessingError", "ClientPayloadError", "ServerDisconnectedError"}
    | {"ConnectionClosedError", "ResponseStreamingError", "IncompleteRead"}
)
"""Errors of an answer that was cut off, or is not valid. Their codes are not those of a server."""

TRANSIENT = BROKEN_ANSWER | frozenset(
    {"TimeoutError", "FSTimeoutError", "ConnectionError", "HTTPClientError"}
    | {"ClientConnectionError", "ResponseParserError", "IncompleteReadError"}
    | {
        "ConnectionLost",
        "SFTPConnectionLost",
        "SFTPNoConnection",
        "SFTPFailure",
        "ChannelOpenError",
    }
)
"""Errors of a connection."""

PERMANENT = frozenset(
    {"ClientConnectorCertificateError", "SSLError", "SSLCertVerificationError", "gaierror"}
    | {"HostKeyNotVerifiable", "ClientConnectorDNSError"}
)
"""Errors of a connection that another try does not mend."""

NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
    | {"ProfileNotFound", "TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError"}
    | {"DefaultCredentialsError", "RefreshError"}
)

NO_HOST_KEY = (
    "the key of the host is not in ~/.ssh/known_hosts, or is another one: connect once with ssh,"
    " and compare the fingerprint that it shows"
)


def is_transient(error: BaseException) -> bool:
    """Whether an operation may succeed if it is tried again."""
    if isinstance(error, StoreError):
        return False
    error = _real_error(error)
    status = http_status(error)
    if status is not None:
        return status in TRANSIENT_STATUS
    names = _class_names(error)
    if isinstance(error, FileNotFoundError | PermissionError) or names & PERMANENT:
        return False
    return bool(names & TRANSIENT)


def http_status(error: BaseException) -> int | None:
    """The code of HTTP in an error of a library, or in its cause."""
    if _class_names(error) & BROKEN_ANSWER:
        return None
    for one in _chain(error):
        response = getattr(one, "response", None)
        if isinstance(response, dict):
            status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        else:
            status = getattr(one, "status", None) or getattr(one, "code", None)
        if isinstance(status, int) and 100 <= status < 600:
            return status
    return None


def store_error(error: BaseException, url: str, action: str, tries: int) -> StoreError:
    """The plain error of a failed operation."""
    number, reason = _reason(_real_error(error), url)
    after = f" (after {tries} tries)" if tries > 1 else ""
    return StoreError(number, f"cannot {action} it: {reason}{after}", shown(url))


def _reason(error: BaseException, url: str) -> tuple[int, str]:
    status, names = http_status(error), _class_names(error)
    text = getattr(error, "strerror", None) or str(error)
    text = without_secrets(" ".join(str(text).split()), [url])
    if names & NO_CREDENTIALS:
        return errno.EACCES, f"no credentials: {text}. Set those of the store in the environment"
    if "HostKeyNotVerifiable" in names:
        return errno.EACCES, NO_HOST_KEY
    if status in (401, 403):
        return errno.EACCES, f"no permission (HTTP {status}): check the credentials of the store"
    if status in (404, 410) or (status is None and isinstance(error, FileNotFoundError)):
        return errno.ENOENT, "there is no such file"
    if isinstance(error, PermissionError):
        return errno.EACCES, f"no permission: check the credentials of the store ({text})"
    if status is not None:
        return errno.EIO, f"the store answers with an error (HTTP {status})"
    if names & {"gaierror", "ClientConnectorDNSError"}:
        return errno.EHOSTUNREACH, "the name of the host cannot be resolved"
    if names & {"TimeoutError", "FSTimeoutError", "HTTPClientError"} and "Timeout" in str(names):
        return errno.ETIMEDOUT, "the store does not answer in time"
    if names & (BROKEN_ANSWER | {"HTTPClientError"}):
        return errno.ECONNRESET, "the answer of the store was cut off, or is not valid"
    if "support range requests" in text:
        return errno.EOPNOTSUPP, "the web server cannot send parts of an archive: download it first"
    number = getattr(error, "errno", None) or errno.EIO
    return number, text or type(error).__name__


def disk_error(error: BaseException) -> StoreError | None:
    """The error of a full disk on this machine, if that is the cause."""
    for one in _chain(error):
        if isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return no_room(tempfile.gettempdir(), one.strerror or "it is full")
    return None


def _real_error(error: BaseException) -> BaseException:
    """The cause of a missing file: fsspec reports any error of a web server as one."""
    cause = error.__cause__
    if isinstance(error, FileNotFoundError) and cause is not None:
        return cause if _class_names(cause) & (TRANSIENT | PERMANENT) else error
    return error


def _class_names(error: BaseException) -> frozenset[str]:
    return frozenset(base.__name__ for one in _chain(error) for base in type(one).__mro__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
