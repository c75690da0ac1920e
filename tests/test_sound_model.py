"""Models that take sound: train, save, load and predict, in Python and on the command line."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from click.testing import CliRunner
from learning import tones

import featkit
from featkit import signals
from featkit.cli._main import main
from featkit.errors import ModelError, ParameterError, TableError
from featkit.models.probabilities import of_recordings
from featkit.table.feature_table import FeatureTable

SR = 22050

SMALL = {
    "name": "small",
    "sample_rate": SR,
    "features": [
        {"family": "mfcc", "n_mfcc": 5, "statistics": ["mean", "std"]},
        {"family": "spectral_centroid", "statistics": ["mean"]},
        {"family": "zero_crossing_rate", "statistics": ["mean"]},
    ],
}


def sound(label, number, seconds=0.5):
    rng = np.random.default_rng(number)
    if label == "tone":
        return signals.sine(rng.uniform(300, 900), SR, seconds)
    return signals.noise(SR, seconds, seed=number)


def write_corpus(folder, count=8, seconds=0.5):
    for label in ("noise", "tone"):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            soundfile.write(folder / label / f"{label}{k}.wav", sound(label, k, seconds), SR)
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def table(corpus):
    return featkit.extract(corpus, features=SMALL, labels="folder").table


@pytest.fixture(scope="module")
def result(table):
    return featkit.train(table, model="logistic", folds=4)


@pytest.fixture
def new(tmp_path):
    """Recordings that the model was not trained on."""
    folder = tmp_path / "new"
    folder.mkdir()
    for label in ("noise", "tone"):
        soundfile.write(folder / f"{label}.wav", sound(label, 99), SR)
    return folder


def run(*arguments, status=0):
    outcome = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert "Traceback" not in outcome.output
    assert outcome.exit_code == status, outcome.output
    return outcome


# From Python


def test_a_model_predicts_the_classes_of_files(result, new):
    predictions = result.model.predict(new)
    assert list(predictions.data["path"]) == ["noise.wav", "tone.wav"]
    assert list(predictions.data["predicted"]) == ["noise", "tone"]
    assert not predictions.failures
    np.testing.assert_allclose(predictions.data[["p_noise", "p_tone"]].sum(axis=1), 1)
    most = predictions.data[["p_noise", "p_tone"]].max(axis=1)
    np.testing.assert_array_equal(predictions.data["probability"], most)


def test_a_saved_model_predicts_the_same(result, table, new, tmp_path):
    result.model.save(tmp_path / "m.fk")
    loaded = featkit.load_model(tmp_path / "m.fk")
    for inputs in (new, table, [new / "tone.wav"]):
        pd.testing.assert_frame_equal(
            loaded.predict(inputs).data, result.model.predict(inputs).data, check_exact=True
        )
    assert loaded.scores == json.loads(json.dumps(result.scores))
    assert loaded.classes == ["noise", "tone"]
    assert loaded.units["spectral_centroid_mean"] == "Hz"
    assert loaded.training["protocol"] == "4 folds by recording"
    assert loaded.feature_set.fingerprint == table.provenance["fingerprint"]


def test_a_table_has_the_predictions_of_its_sound(result, corpus, table, tmp_path):
    table.write(tmp_path / "t.parquet")
    from_sound = result.model.predict(corpus).data
    pd.testing.assert_frame_equal(result.model.predict(table).data, from_sound, check_exact=True)
    from_file = result.model.predict(tmp_path / "t.parquet").data
    pd.testing.assert_frame_equal(from_file, from_sound, check_exact=True)


def test_a_file_that_cannot_be_read_is_a_failure_without_prediction(result, new):
    (new / "broken.wav").write_bytes(b"RIFF")
    predictions = result.model.predict(new)
    assert [failure.path for failure in predictions.failures] == ["broken.wav"]
    assert list(predictions.data["path"]) == ["noise.wav", "tone.wav"]


def test_other_files_in_a_folder_are_counted(result, new, tmp_path):
    (new / "notes.txt").write_text("no sound")
    assert result.model.predict(new).left_out == {".txt": 1}
    assert result.model.predict(new / "tone.wav").left_out == {}
    result.model.save(tmp_path / "m.fk")
    assert "skipped: 1 .txt\n" in run("predict", tmp_path / "m.fk", new, "--jobs", 1).stderr


def test_a_folder_of_failures_has_no_rows(result, tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    predictions = result.model.predict(tmp_path)
    assert len(predictions.failures) == 1
    assert list(predictions.data.columns)[-2:] == ["p_noise", "p_tone"]
    assert predictions.data.empty
    assert predictions.data.columns[0] == "path"


def test_recordings_are_segmented_like_the_training_data(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", seconds=1.2)
    cut = featkit.extract(corpus, features=SMALL, labels="folder", segment=0.4).table
    model = featkit.train(cut, model="logistic", folds=4).model
    recordings = model.predict(corpus)
    segments = model.predict(corpus, per="segment")
    assert (len(recordings.data), len(segments.data)) == (16, 48)
    logs = np.log(segments.data[["p_noise", "p_tone"]]).groupby(segments.data["path"]).mean()
    joint = np.exp(logs).div(np.exp(logs).sum(axis=1), axis=0)
    actual = recordings.data.set_index("path")[["p_noise", "p_tone"]]
    np.testing.assert_allclose(actual, joint.loc[actual.index], rtol=1e-9)
    assert list(segments.data.columns[:3]) == ["path", "start", "end"]


def test_one_segment_with_probability_0_does_not_decide_for_the_recording():
    names, P = of_recordings(
        np.array(["b", "a", "b"]), np.array([[1.0, 0.0], [0.3, 0.7], [0.2, 0.8]])
    )
    assert names.tolist() == ["b", "a"]
    assert np.isfinite(P).all()
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_a_table_that_lacks_columns_is_refused_by_name(result, table):
    poor = FeatureTable(table.keys, table.feature_names[:-1], table.values[:, :-1])
    with pytest.raises(TableError, match="lacks 1 of the model's 12 columns: zero_crossing_rate_m"):
        result.model.predict(poor)


def test_further_columns_and_another_order_are_accepted(result, table):
    order = [*range(len(table.feature_names))][::-1]
    names = [table.feature_names[k] for k in order] + ["more"]
    values = np.column_stack([table.values[:, order], np.zeros(len(table))])
    other = FeatureTable(table.keys, names, values)
    pd.testing.assert_frame_equal(
        result.model.predict(other).data, result.model.predict(table).data, check_exact=True
    )


def test_another_feature_set_is_refused_by_name(result, corpus):
    other = featkit.extract(corpus, features=SMALL | {"name": "other"}).table
    with pytest.raises(
        TableError, match=r"has the feature set other 0, but the model needs small 0"
    ):
        result.model.predict(other)
    again = featkit.extract(corpus, features=SMALL | {"version": 2}).table
    with pytest.raises(
        TableError, match="has the feature set small 2, but the model needs small 0"
    ):
        result.model.predict(again)
    same_name = featkit.extract(corpus, features=SMALL | {"spectra": {"hop_length": 256}}).table
    with pytest.raises(TableError, match="small 0 with another definition than that of the model"):
        result.model.predict(same_name)


def test_another_unit_is_refused_by_name(result, table):
    columns = [dict(column) for column in table.provenance["columns"]]
    next(c for c in columns if c["name"] == "spectral_centroid_mean")["unit"] = "kHz"
    other = FeatureTable(table.keys, table.feature_names, table.values, {"columns": columns})
    with pytest.raises(TableError, match=r"'spectral_centroid_mean' is in 'kHz', .* it in 'Hz'"):
        result.model.predict(other)


def test_infinite_values_are_refused(result, table):
    values = table.values.copy()
    values[3, 0] = -np.inf
    with pytest.raises(TableError, match="'mfcc_1_mean' holds infinite values"):
        result.model.predict(FeatureTable(table.keys, table.feature_names, values))


def test_a_model_of_a_table_of_unknown_origin_takes_no_sound(new):
    model = featkit.train(tones(), model="logistic").model
    with pytest.raises(ModelError, match="the model predicts from tables only"):
        model.predict(new)
    assert len(model.predict(FeatureTable.of(tones())).data) == 60


def test_wrong_arguments_are_named(result, new, tmp_path, table):
    with pytest.raises(ParameterError, match="per must be one of recording, segment, got 'song'"):
        result.model.predict(new, per="song")
    table.write(tmp_path / "t.csv")
    with pytest.raises(ParameterError, match="give one table alone"):
        result.model.predict([tmp_path / "t.csv", new])
    with pytest.raises(ParameterError, match="no such file"):
        result.model.predict(tmp_path / "nothing.wav")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("change", "how"),
    [
        ({"id": ["7b", *map(str, range(59))]}, {"exclude": ["id"]}),
        ({"label": ["n/a?"] * 3 + ["1", "2", "3"] * 19}, {}),
        ({"artist": ["x1", *(str(k // 2) for k in range(59))]}, {"group": "artist"}),
        ({"label": np.arange(60) % 3}, {}),
    ],
)
def test_a_table_that_trains_a_model_can_be_predicted(tmp_path, ending, change, how):
    file = tmp_path / f"t.{ending}"
    data = tones().assign(**change)
    data.to_csv(file, index=False) if ending == "csv" else data.to_parquet(file)
    result = featkit.train(file, model="logistic", folds=3, **how)
    result.model.save(tmp_path / "m.fk")
    actual = featkit.load_model(tmp_path / "m.fk").predict(file).data
    values = FeatureTable.of(tones()[["path", "pitch", "a", "b", "c"]])
    pd.testing.assert_frame_equal(actual, result.model.predict_table(values))
    done = run("report", tmp_path / "m.fk", file, "-o", tmp_path / "r.html")
    assert "60 rows explained" in done.stderr
    read = result.model.read(file)
    assert read.feature_names == ["pitch", "a", "b", "c"]
    assert set(change) <= set(read.keys)
    assert (featkit.explain(result.model, read).folds != "").all()


def test_a_cell_of_the_models_own_columns_must_be_a_number(result, table, tmp_path):
    table.write(tmp_path / "t.csv")
    poor = pd.read_csv(tmp_path / "t.csv").astype({"mfcc_1_mean": object})
    poor.loc[2, "mfcc_1_mean"] = "7b"
    poor.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(TableError, match=r"line 4: mfcc_1_mean: '7b' is not a number"):
        result.model.predict(tmp_path / "t.csv")


def test_a_row_without_values_is_a_failure_without_prediction(tmp_path):
    data = tones()
    model = featkit.train(data, model="logistic", folds=3).model
    features = ["pitch", "a", "b", "c"]
    data.loc[[3, 7], features] = np.nan
    actual = model.predict(FeatureTable.of(data))
    assert [failure.path for failure in actual.failures] == ["003.wav", "007.wav"]
    assert "none of the model's columns has a value" in actual.failures[0].message
    assert len(actual.data) == 58
    assert not {"003.wav", "007.wav"} & set(actual.data["path"])
    assert not actual.warnings
    nameless = model.predict(FeatureTable.of(data[features]))
    assert [failure.path for failure in nameless.failures] == ["row 4", "row 8"]
    assert [row for row in range(1, 61) if row not in set(nameless.data["row"])] == [4, 8]
    none = model.predict(FeatureTable.of(data[3:4]))
    assert (len(none.data), len(none.failures), none.warnings) == (0, 1, [])
    data.to_csv(tmp_path / "t.csv", index=False)
    model.save(tmp_path / "m.fk")
    done = run("predict", tmp_path / "m.fk", tmp_path / "t.csv", status=3)
    assert "003.wav: predict: none of the model's columns" in done.stderr
    assert len(done.stdout.splitlines()) == 59


def test_a_recording_is_predicted_from_its_segments_with_values():
    data = tones().assign(path=[f"{k // 2}.wav" for k in range(60)])
    data["start"], data["end"] = np.tile([0.0, 3.0], 30), np.tile([3.0, 6.0], 30)
    data["label"] = np.repeat(["x", "y"], 30)
    model = featkit.train(data, model="logistic", folds=3).model
    data.loc[[1, 6, 7], ["pitch", "a", "b", "c"]] = np.nan
    actual = model.predict(FeatureTable.of(data))
    assert [failure.path for failure in actual.failures] == ["3.wav"]
    assert len(actual.data) == 29
    segments = model.predict(FeatureTable.of(data), per="segment")
    assert [failure.path for failure in segments.failures] == ["0.wav", "3.wav", "3.wav"]
    assert segments.failures[0].message.startswith("from 3 s on none")
    alone = segments.data.set_index("path").loc["0.wav", ["p_x", "p_y"]]
    both = actual.data.set_index("path").loc["0.wav", ["p_x", "p_y"]]
    np.testing.assert_allclose(alone.astype(float), both.astype(float), rtol=1e-9)


def test_columns_that_lost_their_values_are_a_warning(tmp_path):
    model = featkit.train(tones(), model="logistic", folds=3).model
    actual = model.predict(FeatureTable.of(tones().assign(a=np.nan)))
    assert len(actual.data) == 60
    assert actual.warnings == [
        "1 of the model's 4 columns have no value in any row, though they had values in training: a"
    ]


# By the command line


def test_train_and_predict_on_the_command_line(table, new, tmp_path):
    table.write(tmp_path / "t.parquet")
    model, scores, words = (tmp_path / name for name in ("m.fk", "s.json", "p.csv"))
    done = run(
        *("train", tmp_path / "t.parquet", "--model", "svm", "--folds", 4, "--jobs", 1),
        *("-o", model, "--scores", scores, "--predictions", words),
    )
    assert "16 rows of 16 recordings, 2 classes, 12 columns; 16 test rows, 4" in done.stdout
    assert re.search(r"^svm\t1\.000 ± 0\.000 \[0\.794, 1\.000\]", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^baseline\t0\.500", done.stdout, flags=re.MULTILINE)
    assert "Brier score" in done.stdout
    assert re.search(r"^noise\t8\t·$", done.stdout, flags=re.MULTILINE)
    assert f"{model}: svm, fitted on 16 rows" in done.stderr
    written = json.loads(scores.read_text())
    assert written["models"]["svm"]["accuracy"]["value"] == 1.0
    assert len(pd.read_csv(words)) == 16

    done = run("predict", model, new, "--jobs", 1)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["path", "predicted", "probability"]
    assert [line[:2] for line in lines[1:]] == [["noise.wav", "noise"], ["tone.wav", "tone"]]

    (new / "broken.wav").write_bytes(b"RIFF")
    done = run("predict", model, new, "-o", tmp_path / "out.csv", "--jobs", 1, status=3)
    assert f"1 failed, see {tmp_path / 'out.csv'}.failures.csv:" in done.stderr
    assert "broken.wav: decode:" in done.stderr
    assert list(pd.read_csv(tmp_path / "out.csv")["predicted"]) == ["noise", "tone"]


def test_a_reader_who_has_read_enough_costs_no_training(tmp_path):
    """As `featkit train … | head -2` does, whose pipe is closed while scores are written."""
    tones().to_csv(tmp_path / "t.csv", index=False)
    read, write = os.pipe()
    os.close(read)
    files = [tmp_path / name for name in ("m.fk", "s.json", "p.csv")]
    command = [
        *(sys.executable, "-m", "featkit", "train", tmp_path / "t.csv", "--model", "logistic"),
        *("--jobs", "1", "-o", files[0], "--scores", files[1], "--predictions", files[2]),
    ]
    with os.fdopen(write, "wb") as closed:
        subprocess.run(list(map(str, command)), stdout=closed, stderr=subprocess.PIPE, check=False)
    assert all(file.is_file() for file in files)


def test_explain_prints_the_contributions_for_and_against(result, new, tmp_path):
    result.model.save(tmp_path / "m.fk")
    lines = run("explain", tmp_path / "m.fk", new / "tone.wav").stdout.splitlines()
    assert lines[0] == "tone.wav: tone"
    shown = [line.split("\t") for line in lines]
    (certain,) = (float(cells[1]) for cells in shown if cells[0] == "tone")
    assert certain > 0.8
    columns = [cells for cells in shown if cells[0] in result.model.columns]
    assert len(columns) == 12
    spoke = [abs(float(cells[3])) for cells in columns]
    assert spoke == sorted(spoke, reverse=True)
    centroid = next(cells for cells in columns if cells[0] == "spectral_centroid_mean")
    assert centroid[1].endswith(" Hz")
    *_, base, others, together = re.findall(r"[-+]\d+\.\d{3}", lines[-1])
    total = float(base) + float(others) + sum(float(cells[3]) for cells in columns)
    assert total == pytest.approx(float(together), abs=0.01)
    rival = run("explain", tmp_path / "m.fk", new / "tone.wav", "--against", "noise").stdout
    assert "tone rather than noise, in log odds" in rival
    rows = [line.split("\t") for line in rival.splitlines()]
    differences = [float(cells[4]) for cells in rows if cells[0] in result.model.columns]
    *_, base, others, together = re.findall(r"[-+]\d+\.\d{3}", rival)
    total = float(base) + float(others) + sum(differences)
    assert total == pytest.approx(float(together), abs=0.01)
    for name, message in (("tone", "is the explained class"), ("hum", "unknown class 'hum'")):
        failed = run("explain", tmp_path / "m.fk", new / "tone.wav", "--against", name, status=2)
        assert message in failed.stderr
    other = run("explain", tmp_path / "m.fk", new / "tone.wav", "--of-class", "noise", "--top", 2)
    assert "contributions to noise, in log odds" in other.stdout
    assert (
        "unknown class 'hum'"
        in run("explain", tmp_path / "m.fk", new / "tone.wav", "--of-class", "hum", status=2).stderr
    )
    (new / "broken.wav").write_bytes(b"RIFF")
    assert "broken.wav" in run("explain", tmp_path / "m.fk", new / "broken.wav", status=1).stderr


def test_the_grouped_score_is_printed_with_that_of_a_split_by_row(tmp_path):
    corpus = write_corpus(tmp_path / "corpus", seconds=1.2)
    cut = featkit.extract(corpus, features=SMALL, labels="folder", segment=0.4).table
    cut.write(tmp_path / "t.parquet")
    done = run("train", tmp_path / "t.parquet", "--model", "logistic", "--folds", 4, "--jobs", 1)
    assert re.search(
        r"accuracy 1\.000; a row-wise split gives 1\.000: \+0\.0 points"
        r" \[\+0\.0, \+0\.0\], not significant",
        done.stdout,
    )
    assert "segments of a recording combined: accuracy 1.000" in done.stdout
    by_row = run(
        *("train", tmp_path / "t.parquet", "--model", "logistic", "--split-by-row", "--jobs", 1)
    )
    assert "warning: split by row: rows of one recording" in by_row.stderr
    assert "48 rows, 2 classes" in by_row.stdout


def test_a_table_of_another_program_is_trained_on_and_predicted(tmp_path):
    data = tones().rename(columns={"path": "filename", "label": "genre"}).assign(length=661794)
    data.to_csv(tmp_path / "features.csv", index=False)
    done = run(
        *("train", tmp_path / "features.csv", "--label", "genre", "--exclude", "filename,length"),
        *("--model", "logistic", "--ratio", "60/20/20", "--jobs", 1, "-o", tmp_path / "m.fk"),
    )
    assert "3 classes, 4 columns; 12 test rows, 60/20/20 by row" in done.stdout
    assert "the table has no column 'path'" in done.stderr
    words = run("predict", tmp_path / "m.fk", tmp_path / "features.csv").stdout.splitlines()
    assert words[0].split("\t") == ["row", "predicted", "probability"]
    assert len(words) == 61


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["train", "missing.parquet"], 1, "missing.parquet: no such file"),
        (["train", "t.csv", "--label", "genre"], 2, "unknown column 'genre'"),
        (["train", "t.csv", "--model", "forest"], 2, "unknown model 'forest'"),
        (["train", "t.csv", "--ratio", "much"], 2, "'much' is not a ratio such as 60/20/20"),
        (["train", "t.csv", "--ratio", "6_0/40"], 2, "'6_0/40' is not a ratio such as 60/20/20"),
        (["train", "t.csv", "--ratio", "60/0/40"], 2, "got (60.0, 0.0, 40.0)"),
        (["train", "t.csv", "--folds", "30", "--model", "svm"], 2, "each of 30 parts needs one"),
        (["train", "t.csv", "-o", "none/m.fk"], 2, "there is no folder none"),
        (
            ["report", "m.fk", "t.csv", "-o", "t.csv"],
            2,
            "the file name must end in .html",
        ),
        (
            ["explain", "m.fk", "t.wav", "-o", "t.wav"],
            2,
            "the file name must end in .html",
        ),
        (["explain", "m.fk", "."], 2, "give one audio file"),
        (["train", "t.csv", "-o", "m.csv"], 2, "m.csv: the file name must end in .fk"),
        (["train", "t.csv", "--predictions", "t.csv"], 2, "t.csv: is an input"),
        (
            ["predict", "m.fk", "t.csv", "-o", "m.fk"],
            2,
            "m.fk: the file name must end in .csv",
        ),
        (["predict", "t.csv", "t.csv"], 1, "t.csv: not a model that featkit wrote"),
        (["predict", "none.fk", "t.csv"], 1, "none.fk: No such file"),
    ],
)
def test_a_mistake_is_reported_in_one_line(tmp_path, monkeypatch, arguments, status, message):
    monkeypatch.chdir(tmp_path)
    tones().to_csv("t.csv", index=False)
    done = run(*arguments, status=status)
    assert message in done.stderr.splitlines()[-1]
    assert not done.stdout
