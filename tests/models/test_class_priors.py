"""Class priors: probabilities for other shares of the classes, as computed by hand."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from learning import tones

import featkit
from featkit.errors import ModelError, ParameterError
from featkit.models.class_priors import assumed_shares, resolve_prior, training_rows_by_class

CLASSES = ["high", "low", "mid"]
COLUMNS = [f"p_{name}" for name in CLASSES]


@pytest.fixture(scope="module")
def data():
    """Rows of three overlapping classes, one of which is twice as common."""
    return tones(80, classes=("high", "low", "mid", "low"), spread=4.0)


@pytest.fixture(scope="module")
def model(data):
    """A model without calibration."""
    return featkit.train(data, folds=2, model="logistic").model


@pytest.fixture(scope="module")
def sigmoid(data):
    """A model whose probabilities assume the shares of the training rows."""
    return featkit.train(data, folds=2, model="logistic", calibrate="sigmoid").model


def predicted(model, data, class_prior=None, **options):
    """Return the probabilities of a prediction."""
    return model.predict(data, class_prior=class_prior, **options).data[COLUMNS].to_numpy()


def test_probabilities_equal_those_by_hand(model, data):
    P = predicted(model, data)
    wanted = {"low": 0.1, "high": 0.7, "mid": 0.2}
    weighted = P * [0.7 / (1 / 3), 0.1 / (1 / 3), 0.2 / (1 / 3)]
    expected = weighted / weighted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predicted(model, data, wanted), expected)


def test_the_posterior_of_normal_classes_is_exact(model):
    def density(x, mean):
        return np.exp(-((x - mean) ** 2) / 2)

    x = np.linspace(-2, 4, 7)
    likelihood = np.stack([density(x, mean) for mean in (0.0, 1.0, 2.0)], axis=1)
    balanced = likelihood / likelihood.sum(axis=1, keepdims=True)
    shares = np.array([0.9, 0.06, 0.04])
    exact = likelihood * shares / (likelihood * shares).sum(axis=1, keepdims=True)
    prior = resolve_prior(model, dict(zip(CLASSES, shares.tolist(), strict=True)))
    np.testing.assert_allclose(prior.apply(balanced, None), exact)


def test_uncalibrated_probabilities_assume_equal_shares(model, data):
    np.testing.assert_allclose(assumed_shares(model.calibrator, 3), 1 / 3)
    np.testing.assert_allclose(predicted(model, data, "balanced"), predicted(model, data))
    training = predicted(model, data, {"high": 1, "low": 2, "mid": 1})
    np.testing.assert_allclose(predicted(model, data, "training"), training)


def test_sigmoids_assume_the_shares_of_the_training_rows(sigmoid, data):
    np.testing.assert_allclose(assumed_shares(sigmoid.calibrator, 3), [0.25, 0.5, 0.25])
    P = predicted(sigmoid, data)
    np.testing.assert_allclose(predicted(sigmoid, data, "training"), P)
    weighted = P * [4, 2, 4]
    expected = weighted / weighted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predicted(sigmoid, data, "balanced"), expected)


def test_a_class_with_the_share_0_is_never_predicted(model, data):
    P = predicted(model, data, {"high": 0.5, "low": 0, "mid": 0.5})
    assert P[:, 1].max() < 1e-300
    np.testing.assert_allclose(P.sum(axis=1), 1)


def test_shares_replace_probabilities_that_are_all_0(model):
    prior = resolve_prior(model, {"high": 0, "low": 0.25, "mid": 0.75})
    np.testing.assert_array_equal(prior.apply(np.array([[1.0, 0, 0]]), None), [[0, 0.25, 0.75]])


def test_the_prior_of_a_recording_counts_once(model, data):
    segments = pd.concat([data, data.assign(pitch=data["pitch"] + 0.5)])
    wanted = {"low": 0.1, "high": 0.7, "mid": 0.2}
    P = predicted(model, segments)
    weighted = P * [0.7, 0.1, 0.2]
    expected = weighted / weighted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predicted(model, segments, wanted), expected)


def test_shares_come_from_a_file(model, data, tmp_path):
    (tmp_path / "shares.csv").write_text("class,share\nlow,1\nhigh,7\nmid,2\n", "utf-8")
    predictions = model.predict(data, class_prior=tmp_path / "shares.csv")
    expected = predicted(model, data, {"low": 0.1, "high": 0.7, "mid": 0.2})
    np.testing.assert_allclose(predictions.data[COLUMNS].to_numpy(), expected)
    file, scaled = predictions.remarks
    assert file.endswith("shares.csv: high 0.7, low 0.1, mid 0.2")
    assert scaled == "class prior: the shares sum to 10, and are scaled to 1"


def test_predictions_say_which_prior_they_assume(model, data):
    assert model.predict(data).remarks == []
    (remark,) = model.predict(data, class_prior="training").remarks
    assert remark == "class prior: training: high 0.25, low 0.5, mid 0.25"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"high": 1, "low": 1, "mdi": 1}, "unknown class 'mdi': did you mean 'mid'"),
        ({"high": 1, "low": 1}, "no share of 'mid'|no share of mid"),
        ({"high": 1, "low": 1, "mid": -0.1}, "'mid' must be a number from 0, got -0.1"),
        ({"high": 1, "low": 1, "mid": float("nan")}, "'mid' must be a number from 0"),
        ({"high": 1, "low": 1, "mid": float("inf")}, "'mid' must be a number from 0"),
        ({"high": 1, "low": 1, "mid": "1"}, "'mid' must be a number from 0, got '1'"),
        ({"high": 1, "low": 1, "mid": True}, "'mid' must be a number from 0"),
        ({"high": 0, "low": 0, "mid": 0}, "one must be above 0"),
        ("balance", "must be balanced, training, or a file"),
        ("none.csv", "cannot read the class shares"),
        (3, "a file or a mapping"),
    ],
)
def test_a_wrong_prior_is_refused(model, data, wanted, message):
    with pytest.raises(ParameterError, match=message):
        model.predict(data, class_prior=wanted)


def test_models_of_numbers_have_no_class_prior(data):
    model = featkit.train(data, target="a", model="ridge", folds=2).model
    assert model.trained.class_rows == {}
    with pytest.raises(ParameterError, match="applies to classes, not to numbers: omit it"):
        resolve_prior(model, "balanced")


def without_class_rows(model):
    """Return the model as an earlier version stored it."""
    training = dataclasses.replace(model.training_metadata, class_rows={})
    return dataclasses.replace(model, training_metadata=training)


def test_the_shares_of_an_earlier_model_come_from_its_scores(model):
    counts = {"high": 20, "low": 40, "mid": 20}
    assert training_rows_by_class(model) == counts
    assert training_rows_by_class(without_class_rows(model)) == counts


def test_the_shares_of_an_earlier_model_with_other_test_rows_are_unknown(data):
    model = featkit.train(data, shares=(70, 30), model="logistic").model
    with pytest.raises(ModelError, match="train it again, or give the shares in a file"):
        resolve_prior(without_class_rows(model), "training")
