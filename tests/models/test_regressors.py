"""Regressors equal those of their libraries, and crafted files of them are refused."""

import copy

import numpy as np
import pytest
import xgboost
from regression_data import features, fitted, trained, voices, with_pipeline
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from featkit.errors import ModelError
from featkit.models.estimator import candidates, check_candidate, pipeline
from featkit.models.model_file import read_model, write_model
from featkit.models.regressor import REGRESSORS
from featkit.models.regressors.svr import Svr
from featkit.models.regressors.xgboost import XGBoostRegressor
from featkit.models.task import TASKS

NAMES = list(REGRESSORS)


def numbers():
    X = np.nan_to_num(features(voices()))
    return X, voices()["valence"].to_numpy()


def test_all_regressors_are_registered():
    assert NAMES == ["random_forest", "ridge", "svr", "xgboost"]
    assert TASKS["regression"].estimators is REGRESSORS


def test_a_support_vector_machine_equals_scikit_learns_with_a_standardised_target():
    X, y = numbers()
    own = Svr().fit(X, y)
    svr = SVR(C=1.0, gamma=0.5 / (X.shape[1] * X.var()), epsilon=0.1)
    by_hand = TransformedTargetRegressor(svr, transformer=StandardScaler()).fit(X, y)
    assert own.predict(X) == pytest.approx(by_hand.predict(X))


def test_boosted_trees_equal_those_of_xgboost_with_a_standardised_target():
    X, y = numbers()
    own = XGBoostRegressor(n_estimators=5, subsample=1.0).fit(X, y)
    by_hand = xgboost.XGBRegressor(
        n_estimators=5,
        learning_rate=0.1,
        max_depth=3,
        colsample_bytree=0.5,
        max_bin=32,
        base_score=0.0,
        tree_method="hist",
        random_state=0,
        n_jobs=1,
    ).fit(X, (y - y.mean()) / y.std())
    assert own.predict(X) == pytest.approx(y.mean() + y.std() * by_hand.predict(X), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_shift_and_another_unit_of_the_target_give_the_same_model(name):
    X, y = numbers()
    few = {"n_estimators": 5} if name in ("random_forest", "xgboost") else {}
    one, other = (pipeline(name, estimators=REGRESSORS, **few) for _ in range(2))
    moved = other.fit(X, 1e6 + 1000 * y).predict(X)
    assert one.fit(X, y).predict(X) == pytest.approx((moved - 1e6) / 1000, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_target_is_predicted_as_it_is(name):
    X, _ = numbers()
    few = {"n_estimators": 5} if name in ("random_forest", "xgboost") else {}
    made = pipeline(name, estimators=REGRESSORS, **few).fit(X, np.full(len(X), 7.0))
    assert made.predict(X) == pytest.approx(np.full(len(X), 7.0))


@pytest.mark.parametrize("name", NAMES)
def test_candidates_begin_with_the_default_and_are_valid(name):
    first, *others = candidates(name, REGRESSORS)
    default = REGRESSORS[name].build(0).get_params()
    assert all(default[key] == value for key, value in first.parameters.items())
    for candidate in [first, *others]:
        check_candidate(candidate, REGRESSORS)


# Model files


def saved(tmp_path, name, change):
    """A file of a model whose pipeline was changed in place."""
    made = copy.deepcopy(trained(name).model.pipeline)
    change(made[-1])
    write_model(with_pipeline(trained(name).model, made), tmp_path / "m.fk")
    return tmp_path / "m.fk"


def put(**values):
    return lambda model: vars(model).update(values)


CRAFTED = {
    ("ridge", "other coefficients"): put(coef_=np.ones(3)),
    ("ridge", "infinite coefficients"): put(coef_=np.full(4, np.inf)),
    ("ridge", "another intercept"): put(intercept_="0"),
    ("ridge", "no number"): put(intercept_=float("nan")),
    ("ridge", "a method"): put(predict=[1]),
    ("ridge", "an estimator"): put(more_=LogisticRegression()),
    ("svr", "other vectors"): put(vectors_=np.ones((2, 3))),
    ("svr", "other coefficients"): put(coefficients_=np.ones(1)),
    ("svr", "another gamma"): put(gamma_=-1.0),
    ("svr", "no gamma"): put(gamma_="scale"),
    ("xgboost", "no scale"): put(scale_=0.0),
    ("xgboost", "no mean"): put(mean_=float("inf")),
    ("xgboost", "no trees"): put(ubj_=np.zeros(3, np.uint8)),
    ("random_forest", "too few trees"): lambda model: model.estimators_.pop(),
    ("random_forest", "two numbers"): put(n_outputs_=2),
}


@pytest.mark.parametrize(("name", "kind"), CRAFTED)
def test_a_file_with_a_crafted_regressor_is_refused(name, kind, tmp_path):
    with pytest.raises(ModelError):
        read_model(saved(tmp_path, name, CRAFTED[name, kind]))


def test_boosted_trees_of_a_classifier_are_refused(tmp_path):
    X, _ = numbers()
    rows = xgboost.DMatrix(X, np.arange(60) % 2)
    booster = xgboost.train({"objective": "binary:logistic"}, rows, num_boost_round=2)
    ubj = np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8)
    with pytest.raises(ModelError, match="objective and booster are not those"):
        read_model(saved(tmp_path, "xgboost", put(ubj_=ubj)))


def test_trees_of_other_columns_are_refused():
    made = fitted("random_forest")
    with pytest.raises(ValueError, match="other columns or classes"):
        REGRESSORS["random_forest"].check(made[-1], 3, 1)
    REGRESSORS["random_forest"].check(made[-1], 4, 1)  # with the indicator of missing values


def test_a_model_of_another_task_is_refused(tmp_path):
    model = trained("ridge").model
    write_model(with_pipeline(model, model.pipeline), tmp_path / "m.fk")
    from model_files import pack, unpacked

    parts = unpacked(tmp_path / "m.fk")
    for old, new, message in (
        (b'"task": "regression"', b'"task": "classification"', "classes|scores|task"),
        (b'"task": "regression"', b'"task": "clustering"', "has no task 'clustering'"),
        (b'"target": "valence"', b'"target": null', "."),
    ):
        changed = parts["featkit.json"].replace(old, new)
        assert changed != parts["featkit.json"]
        pack(tmp_path / "n.fk", parts | {"featkit.json": changed})
        with pytest.raises(ModelError, match=message):
            read_model(tmp_path / "n.fk")
