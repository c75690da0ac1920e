"""Statistics over time: the frames of a descriptor become one number.

In go values of shape ``(rows, frames)``, one row a descriptor and the clips of a stack side by
side, and the `Segments` that tell the clips apart; out comes ``(rows, clips)``. NaN marks a frame
in which a descriptor is undefined, and is left out. What cannot be said of the frames that are left
is NaN: anything of no frame, a difference of one, the skewness of a constant.

All sums are float64, and every statistic is the one of NumPy or SciPy that has its name:
``std`` and ``var`` divide by the count (``ddof=0``), percentiles interpolate linearly, ``skew`` is
the biased g1 and ``kurtosis`` the biased excess g2 (Joanes and Gill, "Comparing measures of sample
skewness and kurtosis", The Statistician 47, 1998).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError


class Frames:
    """Rows of values over time, with what several statistics share computed once."""

    def __init__(self, values: Array, segments: Segments) -> None:
        self.values = np.ascontiguousarray(values, dtype=np.float64)
        self.segments = segments

    @cached_property
    def defined(self) -> Array:
        return ~np.isnan(self.values)

    @cached_property
    def count(self) -> Array:
        """Frames in which the value is defined, NaN where there are none."""
        count = self.segments.sum(self.defined.astype(np.float64))
        count[count == 0] = np.nan
        return count

    @cached_property
    def mean(self) -> Array:
        return self._mean(self.values)

    @cached_property
    def centred(self) -> Array:
        return self.values - self.segments.spread(self.mean)

    @cached_property
    def var(self) -> Array:
        return self._mean(self.centred**2)

    @cached_property
    def ordered(self) -> Array:
        """Values of each clip in rising order, ``(rows, clips, longest)``, NaN last."""
        return np.sort(self.segments.padded(self.values), axis=-1)

    @cached_property
    def differences(self) -> Frames:
        """From each frame to the next; a clip's first frame, which has none before it, is NaN."""
        differences = np.full_like(self.values, np.nan)
        np.subtract(self.values[:, 1:], self.values[:, :-1], out=differences[:, 1:])
        differences[:, self.segments.starts] = np.nan
        return Frames(differences, self.segments)

    def standardised_moment(self, order: int) -> Array:
        """Mean of the `order`-th power of the standard score; NaN for a constant.

        A variance within the rounding of its mean counts as none, as in SciPy.
        """
        resolution = (np.finfo(np.float64).eps * np.abs(self.mean)) ** 2
        var = np.where(self.var > resolution, self.var, np.nan)
        return self._mean(self.centred**order) / var ** (order / 2)

    def percentile(self, q: float) -> Array:
        position = (self.count - 1) * (q / 100)
        known = np.where(np.isnan(position), 0, position)
        below = np.floor(known).astype(np.intp)[..., None]
        above = np.ceil(known).astype(np.intp)[..., None]
        low = np.take_along_axis(self.ordered, below, axis=-1)[..., 0]
        high = np.take_along_axis(self.ordered, above, axis=-1)[..., 0]
        value: Array = low + (high - low) * (known - below[..., 0])
        return value

    def _mean(self, x: Array) -> Array:
        return self.segments.sum(np.where(self.defined, x, 0.0)) / self.count


STATISTICS: dict[str, tuple[Callable[[Frames], Array], str, str]] = {
    "mean": (lambda x: x.mean, "mean over frames", "{}"),
    "std": (lambda x: np.sqrt(x.var), "standard deviation over frames (ddof 0)", "{}"),
    "var": (lambda x: x.var, "variance over frames (ddof 0)", "({})²"),
    "min": (lambda x: x.segments.min(x.values), "least value over frames", "{}"),
    "max": (lambda x: x.segments.max(x.values), "greatest value over frames", "{}"),
    "median": (lambda x: x.percentile(50), "median over frames", "{}"),
    "skew": (lambda x: x.standardised_moment(3), "skewness over frames (biased g1)", "1"),
    "kurtosis": (
        lambda x: x.standardised_moment(4) - 3,
        "excess kurtosis over frames (biased g2)",
        "1",
    ),
    "diff_mean": (
        lambda x: x.differences.mean,
        "mean of the first difference from frame to frame",
        "{} per frame",
    ),
    "diff_std": (
        lambda x: np.sqrt(x.differences.var),
        "standard deviation of the first difference from frame to frame (ddof 0)",
        "{} per frame",
    ),
}
"""Name of each statistic: its function, its definition, the unit it gives."""

_PERCENTILE = re.compile(r"p(100|[1-9]?[0-9])")


def statistic(name: str) -> tuple[Callable[[Frames], Array], str, str]:
    """Function, definition and unit of the statistic called `name`.

    Besides those of `STATISTICS` there is every whole percentile, ``p0`` to ``p100``.

    Raises
    ------
    ParameterError
        If there is no such statistic.
    """
    if match := _PERCENTILE.fullmatch(name):
        q = int(match[1])
        return (lambda x: x.percentile(q)), f"percentile {q} over frames (linear)", "{}"
    if name not in STATISTICS:
        raise ParameterError(unknown("statistic", name, [*STATISTICS, "p0 to p100"]))
    return STATISTICS[name]


def summarise(values: Array, segments: Segments, statistics: Sequence[str]) -> Array:
    """Each statistic of each row for each clip.

    Parameters
    ----------
    values : array, shape ``(rows, frames)``
        Descriptors over time, clips side by side; NaN where undefined.
    segments : Segments
        The clips.
    statistics : sequence of str
        Names as in `STATISTICS`, or percentiles ``p0`` to ``p100``.

    Returns
    -------
    array of float64, shape ``(statistics, rows, clips)``

    Examples
    --------
    >>> import numpy as np
    >>> two_clips = np.array([[1.0, 3.0, 10.0, 20.0, np.nan]])
    >>> summarise(two_clips, Segments([2, 3]), ["mean", "max"])[:, 0].tolist()
    [[2.0, 15.0], [3.0, 20.0]]
    """
    frames = Frames(values, segments)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([statistic(name)[0](frames) for name in statistics])
