"""Standardisation of sequences: zero mean and unit variance, from true frames of training rows.

Padding is 0 afterwards, which is the mean, so that networks see neither silence nor an edge there.
A value that is not finite, such as a descriptor that is undefined in silence, counts as missing:
statistics leave it out, and it becomes 0, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.table.sequences.sequences import SequenceArray

ROWS_AT_ONCE = 64
"""Rows whose statistics are computed together."""

CONSTANT = 1e-6
"""A standard deviation up to this share of the mean is rounding: the channel is constant."""


class Scale(NamedTuple):
    """Mean and standard deviation of each channel of one kind.

    Attributes
    ----------
    mean, deviation : array of float32, shape ``(channels,)``
        The deviation of a constant channel is 1.
    """

    mean: Array
    deviation: Array


Scales = Mapping[str, tuple[Array, Array]]
"""The `Scale` of each kind, by base name."""


class _Moments(NamedTuple):
    """Number of values, their mean, and the sum of squared differences from it, by channel."""

    number: Array
    mean: Array
    squares: Array


def fit_scale(sequences: SequenceArray, *, shared: bool = False) -> Scale:
    """Compute mean and standard deviation of each channel over all true frames.

    Parameters
    ----------
    sequences : SequenceArray
        One kind of sequence of the training rows; read in blocks.
    shared : bool
        Whether all channels have one mean and one standard deviation, so that the differences
        between bands remain.

    Returns
    -------
    Scale

    Notes
    -----
    Sums are in double precision. The moments of blocks are combined by the formula of Chan et al.
    (1983), which does not subtract large numbers.
    """
    channels, _ = sequences.shape
    total = _Moments(*np.zeros((3, channels)))
    for start in range(0, len(sequences), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(sequences)))
        total = _combined(total, _moments(sequences.rows(rows)))
    if shared:
        total = _over_channels(total)
    deviation = np.sqrt(total.squares / np.maximum(total.number, 1))
    constant = deviation <= CONSTANT * np.abs(total.mean)
    deviation[constant] = 1
    return Scale(total.mean.astype(np.float32), deviation.astype(np.float32))


def _moments(sequences: SequenceArray) -> _Moments:
    values = sequences.read().astype(np.float64)
    valid = np.isfinite(values) & true_frames(sequences.lengths, values.shape[2])[:, None]
    values[~valid] = 0
    count = valid.sum(axis=(0, 2)).astype(np.float64)
    mean = values.sum(axis=(0, 2)) / np.maximum(count, 1)
    values -= mean[:, None]
    values[~valid] = 0
    return _Moments(count, mean, np.einsum("ijk,ijk->j", values, values))


def _combined(a: _Moments, b: _Moments) -> _Moments:
    count = a.number + b.number
    difference = b.mean - a.mean
    share = b.number / np.maximum(count, 1)
    squares = a.squares + b.squares + difference**2 * a.number * share
    return _Moments(count, a.mean + difference * share, squares)


def _over_channels(total: _Moments) -> _Moments:
    """The moments of all channels together, for each channel."""
    count = total.number.sum()
    mean = (total.number * total.mean).sum() / max(count, 1)
    squares = (total.squares + total.number * (total.mean - mean) ** 2).sum()
    shape = total.mean.shape
    return _Moments(np.full(shape, count), np.full(shape, mean), np.full(shape, squares))


def true_frames(lengths: Array, n_frames: int) -> Array:
    """Return which frames are true, and which are padding.

    Parameters
    ----------
    lengths : array of int, shape ``(rows,)``
        True frames of each row.
    n_frames : int
        Frames of each row, with padding.

    Returns
    -------
    array of bool, shape ``(rows, frames)``
    """
    return np.asarray(np.arange(n_frames) < np.asarray(lengths)[:, None])


def standardised(sequences: SequenceArray, scale: tuple[Array, Array]) -> Array:
    """Read sequences and standardise them.

    Parameters
    ----------
    sequences : SequenceArray
        One kind of sequence of some rows.
    scale : (array, array)
        Mean and deviation of the channels, such as a `Scale`. Of the training rows.

    Returns
    -------
    array of float32, shape ``(rows, channels, frames)``
        0 in padding and for missing values.
    """
    mean, deviation = scale
    values = sequences.read()
    values -= mean[:, None]
    values /= deviation[:, None]
    values[~np.isfinite(values)] = 0
    values *= true_frames(sequences.lengths, values.shape[2])[:, None]
    return values
