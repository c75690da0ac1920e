"""`describe` explains every column, and refuses names that are not columns."""

import pytest

import featkit
from featkit.errors import ParameterError
from featkit.features.sets.loading import feature_set, feature_sets


@pytest.mark.parametrize("name", feature_sets())
def test_every_column_is_described(name):
    for column in feature_set(name).columns:
        assert column.unit
        assert column.definition
        assert column.reference
        # gtzan57 uses this name for beat_tempo; egemaps88 shares its names with voice88.
        if (name, column.name) != ("gtzan57", "tempo") and name != "egemaps88":
            assert featkit.describe(column.name) == column


def test_units_follow_the_statistic():
    units = {
        "spectral_centroid_mean": "Hz",
        "spectral_centroid_var": "(Hz)²",
        "spectral_centroid_skew": "1",
        "spectral_centroid_diff_std": "Hz per frame",
        "zero_crossing_rate_var": "1",
        "tempo": "BPM",
    }
    assert {name: featkit.describe(name).unit for name in units} == units


@pytest.mark.parametrize(
    ("column", "example"),
    [("mfcc", "mfcc_1_mean"), ("mfcc_3", "mfcc_1_mean"), ("rms", "rms_mean"), ("tempo_x", "tempo")],
)
def test_an_incomplete_name_is_refused_with_an_example(column, example):
    with pytest.raises(
        ParameterError, match=f"column '{column}': did you mean one like '{example}'"
    ):
        featkit.describe(column)


@pytest.mark.parametrize(
    "column",
    [
        "mfcc_99999999999_mean",
        "mfcc",
        "mfcc_mean",
        "mfcc_x_mean",
        "mfcc_0_mean",
        "tempo_mean",
        "rms",
        "rms_all_mean",
        "chroma_all",
        "chroma_all_diff_mean",
        "dwt_std_all",
        "x",
        "",
    ],
)
def test_an_unknown_column_is_refused(column):
    with pytest.raises(ParameterError):
        featkit.describe(column)


@pytest.mark.parametrize("shape", ["mfcc_{}_mean", "mel_band_3of{}_mean", "dwt_std_d{}"])
def test_a_very_long_number_is_not_a_column(shape):
    with pytest.raises(ParameterError, match="unknown column"):
        featkit.describe(shape.format("9" * 5000))
