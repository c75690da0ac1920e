"""``featkit extract`` with the calibration of a recorder."""

import numpy as np
import pytest
import soundfile
from command_line import SMALL_SET, error_line, run

import featkit
from featkit import signals


@pytest.fixture
def tones(tmp_path, monkeypatch):
    """Two calibrator tones, the second 6.02 dB louder, and a small feature set."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tones").mkdir()
    for name, amplitude in (("a", 0.1), ("b", 0.2)):
        tone = signals.sine(1000.0, 22050, 1.0, amplitude=amplitude * np.sqrt(2))
        soundfile.write(tmp_path / "tones" / f"{name}.wav", tone, 22050, subtype="FLOAT")
    (tmp_path / "mine.toml").write_text(SMALL_SET, "utf-8")
    return tmp_path


def extract(*options, status=0):
    common = ("extract", "tones", "-o", "t.csv", "--features", "mine.toml", "--jobs", "1")
    return run(*common, *options, status=status)


def test_levels_are_added_in_decibels_re_20_micropascals(tones):
    extract("--sensitivity", "-40", "--gain", "20")
    table = featkit.FeatureTable.read(tones / "t.csv")
    assert table.feature_names[7:9] == ["laeq", "lceq"]
    np.testing.assert_allclose(table.data["laeq"], [93.98, 100.0], atol=0.02)
    np.testing.assert_allclose(table.data["third_octave_level_1000"], [93.98, 100.0], atol=0.02)
    assert table.data["third_octave_level_8000"].notna().all()
    assert table.data["third_octave_level_10000"].isna().all()  # half the sample rate is 11,025 Hz


def test_a_run_with_another_calibration_is_not_resumed(tones):
    extract("--sensitivity", "-40")
    line = error_line(
        *("extract", "tones", "-o", "t.csv", "--features", "mine.toml", "--sensitivity", "-36")
    )
    assert "sensitivity was -40.0, is -36.0" in line
    extract("--sensitivity", "-36", "--fresh")
    table = featkit.FeatureTable.read(tones / "t.csv")
    np.testing.assert_allclose(table.data["leq"], [93.98 - 20 + 36, 100 - 20 + 36], atol=0.02)


def test_without_options_nothing_is_added(tones):
    extract()
    assert len(featkit.FeatureTable.read(tones / "t.csv").feature_names) == 7


def test_an_impossible_value_is_an_error(tones):
    common = ("extract", "tones", "-o", "t.csv", "--features", "mine.toml")
    line = error_line(*common, "--full-scale-voltage", "0")
    assert "full_scale_voltage must be above 0, got 0.0" in line
    assert not (tones / "t.csv").exists()


def test_the_function_has_the_same_arguments(tones):
    table = featkit.extract(
        tones / "tones", features="mine.toml", sensitivity=-40, gain=10, full_scale_voltage=2
    ).table
    np.testing.assert_allclose(table.data["lzeq"], [110.0, 116.02], atol=0.02)
    assert table.provenance["feature_set"]["name"] == "mine_calibrated"


def test_a_model_predicts_with_the_calibration_of_its_training(tones):
    for k in range(8):
        tone = signals.sine(1000.0, 22050, 0.6, amplitude=0.01 + 0.1 * (k % 2))
        file = tones / "levels" / ("loud" if k % 2 else "quiet") / f"{k}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, tone + signals.noise(22050, 0.6, seed=k, amplitude=1e-4), 22050)
    options = ("--features", "mine.toml", "--labels", "folder", "--gain", "10", "--jobs", "1")
    run("extract", "levels", "-o", "t.parquet", *options)
    run("train", "t.parquet", "-o", "m.fk", "--model", "logistic", "--folds", "2")
    assert "laeq" in featkit.load_model(tones / "m.fk").columns
    result = run("predict", "m.fk", "tones", "--jobs", "1")
    assert result.stdout.count("loud") >= 1
