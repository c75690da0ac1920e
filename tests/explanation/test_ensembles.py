"""Explanations of ensembles."""

import re

import numpy as np
import pytest
from learning import few_trees, tones

import featkit
from featkit.errors import ParameterError
from featkit.explanation.ensembles import members_text
from featkit.report.page import page

IN_PROBABILITY = [("random_forest", {}, 0.25), ("svm", {}, 0.75)]
IN_LOG_ODDS = [("logistic", {"C": 1.0}, 0.6), ("random_forest", {}, 0.4)]


@pytest.fixture
def data():
    return tones(rows=45, spread=2.0)


def trained(data, members):
    return featkit.train(data, model="ensemble", folds=2, parameters={"members": members}).model


def test_members_in_probability_are_added_with_their_weights(monkeypatch, data):
    few_trees(monkeypatch, 10)
    model = trained(data, IN_PROBABILITY)
    explanation = featkit.explain(model, data, rows=2, n_jobs=1)
    assert explanation.scale == "probability"
    assert not explanation.flaw
    np.testing.assert_allclose(explanation.output, explanation.probabilities, atol=1e-9)
    svm, forest = explanation.members
    assert (svm.name, svm.weight, forest.name) == ("svm", 0.75, "random_forest")
    expected = 0.75 * svm.explanation.values + 0.25 * forest.explanation.values
    np.testing.assert_allclose(explanation.values, expected)
    np.testing.assert_allclose(explanation.error, 0.75 * svm.explanation.error)


def test_members_in_log_odds_are_explained_one_by_one(monkeypatch, data):
    few_trees(monkeypatch, 10)
    model = trained(data, IN_LOG_ODDS)
    explanation = featkit.explain(model, data, n_jobs=1)
    alone = featkit.explain(model, data, member="logistic", n_jobs=1)
    assert [own.name for own in explanation.members] == ["logistic (C=1.0)", "random_forest"]
    assert members_text(model) == "logistic (C=1.0) 0.60, random_forest 0.40"
    assert re.search(
        f"Members and their weights.*{re.escape(members_text(model))}", page(model=model)
    )
    assert explanation.scale == "log odds"
    assert "cannot be added" in explanation.notes[0]
    np.testing.assert_array_equal(explanation.values, alone.values)
    mean = sum(own.weight * own.explanation.probabilities for own in explanation.members)
    np.testing.assert_allclose(explanation.probabilities, mean)
    assert set(explanation.folds) == {"1", "2"}


def test_an_unknown_member_is_an_error(monkeypatch, data):
    few_trees(monkeypatch, 10)
    model = trained(data, IN_LOG_ODDS)
    with pytest.raises(ParameterError, match="member"):
        featkit.explain(model, data, member="svm", n_jobs=1)
    single = featkit.train(data, model="logistic", folds=3).model
    with pytest.raises(ParameterError, match="ensembles"):
        featkit.explain(single, data, member="svm", n_jobs=1)


def test_the_page_lists_the_members(monkeypatch, data, tmp_path):
    few_trees(monkeypatch, 10)
    model = trained(data, IN_LOG_ODDS)
    explanation = featkit.explain(model, data, n_jobs=1)
    featkit.write_report(tmp_path / "r.html", model=model, explanation=explanation)
    page = (tmp_path / "r.html").read_text("utf-8")
    assert "Members of the ensemble" in page
    assert "logistic (C=1.0)" in page


def test_calibrated_probabilities_of_training_rows_are_those_of_their_fold(monkeypatch, data):
    few_trees(monkeypatch, 5)
    result = featkit.train(
        data,
        model="ensemble",
        folds=3,
        parameters={"members": IN_LOG_ODDS},
        calibrate="sigmoid",
    )
    explanation = featkit.explain(result.model, data, n_jobs=1)
    own = result.predictions.set_index("row").loc[explanation.keys["row"]]
    P = own[[f"p_{name}" for name in result.model.classes]].to_numpy()
    np.testing.assert_allclose(explanation.probabilities, P, atol=1e-12)
    new = data.assign(path="new/" + data["path"], a=data["a"] + 0.1)
    predicted = result.model.predict(new).data
    explanation = featkit.explain(result.model, new, n_jobs=1)
    assert explanation.probabilities[:, 0].tolist() == pytest.approx(predicted["p_high"].tolist())
