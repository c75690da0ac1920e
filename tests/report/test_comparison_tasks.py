"""Comparisons of regressions and of models of several labels: paired errors and label decisions."""

import numpy as np
import pytest
from label_data import tagged
from regression_data import voices
from reporting import plain_text

import featkit
from featkit.explanation import explain
from featkit.models.scores import accuracy_difference
from featkit.report._comparison import row_scores
from featkit.report.comparison_page import comparison_page
from featkit.report.formatting import signed

NUMBERS = {"target": "valence", "group": "speaker"}
LABELS = {"multilabel": "tags"}


def compared(table, how, *names):
    """Two trainings and their explanations of the same rows."""
    models = {name: featkit.train(table, model=name, folds=3, **how).model for name in names}
    return models, {name: explain(model, table) for name, model in models.items()}


@pytest.fixture(scope="module")
def regressions():
    return compared(voices(rows=40), NUMBERS, "ridge", "svr")


@pytest.fixture(scope="module")
def label_models():
    return compared(tagged(60), LABELS, "logistic", "svm")


def test_errors_of_regressions_are_paired(regressions):
    models, explanations = regressions
    text = plain_text(comparison_page(models, explanations))
    one, other = (np.abs(own.probabilities[:, 0] - own.y) for own in explanations.values())
    groups = explanations["ridge"].groups
    expected = accuracy_difference(one, groups, other, groups)
    assert f"{signed(expected.value, 2)} {signed(expected.low, 2)} to" in text
    assert "McNemar" not in text
    assert "has the lowest mean absolute error" in text
    assert "Rows with the largest differences between predictions" in text
    assert "✗" not in text  # no number is right or wrong
    assert "with the probability" not in text


def test_decisions_on_several_labels_are_paired(label_models):
    models, explanations = label_models
    text = plain_text(comparison_page(models, explanations))
    one, other = (row_scores(own) for own in explanations.values())
    groups = explanations["logistic"].groups
    expected = accuracy_difference(one, groups, other, groups)
    assert f"{signed(expected.value, 2)} {signed(expected.low, 2)} to" in text
    assert "highest mean average precision" in text
    assert "Rows that are predicted differently: their labels" in text
    own = explanations["logistic"]
    truth = [[name in labels.split(";") for name in own.classes] for labels in own.y.tolist()]
    answers = [[name in labels.split(";") for name in own.classes] for labels in own.answer]
    np.testing.assert_allclose(one, (np.array(truth) == np.array(answers)).mean(axis=1))
