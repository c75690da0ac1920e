"""Linear prediction: known resonators, roots as of NumPy, and the bits of the compiled core."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.dsp import _compiled
from featkit.dsp.linear_prediction import (
    burg,
    envelope_db,
    formant_candidates,
    polynomial_roots,
)

SR = 11000.0
FREQUENCIES = np.array([500.0, 1500.0, 2500.0, 3500.0, 4500.0])
BANDWIDTHS = np.array([60.0, 90.0, 120.0, 150.0, 200.0])


def polynomial(frequencies, bandwidths, sr=SR):
    """Coefficients of a polynomial with these resonances."""
    roots = np.exp((-np.pi * np.asarray(bandwidths) + 2j * np.pi * np.asarray(frequencies)) / sr)
    return np.poly([*roots, *roots.conj()]).real


def stable_polynomials(seed, frames, order):
    """Polynomials with reflection coefficients between -1 and 1, as of any predictor."""
    a = np.zeros((frames, order + 1))
    a[:, 0] = 1
    for stage, k in enumerate(np.random.default_rng(seed).uniform(-0.98, 0.98, (order, frames))):
        a[:, 1 : stage + 2] += k[:, None] * a[:, stage::-1]
    return a


def distances(roots, others):
    """Distance of each root from the nearest one of the same frame."""
    return np.abs(roots[:, :, None] - others[:, None, :]).min(axis=2)


@given(seed=st.integers(0, 2**31), frames=st.integers(1, 40), order=st.integers(1, 16))
@settings(max_examples=40)
def test_roots_are_those_of_numpy(seed, frames, order):
    a = stable_polynomials(seed, frames, order)
    roots = polynomial_roots(a)
    expected = np.array([np.roots(row) for row in a])
    assert roots.shape == (frames, order)
    assert np.abs(roots).max() < 1
    np.testing.assert_allclose(distances(roots, expected), 0, atol=1e-7)
    np.testing.assert_allclose(distances(expected, roots), 0, atol=1e-7)


@given(seed=st.integers(0, 2**31), order=st.integers(1, 12))
@settings(max_examples=40)
def test_the_polynomial_of_the_roots_is_the_polynomial(seed, order):
    a = stable_polynomials(seed, 5, order)
    again = np.array([np.poly(row) for row in polynomial_roots(a)])
    np.testing.assert_allclose(again, a, atol=1e-9 * 2**order)


def test_multiple_and_zero_roots_are_reached():
    a = np.array([np.poly([0.5, 0.5, -0.3]), np.poly([0.0, 0.0, 0.7]), np.poly([0.9] * 3)])
    roots = polynomial_roots(a)
    np.testing.assert_allclose(np.sort_complex(roots[0]), [-0.3, 0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(np.sort_complex(roots[1]), [0, 0, 0.7], atol=1e-6)
    np.testing.assert_allclose(np.abs(roots[2] - 0.9), 0, atol=1e-4)


def test_coefficients_that_are_no_polynomial_have_no_roots():
    a = stable_polynomials(0, 4, 6)
    expected = polynomial_roots(a)
    a[1, 3], a[2, 0] = np.nan, 0
    roots = polynomial_roots(a)
    assert np.isnan(roots[1:3]).all()
    np.testing.assert_array_equal(roots[[0, 3]], expected[[0, 3]])
    assert polynomial_roots(np.ones((3, 1))).shape == (3, 0)
    assert polynomial_roots(np.ones((0, 5))).shape == (0, 4)


def test_candidates_are_the_resonances_in_order():
    a = np.stack([polynomial(FREQUENCIES[::-1], BANDWIDTHS[::-1])] * 3)
    frequencies, bandwidths = formant_candidates(a, SR)
    np.testing.assert_allclose(frequencies, np.tile(FREQUENCIES, (3, 1)), rtol=1e-9)
    np.testing.assert_allclose(bandwidths, np.tile(BANDWIDTHS, (3, 1)), rtol=1e-8)


def test_candidates_near_the_ends_of_the_band_are_left_out():
    a = polynomial([40.0, 60.0, 1000.0, SR / 2 - 40], [50.0] * 4)[None]
    a = np.array([np.convolve(a[0], [1.0, -0.9])])  # a real root is no resonance
    frequencies, bandwidths = formant_candidates(a, SR)
    assert frequencies.shape == (1, 4)
    np.testing.assert_allclose(frequencies[0, :2], [60.0, 1000.0], rtol=1e-6)
    assert np.isnan(frequencies[0, 2:]).all()
    assert (np.isnan(frequencies) == np.isnan(bandwidths)).all()


def test_the_envelope_is_that_of_the_filter():
    scipy_signal = pytest.importorskip("scipy.signal")
    a, hz = stable_polynomials(1, 4, 8), np.array([100.0, 1234.5, 5000.0])
    levels = envelope_db(a, np.full(4, 0.25), np.repeat(hz[:, None], 4, axis=1), SR)
    for k in range(4):
        _, gain = scipy_signal.freqz([1.0], a[k], hz, fs=SR)
        np.testing.assert_allclose(levels[:, k], 20 * np.log10(0.5 * np.abs(gain)), atol=1e-9)
    assert np.isnan(envelope_db(a, np.zeros(4), np.full((1, 4), 100.0), SR)).all()
    assert np.isnan(envelope_db(a, np.ones(4), np.full((1, 4), np.nan), SR)).all()


def autoregressive(seed, samples=60000):
    from scipy.signal import lfilter

    noise = np.random.default_rng(seed).standard_normal(samples)
    return lfilter([1.0], polynomial(FREQUENCIES, BANDWIDTHS), 0.5 * noise)


def test_the_resonators_of_an_autoregressive_process_are_measured():
    y = autoregressive(0)
    a, error = burg(y, np.array([1000]), np.ones(50000), 10)
    frequencies, bandwidths = formant_candidates(a, SR)
    np.testing.assert_allclose(frequencies[0], FREQUENCIES, rtol=0.01)
    np.testing.assert_allclose(bandwidths[0], BANDWIDTHS, rtol=0.2)
    np.testing.assert_allclose(error, 0.25, rtol=0.02)


@pytest.mark.parametrize("frequency", [200.0, 1000.0, 4321.0])
def test_a_sine_is_a_resonance_without_bandwidth(frequency):
    y = signals.sine(frequency, SR).astype(np.float64)
    frequencies, bandwidths = formant_candidates(burg(y, np.zeros(1, int), np.ones(4000), 2)[0], SR)
    np.testing.assert_allclose(frequencies[0, 0], frequency, rtol=1e-3)
    np.testing.assert_allclose(bandwidths[0, 0], 0, atol=1)


@given(
    seed=st.integers(0, 99),
    order=st.integers(1, 14),
    length=st.integers(15, 60),
    silent=st.booleans(),
)
@settings(max_examples=40)
def test_all_roots_of_burg_lie_within_the_unit_circle(seed, order, length, silent):
    y = np.random.default_rng(seed).standard_normal(400) * 1e-3
    if silent:
        y[50:300] = 0
    starts = np.arange(0, 400 - length, 17)
    a, error = burg(y, starts, np.hanning(length + 2)[1:-1], order)
    assert np.isfinite(a).all()
    assert (error >= 0).all()
    assert np.abs(polynomial_roots(a)).max() < 1 + 1e-9
    quiet = np.array([not y[s : s + length].any() for s in starts])
    assert quiet.any() == silent
    assert not a[quiet, 1:].any()
    assert not error[quiet].any()


@given(
    frames=st.integers(1, 40),
    order=st.integers(1, 14),
    length=st.integers(15, 80),
    seed=st.integers(0, 99),
)
@settings(max_examples=30)
def test_the_core_gives_the_bits_of_numpy(frames, order, length, seed):
    rng = np.random.default_rng(seed)
    y, starts = rng.standard_normal(500), rng.integers(0, 500 - length, frames)
    y[:100] = 0
    window = np.hanning(length)

    def compute():
        a, error = burg(y, starts, window, order)
        roots = polynomial_roots(a)
        return np.concatenate([a, error[:, None], roots.real, roots.imag], axis=1)

    ours = assert_same_bits_everywhere(compute)
    with without_core():
        np.testing.assert_array_equal(ours, compute())
    alone = burg(y, starts[-1:], window, order)[0]
    np.testing.assert_array_equal(alone[0], ours[-1, : order + 1])


def test_no_frames_have_no_polynomials():
    for context in (without_core(), None):
        if context:
            with context:
                a, error = burg(np.ones(3), np.zeros(0, int), np.ones(8), 4)
        else:
            a, error = burg(np.ones(3), np.zeros(0, int), np.ones(8), 4)
        assert a.shape == (0, 5)
        assert error.shape == (0,)


@needs_core
@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [
        ("burg", (np.zeros(8), [0], np.ones(4), 4, (5, 1), 1), "order must be at least 1"),
        ("burg", (np.zeros(8), [0], np.ones(4), 0, (1, 1), 1), "order must be at least 1"),
        ("burg", (np.zeros(8), [5], np.ones(4), 2, (3, 1), 1), "not within y"),
        ("burg", (np.zeros(8), [-1], np.ones(4), 2, (3, 1), 1), "not within y"),
        ("burg", (np.zeros(8), [0], np.ones(4), 2, (2, 1), 1), "3 elements"),
        ("burg", (np.zeros(8), [0], np.ones(4), 2, (3, 1), 2), "1 elements"),
        ("burg", (np.zeros(8, "f"), [0], np.ones(4), 2, (3, 1), 1), "kind 'd'"),
        ("roots", (np.zeros(6), np.zeros(3), 9, 1e-9, 1e-6, 6, 6), "one row for each"),
        ("roots", (np.zeros(5), np.zeros(4), 9, 1e-9, 1e-6, 5, 5), "one row for each"),
        ("roots", (np.zeros(6), np.zeros(4), 9, 1e-9, 1e-6, 5, 6), "6 elements"),
        ("roots", (np.zeros(6), np.zeros(4), 9, 1e-9, 1e-6, 6, 5), "6 elements"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(function, arguments, error):
    *given_arguments, first, second = arguments
    given_arguments = [np.array(x) if isinstance(x, list) else x for x in given_arguments]
    outputs = np.zeros(first), np.zeros(second)
    with pytest.raises((ValueError, TypeError), match=error):
        getattr(_compiled.core, function)(*given_arguments, *outputs)
