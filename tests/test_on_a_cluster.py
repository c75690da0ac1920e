"""Everything that runs on a cluster: the same results as in one process, on one executor a call."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import soundfile
from annotating import SMALL
from command_line import error_line, run
from learning import problem_of, tones
from progress_steps import into
from sequence_tables import same_sequences

import featkit
from featkit import signals
from featkit.auditing.audit import audit
from featkit.executors.cluster import Cluster
from featkit.executors.opening import local_executor, open_executor
from featkit.models.estimator import Candidate
from featkit.models.fitting import Fit, Fits
from featkit.models.settings import Settings

SR = 8000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Recordings of two classes, one of them twice, and a table of their features."""
    folder = tmp_path_factory.mktemp("tones")
    for k in range(20):
        label = ("low", "high")[k % 2]
        hz = 300.0 + 5 * k if label == "low" else 2000.0 + 30 * k
        y = signals.sine(hz, SR, 0.6, amplitude=0.2) + signals.noise(SR, 0.6, seed=k % 19)
        (folder / "corpus" / label).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "corpus" / label / f"{k:02d}.wav", y, SR)
    (folder / "corpus" / "low" / "empty.wav").touch()
    featkit.extract(
        folder / "corpus", features=SMALL, labels="folder", output=folder / "table.parquet"
    )
    return folder


@pytest.fixture(scope="module")
def model(folder):
    """A model of the recordings, in a file and in memory."""
    model = featkit.train(folder / "table.parquet", model="logistic", folds=2).model
    model.save(folder / "model.fk")
    return model


def saved(result, file):
    result.model.save(file)
    return file.read_bytes()


def test_sequences_are_the_same(folder, dask_client, tmp_path):
    options = {"features": "mel8", "labels": "folder"}
    there = featkit.sequences(
        folder / "corpus", output=tmp_path / "s", cluster=dask_client, **options
    )
    here = featkit.sequences(folder / "corpus", **options)
    assert [failure.path for failure in there.failures] == ["low/empty.wav"]
    same_sequences(there.table, here.table)
    assert there.table.data.equals(here.table.data)


def test_a_training_gives_the_same_model_file(dask_client, tmp_path):
    data, options = tones(40, spread=4.0), {"model": "logistic", "folds": 2, "calibrate": "sigmoid"}
    steps, steps_there = [], []
    here = featkit.train(data, progress=into(steps), **options)
    there = featkit.train(
        data,
        progress=into(steps_there),
        cluster=dask_client,
        **options,
    )
    assert saved(here, tmp_path / "here.fk") == saved(there, tmp_path / "there.fk")
    assert here.predictions.equals(there.predictions)
    assert steps == steps_there


def test_warnings_of_fits_on_a_cluster_are_counted(dask_client):
    problem, settings = problem_of(tones(40), folds=3), Settings(folds=3)
    rows, steps = np.arange(40), []
    candidate = Candidate("logistic", {"max_iter": 1})
    with open_executor(cluster=dask_client) as executor:
        fits = Fits(problem, settings, executor=executor, fitted=steps.append)
        list(fits.probabilities([Fit(candidate, rows, rows)] * 5, "fitting"))
    assert fits.warnings == ["logistic (max_iter=1) did not converge (5 fits)"]
    assert steps == ["fitting"] * 5


def test_recordings_are_predicted_alike(dask_client, folder, model):
    here = model.predict(folder / "corpus")
    there = model.predict(folder / "corpus", cluster=dask_client)
    assert here.data.equals(there.data)
    assert here.failures == there.failures
    assert len(here.failures) == 1


def test_an_audit_finds_the_same_issues(dask_client, folder):
    checks = ["near_copies", "label_errors", "files"]
    options = {"labels": "folder", "features": SMALL, "checks": checks}
    here = audit(folder / "corpus", **options)
    there = audit(folder / "corpus", cluster=dask_client, **options)
    assert here.issues == there.issues
    assert {issue.check for issue in here.issues} >= {"near_copies", "files"}
    assert here.dataset.failures == there.dataset.failures


def test_explanations_of_a_forest_have_the_same_values(dask_client):
    data = tones(40)
    options = {"model": "random_forest", "parameters": {"n_estimators": 10}}
    model = featkit.train(data, folds=2, **options).model
    here = featkit.explain(model, data, n_jobs=1, rows=30)
    there = featkit.explain(model, data, rows=30, cluster=dask_client)
    for name in ("values", "probabilities", "folds"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name))
    assert here.notes == there.notes


def test_an_evaluation_gives_the_same_scores(dask_client, folder, model):
    options = {"labels": "folder", "training_table": folder / "table.parquet"}
    here = featkit.evaluate(model, folder / "corpus", **options)
    there = featkit.evaluate(model, folder / "corpus", cluster=dask_client, **options)
    assert here.evaluation == there.evaluation
    assert here.predictions.equals(there.predictions)


# One executor a call


@pytest.fixture
def opened(monkeypatch):
    """Clusters that are opened, and closed, with the address ``counted:``."""
    events = []

    @contextmanager
    def open_counted(cluster):
        events.append("opened")
        yield local_executor()
        events.append("closed")

    counted = Cluster(
        name="counted",
        accepts=lambda cluster: cluster == "counted:",
        open=open_counted,
        examples="counted:",
    )
    monkeypatch.setattr("featkit.executors.cluster.CLUSTERS", {"counted": counted})
    return events


CALLS = {
    "extract": lambda folder, model: featkit.extract(
        folder / "corpus", features=SMALL, cluster="counted:"
    ),
    "train": lambda folder, model: featkit.train(
        folder / "table.parquet", model="logistic", folds=2, cluster="counted:"
    ),
    "predict": lambda folder, model: model.predict(folder / "corpus", cluster="counted:"),
    "model.extract": lambda folder, model: model.extract(folder / "corpus", cluster="counted:"),
    "explain": lambda folder, model: featkit.explain(
        model, folder / "table.parquet", cluster="counted:"
    ),
    "evaluate": lambda folder, model: featkit.evaluate(
        model, folder / "corpus", labels="folder", cluster="counted:"
    ),
    "audit": lambda folder, model: audit(
        folder / "corpus",
        labels="folder",
        features=SMALL,
        checks=["near_copies", "label_errors"],
        cluster="counted:",
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_opens_one_executor(opened, folder, model, name):
    CALLS[name](folder, model)
    assert opened == ["opened", "closed"]


COMMANDS = {
    "train": ["train", "table.parquet", "--model", "logistic", "-o", "again.fk"],
    "predict": ["predict", "model.fk", "corpus", "-o", "predictions.csv", "--max-failures", "1"],
    "evaluate": ["evaluate", "model.fk", "corpus", "--labels", "folder"],
    "explain": ["explain", "model.fk", "corpus/low/00.wav"],
    "report": ["report", "model.fk", "table.parquet", "-o", "report.html"],
    "audit": ["audit", "table.parquet", "--check", "exact_copies", "--cleaned", "cleaned.parquet"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_opens_one_executor(opened, folder, model, monkeypatch, name):
    monkeypatch.chdir(folder)
    status = 3 if name == "evaluate" else 0
    run(*COMMANDS[name], "--cluster", "counted:", status=status)
    assert opened == ["opened", "closed"]


def test_the_score_of_a_cleaned_table_opens_the_cluster_again(opened):
    data = tones(40)
    result = audit(
        pd.concat([data, data.assign(path="copies/" + data["path"])]),
        checks=["exact_copies"],
        cluster="counted:",
    )
    assert opened == ["opened", "closed"]
    assert not isinstance(result.cleaning.change, str)
    assert opened == ["opened", "closed"] * 2


def test_a_table_is_not_predicted_on_a_cluster(folder, model, monkeypatch):
    monkeypatch.chdir(folder)
    error = error_line("predict", "model.fk", "table.parquet", "--cluster", "local:2")
    assert error == "Error: cluster cannot be used with a table, only with sound"
