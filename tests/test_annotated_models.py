"""Models of annotated intervals: groups, scores, and predictions of intervals and of files."""

import numpy as np
import pytest
import soundfile
from annotating import SMALL, write_manifest
from click.testing import CliRunner

import featkit
from featkit import signals
from featkit.cli.predict import command

SR = 8000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve recordings in which low and high tones alternate, and a manifest of them."""
    folder = tmp_path_factory.mktemp("tones")
    rows = []
    for k in range(12):
        tones = [(300.0 + 5 * k, "low"), (2000.0 + 30 * k, "high")] * 2
        parts = [signals.sine(hz, SR, 0.5, amplitude=0.2 + 0.05 * (k % 4)) for hz, _ in tones]
        y = np.concatenate(parts) + signals.noise(SR, 2.0, amplitude=0.01, seed=k)
        soundfile.write(folder / f"{k:02d}.wav", y, SR)
        rows += [(f"{k:02d}.wav", 0.5 * n, 0.5 * n + 0.5, own) for n, (_, own) in enumerate(tones)]
    rows.append(("00.wav", 7, 8, "low"))
    write_manifest(folder / "m.csv", rows)
    return folder


@pytest.fixture(scope="module")
def table(folder):
    return featkit.extract(manifest=folder / "m.csv", features=SMALL).table


@pytest.fixture(scope="module")
def result(table):
    return featkit.train(table, model="logistic", folds=3)


def test_recordings_are_the_groups_and_intervals_are_scored_one_by_one(result, table):
    scores = result.evaluation
    assert (scores.unit, scores.groups, scores.rows) == ("recording", 12, 48)
    assert scores.recordings is None
    assert scores.models[scores.model].accuracy.value == 1.0
    assert not any("different classes" in warning for warning in scores.warnings)


def test_without_provenance_recordings_of_several_classes_are_not_combined(table):
    other = featkit.FeatureTable.of(table.data)
    scores = featkit.train(other, model="logistic", folds=3).evaluation
    assert scores.recordings is None
    assert any("rows are scored one by one" in warning for warning in scores.warnings)


def test_overlapping_intervals_with_one_start_are_not_duplicates(table, folder):
    rows = [(f"{k:02d}.wav", 0, end, "low") for k in range(12) for end in (0.4, 0.5)]
    rows += [(f"{k:02d}.wav", 0.5, end, "high") for k in range(12) for end in (0.8, 1)]
    overlapping = featkit.extract(
        manifest=write_manifest(folder / "overlapping.csv", rows), features=SMALL
    ).table
    scores = featkit.train(overlapping, model="logistic", folds=3).evaluation
    assert not any("duplicate paths" in warning for warning in scores.warnings)


def test_intervals_are_predicted_one_by_one_from_sound_and_from_tables(result, table, folder):
    model = result.model
    from_sound = model.predict(manifest=folder / "m.csv")
    assert from_sound.data["predicted"].tolist() == table.labels.tolist()
    assert list(from_sound.data.columns[:4]) == ["path", "start", "end", "predicted"]
    (failure,) = from_sound.failures
    assert "m.csv: line 50" in failure.message
    from_table = model.predict(table)
    assert from_table.data.equals(from_sound.data)
    assert model.predict_table(table).equals(from_sound.data)
    assert len(model.predict(table, per="recording").data) == 12


def test_a_model_of_intervals_predicts_whole_files(result, folder, tmp_path):
    soundfile.write(tmp_path / "a.wav", signals.sine(310.0, SR, 3.0, amplitude=0.3), SR)
    data = result.model.predict(tmp_path / "a.wav").data
    assert list(data.columns[:2]) == ["path", "predicted"]
    assert data["predicted"].tolist() == ["low"]


def test_the_command_predicts_each_interval(result, folder, tmp_path):
    result.model.save(tmp_path / "tones.fk")
    output = tmp_path / "predictions.csv"
    arguments = [str(tmp_path / "tones.fk"), "--manifest", str(folder / "m.csv"), "-o", str(output)]
    done = CliRunner().invoke(command, [*arguments, "--jobs", "1", "--max-failures", "1"])
    assert done.exit_code == 0, done.output
    lines = output.read_text().splitlines()
    assert lines[0].startswith("path,start,end,predicted,")
    assert len(lines) == 49


def test_evaluation_scores_each_interval(result, table):
    evaluation = featkit.evaluate({"tones": result.model}, {"again": table})
    assert not any("different classes" in warning for warning in evaluation.warnings)
    (scores,) = evaluation.evaluation.evaluations
    assert (len(evaluation.predictions), scores.groups) == (48, 12)
