"""Dependencies between shared quantities: those that need another one over all frames first.

Most quantities of a frame follow from the samples of that frame. Some need the whole clip first:
the mel spectrogram in dB is limited relative to the clip's loudest band, and chroma follows the
clip's tuning. The decorator of such a quantity names the one that must be collected over all frames
first::

    @cached_property
    @gathers("max_mel_db", reuses="mel_db")
    def log_mel(self) -> Array: ...
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[[Any], Any])

GATHERED: dict[str, str] = {}
"""By the name of a quantity: the quantity of the blocks that it needs over all frames."""

REUSED: dict[str, str] = {}
"""By the name of a quantity of the second pass: the quantity of the first pass it is made from."""


def gathers(source: str, *, reuses: str | None = None) -> Callable[[F], F]:
    """Return a decorator for a quantity that needs another one over all frames.

    Parameters
    ----------
    source : str
        Quantity of the blocks that is collected over all frames of the stack first.
    reuses : str, optional
        Quantity of the same block that the first pass computes, too; it is kept for the second
        pass if there is memory for it.

    Returns
    -------
    callable
        Registers a method under its name and returns it unchanged.
    """

    def register(method: F) -> F:
        GATHERED[method.__name__] = source
        if reuses is not None:
            REUSED[method.__name__] = reuses
        return method

    return register
