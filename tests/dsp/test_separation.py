"""Harmonic and percussive parts are those of librosa, for any blocks of frames."""

import librosa
import numpy as np
import pytest
import reference_values
from hypothesis import given, settings
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.dsp import separation, synthesis
from featkit.dsp.separation import SeparationParameters
from featkit.errors import ParameterError
from featkit.features.spectra import stack as stack_module
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050
USUAL = SeparationParameters()


def music(style="rock", seconds=6.0):
    y = synthesis.clip(synthesis.STYLES[style], np.random.default_rng(2))
    return y[: round(seconds * SR)]


def waveforms(clips, p=USUAL, **cut):
    """Both parts of each clip: ``(2, samples)``."""
    stack = Stack(clips, SR, SpectraParameters(**cut))
    parts = [block.separation.waveforms(p) for block in stack.blocks()]
    rows = np.concatenate(parts, axis=1)
    return [
        rows[:, own].reshape(2, -1)[:, : len(clip)]
        for own, clip in zip(stack.segments, clips, strict=True)
    ]


def energies(clips, p=USUAL):
    stack = Stack(clips, SR, SpectraParameters())
    return np.concatenate([block.separation.energies(p) for block in stack.blocks()], axis=1)


def assert_near(ours, theirs):
    apart, scale = np.abs(ours - theirs).max(axis=1), np.abs(theirs).max(axis=1)
    assert (apart <= 1e-5 * scale + 1e-7).all()


CLIPS = {
    "music": music(),
    "short music": music("house", 0.5),
    "noise": signals.noise(SR, duration=1.3),
    "clicks": signals.clicks(140, SR, duration=3.0),
    "one frame": signals.noise(SR, duration=0.01),
    "fades into silence": np.concatenate([music("swing", 1.0), np.zeros(SR, np.float32)]),
}


@pytest.mark.parametrize("pad_mode", ["constant", "reflect"])
@pytest.mark.parametrize("name", CLIPS)
def test_waveforms_are_those_of_librosa(name, pad_mode):
    (ours,) = waveforms([CLIPS[name]], pad_mode=pad_mode)
    assert_near(ours, reference_values.hpss(CLIPS[name], pad_mode=pad_mode))


def test_waveforms_are_those_of_librosa_effects():
    (ours,) = waveforms([music()])
    assert_near(ours, np.array(librosa.effects.hpss(music())))


@pytest.mark.parametrize(
    "how",
    [
        {"margin": 3.0},
        {"margin": 1.5, "power": 1.0},
        {"kernel_size": 17},
        {"kernel_size": 8, "power": 4.0},
        {"kernel_size": 1},
    ],
)
def test_other_parameters_give_the_waveforms_of_librosa(how):
    y = music("swing", 3.0)
    (ours,) = waveforms([y], SeparationParameters(**how))
    assert_near(ours, reference_values.hpss(y, **how))


@pytest.mark.parametrize(("n_fft", "hop_length"), [(1024, 300), (1000, 333), (512, 256), (600, 7)])
def test_other_frames_give_the_waveforms_of_librosa(n_fft, hop_length):
    y = music("house", 0.7)
    (ours,) = waveforms([y], n_fft=n_fft, hop_length=hop_length)
    assert_near(ours, reference_values.hpss(y, n_fft=n_fft, hop_length=hop_length))


def test_energies_are_those_of_librosa():
    y = music()
    for margin in (1.0, 2.0):
        ours = energies([y], SeparationParameters(margin=margin))
        S = np.abs(librosa.stft(y))
        parts = [S, *librosa.decompose.hpss(S, margin=margin)]
        theirs = [np.sum(np.square(part), axis=0) for part in parts]
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6 * np.max(theirs))


@pytest.mark.parametrize("margin", [1.0, 2.0])
def test_softmask_is_that_of_librosa_also_in_silence(margin):
    rng = np.random.default_rng(3)
    x, other = rng.choice([0.0, 1e-42, 1e-39, 1e-30, 1.0, 7.0, 1e30], (2, 400)).astype(np.float32)
    p = SeparationParameters(margin=margin)
    expected = librosa.util.softmask(x, other, power=2.0, split_zeros=margin == 1)
    np.testing.assert_allclose(separation.softmask(x, other, p), expected, atol=1e-6)


def test_without_a_margin_the_parts_add_up_to_the_clip():
    y = music()
    (parts,) = waveforms([y])
    np.testing.assert_allclose(parts.sum(axis=0), y, atol=1e-6)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=4), st.integers(5, 60))
def test_a_clip_is_the_same_alone_and_however_the_frames_are_cut_up(lengths, few):
    y = music()
    clips = [y[k : k + length] for k, length in enumerate(lengths)]
    p = SeparationParameters(kernel_size=9)
    alone = [waveforms([clip], p)[0] for clip in clips]
    shares = np.concatenate([energies([clip], p) for clip in clips], axis=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack_module, "BLOCK_FRAMES", 2 * few + 1)
        patch.setattr(separation, "BLOCK", few)
        for ours, expected in zip(waveforms(clips, p), alone, strict=True):
            np.testing.assert_array_equal(ours, expected)
        np.testing.assert_array_equal(energies(clips, p), shares)


def test_a_tone_and_clicks_are_separated():
    tone, clicks = signals.sine(440.0, SR, 4.0, 0.1), signals.clicks(120, SR, 4.0)
    ((harmonic, percussive),) = waveforms([tone + clicks])
    inside = slice(SR // 2, -SR // 2)
    assert np.std((harmonic - tone)[inside]) < 0.1 * np.std(tone)
    assert np.std((percussive - clicks)[inside]) < 0.2 * np.std(clicks)


def test_a_silent_frame_has_no_shares():
    entry = {"family": "harmonic_percussive", "statistics": ["mean"]}
    half = np.concatenate([signals.noise(SR), np.zeros(SR, np.float32)])
    row = featkit.analyse([half], SR, featkit.feature_set({"features": [entry]}))[0]
    whole, *parts = energies([half])
    heard = whole > 0
    assert 0.4 < heard.mean() < 0.6
    np.testing.assert_allclose(row, [np.mean(part[heard] / whole[heard]) for part in parts], 1e-5)


def test_frames_must_overlap_for_waveforms():
    wide = {"spectra": {"hop_length": 1025}, "features": [{"family": "separated_waveforms"}]}
    with pytest.raises(ParameterError, match=r"separated_waveforms: hop_length .* half of n_fft"):
        featkit.feature_set(wide)
