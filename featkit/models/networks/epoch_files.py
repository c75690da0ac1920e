"""Epochs of networks that are fitted in other processes: each writes them to a file of its own.

The parent process reads the files from time to time, and shows the latest epoch. Nothing depends on
these files: a worker that cannot write them trains without.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from featkit.errors import StoreError
from featkit.models.networks.progress import EpochReport, listening
from featkit.storage.scratch import scratch_folder

SECONDS_BETWEEN_READS = 1.0

SUFFIX = ".epochs"
"""Suffix of the files."""


@contextmanager
def epochs_written(folder: str | None, model: str, fold: str = "") -> Iterator[None]:
    """Write each epoch of a fit in this process to a file.

    Parameters
    ----------
    folder : str or None
        Folder of the files of all processes; None to write nothing.
    model, fold : str
        Name of the network, and of the outer fold; "" if there is none.

    Yields
    ------
    None
    """
    if folder is None:
        yield
        return
    file = Path(folder) / f"{os.getpid()}{SUFFIX}"
    fit = f"{model}, fold {fold}" if fold else model

    def write(report: EpochReport) -> None:
        with suppress(OSError), file.open("a", encoding="utf-8") as out:
            out.write(f"{fit}, {report}\n")

    with listening(write):
        yield


class EpochMonitor:
    """Reads the files of epochs, and shows the latest one.

    Parameters
    ----------
    folder : path
        Folder of the files.
    show : callable
        ``show(text)`` is called from another thread, at most once in `SECONDS_BETWEEN_READS`.

    Attributes
    ----------
    folder : str
        The folder.
    """

    def __init__(self, folder: str | os.PathLike[str], show: Callable[[str], None]) -> None:
        self.folder = os.fspath(folder)
        self._show = show
        self._sizes: dict[str, int] = {}

    @contextmanager
    def shown(self, step: str) -> Iterator[None]:
        """Show new epochs as long as a block runs.

        Parameters
        ----------
        step : str
            Name of the step, with which the text begins.

        Yields
        ------
        None

        Raises
        ------
        Exception
            That `show` has raised, after the block.
        """
        is_finished = threading.Event()
        errors: list[BaseException] = []

        def poll() -> None:
            try:
                while not is_finished.wait(SECONDS_BETWEEN_READS):
                    if latest := self.latest():
                        self._show(f"{step}: {latest}")
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=poll, name="featkit-epochs", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_finished.set()
            thread.join()
            self.latest()  # what is left belongs to this step
        if errors:
            raise errors[0]

    def latest(self) -> str:
        """Return the last line of the file that has grown last, or "" if none has.

        Returns
        -------
        str
            Also "" if the files cannot be read.
        """
        grown = []
        with suppress(OSError):
            for file in Path(self.folder).glob(f"*{SUFFIX}"):
                state = file.stat()
                if state.st_size > self._sizes.get(file.name, 0):
                    grown.append((state.st_mtime_ns, file))
                    self._sizes[file.name] = state.st_size
            if grown:
                return max(grown)[1].read_text("utf-8").splitlines()[-1]
        return ""


@contextmanager
def monitored_epochs(show: Callable[[str], None] | None) -> Iterator[EpochMonitor | None]:
    """Make a folder for the epochs of networks, and remove it at the end.

    Parameters
    ----------
    show : callable or None
        See `EpochMonitor`; None if nothing is shown.

    Yields
    ------
    EpochMonitor or None
        None if nothing is shown, or the folder for temporary files cannot be written to.
    """
    with ExitStack() as stack:
        monitor = None
        if show is not None:
            with suppress(StoreError):
                monitor = EpochMonitor(stack.enter_context(scratch_folder()), show)
        yield monitor
