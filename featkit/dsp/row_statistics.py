"""Statistics over the frames of each clip by the compiled core.

`featkit.features.statistics` states the definitions, and computes the same with NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.dsp import _compiled
from featkit.dsp.segments import Segments

KINDS = (
    "mean",
    "std",
    "var",
    "min",
    "max",
    "skew",
    "kurtosis",
    "diff_mean",
    "diff_std",
    "percentile",
)
"""Kinds of statistics, in the order of their numbers in `kernels/statistics.h`."""


def available() -> bool:
    """Return whether there is a compiled core, which `row_statistics` needs.

    Returns
    -------
    bool
    """
    return _compiled.core is not None


def row_statistics(
    values: Array, segments: Segments, statistics: Sequence[tuple[str, float]]
) -> Array:
    """Compute statistics of each row for each clip.

    Parameters
    ----------
    values : array, shape ``(rows, frames)``
        float32 values are compared in that precision, all others in float64; sums are float64.
        NaN where undefined.
    segments : Segments
        The clips, side by side along the frames.
    statistics : sequence of (str, float)
        Kinds; the number is the percentage of a percentile, and 0 for all others.

    Returns
    -------
    array of float64, shape ``(statistics, rows, clips)``
    """
    assert _compiled.core is not None
    kinds, percents = _numbers(tuple(statistics))
    single = values.dtype == np.float32
    values = np.ascontiguousarray(values, np.float32 if single else np.float64)
    summary: Array = np.empty((len(kinds), len(values), len(segments)))
    _compiled.core.statistics(values, single, len(values), segments.edges, kinds, percents, summary)
    return summary


@lru_cache
def _numbers(statistics: tuple[tuple[str, float], ...]) -> tuple[Array, Array]:
    kinds = np.array([KINDS.index(kind) for kind, _ in statistics], dtype=np.int32)
    return kinds, np.array([percent for _, percent in statistics], dtype=np.float64)
