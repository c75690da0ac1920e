"""Clipping: the tops of waves are cut off, at full scale or, after attenuation, below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.windows import by_channel, in_windows, unit_of
from featkit.schema import CLIPPED_RUN

WINDOW = 0.25
"""Seconds of sound whose loudest samples are compared."""

QUIETEST = 0.02
"""Lowest peak of a window that counts: -34 dBFS, where a step of 16 bits is 0.15 % of it."""

FEWEST_WAVES = 3
"""Waves that must reach the same level: a single one may have a flat top."""

WAVE = 0.0005
"""Shortest distance of the tops of two waves in seconds."""

GAP = 0.3
"""Seconds between clipped samples that are one finding."""


class _Shape(NamedTuple):
    """How flat tops are: how many times as many samples are at the top as just below it.

    Attributes
    ----------
    width : float
        Height of the top relative to the peak, and of the range below it.
    ratio : float
        Smallest ratio of clipped sound. It is 2.4 for a sine wave, the flattest of smooth waves,
        and below 2 for most sounds.
    rare : int
        Samples that are added to those below the top, so that a few waves do not count.
    waves : int
        Fewest waves in a window.
    """

    width: float
    ratio: float
    rare: int
    waves: int


FLAT = _Shape(0.002, 3.5, 3, 1)
"""Tops that were cut off, on either side of zero."""

CODED = _Shape(0.08, 2.6, 6, 5)
"""Tops that were cut off and then coded, such as to MP3."""

LOWEST = 1 - 2 * CODED.width
"""Lowest samples that are compared, relative to the peak of their window."""


class _Loud(NamedTuple):
    """The loudest samples of one sign.

    Attributes
    ----------
    places : array of int, shape ``(samples,)``
    windows : array of int, shape ``(samples,)``
        Window of each sample.
    heights : array of float, shape ``(samples,)``
        Absolute values; full scale is 1.
    peaks : array of float, shape ``(windows,)``
        Largest height in each window.
    """

    places: Array
    windows: Array
    heights: Array
    peaks: Array


def _find(piece: Piece) -> Iterator[Finding]:
    channels = by_channel(piece.samples)
    for number, channel in enumerate(channels):
        place = number if len(channels) > 1 else -1
        unit = unit_of(channel)
        peak = max(float(channel.max()), -float(channel.min())) * unit
        if peak >= piece.source.full_scale:
            yield from _at_full_scale(channel, piece, place)
        if peak >= QUIETEST:
            size = max(1, round(WINDOW * piece.rate))
            above, below = (_loudest(channel, sign, size) for sign in (1, -1))
            yield from _flat_tops(above, FLAT, piece, place)
            yield from _flat_tops(below, FLAT, piece, place)
            for loud in (above, below, _both(above, below)):
                yield from _flat_tops(loud, CODED, piece, place)


def _at_full_scale(y: Array, piece: Piece, place: int) -> Iterator[Finding]:
    """Runs of samples at full scale, as the quality columns count them."""
    code = piece.source.full_scale / unit_of(y)
    loud = np.flatnonzero((y >= code) | (y <= -code))
    level = float(20 * np.log10(piece.source.full_scale))
    for begin, end in _groups(loud, 1):
        if end - begin >= CLIPPED_RUN:
            start, stop = piece.start + begin / piece.rate, piece.start + end / piece.rate
            yield Finding(start, stop, level, (end - begin) / CLIPPED_RUN, place)


def _groups(places: Array, gap: int) -> list[tuple[int, int]]:
    """Groups of places at most a gap apart: the first of each, and the one after the last."""
    breaks = np.flatnonzero(np.diff(places) > gap)
    firsts = np.concatenate([places[:1], places[breaks + 1]])
    lasts = np.concatenate([places[breaks], places[-1:]])
    return list(zip(firsts.tolist(), (lasts + 1).tolist(), strict=True))


def _loudest(y: Array, sign: int, size: int) -> _Loud:
    windows = in_windows(y, size)
    peaks = windows.max(axis=1) if sign > 0 else windows.min(axis=1)
    levels = np.maximum(sign * peaks.astype(np.float64) * unit_of(y), 0)
    rows = np.flatnonzero(levels >= QUIETEST)
    lowest = (LOWEST * peaks[rows]).astype(y.dtype)[:, None]
    high = windows[rows] >= lowest if sign > 0 else windows[rows] <= lowest
    row, column = np.divmod(np.flatnonzero(high), windows.shape[1])
    places = rows[row] * windows.shape[1] + column
    return _Loud(places, rows[row], np.abs(y[places].astype(np.float64)) * unit_of(y), levels)


def _both(above: _Loud, below: _Loud) -> _Loud:
    """The loudest samples of both signs, in order."""
    places = np.concatenate([above.places, below.places])
    order = np.argsort(places, kind="stable")
    windows = np.concatenate([above.windows, below.windows])[order]
    heights = np.concatenate([above.heights, below.heights])[order]
    return _Loud(places[order], windows, heights, np.maximum(above.peaks, below.peaks))


def _flat_tops(loud: _Loud, shape: _Shape, piece: Piece, place: int) -> Iterator[Finding]:
    """Groups of samples at the top of windows with flat tops."""
    strengths = np.maximum(
        np.where(_waves(loud, shape, piece.rate) >= shape.waves, _strengths(loud, shape), 0),
        _strength_at_peak(loud, shape) if shape is FLAT else 0,
    )
    levels = loud.peaks[strengths >= 1]
    near = np.abs(loud.peaks[:, None] / levels - 1) <= shape.width
    clipped = np.flatnonzero(near.any(axis=1))
    top = np.isin(loud.windows, clipped) & (
        loud.heights >= (1 - shape.width) * loud.peaks[loud.windows]
    )
    places, windows = loud.places[top], loud.windows[top]
    if len(_groups(places, max(1, round(WAVE * piece.rate)))) < FEWEST_WAVES:
        return
    for begin, end in _groups(places, round(GAP * piece.rate)):
        own = windows[(places >= begin) & (places < end)]
        strongest = own[np.argmax(strengths[own])]
        level = float(20 * np.log10(loud.peaks[strongest]))
        start, stop = piece.start + begin / piece.rate, piece.start + end / piece.rate
        yield Finding(start, stop, level, max(1.0, float(strengths[strongest])), place)


def _strengths(loud: _Loud, shape: _Shape) -> Array:
    """How flat the tops of each window are, relative to the limit."""
    heights = loud.heights / loud.peaks[loud.windows]
    top = heights >= 1 - shape.width
    below = ~top & (heights >= 1 - 2 * shape.width)
    counts = [np.bincount(loud.windows[part], minlength=len(loud.peaks)) for part in (top, below)]
    strengths: Array = counts[0] / (counts[1] + shape.rare) / shape.ratio
    return strengths


def _waves(loud: _Loud, shape: _Shape, rate: float) -> Array:
    """Number of separate tops in each window."""
    top = loud.heights >= (1 - shape.width) * loud.peaks[loud.windows]
    places, windows = loud.places[top], loud.windows[top]
    begins = np.diff(places, prepend=-len(loud.peaks) - rate) > WAVE * rate
    return np.bincount(windows[begins], minlength=len(loud.peaks))


def _strength_at_peak(loud: _Loud, shape: _Shape) -> Array:
    """The strength of all windows together, for those that reach the peak of the piece."""
    peak = loud.peaks.max()
    one = _Loud(loud.places, np.zeros_like(loud.windows), loud.heights, np.array([peak]))
    return np.where(loud.peaks >= (1 - shape.width) * peak, _strengths(one, shape)[0], 0.0)


def _message(level: float) -> str:
    return f"clipped at {level:.1f} dBFS" if level < -0.05 else "clipped at full scale"


def _severity(share: float, level: float) -> str:
    if share > 0.5:
        return "high"
    return "medium" if share > 0.01 else "low"


DEFECT = Defect(
    name="clipping",
    title="clipping",
    description="The tops of waves are cut off: at least three samples in a row at full scale, or"
    " at least 3.5 times as many samples within 0.2 % of the peak of a window of 0.25 s as in the"
    " 0.2 % below it (8 %, and 2.6 times as many, in coded sound), and all waves that reach the"
    " same level. The value is the level of the peak.",
    unit="dBFS",
    find=_find,
    message=_message,
    remedy="record again at a lower level, or leave the recording out",
    severity=_severity,
    gap=GAP,
    picture="samples",
)
