"""The log of a run: one JSON object per line, appended to a file (``--log``)."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click

from featkit._utils.formatting import printable
from featkit.cli._errors import exit_status
from featkit.cli._plain import plain
from featkit.errors import ParameterError
from featkit.storage.urls import is_url, shown

LOG_KEY = "featkit.log"
"""Key of the log in the metadata of click's context."""

SUFFIXES = (".jsonl", ".ndjson")

SECONDS_BETWEEN_PROGRESS = 5.0
"""Shortest time between two lines about the progress of one activity."""


class RunLog:
    """An open log.

    Each line is one call of ``write`` on a file that is open for appending: a run that is killed
    leaves whole lines, and several runs can share a file. If a line cannot be written, a warning is
    printed once, and the run continues.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    ParameterError
        If the file cannot be opened.
    """

    def __init__(self, path: str) -> None:
        if is_url(path) or not path.endswith(SUFFIXES):
            raise ParameterError(
                f"{shown(path)}: a log is a file of this machine whose name ends in"
                f" {' or '.join(SUFFIXES)}"
            )
        self.path = path
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._has_failed = False
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise ParameterError(f"{path}: cannot write the log: {error.strerror}") from None

    @property
    def seconds(self) -> float:
        """Seconds since the log was opened."""
        return round(time.monotonic() - self._start, 3)

    def write(self, event: str, **fields: Any) -> None:
        """Append one event.

        Parameters
        ----------
        event : str
            Kind of the event.
        **fields
            Its data.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"event": event, "time": now, **plain(fields)}, allow_nan=False)
        with self._lock:
            try:
                _write_all(self._file, f"{line}\n".encode())
            except OSError as error:
                self._report(error)

    def _report(self, error: OSError) -> None:
        if not self._has_failed:
            self._has_failed = True
            cause = error.strerror or error
            text = f"warning: {self.path}: cannot write the log: {cause}; the run continues"
            click.echo(printable(text), err=True)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _write_all(file: int, data: bytes) -> None:
    """Write bytes, also if the system takes only a part at a time."""
    while data:
        data = data[os.write(file, data) :]


def log_event(event: str, **fields: Any) -> None:
    """Append an event to the log of the running command, if it has one.

    Parameters
    ----------
    event : str
        Kind of the event.
    **fields
        Its data.
    """
    if (log := current_log()) is not None:
        log.write(event, **fields)


def current_log() -> RunLog | None:
    """Return the log of the running command.

    Returns
    -------
    RunLog or None
        None without ``--log``.
    """
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(LOG_KEY)


@contextmanager
def run_log(context: click.Context, path: str | None, options: Mapping[str, Any]) -> Iterator[None]:
    """Log the start and the end of a command, and all events between them.

    Parameters
    ----------
    context : click.Context
        The context of the command.
    path : str or None
        The file; None for no log.
    options : mapping of str to object
        The settings of the run, by option.

    Raises
    ------
    ParameterError
        If the file cannot be opened.
    """
    if path is None:
        yield
        return
    from featkit import __version__

    log = context.meta[LOG_KEY] = RunLog(path)
    try:
        log.write("start", version=__version__, command=context.info_name, options=options)
        try:
            yield
        except BaseException as error:
            log.write("end", status=exit_status(error), seconds=log.seconds, **_cause(error))
            raise
        log.write("end", status=0, seconds=log.seconds)
    finally:
        del context.meta[LOG_KEY]
        log.close()


def _cause(error: BaseException) -> dict[str, str]:
    """The error that ended a command; empty if it has a result all the same."""
    if isinstance(error, click.exceptions.Exit):
        return {}
    if isinstance(error, click.ClickException):
        cause = error.__cause__ or error
        return {"error": type(cause).__name__, "message": error.format_message()}
    return {"error": type(error).__name__, "message": str(error)}


class ProgressLog:
    """Events about the progress of one activity, at intervals, and a last one.

    Parameters
    ----------
    activity : str
        A noun or verb, such as ``"training"``.
    items : str
        Items that are counted, such as ``"fits"``.
    """

    def __init__(self, activity: str, items: str) -> None:
        self._log = current_log()
        self._activity, self._items = activity, items
        self._logged_at = time.monotonic()
        self._latest: tuple[int, int, str] | None = None

    def update(self, done: int, total: int, note: str) -> None:
        """Log the progress, unless that was done a moment ago."""
        self._latest = (done, total, note)
        if time.monotonic() - self._logged_at >= SECONDS_BETWEEN_PROGRESS:
            self.flush()

    def flush(self) -> None:
        """Log the latest progress, unless it is logged already."""
        if self._log is not None and self._latest is not None:
            done, total, note = self._latest
            self._logged_at, self._latest = time.monotonic(), None
            self._log.write(
                "progress",
                activity=self._activity,
                items=self._items,
                done=done,
                total=total,
                note=note,
            )
