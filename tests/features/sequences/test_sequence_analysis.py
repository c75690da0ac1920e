"""Sequences equal the arrays of librosa and PyWavelets, and each depends on its clip alone."""

import pickle
import warnings

import librosa
import numpy as np
import pytest
import pywt
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit import sequence_set, sequences_of, signals
from featkit.dsp import synthesis
from featkit.dsp.disk_array import DiskArray
from featkit.errors import ParameterError
from featkit.features.analysis import STACK_SAMPLES, frame_values
from featkit.features.sequences import analysis
from featkit.features.sequences.analysis import analyse_sequences, padding_values
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050


def wavelet_levels(y):
    frames = librosa.util.frame(np.pad(y, 1024), frame_length=2048, hop_length=512).T
    bands = (pywt.wavedec(frame.astype(np.float64), "db4", level=7) for frame in frames)
    powers = np.array([[np.mean(np.square(c)) for c in frame] for frame in bands]).T
    return 10 * np.log10(np.maximum(powers, 1e-10))


def reference_arrays(y):
    """Arrays of librosa with its defaults, and of PyWavelets, by the name of the kind."""
    feature = librosa.feature
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # short clips, and silence, which has no tuning
        return {
            "mel": librosa.power_to_db(feature.melspectrogram(y=y, sr=SR)),
            "mel64": librosa.power_to_db(feature.melspectrogram(y=y, sr=SR, n_mels=64)),
            "mfcc40": feature.mfcc(y=y, sr=SR, n_mfcc=40),
            "mfcc13": feature.mfcc(y=y, sr=SR, n_mfcc=13),
            "chroma24": feature.chroma_stft(y=y, sr=SR, n_chroma=24),
            "chroma": feature.chroma_stft(y=y, sr=SR),
            "wavelet": wavelet_levels(y),
            "zero_crossing_rate": feature.zero_crossing_rate(y),
            "rms": feature.rms(y=y),
            "spectral_centroid": feature.spectral_centroid(y=y, sr=SR),
            "spectral_bandwidth": feature.spectral_bandwidth(y=y, sr=SR),
            "spectral_rolloff": feature.spectral_rolloff(y=y, sr=SR),
            "spectral_contrast": feature.spectral_contrast(y=y, sr=SR),
            "onset_strength": librosa.onset.onset_strength(y=y, sr=SR)[None],
        }


CLIPS = {
    "rock": synthesis.clip(synthesis.STYLES["rock"], np.random.default_rng(7))[: 3 * SR],
    "sine": signals.sine(440.0, SR),
    "noise": signals.noise(SR, duration=0.7),
    "fades into silence": np.concatenate([signals.noise(SR), np.zeros(SR, np.float32)]),
    "shorter than a frame": signals.noise(SR, duration=0.02),
    "silence": np.zeros(SR, np.float32),
}


def assert_equal_to_references(clips):
    for y in clips:
        expected = reference_arrays(y)
        (ours,) = sequences_of([y], SR, list(expected))
        for values, length, (name, theirs) in zip(*ours, expected.items(), strict=True):
            assert values.dtype == np.float32
            assert length == theirs.shape[1]
            # Levels 80 dB below the loudest band are at the precision of the transform.
            np.testing.assert_allclose(values, theirs, rtol=1e-4, atol=3e-4, err_msg=name)


@pytest.mark.parametrize("name", CLIPS)
def test_sequences_equal_the_arrays_of_librosa_and_pywavelets(name):
    assert_equal_to_references([CLIPS[name]])


def test_sequences_of_real_recordings_equal_librosa(real_data):
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::133]
    assert_equal_to_references([featkit.load(file, sr=SR)[0] for file in files])


def test_values_are_those_that_feature_sets_summarise():
    features = featkit.feature_set(
        {"features": [{"family": "mfcc", "n_mfcc": 40, "statistics": ["mean"]}]}
    )
    y = CLIPS["rock"]
    ((expected, _),) = frame_values(Stack([y], SR, SpectraParameters()), features)
    ((values,), _) = sequences_of([y], SR, "mfcc40")[0]
    np.testing.assert_array_equal(values, expected)


def test_logmel128_is_the_mean_over_equal_spans_of_5_seconds():
    y = np.tile(CLIPS["rock"], 3)
    ((values,), lengths) = sequences_of([y], SR, "logmel128")[0]
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=y[: 5 * SR], sr=SR))
    assert mel.shape == (128, 216)
    means = np.repeat(mel.astype(np.float64), 128, axis=1).reshape(128, 128, 216).mean(axis=2)
    np.testing.assert_allclose(values, means, rtol=1e-4, atol=3e-4)
    assert lengths == (128,)


def test_a_shorter_recording_is_padded_with_zeros_before_the_analysis():
    y = CLIPS["rock"]
    by_hand = np.pad(y, (0, 2 * SR))
    for spec in ("logmel128", sequence_set("series4", seconds=5)):
        (ours,), (expected,) = sequences_of([y], SR, spec), sequences_of([by_hand], SR, spec)
        for values, theirs in zip(ours.values, expected.values, strict=True):
            np.testing.assert_array_equal(values, theirs)
        true = 1 + len(y) // 512
        assert ours.lengths == ((78,) if spec == "logmel128" else (true,) * 4)


def test_a_longer_recording_is_cut_before_the_analysis():
    y = CLIPS["rock"]
    chosen = sequence_set("series4", seconds=1.5)
    (ours,), (expected,) = (sequences_of([x], SR, chosen) for x in (y, y[: round(1.5 * SR)]))
    for values, theirs in zip(ours.values, expected.values, strict=True):
        np.testing.assert_array_equal(values, theirs)


def test_frames_are_cut_or_padded_with_the_values_of_silence():
    chosen = sequence_set("mel,mfcc13,chroma,rms,pitch", frames=60)
    short, long = sequences_of([CLIPS["noise"], CLIPS["rock"]], SR, chosen)
    assert {values.shape[1] for values in (*short.values, *long.values)} == {60}
    assert short.lengths == (31,) * 5
    assert long.lengths == (60,) * 5
    padding = [values[:, 31:] for values in short.values]
    np.testing.assert_allclose(padding[0], -100, rtol=1e-6)
    np.testing.assert_allclose(padding[1][0], -100 * np.sqrt(128), rtol=1e-6)
    assert all((values == 0).all() for values in (padding[1][1:], *padding[2:]))


def test_frames_of_a_cut_recording_are_those_of_the_whole():
    """Of families whose values depend on few frames: as many samples are read as frames cover."""
    chosen = sequence_set("wavelet,rms,spectral_centroid", frames=60)
    y = CLIPS["rock"]
    whole = sequences_of([y], SR, list(chosen.kinds))[0].values
    for values, theirs in zip(sequences_of([y], SR, chosen)[0].values, whole, strict=True):
        np.testing.assert_allclose(values, theirs[:, :60], rtol=1e-6)


def test_undefined_frames_have_the_values_of_silence():
    y = np.concatenate([signals.sine(440.0, SR), signals.noise(SR)])
    ((values,), _) = sequences_of([y], SR, "pitch")[0]
    assert values[0, 10] == pytest.approx(440, rel=1e-3)
    assert values[0, -10] == 0
    silence = sequences_of([np.zeros(SR, np.float32)], SR, "spectral_centroid,mel")[0]
    assert (silence.values[0] == 0).all()
    np.testing.assert_allclose(silence.values[1], -100, rtol=1e-6)


def test_padding_values_are_those_of_silent_frames_in_librosa():
    names = ["mel", "mfcc13", "chroma", "wavelet", "zero_crossing_rate", "spectral_centroid"]
    arrays = reference_arrays(np.zeros(SR, np.float32))
    for name, values in padding_values(sequence_set(names)).items():
        np.testing.assert_allclose(values, arrays[name][:, 20], rtol=1e-6, atol=1e-4)


@given(
    samples=st.lists(st.integers(1, 6000), min_size=1, max_size=4),
    frames=st.none() | st.integers(1, 20),
    seconds=st.none() | st.floats(1e-5, 0.3),
    rule=st.sampled_from(["cut", "resample"]),
)
def test_any_clip_gives_finite_sequences_that_depend_on_it_alone(samples, frames, seconds, rule):
    rule = "cut" if frames is None else rule
    definition = {"kinds": ["mel16", "mfcc5", "pitch", "rms"], "frames": frames, "seconds": seconds}
    definition |= {"length_rule": rule, "spectra": {"n_fft": 512, "hop_length": 128, "n_mels": 16}}
    chosen = sequence_set(definition | {"sample_rate": 8000})
    clips = [signals.noise(8000, duration=n / 8000, seed=n)[:n] for n in samples]
    together = sequences_of(clips, 8000, chosen)
    for clip, ours in zip(clips, together, strict=True):
        (alone,) = sequences_of([clip], 8000, chosen)
        assert alone.lengths == ours.lengths
        for name, values, length, other in zip(chosen.kinds, *ours, alone.values, strict=True):
            np.testing.assert_array_equal(values, other)
            expected = chosen.n_frames[name] or 1 + len(clip) // 128
            assert values.shape == (chosen.n_channels[name], expected)
            assert 1 <= length <= expected
            assert np.isfinite(values).all()


class OnDisk(DiskArray):
    """Samples that count how many of them are read."""

    def __init__(self, y):
        self.y, self.last_read = y, 0

    def __len__(self):
        return len(self.y)

    def read(self, start, stop):
        self.last_read = max(self.last_read, stop)
        return self.y[start:stop]


@pytest.mark.parametrize("stack_samples", [STACK_SAMPLES, 1000])
def test_no_more_of_a_long_recording_is_read_than_needed(stack_samples, monkeypatch):
    monkeypatch.setattr(analysis, "STACK_SAMPLES", stack_samples)
    y = CLIPS["rock"]
    for changes in ({"seconds": 1}, {"frames": 30}, {"seconds": 4}):
        chosen = sequence_set("mel,rms", **changes)
        clip = OnDisk(y)
        ((ours,),) = analyse_sequences([(clip, SR)], chosen)
        (expected,) = sequences_of([y], SR, chosen)
        assert ours.lengths == expected.lengths
        for values, theirs in zip(ours.values, expected.values, strict=True):
            np.testing.assert_array_equal(values, theirs)
        assert clip.last_read == min(chosen.n_samples(SR), len(y))


@pytest.fixture
def embedding():
    """A kind with frames of its own: mean and mean square of 400 samples at 16 kHz, every 160."""
    pytest.importorskip("onnxruntime")
    from featkit.features.families.embedding import EXAMPLE

    return {"name": "vec", "family": "embedding", "model": str(EXAMPLE), "window": 400, "hop": 160}


def test_a_kind_may_have_frames_of_its_own(embedding):
    chosen = sequence_set({"sample_rate": 16000, "kinds": ["mel64", embedding]})
    clips = [signals.noise(16000, duration=d) for d in (1.0, 0.5, 0.01)]
    one_second, half, short = sequences_of(clips, 16000, chosen)
    assert chosen.n_channels == {"mel64": 64, "vec": 2}
    assert [c.name for c in chosen.channels["vec"]] == ["vec_1", "vec_2"]
    assert (one_second.lengths, half.lengths, short.lengths) == ((32, 98), (16, 48), (1, 1))
    windows = np.lib.stride_tricks.sliding_window_view(clips[0].astype(np.float64), 400)[::160]
    expected = [windows.mean(axis=1), np.square(windows).mean(axis=1)]
    np.testing.assert_allclose(one_second.values[1], expected, atol=1e-5)
    np.testing.assert_array_equal(short.values[1], 0)  # shorter than a window
    restored = pickle.loads(pickle.dumps(chosen))
    assert restored == chosen
    np.testing.assert_array_equal(
        sequences_of(clips[:1], 16000, restored)[0].values[1], one_second.values[1]
    )


def test_frames_of_a_kind_of_its_own_follow_the_rule_of_length(embedding):
    definition = {"sample_rate": 16000, "kinds": ["rms", embedding], "seconds": 1}
    clips = [signals.noise(16000, duration=d) for d in (2.0, 0.5)]
    fixed = sequences_of(clips, 16000, definition)
    assert [clip.values[1].shape for clip in fixed] == [(2, 98)] * 2
    assert [clip.lengths for clip in fixed] == [(32, 98), (16, 49)]
    means = sequences_of(clips, 16000, definition | {"frames": 8, "length_rule": "resample"})
    assert [clip.values[1].shape for clip in means] == [(2, 8)] * 2
    assert [clip.lengths for clip in means] == [(8, 8), (4, 4)]
    np.testing.assert_allclose(
        means[0].values[1].mean(axis=1), fixed[0].values[1].mean(axis=1), atol=1e-6
    )


def test_clips_of_other_rates_are_other_stacks():
    chosen = sequence_set({"kinds": ["rms"], "sample_rate": "native", "seconds": 1})
    loaded = [(signals.noise(sr), sr) for sr in (8000, 8000, 16000)]
    stacks = list(analyse_sequences(loaded, chosen))
    assert [len(stack) for stack in stacks] == [2, 1]
    frames = [clip.values[0].shape[1] for stack in stacks for clip in stack]
    assert frames == [16, 16, 32]


def test_without_clips_there_are_no_sequences():
    assert sequences_of([], SR, "rms") == []


def test_invalid_clips_are_refused():
    with pytest.raises(ParameterError, match="clip 0 must be"):
        sequences_of([np.zeros(0, np.float32)], SR, "rms")
    with pytest.raises(ParameterError, match="sr must be a sample rate"):
        sequences_of([np.zeros(10, np.float32)], 0, "rms")
