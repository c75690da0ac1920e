"""Differences of MFCC, mel bands and GFCC agree with librosa and SciPy."""

import functools

import librosa
import numpy as np
import pytest
import reference_values
import scipy.fft
import scipy.signal

import featkit
from featkit import signals
from featkit.dsp import gammatone, synthesis
from featkit.dsp.gammatone import erb_frequencies, gammatone_filters
from featkit.dsp.segments import Segments
from featkit.errors import ParameterError
from featkit.features.family import FAMILIES

SR = 22050
STATISTICS = ["mean", "std", "min", "max"]


def features(family, **parameters):
    entry = {"family": family, "statistics": STATISTICS, **parameters}
    return featkit.feature_set({"features": [entry]})


def summary(rows):
    return np.concatenate([f(rows, axis=1) for f in (np.mean, np.std, np.min, np.max)])


CLIPS = {
    "rock": synthesis.clip(synthesis.STYLES["rock"], np.random.default_rng(1)),
    "noise": signals.noise(SR),
    "clicks": signals.clicks(100, SR, duration=4.0),
    "nine frames": signals.noise(SR, duration=8.5 * 512 / SR),
    "fades into silence": np.concatenate([signals.noise(SR), np.zeros(SR, np.float32)]),
}


def deltas(y, width=9):
    mfcc = librosa.feature.mfcc(y=y, sr=SR, n_mfcc=20).astype(np.float64)
    return np.concatenate(
        [librosa.feature.delta(mfcc, width=width, order=order) for order in (1, 2)]
    )


def mel_bands(y):
    return librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=SR, n_mels=40))


def gfcc(y, n_bands=40):
    """GFCC, in double precision, from the frequency responses of SciPy's filters down to -60 dB."""
    power = np.abs(librosa.stft(y.astype(np.float64))) ** 2
    weights = gammatone_responses(n_bands, 40.0)
    bands = np.maximum(np.where(weights < 1e-6, 0, weights) @ power, 1e-10)
    return scipy.fft.dct(10 * np.log10(bands), axis=0, norm="ortho")[:13]


@functools.cache
def gammatone_responses(n_bands, fmin):
    """Squared responses of `scipy.signal.gammatone`, at a rate high enough to avoid aliasing.

    Centres are from Glasberg and Moore's ERB-rate scale, 21.4 lg(1 + 0.00437 f).
    """
    top = 21.4 * np.log10(1 + 0.00437 * SR / 2)
    low = 21.4 * np.log10(1 + 0.00437 * fmin)
    rates = low + (top - low) / n_bands * np.arange(n_bands)
    bins, fs = np.fft.rfftfreq(2048, 1 / SR), 4 * SR
    responses = []
    for centre in (10 ** (rates / 21.4) - 1) / 0.00437:
        taps, _ = scipy.signal.gammatone(centre, "fir", order=4, numtaps=round(0.15 * fs), fs=fs)
        at = np.append(bins, centre)
        _, response = scipy.signal.freqz(taps, worN=at, fs=fs)
        response = np.abs(response) ** 2
        responses.append(response[:-1] / response[-1])
    return np.array(responses)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize(("family", "theirs"), [("mfcc_delta", deltas), ("mel_bands", mel_bands)])
def test_values_equal_librosas(name, family, theirs):
    expected = summary(theirs(CLIPS[name]))
    chosen = features(family)
    ours = featkit.analyse([CLIPS[name]], SR, chosen)[0]
    reference_values.assert_same(
        ours, expected, chosen.column_names, np.maximum(10, np.abs(expected))
    )


@pytest.mark.parametrize("width", [3, 5, 15])
def test_differences_of_other_widths_equal_librosas(width):
    expected = summary(deltas(CLIPS["rock"], width))
    chosen = features("mfcc_delta", width=width)
    ours = featkit.analyse([CLIPS["rock"]], SR, chosen)[0]
    reference_values.assert_same(
        ours, expected, chosen.column_names, np.maximum(10, np.abs(expected))
    )


def test_differences_stay_within_their_clip():
    clips = [signals.noise(SR, duration=d, seed=k) for k, d in enumerate([0.3, 0.1, 0.25, 0.18])]
    chosen = features("mfcc_delta")
    rows = featkit.analyse(clips, SR, chosen)
    assert np.isnan(rows[[1, 3]]).all()  # fewer than nine frames
    for k in (0, 2):
        expected = summary(deltas(clips[k]))
        reference_values.assert_same(
            rows[k], expected, chosen.column_names, np.maximum(10, np.abs(expected))
        )


def test_derivatives_equal_scipys_savitzky_golay_filter():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 40)).astype(np.float32)
    family = FAMILIES["mfcc_delta"]
    p = family.parameters(n_mfcc=2, width=7)
    ours = family.finish(p, values, segments=Segments([40]))
    for order in (1, 2):
        theirs = scipy.signal.savgol_filter(
            values.astype(np.float64), 7, polyorder=order, deriv=order, mode="interp"
        )
        np.testing.assert_allclose(ours.reshape(2, 2, 40)[order - 1], theirs, atol=1e-6)


@pytest.mark.parametrize("name", CLIPS)
def test_gfcc_equal_those_of_scipys_gammatone_filters(name):
    y = CLIPS[name]
    expected = gfcc(y)
    chosen = features("gfcc")
    ours = featkit.analyse([y], SR, chosen)[0]
    np.testing.assert_allclose(ours, summary(expected), rtol=1e-4, atol=1e-3)


def test_the_filters_equal_scipys_above_their_limit():
    ours = gammatone_filters(SR, 2048, 40, 40.0).toarray()
    theirs = gammatone_responses(40, 40.0)
    np.testing.assert_allclose(ours, theirs, atol=2e-6)
    np.testing.assert_allclose(ours[ours > 0], theirs[ours > 0], rtol=1e-3)


def test_responses_below_the_limit_are_negligible(monkeypatch):
    cut = gammatone_filters(SR, 2048, 40, 40.0).toarray().sum(axis=1)
    monkeypatch.setattr(gammatone, "NEGLIGIBLE", 0.0)
    whole = gammatone_filters.__wrapped__(SR, 2048, 40, 40.0).toarray().sum(axis=1)
    assert np.all(cut > (1 - 1e-5) * whole)


def test_centres_are_evenly_spaced_on_the_erb_rate_scale():
    rate = 21.4 * np.log10(1 + 0.00437 * erb_frequencies(40, 40.0, 11025.0))
    assert rate[0] == pytest.approx(21.4 * np.log10(1 + 0.00437 * 40))
    np.testing.assert_allclose(np.diff(rate), rate[1] - rate[0])


def test_a_tone_at_the_centre_of_a_band_is_strongest_in_that_band():
    centres = erb_frequencies(40, 40.0, SR / 2)
    for band in (5, 17, 38):
        power = np.zeros((1025, 1), np.float32)
        power[round(centres[band] * 2048 / SR)] = 1
        assert np.argmax(gammatone_filters(SR, 2048, 40, 40.0) @ power) == band


def test_contradictory_parameters_are_refused():
    with pytest.raises(ParameterError, match="n_gfcc must be at most n_bands"):
        features("gfcc", n_gfcc=50)
    with pytest.raises(ParameterError, match="width must be odd, got 8"):
        features("mfcc_delta", width=8)
    with pytest.raises(ParameterError, match="n_mfcc must be at most n_mels"):
        features("mfcc_delta", n_mfcc=129)
    with pytest.raises(ParameterError, match="fmin must be below half"):
        featkit.analyse([signals.noise(8000)], 8000, features("gfcc", fmin=4000))


def test_cepstral_values_of_real_recordings_equal_the_references(real_data):
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::80]
    files += sorted((real_data / "music").glob("sir_duke_slow.ogg"))
    clips = [featkit.load(file, sr=SR)[0] for file in files]
    for family, theirs in (("mfcc_delta", deltas), ("mel_bands", mel_bands)):
        chosen = features(family)
        rows = featkit.analyse(clips, SR, chosen)
        for row, y in zip(rows, clips, strict=True):
            expected = summary(theirs(y))
            reference_values.assert_same(
                row, expected, chosen.column_names, np.maximum(10, np.abs(expected))
            )
    rows = featkit.analyse(clips, SR, features("gfcc"))
    for row, y in zip(rows, clips, strict=True):
        np.testing.assert_allclose(row, summary(gfcc(y)), rtol=1e-4, atol=1e-3)
