"""Explanations of tables: who explains which rows, within which time, and with which notes."""

import itertools
import pickle
import time
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import copies, tones, trained
from progress_steps import into

from featkit.errors import ParameterError
from featkit.executors._in_process import InProcess
from featkit.explanation import _row_values, _shap_values, explain, importance  # patched
from featkit.models.estimator import ESTIMATORS
from featkit.table.feature_table import FeatureTable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the import
    import shap  # noqa: F401


@pytest.mark.parametrize("model", ESTIMATORS)
@pytest.mark.parametrize("classes", [("high", "low"), ("high", "low", "mid")])
def test_contributions_and_base_add_up_to_the_output(model, classes):
    data = tones(rows=42, classes=classes, spread=2.0)
    data.loc[::5, "a"] = np.nan
    result, table = trained(data, model, folds=3, select=3)
    rows = 9 if model == "svm" else 42  # it is slow
    explanation = explain(result.model, table, rows=rows, n_jobs=1)
    assert explanation.values.shape == (rows, 4, len(classes))
    assert np.abs(explanation.residual).max() < 1e-4
    assert np.abs(explanation.residual).max() < 1e-5 * np.abs(explanation.output).max()
    place = [list(data["path"]).index(path) for path in explanation.keys["path"]]
    np.testing.assert_array_equal(explanation.X, table.values[place])
    assert list(explanation.y) == list(data["label"][place])
    if explanation.scale == "probability":
        np.testing.assert_allclose(explanation.output, explanation.probabilities, atol=1e-6)
    assert np.isfinite(explanation.values).all()


def test_training_rows_are_explained_by_the_models_of_their_folds():
    data = tones(rows=45, spread=2.0)
    result, table = trained(data, "xgboost", folds=3)
    explanation = explain(result.model, table, n_jobs=1)
    np.testing.assert_array_equal(explanation.folds, result.predictions["fold"])
    probabilities = result.predictions[["p_high", "p_low", "p_mid"]].to_numpy()
    np.testing.assert_array_equal(explanation.probabilities, probabilities)
    assert explanation.rows_there == 45


def test_another_table_is_explained_by_the_model_itself():
    result, _ = trained(tones(rows=45), "xgboost", folds=3)
    other = tones(rows=12, seed=5)
    for data, in_training in ((other, True), (other.drop(columns="label"), False)):
        explanation = explain(result.model, FeatureTable.of(data), n_jobs=1)
        assert set(explanation.folds) == {""}
        assert (explanation.y is not None) == in_training
        np.testing.assert_array_equal(
            explanation.probabilities, result.model.probabilities(FeatureTable.of(data))
        )


def test_only_test_rows_of_the_training_table_are_explained():
    result, table = trained(tones(rows=60), "logistic", shares=(60, 20, 20))
    explanation = explain(result.model, table)
    assert len(explanation) == 12
    assert "Of the 60 rows of the training table, only 12 were test rows" in explanation.notes[-1]
    assert list(explanation.keys["path"]) == list(result.predictions["path"])


def test_a_missing_value_contributes_to_its_own_column():
    data = tones(rows=60, classes=("high", "low"))
    data["gap"] = np.where(data["label"] == "low", np.nan, 1.0)
    data.loc[0, "gap"] = np.nan
    result, table = trained(data, "logistic", folds=3)
    explanation = explain(result.model, table)
    assert importance(explanation)["feature"][0] in ("gap", "pitch")
    low = explanation.values[:, explanation.columns.index("gap"), 1]
    assert low[np.isnan(data["gap"])].min() > low[~np.isnan(data["gap"])].max()


def test_the_same_call_gives_the_same_values_on_any_number_of_workers(monkeypatch):
    monkeypatch.setattr(_row_values, "WORKER_START_SECONDS", -1.0)
    for model, rows in (("random_forest", 12), ("svm", 6)):
        result, table = trained(tones(rows=30), model, folds=3)
        one, two = (explain(result.model, table, rows=rows, n_jobs=jobs) for jobs in (1, 2))
        np.testing.assert_array_equal(one.values, two.values)


def test_forests_are_sent_with_shared_data_and_not_with_each_batch(monkeypatch):
    monkeypatch.setattr(_row_values, "WORKER_START_SECONDS", -1.0)
    sizes = []

    class Measured(InProcess):
        def map(self, function, calls, *, shared=None, quick=False):
            calls = (sized(function, call) for call in calls)
            return super().map(function, calls, shared=shared, quick=quick)

    def sized(function, call):
        if function is _row_values._batch_values:
            sizes.append(len(pickle.dumps(call)))
        return call

    options = {"parameters": {"n_estimators": 20}, "folds": 2}
    result, table = trained(tones(rows=30), "random_forest", **options)
    explain(result.model, table, rows=12, cluster=Measured())
    assert len(sizes) == 1  # the first batch was explained to measure the time
    assert max(sizes) < 2000 < len(pickle.dumps(result.model.pipeline))


def test_rows_beyond_the_budget_are_left_out_with_a_note(monkeypatch):
    result, table = trained(tones(rows=60), "svm", folds=3)
    calls = []
    clock = itertools.count()  # one second later at each call
    watch = SimpleNamespace(monotonic=lambda: next(clock), perf_counter=time.perf_counter)
    for module in ("_row_values", "_batches"):
        monkeypatch.setattr(f"featkit.explanation.{module}.time", watch)
    explanation = explain(
        result.model,
        table,
        n_jobs=1,
        budget=1.5,
        progress=into(calls),
    )
    assert len(explanation) == 22  # 20 rows always, one batch of 2 before the deadline
    assert explanation.rows_there == 60
    assert "22 of 60 rows were drawn at random" in explanation.notes[0]
    assert "evaluations a row" in explanation.method
    assert explanation.error.shape == explanation.values.shape
    assert len(set(explanation.folds)) == 3
    assert calls[-1] == (22, 60, "")
    assert any("stops after 2 s" in note or "about" in note for _, _, note in calls)


def test_a_given_number_of_rows_is_drawn_reproducibly():
    for model in ("xgboost", "svm"):
        result, table = trained(tones(rows=60), model, folds=3)
        whole = explain(result.model, table, n_jobs=1, budget=1e9)
        first, second = (explain(result.model, table, n_jobs=n, rows=24) for n in (1, 2))
        assert len(first) == 24
        assert first.rows_there == 60
        np.testing.assert_array_equal(first.values, second.values)
        place = [list(whole.keys["path"]).index(path) for path in first.keys["path"]]
        assert place == sorted(place)
        # Sums over rows may be rounded differently among other rows.
        np.testing.assert_allclose(first.probabilities, whole.probabilities[place], rtol=1e-9)
        if model == "xgboost":
            np.testing.assert_allclose(first.values, whole.values[place], rtol=1e-6, atol=1e-7)


def test_values_that_do_not_add_up_are_reported(monkeypatch):
    result, table = trained(tones(rows=30), "logistic", folds=3)
    fine = explain(result.model, table)
    assert (fine.flaw, fine.notes) == ("", [])

    def wrong(*arguments):
        contributions = _shap_values.exact(*arguments)
        return contributions._replace(values=contributions.values * 1.01)

    monkeypatch.setattr("featkit.explanation._row_values.exact", wrong)
    flawed = explain(result.model, table)
    assert "do NOT add up to the output of the model in 30 of 30 rows" in flawed.flaw
    assert flawed.notes == [flawed.flaw]


@pytest.mark.parametrize(
    ("arguments", "message"), [({"rows": 0}, "rows"), ({"budget": 0}, "budget")]
)
def test_rows_and_budget_must_be_positive(arguments, message):
    result, table = trained(tones(rows=30), "logistic", folds=3)
    with pytest.raises(ParameterError, match=message):
        explain(result.model, table, **arguments)


@pytest.mark.parametrize("columns", [[], ["path"]])
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_table_and_other_rows_do_not_matter(columns, data):
    """Test rows are explained by the same models in any order."""
    whole = tones(rows=45, spread=2.0).drop(columns=columns)
    result, table = trained(whole, "logistic", folds=3)
    expected = explain(result.model, table)
    others = tones(rows=5, seed=9).drop(columns=columns)
    mixed = pd.concat([whole, others], ignore_index=True)
    order = np.array(data.draw(st.permutations(range(50))))
    explanation = explain(result.model, FeatureTable.of(mixed.iloc[order][[*whole]]))
    in_training = order < 45
    np.testing.assert_array_equal(
        explanation.folds[in_training], expected.folds[order[in_training]]
    )
    np.testing.assert_array_equal(
        explanation.values[in_training], expected.values[order[in_training]]
    )
    assert set(explanation.folds[~in_training]) == {""}
    assert explanation.held_out.tolist() == (~in_training).tolist()
    assert any("5 rows are not in the training table" in note for note in explanation.notes)


def test_another_column_in_the_table_does_not_matter():
    whole = tones(rows=45, spread=2.0)
    result, table = trained(whole, "logistic", folds=3)
    explanation = explain(result.model, FeatureTable.of(whole.assign(more=1.0)))
    np.testing.assert_array_equal(explanation.values, explain(result.model, table).values)


def test_some_training_rows_in_another_table_are_recognised():
    whole = tones(rows=45, spread=2.0)
    result, _ = trained(whole, "logistic", folds=3)
    some = pd.concat([whole[10:20], tones(rows=5, seed=9)], ignore_index=True)
    explanation = explain(result.model, FeatureTable.of(some))
    assert set(explanation.folds) == {""}
    assert explanation.held_out.tolist() == [False] * 10 + [True] * 5
    assert "was trained on at least 10 of these 15 rows" in explanation.notes[0]


def test_equal_rows_are_distinguished_by_class_and_group():
    """Silence occurs in both classes. A table in another order is the same table."""
    whole = copies(recordings=12, segments=3)
    silent = whole.index % 3 == 0
    whole.loc[silent, [f"x{k}" for k in range(20)]] = 0.0
    result, table = trained(whole, "logistic", folds=3)
    order = np.random.default_rng(0).permutation(len(whole))
    explanation = explain(result.model, FeatureTable.of(whole.iloc[order]))
    np.testing.assert_array_equal(explanation.values, explain(result.model, table).values[order])
    assert "" not in explanation.folds


def test_silence_in_a_new_recording_is_not_a_training_row():
    whole = copies(recordings=12, segments=3)
    columns = [f"x{k}" for k in range(20)]
    whole.loc[whole.index % 3 == 0, columns] = 0.0
    result, _ = trained(whole, "logistic", folds=3)
    new = copies(recordings=4, segments=3, seed=9)
    new["path"] = "new" + new["path"]
    new.loc[[0, 3], columns] = 0.0
    explanation = explain(result.model, FeatureTable.of(new))
    assert explanation.held_out.all()
    assert not explanation.notes


def test_training_rows_with_other_last_digits_are_recognised():
    whole = tones(rows=45, spread=2.0)
    result, _ = trained(whole, "logistic", folds=3)
    numbers = ["pitch", "a", "b", "c"]
    again = whole.assign(**{name: whole[name] * (1 + 1e-13) for name in numbers})
    explanation = explain(result.model, FeatureTable.of(again))
    assert explanation.learnt.all()
    assert not explanation.held_out.any()
    assert "was trained on 45 of these 45 rows" in explanation.notes[0]


def test_held_out_rows_are_not_training_rows():
    whole = tones(rows=60)
    result, _ = trained(whole, "logistic", shares=(60, 20, 20))
    tested = whole[whole["path"].isin(result.predictions["path"])]
    explanation = explain(result.model, FeatureTable.of(tested))
    assert explanation.held_out.all()
    assert list(explanation.notes) == []


def test_unknown_classes_are_left_out_with_a_note():
    result, _ = trained(tones(rows=45), "logistic", folds=3)
    other = tones(rows=12, seed=5)
    other.loc[[0, 1], "label"] = ["new", ""]
    explanation = explain(result.model, FeatureTable.of(other))
    assert explanation.y[:2].tolist() == ["", ""]
    assert explanation.y[2:].tolist() == other["label"][2:].tolist()
    assert explanation.held_out.sum() == 10
    assert "1 row has a class that the model was not trained on (new)" in explanation.notes[0]


def test_a_group_called_recording_is_a_group():
    data = tones(rows=48).assign(recording=[f"r{k // 2 % 12}" for k in range(48)])
    data["label"] = np.where(data["recording"].str[1:].astype(int) % 2, "a", "b")
    result, table = trained(data, "logistic", group="recording", folds=3)
    assert len(set(explain(result.model, table).groups)) == 12
    assert list(result.predictions["group"]) == list(data["recording"])
