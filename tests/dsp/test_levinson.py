"""Linear prediction: values from theory, and properties that hold for all signals."""

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.dsp.levinson import (
    levinson,
    line_spectral_frequencies,
    prediction_cepstrum,
    reflection_coefficients,
    windowed_autocorrelation,
)

ORDERS = [1, 2, 3, 4, 7, 10, 12, 13, 24]


def predictors(reflections):
    """Coefficients of one filter, by the recursion from low to high order."""
    a = np.array([1.0])
    for k in reflections:
        longer = np.append(a, 0)
        a = longer + k * longer[::-1]
    return a


def frames_of(seed=0, count=50, samples=200):
    """Frames of noise through resonances, some of them sharp."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((count, samples + 200))
    poles = 0.98 * np.exp(1j * np.array([0.3, 0.33, 1.2, 2.5]))
    denominator = np.real(np.poly([*poles, *poles.conj()]))
    return scipy.signal.lfilter([1], denominator, noise, axis=1)[:, 200:]


def autocorrelation_of(a, lags, samples=2**16):
    """Autocorrelation of the impulse response of 1 / A(z)."""
    impulse = np.zeros(samples)
    impulse[0] = 1
    response = scipy.signal.lfilter([1], a, impulse)
    return np.array([response[: samples - k] @ response[k:] for k in range(lags + 1)])


def polynomial(lines, *, fixed):
    """Polynomial with these angles of its roots, and fixed roots."""
    result = np.poly(fixed)
    for line in lines:
        result = np.convolve(result, [1, -2 * np.cos(line), 1])
    return result


def from_lines(lines):
    """Prediction coefficients from line spectral frequencies: half the sum of P and Q."""
    if len(lines) % 2:
        p, q = polynomial(lines[::2], fixed=[]), polynomial(lines[1::2], fixed=[1, -1])
    else:
        p, q = polynomial(lines[::2], fixed=[-1]), polynomial(lines[1::2], fixed=[1])
    return (p + q)[:-1] / 2


def test_autocorrelation_is_that_of_the_definition():
    frames, window = frames_of(), np.hamming(200)
    r = windowed_autocorrelation(frames, window, 20)
    y = frames[7] * window
    full = np.correlate(y, y, mode="full")[199:]
    np.testing.assert_allclose(r[:, 7], full[:21], rtol=1e-12, atol=1e-12 * full[0])


def test_lags_beyond_the_frame_are_0():
    r = windowed_autocorrelation(np.ones((2, 3)), np.ones(3), 5)
    np.testing.assert_array_equal(r[:, 0], [3, 2, 1, 0, 0, 0])


def test_an_autoregressive_process_is_recovered():
    a = np.real(np.poly([0.9 * np.exp(0.4j), 0.9 * np.exp(-0.4j), -0.7, 0.5]))
    r = autocorrelation_of(a, 8)
    coefficients, error = levinson(r[:, None], 8)
    np.testing.assert_allclose(coefficients[:, 0], [*a, 0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(error, [1], rtol=1e-12)


@pytest.mark.parametrize("order", ORDERS)
def test_coefficients_solve_the_normal_equations(order):
    r = windowed_autocorrelation(frames_of(), np.hamming(200), order)
    coefficients, error = levinson(r, order)
    for a, e, column in zip(coefficients.T, error, r.T, strict=True):
        expected = scipy.linalg.solve_toeplitz(column[:-1], -column[1:])
        np.testing.assert_allclose(a[1:], expected, rtol=1e-6, atol=1e-8 * np.abs(expected).max())
        assert e == pytest.approx(a @ column, rel=1e-6)


def test_silence_is_undefined_and_a_constant_autocorrelation_is_predictable():
    r = np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    coefficients, error = levinson(r, 2)
    assert np.isnan(coefficients[:, 0]).all()
    assert np.isnan(error[0])
    assert np.isfinite(coefficients[:, 1]).all()
    assert error[1] >= 0


@pytest.mark.parametrize("amplitude", [1e-60, 1e-20, 1.0, 1e20])
def test_coefficients_do_not_depend_on_the_amplitude(amplitude):
    r = windowed_autocorrelation(frames_of(), np.hamming(200), 12)
    coefficients, error = levinson(r, 12)
    scaled, scaled_error = levinson(r * amplitude**2, 12)
    np.testing.assert_allclose(scaled, coefficients, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(scaled_error, error * amplitude**2, rtol=1e-6)


def test_frames_are_the_same_alone_and_together():
    frames, window = frames_of(), np.hamming(200)

    def analysed(part):
        a, error = levinson(windowed_autocorrelation(part, window, 12), 12)
        return np.vstack([a, prediction_cepstrum(a, error, 20), line_spectral_frequencies(a)])

    together = analysed(frames)
    alone = np.hstack([analysed(frames[k : k + 1]) for k in range(len(frames))])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("pole", [0.9, -0.5, 0.2])
def test_the_cepstrum_of_a_pole_is_its_powers_over_their_number(pole):
    cepstrum = prediction_cepstrum(np.array([[1.0], [-pole]]), np.array([4.0]), 10)
    n = np.arange(1, 10)
    np.testing.assert_allclose(cepstrum[:, 0], [np.log(4), *pole**n / n], rtol=1e-12)


@pytest.mark.parametrize(("order", "count"), [(12, 13), (12, 30), (12, 5), (3, 1)])
def test_the_cepstrum_is_that_of_the_logarithm_of_the_spectrum(order, count):
    a, error = levinson(windowed_autocorrelation(frames_of(), np.hamming(200), order), order)
    spectrum = error / np.abs(np.fft.rfft(a, 2**14, axis=0)) ** 2
    expected = np.fft.irfft(np.log(spectrum), axis=0)[:count]
    np.testing.assert_allclose(prediction_cepstrum(a, error, count), expected, atol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
def test_lines_interlace_and_give_the_coefficients_back(order):
    a, _ = levinson(windowed_autocorrelation(frames_of(), np.hamming(200), order), order)
    lines = line_spectral_frequencies(a)
    assert (np.diff(lines, axis=0) > 0).all()
    for own, expected in zip(lines.T, a.T, strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(from_lines(own), expected, atol=1e-9 * scale)


def test_lines_of_a_flat_spectrum_are_evenly_spaced():
    a = np.zeros((13, 1))
    a[0] = 1
    expected = np.pi * np.arange(1, 13) / 13
    np.testing.assert_allclose(line_spectral_frequencies(a)[:, 0], expected, rtol=1e-13)


def test_lines_almost_on_top_of_another_are_not_lost():
    pair = 0.9999 * np.exp(1j * np.array([1.0, 1.001, 1.002]))
    a = np.real(np.poly([*pair, *pair.conj()]))
    lines = line_spectral_frequencies(a[:, None])[:, 0]
    assert (np.diff(lines) > 0).all()
    np.testing.assert_allclose(lines, np.repeat([1.0, 1.001, 1.002], 2), atol=1e-3)
    np.testing.assert_allclose(from_lines(lines), a, rtol=1e-10)


def test_lines_of_filters_that_are_not_stable_are_undefined():
    a = np.array([[1.0, 1.0, np.nan], [-0.5, -2.5, np.nan], [0.2, 1.0, np.nan]])
    lines = line_spectral_frequencies(a)
    assert np.isfinite(lines[:, 0]).all()
    assert np.isnan(lines[:, 1:]).all()


reflections = st.lists(st.floats(-0.999, 0.999), min_size=1, max_size=16)


@given(reflections)
def test_reflection_coefficients_are_given_back(expected):
    moderate = 0.9 * np.array(expected)
    a = predictors(moderate)
    np.testing.assert_allclose(reflection_coefficients(a[:, None])[:, 0], moderate, atol=1e-6)


@given(reflections)
def test_lines_of_any_stable_filter_ascend_between_0_and_pi(own):
    a = predictors(0.95 * np.array(own))
    lines = line_spectral_frequencies(a[:, None])[:, 0]
    assert lines[0] > 0
    assert lines[-1] < np.pi
    assert (np.diff(lines) > 0).all()


samples = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=60)


@settings(max_examples=200)
@given(samples, st.integers(1, 20), st.floats(1e-3, 1e3))
def test_every_frame_has_a_stable_filter_that_does_not_depend_on_the_gain(y, order, gain):
    frame = np.array([y])
    r = windowed_autocorrelation(frame, np.hamming(len(y)), order)
    r[0] *= 1 + 1e-6  # a little noise: the predictor of a tone is not unique
    if r[0, 0] < 1e-60:
        return
    a, error = levinson(r, order)
    assert np.all(np.abs(reflection_coefficients(a)) < 1)
    assert 0 < error[0] <= r[0, 0] * (1 + 1e-12)
    assert np.abs(np.roots(a[:, 0])).max(initial=0) < 1
    scaled, scaled_error = levinson(r * gain**2, order)
    np.testing.assert_allclose(scaled, a, rtol=1e-6, atol=1e-6)
    cepstra = prediction_cepstrum(a, error, 8), prediction_cepstrum(scaled, scaled_error, 8)
    np.testing.assert_allclose(cepstra[1][1:], cepstra[0][1:], rtol=1e-6, atol=1e-6)
    assert cepstra[1][0, 0] - cepstra[0][0, 0] == pytest.approx(2 * np.log(gain), abs=1e-6)
