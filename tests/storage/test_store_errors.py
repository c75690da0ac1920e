"""Errors of libraries: which are tried again, and what they say."""

import errno
import socket
import threading
from contextlib import contextmanager

import pytest
import stores
from stores import SECRET

from featkit.errors import StoreError
from featkit.storage import _filesystem
from featkit.storage._filesystem import with_retries
from featkit.storage._store_errors import is_transient, store_error
from featkit.storage.reading import exists, fetch

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nnine byte"

URL = f"https://host/a.wav?X-Amz-Signature={SECRET}"


class Answer(Exception):  # noqa: N818
    """An error of a web library."""

    def __init__(self, status):
        super().__init__(f"{status}, message=, url='{URL}'")
        self.status = status


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.fixture
def no_waits(monkeypatch):
    pytest.importorskip("tenacity")
    pytest.importorskip("fsspec")
    monkeypatch.setattr(_filesystem, "FIRST_WAIT", 0.0)


@contextmanager
def answering(answers):
    """Run a server that gives each connection the next answer, and give its address."""

    def answer():
        for data in answers:
            connection, _ = server.accept()
            with connection:
                connection.recv(2**16)
                connection.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_busy_servers_are_asked_again(status):
    assert is_transient(Answer(status))
    assert is_transient(caused(OSError(errno.EIO, "x"), Answer(status)))
    # fsspec reports any failure of the web as a missing file
    assert is_transient(caused(FileNotFoundError(URL), Answer(status)))


@pytest.mark.parametrize(
    ("error", "number", "reason"),
    [
        (Answer(404), errno.ENOENT, "there is no such file"),
        (Answer(403), errno.EACCES, "no permission .HTTP 403.: check the credentials"),
        (caused(FileNotFoundError(URL), Answer(403)), errno.EACCES, "no permission"),
        (PermissionError("denied"), errno.EACCES, "no permission"),
        (FileNotFoundError(URL), errno.ENOENT, "there is no such file"),
        (ValueError(f"odd: {URL}"), errno.EIO, "odd: https://host/a.wav$"),
    ],
)
def test_lasting_errors_are_plain_and_immediate(error, number, reason):
    assert not is_transient(error)
    plain = store_error(error, URL, "read", 1)
    assert plain.errno == number
    assert plain.filename == "https://host/a.wav"
    assert str(plain).startswith("https://host/a.wav: cannot read it: ")
    with pytest.raises(StoreError, match=reason):
        raise plain
    assert SECRET not in repr(plain)


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(104, "reset"), Answer(503)])
def test_tries_are_limited_and_counted(no_waits, error):
    calls = []

    def fail(store):
        calls.append(store)
        raise error

    with pytest.raises(StoreError, match=r"\(after 5 tries\)$") as caught:
        with_retries("memory://x", "read", fail)
    assert len(calls) == _filesystem.TRIES == 5
    assert SECRET not in str(caught.value)


def test_an_error_that_passes_is_no_error(no_waits):
    answers = iter([Answer(503), TimeoutError()])

    def succeed(store):
        for error in answers:
            raise error
        return "content"

    assert with_retries("memory://x", "read", succeed) == "content"


@pytest.mark.parametrize("protocol", ["http", "s3"])
def test_answers_that_are_cut_off_are_requested_again(no_waits, protocol, tmp_path, monkeypatch):
    pytest.importorskip("aiohttp")
    pytest.importorskip("s3fs")
    with answering([WHOLE[:-4], WHOLE[:24], b"x\r\n\r\n", b"", WHOLE]) as address:
        for name, value in stores.s3_environment(address).items():
            monkeypatch.setenv(name, value)
        _filesystem._filesystems.clear()
        url = f"{address}/a.txt" if protocol == "http" else "s3://bucket/a.txt"
        fetch(url, tmp_path / "a.txt")
    _filesystem._filesystems.clear()
    assert (tmp_path / "a.txt").read_bytes() == b"nine byte"


@pytest.mark.parametrize("protocol", ["http", "s3"])
def test_one_layer_only_tries_again(no_waits, protocol, tmp_path, monkeypatch):
    """Each library has retries of its own, which would multiply to minutes."""
    pytest.importorskip("aiohttp")
    pytest.importorskip("s3fs")
    busy = b"HTTP/1.1 503 -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with answering([busy] * _filesystem.TRIES) as address:  # ends after these requests
        for name, value in stores.s3_environment(address).items():
            monkeypatch.setenv(name, value)
        _filesystem._filesystems.clear()
        url = f"{address}/a.txt" if protocol == "http" else "s3://bucket/a.txt"
        with pytest.raises(StoreError, match=r"HTTP 503\) \(after 5 tries\)"):
            fetch(url, tmp_path / "a.txt")
    _filesystem._filesystems.clear()


def test_an_error_of_a_store_survives_a_worker():
    import pickle

    error = StoreError(errno.ENOENT, "there is no such file", "s3://bucket/a.wav")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.errno) == (str(error), errno.ENOENT)


def test_a_host_that_cannot_be_reached_is_no_missing_file(no_waits):
    pytest.importorskip("aiohttp")
    with pytest.raises(StoreError, match=r"(?i)connect"):
        exists("http://127.0.0.1:9/a.wav")


def test_packages_that_are_missing_are_named(monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "sshfs":
            raise ModuleNotFoundError("No module named 'sshfs'", name="sshfs")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    pytest.importorskip("tenacity")
    with pytest.raises(ValueError, match=r"sshfs: pip install 'featkit\[remote\]'"):
        exists("sftp://no-such-host-here/a.wav")


def test_unknown_protocols_are_refused():
    pytest.importorskip("tenacity")
    pytest.importorskip("fsspec")
    with pytest.raises(ValueError, match="foo:// is not a protocol of fsspec"):
        exists("foo://x/a.wav")
