"""Explanations of predicted numbers: exact where possible, and always adding up."""

import numpy as np
import pytest
from regression_data import features, trained, voices

from featkit.explanation import contributions, explain, importance
from featkit.models.regressor import REGRESSORS, TARGET_SCALE


@pytest.fixture(scope="module", params=REGRESSORS)
def explained(request):
    model = trained(request.param).model
    rows = 3 if request.param == "svr" else 12  # sampling is slow
    return model, explain(model, voices(), rows=rows, n_jobs=1)


def test_contributions_add_up_to_the_prediction(explained):
    _, explanation = explained
    assert explanation.flaw == ""
    total = explanation.base + explanation.values.sum(axis=1)
    assert total == pytest.approx(explanation.probabilities, rel=1e-6)
    assert explanation.output == pytest.approx(explanation.probabilities, rel=1e-6)
    assert explanation.values.shape == (len(explanation), 3, 1)


def test_rows_are_explained_by_the_models_of_their_folds(explained):
    _, explanation = explained
    assert explanation.folds.astype(bool).all()
    data = voices().iloc[explanation.keys["row"] - 1]
    assert explanation.y.tolist() == data["valence"].tolist()
    assert (explanation.scale, explanation.classes) == (TARGET_SCALE, ["valence"])
    assert explanation.predicts_number
    assert not explanation.held_out.any()


def test_new_rows_are_explained_by_the_final_model_and_may_lack_a_target():
    model = trained("xgboost").model
    data = voices(seed=1).head(8)
    data["valence"] = ["101.5", "", "loud", *["99"] * 5]
    explanation = explain(model, data, n_jobs=1)
    assert explanation.probabilities[:, 0] == pytest.approx(model.pipeline.predict(features(data)))
    assert np.isnan(explanation.y[1:3]).all()
    assert explanation.held_out.tolist() == [True, False, False, *[True] * 5]
    assert any("1 row has no finite number in 'valence' ('loud')" in n for n in explanation.notes)
    assert explain(model, data.drop(columns="valence"), rows=2, n_jobs=1).y is None


def test_contributions_of_ridge_are_coefficients_times_scaled_values():
    model = trained("ridge").model
    data = voices(seed=1).head(8)
    explanation = explain(model, data, n_jobs=1)
    Z = model.pipeline[:-1].transform(features(data))
    expected = Z * model.pipeline[-1].coef_
    expected[:, 2] += expected[:, 3]  # the indicator of missing values
    assert explanation.values[:, :, 0] == pytest.approx(expected[:, :3])
    assert explanation.base[:, 0] == pytest.approx(np.full(8, model.pipeline[-1].intercept_))


def test_rankings_and_contributions_need_no_class(explained):
    _, explanation = explained
    table = importance(explanation)
    sizes = np.abs(explanation.values[:, :, 0]).mean(axis=0)
    assert table["feature"].iloc[0] == explanation.columns[int(np.argmax(sizes))]
    assert table["mean_abs_shap"].max() == pytest.approx(sizes.max())
    first = contributions(explanation, 0)
    assert first["shap"].sum() == pytest.approx(explanation.values[0].sum())
    usual = np.nanpercentile(features(voices())[:, 0], [25, 75])
    row = first[first["feature"] == "pitch"].iloc[0]
    assert (row["usual_low"], row["usual_high"]) == pytest.approx(tuple(usual))
