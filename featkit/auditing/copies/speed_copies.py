"""Copies of a recording at another speed, by their long-term spectra and their landmarks.

The magnitude of the Fourier transform of a spectrum on a logarithmic axis does not depend on a
shift (Fourier-Mellin transform): it gives candidates. The shift with the smallest difference gives
the speed. Then one of both is resampled by it, and landmarks that agree on one offset prove that
the recordings are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.loading import load
from featkit.auditing.copies.landmark_index import find_candidates
from featkit.auditing.copies.neighbours import nearest
from featkit.auditing.copies.speed import BANDS, BANDS_PER_OCTAVE
from featkit.dsp import landmarks
from featkit.errors import AudioError

COMPARED = slice(12, 112)
"""Bands of the transform: 40 Hz to 13 kHz."""

DYNAMICS = 70.0
"""Levels in dB below the strongest band at which spectra end."""

NEIGHBOURS = 3
"""Nearest neighbours of a recording that are compared."""

LARGEST_SHIFT = 14.0
"""Semitones: a factor of 2.2, that of 48 kHz to 22.05 kHz."""

SMALLEST_SHIFT = 0.15
"""Semitones, a factor of 1.009: closer ones are near copies."""

LEAST_DIFFERENCE, ROUGHNESS_SHARE = 1.5, 0.5
"""Largest standard deviation in dB of the difference of two spectra after the shift: a constant,
and a share of the standard deviation from band to band, since a tone between two bands changes
both."""

POINTS = 16
"""Points per semitone of the spectrum that refines the shift."""

FINE_FRAME = 0.37
"""Approximate duration of its frames in seconds."""

FINE_RANGE = (100.0, 5000.0)
"""Its range in Hz."""

LEAST_CORRELATION = 0.5
"""Least correlation of two such spectra, without their envelopes; copies have 0.9 and more."""

COARSE = np.array([-0.003, 0.0, 0.003])
"""Relative corrections of the speed that are tried first."""

FINE = np.linspace(-0.003, 0.003, 7)
"""Relative corrections of the best of these."""

LEAST_VOTES = 12
"""Fewest landmarks that agree on an offset."""

LEAST_SHARE = 0.03
"""Least share of the landmarks that agree; repeated chords of two pieces have a hundredth."""

LONGEST = 120.0
"""Seconds from the beginning of a recording whose landmarks are compared."""


class SpeedCopy(NamedTuple):
    """Two copies of a recording at different speeds.

    Attributes
    ----------
    first, second : str
        Recordings.
    factor : float
        Speed of the second over that of the first.
    votes : int
        Landmarks that agree on an offset, of `landmarks` in the second recording.
    landmarks : int
        Landmarks of the second recording at the speed of the first.
    difference : float
        Standard deviation of the difference of the spectra in dB.
    """

    first: str
    second: str
    factor: float
    votes: int
    landmarks: int
    difference: float


def find_speed_copies(
    profiles: Mapping[str, Array], files: Mapping[str, str], *, seed: int = 0
) -> list[SpeedCopy]:
    """Find copies at another speed.

    Parameters
    ----------
    profiles : mapping of str to array, shape ``(BANDS,)``
        Long-term spectra in dB by recording; NaN above half the sample rate.
    files : mapping of str to str
        File of each recording; candidates are read again.
    seed : int
        Seed of the search among many recordings.

    Returns
    -------
    list of SpeedCopy
        In the order of `profiles`.
    """
    names = list(profiles)
    if len(names) < 2:
        return []
    levels = np.array([profiles[name] for name in names], dtype=np.float64)
    floor = np.nanmax(levels, axis=1, keepdims=True) - DYNAMICS
    levels = np.maximum(np.nan_to_num(levels, nan=-np.inf), floor)
    copies = []
    for one, two in _neighbours(levels, seed):
        difference, shift = _best_shift(levels[one], levels[two])
        limit = LEAST_DIFFERENCE + ROUGHNESS_SHARE * _roughness(levels[one])
        if difference <= limit and abs(shift) >= SMALLEST_SHIFT:
            factor = 2 ** (shift / BANDS_PER_OCTAVE)
            match = matched_at_speed(files[names[one]], files[names[two]], factor)
            if match is not None and abs(12 * np.log2(match[0])) >= SMALLEST_SHIFT:
                copies.append(SpeedCopy(names[one], names[two], *match, difference))
    return copies


def _neighbours(levels: Array, seed: int) -> list[tuple[int, int]]:
    """Pairs of recordings whose spectra are alike, whatever their shift."""
    window = np.hanning(COMPARED.stop - COMPARED.start)
    centred = levels[:, COMPARED] - levels[:, COMPARED].mean(axis=1, keepdims=True)
    X = np.sqrt(np.abs(np.fft.rfft(centred * window, axis=1))[:, 1:]).astype(np.float32)
    _, neighbour = nearest(X, NEIGHBOURS + 1, seed=seed)
    pairs = {
        (min(one, two), max(one, two))
        for one, others in enumerate(neighbour.tolist())
        for two in others
        if two >= 0 and two != one
    }
    return sorted(pairs)


def _roughness(levels: Array) -> float:
    """Standard deviation from band to band in dB, where the spectrum is above its floor."""
    steps = np.diff(levels[COMPARED])
    above = levels[COMPARED] > levels.min()
    used = steps[above[1:] & above[:-1]]
    return float(np.std(used)) if len(used) else 0.0


def _best_shift(one: Array, two: Array) -> tuple[float, float]:
    """Smallest difference of two spectra in dB, and by how many bands the second is higher."""
    coarse = np.arange(-LARGEST_SHIFT, LARGEST_SHIFT + 0.25, 0.5)
    middle = coarse[np.argmin(_differences(one, two, coarse))]
    fine = middle + np.linspace(-0.5, 0.5, 17)
    differences = _differences(one, two, fine)
    return float(differences.min()), float(fine[np.argmin(differences)])


def _differences(one: Array, two: Array, shifts: Array) -> Array:
    """Standard deviation of the difference where both are above their floor, for each shift."""
    bands = np.arange(BANDS)
    place = bands[COMPARED] + shifts[:, None]
    moved = np.interp(place, bands, two, left=-np.inf, right=-np.inf)
    used = (moved > two.min()) & (one[COMPARED] > one.min())
    difference = np.where(used, moved - one[COMPARED], 0)
    count = used.sum(axis=1)
    mean = difference.sum(axis=1) / np.maximum(count, 1)
    deviation = np.where(used, difference - mean[:, None], 0)
    variance = np.square(deviation).sum(axis=1) / np.maximum(count, 1)
    return np.where(count >= 2 * BANDS_PER_OCTAVE, np.sqrt(variance), np.inf)


def matched_at_speed(one: str, two: str, factor: float) -> tuple[float, int, int] | None:
    """Compare two recordings at a speed, and find its exact value.

    Parameters
    ----------
    one, two : str
        Files.
    factor : float
        Speed of the second over that of the first, up to a semitone.

    Returns
    -------
    factor : float
        Exact to 0.1 %.
    votes, landmarks : int
        Landmarks that agree on an offset, and all of the second. None instead of the three if the
        recordings are not the same, or cannot be read.
    """
    try:
        (y, sr), (z, rate) = (load(file, duration=LONGEST) for file in (one, two))
    except AudioError:
        return None  # another check reports it
    one_spectrum, two_spectrum = _fine_spectrum(y, sr), _fine_spectrum(z, rate)
    correlation, factor = _refined(one_spectrum, two_spectrum, factor)
    if correlation < LEAST_CORRELATION:
        return None
    reference = _landmarks(y, sr)
    best = (0, 0, factor)
    for corrections, least in ((COARSE, LEAST_VOTES // 3), (FINE, LEAST_VOTES)):
        start = best[2]
        for exact in (start * (1 + corrections)).tolist():
            own = _landmarks(z, rate / exact)
            shared = find_candidates([reference[0], own[0]], [reference[1], own[1]], min_votes=1)
            best = max(best, (int(shared.votes.max(initial=0)), len(own[0]), exact))
        if best[0] < least:
            return None
    votes, count, exact = best
    return (exact, votes, count) if votes >= LEAST_SHARE * count else None


def _fine_spectrum(y: Array, sr: float) -> Array:
    """Long-term spectrum at `POINTS` per semitone, without its envelope."""
    from scipy.ndimage import uniform_filter1d

    n_fft = 2 ** round(np.log2(FINE_FRAME * sr))
    y = np.pad(y, (0, max(0, n_fft - len(y))))
    frames = np.lib.stride_tricks.sliding_window_view(y, n_fft)[:: n_fft // 2]
    power = np.zeros(n_fft // 2 + 1)
    for frame in frames:
        power += np.abs(np.fft.rfft(frame * np.hanning(n_fft))) ** 2
    octaves = np.log2(FINE_RANGE[1] / FINE_RANGE[0])
    hz = FINE_RANGE[0] * 2 ** (np.arange(round(12 * POINTS * octaves)) / (12 * POINTS))
    floor = max(1e-8 * power.max(), np.finfo(np.float32).tiny)
    levels = np.interp(hz * n_fft / sr, np.arange(len(power)), np.log(power + floor))
    return np.asarray(levels - uniform_filter1d(levels, 4 * POINTS))


def _refined(one: Array, two: Array, factor: float) -> tuple[float, float]:
    """Correlation of two fine spectra at the best factor within a semitone, and this factor."""
    middle = round(12 * POINTS * np.log2(factor))
    best = (-1.0, factor)
    for lag in range(middle - POINTS, middle + POINTS + 1):
        a, b = one[max(0, -lag) : len(one) - max(0, lag)], two[max(0, lag) : len(two) + min(0, lag)]
        scale = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
        if scale > 0:
            best = max(best, (float(np.dot(a, b)) / scale, 2 ** (lag / (12 * POINTS))))
    return best


def _landmarks(y: Array, sr: float) -> tuple[Array, Array]:
    hashes, times = landmarks.landmarks(load((y, sr), sr=landmarks.SR)[0])
    return hashes, np.rint(times / landmarks.TICK).astype(np.uint32)
