"""SHAP values of pipelines equal those of shap and of theory."""

import warnings

import numpy as np
import pytest
from learning import few_trees, tones
from shapley import exact_values

from featkit.explanation import _shap_values  # compared with shap, estimator by estimator
from featkit.models import pipeline
from featkit.models.estimator import ESTIMATORS, LOG_ODDS
from featkit.models.training_sample import background_rows as background_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap


def with_shap(model, X, y, rows, background):
    """The pipeline, and the values of shap for it, per column of the table."""
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
        values = np.stack([exact_values(fitted.predict_proba, x, background) for x in X[rows]])
    return fitted, values


@pytest.mark.parametrize("model", ESTIMATORS)
@pytest.mark.parametrize("classes", [("high", "low"), ("high", "low", "mid")])
def test_values_equal_those_of_shap(model, classes, monkeypatch):
    few_trees(monkeypatch)
    data = tones(rows=90, spread=2.0, classes=classes)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    rows = np.arange(0, 90, 9)
    background = background_of(X, seed=0)
    fitted, expected = with_shap(model, X, y, rows, background)
    ours = _shap_values.exact(fitted, model, X[rows])
    if ours is None:
        ours, error = _shap_values.sampled(fitted, model, X[rows], background, seed=0)
        assert error.max() > 0
        assert np.abs((ours.values - expected) / error).max() < 4.5  # of 120 or more values
        return
    scale = np.abs(ours.output).max()
    np.testing.assert_allclose(ours.values, expected, rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize(
    "model", [name for name in ESTIMATORS if ESTIMATORS[name].scale == LOG_ODDS]
)
def test_log_odds_of_two_classes_are_the_log_odds(model):
    data = tones(rows=60, spread=2.0, classes=("high", "low"))
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    fitted = pipeline(model).fit(X, y)
    contributions, P = _shap_values.exact(fitted, model, X), fitted.predict_proba(X)
    log_odds = np.log(P[:, 1] / P[:, 0])
    total = contributions.base + contributions.values.sum(axis=1)
    np.testing.assert_allclose(total, np.stack([-log_odds, log_odds], axis=1), atol=1e-4)
    np.testing.assert_allclose(
        contributions.values[:, :, 0], -contributions.values[:, :, 1], atol=1e-12
    )


def test_a_linear_model_has_the_contributions_of_theory():
    """For independent columns: coefficient times distance from the mean, in table units."""
    rng = np.random.default_rng(0)
    X = rng.normal([440, -20, 0.1], [50, 6, 0.02], size=(300, 3))
    score = (X[:, 0] - 440) / 50 - 0.5 * (X[:, 1] + 20) / 6
    y = np.where(score + rng.logistic(size=300) > 0, "yes", "no")
    fitted = pipeline("logistic").fit(X, y)
    slope = fitted.named_steps["model"].coef_[0] / fitted.named_steps["scale"].scale_
    contributions = _shap_values.exact(fitted, "logistic", X)
    expected = slope * (X - X.mean(axis=0))
    np.testing.assert_allclose(
        contributions.values[:, :, 1], expected, atol=1e-6 * np.abs(expected).max()
    )
    np.testing.assert_allclose(
        contributions.values[:, :, 0], -expected, atol=1e-6 * np.abs(expected).max()
    )
    odds = np.log(fitted.predict_proba(X)[:, 1] / fitted.predict_proba(X)[:, 0])
    np.testing.assert_allclose(contributions.output[:, 1], odds, rtol=1e-9)


def test_sampling_leaves_the_global_generator_alone():
    data = tones(rows=30)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    fitted = pipeline("svm").fit(X, y)
    np.random.seed(7)
    before = np.random.get_state()[1].copy()
    _shap_values.sampled(fitted, "svm", X[:2], X[:10], seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40])
def test_contributions_do_not_depend_on_the_unit_of_a_column(unit):
    """Nor do they depend on the offset of a column that varies little."""
    rng = np.random.default_rng(0)
    y = np.where(np.arange(60) % 2, "p", "q")
    X = rng.normal(size=(60, 4))
    X[:, 2] += 3 * (y == "p")
    X[::5, 3] = np.nan
    other = X * [1, 1, unit, unit] + [0, 2**20, 0, 0]
    contributions, expected = (
        _shap_values.sampled(pipeline("svm").fit(data, y), "svm", data[:6], data[:20], seed=0)
        for data in (other, X)
    )
    values, base, output = contributions[0].values, contributions[0].base, contributions[0].output
    np.testing.assert_allclose(values, expected[0].values, atol=1e-6)
    np.testing.assert_allclose(base + values.sum(axis=1), output, atol=1e-9)


def test_the_standard_error_is_the_error_of_the_values():
    data = tones(rows=60, spread=2.0)
    X, y = data[["pitch", "a", "b", "c"]].to_numpy(), data["label"].to_numpy(str)
    fitted, background = pipeline("svm").fit(X, y), background_of(X, seed=0)
    one, error = _shap_values.sampled(fitted, "svm", X[:10], background, seed=0)
    many = np.mean(
        [
            _shap_values.sampled(fitted, "svm", X[:10], background, seed=s)[0].values
            for s in (100, 200, 300)
        ],
        axis=0,
    )
    apart = np.sqrt(np.mean((one.values - many) ** 2))
    assert 0.5 < apart / np.sqrt(np.mean(error**2)) < 2
