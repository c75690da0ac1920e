"""Noise in a part of a recording: a noise or a tone at a constant level that starts and stops.

The level of each band is smoothed over three frames, and opened in the sense of morphology: the
opened level is what the band exceeds for `OPENED` seconds, so that short sounds do not count. A
noise is a step up and a step down of the opened level in the same frames of one or more bands,
between which the lowest levels do not change, whatever sounds above it. Sounds that decay have no
step down; speech and most other sounds change their level. Tones are found by their phase; see
`featkit.auditing.signal.steady_tones`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.fft

from featkit._utils.typing import Array
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece
from featkit.auditing.signal.steady_tones import DEVIATION, steady_tones
from featkit.auditing.signal.windows import true_runs

FRAME = 0.0232
"""Approximate duration of a frame in seconds; frames do not overlap."""

N_BANDS, NARROWEST = 24, 3
"""Number of bands of about equal width on a logarithmic scale, and fewest bins of a band."""

HIGHEST = 14000.0
"""Upper edge of the highest band in Hz: coders switch bands above it on and off."""

OPENED, SHORTEST = 0.35, 0.75
"""Seconds of the opening, and shortest noise in seconds."""

STEP = 6.0
"""Smallest step of a band at both ends in dB."""

TOLERANCE = 2
"""Frames by which the ends of bands may differ."""

PART, LONG_PART, FEWEST_PARTS = 6, 15, 8
"""Frames of the parts whose lowest levels are compared: longer ones, which contain pauses of other
sounds, if there are enough."""

FLAT = 1.5
"""Largest standard deviation of the lowest levels in dB."""

FLATTER, SLACK = 0.5, 0.4
"""Largest standard deviation of a noise in one band, and what each further band adds, up to `FLAT`:
single bands of voices and animals are constant by chance."""

CLEAR = 3
"""Bands of a noise above the lowest strength."""

SILENCE = -85.0
"""Level in dB of full scale below which nothing starts and stops: a sound between silences."""

LOWEST = 1e-11
"""Power that is added, for silence."""


class _Stretch(NamedTuple):
    """A stretch of a band between a step up and a step down."""

    begin: int
    end: int
    step: float
    spread: float


def _find(piece: Piece) -> Iterator[Finding]:
    for tone in steady_tones(piece):
        start, stop = piece.start + tone.start, piece.start + tone.end
        yield Finding(start, stop, tone.step, DEVIATION / max(tone.deviation, DEVIATION / 10))
    yield from _noises(piece)


def _noises(piece: Piece) -> Iterator[Finding]:
    """Noises in one or more bands."""
    size = 2 ** max(4, round(np.log2(FRAME * piece.rate)))
    fewest = max(10, round(SHORTEST * piece.rate / size))
    if len(piece.samples) // size < fewest + 8:
        return
    power = _band_power(piece.y, size, piece.rate)
    stretches = list(_stretches(power, round(OPENED * piece.rate / size), fewest))
    while stretches:
        groups = [[one for one in stretches if _is_near(one, other)] for other in stretches]
        group = max(groups, key=lambda one: (len(one), -min(s.spread for s in one)))
        stretches = [one for one in stretches if not _overlaps(one, group[0])]
        spread = min(one.spread for one in group)
        if spread <= min(FLAT, FLATTER + SLACK * (len(group) - 1)):
            begin, end, step = np.median([one[:3] for one in group], axis=0).tolist()
            start, stop = (piece.start + frame * size / piece.rate for frame in (begin, end))
            yield Finding(start, stop, step, max(1.0, len(group) / CLEAR))


def _band_power(y: Array, size: int, rate: float) -> Array:
    """Mean power density of each band, ``(frames, bands)``."""
    window = np.hanning(size + 2)[1:-1].astype(np.float32)
    window /= np.sqrt(np.square(window).sum())
    frames = y[: len(y) // size * size].reshape(-1, size)
    spectra = scipy.fft.rfft(frames * window, axis=1)
    power = np.square(spectra.real) + np.square(spectra.imag)
    edges = [2]
    highest = min(size // 2, int(HIGHEST * size / rate))
    for edge in np.geomspace(2, highest, N_BANDS + 1).round().astype(int).tolist():
        if edge - edges[-1] >= NARROWEST:
            edges.append(edge)
    bands: Array = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    return bands / np.diff(edges)


def _stretches(power: Array, opened: int, fewest: int) -> Iterator[_Stretch]:
    """Stretches of all bands whose lowest levels are constant."""
    smooth = power.copy()
    smooth[1:-1] = (power[:-2] + power[1:-1] + power[2:]) / 3
    levels = 10 * np.log10(smooth + LOWEST)
    total = 10 * np.log10(power.mean(axis=1) + LOWEST)
    floor = _opened(levels, opened)
    steps = floor[2:] - floor[:-2]
    for band in np.flatnonzero((steps >= STEP).any(axis=0) & (steps <= -STEP).any(axis=0)).tolist():
        ups = _middles(steps[:, band] >= STEP) + 2
        downs = _middles(steps[:, band] <= -STEP) + 1
        for begin, end in _between(ups, downs):
            if begin >= 3 and end - begin >= fewest and end <= len(levels) - 3:
                before, after = total[max(0, begin - 5) : begin - 1], total[end + 1 : end + 5]
                if min(before.max(), after.max()) >= SILENCE:
                    yield from _constant(levels[:, band], begin, end)


def _opened(levels: Array, size: int) -> Array:
    """The largest level that each frame and its neighbours exceed for a number of frames."""
    from scipy.ndimage import grey_opening

    opened: Array = grey_opening(levels, size=(size, 1), mode="nearest")
    return opened


def _middles(flags: Array) -> Array:
    """Middle of each run of true values."""
    return np.array([(begin + end) // 2 for begin, end in true_runs(flags)], dtype=np.int64)


def _between(ups: Array, downs: Array) -> list[tuple[int, int]]:
    """Each step up with the next step down."""
    following = np.searchsorted(downs, ups, side="right")
    has_end = following < len(downs)
    return list(zip(ups[has_end].tolist(), downs[following[has_end]].tolist(), strict=True))


def _constant(levels: Array, begin: int, end: int) -> Iterator[_Stretch]:
    """The stretch of a band, if its lowest levels are constant and above those at both ends."""
    count = min((end - begin) // PART, max(FEWEST_PARTS, (end - begin) // LONG_PART))
    firsts = np.linspace(begin + 3, end - 3, max(4, count), endpoint=False).astype(int)
    lowest = np.minimum.reduceat(levels[: end - 3], firsts)
    places = np.arange(len(lowest)) - (len(lowest) - 1) / 2
    drift = abs(lowest @ places) / (places @ places) * len(lowest)
    spread, level = float(lowest.std()), float(np.median(lowest))
    before = levels[max(0, begin - 5) : begin - 1].min()
    after = levels[end + 1 : end + 5].min()
    step = float(level - max(before, after))
    if step >= STEP and spread <= FLAT and drift <= FLAT + spread:
        yield _Stretch(begin, end, step, spread)


def _is_near(one: _Stretch, other: _Stretch) -> bool:
    return max(abs(one.begin - other.begin), abs(one.end - other.end)) <= TOLERANCE


def _overlaps(one: _Stretch, other: _Stretch) -> bool:
    return one.begin < other.end and other.begin < one.end


def _message(step: float) -> str:
    return f"a noise at a constant level, {step:.0f} dB above the background, starts and stops"


def _severity(share: float, step: float) -> str:
    return "medium" if step >= 12 else "low"


DEFECT = Defect(
    name="partial_noise",
    title="noise in a part",
    description="A noise or a tone at a constant level that starts and stops abruptly, in at least"
    " one band of frequencies, for at least 0.75 s. The value is its level above the background in"
    " its bands.",
    unit="dB",
    find=_find,
    message=_message,
    remedy="listen to it: cut the part out, or leave the recording out, unless the noise belongs to"
    " the sound",
    severity=_severity,
)
