"""Copies of recordings: one in advance, in bounded space, and none left behind."""

import contextlib
import errno
import itertools
import os
import tempfile
import threading
from dataclasses import replace

import pytest

from featkit.batch import fetching
from featkit.batch.fetching import pending_files
from featkit.datasets.files import recording_at
from featkit.errors import AudioError, ParameterError
from featkit.storage import reading, scratch

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("tenacity")

SIZE = 1000


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def recordings(temporary):
    store = fsspec.filesystem("memory")
    for number in range(5):
        store.pipe_file(f"/songs/{number}.wav", bytes([number]) * SIZE)
    yield [recording_at(f"memory://songs/{k}.wav", f"{k}.wav", stamp=f"{SIZE} x") for k in range(5)]
    store.rm("/songs", recursive=True)


def copies(folder):
    return [file for file in folder.glob("*.copies/*") if file.suffix == ".wav"]


def size_of(file):
    """Size of a copy; 0 if it was removed meanwhile, such as one that is too large."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def contents(recordings, limit=None):
    """The first byte of each copy, or the failure; checks the space that they take."""
    seen = []
    for pending in pending_files(recordings, identify=False):
        try:
            with pending.local() as local:
                with open(local.file, "rb") as file:
                    seen.append(file.read()[0])
                if limit is not None:
                    taken = copies(scratch.Path(tempfile.gettempdir()))
                    assert sum(map(size_of, taken)) <= limit
        except AudioError as error:
            seen.append(error.cause if error.stage == "fetch" else error)
    return seen


@pytest.mark.parametrize(("stamp", "ahead"), [(None, 1), ("9000000 x", 1), (f"{SIZE} x", 4)])
def test_the_next_recordings_are_fetched_while_the_present_one_is_used(
    recordings, temporary, monkeypatch, stamp, ahead
):
    """One in advance if it is large or its size is unknown, four if they are small."""
    recordings = [replace(recording, stamp=stamp) for recording in [*recordings, recordings[0]]]
    arrived = [threading.Event() for _ in recordings]
    numbers = itertools.count()
    real = fetching.fetch

    def start(self, recording, start=fetching._Copies.start):
        number = next(numbers)
        future = start(self, recording)
        future.add_done_callback(lambda _: arrived[number].set())
        return future

    monkeypatch.setattr(fetching._Copies, "start", start)
    monkeypatch.setattr(fetching, "fetch", lambda url, copy, **_: real(url, copy))
    for number, pending in enumerate(pending_files(recordings, identify=False)):
        with pending.local() as local:
            assert os.path.basename(local.file).endswith(".wav")
            later = arrived[number + 1 : number + 1 + ahead]
            assert all(event.wait(10) for event in later)
            assert not any(event.is_set() for event in arrived[number + 1 + ahead :])
            assert len(copies(temporary)) == 1 + len(later)
    assert not list(temporary.iterdir())


def test_two_recordings_that_do_not_fit_together_are_fetched_one_by_one(recordings, monkeypatch):
    limit = 1.5 * SIZE
    monkeypatch.setenv(fetching.LIMIT_VARIABLE, str(limit / 1e9))
    assert contents(recordings, limit) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("is_size_known", [True, False])
def test_a_recording_that_is_too_large_is_one_failure(recordings, monkeypatch, is_size_known):
    fsspec.filesystem("memory").pipe_file("/songs/2.wav", b"x" * 3 * SIZE)
    recordings[2] = recording_at(
        "memory://songs/2.wav", "2.wav", stamp=f"{3 * SIZE} x" if is_size_known else None
    )
    monkeypatch.setenv(fetching.LIMIT_VARIABLE, str(2.5 * SIZE / 1e9))
    *others, cause = (contents(recordings, 2.5 * SIZE)[k] for k in (0, 1, 3, 4, 2))
    assert others == [0, 1, 3, 4]
    assert cause == (
        "memory://songs/2.wav: needs 3e-06 GB of local space, and copies may take 2.5e-06 GB:"
        " set the environment variable FEATKIT_FETCH_GB"
    )


def test_a_full_disk_is_a_failure_that_names_the_folder(recordings, temporary, monkeypatch):
    real = reading.fetch
    fulls = []

    def fetch(url, copy, **options):
        if url.endswith("1.wav"):
            fulls.append(url)
            copy.write_bytes(b"x")
            raise scratch.no_room(temporary, "No space left on device")
        real(url, copy, **options)

    monkeypatch.setattr(fetching, "fetch", fetch)
    zero, cause, *others = contents(recordings)
    assert (zero, others) == (0, [2, 3, 4])
    assert cause.startswith(f"{temporary}: no room for a temporary copy: No space left on device.")
    assert "TMPDIR" in cause
    assert len(fulls) == 2  # again, when no other copy takes room
    assert not list(temporary.iterdir())


def test_room_is_checked_before_a_large_file_is_fetched(recordings, temporary, monkeypatch):
    usage = scratch.shutil.disk_usage(temporary)._replace(free=SIZE // 2)
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda _: usage)
    assert all("TMPDIR" in cause for cause in contents(recordings))


def test_an_error_of_the_disk_is_not_taken_for_one_of_the_store(recordings, temporary):
    def check(size):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=f"^{temporary}: no room for a temporary copy"):
        reading.fetch("memory://songs/0.wav", temporary / "x.wav", check=check)


def test_nothing_is_left_if_the_caller_stops_early(recordings, temporary):
    with contextlib.closing(pending_files(recordings, identify=False)) as pendings:
        pending = next(pendings)
        with pending.local():
            assert copies(temporary)
    assert not list(temporary.iterdir())


def test_nothing_is_taken_in_advance_of_local_files():
    taken = []

    def items():
        for number in range(3):
            taken.append(number)
            yield recording_at(f"/{number}.wav", f"{number}.wav")

    for number, pending in enumerate(pending_files(items(), identify=True)):
        assert taken == list(range(number + 1))
        with pending.local() as local:
            assert local == (f"/{number}.wav", None)


@pytest.mark.parametrize("text", ["0", "-1", "much", "nan"])
def test_a_wrong_limit_is_refused(recordings, monkeypatch, text):
    monkeypatch.setenv(fetching.LIMIT_VARIABLE, text)
    with pytest.raises(ParameterError, match="FEATKIT_FETCH_GB must be a positive number"):
        contents(recordings)
