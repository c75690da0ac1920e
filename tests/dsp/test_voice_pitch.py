"""Pitch of a voice: accuracy, voicing, and the best path through the candidates."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.dsp import voice_path
from featkit.dsp.voice_path import Candidates, best_path
from featkit.dsp.voice_pitch import VoicePitches, VoicePitchParameters
from featkit.errors import ParameterError

SR = 16000.0


def f0_of(y, sr=SR, **parameters):
    return VoicePitches([y], sr)(VoicePitchParameters(**parameters)).f0


@pytest.mark.parametrize("sr", [8000.0, 16000.0, 22050.0, 48000.0])
@pytest.mark.parametrize("frequency", [80.3, 121.7, 303.3, 555.5])
def test_a_sine_and_pulses_have_their_frequency(sr, frequency):
    for y in (
        signals.sine(frequency, sr),
        signals.pulses([1 / frequency] * int(frequency), sr),
    ):
        f0 = f0_of(y, sr)
        assert np.isfinite(f0).all()
        np.testing.assert_allclose(f0[2:-2], frequency, rtol=7e-4)


def test_a_glide_is_followed():
    time = signals.time(SR, 1.0)
    y = np.sin(2 * np.pi * (100 * time + 50 * time**2)).astype(np.float32)
    pitch = VoicePitches([y], SR)(VoicePitchParameters())
    times = (pitch.first_times[0] + pitch.hop * np.arange(len(pitch.f0))) / SR
    np.testing.assert_allclose(pitch.f0, 100 + 100 * times, rtol=0.01)


def test_a_silent_half_is_voiceless_and_a_quiet_one_is_by_the_silence_threshold():
    loud = signals.pulses([1 / 120] * 60, SR)
    for gain, voiced in ((0.0, False), (0.01, False), (0.2, True)):
        f0 = f0_of(np.concatenate([loud, np.float32(gain) * loud]))
        middle = len(f0) // 2
        assert np.isfinite(f0[: middle - 5]).all()
        assert (np.isfinite(f0[middle + 5 :]) == voiced).all()
    faint = np.concatenate([loud, np.float32(0.01) * loud])
    assert np.isfinite(f0_of(faint, silence_threshold=0.001)[middle + 5 :]).all()


def test_noise_and_a_constant_are_voiceless():
    assert np.isnan(f0_of(signals.noise(SR, 2.0))).all()
    assert np.isnan(f0_of(signals.constant(SR, value=0.7))).all()
    assert np.isnan(f0_of(signals.constant(SR, duration=0.01))).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(-60, 60))
def test_a_gain_does_not_change_the_pitch(exponent):
    y = signals.pulses([1 / 150] * 40, SR) + signals.noise(SR, 40 / 150, amplitude=0.02)
    np.testing.assert_array_equal(f0_of(y * np.float32(2.0**exponent)), f0_of(y))


def test_an_offset_does_not_change_the_pitch():
    y = signals.pulses([1 / 150] * 40, SR)
    np.testing.assert_allclose(f0_of(y + np.float32(0.5)), f0_of(y), rtol=1e-5)


def test_parameters_are_checked_and_results_are_kept():
    with pytest.raises(ParameterError, match="pitch_ceiling must be above pitch_floor"):
        VoicePitchParameters(pitch_floor=300.0, pitch_ceiling=200.0)
    with pytest.raises(ParameterError, match="time_step"):
        VoicePitchParameters(time_step=1e-5)
    pitches = VoicePitches([signals.sine(200.0, SR)], SR)
    first = pitches(VoicePitchParameters())
    assert pitches(VoicePitchParameters()) is first
    assert pitches(VoicePitchParameters(pitch_floor=100.0)) is not first


def frames_of_candidates():
    frame = st.tuples(
        st.sampled_from([0.0, 0.4, 0.9, 2.5]),
        st.lists(
            st.tuples(st.floats(60, 600), st.floats(0.2, 1.0)), max_size=3, unique_by=lambda c: c[0]
        ),
    )
    return st.lists(frame, min_size=1, max_size=6)


def batch_of(frames):
    numbered = [(k, *pitch) for k, (_, pitches) in enumerate(frames) for pitch in pitches]
    frame, f0, strength = (np.array(column) for column in zip(*numbered, strict=True))
    return Candidates(np.array([voiceless for voiceless, _ in frames]), frame, f0, strength)


def score_of(path, jump_cost, voicing_cost):
    """Sum of the strengths of a path of (pitch, strength), less its costs; 0 Hz is voiceless."""
    score = sum(strength for _, strength in path)
    for (before, _), (after, _) in itertools.pairwise(path):
        if before and after:
            score -= jump_cost * abs(np.log2(before / after))
        elif before or after:
            score -= voicing_cost
    return score


@settings(max_examples=150, deadline=None)
@given(frames_of_candidates(), st.floats(0, 1), st.floats(0, 0.5))
def test_the_path_is_the_best_of_all_paths(frames, jump_cost, voicing_cost):
    choices = [[(0.0, voiceless), *pitches] for voiceless, pitches in frames]
    best = max(score_of(path, jump_cost, voicing_cost) for path in itertools.product(*choices))
    if not any(pitches for _, pitches in frames):
        return
    f0 = best_path([batch_of(frames)], len(frames), jump_cost=jump_cost, voicing_cost=voicing_cost)
    strengths = [dict(options) for options in choices]
    path = [(f, s[f]) for f, s in zip(np.nan_to_num(f0).tolist(), strengths, strict=True)]
    assert score_of(path, jump_cost, voicing_cost) == pytest.approx(best, abs=1e-9)


def test_the_path_is_the_same_in_small_batches(monkeypatch):
    y = np.concatenate([signals.pulses([1 / 120] * 60, SR), signals.noise(SR, 0.5)] * 4)
    y += signals.noise(SR, len(y) / SR, amplitude=0.03, seed=1)
    whole = f0_of(y)
    assert 0.2 < np.mean(np.isfinite(whole)) < 0.9
    monkeypatch.setattr(voice_path, "PENDING_FRAMES", 7)
    monkeypatch.setattr("featkit.dsp.disk_array.PIECE_SAMPLES", 3000)
    np.testing.assert_array_equal(f0_of(y), whole)


def test_a_long_sound_without_a_voiceless_frame_is_solved_in_a_few_parts(monkeypatch):
    joined = []
    join = voice_path._joined
    monkeypatch.setattr(voice_path, "PENDING_FRAMES", 10)
    monkeypatch.setattr(voice_path, "_joined", lambda parts: (joined.append(parts), join(parts))[1])
    batches = [batch_of([(0.4, [(200.0, 0.9), (100.0, 0.8)])] * 5) for _ in range(400)]
    f0 = best_path(batches, 2000, jump_cost=0.3, voicing_cost=0.1)
    np.testing.assert_array_equal(f0, np.full(2000, 200.0))
    assert len(joined) < 12  # not 400: the time would grow with the square of the duration
