"""Sentences of the answer: the title, where a model fails, and doubts."""

from dataclasses import replace

import numpy as np
import pytest
from reporting import evaluation, made

from featkit.explanation import related
from featkit.models.result import BASELINE
from featkit.report._answer_text import answer_title, doubts, failure_text, first_sentence
from featkit.report._context import Context


def scores_of(confusion):
    """Scores of predictions with a confusion matrix."""
    classes = ["a", "b", "c"]
    true, predicted = [], []
    for k, row in enumerate(confusion):
        for j, count in enumerate(row):
            true += [classes[k]] * count
            predicted += [j] * count
    P = np.full((len(true), 3), 0.1)
    P[np.arange(len(true)), predicted] = 0.8
    folds = np.array([f"{k % 2 + 1}" for k in range(len(true))])
    return evaluation(np.array(true), P, np.array(classes), folds)


def test_the_title_is_the_accuracy():
    model, _, _ = made()
    scores = scores_of([[9, 1, 0], [4, 6, 0], [0, 0, 20]])
    title = answer_title(replace(model, evaluation=scores))
    assert title.replace("\u00a0", " ").startswith("87.5 % of 40 ")
    assert title.endswith("are assigned to the right one of 3 classes")
    assert answer_title(replace(model, evaluation=None)).startswith("3 classes, predicted by ")


def test_the_class_of_the_lowest_recall_and_the_most_frequent_confusion_are_named():
    texts = [
        text.replace("\u00a0", " ")
        for text in failure_text(scores_of([[9, 1, 0], [4, 6, 0], [0, 0, 20]]))
    ]
    assert texts == [
        "“b” is recognised least often: 6 of 10 test rows (60.0 %).",
        "The most frequent confusion: 4 of 10 “b” are predicted as “a”.",
    ]
    right = scores_of([[9, 0, 0], [0, 9, 0], [0, 0, 9]])
    assert failure_text(right) == ["No test row is predicted wrongly."]


def test_an_interval_that_contains_the_baseline_is_a_doubt():
    model, _, _ = made()
    scores = model.evaluation
    own = scores.kept.accuracy
    for value, is_doubted in ((own.value, True), (own.low - 0.05, False)):
        baseline = scores.models[BASELINE]
        changed = replace(baseline, accuracy=replace(baseline.accuracy, value=value))
        models = {**scores.models, BASELINE: changed}
        context = Context(replace(model, evaluation=replace(scores, models=models)))
        assert any("contains the baseline" in text for text in doubts(context)) is is_doubted


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("the rows are few. Take more.", "The rows are few."),
        ("no end", "No end"),
        ("an accuracy of 0.5 is low. That is all.", "An accuracy of 0.5 is low."),
    ],
)
def test_the_first_sentence_of_a_warning_is_shown(text, first):
    assert first_sentence(text) == first


def test_all_columns_of_a_group_are_correlated():
    _, explanation, _ = made(rows=60, number=6)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 6))
    X[:, 3] = -(X[:, 1] ** 3)  # monotonous, thus with a rank correlation of -1
    explanation = replace(explanation, X=X)
    groups = {frozenset(names) for names in related(explanation) if len(names) > 1}
    names = explanation.columns
    assert groups == {frozenset([names[1], names[3]])}
