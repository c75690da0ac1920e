"""``featkit predict`` on many recordings: resumed, with a list of failures, in bounded memory."""

import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile
from command_line import error_line, run
from deadly import PATIENCE
from extracting import count_stored

import featkit
from featkit import signals
from featkit.errors import ParameterError
from featkit.models.predictor import Predictor

SR = 8000

FEATURES = {
    "name": "small",
    "sample_rate": SR,
    "features": [
        {"family": "spectral_centroid", "statistics": ["mean", "std"]},
        {"family": "spectral_flatness", "statistics": ["mean"]},
    ],
}
"""Features of which silence has none."""

COUNT = 20


def write(file, number, seconds=0.5):
    file.parent.mkdir(parents=True, exist_ok=True)
    kind = signals.noise(SR, seconds, seed=number)
    if number % 2:
        kind = signals.sine(200.0 + 10 * number, SR, seconds)
    soundfile.write(file, kind, SR)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of models: two with the same features of segments, one for whole files."""
    folder = tmp_path_factory.mktemp("models")
    for number in range(12):
        write(folder / "train" / ("noise", "tone")[number % 2] / f"{number}.wav", number)
    how = {"features": FEATURES, "labels": "folder"}
    cut = featkit.extract(folder / "train", segment=0.2, segment_hop=0.1, **how).table
    for name in ("svm", "logistic"):
        featkit.train(cut, model=name, folds=2).model.save(folder / f"{name}.fk")
    sets = featkit.train(cut, model="logistic", folds=2, prediction_sets=True)
    sets.model.save(folder / "sets.fk")
    table = featkit.extract(folder / "train", **how).table
    featkit.train(table, model="logistic", folds=2).model.save(folder / "whole.fk")
    return folder


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Recordings, a file that cannot be read, and one that cannot be predicted."""
    for number in range(COUNT):
        write(tmp_path / "new" / f"{number % 3}" / f"{number:02d}.wav", number + 50)
    (tmp_path / "new" / "1" / "broken.wav").write_bytes(b"RIFF")
    soundfile.write(tmp_path / "new" / "2" / "silent.wav", np.zeros(SR // 2), SR)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "new"


@pytest.fixture(params=["recording", "segment"])
def per(request):
    return request.param


def files_of(output):
    """Bytes of the predictions and of the list of failures."""
    with open(output, "rb") as predictions, open(f"{output}.failures.csv", "rb") as failures:
        return predictions.read(), failures.read()


def interrupted_after(model, finished, **options):
    """Predict, and stop when some files are finished."""

    def stop(progress):
        if progress.done - progress.resumed >= finished:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.predict("new", output="p.csv", progress=stop, **options)
    assert not os.path.exists("p.csv")


@pytest.mark.parametrize(("per", "n_jobs"), [("recording", 2), ("segment", 1)])
def test_an_interrupted_prediction_is_resumed_with_the_same_bytes(
    models, corpus, monkeypatch, per, n_jobs
):
    model = featkit.load_model(models / "svm.fk")
    model.predict("new", per=per, output="whole.csv", n_jobs=3 - n_jobs)
    monkeypatch.setattr(Predictor, "max_rows", 3)  # four segments of each recording
    interrupted_after(model, 4, per=per, n_jobs=n_jobs)
    predictions = model.predict("new", per=per, output="p.csv", n_jobs=n_jobs)
    assert 4 <= predictions.resumed < COUNT
    assert files_of("p.csv") == files_of("whole.csv")
    assert count_stored("p.csv") == (COUNT + 1, COUNT + 1)


def test_sets_and_novelty_of_sound_are_those_of_its_table_and_survive_an_interruption(
    models, corpus, monkeypatch, per
):
    model = featkit.load_model(models / "sets.fk")
    how = {"per": per, "coverage": 0.8, "novelty": True}
    model.predict("new", output="whole.csv", **how)
    monkeypatch.setattr(Predictor, "max_rows", 3)
    interrupted_after(model, 4, **how)
    model.predict("new", output="p.csv", **how)
    assert files_of("p.csv") == files_of("whole.csv")
    written = model.predict(model.extract("new").table, **how).data
    pd.testing.assert_frame_equal(model.predict("new", output="p.csv", **how).data, written)
    added = ["prediction_set", "abstain", "novelty"]
    assert [name for name in written if name in added] == added


def test_the_command_adds_columns_and_refuses_what_the_model_lacks(models, corpus):
    outcome = run("predict", models / "sets.fk", "new", "--coverage", "0.8", "--novelty", status=3)
    header = next(line for line in outcome.stdout.splitlines() if "predicted" in line)
    assert header.split() == [
        *("path", "predicted", "probability"),
        *("prediction_set", "abstain", "novelty"),
    ]
    refusal = error_line("predict", models / "svm.fk", "new", "--coverage", "0.8", status=1)
    assert "train it again with prediction_sets=True (--prediction-sets)" in refusal


CHILD = """
import sys, featkit
def show(progress):
    print(progress.done, flush=True)
if __name__ == "__main__":
    model = featkit.load_model(sys.argv[1])
    model.predict("new", output="p.csv", n_jobs=2, progress=show)
"""


def test_a_killed_prediction_is_resumed_with_the_same_bytes(models, corpus):
    featkit.load_model(models / "logistic.fk").predict("new", output="whole.csv")
    with open("child.py", "w", encoding="utf-8") as script:
        script.write(CHILD)
    child = subprocess.Popen(
        [sys.executable, "child.py", str(models / "logistic.fk")],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    for line in child.stdout:
        if int(line) >= 4:
            break
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=PATIENCE)
    done = run("predict", models / "logistic.fk", "new", "-o", "p.csv", "--jobs", 1, status=3)
    assert f"p.csv: {COUNT} predictions; " in done.stderr
    assert "files from earlier runs" in done.stderr
    assert files_of("p.csv") == files_of("whole.csv")
    assert not [name for name in os.listdir() if name.endswith(".part")]


def test_the_file_has_the_predictions_in_memory(models, corpus, per):
    model = featkit.load_model(models / "logistic.fk")
    in_memory = model.predict("new", per=per)
    predictions = model.predict("new", per=per, output="p.csv")
    assert "data" not in vars(predictions)
    assert predictions.rows == len(in_memory.data) == COUNT * (1 if per == "recording" else 4)
    assert (predictions.files, in_memory.files) == (COUNT + 2, COUNT + 2)
    assert predictions.failures == in_memory.failures
    pd.testing.assert_frame_equal(predictions.data, in_memory.data, check_exact=True)
    table = model.extract("new").table
    assert model.predict(table, per=per, output="t.csv").files == 0
    assert files_of("t.csv")[0] == files_of("p.csv")[0]


def test_failures_are_listed_with_stage_and_reason(models, corpus):
    model = models / "whole.fk"
    done = run("predict", model, "new", "-o", "p.csv", "--jobs", 1, status=3)
    assert "failures by stage: decode 1, predict 1" in done.stderr
    assert "2 failed, see p.csv.failures.csv:" in done.stderr
    listed = pd.read_csv("p.csv.failures.csv")
    assert listed[["path", "stage", "error"]].to_numpy().tolist() == [
        ["1/broken.wav", "decode", "AudioError"],
        ["2/silent.wav", "predict", "TableError"],
    ]
    assert "none of the model's columns has a value" in listed["message"][1]
    run("predict", model, "new", "-o", "p.csv", "--jobs", 1, "--max-failures", 1, status=3)
    done = run("predict", model, "new", "-o", "p.csv", "--jobs", 1, "--max-failures", 2)
    assert f"p.csv: {COUNT} predictions; {COUNT + 1} files from earlier runs" in done.stderr
    (corpus / "1" / "broken.wav").unlink()
    (corpus / "2" / "silent.wav").unlink()
    run("predict", model, "new", "-o", "p.csv", "--jobs", 1)
    assert sorted(os.listdir()) == ["new", "p.csv", "p.csv.parts"]


def test_a_folder_of_failures_gives_a_header(models, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    done = run("predict", models / "svm.fk", ".", "-o", "p.csv", "--jobs", 1, status=3)
    assert "p.csv: 0 predictions" in done.stderr
    assert (tmp_path / "p.csv").read_text() == "path,predicted,probability,p_noise,p_tone\n"


def test_another_model_with_the_same_features_uses_them(models, corpus):
    run("predict", models / "svm.fk", "new", "-o", "p.csv", "--jobs", 1, status=3)
    before = files_of("p.csv")[0]
    done = run("predict", models / "logistic.fk", "new", "-o", "p.csv", "--jobs", 1, status=3)
    assert f"{COUNT + 1} files from earlier runs" in done.stderr
    assert "s of audio" not in done.stderr
    assert files_of("p.csv")[0] != before
    featkit.load_model(models / "logistic.fk").predict("new", output="other.csv")
    assert files_of("p.csv") == files_of("other.csv")


def test_a_model_with_other_settings_is_refused_unless_fresh(models, corpus):
    run("predict", models / "svm.fk", "new", "-o", "p.csv", "--jobs", 1, status=3)
    before = files_of("p.csv")
    arguments = ["predict", models / "whole.fk", "new", "-o", "p.csv", "--jobs", 1]
    message = error_line(*arguments)
    assert "excerpt.segment was 0.2, is none" in message
    assert "Start over with --fresh" in message
    assert files_of("p.csv") == before
    done = run(*arguments, "--fresh", status=3)
    assert "from earlier runs" not in done.stderr


def test_a_single_recording_has_no_checkpoint(models, corpus):
    run("predict", models / "svm.fk", "new/0/00.wav", "-o", "p.csv")
    assert sorted(os.listdir()) == ["new", "p.csv"]


def test_without_output_nothing_is_written(models, corpus):
    done = run("predict", models / "svm.fk", "new", "--jobs", 1, status=3)
    assert os.listdir() == ["new"]
    assert "2 failed:" in done.stderr
    assert len(done.stdout.splitlines()) == COUNT + 1


def test_a_manifest_selects_the_recordings(models, corpus):
    manifest = pd.DataFrame({"path": ["0/00.wav", "1/01.wav", "2/02.wav", "0/03.wav"]})
    manifest.assign(split=["a", "b", "a", "c"]).to_csv("m.csv", index=False)
    arguments = [
        "predict",
        models / "svm.fk",
        "new",
        "--manifest",
        "m.csv",
        "-o",
        "p.csv",
        "--jobs",
        1,
    ]
    run(*arguments)
    assert pd.read_csv("p.csv")["path"].tolist() == manifest["path"].tolist()
    done = run(*arguments, "--where", "split=a,c")
    assert pd.read_csv("p.csv")["path"].tolist() == ["0/00.wav", "2/02.wav", "0/03.wav"]
    assert "3 files from earlier runs" in done.stderr
    moved = manifest.assign(path="new/" + manifest["path"])
    moved.to_csv("m.csv", index=False)
    predictions = featkit.load_model(models / "svm.fk").predict(manifest="m.csv")
    assert predictions.data["path"].tolist() == moved["path"].tolist()
    assert "'split' is not COLUMN=VALUE" in error_line(*arguments, "--where", "split")


def test_inputs_or_a_manifest_are_needed(models):
    assert "Missing argument 'INPUT...'" in error_line("predict", models / "svm.fk")
    with pytest.raises(ParameterError, match="got a NoneType"):
        featkit.load_model(models / "svm.fk").predict()


def test_an_interrupted_command_reports_how_to_resume(models, corpus, monkeypatch):
    load = featkit.sound_model.load_model

    def stopping(path):
        model = load(path)

        def interrupted(*args, progress, **options):
            progress(featkit.Progress("extracting", 7, 20, failed=1))
            raise KeyboardInterrupt

        object.__setattr__(model, "predict", interrupted)
        return model

    monkeypatch.setattr(featkit.sound_model, "load_model", stopping)
    hint = "6 of 20 files are finished; run the same command to resume"
    arguments = ["predict", models / "svm.fk", "new"]
    assert hint in run(*arguments, "-o", "p.csv", status=130).stderr
    assert hint not in run(*arguments, status=130).stderr


def test_features_are_extracted_with_labels_and_resumed(models, corpus):
    model = featkit.load_model(models / "svm.fk")
    first = model.extract("new", output="f.parquet", labels="folder", n_jobs=2)
    assert sorted(set(first.table.labels)) == ["0", "1", "2"]
    assert first.table.provenance["fingerprint"] == model.provenance["fingerprint"]
    again = model.extract("new", output="f.parquet", name_pattern="{group}/{take}")
    assert (again.resumed, again.failures) == (COUNT + 1, first.failures)
    assert sorted(set(again.table.column("group"))) == ["0", "1", "2"]
    with pytest.raises(ParameterError, match="timeout must be above 0"):
        model.extract("new", timeout=0)
