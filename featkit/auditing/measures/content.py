"""Content of a recording: digests of the file and of its samples, and a sketch of the samples.

The digests are those of exact copies, whatever the container. The sketch is the same for copies at
another level or with inverted polarity, up to rounding: it finds the candidates, whose samples are
then compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.measure import Measure, Piece, Values

DIGEST_BYTES = 16
"""Bytes of a digest of samples."""

N_QUANTILES = 16
"""Quantiles of the energy of a piece, whose frames are a part of the sketch."""

N_SAMPLES = 16
"""Samples of a piece, at equal distances, whose magnitudes are a part of the sketch."""

QUANTILE_UNIT, SAMPLE_UNIT = 64.0, 0.1
"""Units of both parts: frames, and the RMS level. Rounding a recording of -60 dB to 16 bits changes
each number by less than one unit, another recording by tens of units."""


def _compute(piece: Piece) -> Values:
    """Digests and sketch of one piece.

    A recording whose channels are equal has the digest of one channel. The sketch is that of the
    loudest channel.
    """
    channels = piece.channels
    first = np.ascontiguousarray(channels[:, 0])
    is_mono = channels.shape[1] == 1 or bool((channels == channels[:, :1]).all())
    squares = np.square(channels, dtype=np.float64).sum(axis=0)
    quantiles, magnitudes = _sketch(np.ascontiguousarray(channels[:, np.argmax(squares)]))
    return {
        "mono": _digest(first)[None],
        "all": (_digest(first) if is_mono else _digest(channels))[None],
        "is_mono": np.array([is_mono]),
        "frames": np.array([len(channels)]),
        "low": np.array([channels.min()]),
        "high": np.array([channels.max()]),
        "energy": squares.max(keepdims=True),
        "quantiles": quantiles[None],
        "magnitudes": magnitudes[None],
        "file": _file_digest(piece.file)[None] if piece.is_last else np.empty((0, 32), np.uint8),
        "rate": np.array([piece.rate]),
        "step": np.array([1.0 - piece.source.full_scale]),
    }


def _digest(samples: Array) -> Array:
    """Digest of float32 samples; 0 and -0 are equal."""
    data = np.ascontiguousarray(samples + np.float32(0.0)).view(np.uint8)
    digest = hashlib.blake2b(data.data, digest_size=DIGEST_BYTES).digest()
    return np.frombuffer(digest, np.uint8)


def _file_digest(file: str) -> Array:
    with open(file, "rb") as stream:
        return np.frombuffer(hashlib.file_digest(stream, "sha256").digest(), np.uint8)


def _sketch(y: Array) -> tuple[Array, Array]:
    """Frames at which the energy so far reaches quantiles, and magnitudes of single samples.

    Both are the same at any level, but for rounding, after `_combine` has divided by the level.
    """
    energy = np.cumsum(np.square(y, dtype=np.float64))
    quantiles = (np.arange(N_QUANTILES) + 0.5) / N_QUANTILES
    frames = np.searchsorted(energy, quantiles * energy[-1])
    places = np.linspace(0, len(y) - 1, N_SAMPLES + 2)[1:-1].astype(np.intp)
    return frames / QUANTILE_UNIT, np.abs(y[places]) / SAMPLE_UNIT


def _combine(pieces: Sequence[Values]) -> Values:
    joined = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    is_mono = bool(joined["is_mono"].all())
    digests = joined["mono" if is_mono else "all"]
    n_frames = int(joined["frames"].sum())
    energy = float(joined["energy"].sum())
    rms = np.sqrt(energy / n_frames)
    scale = 1.0 / rms if rms > 0 else 0.0
    sketch = [joined["quantiles"].ravel(), scale * joined["magnitudes"].ravel()]
    total = hashlib.blake2b(digests.tobytes(), digest_size=DIGEST_BYTES).digest()
    return {
        "file": joined["file"][0],
        "samples": np.frombuffer(total, np.uint8),
        "frames": np.array([n_frames]),
        "channels_differ": np.array([not is_mono]),
        "is_constant": np.array([joined["low"].min() == joined["high"].max()]),
        "rms": np.array([rms]),
        "sketch": np.concatenate(sketch).astype(np.float32),
        "rate": joined["rate"][:1],
        "step": joined["step"][:1],
    }


MEASURE = Measure(name="content", version=1, compute=_compute, combine=_combine)
