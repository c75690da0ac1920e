"""Bands of a filter bank without a bin: refused at a known sample rate, otherwise undefined."""

import warnings

import hypothesis
import librosa
import numpy as np
import pytest
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.dsp.empty_bands import empty_gammatone_bands, empty_mel_bands
from featkit.dsp.filters import mel_filters
from featkit.dsp.gammatone import gammatone_filters
from featkit.errors import ParameterError

SR = 22050

FAMILIES = [
    ("mel_bands", {"n_bands": 128}, 256),
    ("mfcc", {}, 256),
    ("mfcc_delta", {}, 256),
    ("gfcc", {}, 16),
]
"""Families, parameters, and frame lengths so short that some bands lie between two bins."""


def definition(family, parameters, n_fft, sample_rate, **spectra):
    return {
        "sample_rate": sample_rate,
        "spectra": {"n_fft": n_fft, "hop_length": n_fft // 2, **spectra},
        "features": [{"family": family, "statistics": ["mean"], **parameters}],
    }


def empty_in_librosa(sr, n_fft, n_mels, fmin=0.0, fmax=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        bank = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    return bank.sum(axis=1) == 0


@hypothesis.given(
    sr=st.sampled_from([8000, 16000, 22050, 44100, 48000, 192000]),
    n_fft=st.sampled_from([16, 64, 256, 512, 1024, 2048, 4096]),
    n_mels=st.sampled_from([1, 20, 40, 128, 256]),
    fmin=st.sampled_from([0.0, 50.0, 1000.0]),
    fmax=st.sampled_from([None, 4000.0]),
)
@hypothesis.settings(max_examples=60)
def test_the_empty_bands_are_those_of_librosa(sr, n_fft, n_mels, fmin, fmax):
    empty = empty_mel_bands(sr, n_fft, n_mels, fmin, fmax)
    np.testing.assert_array_equal(empty, empty_in_librosa(sr, n_fft, n_mels, fmin, fmax))
    bank = mel_filters(sr, n_fft, n_mels, fmin, fmax)
    np.testing.assert_array_equal(empty, bank.toarray().max(axis=1) == 0)


@pytest.mark.parametrize("n_fft", [16, 32, 256, 900, 1024])
def test_an_empty_gammatone_band_has_an_empty_filter(n_fft):
    empty = empty_gammatone_bands(SR, n_fft, 40, 40.0)
    bank = gammatone_filters(SR, n_fft, 40, 40.0)
    np.testing.assert_array_equal(empty, bank.toarray().max(axis=1) == 0)


@pytest.mark.parametrize(("family", "parameters", "n_fft"), FAMILIES)
def test_empty_bands_at_a_known_rate_are_refused_with_a_remedy(family, parameters, n_fft):
    with pytest.raises(ParameterError, match=rf"{family}: \d+ of the \d+ bands contain no") as no:
        featkit.feature_set(definition(family, parameters, n_fft, SR))
    words = str(no.value).split()
    longer = int(words[words.index("use") + 3])
    assert featkit.feature_set(definition(family, parameters, longer, SR)).columns


def test_the_suggested_values_are_the_nearest_that_work():
    with pytest.raises(ParameterError, match=r"20 of the 128 bands .* n_fft = 512 or n_bands = 76"):
        featkit.feature_set(definition("mel_bands", {"n_bands": 128}, 256, SR))
    assert empty_in_librosa(SR, 256, 128).sum() == 20
    assert not empty_in_librosa(SR, 256, 76).any()
    assert empty_in_librosa(SR, 256, 77).any()
    assert not empty_in_librosa(SR, 512, 128).any()


@pytest.mark.parametrize(("family", "parameters", "n_fft"), FAMILIES)
def test_empty_bands_at_each_recordings_own_rate_are_undefined(family, parameters, n_fft):
    features = featkit.feature_set(definition(family, parameters, n_fft, "native"))
    (row,) = featkit.analyse([signals.noise(SR)], SR, features)
    expected = (
        empty_in_librosa(SR, n_fft, 128) if family == "mel_bands" else np.ones(len(row), bool)
    )
    np.testing.assert_array_equal(np.isnan(row), expected)


def test_bands_above_half_the_rate_of_a_recording_are_undefined():
    features = featkit.feature_set(definition("mfcc", {}, 2048, "native", fmax=16000.0))
    rows = [featkit.analyse([signals.noise(sr)], sr, features)[0] for sr in (8000, 44100)]
    assert np.isnan(rows[0]).all()
    assert np.isfinite(rows[1]).all()


def test_the_other_bands_have_the_levels_of_librosa():
    features = featkit.feature_set(definition("mel_bands", {"n_bands": 128}, 256, "native"))
    y = signals.noise(SR)
    (row,) = featkit.analyse([y], SR, features)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        power = librosa.feature.melspectrogram(y=y, sr=SR, n_fft=256, hop_length=128, n_mels=128)
    levels = librosa.power_to_db(power).mean(axis=1)
    full = ~empty_in_librosa(SR, 256, 128)
    np.testing.assert_allclose(row[full], levels[full], atol=1e-3)


@pytest.mark.parametrize("name", ["standard", "genre75", "gtzan57", "fma518"])
def test_no_band_of_a_released_set_is_empty(name):
    features = featkit.feature_set(name)
    for sr in [features.sample_rate] if features.sample_rate else [8000, 22050, 44100, 48000]:
        p = features.spectra
        assert not empty_mel_bands(sr, p.n_fft, p.n_mels, p.fmin, p.fmax).any()


def test_a_column_of_so_many_bands_is_still_described():
    assert featkit.describe("mel_band_3of4096_mean").unit == "dB"
