"""Rankings: importances, their intervals, directions and redundant columns."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from learning import copies, tones, trained
from reporting import made

from featkit import plots
from featkit.errors import ParameterError, TableError
from featkit.explanation import (
    contributions,
    correlated,
    direction,
    explain,
    grid,
    importance,
    importance_by_fold,
    ranking,
)
from featkit.explanation.explanation import Explanation
from featkit.report.page import write_report
from featkit.table.feature_table import FeatureTable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the import
    import shap  # noqa: F401


def caused(rows=240, seed=0):
    """Two columns cause the label, and fifty do not."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.normal(size=(rows, 52)), columns=[f"x{k}" for k in range(52)])
    angle = np.arctan2(data["x7"], data["x31"])
    data.insert(0, "label", np.array(["a", "b", "c"])[((angle + np.pi) // 2.1).astype(int)])
    data.insert(0, "path", [f"{k}.wav" for k in range(rows)])
    return data


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
    table = importance(cause).set_index("feature")
    expected = np.abs(cause.values).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(table.loc[cause.columns, "mean_abs_shap"], expected, rtol=1e-12)
    assert table["share"].sum() == pytest.approx(1)
    assert (table["low"] <= table["mean_abs_shap"]).all()
    assert (table["mean_abs_shap"] <= table["high"]).all()
    by_fold = [np.abs(cause.values[cause.folds == f]).sum(axis=2).mean(axis=0) for f in "1234"]
    spread = np.std(by_fold, axis=0, ddof=1)
    np.testing.assert_allclose(table.loc[cause.columns, "std"], spread)
    np.testing.assert_allclose(importance_by_fold(cause)[cause.columns], by_fold)


def test_contributions_of_columns_are_summed_with_their_signs(cause):
    family = importance(cause, by="family").set_index("feature")["mean_abs_shap"]
    both = cause.values[:, [7, 31]].sum(axis=1)
    assert family["cause"] == pytest.approx(np.abs(both).sum(axis=1).mean())
    alone = importance(cause).set_index("feature")["mean_abs_shap"]
    assert family["cause"] <= alone["x7"] + alone["x31"] + 1e-12


def test_direction_is_positive_where_high_values_support_the_class():
    result, table = trained(tones(rows=90), "logistic")
    table = direction(explain(result.model, table))
    assert table.loc["pitch", "mid"] > 0.9  # the third class has the highest pitch
    assert table.loc["pitch", "high"] < -0.9


def test_redundant_columns_are_grouped():
    data = tones(rows=90)
    data["twin"] = 3 * data["pitch"] ** 3 + 1
    result, table = trained(data, "xgboost", folds=3)
    assert [sorted(names) for names in correlated(explain(result.model, table))] == [
        ["pitch", "twin"]
    ]


def test_one_row_is_explained_by_its_largest_contributions(cause):
    table = contributions(cause, 5, top=3)
    predicted = cause.classes.index(cause.predicted[5])
    order = np.argsort(-np.abs(cause.values[5, :, predicted]), kind="stable")[:3]
    assert list(table["feature"]) == [cause.columns[k] for k in order]
    np.testing.assert_array_equal(table["shap"], cause.values[5, order, predicted])
    np.testing.assert_array_equal(table["value"], cause.X[5, order])
    assert list(table["unit"]) == ["Hz"] * 3
    assert (table["usual_low"] < table["usual_high"]).all()


def test_a_single_file_is_explained_against_the_training_sample():
    data = tones(rows=60)
    for model in ("svm", "logistic"):
        result, table = trained(data, model, folds=3)
        explanation = explain(result.model, table.rows(np.array([2])))
        assert np.abs(explanation.values).max() > 0.05
        table = contributions(explanation, 0, "mid")
        pitch = table.set_index("feature").loc["pitch"]
        low, high = np.percentile(data.loc[data["label"] == "mid", "pitch"], [25, 75])
        assert (pitch["usual_low"], pitch["usual_high"]) == pytest.approx((low, high))


def test_intervals_are_bootstraps_over_groups():
    result, table = trained(copies(recordings=24, segments=6), "logistic", folds=3)
    explanation = explain(result.model, table)
    explanation = dataclasses.replace(explanation, folds=np.full(len(explanation), ""))
    together = importance(explanation)
    apart = importance(dataclasses.replace(explanation, keys={}))
    width = (together["high"] - together["low"]).mean() / (apart["high"] - apart["low"]).mean()
    assert width > 1.5


@pytest.mark.parametrize("folds", [3, 5, 10])
def test_intervals_cover_the_variation_between_models_and_between_rows(folds):
    """400 columns with a true mean of 9; models of folds vary as much as rows do."""
    rng = np.random.default_rng(folds)
    rows, columns = folds * 20, 400
    fold = np.repeat(np.arange(folds), 20)
    sizes = 9 + rng.normal(size=(folds, columns))[fold] + rng.normal(size=(rows, columns))
    explanation = Explanation(
        values=sizes[:, :, None] * [-1, 1],
        base=np.zeros((rows, 2)),
        output=sizes.sum(axis=1)[:, None] * [-1, 1],
        scale="log odds",
        X=sizes,
        columns=[f"x{k}" for k in range(columns)],
        classes=["a", "b"],
        probabilities=np.full((rows, 2), 0.5),
        y=None,
        keys={},
        folds=fold.astype(str),
        method="made up",
        rows_there=rows,
    )
    table = importance(explanation)
    assert np.mean((table["low"] < 9) & (table["high"] > 9)) > (0.7 if folds == 3 else 0.85)
    single_fold = importance(dataclasses.replace(explanation, folds=np.full(rows, "")))
    assert np.mean((single_fold["low"] < 9) & (single_fold["high"] > 9)) < 0.5


def test_wrong_arguments_are_refused(cause):
    with pytest.raises(ParameterError, match="unknown class 'd': available: a, b, c"):
        importance(cause, of_class="d")
    with pytest.raises(ParameterError, match="unknown value of by 'colour'"):
        importance(cause, by="colour")
    result, table = trained(tones(), "logistic")
    with pytest.raises(TableError, match="lacks 1 of the model's 4 columns: pitch"):
        explain(result.model, FeatureTable.of(tones().drop(columns="pitch")))
    with pytest.raises(TableError, match="no rows to explain"):
        explain(result.model, table.rows(np.arange(0)))


def test_each_ranking_is_computed_once_for_page_files_and_plots(tmp_path, monkeypatch):
    bootstraps = []
    interval = ranking._interval  # the bootstrap itself, whose calls are counted

    def counted(*arguments):
        bootstraps.append(arguments)
        return interval(*arguments)

    monkeypatch.setattr(ranking, "_interval", counted)
    model, explanation, table = made()
    write_report(
        tmp_path / "r.html", model=model, explanation=explanation, table=table, csv=tmp_path
    )
    plots.importance(explanation)
    plots.beeswarm(explanation, of_class="a")
    correlated(explanation)
    copy = importance(explanation)
    copy["share"] = 0.0
    assert importance(explanation)["share"].sum() == pytest.approx(1)
    assert len(bootstraps) == len(ranking.BY) + len(explanation.classes)
