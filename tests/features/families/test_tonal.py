"""Tonal descriptors agree with librosa, SciPy and their definitions."""

import sys
import warnings

import librosa
import numpy as np
import pytest
import scipy.stats

import featkit
from featkit import signals
from featkit.dsp import constant_q, synthesis
from featkit.errors import ParameterError
from featkit.features.analysis import frame_values
from featkit.features.families.key import PROFILES
from featkit.features.family import FAMILIES
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050


def song(style, seconds=8):
    return synthesis.clip(synthesis.STYLES[style], np.random.default_rng(3))[: seconds * SR]


SOUNDS = {
    "swing": song("swing"),
    "rock": song("rock"),
    "noise": signals.noise(SR),
    "half of it silent": np.concatenate([song("swing", 2), np.zeros(SR, dtype=np.float32)]),
}


def values_of(family, y, sr=SR, **parameters):
    """Rows over time, or of the clip."""
    entry = {"family": family, **parameters}
    if FAMILIES[family].per == "frame":
        entry["statistics"] = ["mean"]
    features = featkit.feature_set({"features": [entry]})
    return frame_values(Stack([y], sr, SpectraParameters()), features)[0].values


def stft_chroma(y):
    return librosa.feature.chroma_stft(S=np.abs(librosa.stft(y)) ** 2, sr=SR)


@pytest.mark.parametrize("name", SOUNDS)
def test_tonnetz_equals_librosas(name):
    theirs = librosa.feature.tonnetz(chroma=stft_chroma(SOUNDS[name]), sr=SR)
    np.testing.assert_allclose(values_of("tonnetz", SOUNDS[name]), theirs, atol=1e-5)


@pytest.mark.parametrize("name", SOUNDS)
def test_chroma_entropy_equals_scipys(name):
    chroma = stft_chroma(SOUNDS[name]).astype(np.float64)
    sounding = chroma.any(axis=0)
    theirs = scipy.stats.entropy(chroma[:, sounding], base=12, axis=0)
    ours = values_of("chroma_entropy", SOUNDS[name])[0]
    np.testing.assert_allclose(ours[sounding], theirs, atol=1e-5)
    assert np.isnan(ours[~sounding]).all()


@pytest.mark.parametrize("name", SOUNDS)
def test_tuning_equals_librosas(name):
    power = np.abs(librosa.stft(SOUNDS[name])) ** 2
    theirs = 100 * librosa.estimate_tuning(S=power, sr=SR)
    np.testing.assert_allclose(values_of("tuning", SOUNDS[name]), theirs, atol=1e-6)


@pytest.mark.parametrize("name", SOUNDS)
def test_the_key_has_the_highest_correlation(name):
    assert_best_keys(SOUNDS[name], stft_chroma(SOUNDS[name]))


def assert_best_keys(y, chroma):
    mean = chroma.mean(axis=1)
    ours = values_of("key", y)[:, 0]
    for k, modes in enumerate(PROFILES.values()):
        fits = {
            (tonic, mode): np.corrcoef(np.roll(profile, tonic), mean)[0, 1]
            for mode, profile in zip((1, 0), modes, strict=True)
            for tonic in range(12)
        }
        best = max(fits, key=fits.get)
        assert (ours[k], ours[2 + k]) == best
        assert ours[4 + k] == pytest.approx(fits[best], abs=1e-5)


def test_equal_pitch_classes_have_no_key():
    assert np.isnan(values_of("key", signals.constant(SR, value=0.0))).all()


@pytest.mark.parametrize("name", [name for name in SOUNDS if name != "noise"])
def test_constant_q_equals_librosas(name):
    y = SOUNDS[name]
    ours = values_of("constant_q", y)
    chroma = librosa.feature.chroma_cqt(y=y, sr=SR)
    statistics = librosa.feature.chroma_cens(y=y, sr=SR)
    theirs = [
        chroma,
        statistics,
        librosa.feature.tonnetz(y=y, sr=SR),
        librosa.feature.tonnetz(chroma=statistics, sr=SR),
    ]
    np.testing.assert_allclose(ours, np.concatenate(theirs), atol=1e-5)


def test_tonal_values_of_real_recordings_equal_librosas(real_data):
    files = [*sorted((real_data / "esc10").glob("*/*.ogg"))[::50], *(real_data / "music").iterdir()]
    for file in files:
        y = featkit.load(file, sr=SR)[0][: 20 * SR]
        chroma = stft_chroma(y)
        np.testing.assert_allclose(
            values_of("tonnetz", y), librosa.feature.tonnetz(chroma=chroma), atol=1e-4
        )
        assert_best_keys(y, chroma)
    ours = values_of("constant_q", y)
    np.testing.assert_allclose(ours[:12], librosa.feature.chroma_cqt(y=y, sr=SR), atol=1e-5)


def test_constant_q_with_12_bins_equals_that_of_fma():
    """librosa is called as in the script of FMA."""
    y = SOUNDS["swing"]
    twelve = {"n_bins": 84, "bins_per_octave": 12, "hop_length": 512}
    transform = np.abs(librosa.cqt(y, sr=SR, tuning=None, **twelve))
    folding = {"C": transform, "n_chroma": 12, "n_octaves": 7, "bins_per_octave": 12}
    chroma = librosa.feature.chroma_cqt(**folding)
    statistics = librosa.feature.chroma_cens(**folding)
    ours = values_of("constant_q", y, bins_per_octave=12)
    np.testing.assert_allclose(ours[:12], chroma, atol=1e-5)
    np.testing.assert_allclose(ours[12:24], statistics, atol=1e-5)
    np.testing.assert_allclose(ours[30:], librosa.feature.tonnetz(chroma=statistics), atol=1e-5)


def test_a_long_clip_in_pieces_has_the_values_of_the_whole(monkeypatch):
    y = np.tile(SOUNDS["swing"], 8)
    whole = values_of("constant_q", y)
    monkeypatch.setattr(constant_q, "LONG", 200_000)
    calls = []
    transform = constant_q.constant_q_chroma
    monkeypatch.setattr(
        constant_q,
        "constant_q_chroma",
        lambda y, *rest: calls.append(len(y)) or transform(y, *rest),
    )
    pieces = values_of("constant_q", y)
    assert len(calls) > 3
    assert max(calls) < 0.6 * len(y)
    np.testing.assert_allclose(pieces[:12], whole[:12], atol=1e-3)
    assert np.mean(np.abs(pieces[:12] - whole[:12])) < 1e-5


def test_a_rate_too_low_for_seven_octaves_is_refused():
    with pytest.raises(ParameterError, match="7 octaves from C1 is not possible at 8000 Hz"):
        values_of("constant_q", signals.noise(8000), sr=8000)


def test_without_librosa_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(ParameterError, match=r"pip install 'featkit\[constant-q\]'"):
        values_of("constant_q", signals.noise(SR))


def test_bins_per_octave_must_be_a_multiple_of_12():
    with pytest.raises(ParameterError, match="multiple of 12, got 30"):
        values_of("constant_q", signals.noise(SR), bins_per_octave=30)


@pytest.mark.parametrize("sr", [SR, 44100, 96000, 192000, 384000])
@pytest.mark.parametrize("samples", [1, 2, 3, 7, 700])
@pytest.mark.parametrize("spectra", [{}, {"pad_mode": "reflect"}, {"hop_length": 1024}])
def test_a_few_samples_have_a_constant_q(sr, samples, spectra):
    entry = {"family": "constant_q", "statistics": ["mean"]}
    features = {"sample_rate": "native", "spectra": spectra, "features": [entry]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (row,) = featkit.analyse([signals.noise(sr)[:samples]], sr, featkit.feature_set(features))
    assert np.isfinite(row).all()
