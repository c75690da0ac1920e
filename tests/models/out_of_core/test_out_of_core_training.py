"""Trainings of tables that do not fit in memory: all rows in blocks, or a stated sample."""

import tempfile

import numpy as np
import pytest
from too_large import LIMIT, score, sorted_tones, stored

import featkit
from featkit.models import curves, regression_scores, scores, set_scores
from featkit.table import disk_matrix
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import write_tables

ROWS = 1050
OPTIONS = {"sgd": {}, "xgboost": {"parameters": {"n_estimators": 10}}}


@pytest.fixture(scope="module", autouse=True)
def few_draws():
    """Intervals of few draws, which take most of the time of a small training."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (curves, scores, regression_scores, set_scores):
            patch.setattr(module, "DRAWS", 50)
        patch.setattr(curves, "FEWEST_DRAWS", 50)
        yield


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """File of a table that is sorted by class."""
    path = tmp_path_factory.mktemp("tables") / "t.parquet"
    sorted_tones().to_parquet(path)
    return path


@pytest.fixture(scope="module")
def results(table):
    """Results of both models, in memory and over blocks."""
    return {
        (model, size): train(table, model, max_memory=size)
        for model in OPTIONS
        for size in (None, LIMIT)
    }


def train(table, model, **options):
    options = {"shares": (70, 30)} | OPTIONS.get(model, {}) | options
    return featkit.train(table, model=model, **options)


def test_a_table_that_fits_is_trained_as_without_a_limit(table, results, tmp_path):
    free, limited = results["xgboost", None], train(table, "xgboost", max_memory="1GB")
    assert limited.model.trained.memory is None
    assert "memory" not in limited.model.training
    assert stored(free, tmp_path / "a.fk") == stored(limited, tmp_path / "b.fk")


@pytest.mark.parametrize("model", ["xgboost", "logistic"])
def test_rows_with_a_label_that_fit_are_trained_as_without_a_limit(tmp_path, model):
    data = sorted_tones()
    data.loc[::2, "label"] = ""
    free, limited = (train(data, model, max_memory=size) for size in (None, LIMIT))
    assert limited.warnings == free.warnings
    assert stored(free, tmp_path / "a.fk") == stored(limited, tmp_path / "b.fk")


def test_sgd_over_blocks_of_a_sorted_table_scores_as_in_memory(results):
    in_memory, limited = (results["sgd", size] for size in (None, LIMIT))
    assert limited.model.trained.memory.rows == ROWS
    assert abs(score(limited) - score(in_memory)) <= 0.02
    assert abs(score(limited, "log_loss") - score(in_memory, "log_loss")) <= 0.02
    own, other = (r.model.pipeline.named_steps["model"].coef_ for r in (in_memory, limited))
    assert np.corrcoef(own.ravel(), other.ravel())[0, 1] > 0.99


def test_xgboost_over_blocks_is_the_model_of_rows_in_memory(results):
    in_memory, limited = (results["xgboost", size] for size in (None, LIMIT))
    trees = [r.model.pipeline.named_steps["model"].ubj_.tobytes() for r in (in_memory, limited)]
    assert trees[0] == trees[1]
    assert in_memory.predictions.equals(limited.predictions)
    assert limited.model.training["digest"] == in_memory.model.training["digest"]


@pytest.mark.parametrize(
    "options",
    [
        {"group": "speaker", "leave_one_group_out": True},
        {"fold": "fold", "calibrate": "sigmoid"},
        {"shares": (60, 20, 20), "prediction_sets": True},
        {"shares": (70, 30), "split_by_row": True},
        {"shares": (70, 30), "target": "level"},
    ],
)
def test_options_give_the_predictions_of_rows_in_memory(options):
    data = sorted_tones().sample(frac=1, random_state=0, ignore_index=True)
    recording = data.path.str[:5].astype(int)
    data = data.assign(speaker="s" + (recording % 4).astype(str), level=data.f3 + data.f4**2)
    data = data.assign(fold="k" + (recording % 3).astype(str))
    exclude = [n for n in ("speaker", "fold", "level") if n not in options.values()]
    options = {"parameters": {"n_estimators": 3}, "exclude": exclude} | options
    in_memory, limited = (
        featkit.train(data, model="xgboost", max_memory=size, **options) for size in (None, LIMIT)
    )
    assert not limited.model.trained.memory.is_sample
    assert limited.predictions.equals(in_memory.predictions)


@pytest.mark.parametrize("model", OPTIONS)
def test_a_model_of_blocks_is_stored_and_predicts(table, results, tmp_path, model):
    trained = results[model, LIMIT]
    stored(trained, tmp_path / "m.fk")
    loaded = featkit.load_model(tmp_path / "m.fk")
    assert loaded.trained.memory == trained.model.trained.memory
    expected = trained.model.predict(table).data
    assert loaded.predict(table).data.equals(expected)


def test_two_workers_give_the_same_bytes(table, results, tmp_path, in_workers):
    two = train(table, "xgboost", max_memory=LIMIT, n_jobs=2)
    assert stored(results["xgboost", LIMIT], tmp_path / "1.fk") == stored(two, tmp_path / "2.fk")


def test_parts_give_the_model_of_a_file(table, results, tmp_path):
    write_parts(table, f"{tmp_path}/parts/")
    parts = train(f"{tmp_path}/parts/", "sgd", max_memory=LIMIT)
    assert parts.predictions.equals(results["sgd", LIMIT].predictions)


def test_parts_in_a_store_give_the_model_of_a_file(table, results, bucket):
    write_parts(table, f"{bucket}/parts/")
    parts = train(f"{bucket}/parts/", "xgboost", max_memory=LIMIT)
    assert parts.predictions.equals(results["xgboost", LIMIT].predictions)


def write_parts(table, folder):
    """Write a table as a folder of four parts."""
    whole = FeatureTable.read(table, ["label"])
    rows = np.array_split(np.arange(len(whole)), 4)
    write_tables(folder, [whole.rows(own) for own in rows])


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        ("logistic", {}, "logistic needs its training rows in memory"),
        ("sgd", {"select": 3}, "feature selection needs"),
        ("sgd", {"normalize_by": "stem(path, 1)"}, "normalisation within groups needs"),
    ],
)
def test_other_trainings_state_the_sample_that_they_use(table, tmp_path, model, options, reason):
    result = train(table, model, max_memory=LIMIT, **options)
    memory = result.model.trained.memory
    assert memory.is_sample
    assert memory.rows == len(result.model.trained.sample.rows) < memory.table_rows == ROWS
    assert memory.rows * 16 * 8 * 8 <= LIMIT
    first = result.warnings[0]
    assert first.startswith(f"trained and scored on a sample, {memory.rows:,} of 1,050 rows (")
    assert f"{memory.recordings:,} of 350 recordings" in first
    assert reason in first
    stored(result, tmp_path / "m.fk")
    assert featkit.load_model(tmp_path / "m.fk").training["memory"]["table_rows"] == ROWS


def test_auto_compares_models_on_a_sample(table, monkeypatch):
    from learning import few_estimators

    few_estimators(monkeypatch, "logistic", "sgd")
    result = featkit.train(table, max_memory=LIMIT, shares=(70, 30), ensemble=False)
    assert "auto compares models" in result.warnings[0]


def test_fold_models_of_a_report_are_those_of_the_training(table, results):
    from featkit.executors.opening import open_executor
    from featkit.models.fold_models import fit_fold_models, training_rows

    result = results["sgd", LIMIT]
    model = result.model
    training = training_rows(model, model.read(table))
    with open_executor(1) as executor:
        (fold,) = fit_fold_models(model, training.problem, executor=executor)
    P = fold.pipeline.predict_proba(fold.inputs(training.problem, fold.test))
    expected = result.predictions[[f"p_{name}" for name in model.classes]].to_numpy()
    np.testing.assert_allclose(P, expected, atol=1e-12)


def test_several_tables_are_stacked_on_disk(table, tmp_path):
    sorted_tones(seed=1).to_parquet(tmp_path / "other.parquet")
    tables = [str(table), str(tmp_path / "other.parquet")]
    results = [
        train(tables, "xgboost", shares=None, leave_one_dataset_out=True, max_memory=size)
        for size in (None, 2 * LIMIT)
    ]
    assert results[1].model.trained.memory.table_rows == 2 * ROWS
    assert results[0].predictions.equals(results[1].predictions)


def test_a_table_in_memory_is_trained_in_blocks_too(results):
    result = train(sorted_tones(), "xgboost", max_memory=LIMIT)
    assert result.model.trained.memory is not None
    assert result.predictions.equals(results["xgboost", LIMIT].predictions)


def test_temporary_files_are_removed_also_after_errors(table, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    train(table, "xgboost", max_memory=LIMIT)
    assert not list(tmp_path.iterdir())
    with pytest.raises(featkit.ParameterError, match="unknown column"):
        train(table, "sgd", max_memory=LIMIT, fold="nothing")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("free", [[1000], [10**6, 1000]])
def test_a_full_disk_is_named(table, tmp_path, monkeypatch, free):
    """Either the features do not fit, or the pages of XGBoost, which would end the process."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    usage, sizes = disk_matrix.shutil.disk_usage(tmp_path), iter(free)
    monkeypatch.setattr(
        disk_matrix.shutil, "disk_usage", lambda _: usage._replace(free=next(sizes))
    )
    with pytest.raises(featkit.WriteError, match=r"1 KB of free space.*need [0-9.]+ KB.*TMPDIR"):
        train(table, "xgboost", max_memory=LIMIT)
    assert not list(tmp_path.iterdir())


def test_a_limit_must_hold_the_rows_that_are_predicted_together():
    data = sorted_tones()
    features = data.filter(regex="^f")
    wide = data.join(features.add_prefix("g")).join(features.add_prefix("h"))
    with pytest.raises(featkit.ParameterError, match=r"max_memory must be at least 1.57 MB"):
        train(wide, "xgboost", max_memory=LIMIT)


def test_a_cluster_cannot_read_features_on_this_machine(table):
    with pytest.raises(featkit.ParameterError, match="omit the cluster, or raise max_memory"):
        train(table, "sgd", max_memory=LIMIT, cluster="local:2")


@pytest.mark.parametrize("size", ["4 parsecs", "", "-3MB", 0, "1KB", True])
def test_a_limit_must_be_a_size(table, size):
    with pytest.raises(featkit.ParameterError, match="max_memory must be"):
        train(table, "sgd", max_memory=size)
