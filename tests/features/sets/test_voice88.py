"""The sets voice88 and egemaps88 have the columns of eGeMAPS, and values of voices from theory."""

import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.features.sets.loading import feature_set

SR = 16000
SIX = ["amean", "stddevNorm", "percentile20.0", "percentile50.0", "percentile80.0", "pctlrange0-2"]
SLOPES = ["meanRisingSlope", "stddevRisingSlope", "meanFallingSlope", "stddevFallingSlope"]
TWO = ["amean", "stddevNorm"]


def published_names():
    """The names of eGeMAPS version 02 in their order."""
    contours = ["F0semitoneFrom27.5Hz_sma3nz", "loudness_sma3"]
    names = [f"{contour}_{s}" for contour in contours for s in SIX + SLOPES]
    overall = ["spectralFlux", *(f"mfcc{k}" for k in range(1, 5))]
    names += [f"{c}_sma3_{s}" for c in overall for s in TWO]
    voiced = ["jitterLocal", "shimmerLocaldB", "HNRdBACF", "logRelF0-H1-H2", "logRelF0-H1-A3"]
    for k in (1, 2, 3):
        voiced += [f"F{k}frequency", f"F{k}bandwidth", f"F{k}amplitudeLogRelF0"]
    voiced += ["alphaRatioV", "hammarbergIndexV", "slopeV0-500", "slopeV500-1500"]
    voiced += ["spectralFluxV", *(f"mfcc{k}V" for k in range(1, 5))]
    names += [f"{c}_sma3nz_{s}" for c in voiced for s in TWO]
    unvoiced = ["alphaRatioUV", "hammarbergIndexUV", "slopeUV0-500", "slopeUV500-1500"]
    names += [f"{c}_sma3nz_amean" for c in [*unvoiced, "spectralFluxUV"]]
    names += ["loudnessPeaksPerSec", "VoicedSegmentsPerSec", "MeanVoicedSegmentLengthSec"]
    names += ["StddevVoicedSegmentLengthSec", "MeanUnvoicedSegmentLength"]
    return [*names, "StddevUnvoicedSegmentLength", "equivalentSoundLevel_dBp"]


def values_of(y, sr=SR, name="voice88"):
    names = feature_set(name).column_names
    return dict(zip(names, featkit.analyse([y], sr, name)[0], strict=True))


def syllables(f0=150.0):
    """Six syllables of 0.3 s with pauses of 0.2 s, of a vowel with known formants."""
    vowel = signals.vowel([600, 1700, 2600, 3500, 4500], [80, 90, 120, 150, 200], SR, 0.3, f0)
    rise = np.minimum(1, np.minimum(np.arange(4800), np.arange(4800)[::-1]) / 800)
    syllable = np.concatenate([vowel * rise, 1e-3 * signals.noise(SR, 0.2)])
    return np.tile(syllable, 6).astype(np.float32)


@pytest.mark.parametrize("name", ["voice88", "egemaps88"])
def test_the_columns_are_the_published_ones(name):
    chosen = feature_set(name)
    assert list(chosen.column_names) == published_names()
    assert len(chosen.columns) == 88
    assert chosen.sample_rate == SR


def test_names_are_those_of_opensmile():
    opensmile = pytest.importorskip("opensmile")
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    assert list(feature_set("voice88").column_names) == list(smile.feature_names)


def test_values_are_close_to_those_of_opensmile_where_definitions_agree():
    opensmile = pytest.importorskip("opensmile")
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    y = np.trunc(syllables() * 32768).astype(np.float32) / 32768
    theirs = dict(zip(smile.feature_names, smile.process_signal(y, SR).to_numpy()[0], strict=True))
    ours = values_of(y)
    for name in ("loudness_sma3_amean", "spectralFlux_sma3_amean", "equivalentSoundLevel_dBp"):
        assert ours[name] == pytest.approx(theirs[name], rel=0.03), name
    for k in range(1, 5):
        for name in (f"mfcc{k}_sma3_amean", f"mfcc{k}V_sma3nz_amean"):
            assert ours[name] == pytest.approx(theirs[name], abs=1.5), name
    name = "F0semitoneFrom27.5Hz_sma3nz_percentile50.0"
    assert ours[name] == pytest.approx(theirs[name], abs=0.1)


def test_a_synthetic_voice_has_its_values():
    values = values_of(syllables())
    # The pitch is constant: it has no slopes.
    assert not any(np.isnan(v) for name, v in values.items() if not name.startswith("F0semitone"))
    f0 = "F0semitoneFrom27.5Hz_sma3nz"
    assert values[f"{f0}_percentile50.0"] == pytest.approx(12 * np.log2(150 / 27.5), abs=0.1)
    for k, frequency in ((1, 600), (2, 1700), (3, 2600)):
        name = f"F{k}frequency_sma3nz_amean"
        assert values[name] == pytest.approx(frequency, abs=75), name
    assert values["VoicedSegmentsPerSec"] == pytest.approx(2, abs=0.2)
    assert values["loudnessPeaksPerSec"] == pytest.approx(2, abs=0.2)
    assert values["HNRdBACF_sma3nz_amean"] > 8


def test_opensmile_counts_other_harmonics_and_unvoiced_frames():
    published, theirs = values_of(syllables()), values_of(syllables(), name="egemaps88")
    assert not any(np.isnan(value) for value in theirs.values())
    for column in ("F0semitoneFrom27.5Hz_sma3nz_amean", "mfcc1V_sma3nz_amean"):
        assert theirs[column] == published[column]
    # Three fifths of the frames are voiced.
    level = "F1amplitudeLogRelF0_sma3nz_amean"
    assert theirs[level] == pytest.approx(0.4 * -201 + 0.6 * published[level], abs=15)
    assert theirs["F1bandwidth_sma3nz_amean"] > 3 * published["F1bandwidth_sma3nz_amean"]
    for ratio in ("alphaRatioV_sma3nz_amean", "alphaRatioUV_sma3nz_amean"):
        assert theirs[ratio] < published[ratio]  # its lower band is wider


def test_values_of_egemaps88_are_close_to_those_of_opensmile():
    opensmile = pytest.importorskip("opensmile")
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    y = np.trunc(syllables() * 32768).astype(np.float32) / 32768
    theirs = dict(zip(smile.feature_names, smile.process_signal(y, SR).to_numpy()[0], strict=True))
    ours = values_of(y, name="egemaps88")
    for k in (1, 2, 3):
        for quantity in ("frequency", "bandwidth"):
            name = f"F{k}{quantity}_sma3nz_amean"
            assert ours[name] == pytest.approx(theirs[name], rel=0.03), name
    for name in ("slopeV0-500_sma3nz_amean", "slopeUV0-500_sma3nz_amean"):
        assert ours[name] == pytest.approx(theirs[name], abs=0.003), name
    for name in ("alphaRatioV_sma3nz_amean", "alphaRatioUV_sma3nz_amean"):
        assert ours[name] == pytest.approx(theirs[name], abs=0.5), name


def test_silence_and_noise_have_no_values_of_voices():
    for y in (np.zeros(SR, dtype=np.float32), signals.noise(SR, amplitude=1e-4)):
        values = values_of(y)
        for name in ("F0semitoneFrom27.5Hz_sma3nz_amean", "F1frequency_sma3nz_amean"):
            assert np.isnan(values[name]), name
        assert values["VoicedSegmentsPerSec"] == 0


def test_the_range_is_that_between_percentiles():
    values = values_of(syllables())
    low, high, spread = (
        values[f"loudness_sma3_{name}"] for name in ("percentile20.0", "percentile80.0", SIX[-1])
    )
    assert spread == pytest.approx(high - low)
