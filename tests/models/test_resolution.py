"""Rescaler: the unit of a column and its distance from 0 do not change what is learnt."""

import numpy as np
import pandas as pd
import pytest
from learning import tones

import featkit
from featkit.models import pipeline
from featkit.models.estimator import ESTIMATORS
from featkit.models.resolution import Rescaler


@pytest.mark.parametrize(("factor", "offset"), [(1e-9, 0), (1e-30, 0), (1.0, 1e9), (1e-9, 1.0)])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_learns_from_a_column_of_small_differences(name, factor, offset):
    data = tones(rows=60)
    X, y = data[["pitch", "a"]].to_numpy(), data["label"].to_numpy()
    x = X * factor + offset
    fitted = pipeline(name).fit(x, y)
    assert np.mean(fitted.predict(x) == y) > 0.8


def test_the_unit_of_a_column_changes_no_prediction_of_a_forest():
    data = tones(rows=60)
    X, y = data[["pitch", "a", "b"]].to_numpy(), data["label"].to_numpy()
    probabilities = [
        pipeline("random_forest", n_estimators=20).fit(x, y).predict_proba(x)
        for x in (X, X * 2.0**-40)
    ]
    one, other = (np.argmax(P, axis=1) for P in probabilities)
    assert np.mean(one == other) > 0.95


def test_ordinary_columns_stay_as_they_are_to_the_bit():
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.normal(size=50),
            rng.normal(2000, 30, 50),
            rng.uniform(0, 1e-3, 50),
            rng.integers(0, 2, 50),
            np.full(50, 7.0),
            np.full(50, np.nan),
            rng.normal(0, 1e9, 50),
        ]
    )
    X[3, 0] = np.nan
    for step in (0.0, 1e-7):
        assert Rescaler(step).fit_transform(X).tobytes() == X.tobytes()


def test_a_column_of_mostly_one_value_is_rescaled_by_the_others():
    x = np.zeros((40, 1))
    x[::8, 0] = np.arange(5) * 1e-9
    rescaled = Rescaler(1e-7).fit_transform(x)
    assert len(np.unique(rescaled.astype(np.float32))) == 5
    assert 0.1 < np.ptp(rescaled) < 10


def test_values_far_from_the_training_values_stay_finite():
    rescaler = Rescaler(1e-7).fit(np.linspace(0, 1e-300, 9)[:, None])
    rescaled = rescaler.transform(np.array([[1e300], [-1e300], [np.nan], [0.0]]))
    assert np.isfinite(rescaled[[0, 1, 3]]).all()
    assert np.isnan(rescaled[2])
    assert np.isfinite(rescaled[[0, 1, 3]].astype(np.float32)).all()


@pytest.mark.parametrize("name", ["random_forest", "xgboost"])
def test_a_column_in_tiny_units_survives_model_file_and_explanation(name, tmp_path):
    data = tones(rows=45)[["label", "pitch", "a"]].assign(pitch=tones(rows=45)["pitch"] * 1e-9)
    result = featkit.train(data, model=name, shares=(60, 40))
    assert result.scores["models"][name]["accuracy"]["value"] > 0.7
    result.model.save(tmp_path / "m.fk")
    model = featkit.load_model(tmp_path / "m.fk")
    pd.testing.assert_frame_equal(model.predict(data).data, result.model.predict(data).data)
    explanation = featkit.explain(model, data, rows=8, n_jobs=1)
    importance = np.abs(explanation.values).mean(axis=(0, 2))
    assert explanation.columns[int(np.argmax(importance))] == "pitch"
    assert not explanation.flaw
