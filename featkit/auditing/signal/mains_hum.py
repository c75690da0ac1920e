"""Mains hum: sines at the mains frequency and its harmonics that keep their phase for seconds.

The sound of a short frame at a harmonic is a complex number. In hum, it is the same in all frames,
apart from a rotation that the mains frequency determines; in speech, music and engines, its phase
moves within a second. The analysis works as follows, on sound resampled to `SR`:

- Stretches of `STRETCHES` seconds are cut into frames of `FRAMES` seconds. In each frame, the noise
  at a harmonic is the mean power beside it, up to halfway to its neighbours.
- The amplitude of a harmonic is the mean over frames after the rotation. Frames weigh the more the
  less noise they have, so that pauses count most. Its power, in units of the power that noise alone
  has on average, exceeds x by chance with a probability of exp(-x).
- A harmonic has a line if this power exceeds `CLEAR`, if what does not keep its phase is not more
  than noise or a given share (`COHERENT`), if three frames or more determine it, and if no steady
  line beside it is stronger: engines have combs of lines.
- Hum has at least `MIN_LINES` lines at multiples of one frequency within `DEVIATION` of the mains
  frequency, one of them among the first three, and together at least `MIN_POWER`.
- It is present where the frames have at least half of the amplitude, and for at least `SHORTEST`
  seconds.

A bass note G1 (49 Hz) deviates by 1 Hz; tones of 50.0 Hz that keep their phase for seconds are hum
or synthetic.

Notes
-----
A recording of 1.5 s is the shortest that can be decided, if it has pauses. In one of 5 s, the
frequency is known within 0.02 Hz, and hum in a part of 2.5 s is found, with limits that are correct
within 0.5 s.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view

from featkit._utils.typing import Array
from featkit.audio.streams import resample_blocks
from featkit.auditing.defect import Defect, Finding
from featkit.auditing.measure import Piece

SR = 2000.0
"""Sample rate of the analysis in Hz."""

BETWEEN = 8000.0
"""Sample rate in Hz to which a simple filter leads first."""

MAINS = (50.0, 60.0)
"""Mains frequencies in Hz."""

N_HARMONICS = 12

DEVIATION = 0.2
"""Largest difference from the mains frequency in Hz. Grids keep within 0.2 Hz nearly always, and
clocks of recorders within 0.01 %."""

STRETCHES = (5.0, 2.5)
"""Seconds of a stretch; stretches overlap by half."""

FRAMES = (0.4, 0.2)
"""Seconds of a frame: long ones resolve more, short ones use the pauses of speech."""

SHORTEST = 1.5
"""Shortest recording, and shortest part with hum, in seconds."""

AUDIBLE = 50.0
"""Level of the recording over that of hum in dB, beyond which hum does not matter."""

CLEAR = 6.0
"""Power of a line over that of noise: exceeded by noise alone with a probability of exp(-9)."""

COHERENT = 0.4
"""Smallest share of the power at a line that keeps its phase."""

LOUD = -50.0
"""Level in dBFS from which hum is of medium severity, if half of the recording has it."""

MIN_FRAMES = 3.0
"""Smallest number of frames without overlap that determine a line."""

NOISY = 1.5
"""Power that does not keep its phase, over that of noise."""

MIN_LINES = 3

MIN_POWER = 30.0
"""Power of all lines over that of noise."""

LOWEST = 3
"""Hum has a line among as many of the lowest harmonics."""

RISE = 3.0
"""Amplitude of higher lines over that of the lowest ones; stronger ones are other sounds."""

SATURATED = 60.0
"""Power beyond which a line does not count more when the frequency is chosen."""

SATURATION = 0.2
"""Noise that is assumed in all frames, as a share of the power at the line in the first quartile of
the frames: a few frames of silence do not outweigh all others."""

GUARD = 3
"""Bins from a harmonic to where the noise beside it begins: the main lobe ends at the second."""

N_FFT = 512
"""Points of the transform over frames: 0.01 Hz at a distance of 0.2 s."""


STEPS = np.arange(-DEVIATION, DEVIATION + 1e-9, 0.004)
"""Deviations from the mains frequency that are tried, in Hz."""


class Hum(NamedTuple):
    """Hum in a part of a recording.

    Attributes
    ----------
    mains : float
        Nominal mains frequency in Hz, of `MAINS`.
    start, end : float
        Seconds from the beginning of the piece.
    frequency : float
        Mains frequency in Hz, as measured.
    level : float
        Level of all lines together in dB; a sine of full scale has 0 dB.
    lines : int
        Number of harmonics that have a line.
    power : float
        Power of all lines over that of noise, at least `MIN_POWER`.
    """

    mains: float
    start: float
    end: float
    frequency: float
    level: float
    lines: int
    power: float


def mains_hum(piece: Piece) -> list[Hum]:
    """Find the parts of a piece with hum.

    Parameters
    ----------
    piece : Piece
        All channels are mixed.

    Returns
    -------
    list of Hum
        Parts may overlap.
    """
    y = _at_low_rate(piece)
    if len(y) < SHORTEST * SR:
        return []
    hums = [hum for frame in FRAMES for hum in _hums(y, round(frame * SR))]
    if not hums:
        return []
    least = 10 * np.log10(2 * np.square(piece.y, dtype=np.float64).mean()) - AUDIBLE
    return [hum for hum in hums if hum.level >= least]


def _at_low_rate(piece: Piece) -> Array:
    """The mean of all channels at `SR`, through a triangular filter and a rate above `BETWEEN`.

    The filter attenuates what becomes 0 to 600 Hz at that rate by 40 dB or more.
    """
    factor = int(piece.rate / BETWEEN)
    y, rate = piece.y, piece.rate
    if factor > 1:
        parts = y[: len(y) // factor * factor].reshape(-1, factor)
        rising = np.arange(1, factor + 1)
        slopes = np.stack([rising, factor - rising], axis=1) / factor**2
        sums = parts @ slopes.astype(np.float32)
        y, rate = sums[:-1, 0] + sums[1:, 1], rate / factor
    blocks = list(resample_blocks([y], rate, SR))
    return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


class _Frames(NamedTuple):
    """Spectra of the frames of a stretch, ``(frames, bins)``; absolute values are amplitudes."""

    spectra: Array
    power_below: Array  # the sum of the power of all bins below, ``(frames, bins + 1)``
    first: int  # position of the first frame in samples
    length: int  # of a frame in samples; frames overlap by half

    def part(self, first: int, end: int) -> _Frames:
        """Some of the frames."""
        start = self.first + first * (self.length // 2)
        return _Frames(self.spectra[first:end], self.power_below[first:end], start, self.length)


class _Comb(NamedTuple):
    """The multiples of one frequency: arrays by harmonic, or by frame and harmonic."""

    frequency: float
    power: Array  # that keeps its phase, over that of noise
    is_line: Array
    amplitudes: Array  # complex
    values: Array  # of all frames after the rotation
    weights: Array  # of all frames


def _hums(y: Array, length: int) -> Iterator[Hum]:
    """Hum in all stretches of the samples, in frames of `length` samples."""
    frames = _frames(y, length)
    whole, part = (round(seconds * SR / (length // 2)) for seconds in STRETCHES)
    for stretch in _stretches(frames, whole):
        for mains in MAINS:
            comb = _comb(stretch, mains)
            if comb is None:
                continue
            hums = [_hum(stretch, comb, mains)]
            if hums == [None] and len(stretch.spectra) > 1.5 * part:
                halves = _stretches(stretch, part)
                hums = [_hum(half, _comb(half, mains), mains) for half in halves]
            yield from (hum for hum in hums if hum is not None)


def _frames(y: Array, length: int) -> _Frames:
    window = np.hanning(length + 1)[:-1]
    window *= 2 / window.sum()
    frames = sliding_window_view(y, length)[:: length // 2]
    spectra = scipy.fft.rfft(frames * window.astype(np.float32))
    power = np.square(spectra.real) + np.square(spectra.imag)
    below = np.pad(np.cumsum(power, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    return _Frames(spectra, below, 0, length)


def _stretches(frames: _Frames, size: int) -> Iterator[_Frames]:
    """Stretches of `size` frames that overlap by half; all frames if there are fewer."""
    last = max(0, len(frames.spectra) - size)
    for first in [*range(0, last, max(1, size // 2)), last]:
        yield frames.part(first, first + size)


def _comb(frames: _Frames, mains: float) -> _Comb | None:
    """The most likely frequency close to a mains frequency, and its harmonics.

    None if fewer than `MIN_LINES` harmonics of any such frequency have a clear sine.
    """
    bins_apart = round(mains * frames.length / SR)
    harmonics = np.arange(1, N_HARMONICS + 1)
    values = frames.spectra[:, bins_apart * harmonics]
    weights = _weights(frames, values, bins_apart)
    turns = _turns(frames.length // 2)
    sums = scipy.fft.fft((values * weights).T, n=N_FFT).T[turns % N_FFT, harmonics - 1]
    totals = weights.sum(axis=0, dtype=np.float64)
    power = (np.square(sums.real) + np.square(sums.imag)) / totals + 1e-14
    if (power > CLEAR).sum(axis=1).max() < MIN_LINES:
        return None
    rest = (weights * np.square(np.abs(values))).sum(axis=0) - power
    steady = rest < np.maximum((1 / COHERENT - 1) * power, NOISY * len(values))
    enough = totals**2 / np.square(weights).sum(axis=0) >= MIN_FRAMES
    is_line = (power > CLEAR) & steady & enough
    merit = np.minimum(power, SATURATED) * power / power.max(axis=0)
    best = int(np.argmax((merit * is_line).sum(axis=1)))
    rotation = np.exp(-2j * np.pi / N_FFT * np.outer(np.arange(len(values)), turns[best]))
    return _Comb(
        frequency=float(mains + STEPS[best]),
        power=power[best],
        is_line=is_line[best],
        amplitudes=sums[best] / totals,
        values=values * rotation,
        weights=weights,
    )


def _hum(frames: _Frames, comb: _Comb | None, mains: float) -> Hum | None:
    """Hum at a mains frequency in a stretch; None without it."""
    if comb is None or comb.is_line.sum() < MIN_LINES:
        return None
    beside = _strongest_beside(frames, comb.weights, round(mains * frames.length / SR))
    lines = comb.is_line & (comb.power > 2 * beside)
    strengths = np.abs(comb.amplitudes)
    lines &= strengths <= RISE * (strengths * lines)[:LOWEST].max()
    power = comb.power[lines].sum()
    if lines.sum() < MIN_LINES or power < MIN_POWER:
        return None
    amplitudes, weights = comb.amplitudes[lines], comb.weights[:, lines]
    gains = (weights * (comb.values[:, lines] * np.conj(amplitudes)).real).sum(axis=1)
    gains /= (weights * np.square(np.abs(amplitudes))).sum(axis=1)
    start, end = _present(gains, frames)
    if end - start < SHORTEST:
        return None
    return Hum(
        mains=mains,
        start=start,
        end=end,
        frequency=comb.frequency,
        level=float(10 * np.log10(np.square(np.abs(amplitudes)).sum())),
        lines=int(lines.sum()),
        power=float(power),
    )


@lru_cache(4)
def _turns(hop: int) -> Array:
    """Rotation of each harmonic from frame to frame, in steps of `N_FFT`, for each of `STEPS`."""
    turns = np.outer(STEPS, np.arange(1, N_HARMONICS + 1)) * hop / SR
    return np.rint(turns * N_FFT).astype(int)


def _weights(frames: _Frames, values: Array, bins_apart: int) -> Array:
    """The inverse of the power of noise at each harmonic in each frame, ``(frames, harmonics)``."""
    centres = bins_apart * np.arange(1, N_HARMONICS + 1)
    half, below = bins_apart // 2, frames.power_below
    beside = below[:, centres - GUARD + 1] - below[:, centres - half]
    beside += below[:, centres + half + 1] - below[:, centres + GUARD]
    noise = beside / (2 * (half - GUARD + 1)) + 1e-14
    common = np.sort(np.square(np.abs(values)), axis=0)[len(values) // 4]
    weights: Array = (1 / (noise + SATURATION * common)).astype(np.float32)
    return weights


def _strongest_beside(frames: _Frames, weights: Array, bins_apart: int) -> Array:
    """Power of the strongest steady sine beside each harmonic over that of noise."""
    half = bins_apart // 2
    offsets = np.array([n for n in range(-half, half + 1) if abs(n) >= GUARD])
    centres = bins_apart * np.arange(1, N_HARMONICS + 1)
    values = frames.spectra[:, centres[:, None] + offsets] * weights[:, :, None]
    sums = np.abs(scipy.fft.fft(values, n=N_FFT // 4, axis=0))
    strongest: Array = np.square(sums).max(axis=(0, 2)) / weights.sum(axis=0)
    return strongest


def _present(gains: Array, frames: _Frames) -> tuple[float, float]:
    """Beginning and end of the part with hum in seconds, from the amplitude in each frame."""
    smooth = np.convolve(np.pad(gains, 2, mode="edge"), np.full(5, 0.2), mode="valid")
    present = np.flatnonzero(smooth > 0.5)
    first, last = (present[0], present[-1]) if len(present) else (0, len(gains) - 1)
    hop = frames.length // 2
    edge = hop // 2  # the middle half of a frame has most of its weight
    start = frames.first + first * hop + (edge if first else 0)
    end = frames.first + last * hop + frames.length - (edge if last < len(gains) - 1 else 0)
    return start / SR, end / SR


def hum_defect(name: str, mains: float) -> Defect:
    """Define hum at a mains frequency as a defect.

    Parameters
    ----------
    name : str
        Name of the module that exports it.
    mains : float
        Mains frequency in Hz, of `MAINS`.

    Returns
    -------
    Defect
        The value of its findings is the level in dBFS.
    """

    def find(piece: Piece) -> Iterator[Finding]:
        for hum in piece.shared(mains_hum):
            if hum.mains == mains:
                yield Finding(
                    start=piece.start + hum.start,
                    end=piece.start + hum.end,
                    value=hum.level,
                    strength=hum.power / MIN_POWER,
                )

    return Defect(
        name=name,
        title=f"mains hum at {mains:g} Hz",
        description=f"At least {MIN_LINES} steady lines at {mains:g} Hz and its multiples, within"
        f" {DEVIATION:g} Hz of the mains frequency, that keep their phase for {SHORTEST:g} s or"
        f" more. Hum more than {AUDIBLE:g} dB below the recording is not reported.",
        unit="dBFS",
        find=find,
        message=lambda level: f"mains hum at {mains:g} Hz and harmonics, {level:.0f} dBFS",
        remedy="check that no class or group has more of it than others; remove it from all"
        " recordings alike, such as with notch filters",
        severity=lambda share, level: "medium" if share >= 0.5 and level >= LOUD else "low",
        picture="low frequencies",
    )
