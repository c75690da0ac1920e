"""PLP, RASTA-PLP, PNCC, LFCC and linear prediction agree with their papers, step by step.

The functions of `paper_cepstra` follow the equations.
"""

import numpy as np
import paper_cepstra
import pytest
import scipy.fft
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_cepstra import (
    auditory_cepstrum,
    band_powers,
    bark,
    centres,
    gammatone_weights,
    masking_curve,
)

import featkit
from featkit import signals
from featkit.dsp import synthesis
from featkit.features.analysis import frame_values
from featkit.features.family import FAMILIES
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 16000


def values_of(family, y, sr=SR, **parameters):
    entry = {"family": family, "statistics": ["mean"], **parameters}
    features = featkit.feature_set({"sample_rate": sr, "features": [entry]})
    stack = Stack([np.asarray(y, dtype=np.float32)], sr, SpectraParameters())
    return frame_values(stack, features)[0].values


def speech_like(sr=SR):
    """Pulses through moving resonances, syllables with pauses, and a little noise."""
    t = np.arange(round(1.5 * sr)) / sr
    pulses = (np.diff(np.floor(np.cumsum(110 + 20 * np.sin(3 * t)) / sr), prepend=0) > 0) * 1.0
    y = np.zeros_like(t)
    for centre, bandwidth in ((600, 80), (1500, 120), (2600, 160)):
        pole = np.exp(-np.pi * bandwidth / sr + 2j * np.pi * centre / sr)
        y += scipy.signal.lfilter([1], [1, -2 * pole.real, abs(pole) ** 2], pulses)
    envelope = np.clip(np.sin(2 * np.pi * 3 * t), 0, None)
    noise = np.random.default_rng(5).standard_normal(len(t))
    return (0.02 * envelope * y + 1e-4 * noise).astype(np.float32)


# Perceptual linear prediction


@pytest.mark.parametrize("sr", [8000, 16000, 22050])
def test_plp_follows_the_paper(sr):
    y = speech_like(sr)
    expected = auditory_cepstrum(band_powers(y, sr), sr)
    np.testing.assert_allclose(values_of("plp", y, sr), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pole", [0.98, 0.94])
def test_rasta_plp_follows_the_paper(pole):
    y = speech_like()
    expected = paper_cepstra.rasta_plp(y, pole=pole)
    actual = values_of("rasta_plp", y, pole=pole)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)


def test_plp_of_a_flat_spectrum_is_that_of_the_areas_of_the_curves():
    hz = np.linspace(0, SR / 2, 2**13)
    areas = [np.mean([masking_curve(bark(c) - b) for b in bark(hz)]) for c in centres(SR)]
    expected = auditory_cepstrum(np.array(areas)[:, None], SR)[1:, 0]
    plp = values_of("plp", signals.impulse(SR))
    middle = plp[1:, np.flatnonzero(np.isfinite(plp[0]))]
    assert middle.shape[1] in (2, 3)
    np.testing.assert_allclose(middle - expected[:, None], 0, atol=0.01)


def test_rasta_plp_of_two_stationary_sounds_is_the_same():
    periods = [np.random.default_rng(k).standard_normal(160) for k in range(2)]
    one, other = (values_of("rasta_plp", np.tile(x, 100)) for x in periods)
    np.testing.assert_allclose(one, other, atol=1e-5)
    expected = auditory_cepstrum(np.ones((len(centres(SR)), 1)), SR)
    np.testing.assert_allclose(one[:, 50:51], expected, atol=1e-5)


def test_rasta_plp_ignores_a_constant_filter_and_plp_does_not():
    y = speech_like()
    filtered = scipy.signal.lfilter([1, -0.95], [1], y)
    changes = {}
    for family in ("plp", "rasta_plp"):
        before, after = values_of(family, y)[1:], values_of(family, filtered)[1:]
        changes[family] = np.sqrt(np.mean((after - before) ** 2)) / np.std(before)
    assert changes["rasta_plp"] < 0.1 < 0.9 < changes["plp"]


# Power-normalised cepstra


@pytest.mark.parametrize("sr", [8000, 16000, 22050])
def test_pncc_follows_the_paper(sr):
    y = speech_like(sr)
    np.testing.assert_allclose(values_of("pncc", y, sr), paper_cepstra.pncc(y, sr), atol=2e-3)


def test_pncc_of_a_stationary_flat_spectrum_is_that_of_the_pre_emphasis():
    sr, hz = 22050, np.arange(2049) * 22050 / 4096
    gain = gammatone_weights(40, 4096, sr) @ np.abs(1 - 0.97 * np.exp(-2j * np.pi * hz / sr)) ** 2
    expected = scipy.fft.dct((gain / gain.mean()) ** (1 / 15), norm="ortho")[:4]
    np.testing.assert_allclose([5.8393, -0.7387, -0.0220, -0.0800], expected, atol=1e-4)
    pncc = values_of("pncc", FAMILIES["pncc"].reference_cases[0].signal(sr), sr)
    assert np.abs(pncc[:4] - expected[:, None]).max() < 0.02


def test_pncc_with_a_pause_of_digital_silence_is_defined():
    y = speech_like()
    y[8000:12000] = 0
    assert np.isfinite(values_of("pncc", y)).all()
    assert np.isfinite(values_of("pncc", np.append(np.zeros(8000), y))).all()


# Linear-frequency cepstra


def test_lfcc_is_the_cosine_transform_of_linear_bands():
    y = synthesis.clip(synthesis.STYLES["rock"], np.random.default_rng(1))[: 2 * SR]
    padded = np.pad(y.astype(np.float64), 1024)
    x = np.lib.stride_tricks.sliding_window_view(padded, 2048)[::512]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    power = np.abs(np.fft.rfft(x * window, axis=1)).T ** 2
    edges, hz = np.linspace(0, SR / 2, 42), np.arange(1025) * SR / 2048
    bands = [np.interp(hz, edges[k : k + 3], [0, 1, 0]) @ power for k in range(40)]
    levels = 10 * np.log10(np.maximum(bands, 1e-10))
    expected = scipy.fft.dct(levels, axis=0, norm="ortho")[:20]
    np.testing.assert_allclose(values_of("lfcc", y), expected, atol=2e-3)


@pytest.mark.parametrize("k", [2, 5, 9])
def test_lfcc_of_an_echo_has_a_peak_at_its_delay(k):
    """An echo after k / sr' seconds makes a cosine in the logarithm of the spectrum."""
    delay = round(k * 41 / 40)  # samples: k half periods from band to band up to sr / 2
    y = signals.noise(SR, duration=3.0)
    echo = y.copy()
    echo[delay:] += 0.3 * y[:-delay]
    change = np.mean(values_of("lfcc", echo) - values_of("lfcc", y), axis=1)
    assert np.argmax(np.abs(change[1:])) + 1 == delay
    # ln |1 + g e^-jw|² = 2 g cos(w) + ..., and the basis has the norm sqrt(n / 2)
    expected = 10 / np.log(10) * 2 * 0.3 * np.sqrt(40 / 2)
    assert change[delay] == pytest.approx(expected, rel=0.15)


# Linear prediction


def test_linear_prediction_follows_the_definition():
    y = speech_like()
    expected = paper_cepstra.linear_prediction(y)
    for family, tolerance in (("lpc", 1e-3), ("lpcc", 1e-3), ("lsf", 0.5)):
        actual = values_of(family, y)
        np.testing.assert_allclose(actual, expected[family], rtol=1e-3, atol=tolerance)


def test_the_coefficients_of_an_autoregressive_process_are_recovered():
    a = np.real(np.poly([0.9 * np.exp(0.4j), 0.9 * np.exp(-0.4j), -0.7, 0.5]))
    noise = np.random.default_rng(3).standard_normal(30 * SR)
    y = 0.01 * scipy.signal.lfilter([1], a, noise)
    lpc = values_of("lpc", y, pre_emphasis=0)
    np.testing.assert_allclose(np.mean(lpc[:4], axis=1), a[1:], atol=0.05)
    np.testing.assert_allclose(np.mean(lpc[4:12], axis=1), 0, atol=0.05)


def test_frames_shorter_than_the_order_are_refused():
    for family in ("lpc", "lpcc", "lsf"):
        with pytest.raises(featkit.ParameterError, match="order must be below the 10 samples"):
            values_of(family, signals.noise(400), 400)
    with pytest.raises(featkit.ParameterError, match="order must be below 11"):
        values_of("plp", signals.noise(3000), 3000)


@settings(max_examples=10, deadline=None)
@given(st.floats(1e-4, 1e3), st.integers(0, 100))
def test_the_gain_changes_the_first_coefficient_only(gain, seed):
    y = signals.noise(SR, duration=0.3, seed=seed) + signals.sine(700.0, SR, duration=0.3)
    shifts = {"lpcc": 2 * np.log(gain), "plp": 2 / 3 * np.log(gain), "rasta_plp": 0, "pncc": 0}
    for family, shift in shifts.items():
        change = values_of(family, gain * y) - values_of(family, y)
        np.testing.assert_allclose(change[0], shift, atol=1e-3, err_msg=family)
        np.testing.assert_allclose(change[1:], 0, atol=1e-3, err_msg=family)
    for family in ("lpc", "lsf"):
        np.testing.assert_allclose(
            values_of(family, gain * y), values_of(family, y), rtol=1e-3, atol=1e-3
        )
