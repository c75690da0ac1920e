"""Scores of one model by several splits, and their differences."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from audited import voices
from sklearn.metrics import accuracy_score, balanced_accuracy_score

import featkit
from featkit.auditing.leaks.split_scores import (
    moved_groups,
    score_differences,
    score_grouped,
    score_without,
    similar_folds,
)
from featkit.errors import ParameterError
from featkit.executors.opening import local_executor


@pytest.fixture(scope="module")
def spoken():
    """Recordings, their speakers, and the scores by recording."""
    data, speaker = voices(groups=20, takes=4, apart=1.5)
    return data, speaker, data.scored_split


def answers(scored):
    rows = scored.plan.test_rows
    return scored.problem.y[rows], np.array(scored.problem.classes)[scored.P.argmax(axis=1)]


def test_scores_are_those_of_train(spoken):
    data, _, scored = spoken
    result = featkit.train(data.table, model="logistic", folds=5)
    own = result.scores["models"]["logistic"]
    for name in ("accuracy", "balanced_accuracy"):
        assert scored.scores[name].value == own[name]["value"]
        assert [scored.scores[name].low, scored.scores[name].high] == [
            own[name]["low"],
            own[name]["high"],
        ]


def test_grouped_folds_divide_no_group_and_are_as_many(spoken):
    _, speaker, scored = spoken
    grouped = score_grouped(scored, speaker, "speaker", executor=local_executor())
    assert len(grouped.plan.outer) == len(scored.plan.outer)
    for fold in grouped.plan.outer:
        assert not set(speaker[fold.train]) & set(speaker[fold.test])


def test_few_groups_move_to_the_fold_of_most_of_their_rows(spoken):
    _, _, scored = spoken
    first, second = scored.plan.outer[:2]
    groups = np.arange(len(scored.problem)).astype(str)
    groups[[*first.test[:2], second.test[0]]] = "copies"
    plan = moved_groups(scored.plan, groups, scored.problem.y)
    assert plan.protocol == "5 folds by recording, groups moved to one fold"
    assert set(plan.outer[0].test) == {*first.test, second.test[0]}
    assert set(plan.outer[1].test) == set(second.test[1:])
    rows = np.arange(len(scored.problem))
    for fold in plan.outer:
        assert sorted([*fold.train, *fold.test]) == rows.tolist()
    grouped = score_grouped(scored, groups, "copy", executor=local_executor())
    assert [set(fold.test) for fold in grouped.plan.outer] == [set(f.test) for f in plan.outer]


def test_groups_of_a_single_split_move_to_its_larger_part(spoken):
    _, _, scored = spoken
    fold = scored.plan.outer[0]
    single = replace(scored.plan, outer=[fold])
    groups = np.arange(len(scored.problem)).astype(str)
    groups[[fold.test[0], *fold.train[:2]]] = "copies"
    (moved,) = moved_groups(single, groups, scored.problem.y).outer
    assert set(moved.test) == set(fold.test[1:])
    assert set(moved.train) == {*fold.train, fold.test[0]}


def test_many_divided_groups_need_new_folds(spoken):
    _, speaker, scored = spoken
    assert moved_groups(scored.plan, speaker, scored.problem.y) is None


def test_groups_that_are_classes_allow_no_split(spoken):
    _, _, scored = spoken
    assert score_grouped(scored, scored.problem.y, "class", executor=local_executor()) is None


def test_a_difference_is_that_of_the_scores_and_lies_in_its_interval(spoken):
    _, speaker, scored = spoken
    grouped = score_grouped(scored, speaker, "speaker", executor=local_executor())
    differences = score_differences(scored, grouped, speaker, speaker)
    for name, score in (
        ("accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
    ):
        expected = score(*answers(grouped)) - score(*answers(scored))
        assert differences[name].value == pytest.approx(expected)
        assert differences[name].low < expected < differences[name].high


def test_a_split_differs_from_itself_by_nothing(spoken):
    _, speaker, scored = spoken
    for change in score_differences(scored, scored, speaker, speaker).values():
        assert (change.value, change.low, change.high) == (0, 0, 0)


def test_removed_rows_are_neither_trained_on_nor_tested(spoken):
    _, _, scored = spoken
    removed = np.arange(len(scored.problem)) % 10 == 0
    kept = score_without(scored, removed, executor=local_executor())
    for fold, before in zip(kept.plan.outer, scored.plan.outer, strict=True):
        assert set(fold.train) == set(before.train) - set(np.flatnonzero(removed))
        assert set(fold.test) == set(before.test) - set(np.flatnonzero(removed))


def test_a_fold_without_rows_cannot_be_scored(spoken):
    _, _, scored = spoken
    removed = np.isin(np.arange(len(scored.problem)), scored.plan.outer[0].test)
    with pytest.raises(ParameterError, match="too few are left for '1'"):
        score_without(scored, removed, executor=local_executor())


@pytest.mark.parametrize(("sizes", "folds"), [([(80, 20)], 5), ([(99, 1)], 10), ([(1, 2)] * 3, 3)])
def test_folds_have_training_parts_of_about_the_same_size(sizes, folds):
    outer = [SimpleNamespace(train=range(train), test=range(test)) for train, test in sizes]
    assert similar_folds(SimpleNamespace(outer=outer)) == folds
