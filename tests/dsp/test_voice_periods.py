"""Periods, perturbation, harmonics-to-noise ratio and smoothing, against known values."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from numpy.testing import assert_allclose

from featkit import signals
from featkit.dsp import disk_array
from featkit.dsp.segments import Segments
from featkit.dsp.smoothing import smoothed
from featkit.dsp.speech_hnr import speech_hnr
from featkit.dsp.speech_pitch import HOP, speech_pitch
from featkit.dsp.voice_periods import local_perturbation, region_periods

SR = 16000
START = 0.0137  # seconds; pulses are not at the beginnings of frames


def pulses(periods, amplitudes, sr=SR, decay=500):
    """Decaying tones that begin one period after the other, at any time between samples."""
    begins = START + np.concatenate([[0], np.cumsum(periods)])[:-1]
    y = np.zeros(int((begins[-1] + 0.02) * sr))
    for begin, amplitude in zip(begins, amplitudes, strict=True):
        first = int(np.ceil(begin * sr))
        t = np.arange(first, min(len(y), first + int(0.02 * sr))) / sr - begin
        y[first : first + len(t)] += amplitude * np.exp(-decay * t) * np.sin(2 * np.pi * 700 * t)
    return (0.3 * y).astype(np.float32)


def perturbation_of(y, sr=SR):
    pitch = speech_pitch([y], sr)
    return local_perturbation(y, sr, pitch.f0, pitch.frames.starts(0), HOP)


def frames_of(f0, count, sr=SR):
    """A constant pitch and the frames that have it."""
    return np.full(count, f0), np.arange(count) * sr // 100


@pytest.mark.parametrize("f0", [90.0, 150.0, 280.0])
def test_a_perfect_voice_has_neither_jitter_nor_shimmer(f0):
    n = int(f0)
    y = pulses(np.full(n, 1 / f0), np.ones(n))
    jitter, shimmer = perturbation_of(y)
    for values, most in ((jitter, 1e-3), (shimmer, 0.3)):  # except in the frame of the onset
        assert np.sort(values[~np.isnan(values)])[-2] < most
    assert np.nanmean(jitter) < 2e-4
    assert np.nanmean(shimmer) < 0.1
    begins = np.arange(1, 90) * SR // 100
    table = region_periods(y, np.full(89, SR / f0), begins, begins + SR // 100)
    assert_allclose(table[2:-2, 1], SR / f0, rtol=2e-3)


@pytest.mark.parametrize("deviation", [0.005, 0.01, 0.02])
def test_jitter_is_that_of_the_pulses(deviation):
    rng = np.random.default_rng(0)
    periods = 0.008 * (1 + deviation * rng.uniform(-1, 1, 600))
    expected = np.mean(np.abs(np.diff(periods))) / np.mean(periods)
    jitter, _ = perturbation_of(pulses(periods, np.ones(600), decay=2000))
    assert np.nanmean(jitter) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("deviation", [0.01, 0.03])
def test_jitter_of_alternating_periods(deviation):
    periods = 0.006 * (1 + deviation / 2 * np.tile([1, -1], 200))
    jitter, _ = perturbation_of(pulses(periods, np.ones(400), decay=1200))
    assert np.nanmean(jitter) == pytest.approx(deviation, rel=0.02)


@pytest.mark.parametrize("deviation", [0.03, 0.1])
def test_shimmer_is_that_of_the_pulses(deviation):
    rng = np.random.default_rng(0)
    amplitudes = 1 + deviation * rng.uniform(-1, 1, 400)
    expected = 20 * np.log10(1 + np.mean(np.abs(np.diff(amplitudes))) / np.mean(amplitudes))
    _, shimmer = perturbation_of(pulses(np.full(400, 0.01), amplitudes, decay=800))
    assert np.nanmean(shimmer) == pytest.approx(expected, rel=0.02)


def test_one_odd_period_changes_the_frames_in_which_it_ends():
    periods = np.full(100, 0.008)
    periods[50] *= 1.03
    y = pulses(periods, np.ones(100))
    f0, starts = frames_of(125.0, 70)
    jitter, _ = local_perturbation(y, SR, f0, starts, HOP)
    odd = np.flatnonzero(jitter > 0.01)
    assert 1 <= len(odd) <= 2
    assert np.all(np.abs(odd - (START + periods[:51].sum()) / HOP) < 2)
    assert jitter[odd].sum() == pytest.approx(0.06 / 1.2, rel=0.25)


def test_shimmer_is_at_most_6_decibels():
    y = np.concatenate([0.01 * np.ones(80), 0.9 * np.ones(80)] * 20) * signals.sine(
        200.0, SR, 0.2, amplitude=1.0
    )
    f0, starts = frames_of(200.0, 14)
    _, shimmer = local_perturbation(y.astype(np.float32), SR, f0, starts, HOP)
    assert np.nanmax(shimmer) == pytest.approx(20 * np.log10(2))


def test_noise_has_no_perturbation():
    jitter, shimmer = perturbation_of(signals.noise(SR))
    assert np.isnan(jitter).all()
    assert np.isnan(shimmer).all()


@pytest.mark.parametrize("y", [np.zeros(SR, np.float32), np.full(SR, 0.3, np.float32)])
def test_a_constant_has_no_perturbation(y):
    for values in local_perturbation(y, SR, *frames_of(150.0, 50), HOP):
        assert np.isnan(values).all()


def test_frames_without_periods_keep_the_values_before():
    """The pitch is wrong for ten frames: there, no lag near it is a maximum."""
    rng = np.random.default_rng(1)
    y = pulses(0.008 * (1 + 0.01 * rng.uniform(-1, 1, 100)), np.ones(100))
    f0, starts = frames_of(125.0, 60)
    f0[30:40] = 95.0
    for values in local_perturbation(y, SR, f0, starts, HOP):
        assert len(np.unique(values[31:39])) == 1
        assert len(np.unique(values[10:29])) > 10


def test_regions_are_apart():
    gap = np.zeros(SR // 5, np.float32)
    y = np.concatenate([signals.sine(200.0, SR, 0.3), gap, signals.sine(150.0, SR, 0.3)])
    jitter, shimmer = perturbation_of(y)
    voiced = ~np.isnan(speech_pitch([y], SR).f0)
    assert np.isnan(jitter[~voiced]).all()
    assert np.nanmedian(jitter) < 1e-3
    assert np.nanmax(jitter) < 0.05  # 0.28 from the last period of 5 ms to the first of 6.7 ms
    assert np.nanmedian(shimmer) < 0.05


def test_periods_do_not_depend_on_the_pieces_that_are_read(monkeypatch):
    y = pulses(np.full(150, 0.0063), np.linspace(0.5, 1, 150))
    whole = perturbation_of(y)
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", 500)
    assert_allclose(perturbation_of(y), whole, rtol=1e-12)


@pytest.mark.parametrize("snr", [20.0, 10.0, 0.0])
@pytest.mark.parametrize("f0", [100.0, 200.0])
def test_the_ratio_is_that_of_tone_and_noise_after_the_window(f0, snr):
    """The window's own autocorrelation after a period T is exp(-(T / 24 ms)²)."""
    amplitude = 0.2
    noise = signals.noise(SR, 4.0, amplitude=amplitude / np.sqrt(2) / 10 ** (snr / 20))
    tone = signals.sine(f0, SR, 4.0, amplitude)
    pitch = speech_pitch([tone], SR)
    pitch = pitch._replace(frames=speech_pitch([tone + noise], SR).frames)
    r = np.exp(-((1 / f0 / 0.024) ** 2)) / (1 + 10 ** (-snr / 10))
    expected = 10 * np.log10(r / (1 - r))
    assert np.median(speech_hnr(pitch)) == pytest.approx(expected, abs=0.8)


def test_a_clean_tone_has_the_ratio_of_the_window():
    pitch = speech_pitch([signals.sine(250.0, SR)], SR)
    r = np.exp(-((4 / 24) ** 2))
    assert_allclose(speech_hnr(pitch), 10 * np.log10(r / (1 - r)), atol=0.1)


def test_smoothing_averages_three_frames_and_does_not_cross_clips():
    values = np.array([1.0, 2.0, 6.0, 10.0, 20.0])
    got = smoothed(values, Segments([3, 2]))
    assert_allclose(got, [4 / 3, 3, 14 / 3, 40 / 3, 50 / 3])


def test_smoothing_with_a_mask_leaves_out_unvoiced_frames():
    values = np.array([np.nan, 2.0, 6.0, np.nan, 9.0, np.nan])
    mask = ~np.isnan(values)
    got = smoothed(values, Segments([6]), mask)
    assert_allclose(got, [np.nan, 4, 4, np.nan, 9, np.nan])
    rows = smoothed(np.stack([values, 2 * values]), Segments([6]), mask)
    assert_allclose(rows, [got, 2 * got])


@needs_core
def test_the_core_finds_the_periods_and_ratios_of_numpy():
    rng = np.random.default_rng(3)
    y = pulses(0.007 * (1 + 0.02 * rng.standard_normal(200)), 1 + 0.1 * rng.standard_normal(200))
    y = y + signals.noise(SR, len(y) / SR, amplitude=0.003)[: len(y)]

    def values():
        pitch = speech_pitch([y], SR)
        return np.concatenate([*perturbation_of(y), speech_hnr(pitch)])

    by_core = assert_same_bits_everywhere(values)
    with without_core():
        assert_allclose(by_core, values(), rtol=1e-9, atol=1e-9)
