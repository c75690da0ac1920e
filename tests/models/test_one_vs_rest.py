"""One binary classifier for each label, with the columns prepared once."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.multiclass import OneVsRestClassifier

from featkit.models.estimator import ESTIMATORS
from featkit.models.label_sets import JOINT, indicators, label_sets
from featkit.models.one_vs_rest import LabelEstimators, OneVsRest

LABEL_ESTIMATORS = LabelEstimators()
LABELS = ["a", "b", "c"]
FAST = {"random_forest": {"n_estimators": 12}, "xgboost": {"n_estimators": 8}}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(80, 5))
    Y = np.column_stack([Z[:, 0] > 0, Z[:, 1] + Z[:, 2] > 0.5, Z[:, 3] < -0.3])
    return Z, Y, label_sets(Y, LABELS).astype(str)


def binary(name):
    return ESTIMATORS[name].build(0).set_params(**FAST.get(name, {}))


@pytest.fixture(scope="module", params=list(LABEL_ESTIMATORS))
def fitted(request, rows):
    Z, _, y = rows
    return request.param, OneVsRest(binary(request.param)).fit(Z, y)


def test_probabilities_are_those_of_scikit_learns_one_vs_rest_classifier(fitted, rows):
    name, model = fitted
    Z, Y, _ = rows
    expected = OneVsRestClassifier(binary(name)).fit(Z, Y.astype(int)).predict_proba(Z)
    assert model.classes_.tolist() == LABELS
    assert model.predict_proba(Z) == pytest.approx(expected, abs=1e-6)


def test_contributions_add_up_for_every_label(fitted, rows):
    name, model = fitted
    Z, *_ = rows
    contributions = LABEL_ESTIMATORS[name].contributions
    if contributions is None:
        assert name == "svm"
        return
    parts = contributions(model, Z)
    assert parts.values.shape == (80, 5, 3)
    assert parts.base + parts.values.sum(axis=1) == pytest.approx(parts.output, abs=1e-5)
    P = model.predict_proba(Z)
    if ESTIMATORS[name].scale == "log odds":
        P = np.log(P / (1 - P))
    assert parts.output == pytest.approx(P, abs=1e-4)


def test_a_label_of_all_training_rows_or_none_is_not_known(rows):
    Z, Y, _ = rows
    Y = Y.copy()
    Y[:, 0], Y[:, 1] = True, False
    model = OneVsRest(binary("logistic")).fit(Z, label_sets(Y, LABELS).astype(str))
    assert model.classes_.tolist() == ["c"]
    assert model.predict_proba(Z).shape == (80, 1)


def test_groups_reach_the_machines(rows):
    Z, _, y = rows
    groups = np.arange(80) % 4
    model = OneVsRest(binary("svm")).fit(Z, y, groups=groups)
    alone = clone(binary("svm")).fit(Z, indicators(y, LABELS)[:, 0].astype(int), groups=groups)
    assert model.members_[0].temperature_ == alone.temperature_


def test_a_fitted_model_passes_the_checks(rows):
    Z, _, y = rows
    model = OneVsRest(binary("logistic")).fit(Z, y)
    assert LABEL_ESTIMATORS["logistic"].check(model, 5, 3) is None


def _one_member_less(model):
    model.members_ = model.members_[:-1]


def _another_type(model):
    model.members_[1] = ESTIMATORS["svm"].build(0)


def _other_columns(model):
    model.members_[0].coef_ = model.members_[0].coef_[:, :4]


def _other_classes(model):
    model.members_[0].classes_ = np.array([0, 2])


def _members_in_a_tuple(model):
    model.members_ = tuple(model.members_)


def _a_method_replaced(model):
    model.predict_proba = [1.0]


def _an_estimator_as_parameter(model):
    model.estimator.C = ESTIMATORS["svm"].build(0)


@pytest.mark.parametrize(
    "damage",
    [
        _one_member_less,
        _another_type,
        _other_columns,
        _other_classes,
        _members_in_a_tuple,
        _a_method_replaced,
        _an_estimator_as_parameter,
    ],
)
def test_parts_that_do_not_fit_together_are_refused(damage, rows):
    Z, _, y = rows
    model = OneVsRest(binary("logistic")).fit(Z, y)
    damage(model)
    with pytest.raises(ValueError, match=r"of its|number|classes|shape|expected"):
        LABEL_ESTIMATORS["logistic"].check(model, 5, 3)


def test_parameters_of_the_classifier_have_their_own_names():
    model = LABEL_ESTIMATORS["logistic"].build(0)
    assert model.get_params()["C"] == 0.1
    copy = clone(model.set_params(C=3.0))
    assert copy.estimator.C == copy.get_params()["C"] == 3.0


def test_the_estimators_are_those_of_one_class():
    names = [name for name in ESTIMATORS if name != "ensemble"]
    assert list(LABEL_ESTIMATORS) == names
    assert len(LABEL_ESTIMATORS) == len(names)
    assert "svm" in LABEL_ESTIMATORS
    assert "other" not in LABEL_ESTIMATORS
    assert "ensemble" not in LABEL_ESTIMATORS
    for name, own in LABEL_ESTIMATORS.items():
        assert own.grid == ESTIMATORS[name].grid
        assert own.meaning(9) == ESTIMATORS[name].meaning(2).replace("class", "label")


def test_labels_may_hold_any_text():
    names = ["1", "=cmd()", "é;|", "שלום"]
    Z = np.random.default_rng(0).normal(size=(40, 2))
    Y = np.random.default_rng(1).random((40, 4)) < 0.5
    model = OneVsRest(binary("logistic")).fit(Z, label_sets(Y, names).astype(str))
    assert model.classes_.tolist() == sorted(names)
    assert JOINT not in "".join(names)
