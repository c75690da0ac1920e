"""Progress of long computations: one type for all functions, and a ready display.

A function with the parameter `progress` opens it by `reporting`, and hands the callback to the
`Activity` of each part of its work. Displays are in `featkit._utils.progress_display`, which is
loaded only if one is needed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from featkit.errors import ParameterError


@dataclass(frozen=True)
class Progress:
    """State of a running computation, as callbacks receive it.

    Attributes
    ----------
    activity : str
        The part of the work, such as ``"extracting"`` or ``"training"``. A function may have
        several, one after the other.
    done, total : int
        Finished units of this activity, and all of them. `total` may change.
    unit : str
        Their name in the plural, such as ``"files"``, ``"fits"`` or ``"rows"``.
    note : str
        The current step, or another remark; may be empty.
    failed : int
        Files that failed; they count as done.
    resumed : int
        Files that an earlier run finished; they count as done.
    audio_seconds : float or None
        Duration of the audio that this run has analysed, in seconds; None if it analyses none.
    elapsed : float
        Run time of the activity so far, in seconds.
    """

    activity: str
    done: int
    total: int
    unit: str = "files"
    note: str = ""
    failed: int = 0
    resumed: int = 0
    audio_seconds: float | None = None
    elapsed: float = 0.0


ProgressCallback = Callable[[Progress], None]
"""Receives the progress of a computation."""

ProgressOption = ProgressCallback | bool | None
"""Parameter `progress` of public functions; see `reporting`."""

_is_reporting: ContextVar[bool] = ContextVar("featkit_is_reporting", default=False)


class Activity:
    """One part of a computation, which reports its progress.

    Parameters
    ----------
    name, unit : str
        As in `Progress`.
    callback : callable or None
        Receives a `Progress`; None if nobody listens.
    """

    def __init__(self, name: str, unit: str, callback: ProgressCallback | None) -> None:
        self._name, self._unit, self._callback = name, unit, callback
        self._start = time.monotonic()

    def report(
        self,
        done: int,
        total: int,
        note: str = "",
        *,
        failed: int = 0,
        resumed: int = 0,
        audio_seconds: float | None = None,
    ) -> None:
        """Hand the progress to the callback.

        Parameters
        ----------
        done, total, note, failed, resumed, audio_seconds
            As in `Progress`.
        """
        if self._callback is None:
            return
        elapsed = time.monotonic() - self._start
        self._callback(
            Progress(
                self._name, done, total, self._unit, note, failed, resumed, audio_seconds, elapsed
            )
        )


@contextmanager
def reporting(progress: ProgressOption) -> Iterator[ProgressCallback | None]:
    """Open the display that the parameter `progress` of a function asks for.

    Parameters
    ----------
    progress : callable, bool or None
        A callback that receives a `Progress`; True for a bar in terminals and notebooks, and lines
        elsewhere; False for nothing. None shows a bar in a notebook after a second, and nothing
        elsewhere: the output of a script is its own. Within another function of featkit, None shows
        nothing.

    Yields
    ------
    callable or None
        The callback.

    Raises
    ------
    ParameterError
        If `progress` is something else.
    """
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise ParameterError(f"progress must be a function, True, False or None, got {progress!r}")
    is_automatic = progress is None and not _is_reporting.get() and in_notebook()
    token = _is_reporting.set(True)
    try:
        if progress is True or is_automatic:
            from featkit._utils.progress_display import open_display

            with open_display(is_notebook=in_notebook(), is_late=is_automatic) as report:
                yield report
        else:
            yield progress if callable(progress) else None
    finally:
        _is_reporting.reset(token)


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook.

    Returns
    -------
    bool
        False in a terminal, also in that of IPython.
    """
    ipython = sys.modules.get("IPython")
    get_shell = getattr(ipython, "get_ipython", None)
    return get_shell is not None and hasattr(get_shell(), "kernel")
