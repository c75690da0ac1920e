"""Landmarks: peaks at known places, and the same hashes whatever level, offset and noise."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.dsp.landmarks import HOP, N_FFT, SR, TICK, hashes_of_peaks, landmarks, peaks


def noise(seconds=3.0, seed=0):
    y = np.random.default_rng(seed).standard_normal(round(seconds * SR))
    return y.astype(np.float32)


def tone_bursts(times, frequencies, seconds=2.0):
    """Short tones, each with a Gaussian envelope of 20 ms around its time."""
    t = np.arange(round(seconds * SR)) / SR
    bursts = [
        np.exp(-0.5 * ((t - time) / 0.02) ** 2) * np.cos(2 * np.pi * frequency * (t - time))
        for time, frequency in zip(times, frequencies, strict=True)
    ]
    return np.sum(bursts, axis=0).astype(np.float32)


def shared(first, second, offset):
    """Number of landmarks with the same hash at an offset in seconds, within a tick."""
    pairs = {(h, round(t / TICK)) for h, t in zip(*first, strict=True)}
    own = [(h, round((t - offset) / TICK)) for h, t in zip(*second, strict=True)]
    return sum(any((h, t + k) in pairs for k in (-1, 0, 1)) for h, t in own)


def test_peaks_are_at_the_centres_of_bursts():
    times, frequencies = [0.3, 0.81, 1.407], [500.0, 1500.0, 2750.0]
    found, bins = peaks(tone_bursts(times, frequencies))
    strong = [np.flatnonzero(np.abs(bins * SR / N_FFT - f) < SR / N_FFT) for f in frequencies]
    centre = [found[k[0]] + N_FFT / 2 / SR for k in strong]
    assert centre == pytest.approx(times, abs=0.004)  # a quarter of a hop of 16 ms


def test_a_landmark_counts_frequencies_and_steps_of_time_only():
    times, bins = np.array([0, 80, 160, 400]), np.array([20, 60, 30, 99])
    hashes, anchors = hashes_of_peaks(times, bins)
    shifted, later = hashes_of_peaks(times + 8000, bins)
    assert len(hashes) == 5  # one of four peaks; three of the first anchor, one of the second
    assert shifted.tolist() == hashes.tolist()
    assert (later - anchors).tolist() == [8000] * 5
    other, _ = hashes_of_peaks(times, np.array([20, 60, 30, 98]))
    assert len(set(hashes.tolist()) & set(other.tolist())) == 1


@settings(max_examples=25)
@given(gain=st.floats(1e-12, 1e12), inverted=st.booleans())
def test_landmarks_do_not_depend_on_level_and_polarity(gain, inverted):
    y = noise(0.5)
    hashes, times = landmarks(y)
    other, other_times = landmarks((-1 if inverted else 1) * np.float32(gain) * y)
    assert np.mean(np.isin(hashes, other)) > 0.99  # rounding may move a tie
    assert len(other_times) == pytest.approx(len(times), rel=0.01)


@pytest.mark.parametrize("samples", [1, HOP // 2, 1701, 13600])
def test_noise_is_recognised_at_any_offset(samples):
    y = noise()
    first, second = landmarks(y), landmarks(y[samples:])
    assert shared(second, first, samples / SR) > 0.05 * len(second[0])
    assert shared(landmarks(noise(seed=1)), first, samples / SR) == 0


def test_landmarks_survive_noise_and_resampling():
    y = noise()
    rough = soxr.resample(soxr.resample(y, SR, 22050), 22050, SR)
    noisy = y + 10**-0.5 * noise(seed=2)
    assert shared(landmarks(y), landmarks(rough), 0) > 0.6 * len(landmarks(y)[0])
    assert shared(landmarks(y), landmarks(noisy), 0) > 30


@pytest.mark.parametrize("length", [0, 1, 2, N_FFT, N_FFT + 1])
@pytest.mark.parametrize("value", [0.0, 1.0, -1e30])
def test_short_and_constant_signals_have_valid_landmarks(length, value):
    hashes, times = landmarks(np.full(length, value, np.float32))
    assert hashes.dtype == np.uint32
    assert len(hashes) == len(times)
    assert np.all(np.isfinite(times))


def test_silence_has_no_landmarks():
    assert not len(landmarks(np.zeros(3 * SR, np.float32))[0])


def test_hashes_ascend_and_repeat_at_most_three_times():
    t = np.arange(10 * SR) / SR
    ticking = np.sin(2 * np.pi * 700 * t) * (t % 0.5 < 0.1)
    hashes, _ = landmarks((ticking + 1e-3 * noise(10)).astype(np.float32))
    assert np.all(np.diff(hashes.astype(np.int64)) >= 0)
    assert np.unique(hashes, return_counts=True)[1].max() <= 3
