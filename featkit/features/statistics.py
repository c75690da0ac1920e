"""Statistics over time: the frames of a descriptor become one number.

The input is an array of shape ``(rows, frames)``, one row per descriptor with the clips of a stack
side by side, and the `Segments` that separate the clips. The output has shape ``(rows, clips)``.
NaN marks a frame in which a descriptor is undefined; such frames are left out. The result is NaN if
the remaining frames do not define it: every statistic of no frames, a difference with one frame,
the skewness of a constant.

All sums are float64, and every statistic equals the function of NumPy or SciPy of the same name:
``std`` and ``var`` divide by the count (``ddof=0``), percentiles interpolate linearly, ``skew`` is
the biased g1 and ``kurtosis`` the biased excess g2.

The compiled core computes all statistics of a row while it is in the cache. Without it, NumPy
computes them; the results differ by rounding.

References
----------
Joanes, D. N. and Gill, C. A. "Comparing measures of sample skewness and kurtosis", The Statistician
47(1), 1998.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.dsp.row_statistics import available, row_statistics
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError

SUMMARISED_VALUES = 2**19
"""Largest number of values that NumPy summarises at once (4 MB in double precision), but at least
one row."""


class TimeSeries:
    """Values over time, with intermediate results that several statistics share.

    Parameters
    ----------
    values : array, shape ``(rows, frames)``
        NaN where undefined.
    segments : Segments
        The clips, side by side along the frames.
    """

    def __init__(self, values: Array, segments: Segments) -> None:
        self.values = np.ascontiguousarray(values, dtype=np.float64)
        self.segments = segments

    @cached_property
    def defined(self) -> Array:
        """Whether a value is defined, ``(rows, frames)``."""
        return ~np.isnan(self.values)

    @cached_property
    def complete(self) -> bool:
        """Whether all values are defined."""
        return bool(self.defined.all())

    @cached_property
    def count(self) -> Array:
        """Number of defined values, ``(rows, clips)``; NaN instead of 0."""
        count = self.segments.sum(self.defined.astype(np.float64))
        count[count == 0] = np.nan
        return count

    @cached_property
    def mean(self) -> Array:
        """Mean, ``(rows, clips)``."""
        return self._mean(self.values)

    @cached_property
    def centred(self) -> Array:
        """Values less the mean of their clip, ``(rows, frames)``."""
        return self.values - self.segments.to_frames(self.mean)

    @cached_property
    def squares(self) -> Array:
        """Squared deviations from the mean, ``(rows, frames)``."""
        return np.square(self.centred)

    @cached_property
    def var(self) -> Array:
        """Variance (ddof 0), ``(rows, clips)``."""
        return self._mean(self.squares)

    @cached_property
    def ordered(self) -> Array:
        """Values of each clip in ascending order, ``(rows, clips, longest)``, NaN last."""
        return np.sort(self.segments.padded(self.values), axis=-1)

    @cached_property
    def differences(self) -> TimeSeries:
        """Differences from the frame before; NaN at the first frame of a clip."""
        differences = np.full_like(self.values, np.nan)
        np.subtract(self.values[:, 1:], self.values[:, :-1], out=differences[:, 1:])
        differences[:, self.segments.starts] = np.nan
        return TimeSeries(differences, self.segments)

    def standardised_moment(self, order: int) -> Array:
        """Return the mean of a power of the standard score.

        The variance of a constant counts as 0, and so does one within the rounding error of the
        mean, as in SciPy.

        Parameters
        ----------
        order : int
            Exponent: 3 for the skewness, 4 for the kurtosis.

        Returns
        -------
        array, shape ``(rows, clips)``
            NaN for a constant.
        """
        resolution = (np.finfo(np.float64).eps * np.abs(self.mean)) ** 2
        constant = self.segments.min(self.values) == self.segments.max(self.values)
        var = np.where(constant | (self.var <= resolution), np.nan, self.var)
        power = self.squares * (self.centred if order == 3 else self.squares)
        return self._mean(power) / var ** (order / 2)

    def percentile(self, q: float) -> Array:
        """Return a percentile with linear interpolation.

        Parameters
        ----------
        q : float
            Percentage of the values below, 0 to 100.

        Returns
        -------
        array, shape ``(rows, clips)``
        """
        position = (self.count - 1) * (q / 100)
        position[np.isnan(position)] = 0
        lower = np.floor(position).astype(np.intp)[..., None]
        upper = np.ceil(position).astype(np.intp)[..., None]
        low = np.take_along_axis(self.ordered, lower, axis=-1)[..., 0]
        high = np.take_along_axis(self.ordered, upper, axis=-1)[..., 0]
        value: Array = low + (high - low) * (position - lower[..., 0])
        return value

    def _mean(self, x: Array) -> Array:
        defined = x if self.complete else np.where(self.defined, x, 0.0)
        return self.segments.sum(defined) / self.count


class Statistic(NamedTuple):
    """A statistic over time.

    Attributes
    ----------
    compute : callable
        ``compute(series)`` returns ``(rows, clips)`` for a `TimeSeries`.
    definition : str
        One line for the documentation of columns.
    unit : str
        Unit of the result, with ``{}`` in place of the descriptor's unit.
    """

    compute: Callable[[TimeSeries], Array]
    definition: str
    unit: str = "{}"


def _coefficient_of_variation(std: Array, mean: Array) -> Array:
    return std / np.where(mean == 0, np.nan, mean)


STATISTICS: dict[str, Statistic] = {
    "mean": Statistic(lambda x: x.mean, "mean over frames"),
    "std": Statistic(lambda x: np.sqrt(x.var), "standard deviation over frames (ddof 0)"),
    "var": Statistic(lambda x: x.var, "variance over frames (ddof 0)", "({})²"),
    "min": Statistic(lambda x: x.segments.min(x.values), "least value over frames"),
    "max": Statistic(lambda x: x.segments.max(x.values), "greatest value over frames"),
    "median": Statistic(lambda x: x.percentile(50), "median over frames"),
    "skew": Statistic(lambda x: x.standardised_moment(3), "skewness over frames (biased g1)", "1"),
    "kurtosis": Statistic(
        lambda x: x.standardised_moment(4) - 3, "excess kurtosis over frames (biased g2)", "1"
    ),
    "cv": Statistic(
        lambda x: _coefficient_of_variation(np.sqrt(x.var), x.mean),
        "coefficient of variation over frames: standard deviation (ddof 0) over mean, negative if"
        " the mean is; NaN if the mean is 0",
        "1",
    ),
    "range_p20_p80": Statistic(
        lambda x: x.percentile(80) - x.percentile(20),
        "percentile 80 over frames less percentile 20 (linear)",
    ),
    "diff_mean": Statistic(
        lambda x: x.differences.mean,
        "mean of the first difference from frame to frame",
        "{} per frame",
    ),
    "diff_std": Statistic(
        lambda x: np.sqrt(x.differences.var),
        "standard deviation of the first difference from frame to frame (ddof 0)",
        "{} per frame",
    ),
}
"""Statistics by name, all but the percentiles."""

_COMBINED: dict[str, tuple[tuple[str, str], Callable[[Array, Array], Array]]] = {
    "cv": (("std", "mean"), _coefficient_of_variation),
    "range_p20_p80": (("p80", "p20"), np.subtract),
}
"""Statistics that are computed from two others of the compiled core."""

_PERCENTILE = re.compile(r"p(100|[1-9]?[0-9])")


@lru_cache(maxsize=128)
def statistic(name: str) -> Statistic:
    """Return a statistic by its name.

    Parameters
    ----------
    name : str
        A key of `STATISTICS`, or a whole percentile, ``p0`` to ``p100``.

    Returns
    -------
    Statistic

    Raises
    ------
    ParameterError
        If there is no such statistic.
    """
    if match := _PERCENTILE.fullmatch(name):
        q = int(match[1])
        return Statistic(lambda x: x.percentile(q), f"percentile {q} over frames (linear)")
    if name not in STATISTICS:
        raise ParameterError(unknown("statistic", name, [*STATISTICS, "p0 to p100"]))
    return STATISTICS[name]


def summarise(values: Array, segments: Segments, statistics: Sequence[str]) -> Array:
    """Compute statistics of each row for each clip.

    Parameters
    ----------
    values : array, shape ``(rows, frames)``
        Descriptors over time, clips side by side; NaN where undefined.
    segments : Segments
        The clips.
    statistics : sequence of str
        Names as for `statistic`.

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
    chosen = [statistic(name) for name in statistics]
    if available():
        return _by_core(values, segments, statistics)
    size = max(1, SUMMARISED_VALUES // segments.total)
    summaries = []
    for start in range(0, len(values), size):
        series = TimeSeries(values[start : start + size], segments)
        with np.errstate(invalid="ignore", divide="ignore"):
            summaries.append(np.stack([s.compute(series) for s in chosen]))
    return np.concatenate(summaries, axis=1)


def _by_core(values: Array, segments: Segments, statistics: Sequence[str]) -> Array:
    if _COMBINED.keys().isdisjoint(statistics):
        return row_statistics(values, segments, [_kind(name) for name in statistics])
    parts = [part for name in statistics for part in (_COMBINED.get(name, ((name,),))[0])]
    summaries = dict.fromkeys(parts)
    kinds = [_kind(name) for name in summaries]
    by_name = dict(zip(summaries, row_statistics(values, segments, kinds), strict=True))
    for name, ((one, other), combine) in _COMBINED.items():
        if name in statistics:
            by_name[name] = combine(by_name[one], by_name[other])
    return np.stack([by_name[name] for name in statistics])


@lru_cache(maxsize=128)
def _kind(name: str) -> tuple[str, float]:
    """Kind and percentage of a statistic, for `row_statistics`."""
    percentile = "p50" if name == "median" else name
    if match := _PERCENTILE.fullmatch(percentile):
        return "percentile", float(match[1])
    return name, 0.0
