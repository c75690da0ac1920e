"""Jitter and shimmer against their definitions, and from waveforms with given periods."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.dsp.glottal_pulses import GlottalPulses, voiced_stretches, windows
from featkit.dsp.perturbation import (
    PeriodLimits,
    PeriodParameters,
    jitter,
    pulse_amplitudes,
    shimmer,
)
from featkit.dsp.voice_pitch import VoicePitches
from featkit.errors import ParameterError

SR = 16000.0
WIDE = PeriodLimits(0.0, np.inf, np.inf)
LIMITS = PeriodLimits(0.0001, 0.02, 1.3)

spans = st.lists(st.floats(0.002, 0.025), min_size=6, max_size=40)


def pulses_of(y, sr=SR):
    return GlottalPulses([y], sr, VoicePitches([y], sr))(PeriodParameters())[0]


def mean(values):
    return np.mean(values) if values else np.nan


@settings(deadline=None)
@given(spans)
def test_jitter_equals_its_definition(periods):
    shortest, longest, factor = LIMITS

    def alike(*neighbours):
        return all(
            shortest <= min(a, b) and max(a, b) <= longest and max(a, b) <= factor * min(a, b)
            for a, b in itertools.pairwise(neighbours)
        )

    pulses = np.concatenate([[0.5], 0.5 + np.cumsum(periods)])
    periods = np.diff(pulses).tolist()
    n = len(periods)
    local = mean([abs(a - b) for a, b in itertools.pairwise(periods) if alike(a, b)])
    absolute = {
        width: mean(
            [
                abs(periods[k] - np.mean(periods[k - width // 2 : k + width // 2 + 1]))
                for k in range(width // 2, n - width // 2)
                if alike(*periods[k - width // 2 : k + width // 2 + 1])
            ]
        )
        for width in (3, 5)
    }

    def differ(a, b):
        return max(a, b) > factor * min(a, b)

    counted = [
        own
        for k, own in enumerate(periods)
        if shortest <= own <= longest
        and not (0 < k < n - 1 and differ(periods[k - 1], own) and differ(periods[k + 1], own))
    ]
    values = np.array(
        [local / mean(counted), local, *(absolute[k] / mean(counted) for k in (3, 5))]
    )
    np.testing.assert_allclose(jitter(pulses, LIMITS), values, rtol=1e-6)


@given(spans, st.floats(0.1, 10.0))
def test_relative_jitter_does_not_depend_on_the_scale_of_time(periods, scale):
    pulses = np.cumsum(periods)
    once, scaled = jitter(pulses, WIDE), jitter(scale * pulses, WIDE)
    np.testing.assert_allclose(scaled, once * [1, scale, 1, 1], rtol=1e-6, atol=1e-12)


@given(st.lists(st.floats(0.1, 1.0), min_size=12, max_size=40), st.floats(1e-6, 1e3))
def test_shimmer_does_not_depend_on_the_gain(amplitudes, gain):
    pulses = np.arange(len(amplitudes)) * 0.01
    a = np.array(amplitudes)
    np.testing.assert_allclose(
        shimmer(pulses, gain * a, LIMITS, 1.6),
        shimmer(pulses, a, LIMITS, 1.6),
        rtol=1e-9,
        atol=1e-12,
    )


@given(st.lists(st.floats(0.1, 1.0), min_size=3, max_size=40))
def test_rap_and_apq3_are_a_third_of_the_mean_difference_of_differences(values):
    x = np.array(values)
    differences = np.mean(np.abs(np.diff(x, 2))) / np.mean(x)
    pulses = np.concatenate([[0.0], np.cumsum(x)])
    assert 3 * jitter(pulses, WIDE)[2] == pytest.approx(differences, rel=1e-6, abs=1e-9)
    at = np.arange(len(x)) * 0.01
    assert 3 * shimmer(at, x, WIDE, np.inf)[2] == pytest.approx(differences, rel=1e-9, abs=1e-12)


def test_alternating_amplitudes_have_their_shimmer():
    share, pulses = 0.1, np.arange(50) * 0.01
    a = 1 + share * (-1.0) ** np.arange(50)
    decibels = 20 * np.log10((1 + share) / (1 - share))
    expected = [2 * share, decibels, 4 / 3 * share, 4 / 5 * share, 12 / 11 * share]
    np.testing.assert_allclose(shimmer(pulses, a, LIMITS, 1.6), expected, rtol=1e-9)


def test_pairs_beyond_the_limits_are_left_out():
    periods = np.array([0.01] * 6 + [0.05] + [0.01] * 6 + [0.0101])
    values = jitter(np.concatenate([[0], np.cumsum(periods)]), LIMITS)
    assert values[1] == pytest.approx(0.0001 / 11, rel=1e-6)  # 5 + 6 pairs, one of which differs
    a = np.array([1.0] * 6 + [2.0] * 6)
    assert shimmer(np.arange(12) * 0.01, a, LIMITS, 1.6)[0] == 0
    assert shimmer(np.arange(12) * 0.01, a, LIMITS, 2.1)[0] == pytest.approx(1 / 11 / 1.5)


@pytest.mark.parametrize("count", range(12))
def test_too_few_pulses_give_nan(count):
    pulses = np.arange(count) * 0.01
    defined = np.array([3, 3, 4, 6]) <= count
    np.testing.assert_array_equal(np.isfinite(jitter(pulses, LIMITS)), defined)
    defined = np.array([2, 2, 3, 5, 11]) <= count
    values = shimmer(pulses, np.ones(count), LIMITS, 1.6)
    np.testing.assert_array_equal(np.isfinite(values), defined)


@pytest.mark.parametrize("sr", [16000.0, 22050.0, 44100.0])
@pytest.mark.parametrize(("f0", "share"), [(120.0, 0.01), (120.0, 0.003), (220.0, 0.02)])
def test_random_periods_and_amplitudes_are_measured_from_the_waveform(sr, f0, share):
    rng = np.random.default_rng(1)
    periods = (1 + share * rng.standard_normal(250)) / f0
    peaks = 0.4 * (1 + 0.05 * rng.standard_normal(250))
    y = signals.pulses(periods, sr, peaks)
    places = sr * (periods[0] / 2 + np.cumsum(periods) - periods)
    pulses = pulses_of(y, sr)
    true = np.argmin(np.abs(pulses[:, None] - places), axis=1)
    assert len(np.unique(true)) == len(pulses) >= 240
    assert np.abs(np.diff(pulses) - np.diff(places[true])).max() < 0.05
    amplitudes = pulse_amplitudes(y, pulses, PeriodParameters().limits(sr))
    np.testing.assert_allclose(
        jitter(pulses / sr, LIMITS), jitter(places[true] / sr, LIMITS), rtol=0.005
    )
    inner = np.isfinite(amplitudes)
    np.testing.assert_allclose(
        shimmer(pulses / sr, amplitudes, LIMITS, 1.6),
        shimmer(pulses[inner] / sr, peaks[true][inner], LIMITS, 1.6),
        rtol=0.02,
    )


def test_pulses_lie_in_voiced_stretches_and_one_beyond():
    loud = signals.pulses([1 / 120] * 40, SR)
    y = np.concatenate([np.zeros(4000, np.float32), loud, np.zeros(4000, np.float32), loud])
    pitch = VoicePitches([y], SR)(PeriodParameters())
    stretches = voiced_stretches(pitch, 0)
    assert len(stretches) == 2
    pulses = pulses_of(y)
    near = [
        (pulses > stretch.begin - SR / 90) & (pulses < stretch.end + SR / 90)
        for stretch in stretches
    ]
    assert np.logical_or(*near).all()
    assert (np.diff(pulses) > 0).all()
    assert len(pulses) >= 76


def test_a_pulse_without_a_sample_in_its_window_has_no_amplitude():
    y, pulses = signals.noise(1000.0), 100.5 + 2.0 * np.arange(20)
    limits = PeriodParameters().limits(1000.0)
    assert np.isnan(pulse_amplitudes(y, pulses, limits)).all()  # 0.4 samples to either side
    y = signals.sine(430.0, 1000.0)
    pulses = pulses_of(y, 1000.0)
    amplitudes = pulse_amplitudes(y, pulses, limits)
    assert np.isfinite(amplitudes).any()
    assert np.isnan(amplitudes[1:-1]).any()


def test_windows_beyond_a_clip_are_0():
    y = np.arange(1, 6, dtype=np.float32)
    rows = windows(y, 0.0, np.array([-2, 1, 4, 9]), 3)
    np.testing.assert_array_equal(rows, [[0, 0, 1], [2, 3, 4], [5, 0, 0], [0, 0, 0]])


def test_no_voice_has_no_pulses():
    assert not len(pulses_of(signals.noise(SR)))
    with pytest.raises(ParameterError, match="period_ceiling must be above period_floor"):
        PeriodParameters(period_floor=0.1, period_ceiling=0.01)
