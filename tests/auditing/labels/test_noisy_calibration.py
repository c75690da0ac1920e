"""Calibration on labels of which some are wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.auditing.labels.noisy_calibration import calibrate_with_noise


def drawn(rng, rows, classes, noise):
    """Draw probabilities that are true, and labels of which a share is random."""
    P = rng.dirichlet(np.full(classes, 0.2), rows)
    labels = (rng.random((rows, 1)) > P.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    is_wrong = rng.random(rows) < noise
    return P, np.where(is_wrong, rng.integers(0, classes, rows), labels)


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_power_and_noise_are_recovered(noise, power):
    P, labels = drawn(np.random.default_rng(0), 4000, 5, noise)
    distorted = P ** (1 / power)
    distorted /= distorted.sum(axis=1, keepdims=True)
    result = calibrate_with_noise(labels, distorted)
    assert result.power == pytest.approx(power, rel=0.15)
    assert result.noise == pytest.approx(noise, abs=0.03)
    np.testing.assert_allclose(result.P, P, atol=0.08)


@given(st.integers(0, 10**6), st.integers(2, 8))
@settings(max_examples=20)
def test_the_order_of_classes_stays(seed, classes):
    P, labels = drawn(np.random.default_rng(seed), 40, classes, 0.1)
    result = calibrate_with_noise(labels, P)
    np.testing.assert_allclose(result.P.sum(axis=1), 1)
    np.testing.assert_array_equal(result.P.argmax(axis=1), P.argmax(axis=1))


def test_certain_models_stay_finite():
    labels = np.arange(30) % 3
    result = calibrate_with_noise(labels, np.eye(3)[labels])
    assert np.isfinite(result.P).all()
    assert result.noise < 0.02
    assert result.wrong.max() < 1e-3


def test_the_probability_of_a_wrong_label_is_true():
    rng = np.random.default_rng(1)
    P, labels = drawn(rng, 4000, 5, 0.0)
    is_random = rng.random(4000) < 0.1
    given = np.where(is_random, rng.integers(0, 5, 4000), labels)
    wrong = calibrate_with_noise(given, P).wrong
    for low, high in ((0, 0.1), (0.1, 0.5), (0.5, 1)):
        rows = (wrong >= low) & (wrong <= high)
        assert np.mean((given != labels)[rows]) == pytest.approx(wrong[rows].mean(), abs=0.1)


def test_uncertain_models_doubt_no_label():
    rng = np.random.default_rng(2)
    result = calibrate_with_noise(rng.integers(0, 4, 300), rng.dirichlet(np.full(4, 20), 300))
    assert result.wrong.max() < 0.1
