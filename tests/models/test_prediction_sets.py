"""Thresholds of prediction sets and answers: by hand, for any input, and read from files."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.errors import ModelError, ParameterError
from featkit.models.prediction_sets import (
    MAX_LEVELS,
    PredictionSets,
    Thresholds,
    check_level,
    effective_number,
    fit_thresholds,
    set_texts,
)


def some(rows, classes=3, seed=0, sharpness=1.0):
    """Probabilities that are calibrated, and true classes drawn from them."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.full(classes, sharpness), size=rows)
    true = (P.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return np.minimum(true, classes - 1), P


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 100))
def test_with_one_row_in_each_group_the_threshold_is_that_of_split_conformal_prediction(
    rows, coverage, seed
):
    true, P = some(rows, seed=seed)
    own = np.sort(P[np.arange(rows), true])[::-1]
    rank = int(np.ceil((rows + 1) * coverage - 1e-6))
    expected = own[rank - 1] if rank <= rows else 0.0
    assert fit_thresholds(true, P, np.arange(rows)).of_sets(coverage) == expected


@given(st.integers(1, 40), st.integers(1, 8), st.integers(0, 100))
def test_sets_grow_with_the_coverage_and_answers_become_rarer_with_the_accuracy(rows, groups, seed):
    true, P = some(rows, seed=seed)
    fitted = fit_thresholds(true, P, np.arange(rows) % groups)
    fitted.check()
    levels = np.linspace(0.01, 0.99, 30)
    assert (np.diff([fitted.of_sets(level) for level in levels]) <= 0).all()
    answers = [fitted.of_answers(level) for level in levels]
    assert (np.diff([2.0 if value is None else value for value in answers]) >= 0).all()


def test_each_group_has_the_same_weight():
    own = np.array([0.9] * 98 + [0.4, 0.2])
    P = np.stack([own, 1 - own], axis=1)
    group = np.array(["large"] * 98 + ["small", "smaller"])
    fitted = fit_thresholds(np.zeros(100, dtype=int), P, group)
    assert fitted.groups == 3
    assert fitted.effective == 3  # rows of a group are equal
    factor = 3 / 4
    assert fitted.of_sets(factor / 3) == 0.9
    assert fitted.of_sets(factor / 3 + 0.01) == 0.4
    assert fitted.of_sets(factor * 2 / 3 + 0.01) == 0.2
    assert fitted.of_sets(factor + 0.01) == 0.0


def test_the_effective_number_is_between_those_of_groups_and_rows():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(50), 10)
    independent, equal = rng.random(500), rng.random(50)[group]
    assert effective_number(equal, group, 50) == pytest.approx(50)
    assert 300 < effective_number(independent, group, 50) <= 500
    assert 50 < effective_number(independent + equal, group, 50) < 200
    assert effective_number(independent, np.arange(500), 500) == 500


@pytest.mark.parametrize("nominal", [0.8, 0.9])
def test_new_rows_of_new_groups_are_covered(nominal):
    covered = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        true, P = some(1200, seed=seed, sharpness=0.5)
        group = np.repeat(np.arange(60), 20)
        wrong = rng.random(60)[group] < 0.2  # in some groups, half of the classes are wrong
        true = np.where(wrong & (rng.random(1200) < 0.5), (true + 1) % 3, true)
        train = group < 20
        least = fit_thresholds(true[train], P[train], group[train]).of_sets(nominal)
        covered.append(np.mean(P[~train, true[~train]] >= least))
    assert np.mean(covered) == pytest.approx(nominal, abs=0.02)


def test_the_threshold_of_answers_is_the_lowest_that_reaches_the_accuracy():
    confidence = np.array([0.95, 0.9, 0.85, 0.8, 0.7, 0.6])
    hits = np.array([True, True, True, False, True, False])
    P = np.stack([confidence, 1 - confidence], axis=1)
    fitted = fit_thresholds(np.where(hits, 0, 1), P, np.arange(6))
    assert fitted.of_answers(0.6) == 0.6  # 4 of 6
    assert fitted.of_answers(0.7) == 0.7  # 4 of 5
    assert fitted.of_answers(0.81) == 0.85  # 3 of 3
    assert fitted.of_answers(1.0) == 0.85


def test_an_accuracy_that_was_never_reached_has_no_threshold():
    P = np.tile([0.8, 0.2], (4, 1))
    fitted = fit_thresholds(np.array([0, 0, 0, 1]), P, np.arange(4))
    assert fitted.of_answers(0.75) == 0.8
    assert fitted.of_answers(0.76) is None


def test_many_rows_are_thinned_to_larger_sets():
    true, P = some(20_000, seed=3)
    fitted = fit_thresholds(true, P, np.arange(20_000))
    assert len(fitted.coverages) <= MAX_LEVELS
    own = np.sort(P[np.arange(20_000), true])[::-1]
    for coverage in (0.1, 0.5, 0.8, 0.9, 0.95, 0.99):
        rank = int(np.ceil(20_001 * coverage))
        assert own[rank + 25] <= fitted.of_sets(coverage) <= own[rank - 1]


@pytest.mark.parametrize(
    "change",
    [
        {"coverages": ()},
        {"coverages": (0.5, 0.2), "set_probabilities": (0.5, 0.4)},
        {"coverages": (0.2, 0.5), "set_probabilities": (0.4, 0.5)},
        {"coverages": (0.2, 1.5), "set_probabilities": (0.5, 0.4)},
        {"set_probabilities": (float("nan"),)},
        {"accuracies": (0.5,), "answer_probabilities": (float("inf"),)},
        {"accuracies": (0.5, 0.6), "answer_probabilities": (0.9, 0.8)},
        {"accuracies": tuple(np.linspace(0, 1, MAX_LEVELS + 1).tolist())},
        {"groups": 0},
        {"effective": 1e9},
    ],
)
def test_thresholds_that_do_not_fit_are_refused(change):
    good = Thresholds(
        rows=9,
        groups=3,
        effective=4.0,
        coverages=(0.5,),
        set_probabilities=(0.4,),
        accuracies=(0.5,),
        answer_probabilities=(0.3,),
    )
    PredictionSets(rows=good).check()
    with pytest.raises(ModelError, match="thresholds"):
        PredictionSets(rows=good, recordings=dataclasses.replace(good, **change)).check()


@given(st.lists(st.text(), min_size=2, max_size=5, unique=True), st.data())
def test_sets_as_text_are_unambiguous_for_any_class_names(names, data):
    classes = sorted(names)
    members = data.draw(st.lists(st.booleans(), min_size=len(names), max_size=len(names)))
    (text,) = set_texts(np.array([members]), classes)
    assert json.loads(text) == [name for name, own in zip(classes, members, strict=True) if own]


@pytest.mark.parametrize("value", [0, 1, -0.5, 90, float("nan"), True, "0.9"])
def test_a_coverage_is_above_0_and_below_1(value):
    with pytest.raises(ParameterError, match="coverage must be above 0 and below 1"):
        check_level("coverage", value)


def test_the_threshold_of_answers_is_of_the_class_that_costs_decide():
    costs = np.array([[0.0, 1.0], [9.0, 0.0]])  # the first class is predicted above 0.9
    P = np.stack([[0.95, 0.85, 0.7, 0.2], [0.05, 0.15, 0.3, 0.8]], axis=1)
    fitted = fit_thresholds(np.array([0, 1, 0, 1]), P, np.arange(4), costs)
    assert fitted.of_answers(0.75) == 0.15  # 3 of 4
    assert fitted.of_answers(0.8) == 0.8  # 2 of 2
