"""Folds that lack a class, such as those that leave out one group, and their scores."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learning import problem_of, tones
from sklearn.metrics import accuracy_score, f1_score, log_loss, recall_score
from sklearn.model_selection import LeaveOneGroupOut

import featkit
from featkit.errors import ParameterError
from featkit.explanation.computation import explain
from featkit.models.absent_classes import folds_without_class
from featkit.models.outer_folds import plan_splits
from featkit.models.score_types import Evaluation
from featkit.models.scores import confidence_intervals, metric_values, model_scores
from featkit.models.serialization import from_dict, to_dict
from featkit.models.settings import Settings

SPEAKERS = ["anna", "ben", "cleo", "dora", "emil"]


def voices(rows=60, *, rare=None):
    """Return recordings of five speakers; anna has no row of one class.

    With `rare`, the first rows of emil are of a class that nobody else has.
    """
    data = tones(rows)
    data["speaker"] = np.array(SPEAKERS)[np.arange(rows) // 3 % 5]
    data.loc[(data["speaker"] == "anna") & (data["label"] == "mid"), "label"] = "low"
    if rare is not None:
        own = np.flatnonzero(data["speaker"] == "emil")[:rare]
        data.loc[own, "label"] = "rare"
    return data


def trained(data, **options):
    options = {"model": "logistic", "group": "speaker", "leave_one_group_out": True} | options
    return featkit.train(data, **options)


@pytest.fixture(scope="module")
def with_rare():
    return trained(voices(rare=4))


def test_folds_are_those_of_scikit_learn_and_have_the_names_of_groups():
    problem = problem_of(voices(), group="speaker")
    plan = plan_splits(problem, Settings(group="speaker", leave_one_group_out=True))
    expected = LeaveOneGroupOut().split(problem.X, problem.y, problem.groups)
    assert [fold.name for fold in plan.outer] == SPEAKERS
    assert plan.protocol == "5 speakers, each left out once"
    for fold, (train, test) in zip(plan.outer, expected, strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)


def test_as_many_folds_as_groups_are_the_same_partition():
    one, other = (
        trained(voices(), leave_one_group_out=left, folds=folds)
        for left, folds in ((True, None), (False, 5))
    )
    assert one.scores == other.scores
    pd.testing.assert_frame_equal(one.predictions, other.predictions)
    fewer = trained(voices(), leave_one_group_out=False, folds=4)
    assert not fewer.evaluation.leave_one_group_out


def test_as_many_folds_as_rows_leave_out_each_row_by_its_number():
    data = tones(rows=12).drop(columns="path")
    result = featkit.train(data, model="logistic", folds=12)
    assert result.predictions["fold"].tolist() == [str(k) for k in range(1, 13)]
    np.testing.assert_array_equal(result.predictions["fold"].astype(int), result.predictions["row"])


def test_the_classes_that_a_fold_lacks_are_listed(with_rare):
    folds = {own.fold: own for own in with_rare.evaluation.fold_classes}
    assert [own.rows for own in folds.values()] == [12] * 5
    assert folds["anna"].not_in_test == ["mid", "rare"]
    assert folds["emil"].not_in_training == ["rare"]
    assert folds["emil"].unpredictable_rows == 4
    assert folds_without_class([*folds.values()]) == {"mid": ["anna"]}


def test_unpredictable_rows_are_errors_of_the_accuracy_and_left_out_of_means(with_rare):
    scores, data = with_rare.evaluation.kept, with_rare.predictions
    known = data[data["label"] != "rare"]
    P = known[["p_high", "p_low", "p_mid", "p_rare"]].to_numpy()
    labels = ["high", "low", "mid"]
    assert scores.accuracy.value == accuracy_score(data["label"], data["predicted"])
    assert scores.balanced_accuracy.value == pytest.approx(
        recall_score(data["label"], data["predicted"], labels=labels, average="macro")
    )
    assert scores.macro_f1.value == pytest.approx(
        f1_score(data["label"], data["predicted"], labels=labels, average="macro")
    )
    classes = ["high", "low", "mid", "rare"]
    assert scores.log_loss.value == pytest.approx(log_loss(known["label"], P, labels=classes))
    absent = with_rare.evaluation.unpredictable
    assert (absent.classes, absent.rows) == (["rare"], 4)
    assert absent.balanced_accuracy == pytest.approx(0.75 * scores.balanced_accuracy.value)
    assert absent.macro_f1 == pytest.approx(0.75 * scores.macro_f1.value)
    rare = next(own for own in with_rare.evaluation.per_class if own.name == "rare")
    assert (rare.recall, rare.f1, rare.support) == (None, None, 4)
    (warning,) = (text for text in with_rare.warnings if "occurs in one fold only" in text)
    assert "4 such test rows" in warning


def test_each_fold_is_scored_by_the_same_rule(with_rare):
    data = with_rare.predictions
    own = data[data["fold"] == "emil"]
    known = sorted({*own["label"]} - {"rare"})
    scores = with_rare.evaluation.fold_scores["emil"]
    assert scores["accuracy"] == accuracy_score(own["label"], own["predicted"])
    assert scores["balanced_accuracy"] == pytest.approx(
        recall_score(own["label"], own["predicted"], labels=known, average="macro")
    )


def test_a_group_of_unpredictable_rows_only_has_no_mean_over_classes():
    data = voices()
    data.loc[data["speaker"] == "emil", "label"] = "rare"
    result = trained(data)
    scores = result.evaluation.fold_scores["emil"]
    assert scores == {
        "accuracy": 0.0,
        "balanced_accuracy": None,
        "macro_f1": None,
        "log_loss": None,
    }
    assert result.evaluation.kept.log_loss.folds.keys() == {*SPEAKERS} - {"emil"}
    json.dumps(result.scores, allow_nan=False)


def test_estimators_take_a_class_of_one_row(monkeypatch):
    data = voices(rare=1)
    few = {"random_forest": {"n_estimators": 3}, "xgboost": {"n_estimators": 3}}
    for model in ("svm", "xgboost", "random_forest", "sgd"):
        result = trained(data, model=model, parameters=few.get(model))
        assert result.evaluation.unpredictable.rows == 1
        assert set(result.model.classes) == {"high", "low", "mid", "rare"}


def test_inner_folds_pass_over_a_class_of_one_group():
    problem = problem_of(voices(rare=4), group="speaker")
    settings = Settings(group="speaker", leave_one_group_out=True, model="auto")
    plan = plan_splits(problem, settings)
    for fold in [*plan.outer, plan.final]:
        assert len(fold.inner) == 3
        for train, validation in fold.inner:
            assert not {*problem.groups[train]} & {*problem.groups[validation]}
            assert {*train, *validation} <= {*fold.train}
            assert {*problem.y[validation]} <= {*problem.y[train]}


def test_published_folds_follow_the_same_rule():
    one = trained(voices(rare=4))
    other = trained(voices(rare=4), leave_one_group_out=False, fold="speaker")
    assert other.evaluation.unpredictable == one.evaluation.unpredictable
    assert other.evaluation.kept == one.evaluation.kept
    assert other.evaluation.protocol == "5 folds of column 'speaker'"


def test_rows_of_training_are_explained_and_evaluated_by_the_models_of_folds(with_rare, tmp_path):
    data = voices(rare=4)
    explanation = explain(with_rare.model, data, rows=60)
    folds = with_rare.predictions["fold"].to_numpy()
    np.testing.assert_array_equal(explanation.folds, folds)
    columns = [f"p_{name}" for name in with_rare.model.classes]
    np.testing.assert_allclose(
        explanation.probabilities, with_rare.predictions[columns].to_numpy(), atol=1e-12
    )
    (scored,) = featkit.evaluate(with_rare.model, {"home": data}).evaluation.evaluations
    assert scored.scores.accuracy.value == with_rare.evaluation.kept.accuracy.value
    balanced = with_rare.evaluation.kept.balanced_accuracy.value
    assert scored.scores.balanced_accuracy.value == pytest.approx(balanced)
    assert any("4 recordings of a class that the model of the fold" in w for w in scored.warnings)


def test_a_model_file_keeps_the_protocol(with_rare, tmp_path):
    with_rare.model.save(tmp_path / "m.fk")
    model = featkit.load_model(tmp_path / "m.fk")
    assert model.evaluation.unpredictable == from_dict(Evaluation, with_rare.scores).unpredictable
    assert model.trained.settings.leave_one_group_out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unpredictable": {"classes": ["no"], "rows": 1}}, "other classes"),
        ({"fold_classes": {"rows": 10**9}}, "more rows"),
    ],
)
def test_scores_of_other_classes_or_rows_are_refused(with_rare, change, message):
    evaluation = with_rare.evaluation
    if "unpredictable" in change:
        unpredictable = dataclasses.replace(evaluation.unpredictable, **change["unpredictable"])
        broken = dataclasses.replace(evaluation, unpredictable=unpredictable)
    else:
        first = dataclasses.replace(evaluation.fold_classes[0], **change["fold_classes"])
        broken = dataclasses.replace(evaluation, fold_classes=[first])
    with pytest.raises(ValueError, match=message):
        from_dict(Evaluation, to_dict(broken)).check()


def with_label(data, rows, label):
    data = data.copy()
    data.loc[rows, "label"] = label
    return data


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (voices(), {"group": None}, "leave_one_group_out needs a group"),
        (voices(), {"split_by_row": True}, "exclude each other"),
        (voices(), {"folds": 3}, "choose one way to split"),
        (voices().assign(speaker="anna"), {}, "has one value, 'anna'"),
        (voices().assign(speaker=lambda d: d["label"]), {}, "the class under another name"),
        (
            voices()[lambda d: d["speaker"].isin(["anna", "ben"])].pipe(
                lambda d: with_label(d, d.index[d["speaker"] == "ben"], "low")
            ),
            {},
            "has training rows of one class",
        ),
        (
            voices().assign(label=lambda d: d["label"] + d["speaker"]),
            {},
            "each class occurs in one fold only",
        ),
    ],
)
def test_groups_that_allow_no_scores_are_an_error(data, options, message):
    with pytest.raises(ParameterError, match=message):
        trained(data.reset_index(drop=True), **options)


def test_a_group_of_one_row_is_a_fold():
    data = voices()
    data.loc[0, "speaker"] = "solo"
    result = trained(data)
    own = {own.fold: own for own in result.evaluation.fold_classes}["solo"]
    assert (own.rows, len(own.not_in_test)) == (1, 2)


@st.composite
def scored_rows(draw):
    """Return classes, probabilities, groups and a mask of unpredictable rows, not all of them."""
    n = draw(st.integers(4, 30))
    k = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    P = rng.dirichlet(np.ones(k), n)
    mask = rng.random(n) < draw(st.sampled_from([0.1, 0.5, 0.9]))
    mask[0] = False
    classes = [f"c{j}" for j in range(k)]
    return np.array(classes)[rng.integers(k, size=n)], P, classes, rng.integers(4, size=n), mask


@settings(max_examples=15, deadline=None)
@given(scored_rows())
def test_scores_without_unpredictable_rows_are_the_usual_ones(drawn):
    y, P, classes, groups, mask = drawn
    values, rest = metric_values(y, P, classes, mask), metric_values(y[~mask], P[~mask], classes)
    assert values.log_loss == pytest.approx(rest.log_loss)
    assert values.balanced_accuracy == pytest.approx(rest.balanced_accuracy)
    assert values.accuracy == pytest.approx(rest.accuracy * np.mean(~mask))
    assert values.macro_f1 <= rest.macro_f1 + 1e-12
    none = np.zeros(len(y), dtype=bool)
    assert metric_values(y, P, classes, none) == metric_values(y, P, classes)
    assert model_scores(y, P, classes, groups, None, none) == model_scores(
        y, P, classes, groups, None
    )
    low, high = confidence_intervals(y, P, classes, groups, mask)
    assert all(np.isfinite([*low.values(), *high.values()]))
