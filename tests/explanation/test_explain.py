"""Contributions: shap's own numbers, theory's numbers, and what follows from them."""

import dataclasses
import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import copies, tones

import featkit
from featkit.errors import ParameterError, TableError
from featkit.explanation import (
    _shap_values,
    contributions,
    correlated,
    direction,
    explain,
    grid,
    importance,
    importance_by_fold,
)
from featkit.explanation.explanation import Explanation
from featkit.models import pipeline
from featkit.models.estimator import LOG_ODDS, estimator, names
from featkit.models.training_sample import background as background_of
from featkit.table.feature_table import FeatureTable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap


def table_of(data):
    return FeatureTable.of(data)


def trained(data, model, **how):
    table = FeatureTable.of(data, keys=[how["group"]] if "group" in how else [])
    return featkit.train(table, model=model, **how), table


def caused(rows=240, seed=0):
    """Two columns cause the label, and fifty do not."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.normal(size=(rows, 52)), columns=[f"x{k}" for k in range(52)])
    angle = np.arctan2(data["x7"], data["x31"])
    data.insert(0, "label", np.array(["a", "b", "c"])[((angle + np.pi) // 2.1).astype(int)])
    data.insert(0, "path", [f"{k}.wav" for k in range(rows)])
    return data


# Right


@pytest.mark.parametrize("model", names())
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


def test_rows_are_explained_by_models_that_have_not_seen_them():
    data = tones(rows=45, spread=2.0)
    result, table = trained(data, "xgboost", folds=3)
    explanation = explain(result.model, table, n_jobs=1)
    np.testing.assert_array_equal(explanation.folds, result.predictions["fold"])
    said = result.predictions[["p_high", "p_low", "p_mid"]].to_numpy()
    np.testing.assert_array_equal(explanation.probabilities, said)
    assert explanation.rows_there == 45


def test_another_table_is_explained_by_the_model_itself():
    result, _ = trained(tones(rows=45), "xgboost", folds=3)
    other = tones(rows=12, seed=5)
    for data, known in ((other, True), (other.drop(columns="label"), False)):
        explanation = explain(result.model, table_of(data), n_jobs=1)
        assert set(explanation.folds) == {""}
        assert (explanation.y is not None) == known
        np.testing.assert_array_equal(
            explanation.probabilities, result.model.probabilities(table_of(data))
        )


def test_only_the_rows_that_were_judged_are_explained():
    result, table = trained(tones(rows=60), "logistic", shares=(60, 20, 20))
    explanation = explain(result.model, table)
    assert len(explanation) == 12
    assert "Of the 60 rows that it was trained on, only 12 were judged" in explanation.notes[-1]
    assert list(explanation.keys["path"]) == list(result.predictions["path"])


def with_shap(model, X, y, rows, background):
    """shap's own values for the same model, rows and background, in columns of the table."""
    fitted = pipeline(model).fit(X, y)
    Z = fitted[:-1].transform(X) if len(fitted) > 1 else X
    last = fitted.named_steps["model"]
    if model in ("logistic", "sgd"):
        values = shap.LinearExplainer(last, Z)(Z[rows]).values
        if values.ndim == 2:  # of two classes, those of the second
            values = np.stack([-values, values], axis=2)
    elif model == "random_forest":
        values = shap.TreeExplainer(last)(Z[rows]).values
    elif model == "xgboost":
        values = shap.TreeExplainer(last.booster())(Z[rows]).values
        if len(last.classes_) == 2:  # log odds are the difference of the two scores
            values = values - values[:, :, ::-1]
    else:
        masker = shap.maskers.Independent(background, max_samples=len(background))
        each = [
            shap.PermutationExplainer(fitted.predict_proba, masker, seed=k)(
                X[rows], max_evals=2 * X.shape[1] + 1, silent=True
            ).values
            for k in range(_shap_values.REPETITIONS)
        ]
        values = np.mean(each, axis=0)
    return fitted, values


@pytest.mark.parametrize("model", names())
@pytest.mark.parametrize("classes", [("high", "low"), ("high", "low", "mid")])
def test_values_are_shaps_own(model, classes):
    data = tones(rows=90, spread=2.0, classes=classes)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    rows = np.arange(0, 90, 9)
    background = background_of(X, seed=0)
    fitted, expected = with_shap(model, X, y, rows, background)
    ours = _shap_values.exact(fitted, model, X[rows])
    if ours is None:
        ours, error = _shap_values.sampled(fitted, X[rows], background, seed=0)
        assert (error >= 0).all()
        assert error.max() > 0
    scale = np.abs(ours.output).max()
    np.testing.assert_allclose(ours.values, expected, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("model", [name for name in names() if estimator(name).scale == LOG_ODDS])
def test_log_odds_of_two_classes_are_the_log_odds(model):
    data = tones(rows=60, spread=2.0, classes=("high", "low"))
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    fitted = pipeline(model).fit(X, y)
    found, P = _shap_values.exact(fitted, model, X), fitted.predict_proba(X)
    log_odds = np.log(P[:, 1] / P[:, 0])
    said = found.base + found.values.sum(axis=1)
    np.testing.assert_allclose(said, np.stack([-log_odds, log_odds], axis=1), atol=1e-4)
    np.testing.assert_allclose(found.values[:, :, 0], -found.values[:, :, 1], atol=1e-12)


def test_a_linear_model_is_explained_as_theory_says():
    """Of independent columns: coefficient times distance from the mean, in the table's units."""
    rng = np.random.default_rng(0)
    X = rng.normal([440, -20, 0.1], [50, 6, 0.02], size=(300, 3))
    score = (X[:, 0] - 440) / 50 - 0.5 * (X[:, 1] + 20) / 6
    y = np.where(score + rng.logistic(size=300) > 0, "yes", "no")
    fitted = pipeline("logistic").fit(X, y)
    slope = fitted.named_steps["model"].coef_[0] / fitted.named_steps["scale"].scale_
    found = _shap_values.exact(fitted, "logistic", X)
    expected = slope * (X - X.mean(axis=0))
    np.testing.assert_allclose(found.values[:, :, 1], expected, atol=1e-6 * np.abs(expected).max())
    np.testing.assert_allclose(found.values[:, :, 0], -expected, atol=1e-6 * np.abs(expected).max())
    odds = np.log(fitted.predict_proba(X)[:, 1] / fitted.predict_proba(X)[:, 0])
    np.testing.assert_allclose(found.output[:, 1], odds, rtol=1e-9)


def test_a_missing_value_speaks_for_its_own_column():
    data = tones(rows=60, classes=("high", "low"))
    data["gap"] = np.where(data["label"] == "low", np.nan, 1.0)
    data.loc[0, "gap"] = np.nan
    result, table = trained(data, "logistic", folds=3)
    explanation = explain(result.model, table)
    assert importance(explanation)["feature"][0] in ("gap", "pitch")
    low = explanation.values[:, explanation.columns.index("gap"), 1]
    assert low[np.isnan(data["gap"])].min() > low[~np.isnan(data["gap"])].max()


def test_the_same_call_gives_the_same_values_on_any_number_of_workers():
    for model, rows in (("random_forest", 12), ("svm", 6)):
        result, table = trained(tones(rows=30), model, folds=3)
        one, two = (explain(result.model, table, rows=rows, n_jobs=jobs) for jobs in (1, 2))
        np.testing.assert_array_equal(one.values, two.values)


# What is slow


def test_when_time_is_up_rows_are_left_and_it_is_said(monkeypatch):
    result, table = trained(tones(rows=60), "svm", folds=3)
    told = []
    clock = itertools.count()  # a second later whenever it is looked at
    watch = SimpleNamespace(monotonic=lambda: next(clock))
    monkeypatch.setattr("featkit.explanation._computation.time", watch)
    explanation = explain(
        result.model, table, n_jobs=1, budget=1.5, progress=lambda *how_far: told.append(how_far)
    )
    assert len(explanation) == 30  # two pieces by right, one before time was up
    assert explanation.rows_there == 60
    assert "30 of 60 rows were drawn at random" in explanation.notes[0]
    assert "evaluations a row" in explanation.method
    assert explanation.error.shape == explanation.values.shape
    assert len(set(explanation.folds)) == 3
    assert told[-1] == (30, 60, "")
    assert any("stops after 2 s" in note or "about" in note for _, _, note in told)


def test_so_many_rows_are_drawn_and_always_the_same():
    for model in ("xgboost", "svm"):
        result, table = trained(tones(rows=60), model, folds=3)
        whole = explain(result.model, table, n_jobs=1, budget=1e9)
        first, second = (explain(result.model, table, n_jobs=n, rows=24) for n in (1, 2))
        assert len(first) == 24
        assert first.rows_there == 60
        np.testing.assert_array_equal(first.values, second.values)
        place = [list(whole.keys["path"]).index(path) for path in first.keys["path"]]
        assert place == sorted(place)
        # Among other rows a row's sums may be rounded differently.
        np.testing.assert_allclose(first.probabilities, whole.probabilities[place], rtol=1e-9)
        if model == "xgboost":
            np.testing.assert_allclose(first.values, whole.values[place], rtol=1e-6, atol=1e-7)


def test_sampling_leaves_the_global_generator_alone():
    data = tones(rows=30)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    fitted = pipeline("svm").fit(X, y)
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    _shap_values.sampled(fitted, X[:2], X[:10], seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40])
def test_contributions_do_not_depend_on_the_unit_of_a_column(unit):
    """Nor do they where a column is far from zero, and varies little."""
    rng = np.random.default_rng(0)
    y = np.where(np.arange(60) % 2, "p", "q")
    X = rng.normal(size=(60, 4))
    X[:, 2] += 3 * (y == "p")
    X[::5, 3] = np.nan
    other = X * [1, 1, unit, unit] + [0, 2**20, 0, 0]
    found, expected = (
        _shap_values.sampled(pipeline("svm").fit(of, y), of[:6], of[:20], seed=0)
        for of in (other, X)
    )
    np.testing.assert_allclose(found[0].values, expected[0].values, atol=1e-6)
    of = found[0]
    np.testing.assert_allclose(of.base + of.values.sum(axis=1), of.output, atol=1e-9)


def test_values_that_do_not_add_up_are_not_passed_over(monkeypatch):
    result, table = trained(tones(rows=30), "logistic", folds=3)
    fine = explain(result.model, table)
    assert (fine.flaw, fine.notes) == ("", [])

    def wrong(*of):
        found = _shap_values.exact(*of)
        return found._replace(values=found.values * 1.01)

    monkeypatch.setattr("featkit.explanation._computation.exact", wrong)
    flawed = explain(result.model, table)
    assert "do NOT add up to what the model said in 30 of 30 rows" in flawed.flaw
    assert flawed.notes == [flawed.flaw]


@pytest.mark.parametrize(("how", "what"), [({"rows": 0}, "rows"), ({"budget": 0}, "budget")])
def test_nothing_cannot_be_explained(how, what):
    result, table = trained(tones(rows=30), "logistic", folds=3)
    with pytest.raises(ParameterError, match=what):
        explain(result.model, table, **how)


# Rows that were learnt from


@pytest.mark.parametrize("columns", [[], ["path"]])
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_table_and_other_rows_do_not_matter(columns, data):
    """Rows that were scored are explained by the same models wherever they stand."""
    whole = tones(rows=45, spread=2.0).drop(columns=columns)
    result, table = trained(whole, "logistic", folds=3)
    expected = explain(result.model, table)
    others = tones(rows=5, seed=9).drop(columns=columns)
    mixed = pd.concat([whole, others], ignore_index=True)
    order = np.array(data.draw(st.permutations(range(50))))
    found = explain(result.model, table_of(mixed.iloc[order][[*whole]]))
    known = order < 45
    np.testing.assert_array_equal(found.folds[known], expected.folds[order[known]])
    np.testing.assert_array_equal(found.values[known], expected.values[order[known]])
    assert set(found.folds[~known]) == {""}
    assert found.held_out.tolist() == (~known).tolist()
    assert any("5 rows are not among those" in note for note in found.notes)


def test_another_column_in_the_table_does_not_matter():
    whole = tones(rows=45, spread=2.0)
    result, table = trained(whole, "logistic", folds=3)
    found = explain(result.model, table_of(whole.assign(more=1.0)))
    np.testing.assert_array_equal(found.values, explain(result.model, table).values)


def test_a_part_of_the_rows_that_were_learnt_from_is_noticed():
    whole = tones(rows=45, spread=2.0)
    result, _ = trained(whole, "logistic", folds=3)
    some = pd.concat([whole[10:20], tones(rows=5, seed=9)], ignore_index=True)
    found = explain(result.model, table_of(some))
    assert set(found.folds) == {""}
    assert found.held_out.tolist() == [False] * 10 + [True] * 5
    assert "has learnt from at least 10 of these 15 rows" in found.notes[0]


def test_rows_that_are_alike_are_told_apart_by_class_and_group():
    """Silence in recordings of two classes; the table in another order is the same table."""
    whole = copies(recordings=12, segments=3)
    silent = whole.index % 3 == 0
    whole.loc[silent, [f"x{k}" for k in range(20)]] = 0.0
    result, table = trained(whole, "logistic", folds=3)
    order = np.random.default_rng(0).permutation(len(whole))
    found = explain(result.model, table_of(whole.iloc[order]))
    np.testing.assert_array_equal(found.values, explain(result.model, table).values[order])
    assert "" not in found.folds


def test_silence_of_a_new_recording_was_not_learnt_from():
    whole = copies(recordings=12, segments=3)
    columns = [f"x{k}" for k in range(20)]
    whole.loc[whole.index % 3 == 0, columns] = 0.0
    result, _ = trained(whole, "logistic", folds=3)
    new = copies(recordings=4, segments=3, seed=9)
    new["path"] = "new" + new["path"]
    new.loc[[0, 3], columns] = 0.0
    found = explain(result.model, table_of(new))
    assert found.held_out.all()
    assert not found.notes


def test_rows_with_other_last_digits_are_known_again():
    whole = tones(rows=45, spread=2.0)
    result, _ = trained(whole, "logistic", folds=3)
    numbers = ["pitch", "a", "b", "c"]
    again = whole.assign(**{name: whole[name] * (1 + 1e-13) for name in numbers})
    found = explain(result.model, table_of(again))
    assert found.learnt.all()
    assert not found.held_out.any()
    assert "has learnt from 45 of these 45 rows" in found.notes[0]


def test_rows_that_were_held_out_were_not_learnt_from():
    whole = tones(rows=60)
    result, _ = trained(whole, "logistic", shares=(60, 20, 20))
    judged = whole[whole["path"].isin(result.predictions["path"])]
    found = explain(result.model, table_of(judged))
    assert found.held_out.all()
    assert list(found.notes) == []


def test_classes_that_the_model_does_not_know():
    result, _ = trained(tones(rows=45), "logistic", folds=3)
    other = tones(rows=12, seed=5)
    other.loc[[0, 1], "label"] = ["new", ""]
    found = explain(result.model, table_of(other))
    assert found.y[:2].tolist() == ["", ""]
    assert found.y[2:].tolist() == other["label"][2:].tolist()
    assert found.held_out.sum() == 10
    assert "1 row has a class that the model does not know (new)" in found.notes[0]


def test_the_stated_error_is_that_of_the_values():
    data = tones(rows=60, spread=2.0)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    fitted, background = pipeline("svm").fit(X, y), background_of(X, seed=0)
    one, error = _shap_values.sampled(fitted, X[:10], background, seed=0)
    many = np.mean(
        [
            _shap_values.sampled(fitted, X[:10], background, seed=s)[0].values
            for s in (100, 200, 300)
        ],
        axis=0,
    )
    apart = np.sqrt(np.mean((one.values - many) ** 2))
    assert 0.5 < apart / np.sqrt(np.mean(error**2)) < 2


# What follows


@pytest.fixture(scope="module")
def cause():
    result, table = trained(caused(), "xgboost", folds=4)
    schema = [
        {
            "name": f"x{k}",
            "family": "cause" if k in (7, 31) else f"noise{k % 5}",
            "descriptor": f"d{k}",
            "statistic": "mean" if k % 2 else None,
            "unit": "Hz",
        }
        for k in range(52)
    ]
    explanation = explain(result.model, table, n_jobs=1)
    return dataclasses.replace(explanation, schema={column["name"]: column for column in schema})


def test_the_cause_leads_every_ranking(cause):
    assert set(importance(cause)["feature"][:2]) == {"x7", "x31"}
    for name in cause.classes:
        assert set(importance(cause, of_class=name)["feature"][:2]) == {"x7", "x31"}
    assert importance(cause, by="family")["feature"][0] == "cause"
    assert set(importance(cause, by="descriptor")["feature"][:2]) == {"d7", "d31"}
    assert grid(cause).index[0] == "cause"


def test_importance_is_the_mean_of_absolute_contributions(cause):
    found = importance(cause).set_index("feature")
    expected = np.abs(cause.values).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(found.loc[cause.columns, "mean_abs_shap"], expected, rtol=1e-12)
    assert found["share"].sum() == pytest.approx(1)
    assert (found["low"] <= found["mean_abs_shap"]).all()
    assert (found["mean_abs_shap"] <= found["high"]).all()
    by_fold = [np.abs(cause.values[cause.folds == f]).sum(axis=2).mean(axis=0) for f in "1234"]
    spread = np.std(by_fold, axis=0, ddof=1)
    np.testing.assert_allclose(found.loc[cause.columns, "std"], spread)
    np.testing.assert_allclose(importance_by_fold(cause)[cause.columns], by_fold)


def test_columns_are_put_together_with_their_signs(cause):
    family = importance(cause, by="family").set_index("feature")["mean_abs_shap"]
    both = cause.values[:, [7, 31]].sum(axis=1)
    assert family["cause"] == pytest.approx(np.abs(both).sum(axis=1).mean())
    alone = importance(cause).set_index("feature")["mean_abs_shap"]
    assert family["cause"] <= alone["x7"] + alone["x31"] + 1e-12


def test_direction_tells_whether_more_speaks_for_the_class():
    result, table = trained(tones(rows=90), "logistic")
    found = direction(explain(result.model, table))
    assert found.loc["pitch", "mid"] > 0.9  # the third class has the highest pitch
    assert found.loc["pitch", "high"] < -0.9


def test_columns_that_say_the_same_are_named():
    data = tones(rows=90)
    data["twin"] = 3 * data["pitch"] ** 3 + 1
    result, table = trained(data, "xgboost", folds=3)
    assert [sorted(names) for names in correlated(explain(result.model, table))] == [
        ["pitch", "twin"]
    ]


def test_one_row_is_explained_by_its_largest_contributions(cause):
    found = contributions(cause, 5, top=3)
    said = cause.classes.index(cause.predicted[5])
    order = np.argsort(-np.abs(cause.values[5, :, said]), kind="stable")[:3]
    assert list(found["feature"]) == [cause.columns[k] for k in order]
    np.testing.assert_array_equal(found["shap"], cause.values[5, order, said])
    np.testing.assert_array_equal(found["value"], cause.X[5, order])
    assert list(found["unit"]) == ["Hz"] * 3
    assert (found["usual_low"] < found["usual_high"]).all()


def test_a_single_file_is_explained_against_what_the_model_remembers():
    data = tones(rows=60)
    for model in ("svm", "logistic"):
        result, table = trained(data, model, folds=3)
        explanation = explain(result.model, table.rows(np.array([2])))
        assert np.abs(explanation.values).max() > 0.05
        found = contributions(explanation, 0, "mid")
        pitch = found.set_index("feature").loc["pitch"]
        low, high = np.percentile(data.loc[data["label"] == "mid", "pitch"], [25, 75])
        assert (pitch["usual_low"], pitch["usual_high"]) == pytest.approx((low, high))


def test_intervals_are_of_groups():
    result, table = trained(copies(recordings=24, segments=6), "logistic", folds=3)
    explanation = explain(result.model, table)
    explanation = dataclasses.replace(explanation, folds=np.full(len(explanation), ""))
    together = importance(explanation)
    apart = importance(dataclasses.replace(explanation, keys={}))
    width = (together["high"] - together["low"]).mean() / (apart["high"] - apart["low"]).mean()
    assert width > 1.5


@pytest.mark.parametrize("folds", [3, 5, 10])
def test_intervals_hold_what_differs_between_models_and_between_rows(folds):
    """Of 400 columns with a true mean of 9, whose models differ by chance as their rows do."""
    rng = np.random.default_rng(folds)
    rows, columns = folds * 20, 400
    fold = np.repeat(np.arange(folds), 20)
    each = 9 + rng.normal(size=(folds, columns))[fold] + rng.normal(size=(rows, columns))
    explanation = Explanation(
        values=each[:, :, None] * [-1, 1],
        base=np.zeros((rows, 2)),
        output=each.sum(axis=1)[:, None] * [-1, 1],
        scale="log odds",
        X=each,
        columns=[f"x{k}" for k in range(columns)],
        classes=["a", "b"],
        probabilities=np.full((rows, 2), 0.5),
        y=None,
        keys={},
        folds=fold.astype(str),
        method="made up",
        rows_there=rows,
    )
    found = importance(explanation)
    assert np.mean((found["low"] < 9) & (found["high"] > 9)) > (0.7 if folds == 3 else 0.85)
    of_one = importance(dataclasses.replace(explanation, folds=np.full(rows, "")))
    assert np.mean((of_one["low"] < 9) & (of_one["high"] > 9)) < 0.5


def test_wrong_use_is_told(cause):
    with pytest.raises(ParameterError, match="unknown class 'd': known are a, b, c"):
        importance(cause, of_class="d")
    with pytest.raises(ParameterError, match="unknown way to put contributions together 'colour'"):
        importance(cause, by="colour")
    result, table = trained(tones(), "logistic")
    with pytest.raises(TableError, match="lacks 1 of the model's 4 columns: pitch"):
        explain(result.model, table_of(tones().drop(columns="pitch")))
    with pytest.raises(TableError, match="no rows to explain"):
        explain(result.model, table.rows(np.arange(0)))


def test_a_group_called_recording_is_a_group():
    data = tones(rows=48).assign(recording=[f"r{k // 2 % 12}" for k in range(48)])
    data["label"] = np.where(data["recording"].str[1:].astype(int) % 2, "a", "b")
    result, table = trained(data, "logistic", group="recording", folds=3)
    assert len(set(explain(result.model, table).groups)) == 12
    assert list(result.predictions["group"]) == list(data["recording"])
