"""Copies at another level: the same samples but for a factor and the rounding of the format.

The sketches of the measure ``content`` find candidates; then all samples are compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.measure import Values
from featkit.auditing.scan import pieces
from featkit.errors import AudioError

RADIUS = 4.0
"""Largest distance of two sketches of one piece, in their units."""

MAX_STEPS = 2.0
"""Largest difference of two samples in quantisation steps: one half for each rounding, and one for
triangular dither."""

MIN_CORRELATION = 0.99
"""Smallest correlation of the samples, so that quiet recordings do not pass by their rounding."""


class LevelCopy(NamedTuple):
    """Two recordings with the same samples but for a factor.

    Attributes
    ----------
    first, second : str
        Paths of the recordings.
    gain : float
        Factor from the first to the second; negative if the polarity is inverted.
    """

    first: str
    second: str
    gain: float


def level_copies(content: Mapping[str, Values], files: Mapping[str, str]) -> Iterator[LevelCopy]:
    """Find copies at another level.

    Parameters
    ----------
    content : mapping of str to mapping
        Values of the measure ``content`` by path. Recordings with the same digest of samples should
        be given once.
    files : mapping of str to str
        File of each path.

    Yields
    ------
    LevelCopy
        Each recording is the second one at most once, so that the pairs of a cluster are one fewer
        than its recordings.
    """
    from scipy.spatial import cKDTree

    alike: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for path, values in content.items():
        if not values["is_constant"][0]:
            key = int(values["frames"][0]), len(values["sketch"]), int(values["channels_differ"][0])
            alike[key].append(path)
    for (_, size, _), paths in alike.items():
        sketches = np.array([content[path]["sketch"] for path in paths], dtype=np.float64)
        tree = cKDTree(sketches)
        radius = RADIUS * np.sqrt(size / 32.0)
        copied: set[int] = set()
        for k, path in enumerate(paths):
            if k in copied:
                continue
            for j in sorted(tree.query_ball_point(sketches[k], radius)):
                if j <= k or j in copied:
                    continue
                steps = content[path]["step"][0], content[paths[j]]["step"][0]
                gain = matching_gain(files[path], files[paths[j]], *steps)
                if gain is not None:
                    copied.add(j)
                    yield LevelCopy(path, paths[j], gain)


def matching_gain(first: str, second: str, first_step: float, second_step: float) -> float | None:
    """Compare all samples of two files, except for a factor.

    Parameters
    ----------
    first, second : str
        The files.
    first_step, second_step : float
        Quantisation step of each file, where full scale is 1.

    Returns
    -------
    float or None
        The factor from the first to the second; None if a sample differs by more than rounding, or
        a file can no longer be read.
    """
    try:
        xx = xy = yy = 0.0
        for x, y in _pairs(first, second):
            xx, xy, yy = xx + _dot(x, x), xy + _dot(x, y), yy + _dot(y, y)
        if not abs(xy) >= MIN_CORRELATION * np.sqrt(xx * yy) > 0:
            return None
        gain = xy / xx
        # The difference is measured at the level of the quieter file.
        scale = max(1.0, abs(gain))
        largest = MAX_STEPS * max(second_step, abs(gain) * first_step) / scale
        for x, y in _pairs(first, second):
            if np.abs(y - gain * x).max() / scale > largest:
                return None
    except AudioError:
        return None
    return float(gain)


def _pairs(first: str, second: str) -> Iterator[tuple[Array, Array]]:
    """Samples of both files piece by piece, ``(frames, channels)``; one channel if all are equal.

    Raises
    ------
    AudioError
        If a file cannot be read, or both differ in length or channels.
    """
    for a, b in zip_longest(pieces(first), pieces(second)):
        x, y = (None if piece is None else _channels(piece.channels) for piece in (a, b))
        if x is None or y is None or x.shape != y.shape:
            raise AudioError(second, "samples", f"has other samples than {first}")
        yield x, y


def _channels(samples: Array) -> Array:
    is_mono = (samples == samples[:, :1]).all()
    return np.asarray(samples[:, :1] if is_mono else samples, dtype=np.float64)


def _dot(x: Array, y: Array) -> float:
    return float(np.sum(x * y))
