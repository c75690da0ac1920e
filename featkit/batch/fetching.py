"""Fetch recordings from stores to the worker that decodes them, the next ones in advance.

While a recording is decoded and analysed, threads fetch the next one, or the next few if they are
small: short recordings are analysed together, and a store takes about as long to answer as they
take to analyse. A copy is removed when its samples are decoded. Copies take no more than a limited
number of bytes; those that have no room beside others are fetched when these are removed.
"""

from __future__ import annotations

import errno
import math
import os
import shutil
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from featkit.batch.file_identity import NO_STAMP, stamped_size
from featkit.datasets.files import Recording
from featkit.errors import AudioError, ParameterError, StoreError
from featkit.storage.reading import fetch, stored_state
from featkit.storage.scratch import no_room, scratch_folder
from featkit.storage.urls import is_url, shown, suffix_of

if TYPE_CHECKING:
    from concurrent.futures import Future

LIMIT_VARIABLE = "FEATKIT_FETCH_GB"
"""Environment variable with the gigabytes that copies may take in each worker."""

LIMIT_GB = 10.0
"""Gigabytes that copies may take by default: sixteen hours of uncompressed stereo."""

MOST_AHEAD = 4
"""Number of small recordings that are fetched in advance."""

SMALL_BYTES = 16e6
"""Bytes of the present recording and the next ones, up to which they are small."""

LONGEST_SUFFIX = 50
"""Characters of a suffix that a copy keeps; no decoder looks at longer ones."""


class LocalFile(NamedTuple):
    """A recording on this machine.

    Attributes
    ----------
    file : str
        Its file, or a temporary copy with the same suffix.
    stamp : str or None
        For a copy: its stamp in the store, `NO_STAMP` if there is none; None for a local file.
    """

    file: str
    stamp: str | None


class PendingFile:
    """A recording that may still be on its way to this machine.

    Parameters
    ----------
    recording : Recording
        The recording.
    copies : _Copies, optional
        Where its copy is made; None for a local file.
    """

    def __init__(self, recording: Recording, copies: _Copies | None) -> None:
        self.recording = recording
        self._copies = copies
        self._fetched = None if copies is None else copies.start(recording)

    @contextmanager
    def local(self) -> Iterator[LocalFile]:
        """Wait until the file is on this machine; a copy is removed afterwards.

        Yields
        ------
        LocalFile

        Raises
        ------
        AudioError
            With stage ``"fetch"``, if the recording cannot be fetched, or has changed since it was
            listed.
        """
        if self._copies is None or self._fetched is None:
            yield LocalFile(self.recording.file, None)
            return
        try:
            local = self._copies.finish(self.recording, self._fetched)
        except StoreError as error:
            raise AudioError(shown(self.recording.file), "fetch", str(error)) from None
        try:
            yield local
        finally:
            self._copies.remove(local.file)


def pending_files(recordings: Iterable[Recording], *, identify: bool) -> Iterator[PendingFile]:
    """Yield recordings; the next ones are fetched while the caller uses the present one.

    Parameters
    ----------
    recordings : iterable of Recording
        The recordings. Nothing is taken in advance after a local file.
    identify : bool
        Whether the store is asked for the stamp of a copy, once it is complete.

    Yields
    ------
    PendingFile
    """
    with ExitStack() as stack:
        copies: _Copies | None = None
        started: deque[PendingFile] = deque()
        for recording in recordings:
            is_stored = is_url(recording.file)
            if is_stored and copies is None:
                copies = stack.enter_context(_opened_copies(identify=identify))
            started.append(PendingFile(recording, copies if is_stored else None))
            while started and (not is_stored or _are_enough(started)):
                yield started.popleft()
        yield from started


def _are_enough(started: Sequence[PendingFile]) -> bool:
    """Whether no more recordings are fetched before the first of these is used."""
    sizes = (_known_size(pending.recording) for pending in started)
    total = sum(math.inf if size is None else size for size in sizes)
    return len(started) > MOST_AHEAD or (len(started) > 1 and total > SMALL_BYTES)


def _known_size(recording: Recording) -> int | None:
    return stamped_size(recording.stamp) if recording.stamp else None


@contextmanager
def _opened_copies(*, identify: bool) -> Iterator[_Copies]:
    copies = _Copies(_limit(), identify=identify)
    try:
        yield copies
    finally:
        copies.close()


class _Copies:
    """Copies of recordings in a folder for temporary files, limited in their total size."""

    def __init__(self, limit: float, *, identify: bool) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self.limit = limit
        self.identify = identify
        self.sizes: dict[str, int] = {}
        self.futures: set[Future[LocalFile]] = set()
        self.numbers = count()
        self.is_closed = threading.Event()
        self.lock = threading.Lock()
        self.folder: Path | None = None
        self.resources = ExitStack()
        self.pool = ThreadPoolExecutor(MOST_AHEAD + 1, "featkit-fetch")

    def start(self, recording: Recording) -> Future[LocalFile]:
        """Fetch a recording in a thread."""
        future = self.pool.submit(self._fetch, recording)
        self.futures.add(future)
        return future

    def finish(self, recording: Recording, future: Future[LocalFile]) -> LocalFile:
        """Wait for a copy; if there was no room, remove those ahead, and fetch it again."""
        self.futures.discard(future)
        try:
            local = future.result()
            if os.path.exists(local.file):
                return local
        except StoreError as error:
            if error.errno != errno.ENOSPC:
                raise
            from concurrent.futures import wait

            wait(self.futures)
            for file in list(self.sizes):
                self.remove(file)
        return self._fetch(recording)

    def remove(self, file: str) -> None:
        """Remove a copy."""
        with suppress(OSError):
            os.unlink(file)
        self.sizes.pop(file, None)

    def close(self) -> None:
        """End the threads, and remove all copies."""
        self.is_closed.set()
        self.pool.shutdown(cancel_futures=True)
        self.resources.close()

    def _fetch(self, recording: Recording) -> LocalFile:
        url = recording.file
        suffix = suffix_of(url)
        name = f"{next(self.numbers)}{suffix if len(suffix) <= LONGEST_SUFFIX else ''}"
        folder = self._made_folder()
        file = os.path.join(folder, name)
        size = _known_size(recording)

        def check(needed: int) -> None:
            if self.is_closed.is_set():
                raise StoreError(errno.EINTR, "was interrupted", shown(url))
            is_first = file not in self.sizes
            self.sizes[file] = needed
            total = sum([*self.sizes.values()])
            if total > self.limit:
                raise StoreError(
                    errno.ENOSPC,
                    f"needs {needed / 1e9:.3g} GB of local space, and copies may take"
                    f" {self.limit / 1e9:.3g} GB: set the environment variable {LIMIT_VARIABLE}",
                    shown(url),
                )
            if is_first and needed > shutil.disk_usage(folder).free:
                raise no_room(folder.parent, f"{needed / 1e9:.3g} GB are needed")

        try:
            check(size or 0)
            fetch(url, Path(file), check=check, size=size)
            return LocalFile(file, _checked_stamp(recording) if self.identify else NO_STAMP)
        except BaseException:
            self.remove(file)
            raise

    def _made_folder(self) -> Path:
        with self.lock:
            if self.folder is None:
                self.folder = self.resources.enter_context(scratch_folder())
            return self.folder


def _limit() -> float:
    text = os.environ.get(LIMIT_VARIABLE, "")
    try:
        gigabytes = float(text) if text else LIMIT_GB
    except ValueError:
        gigabytes = 0.0
    if not gigabytes > 0:
        raise ParameterError(f"{LIMIT_VARIABLE} must be a positive number of gigabytes: {text!r}")
    return gigabytes * 1e9


def _checked_stamp(recording: Recording) -> str:
    """The stamp of a fetched file; `NO_STAMP` if it would not show a further change."""
    state = stored_state(recording.file)
    if state is None:
        raise StoreError(errno.ENOENT, "was removed while it was read", shown(recording.file))
    if recording.stamp and state.stamp != recording.stamp:
        raise StoreError(errno.ESTALE, "changed since it was listed", shown(recording.file))
    return state.stamp if state.is_settled else NO_STAMP
