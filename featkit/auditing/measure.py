"""The contract of measures of sound, and the registry that finds them.

A measure is one module in ``featkit/auditing/measures/`` that exports a `Measure` as ``MEASURE``.
All measures that the checks need are computed in one pass over the recordings, in worker processes.
A recording arrives in pieces of at most `PIECE_SECONDS`, so that memory does not depend on its
length; most recordings are one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from featkit._utils.registry import module_registry
from featkit._utils.typing import Array
from featkit.audio.decoding.conversion import to_float32
from featkit.audio.source import SourceInfo, mono
from featkit.audio.streams import resample_blocks

T = TypeVar("T")

PIECE_SECONDS = 300.0
"""Duration of a piece; the last one of a recording is shorter."""

Values = Mapping[str, Array]
"""Values of a measure by name: numbers or text (dtype ``str``), never objects."""


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of a recording, before mixing and resampling.

    Attributes
    ----------
    file : str
        Absolute path.
    samples : array of int16 or float32, shape ``(frames,)`` or ``(frames, channels)``
        Full scale is 1, or 32768 for int16.
    source : SourceInfo
        Rate, channels and format of the file. Whether it is truncated is known in the last piece.
    first : int
        Position of the first frame in the file.
    is_last : bool
        Whether it is the last piece.
    """

    file: str
    samples: Array
    source: SourceInfo
    first: int
    is_last: bool

    @property
    def rate(self) -> float:
        """Sample rate of the file in Hz."""
        return self.source.rate

    @property
    def start(self) -> float:
        """Seconds from the beginning of the file to the first frame."""
        return self.first / self.source.rate

    @cached_property
    def channels(self) -> Array:
        """All channels, ``(frames, channels)``, float32; full scale is 1."""
        samples = to_float32(self.samples)
        return samples[:, None] if samples.ndim == 1 else samples

    @cached_property
    def y(self) -> Array:
        """The mean of all channels, ``(frames,)``, float32, at the rate of the file."""
        return mono(to_float32(self.samples))

    def at(self, sr: float) -> Array:
        """Return the mean of all channels at another sample rate; each rate is computed once.

        Parameters
        ----------
        sr : float
            Sample rate in Hz.

        Returns
        -------
        array of float32, shape ``(samples,)``
        """
        if sr not in self._resampled:
            blocks = list(resample_blocks([self.y], self.rate, sr))
            self._resampled[sr] = np.concatenate(blocks) if blocks else np.empty(0, np.float32)
        return self._resampled[sr]

    def shared(self, compute: Callable[[Piece], T]) -> T:
        """Return what a function computes from the piece; each function is called once.

        Parameters
        ----------
        compute : callable
            A function of the piece that several measures or defects need.

        Returns
        -------
        object
        """
        if compute not in self._shared:
            self._shared[compute] = compute(self)
        result: T = self._shared[compute]
        return result

    @cached_property
    def _resampled(self) -> dict[float, Array]:
        return {}

    @cached_property
    def _shared(self) -> dict[Callable[[Piece], Any], Any]:
        return {}


def concatenate(pieces: Sequence[Values]) -> Values:
    """Join the values of the pieces of a recording along the first axis.

    Parameters
    ----------
    pieces : sequence of mapping
        At least one; all have the same names.

    Returns
    -------
    mapping of str to array
    """
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


@dataclass(frozen=True)
class Measure:
    """A measure of sound.

    Attributes
    ----------
    name : str
        Name of its module.
    version : int
        Raised when its values change: results of an earlier run are then computed again.
    compute : callable
        ``compute(piece)`` returns arrays by name; times are in seconds from the beginning of the
        file.
    combine : callable
        ``combine(values)`` joins the values of all pieces of a recording, in order.
    """

    name: str
    version: int
    compute: Callable[[Piece], Values]
    combine: Callable[[Sequence[Values]], Values] = concatenate


MEASURES = module_registry("measure", "featkit.auditing.measures", "MEASURE", Measure)
"""All measures by name."""
