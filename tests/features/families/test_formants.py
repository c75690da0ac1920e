"""Formants of vowels and noise are those of their resonators, and frames are those of Praat."""

import numpy as np
import pytest
from compiled_core import without_core

import featkit
from featkit import signals
from featkit.errors import ParameterError
from featkit.features.families.formants import FAMILY

BANDWIDTHS = (60.0, 90.0, 120.0, 150.0, 200.0)
VOWELS = {
    "i": (270.0, 2290.0, 3010.0, 3500.0, 4500.0),
    "ae": (660.0, 1720.0, 2410.0, 3400.0, 4500.0),
    "a": (730.0, 1090.0, 2440.0, 3400.0, 4500.0),
    "u": (300.0, 870.0, 2240.0, 3400.0, 4500.0),
    "neutral": (500.0, 1500.0, 2500.0, 3500.0, 4500.0),
}


def vowel_of(name, sr, seconds=0.5, **source):
    """A vowel with five formants below 5500 Hz, and one per 1000 Hz above."""
    higher = np.arange(6500.0, sr / 2 - 200, 1000)
    formants = [*VOWELS[name], *higher]
    return signals.vowel(
        formants, [*BANDWIDTHS, *np.full(len(higher), 200.0)], sr, seconds, **source
    )


def rows_of(y, sr, **parameters):
    """Frequencies, bandwidths and levels of each frame, ``(4, frames)`` each."""
    values = FAMILY.compute(
        FAMILY.parameters(**parameters), clips=[y], sr=sr, voice_pitch=None
    ).values
    return values[0::3], values[1::3], values[2::3]


@pytest.mark.parametrize("vowel", VOWELS)
@pytest.mark.parametrize("sr", [11000, 16000, 22050, 44100])
def test_formants_are_those_of_the_resonators(vowel, sr):
    frequencies, bandwidths, _ = rows_of(vowel_of(vowel, sr, f0=50.0), sr)
    np.testing.assert_allclose(np.mean(frequencies, axis=1), VOWELS[vowel][:4], rtol=0.01)
    np.testing.assert_allclose(np.mean(bandwidths, axis=1), BANDWIDTHS[:4], atol=35)


def test_levels_are_those_of_the_filter():
    sr, formants = 11000.0, VOWELS["neutral"]
    noise = signals.noise(sr, 5.0)
    y = signals.vowel(formants, BANDWIDTHS, sr, source=noise)
    _, _, levels = rows_of(y, sr, window=0.2)
    impulse = signals.vowel(formants, BANDWIDTHS, sr, source=signals.impulse(sr, 1.0))
    gain = 20 * np.log10(np.abs(np.fft.rfft(impulse)))
    hz = np.fft.rfftfreq(len(impulse), 1 / sr)
    expected = [gain[np.argmin(np.abs(hz - formant))] for formant in formants[:4]]
    measured = np.nanmean(levels, axis=1)
    np.testing.assert_allclose(np.diff(measured), np.diff(expected), atol=1.5)
    _, _, doubled = rows_of(2 * y, sr, window=0.2)
    np.testing.assert_allclose(doubled - levels, 20 * np.log10(2), atol=1e-6)


def test_the_level_of_noise_is_its_power():
    _, _, levels = rows_of(signals.noise(11000, 5.0, amplitude=0.1), 11000, window=0.5)
    excess = np.nanmedian(levels) + 20  # variance 0.01; formants are maxima of the envelope
    assert 0 < excess < 3


def test_frames_of_digital_silence_have_no_formants():
    y = signals.vowel(VOWELS["a"], BANDWIDTHS, 22050, 1.0)
    y[8000:14000] = 0
    frequencies, _, levels = rows_of(y, 22050)
    silent = np.isnan(frequencies).all(axis=0)
    n = len(silent)
    inside = slice(int(n * 8000 / 22050) + 3, int(n * 14000 / 22050) - 3)
    assert silent[inside].all()
    assert np.count_nonzero(silent) < n / 3
    assert (np.isnan(levels) == np.isnan(frequencies)).all()


def test_a_low_rate_has_fewer_formants_below_its_ceiling():
    y = signals.vowel(VOWELS["neutral"][:4], BANDWIDTHS[:4], 8000, 0.5, f0=50.0)
    frequencies, _, _ = rows_of(y, 8000)
    np.testing.assert_allclose(np.nanmedian(frequencies, axis=1)[:3], [500, 1500, 2500], rtol=0.03)


def test_the_number_of_formants_limits_them():
    y = signals.vowel(VOWELS["neutral"], BANDWIDTHS, 11000, 0.5)
    frequencies, _, _ = rows_of(y, 11000, n_formants=2)
    assert np.isfinite(frequencies[0]).all()
    assert np.isnan(frequencies[2:]).all()


@pytest.mark.parametrize("change", [{"ceiling": 100}, {"n_formants": 0}, {"window": 0}])
def test_parameters_out_of_range_are_refused(change):
    with pytest.raises(ParameterError, match=next(iter(change))):
        featkit.feature_set(
            {"features": [{"family": "formants", "statistics": ["mean"], **change}]}
        )


@pytest.mark.parametrize("vowel", ["a", "i"])
def test_frames_are_those_of_praat(vowel):
    parselmouth = pytest.importorskip("parselmouth")
    sr = 11000  # at which neither program resamples
    y = signals.vowel(VOWELS[vowel], BANDWIDTHS, sr, 22004 / sr, f0=123.0)
    y += signals.noise(sr, 22004 / sr, amplitude=0.002)
    frequencies, bandwidths, _ = rows_of(y, sr)
    praat = parselmouth.Sound(y.astype(np.float64), sr).to_formant_burg(0.01, 5, 5500, 0.025, 50)
    times = praat.x1 + 0.01 * np.arange(frequencies.shape[1])
    for k in range(4):
        expected = [praat.get_value_at_time(k + 1, t) for t in times]
        np.testing.assert_allclose(frequencies[k], expected, rtol=1e-6, err_msg=f"{k}")
        expected = [praat.get_bandwidth_at_time(k + 1, t) for t in times]
        np.testing.assert_allclose(bandwidths[k], expected, rtol=1e-4, err_msg=f"{k}")


@pytest.mark.parametrize("sr", [8000, 22050])
def test_values_are_the_same_without_the_core(sr):
    y = vowel_of("a", sr, 0.4) + signals.noise(sr, 0.4, amplitude=0.01)
    y[: sr // 10] = 0
    ours = np.stack(rows_of(y, sr))
    with without_core():
        np.testing.assert_array_equal(np.stack(rows_of(y, sr)), ours)


def test_formants_of_voiced_frames_leave_out_noise():
    """A vowel between noise: all its frames, and none of the noise, are measured."""
    sr = 16000
    vowel = signals.vowel([730, 1090, 2440, 3400, 4500], [60, 90, 120, 150, 200], sr, f0=110.0)
    noise = signals.noise(sr, 0.5, amplitude=0.05)
    y = np.concatenate([noise, vowel / (4 * np.abs(vowel).max()), noise]).astype(np.float32)
    entry = {"family": "formants", "statistics": ["mean", "std"]}
    rows = [
        featkit.analyse([y], sr, {"sample_rate": sr, "features": [{**entry, "frames": frames}]})[0]
        for frames in ("all", "voiced")
    ]
    (every, voiced), spread = (row[:4] for row in rows), [row[12:16] for row in rows]
    assert abs(voiced[0] - 730) < 40 < abs(every[0] - 730)
    assert spread[1][0] < 0.5 * spread[0][0]
