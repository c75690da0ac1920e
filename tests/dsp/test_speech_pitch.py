"""Pitch of speech: tones and voices whose pitch is known, by NumPy and by the compiled core."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from scipy.integrate import trapezoid

from featkit import signals
from featkit.dsp.pitch_path import CHANGE, PER_OCTAVE, best_path
from featkit.dsp.speech_pitch import speech_pitch
from featkit.dsp.subharmonic_summation import (
    N_CANDIDATES,
    Candidates,
    candidates,
    frame_length,
    log_axis,
    pitch_window,
)
from featkit.errors import ParameterError

SR = 16000


def voice(f0, sr=SR, duration=1.0, harmonics=20, slope=-6.0):
    """A complex whose harmonics fall by some dB per octave."""
    t = signals.time(sr, duration)
    orders = [k for k in range(1, harmonics + 1) if k * f0 < sr / 2]
    tones = [10 ** (slope * np.log2(k) / 20) * np.cos(2 * np.pi * k * f0 * t + k) for k in orders]
    return (0.1 * np.sum(tones, axis=0)).astype(np.float32)


def mixture():
    """Voices of changing pitch, noise, silence and a tone."""
    rng = np.random.default_rng(1)
    parts = [voice(f0, duration=0.25, slope=rng.uniform(-12, 0)) for f0 in (90, 130, 200, 310, 650)]
    for place in (1, 3):
        parts.insert(place, signals.noise(SR, 0.15, seed=place))
    parts.insert(4, signals.constant(SR, 0.1, 0.0))
    y = np.concatenate([*parts, signals.sine(440.0, SR, 0.2)])
    return y + signals.noise(SR, len(y) / SR, amplitude=1e-3)


@pytest.mark.parametrize("sr", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize("f0", [70.0, 110.0, 220.0, 440.0, 880.0])
def test_the_pitch_of_a_voice_is_found_at_any_rate(f0, sr):
    pitch = speech_pitch([voice(f0, sr, 0.3)], sr)
    assert pitch.voiced.all()
    assert np.abs(12 * np.log2(pitch.f0 / f0)).max() < 0.2


@pytest.mark.parametrize("slope", [-12.0, 0.0, 6.0])
def test_the_balance_of_harmonics_does_not_change_the_octave(slope):
    pitch = speech_pitch([voice(150.0, slope=slope, harmonics=12)], SR)
    assert np.abs(12 * np.log2(pitch.f0 / 150)).max() < 0.2


def test_a_missing_fundamental_is_heard():
    t = signals.time(SR, 0.5)
    y = np.sum([0.05 * np.cos(2 * np.pi * 200 * k * t) for k in range(3, 9)], axis=0)
    pitch = speech_pitch([y.astype(np.float32)], SR)
    assert np.abs(12 * np.log2(pitch.f0 / 200)).max() < 0.3


def test_a_glide_is_followed():
    t = signals.time(SR, 1.0)
    phase = 2 * np.pi * np.cumsum(100 * 2**t) / SR
    y = np.sum([0.05 * np.cos(k * phase) for k in range(1, 11)], axis=0)
    pitch = speech_pitch([y.astype(np.float32)], SR)
    expected = 100 * 2 ** pitch.frames.times(0)
    assert np.abs(12 * np.log2(pitch.f0 / expected)).max() < 0.3


def test_noise_and_silence_are_unvoiced():
    clips = [signals.noise(SR), signals.constant(SR, value=0.0), signals.constant(SR)]
    pitch = speech_pitch(clips, SR)
    assert not pitch.voiced.any()


def test_frames_quieter_than_60_db_below_full_scale_are_unvoiced():
    window = pitch_window(frame_length(SR)).astype(np.float64)
    level = np.sqrt(1e-6 / np.mean(window**2))  # of a frame at the limit, before the window
    tone = signals.sine(250.0, SR, 0.3, amplitude=np.sqrt(2) * level)
    pitch = speech_pitch([tone * np.float32(1.02), tone * np.float32(0.98)], SR)
    loud, quiet = pitch.segments
    assert pitch.voiced[loud].all()
    assert not pitch.voiced[quiet].any()


def test_a_burst_is_voiced_where_the_middles_of_frames_are():
    y = np.where(np.abs(signals.time(SR, 1.0) - 0.5) < 0.2, voice(180.0), 0).astype(np.float32)
    pitch = speech_pitch([y + signals.noise(SR, 1.0, amplitude=1e-4)], SR)
    times = pitch.frames.times(0)[pitch.voiced]
    assert times.min() == pytest.approx(0.3, abs=0.021)
    assert times.max() == pytest.approx(0.7, abs=0.021)


def test_short_clips_have_an_unvoiced_frame_and_low_rates_are_refused():
    pitch = speech_pitch([voice(200.0)[:100], voice(200.0)], SR)
    assert pitch.segments.lengths.tolist() == [1, 95]
    assert pitch.voiced.tolist() == [False] + [True] * 95
    with pytest.raises(ParameterError, match="above 2000 Hz"):
        speech_pitch([voice(200.0)], 2000)


def test_the_axis_interpolates_as_a_cubic_spline():
    from scipy.interpolate import CubicSpline

    axis = log_axis(SR, 1024)
    spectrum = np.random.default_rng(0).uniform(0, 1, 513)
    smooth = np.convolve(np.pad(spectrum, 1, mode="reflect"), [0.25, 0.5, 0.25], mode="valid")
    hz = 25 * 2 ** (axis.step * np.arange(513))
    assert hz[-1] == pytest.approx(SR / 2)
    loudness = 0.5 + np.arctan(3 * np.log2(hz / 33)) / np.pi
    bins = np.arange(-20, 533)
    mirrored = np.pad(smooth, 20, mode="reflect")
    expected = loudness * CubicSpline(bins, mirrored)(hz * 1024 / SR)
    got = (axis.bank @ spectrum.astype(np.float32)[:, None])[:, 0]
    np.testing.assert_allclose(got, expected, atol=2e-5)


def test_the_strength_of_a_sine_is_that_of_the_definition():
    """It has 15 equal lobes on the axis, at f / n, and the highest has weight 1."""
    frequency, strength, _ = candidates(signals.sine(400.0, SR, 0.06)[None], SR)
    bins = np.fft.rfftfreq(1024, 1 / SR)
    width = 0.012 * 2 * np.pi  # the window's transform has a deviation of 1 / width Hz
    lobe = np.exp(-0.5 * ((bins - 400) * width) ** 2)
    lobe[np.abs(bins - bins[lobe.argmax()]) > 2.5 * SR / 1024] = 0
    lobe = np.convolve(lobe, [0.25, 0.5, 0.25], mode="same")
    octaves = np.log2(bins[1:] / 25)
    area = trapezoid(lobe[1:], octaves) / np.log2(SR / 2 / 25)
    expected = 1 - area * np.sum(0.85 ** np.arange(15)) / lobe.max()
    assert frequency[0, 0] == pytest.approx(400, abs=1)
    assert strength[0, 0] == pytest.approx(expected, abs=0.01)
    assert (np.diff(strength[:, 0]) <= 0).all()


def path_of(frequency, strength):
    frequency, strength = (np.array(values, float).T for values in (frequency, strength))
    return best_path(Candidates(frequency, strength, np.ones(frequency.shape[1])))


def test_the_path_prefers_a_steady_pitch_to_a_slightly_stronger_octave():
    frequency = [[100, 200]] * 4 + [[200, 100]] + [[100, 200]] * 4
    strength = [[0.85, 0.8]] * 4 + [[0.84, 0.83]] + [[0.85, 0.8]] * 4
    assert path_of(frequency, strength).tolist() == [100.0] * 9


def test_the_path_bridges_a_weak_frame_but_not_an_empty_one():
    strength = [[0.9]] * 3 + [[0.68]] + [[0.9]] * 3
    assert path_of([[120]] * 7, strength).tolist() == [120.0] * 7
    frequency = [[120]] * 3 + [[0]] + [[120]] * 3
    strength[3] = [0.0]
    assert np.isnan(path_of(frequency, strength)).tolist() == [False] * 3 + [True] + [False] * 3


def test_an_isolated_weak_frame_is_unvoiced():
    frequency = [[0]] * 3 + [[150]] + [[0]] * 3
    strength = [[0.0]] * 3 + [[0.72]] + [[0.0]] * 3
    assert np.isnan(path_of(frequency, strength)).all()
    assert 2 * CHANGE > PER_OCTAVE  # a jump of an octave is cheaper than an interruption


@needs_core
def test_the_core_has_the_bits_of_numpy():
    y = mixture()
    by_core = assert_same_bits_everywhere(lambda: speech_pitch([y], SR).f0)
    with without_core():
        by_numpy = speech_pitch([y], SR).f0
    np.testing.assert_array_equal(by_core, by_numpy)
    assert 0.1 < np.mean(np.isnan(by_core)) < 0.5


@needs_core
@pytest.mark.parametrize("length", [960, 33, 2])
@pytest.mark.parametrize("frames", [1, 3, 17])
def test_candidates_of_any_number_of_frames_are_those_of_numpy(frames, length):
    x = np.random.default_rng(length).standard_normal((frames, length)).astype(np.float32)
    got = assert_same_bits_everywhere(
        lambda: np.concatenate([v.ravel() for v in candidates(x, SR)])
    )
    with without_core():
        expected = np.concatenate([v.ravel() for v in candidates(x, SR)])
    np.testing.assert_array_equal(got, expected)
    assert got.shape == ((2 * N_CANDIDATES + 1) * frames,)
