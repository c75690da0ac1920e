"""Evidence for another speed is found where the spectra of a group are regular, only there."""

import numpy as np
import pytest
from scanning import piece_of

from featkit.auditing.copies.sample_rates import common_duration, standard_rate
from featkit.auditing.copies.speed import BANDS, BANDS_PER_OCTAVE, EDGES, shift_evidence, shifted
from featkit.auditing.measures.spectral_profile import MEASURE

Array = np.ndarray


def profile_of(y: Array, sr: float) -> Array:
    return MEASURE.compute(piece_of(y, sr))["profile"][0]


def regular_group(seed: int, count: int = 20) -> Array:
    """Spectra with the same resonances, which differ by a few dB and in level."""
    rng = np.random.default_rng(seed)
    shape = np.convolve(rng.normal(0, 12, BANDS + 8), np.ones(5) / 5)[:BANDS]
    deviations = rng.normal(0, 2, (count, BANDS)) + rng.normal(0, 6, (count, 1))
    return shape + deviations


@pytest.mark.parametrize("hz", [100, 440, 5000])
def test_a_tone_is_in_the_band_of_its_frequency(hz: float) -> None:
    t = np.arange(44100) / 22050
    profile = profile_of(np.sin(2 * np.pi * hz * t).astype(np.float32), 22050)
    best = int(np.nanargmax(profile))
    assert EDGES[best - (hz < 200)] <= hz <= EDGES[best + 1 + (hz < 200)]
    assert np.isnan(profile[EDGES[1:] > 11025]).all()


def test_a_wrong_rate_shifts_the_profile_by_the_ratio_of_the_rates() -> None:
    rng = np.random.default_rng(0)
    y = np.convolve(rng.standard_normal(3 * 44100), rng.standard_normal(30)).astype(np.float32)
    right, wrong = profile_of(y, 44100), profile_of(y, 22050)
    moved = shifted(right, BANDS_PER_OCTAVE)
    both = np.isfinite(moved) & np.isfinite(wrong) & (np.arange(BANDS) > 36)
    assert np.abs(moved - wrong)[both].mean() < 0.5


@pytest.mark.parametrize("y", [np.zeros(1), np.zeros(50000), np.ones(100)])
def test_odd_recordings_have_a_profile(y: Array) -> None:
    values = MEASURE.compute(piece_of(y.astype(np.float32), 8000))
    assert values["profile"].shape == (1, BANDS)


def test_pieces_are_averaged_by_their_active_frames() -> None:
    rng = np.random.default_rng(0)
    pieces = [piece_of(rng.standard_normal(n).astype(np.float32), 8000) for n in (8000, 24000)]
    one, two = (MEASURE.compute(piece) for piece in pieces)
    joined = MEASURE.combine([one, two])
    weights = [one["weight"][0], two["weight"][0]]
    mean = np.average([one["profile"][0], two["profile"][0]], axis=0, weights=weights)
    np.testing.assert_allclose(joined["profile"][0], mean, rtol=1e-5)
    silent = MEASURE.compute(piece_of(np.zeros(8000, np.float32), 8000))
    np.testing.assert_array_equal(MEASURE.combine([silent, one])["profile"], one["profile"])


def test_a_shifted_recording_of_a_regular_group_is_certain_and_no_other_is() -> None:
    profiles = np.concatenate([regular_group(1), regular_group(2)])
    groups = np.repeat(["a", "b"], 20)
    profiles[3] = np.nan_to_num(shifted(profiles[3], -BANDS_PER_OCTAVE), nan=profiles[3, 0])
    shifts = shift_evidence(profiles, groups, np.array([-1.0, 1.0]))
    assert shifts.decidable.all()
    assert np.flatnonzero(shifts.is_certain.any(axis=1)).tolist() == [3]
    assert shifts.evidence[3, 0] > shifts.evidence[3, 1]


def test_in_a_group_without_regular_spectra_nothing_is_decidable() -> None:
    rng = np.random.default_rng(0)
    noise = np.convolve(rng.normal(0, 12, 30 * BANDS), np.ones(9) / 9, "same").reshape(30, BANDS)
    shifts = shift_evidence(noise, np.repeat("a", 30), np.array([-1.0, 0.5]))
    assert not shifts.decidable.any()
    assert not shifts.is_certain.any()


@pytest.mark.parametrize("count", [1, 3])
def test_small_groups_are_not_compared(count: int) -> None:
    shifts = shift_evidence(regular_group(1, count), np.repeat("a", count), np.array([1.0]))
    assert not shifts.is_certain.any()


def test_rates_near_a_standard_rate_are_recognised() -> None:
    assert standard_rate(44100.4, 1e-3) == 44100
    assert standard_rate(30000, 1e-3) is None


def test_the_duration_of_most_recordings_is_common() -> None:
    assert common_duration(np.array([5.0] * 9 + [2.5])) == 5
    assert common_duration(np.linspace(1, 9, 40)) is None
    assert common_duration(np.array([])) is None
