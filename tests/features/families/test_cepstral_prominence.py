"""Cepstral peak prominence: of noise with an echo by theory, and of vowels by Praat."""

import numpy as np
import pytest
from compiled_core import without_core

import featkit
from featkit import signals
from featkit.dsp.cepstral_peaks import smoothing_weights
from featkit.dsp.filters import gaussian_window
from featkit.errors import ParameterError
from featkit.features.families.cepstral_peak import ECHO, FAMILY

SR = 10000  # not resampled
VOWEL = (730.0, 1090.0, 2440.0, 3400.0, 4500.0)
BANDWIDTHS = (60.0, 90.0, 120.0, 150.0, 200.0)


def rows_of(y, sr=SR, **parameters):
    return FAMILY.compute(FAMILY.parameters(**parameters), clips=[y], sr=sr).values


def expected_prominence(amplitude, delay, length=1000, size=1024):
    """Smoothed prominence of white noise with an echo, for a large average over time.

    Logarithms of exponentially distributed powers with a squared correlation r have the covariance
    Li2(r); the correlation of a spectrum is the transform of the squared window.
    """
    special = pytest.importorskip("scipy.special")
    window = gaussian_window(length)
    correlation = np.abs(np.fft.fft(window**2, size)) / np.sum(window**2)
    covariance = special.spence(1 - np.minimum(correlation**2, 1))
    power = np.fft.fft(covariance).real[: size // 2] / size
    for order in range(1, 500 // delay + 1):
        lag = order * delay
        overlap = np.sum(window[:-lag] * window[lag:]) / np.sum(window**2)
        power[lag] += (amplitude**order / order * overlap) ** 2
    levels = 10 * np.log10(np.convolve(power, smoothing_weights(5), "same"))
    slope, start = np.polyfit(np.arange(10, 501), levels[10:501], 1)
    peak = 31 + int(np.argmax(levels[31:167]))
    return levels[peak] - (start + slope * peak)


@pytest.mark.parametrize("amplitude", [0.2, 0.3, 0.5])
def test_an_echo_has_the_prominence_of_theory(amplitude):
    noise, delay = signals.noise(SR, 10.0), 80
    y = np.concatenate([noise[:delay], noise[delay:] + np.float32(amplitude) * noise[:-delay]])
    _, smoothed = rows_of(y, time_smoothing=1.0, emphasis_from=1e9)
    assert np.mean(smoothed) == pytest.approx(expected_prominence(amplitude, delay), abs=0.8)


def test_the_reference_case_has_the_prominence_of_theory():
    assert expected_prominence(0.3, 80) == pytest.approx(ECHO, abs=0.01)


def test_noise_lowers_the_prominence_of_a_vowel():
    vowel = signals.vowel(VOWEL, BANDWIDTHS, SR)
    clips = [vowel + signals.noise(SR, amplitude=a) for a in (0.001, 0.01, 0.1, 1.0)]
    means = [np.mean(rows_of(clip), axis=1) for clip in clips]
    assert (np.diff(means, axis=0)[1:] < -1).all()


def test_smoothing_of_nothing_changes_nothing():
    y = signals.vowel(VOWEL, BANDWIDTHS, SR, 0.5) + signals.noise(SR, 0.5, 0.01)
    raw, smoothed = rows_of(y, time_smoothing=0, quefrency_smoothing=0)
    np.testing.assert_array_equal(raw, smoothed)


def test_frames_of_digital_silence_are_undefined_and_do_not_change_others():
    vowel = signals.vowel(VOWEL, BANDWIDTHS, SR) + signals.noise(SR, 1.0, 0.01)
    alone = rows_of(vowel)
    with_silence = rows_of(np.concatenate([vowel, np.zeros(SR, np.float32)]))
    silent = np.isnan(with_silence).all(axis=0)
    assert 0.4 < np.mean(silent) < 0.5
    n = alone.shape[1]
    np.testing.assert_allclose(with_silence[:, : n - 10], alone[:, : n - 10], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pitch_floor": 400.0}, "pitch_floor must be below pitch_ceiling"),
        ({"trend_from": 0.06}, "trend_from must be below trend_to"),
        ({"fit": "theil"}, "fit"),
        ({"trend": "curved"}, "trend"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(change, message):
    entry = {"family": "cepstral_peak", "statistics": ["mean"], **change}
    with pytest.raises(ParameterError, match=message):
        featkit.feature_set({"features": [entry]})


@pytest.mark.parametrize("sr", [400, 1000, 1300])
def test_low_rates_are_undefined(sr):
    assert np.isnan(rows_of(signals.noise(sr, 2.0), sr)).all()


@pytest.mark.parametrize("trend", ["straight", "exponential"])
@pytest.mark.parametrize("fit", ["least_squares", "robust"])
def test_means_are_those_of_praat(trend, fit):
    parselmouth = pytest.importorskip("parselmouth")
    seconds = 10005 / SR
    y = signals.vowel(VOWEL, BANDWIDTHS, SR, seconds, 123.0) + signals.noise(SR, seconds, 0.01)
    raw, smoothed = np.mean(rows_of(y, pitch_ceiling=330.0, trend=trend, fit=fit), axis=1)
    sound = parselmouth.Sound(y.astype(np.float64), SR)
    praat = parselmouth.praat.call(sound, "To PowerCepstrogram", 60, 0.002, 5000, 50)
    names = {"straight": "Straight", "exponential": "Exponential decay"}
    names |= {"least_squares": "Least squares", "robust": "Robust"}
    line = (0.001, 0.05, names[trend], names[fit])
    for value, averages in ((raw, (0.0, 0.0)), (smoothed, (0.02, 0.0005))):
        peak = ("no", *averages, 60, 330, 0.05, "parabolic")
        expected = parselmouth.praat.call(praat, "Get CPPS", *peak, *line)
        assert value == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("fit", ["least_squares", "robust"])
def test_means_are_the_same_without_the_core(fit):
    y = signals.vowel(VOWEL, BANDWIDTHS, 22050, 0.5) + signals.noise(22050, 0.5, 0.01)
    ours = np.mean(rows_of(y, 22050, fit=fit), axis=1)
    with without_core():
        np.testing.assert_allclose(np.mean(rows_of(y, 22050, fit=fit), axis=1), ours, rtol=1e-4)
