"""Training with a numeric target: folds, selection, predictions, and errors of users."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import few_estimators
from regression_data import features, trained, voices
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import featkit
from featkit.errors import ParameterError, TableError
from featkit.models.estimator import candidates, pipeline
from featkit.models.fold_models import training_rows
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.regressor import REGRESSORS, linear_f_values
from featkit.models.settings import Settings
from featkit.models.splits import groups_per_class
from featkit.models.task import TASKS
from featkit.table.feature_table import FeatureTable


def problem_and_plan(**options):
    own = Settings(target="valence", group="speaker", **options)
    problem = prepare_problem(voices(), own)
    return problem, plan_splits(problem, own)


def test_predictions_equal_pipelines_that_are_fitted_by_hand_on_the_training_rows():
    problem, plan = problem_and_plan(folds=3, model="ridge")
    data = trained("ridge").predictions
    for fold in plan.outer:
        impute = SimpleImputer(strategy="median", add_indicator=True)
        by_hand = make_pipeline(impute, StandardScaler(), Ridge(alpha=10.0))
        by_hand.fit(problem.X[fold.train], problem.y[fold.train])
        own = data.set_index("row").loc[fold.test + 1]
        assert own["fold"].unique().tolist() == [fold.name]
        assert own["predicted"].to_numpy() == pytest.approx(by_hand.predict(problem.X[fold.test]))
        assert own["target"].to_numpy() == pytest.approx(problem.y[fold.test])
    expected = ["row", "path", "group", "fold", "target", "predicted"]
    assert data.columns.tolist() == expected


def test_the_baseline_predicts_the_mean_of_the_training_rows():
    problem, plan = problem_and_plan(folds=3, model="ridge")
    errors = [
        np.abs(problem.y[fold.test] - problem.y[fold.train].mean()).tolist() for fold in plan.outer
    ]
    baseline = trained("ridge").evaluation.models["baseline"]
    assert baseline.mae.value == pytest.approx(np.mean(np.concatenate(errors)))
    assert baseline.mae.folds["1"] == pytest.approx(np.mean(errors[0]))
    assert baseline.r2.value < 0.01


def test_no_group_is_divided_and_each_fold_has_its_share_of_low_and_high_targets():
    data = voices(rows=120, groups=40)
    data["valence"] = [int(name[1:]) / 10 for name in data["speaker"]]
    own = Settings(target="valence", group="speaker", folds=4, model="ridge")
    problem = prepare_problem(data, own)
    means = []
    for fold in plan_splits(problem, own).outer:
        assert not set(problem.groups[fold.train]) & set(problem.groups[fold.test])
        means.append(problem.y[fold.test].mean())
    assert np.ptp(means) < 0.15 * problem.y.std()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.integers(0, 40)), min_size=1, max_size=120),
    st.integers(2, 6),
)
def test_each_stratum_has_whole_groups_and_one_for_each_part(rows, n_parts):
    y, groups = (np.array(column) for column in zip(*rows, strict=True))
    strata = TASKS["regression"].strata(y, groups.astype(str), n_parts)
    pairs = set(zip(groups.tolist(), strata.tolist(), strict=True))
    n_groups = len(set(groups.tolist()))
    assert len(pairs) == n_groups
    fewest = min(groups_per_class(strata, groups).values())
    assert fewest >= min(n_parts, n_groups)


def test_the_survivor_with_the_least_squared_error_on_inner_folds_is_selected(monkeypatch):
    few_estimators(monkeypatch, "ridge", "svr", task="regression")
    result = featkit.train(voices(), target="valence", group="speaker", folds=2)
    problem, plan = problem_and_plan(folds=2)
    for fold in plan.outer:
        losses = {}
        for name in ("ridge", "svr"):
            left = candidates(name, REGRESSORS)
            for n_inner in (1, 2):  # the best third goes on
                left = best(problem, left, fold.inner[:n_inner])[: -(-len(left) // 3)]
            losses[str(left[0])] = mean_loss(problem, left[0], fold.inner)
        assert result.evaluation.chosen[fold.name] == min(losses, key=losses.get)
    assert result.evaluation.model == "auto"
    assert set(result.evaluation.models) == {"ridge", "svr", "auto", "baseline"}


def best(problem, tried, splits):
    return sorted(tried, key=lambda candidate: mean_loss(problem, candidate, splits))


def mean_loss(problem, candidate, splits):
    return np.mean([loss(problem, candidate, *split) for split in splits])


def loss(problem, candidate, train, test):
    made = pipeline(candidate.name, estimators=REGRESSORS, **candidate.parameters)
    made.fit(problem.X[train], problem.y[train])
    return np.mean((made.predict(problem.X[test]) - problem.y[test]) ** 2)


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_stored_model_predicts_the_same_and_keeps_its_scores(name, tmp_path):
    model = trained(name).model
    model.save(tmp_path / "m.fk")
    read = featkit.load_model(tmp_path / "m.fk")
    assert (read.task, read.classes, read.name) == ("regression", ["valence"], name)
    assert read.scores == trained(name).scores
    data = voices()
    by_row = model.pipeline.predict(features(data))
    assert read.predict(data).data["predicted"].to_numpy().tolist() == by_row.tolist()
    assert read.predict(data).data.columns.tolist() == ["path", "predicted"]


def test_segments_of_a_recording_are_combined_by_their_mean():
    data = voices().assign(path=[f"{k // 2}.wav" for k in range(60)])
    data["valence"] = data.groupby("path")["valence"].transform("mean")
    result = featkit.train(data, target="valence", model="ridge", folds=3)
    rows = result.model.predict(data, per="segment").data["predicted"].to_numpy()
    combined = result.model.predict(data).data
    assert combined["path"].tolist() == [f"{k}.wav" for k in range(30)]
    assert combined["predicted"].to_numpy() == pytest.approx(rows.reshape(30, 2).mean(axis=1))
    assert result.evaluation.recordings is not None


def test_training_rows_are_recognised_in_any_order():
    model, data = trained("ridge").model, voices().iloc[::-1]
    recognised = training_rows(model, FeatureTable.of(data, keys=["valence", "path", "speaker"]))
    assert recognised.trained.all()
    assert recognised.problem is not None


def test_feature_selection_keeps_the_columns_that_correlate_with_the_target():
    result = featkit.train(voices(), target="valence", model="ridge", folds=3, select=1)
    select = result.model.pipeline.named_steps["select"]
    assert select.score_func is linear_f_values
    assert select.get_support().tolist() == [True, False, False, False]


def test_a_forest_equals_that_of_scikit_learn():
    made = pipeline("random_forest", estimators=REGRESSORS, n_estimators=10)
    X, y = np.nan_to_num(features(voices())), voices()["valence"].to_numpy()
    by_hand = RandomForestRegressor(10, max_features="sqrt", random_state=0).fit(X, y)
    assert made.fit(X, y).predict(X).tolist() == by_hand.predict(X).tolist()


def test_a_row_wise_split_that_divides_groups_has_lower_errors_and_is_compared():
    rng = np.random.default_rng(0)
    data = voices(rows=90, groups=15)
    place = rng.normal(size=15)  # each speaker has a pitch and a valence of their own
    speaker = np.arange(90) % 15
    data["pitch"] = place[speaker] + rng.normal(0, 0.01, 90)
    data["valence"] = rng.normal(size=15)[speaker] + rng.normal(0, 0.05, 90)
    result = featkit.train(data, target="valence", group="speaker", folds=3, model="svr")
    by_row = result.evaluation.by_row
    assert by_row.grouped.mae == pytest.approx(result.evaluation.kept.mae.value)
    assert by_row.difference.value == pytest.approx(by_row.row_wise.mae - by_row.grouped.mae)
    assert by_row.difference.high < 0
    assert by_row.row_wise.r2 > by_row.grouped.r2
    assert result.scores["by_row"]["difference"].keys() == {"mae", "low", "high"}


def test_nothing_is_compared_if_each_row_is_a_group():
    assert featkit.train(voices(), target="valence", model="ridge").evaluation.by_row is None


# Errors of users


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"valence": "high"}, {}, "row 1: the target 'valence' is 'high', which is no number"),
        ({"valence": 3.0}, {}, "has the same value, 3, in all 60 rows"),
        ({"valence": np.nan}, {}, "column 'valence' is empty: no row has a number"),
        ({"valence": np.inf}, {}, "row 1: the target 'valence' is inf, which is infinite"),
        ({"label": "a"}, {"label": "path"}, "label and target exclude each other"),
        ({}, {"multilabel": "path"}, "target and multilabel exclude each other"),
        ({}, {"folds": 13}, "12 groups cannot be divided into 13 parts"),
        ({}, {"model": "svm"}, "unknown model 'svm': did you mean 'svr'"),
        ({}, {"calibrate": "sigmoid"}, "calibrate applies to classes, not to numbers: omit it"),
        ({}, {"prediction_sets": True}, "prediction_sets applies to classes"),
        ({}, {"label_map": {"labels": {"a": ["b"]}}}, "a label map applies to labels"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_the_reason(change, options, message):
    options = {"target": "valence", "model": "ridge", "group": "speaker"} | options
    with pytest.raises((ParameterError, TableError), match=message):
        featkit.train(voices().assign(**change), **options)


def test_one_wrong_cell_is_named_with_its_row_and_value():
    data = voices()
    data["valence"] = data["valence"].astype(str)
    data.loc[[6, 9], "valence"] = "n. a."
    with pytest.raises(TableError, match=r"row 7: .* is 'n. a.', which is no number \(2 such rows"):
        featkit.train(data, target="valence", model="ridge")


def test_rows_without_a_target_are_left_out_with_a_warning():
    data = voices()
    data.loc[::10, "valence"] = np.nan
    result = featkit.train(data, target="valence", model="ridge", group="speaker", folds=3)
    assert "6 of 60 rows have no 'valence': excluded" in result.warnings
    assert len(result.predictions) == 54


def test_a_target_of_few_whole_numbers_gets_a_hint():
    data = voices().assign(valence=np.random.default_rng(0).integers(3, size=60))
    warnings = featkit.train(data, target="valence", model="ridge", folds=3).warnings
    assert any("3 distinct whole numbers (0, 1, 2)" in text for text in warnings)
    assert any("no better than the mean" in text for text in warnings)
    data["valence"] = data["valence"] + 0.5
    warnings = featkit.train(data, target="valence", model="ridge", folds=3).warnings
    assert not any("whole numbers" in text for text in warnings)


def test_copies_of_the_target_and_row_numbers_are_left_out_unless_included():
    data = voices().drop(columns=["path", "speaker"])
    data = data.assign(fahrenheit=32 + 1.8 * data["valence"], number=np.arange(60), patient_id=7)
    data["patient_id"] = np.arange(60) // 5
    result = featkit.train(data, target="valence", model="ridge", folds=3)
    assert result.model.columns == ["pitch", "level", "tilt"]
    warnings = " ".join(result.warnings)
    assert "column 'fahrenheit' is the target in another unit: it is excluded" in warnings
    assert "column 'number' numbers the rows, from 0 to 59 in their order" in warnings
    assert "column 'patient_id' identifies rows or groups" in warnings
    result = featkit.train(data, target="valence", model="ridge", folds=3, include=["fahrenheit"])
    assert "fahrenheit" in result.model.columns


def test_every_task_has_the_name_of_its_settings():
    assert {"classification", "regression"} <= {*TASKS}
    assert Settings(target="x").task == "regression"
    assert Settings(multilabel="x").task == "multilabel"
    assert Settings().task == "classification"
    assert Settings(target="x").target_column == "x"
    assert Settings(label="y").target_column == "y"
