"""What a column says does not depend on its unit, nor on how far from 0 it lies."""

import numpy as np
import pandas as pd
import pytest
from learning import tones

import featkit
from featkit.models import pipeline
from featkit.models.estimator import names
from featkit.models.resolution import Rescaler


@pytest.mark.parametrize(("factor", "offset"), [(1e-9, 0), (1e-30, 0), (1.0, 1e9), (1e-9, 1.0)])
@pytest.mark.parametrize("name", names())
def test_every_estimator_learns_from_a_column_of_small_differences(name, factor, offset):
    data = tones(rows=60)
    X, y = data[["pitch", "a"]].to_numpy(), data["label"].to_numpy()
    x = X * factor + offset
    fitted = pipeline(name).fit(x, y)
    assert np.mean(fitted.predict(x) == y) > 0.8


def test_the_unit_of_a_column_changes_no_prediction_of_a_forest():
    data = tones(rows=60)
    X, y = data[["pitch", "a", "b"]].to_numpy(), data["label"].to_numpy()
    said = [
        pipeline("random_forest", n_estimators=20).fit(x, y).predict_proba(x)
        for x in (X, X * 2.0**-40)
    ]
    assert np.mean(np.argmax(said[0], axis=1) == np.argmax(said[1], axis=1)) > 0.95


def test_ordinary_columns_are_left_as_they_are_to_the_bit():
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


def test_a_column_that_is_mostly_one_value_is_judged_by_the_others():
    x = np.zeros((40, 1))
    x[::8, 0] = np.arange(5) * 1e-9
    found = Rescaler(1e-7).fit_transform(x)
    assert len(np.unique(found.astype(np.float32))) == 5
    assert 0.1 < np.ptp(found) < 10


def test_values_far_from_those_learnt_from_stay_numbers():
    rescaler = Rescaler(1e-7).fit(np.linspace(0, 1e-300, 9)[:, None])
    found = rescaler.transform(np.array([[1e300], [-1e300], [np.nan], [0.0]]))
    assert np.isfinite(found[[0, 1, 3]]).all()
    assert np.isnan(found[2])
    assert np.isfinite(found[[0, 1, 3]].astype(np.float32)).all()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # shap's colours, of matplotlib
@pytest.mark.parametrize("name", ["random_forest", "xgboost"])
def test_a_column_in_tiny_units_goes_through_model_file_and_explanation(name, tmp_path):
    data = tones(rows=45)[["label", "pitch", "a"]].assign(pitch=tones(rows=45)["pitch"] * 1e-9)
    result = featkit.train(data, model=name, shares=(60, 40))
    assert result.scores["models"][name]["accuracy"]["value"] > 0.7
    result.model.save(tmp_path / "m.fk")
    model = featkit.load_model(tmp_path / "m.fk")
    pd.testing.assert_frame_equal(model.predict(data).data, result.model.predict(data).data)
    found = featkit.explain(model, data, rows=8, n_jobs=1)
    spoke = np.abs(found.values).mean(axis=(0, 2))
    assert found.columns[int(np.argmax(spoke))] == "pitch"
    assert not found.flaw
