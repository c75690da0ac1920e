"""Feature sets with the calibration of a recorder."""

import pytest

import featkit
from featkit.features.calibration import CalibrationParameters
from featkit.features.sets.feature_set import FeatureSet

LEVELS = ["laeq", "lceq", "lzeq", "leq", "la_max", "la10", "la50", "la90"]


def test_levels_are_added_to_a_set_without_any():
    plain = featkit.feature_set("genre75")
    features = plain.calibrated(sensitivity=-38, gain=20)
    assert features.name == "genre75_calibrated"
    assert list(features.column_names[:75]) == list(plain.column_names)
    assert list(features.column_names[75:83]) == LEVELS
    assert features.column_names[83] == "third_octave_level_25"
    assert features.column_names[-1] == "third_octave_level_8000"  # 22,050 Hz end at 11,025 Hz
    assert features.fingerprint != plain.fingerprint
    assert FeatureSet.from_dict(features.as_dict()) == features


@pytest.mark.parametrize(("rate", "highest"), [("native", 20000), (16000, 6300), (48000, 20000)])
def test_bands_end_below_half_the_sample_rate(rate, highest):
    mapping = {"sample_rate": rate, "features": [{"family": "tempo"}]}
    features = featkit.feature_set(mapping).calibrated(gain=3)
    assert features.column_names[-1] == f"third_octave_level_{highest}"


def test_the_lowest_sample_rate_has_bands():
    mapping = {"sample_rate": 100, "spectra": {"n_fft": 16, "hop_length": 8, "n_mels": 1}}
    mapping["features"] = [{"family": "zero_crossing_rate", "statistics": ["mean"]}]
    features = featkit.feature_set(mapping).calibrated(gain=3)
    assert [name.rpartition("_")[2] for name in features.column_names[9:]] == ["25", "31p5", "40"]


def test_families_with_a_calibration_get_it_and_nothing_is_added():
    entries = [{"family": "sound_level", "gain": 10.0}, {"family": "tempo"}]
    plain = featkit.feature_set({"name": "mine", "features": entries})
    features = plain.calibrated(sensitivity=-30, full_scale_voltage=2)
    assert features.column_names == plain.column_names
    parameters = features.entries[0].parameters
    assert parameters == CalibrationParameters(sensitivity=-30.0, gain=10.0, full_scale_voltage=2.0)
    assert features.entries[1] == plain.entries[1]
    assert features.name == "mine_calibrated"
    again = features.calibrated(gain=0)
    assert again.name == "mine_calibrated"
    assert again.entries[0].parameters.gain == 0
    assert len({plain.fingerprint, features.fingerprint, again.fingerprint}) == 3


def test_columns_that_are_selected_stay_in_front():
    mapping = {
        "features": [{"family": "tempo"}, {"family": "dynamics"}],
        "columns": ["crest_factor", "tempo"],
        "names": {"tempo": "bpm"},
    }
    features = featkit.feature_set(mapping).calibrated(gain=1)
    assert list(features.column_names[:4]) == ["crest_factor", "bpm", "laeq", "lceq"]


def test_without_values_the_set_is_the_same():
    plain = featkit.feature_set("standard")
    assert plain.calibrated() is plain


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sensitivity": 500}, "sensitivity must be at most 100"),
        ({"gain": float("nan")}, "gain must be finite"),
        ({"full_scale_voltage": 0}, "full_scale_voltage must be above 0"),
        ({"gain": "loud"}, "gain must be a number"),
    ],
)
def test_impossible_values_are_errors(values, message):
    for features in (
        {"features": [{"family": "tempo"}]},
        {"features": [{"family": "sound_level"}]},
    ):
        with pytest.raises(featkit.ParameterError, match=message):
            featkit.feature_set(features).calibrated(**values)


def test_the_transformer_calibrates_its_set():
    clip = (featkit.signals.sine(1000.0, 22050, 1.0, amplitude=0.2**0.5), 22050)
    extractor = featkit.FeatureExtractor({"features": [{"family": "sound_level"}]}, gain=20.0)
    (row,) = extractor.fit_transform([clip])
    names = list(extractor.get_feature_names_out())
    assert row[names.index("leq")] == pytest.approx(93.98 - 10 - 20, abs=0.01)
