"""Pitch, harmonics and tempograms by the compiled core: as by NumPy, in any variant."""

import platform

import numpy as np
import pytest
from compiled_core import needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from featkit import signals
from featkit.dsp import _compiled, synthesis
from featkit.dsp.autocorrelation import SILENT, sinc_columns
from featkit.dsp.filters import roots_of_unity
from featkit.dsp.harmonics import TOLERANCE, harmonic_shares
from featkit.dsp.pitch import PitchParameters, yin
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import ROUNDING, mean_tempograms
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

core = _compiled.core
pytestmark = needs_core
VARIANTS = core.supported_variants() if core else []
EXACT = platform.machine() in ("x86_64", "AMD64")  # elsewhere, SciPy may round products once less

SR = 22050
SONG = synthesis.clip(synthesis.STYLES["swing"], np.random.default_rng(2))[: 3 * SR]
RNG = np.random.default_rng(0)


@pytest.fixture(params=VARIANTS)
def variant(request):
    core.use_variant(request.param)
    yield request.param
    core.use_variant(VARIANTS[-1])


def by_numpy(function, *arguments):
    with without_core():
        return function(*arguments)


def in_every_variant(function, *arguments):
    """The result of every variant; the best one is in use afterwards."""
    results = []
    for name in VARIANTS:
        core.use_variant(name)
        results.append(function(*arguments))
    return results


def assert_same(ours, theirs, rtol=1e-3):
    if EXACT:
        np.testing.assert_array_equal(ours, theirs)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=rtol)


CLIPS = {
    "a song": [SONG],
    "a glide": [np.sin(2 * np.pi * np.cumsum(np.geomspace(70, 1900, SR)) / SR).astype(np.float32)],
    "noise": [signals.noise(SR)],
    "a tone after silence": [np.concatenate([np.zeros(SR), signals.sine(200, SR)])],
    "loud": [1e9 * SONG / np.abs(SONG).max()],
    "faint": [1e-13 * SONG],
    "a constant": [signals.constant(SR)],
    "short clips": [SONG[k : k + n] for k, n in RNG.integers(1, 9000, (40, 2))],
    "single samples": [SONG[k : k + 1] for k in range(9000, 9020)],
}


def signal_of(clips, n_fft=2048, hop_length=512):
    clips = [np.asarray(clip, dtype=np.float32) for clip in clips]
    parameters = SpectraParameters(n_fft=n_fft, hop_length=hop_length)
    return next(iter(Stack(clips, SR, parameters).blocks())).signal


@pytest.mark.parametrize("name", CLIPS)
def test_pitches_are_those_of_numpy(variant, name):
    signal = signal_of(CLIPS[name])
    ours = yin(signal, SR, PitchParameters())
    theirs = by_numpy(yin, signal, SR, PitchParameters())
    for values, expected in zip(ours, theirs, strict=True):
        assert_same(values, expected)


@pytest.mark.parametrize(
    ("n_fft", "hop_length"),
    [(2048, 1024), (2048, 2048), (2048, 1536), (2048, 4096), (2048, 300), (4096, 512), (512, 128)],
)
def test_pitches_of_other_frames_are_those_of_numpy(n_fft, hop_length):
    p = PitchParameters(fmin=200)
    signal = signal_of([SONG, SONG[:5000]], n_fft, hop_length)
    theirs = by_numpy(yin, signal, SR, p)
    for ours in in_every_variant(yin, signal, SR, p):
        for values, expected in zip(ours, theirs, strict=True):
            assert_same(values, expected)


def pitch_arguments(**changes):
    """Arguments of a valid call for three frames of three pieces."""
    arguments = {
        "y": SONG[:8192].copy(),
        "starts": np.array([0, 512, 4096]),
        "n_fft": 1536,
        "piece": 512,
        "shortest": 10,
        "longest": 300,
        "threshold": 0.1,
        "silent": SILENT,
        "roots": roots_of_unity(1024),
        "sincs": sinc_columns(),
        **{name: np.empty(3) for name in ("trough", "period", "aperiodicity")},
        "inside": np.empty(3, dtype=bool),
    }
    return [*(arguments | changes).values()]


def test_pitches_of_frames_with_gaps_are_independent_of_each_other():
    arguments = pitch_arguments()
    core.pitch(*arguments)
    for k, start in enumerate((0, 512, 4096)):
        single = {name: np.empty(1) for name in ("trough", "period", "aperiodicity")}
        alone = pitch_arguments(starts=np.array([start]), inside=np.empty(1, dtype=bool), **single)
        core.pitch(*alone)
        assert [x[0] for x in alone[-4:]] == [x[k] for x in arguments[-4:]]


@pytest.mark.parametrize(
    "change",
    [
        {"y": SONG[: 4096 + 1535].copy()},
        {"y": SONG[:8192].astype(np.float64)},
        {"y": SONG[:16384:2]},
        {"starts": np.array([-1, 511, 1023])},
        {"starts": np.array([0, 511, 1023])},
        {"starts": np.array([512, 0, 1024])},
        {"starts": np.array([0, 0, 512])},
        {"starts": np.array([0, 512, 2**62])},
        {"starts": np.array([0, 512])},
        {"n_fft": 0},
        {"n_fft": 1537},
        {"n_fft": 8192 + 512},
        {"n_fft": 2**40},
        {"piece": 0},
        {"piece": 500},
        {"piece": -512},
        {"shortest": 1},
        {"shortest": 299},
        {"longest": 448},
        {"longest": -1},
        {"roots": roots_of_unity(512)},
        {"sincs": sinc_columns()[:-1]},
        {"sincs": sinc_columns().astype(np.float32)},
        {"sincs": np.zeros((2 * 65 + 1, 16))},
        {"period": np.empty(2)},
        {"inside": np.empty(3)},
        {"trough": np.broadcast_to(0.0, 3)},
    ],
)
def test_wrong_arguments_of_pitch_are_refused(change):
    with pytest.raises((ValueError, TypeError, BufferError)):
        core.pitch(*pitch_arguments(**change))


WINDOWS = {"eight seconds": 344, "odd": 31, "two frames": 2, "long": 600}


@pytest.mark.parametrize("window", WINDOWS)
def test_tempograms_are_those_of_numpy(window):
    length = WINDOWS[window]
    strength = RNG.exponential(size=1500).astype(np.float32)
    strength[100:420] = 0
    strength[1000:1020] *= 1e-12
    segments = Segments([1, 99, 320, 700, 20, 360])
    theirs = by_numpy(mean_tempograms, strength, segments, length)
    for ours in in_every_variant(mean_tempograms, strength, segments, length):
        assert_same(ours, theirs)
    assert not ours[2].any()


@given(
    strength=arrays(
        np.float32, st.integers(1, 60), elements=st.sampled_from([0, 0, 0.5, 1, 2**-30, 300])
    ),
    window=st.integers(2, 40),
)
def test_tempograms_of_any_clip_are_by_formula(strength, window):
    """The mean over frames of the autocorrelation, computed sum by sum in float64."""
    [ours] = mean_tempograms(strength, Segments([len(strength)]), window)
    half = window // 2
    ramp = np.arange(half) / half
    x = np.concatenate([strength[0] * ramp, strength, strength[-1] * ramp[::-1]])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    expected = np.zeros(window)
    for frame in range(len(strength)):
        part = x[frame : frame + window] * hann
        if part.any():
            expected += np.correlate(part, part, "full")[window - 1 :] / np.sum(part**2)
    np.testing.assert_allclose(ours, expected / len(strength), atol=ROUNDING)


def tempogram_arguments(**changes):
    arguments = {
        "x": np.ones(60, dtype=np.float32),
        "starts": np.array([0, 20, 28]),
        "clips": np.array([0, 0, 1]),
        "length": 30,
        "window": np.ones(32, dtype=np.float32),
        "roots": roots_of_unity(64),
        "power": np.zeros((2, 33)),
    }
    return [*(arguments | changes).values()]


@pytest.mark.parametrize(
    "change",
    [
        {"starts": np.array([0, 20, 29])},
        {"starts": np.array([-1, 20, 28])},
        {"clips": np.array([0, 0, 2])},
        {"clips": np.array([0, 0, -1])},
        {"clips": np.array([0, 0])},
        {"length": 33},
        {"length": 0},
        {"window": np.ones(30, dtype=np.float32)},
        {"window": np.ones(80, dtype=np.float32)},
        {"roots": roots_of_unity(16)},
        {"roots": roots_of_unity(48)},
        {"power": np.zeros((2, 32))},
        {"power": np.zeros((2, 33), dtype=np.float32)},
    ],
)
def test_wrong_arguments_of_tempogram_are_refused(change):
    core.tempogram(*tempogram_arguments())
    with pytest.raises((ValueError, TypeError)):
        core.tempogram(*tempogram_arguments(**change))


@pytest.mark.parametrize("count", [5, 20, 64, 65])
def test_harmonics_are_those_of_numpy(count):
    power = np.square(RNG.normal(size=(1025, 100))).astype(np.float32)
    power[200:300] = 0
    power[:, :5] = 0
    power[:, 5:8] *= 1e20
    power[:, 8:11] *= 1e-25
    frames = RNG.permutation(100)[:77]
    spacing = RNG.uniform(3, 250, 77)
    spacing[0], spacing[1] = 3.0, 1025.0
    theirs = np.array(by_numpy(harmonic_shares, power, frames, spacing, count))
    first, *others = in_every_variant(harmonic_shares, power, frames, spacing, count)
    np.testing.assert_allclose(np.array(first), theirs, rtol=3e-6, atol=1e-6)
    assert np.isnan(theirs).any()
    assert np.isfinite(theirs).mean() > 0.8
    for ours in others:
        np.testing.assert_array_equal(np.array(ours), np.array(first))
    alone = [harmonic_shares(power, frames[k : k + 1], spacing[k : k + 1], count) for k in (0, 40)]
    np.testing.assert_array_equal(np.array(first)[:, [0, 40]], np.concatenate(alone, axis=1))


def harmonics_arguments(**changes):
    arguments = {
        "power": np.ones((65, 3), dtype=np.float32),
        "bins": 65,
        "frames": np.array([2, 0]),
        "spacing": np.array([3.0, 65.0]),
        "harmonics": 20,
        "tolerance": TOLERANCE,
        "shares": np.empty((6, 2), dtype=np.float32),
    }
    return [*(arguments | changes).values()]


@pytest.mark.parametrize(
    "change",
    [
        {"power": np.ones((65, 3))},
        {"bins": 64},
        {"bins": 0},
        {"frames": np.array([3, 0])},
        {"frames": np.array([-1, 0])},
        {"frames": np.array([1])},
        {"spacing": np.array([2.9, 65.0])},
        {"spacing": np.array([3.0, 65.1])},
        {"spacing": np.array([3.0, np.nan])},
        {"spacing": np.array([3.0, np.inf])},
        {"harmonics": 4},
        {"harmonics": 65},
        {"tolerance": 0.5},
        {"tolerance": np.nan},
        {"shares": np.empty((5, 2), dtype=np.float32)},
    ],
)
def test_wrong_arguments_of_harmonics_are_refused(change):
    core.harmonics(*harmonics_arguments())
    with pytest.raises((ValueError, TypeError)):
        core.harmonics(*harmonics_arguments(**change))
