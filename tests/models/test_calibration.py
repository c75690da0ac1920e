"""Calibrators: equal to scikit-learn's, probabilities for any input, and checked when loaded."""

from functools import cache

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from featkit.errors import ModelError
from featkit.models import calibration
from featkit.models.calibration import (
    FLOOR,
    METHODS,
    Calibrator,
    Isotonic,
    Sigmoid,
    fit_calibrator,
)
from featkit.models.serialization import from_dict, to_dict

HAS_TEMPERATURE = tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8)


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are its features."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return self.classes_[np.argmax(X, axis=1)]


@cache
def overconfident(n_classes, rows=240, seed=0):
    """Return true classes and overconfident probabilities; the first class is the rarest."""
    rng = np.random.default_rng(seed)
    shares = np.arange(1, n_classes + 1) / np.arange(1, n_classes + 1).sum()
    true = rng.choice(n_classes, rows, p=shares)
    true[:n_classes] = np.arange(n_classes)
    scores = rng.normal(size=(rows, n_classes)) + 1.5 * np.eye(n_classes)[true]
    P = np.exp(3 * scores)
    return np.array(list("abcdef"))[true], P / P.sum(axis=1, keepdims=True)


def fit(method, P, y, groups=None, classes=None):
    """Fit a calibrator; by default, row k is of group k modulo 3."""
    classes = sorted(set(y.tolist())) if classes is None else classes
    groups = np.arange(len(y)) % 3 if groups is None else groups
    return fit_calibrator(method, P, y, classes, groups)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("method", METHODS)
def test_probabilities_and_log_loss_equal_those_of_scikit_learn(method, n_classes):
    if method == "temperature" and not HAS_TEMPERATURE:
        pytest.skip("this version of scikit-learn has no temperature")
    y, P = overconfident(n_classes)
    new_y, new_P = overconfident(n_classes, seed=1)
    reference = CalibratedClassifierCV(Given(), method=method, ensemble=False, cv=KFold(3))
    expected = reference.fit(P, y).predict_proba(new_P)
    calibrated = fit(method, P, y).apply(new_P)
    np.testing.assert_allclose(calibrated, expected, atol=1e-6)
    assert log_loss(new_y, calibrated) == pytest.approx(log_loss(new_y, expected), rel=1e-6)


def test_a_temperature_has_the_lowest_log_loss():
    y, P = overconfident(3)
    temperature = fit("temperature", P, y).temperature
    assert temperature > 1

    def loss(factor):
        other = Calibrator(method="temperature", temperature=factor * temperature)
        return log_loss(y, other.apply(P))

    assert loss(1) < min(loss(0.99), loss(1.01))


def test_temperatures_do_not_change_the_predicted_class_or_the_assumed_shares():
    y, P = overconfident(4)
    calibrator = fit("temperature", P, y)
    np.testing.assert_array_equal(calibrator.apply(P).argmax(axis=1), P.argmax(axis=1))
    assert calibrator.prior == ()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_functions_of_classes_learn_the_shares_of_their_rows(method):
    y, P = overconfident(3)
    calibrator = fit(method, P, y)
    shares = [np.mean(y == name) for name in "abc"]
    np.testing.assert_allclose(calibrator.prior, shares)
    calibrated = calibrator.apply(P).mean(axis=0)
    assert np.abs(calibrated - shares).max() < np.abs(P.mean(axis=0) - shares).max()


@pytest.mark.parametrize("method", METHODS)
def test_parameters_are_plain_data(method):
    y, P = overconfident(3)
    calibrator = fit(method, P, y)
    stored = from_dict(Calibrator, to_dict(calibrator))
    stored.check(3)
    assert stored.apply(P).tobytes() == calibrator.apply(P).tobytes()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_the_probability_of_a_class_without_rows_is_only_scaled(method):
    y, P = overconfident(3)
    has_row = y != "a"
    calibrator = fit(method, P[has_row], y[has_row], classes=list("abc"))
    calibrator.check(3)
    curves = calibrator.sigmoids or calibrator.isotonic
    assert curves[0] is None
    unscaled = np.stack([P[:, 0], curves[1].apply(P[:, 1]), curves[2].apply(P[:, 2])], axis=1)
    expected = unscaled / unscaled.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(calibrator.apply(P), expected, atol=1e-12)
    assert min(calibrator.prior) > 0


def test_a_temperature_gives_no_probability_to_a_class_that_no_model_was_trained_on():
    y, P = overconfident(3)
    known = fit("temperature", P, y)
    wider = np.insert(P, 1, 0.0, axis=1)
    labels = np.char.replace(np.char.replace(y, "c", "d"), "b", "c")
    calibrator = fit("temperature", wider, labels, classes=list("abcd"))
    assert calibrator.absent == [1]
    assert calibrator.temperature == known.temperature
    calibrated = calibrator.apply(wider)
    assert calibrated[:, 1].max() <= FLOOR
    np.testing.assert_allclose(np.delete(calibrated, 1, axis=1), known.apply(P), rtol=1e-12)


def test_rows_where_all_functions_are_0_have_equal_probabilities():
    zero = Isotonic(thresholds=[0.0, 1.0], values=[0.0, 0.0])
    calibrator = Calibrator(method="isotonic", isotonic=[zero] * 3, prior=[0.2, 0.3, 0.5])
    np.testing.assert_allclose(calibrator.apply(np.eye(3)), 1 / 3)


def test_isotonic_probabilities_are_never_0():
    y, P = overconfident(3)
    calibrated = fit("isotonic", P, y).apply(np.eye(3))
    assert calibrated.min() >= 0.99 * FLOOR
    assert np.isfinite(np.log(calibrated)).all()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_auto_selects_the_lowest_cross_fitted_log_loss(n_classes):
    y, P = overconfident(n_classes)
    groups = np.arange(len(y)) % 3
    losses = {None: log_loss(y, P)}
    for method in METHODS:
        Q = np.empty_like(P)
        for k in range(3):
            Q[groups == k] = fit(method, P[groups != k], y[groups != k]).apply(P[groups == k])
        losses[method] = log_loss(y, Q)
    assert fit("auto", P, y).method == min(losses, key=losses.get)


def test_auto_does_not_calibrate_probabilities_that_hold():
    rng = np.random.default_rng(3)
    P = rng.dirichlet([1, 1, 1], 3000)
    y = np.array(["abc"[k] for k in (rng.random(3000)[:, None] > P.cumsum(axis=1)).sum(axis=1)])
    selected = fit("auto", P, y)
    assert selected is None or selected.method == "temperature"
    if selected is not None:
        assert selected.temperature == pytest.approx(1, abs=0.05)


def test_auto_prefers_no_calibration_if_losses_are_equal():
    y = np.array(["a", "b"] * 30)
    assert fit("auto", np.full((60, 2), 0.5), y) is None


def test_auto_compares_methods_on_ten_parts_of_many_groups(monkeypatch):
    y, P = overconfident(3)
    fitted_rows = []
    monkeypatch.setattr(calibration, "METHODS", ("temperature",))
    fit_one = calibration._fit
    monkeypatch.setattr(
        calibration,
        "_fit",
        lambda method, P, true: fitted_rows.append(len(P)) or fit_one(method, P, true),
    )
    fit("auto", P, y, groups=np.arange(len(y)) // 2)
    *compared, final = fitted_rows
    assert len(compared) == 10
    assert final == len(y)
    assert max(compared) - min(compared) <= 2


def test_auto_does_not_calibrate_on_rows_of_one_group():
    y, P = overconfident(3)
    assert fit("auto", P, y, groups=np.zeros(len(y))) is None


@settings(max_examples=40)
@given(
    P=st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=8, max_size=20),
    method=st.sampled_from(METHODS),
    labels=st.lists(st.sampled_from("abc"), min_size=20, max_size=20),
)
def test_any_probabilities_are_calibrated_to_probabilities(P, method, labels):
    P = np.array(P) + 1e-300
    P /= P.sum(axis=1, keepdims=True)
    y = np.array(labels[: len(P)])
    calibrator = fit(method, P, y, classes=list("abc"))
    calibrator.check(3)
    calibrated = calibrator.apply(np.concatenate([P, np.eye(3)]))
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    assert calibrated.min() >= 0.9 * FLOOR


SIGMOID = Sigmoid(slope=-1.0, intercept=0.5)
ISOTONIC = Isotonic(thresholds=[0.0, 0.5], values=[0.1, 0.9])
PRIOR = [0.2, 0.3, 0.5]

INVALID = {
    "an unknown method": {"method": "magic", "temperature": 1.0},
    "no temperature": {"method": "temperature"},
    "a temperature of 0": {"method": "temperature", "temperature": 0.0},
    "a negative temperature": {"method": "temperature", "temperature": -1.0},
    "a temperature that is not a number": {"method": "temperature", "temperature": float("nan")},
    "a temperature without bound": {"method": "temperature", "temperature": 1e300},
    "a temperature and functions": {
        "method": "temperature",
        "temperature": 1.0,
        "sigmoids": [SIGMOID] * 3,
    },
    "functions of other classes": {"method": "sigmoid", "sigmoids": [SIGMOID], "prior": PRIOR},
    "functions of another method": {"method": "sigmoid", "isotonic": [ISOTONIC] * 3},
    "an infinite slope": {
        "method": "sigmoid",
        "sigmoids": [SIGMOID, SIGMOID, Sigmoid(slope=float("inf"), intercept=0.0)],
        "prior": PRIOR,
    },
    "absent classes that do not exist": {
        "method": "temperature",
        "temperature": 1.0,
        "absent": [3],
    },
    "all classes absent": {"method": "temperature", "temperature": 1.0, "absent": [0, 1, 2]},
    "no shares": {"method": "sigmoid", "sigmoids": [SIGMOID] * 3},
    "a share of 0": {"method": "sigmoid", "sigmoids": [SIGMOID] * 3, "prior": [0.0, 0.5, 0.5]},
    "shares of 2": {"method": "sigmoid", "sigmoids": [SIGMOID] * 3, "prior": [1.0, 0.5, 0.5]},
    **{
        f"thresholds {x} with values {y}": {
            "method": "isotonic",
            "isotonic": [ISOTONIC, Isotonic(thresholds=x, values=y), None],
            "prior": PRIOR,
        }
        for x, y in [
            ([], []),
            ([0.0], [0.1, 0.2]),
            ([0.5, 0.1], [0.1, 0.2]),
            ([0.1, 0.1], [0.1, 0.2]),
            ([0.1, 0.5], [0.2, 0.1]),
            ([0.1, 0.5], [0.2, 1.1]),
            ([0.1, 0.5], [-0.2, 0.1]),
            ([0.1, float("nan")], [0.2, 0.3]),
            ([0.1, 0.5], [float("nan"), 0.3]),
        ]
    },
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_calibrator_is_refused(name):
    with pytest.raises(ModelError):
        Calibrator(**INVALID[name]).check(3)
