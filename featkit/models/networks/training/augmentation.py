"""Augmentation: random changes of training rows that do not change their class.

All functions take a `Batch` and a NumPy generator, and return a new batch. Random numbers are drawn
for each row. Shifts, warps and time masks are shares of the true frames of a row, and the same for
all its kinds. Padding stays 0. A strength of 0 changes nothing.

References
----------
Park et al., "SpecAugment: A simple data augmentation method for automatic speech recognition",
Interspeech 2019.
Zhang et al., "mixup: Beyond empirical risk minimization", ICLR 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from featkit._utils.typing import Array
from featkit.models.networks.parameters import NetworkParameters
from featkit.models.networks.scaling import Scales
from featkit.models.networks.training.rows import Tensors

LEVELS = frozenset({"mel", "wavelet"})
"""Kinds whose channels are levels of bands in dB, all of which a gain changes by as much."""

MASKED = frozenset({"mel"})
"""Kinds whose bands are masked."""

CEPSTRA = frozenset({"mfcc"})
"""Kinds whose first channel is the orthonormal cosine transform of bands in dB at 0, their sum."""

MEL_BANDS = 128
"""Bands from which MFCC are computed, by default."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some training rows.

    Attributes
    ----------
    inputs : dict of str to Tensor
        Standardised sequences, float32 ``(batch, channels, frames)``, by base name.
    lengths : dict of str to Tensor
        True frames, int64 ``(batch,)``.
    targets : Tensor
        Share of each class, float32 ``(batch, classes)``.
    """

    inputs: Tensors
    lengths: Tensors
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)


def augmented(
    batch: Batch,
    settings: NetworkParameters,
    scales: Scales,
    rng: np.random.Generator,
) -> Batch:
    """Apply all augmentations of the parameters.

    Parameters
    ----------
    batch : Batch
    settings : NetworkParameters
    scales : mapping of str to (array, array)
        Mean and deviation of the channels, by base name.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
    """
    batch = time_warped(batch, settings.time_warp, rng)
    batch = time_shifted(batch, settings.time_shift, rng)
    batch = with_gain(batch, settings.gain_db, scales, rng)
    batch = with_noise(batch, settings.noise, rng)
    batch = mixed_up(batch, settings.mixup, rng)
    for _ in range(settings.frequency_masks):
        batch = frequency_masked(batch, settings.frequency_mask, rng)
    for _ in range(settings.time_masks):
        batch = time_masked(batch, settings.time_mask, rng)
    return batch


def time_warped(batch: Batch, largest: float, rng: np.random.Generator) -> Batch:
    """Move a random point in time, and stretch and compress the frames before and after it.

    Parameters
    ----------
    batch : Batch
    largest : float
        Largest move W, as a share of the true frames. The point is at least W from both ends.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
    """
    if not largest:
        return batch
    place, move = rng.random(len(batch)), rng.uniform(-1, 1, len(batch))
    inputs = {}
    for base, values in batch.inputs.items():
        last = np.maximum(batch.lengths[base].numpy()[:, None] - 1.0, 0.0)
        reach = largest * last
        old = reach + place[:, None] * (last - 2 * reach)
        new = old + move[:, None] * reach
        frames = np.arange(values.shape[2])
        before = frames * _ratio(old, new)
        after = old + (frames - new) * _ratio(last - old, last - new)
        inputs[base] = _interpolated(values, np.where(frames < new, before, after), last)
    return replace(batch, inputs=inputs)


def _ratio(a: Array, b: Array) -> Array:
    return np.asarray(a / np.where(b > 0, b, 1))


def _interpolated(values: Tensor, positions: Array, last: Array) -> Tensor:
    """Values between frames, ``(batch, frames)``; frames of padding stay as they are."""
    frames = np.arange(values.shape[2])
    positions = np.where(frames <= last, np.clip(positions, 0, last), frames)
    lower = np.floor(positions).astype(np.int64)
    share = torch.from_numpy((positions - lower).astype(np.float32))[:, None]
    upper = np.minimum(lower + 1, values.shape[2] - 1)
    a, b = _frames(values, lower), _frames(values, upper)
    return a + share * (b - a)


def _frames(values: Tensor, places: Array) -> Tensor:
    """The frames ``places``, ``(batch, frames)``, of each row."""
    index = torch.from_numpy(places)[:, None].expand(-1, values.shape[1], -1)
    return values.gather(2, index)


def time_shifted(batch: Batch, largest: float, rng: np.random.Generator) -> Batch:
    """Rotate the true frames: those that leave at one end enter at the other.

    Parameters
    ----------
    batch : Batch
    largest : float
        Largest shift to either side, as a share of the true frames.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
    """
    if not largest:
        return batch
    shift = rng.uniform(-largest, largest, len(batch))
    inputs = {}
    for base, values in batch.inputs.items():
        lengths = batch.lengths[base].numpy()[:, None]
        frames = np.arange(values.shape[2])
        moved = (frames - np.rint(shift[:, None] * lengths).astype(np.int64)) % np.maximum(
            lengths, 1
        )
        inputs[base] = _frames(values, np.where(frames < lengths, moved, frames))
    return replace(batch, inputs=inputs)


def with_gain(batch: Batch, largest: float, scales: Scales, rng: np.random.Generator) -> Batch:
    """Change the level.

    All levels in dB change by as much, and with them the first coefficient of MFCC, which is the
    sum of the bands over the square root of their number, `MEL_BANDS`. Other kinds do not change.

    Parameters
    ----------
    batch : Batch
    largest : float
        Largest change to either side, in dB.
    scales : mapping of str to (array, array)
        Mean and deviation of the channels, by base name.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
    """
    if not largest:
        return batch
    gain = torch.from_numpy(rng.uniform(-largest, largest, len(batch)).astype(np.float32))
    inputs = dict(batch.inputs)
    for base in LEVELS & inputs.keys():
        change = gain[:, None] / torch.from_numpy(scales[base][1])
        inputs[base] = inputs[base] + change[:, :, None] * _mask_true(batch, base)
    for base in CEPSTRA & inputs.keys():
        change = gain * (math.sqrt(MEL_BANDS) / float(scales[base][1][0]))
        inputs[base] = inputs[base].clone()
        inputs[base][:, 0] += change[:, None] * _mask_true(batch, base)[:, 0]
    return replace(batch, inputs=inputs)


def _mask_true(batch: Batch, base: str) -> Tensor:
    """1 for true frames and 0 for padding, ``(batch, 1, frames)``."""
    frames = torch.arange(batch.inputs[base].shape[2])
    return (frames < batch.lengths[base][:, None]).to(torch.float32)[:, None]


def with_noise(batch: Batch, strength: float, rng: np.random.Generator) -> Batch:
    """Add normally distributed noise to true frames.

    Parameters
    ----------
    batch : Batch
    strength : float
        Standard deviation, in standardised units.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
    """
    if not strength:
        return batch
    inputs = {}
    for base, values in batch.inputs.items():
        noise = torch.from_numpy(rng.standard_normal(values.shape, dtype=np.float32))
        inputs[base] = values + strength * noise * _mask_true(batch, base)
    return replace(batch, inputs=inputs)


def mixed_up(batch: Batch, alpha: float, rng: np.random.Generator) -> Batch:
    """Replace each row and its target by a weighted mean with another row of the batch.

    Parameters
    ----------
    batch : Batch
    alpha : float
        Both parameters of the beta distribution of the weight; the larger of the two weights is
        that of the row itself. 0 for no mixup.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
        With the true frames of the longer row.
    """
    if not alpha:
        return batch
    partner = torch.from_numpy(rng.permutation(len(batch)))
    drawn = rng.beta(alpha, alpha, len(batch))
    weight = torch.from_numpy(np.maximum(drawn, 1 - drawn).astype(np.float32))[:, None]

    def mean(values: Tensor) -> Tensor:
        own = weight.reshape(-1, *[1] * (values.ndim - 1))
        return own * values + (1 - own) * values[partner]

    return Batch(
        {base: mean(values) for base, values in batch.inputs.items()},
        {base: torch.maximum(own, own[partner]) for base, own in batch.lengths.items()},
        mean(batch.targets),
    )


def frequency_masked(batch: Batch, largest: float, rng: np.random.Generator) -> Batch:
    """Replace a range of bands by 0, the mean, in the mel spectrogram.

    Parameters
    ----------
    batch : Batch
    largest : float
        Largest width, as a share of the bands. Widths and places are uniformly distributed.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
    """
    if not largest:
        return batch
    width, place = rng.random((2, len(batch)))
    inputs = dict(batch.inputs)
    for base in sorted(MASKED & inputs.keys()):
        n_bands = np.full(len(batch), inputs[base].shape[1])
        masked = _ranges(width, place, largest, n_bands, inputs[base].shape[1])
        inputs[base] = inputs[base].masked_fill(masked[:, :, None], 0.0)
    return replace(batch, inputs=inputs)


def time_masked(batch: Batch, largest: float, rng: np.random.Generator) -> Batch:
    """Replace a range of the true frames by 0, the mean, in all kinds.

    Parameters
    ----------
    batch : Batch
    largest : float
        Largest width, as a share of the true frames. Widths and places are uniformly distributed.
    rng : numpy.random.Generator

    Returns
    -------
    Batch
    """
    if not largest:
        return batch
    width, place = rng.random((2, len(batch)))
    inputs = {}
    for base, values in batch.inputs.items():
        lengths = batch.lengths[base].numpy()
        masked = _ranges(width, place, largest, lengths, values.shape[2])
        inputs[base] = values.masked_fill(masked[:, None], 0.0)
    return replace(batch, inputs=inputs)


def _ranges(width: Array, place: Array, largest: float, sizes: Array, n_places: int) -> Tensor:
    """Which of the places, ``(batch, places)``, are in the range of each row.

    `width` and `place` are uniform in [0, 1); `sizes` are the places that a row has.
    """
    widths = np.floor(width * (np.floor(largest * sizes) + 1))
    starts = np.floor(place * (sizes - widths + 1))
    places = np.arange(n_places)
    inside = (places >= starts[:, None]) & (places < (starts + widths)[:, None])
    return torch.from_numpy(inside)
