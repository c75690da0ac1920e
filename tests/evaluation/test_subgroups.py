"""Scores by subgroup, and the largest difference with an interval that allows for the choice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from featkit.errors import ParameterError
from featkit.evaluation.subgroups import MAX_VALUES, MIN_GROUPS, subgroup_comparison
from featkit.models.score_types import METRICS
from featkit.models.scores import accuracy_difference, model_scores, predicted

CLASSES = ["jazz", "pop", "rock"]


def numbered(count, letter="g"):
    """Distinct names."""
    return np.array([f"{letter}{k:05d}" for k in range(count)])


def comparison(values, hits, groups=None):
    """Compare subgroups of recordings that are predicted correctly or not."""
    values, hits = np.asarray(values), np.asarray(hits)
    y = np.array(CLASSES)[np.arange(len(values)) % 3]
    answer = (np.arange(len(values)) + ~hits) % 3
    P = np.full((len(values), 3), 0.1)
    P[np.arange(len(values)), answer] = 0.8
    groups = numbered(len(values)) if groups is None else np.asarray(groups)
    return subgroup_comparison("sex", values, y, P, CLASSES, groups, numbered(len(values), "r"))


def example(rows=240, seed=0):
    """Rows with probabilities, of three subgroups and 60 groups that occur in all of them."""
    rng = np.random.default_rng(seed)
    P = rng.dirichlet([1, 1, 1], rows)
    y = np.where(rng.random(rows) < 0.5, predicted(P, CLASSES), rng.choice(CLASSES, rows))
    values = rng.choice(["phone", "studio", ""], rows)
    return (
        values,
        y,
        P,
        numbered(60)[np.arange(rows) % 60],
        numbered(120, "r")[np.arange(rows) % 120],
    )


def test_each_subgroup_has_the_scores_of_its_rows():
    values, y, P, groups, recordings = example()
    result = subgroup_comparison("device", values, y, P, CLASSES, groups, recordings)
    assert result.column == "device"
    assert [own.value for own in result.subgroups] == ["phone", "studio", ""]
    for own in result.subgroups:
        rows = values == own.value
        answer = predicted(P[rows], CLASSES)
        expected = {
            "accuracy": reference.accuracy_score(y[rows], answer),
            "balanced_accuracy": reference.balanced_accuracy_score(y[rows], answer),
            "macro_f1": reference.f1_score(y[rows], answer, average="macro"),
            "log_loss": reference.log_loss(y[rows], P[rows], labels=CLASSES),
        }
        folds = np.zeros(rows.sum(), int)
        alone = model_scores(y[rows], P[rows], CLASSES, groups[rows], folds)
        assert own.rows == rows.sum()
        assert own.recordings == len(set(recordings[rows]))
        assert own.groups == len(set(groups[rows]))
        for metric in METRICS:
            ours = own.metrics[metric]
            assert ours.value == pytest.approx(expected[metric], rel=1e-12)
            assert (ours.low, ours.high) == (alone[metric].low, alone[metric].high)


def test_rows_without_a_value_take_no_part_in_the_difference():
    values, y, P, groups, recordings = example()
    y = np.where(values == "", predicted(P, CLASSES), y)
    result = subgroup_comparison("device", values, y, P, CLASSES, groups, recordings)
    assert result.subgroups[-1].metrics["accuracy"].value == 1
    assert {result.highest, result.lowest} == {"phone", "studio"}


def test_the_difference_of_two_subgroups_is_that_of_their_accuracies():
    """Groups occur in both subgroups, and are drawn jointly."""
    values, y, P, groups, recordings = example(rows=900)
    result = subgroup_comparison("device", values, y, P, CLASSES, groups, recordings)
    hits = predicted(P, CLASSES) == y
    low, high = (values == name for name in (result.lowest, result.highest))
    direct = accuracy_difference(hits[low], groups[low], hits[high], groups[high])
    assert result.difference.value == pytest.approx(direct.value)
    assert result.difference.low == pytest.approx(direct.low, abs=0.01)
    assert result.difference.high == pytest.approx(direct.high, abs=0.01)


def test_equal_subgroups_seldom_seem_to_differ():
    """Ten equal subgroups of 30: without a correction, half of the datasets show a difference."""
    rng = np.random.default_rng(0)
    values = np.repeat(numbered(10, "v"), 30)
    corrected = uncorrected = 0
    for _ in range(15):
        hits = rng.random(len(values)) < 0.6
        result = comparison(values, hits)
        low, high = (values == name for name in (result.lowest, result.highest))
        groups = numbered(len(values))
        direct = accuracy_difference(hits[low], groups[low], hits[high], groups[high])
        corrected += result.difference.low > 0
        uncorrected += direct.low > 0
    assert corrected <= 2
    assert uncorrected >= 6


def test_a_clear_difference_is_found_among_many_subgroups():
    rng = np.random.default_rng(0)
    values = np.repeat(numbered(10, "v"), 50)
    share = np.where(values == "v00007", 0.3, 0.8)
    result = comparison(values, rng.random(len(values)) < share)
    assert result.lowest == "v00007"
    assert result.difference.low > 0.1


def test_small_subgroups_take_no_part_unless_fewer_than_two_others_are_left():
    values = np.repeat(["f", "m", "x"], [20, 20, MIN_GROUPS - 1])
    hits = np.concatenate([np.arange(20) < 15, np.arange(20) < 12, np.full(9, False)])
    result = comparison(values, hits)
    assert (result.highest, result.lowest, result.small) == ("f", "m", ["x"])
    assert result.difference.value == pytest.approx(3 / 20)
    without = comparison(values[values != "m"], hits[values != "m"])
    assert (without.highest, without.lowest, without.small) == ("f", "x", ["x"])
    assert without.difference.value == pytest.approx(15 / 20)


def test_one_subgroup_has_no_difference():
    for values in (["f"] * 20, [""] * 20):
        result = comparison(values, np.arange(20) < 5)
        assert (result.highest, result.lowest) == (values[0], values[0])
        assert result.difference.value == 0
        assert result.difference.low is None


def test_a_subgroup_of_one_group_has_no_interval():
    result = comparison(["f"] * 6 + ["m"] * 6, np.arange(12) < 3, ["one"] * 6 + ["two"] * 6)
    assert result.difference.value == pytest.approx(0.5)
    assert result.difference.low is None
    assert all(own.metrics["accuracy"].low is None for own in result.subgroups)


def test_subgroups_without_errors_have_an_interval():
    """The draws show no uncertainty, but twelve correct recordings do not prove perfection."""
    margin = 1 - 0.0125 ** (1 / 12)
    values = ["f"] * 12 + ["m"] * 12
    perfect = comparison(values, np.full(24, True))
    assert (perfect.highest, perfect.lowest) == ("f", "m")
    assert perfect.difference.low == pytest.approx(-margin)
    assert perfect.difference.high == pytest.approx(margin)
    opposite = comparison(values, np.arange(24) < 12)
    assert (opposite.highest, opposite.difference.value, opposite.difference.high) == ("f", 1, 1)
    assert opposite.difference.low == pytest.approx(1 - 2 * margin)


def test_decimal_and_negative_numbers_are_in_order_of_size():
    result = comparison(["10", "-2.5", "9.75", "10.5"] * 3, [True] * 12)
    assert [own.value for own in result.subgroups] == ["-2.5", "9.75", "10", "10.5"]


def test_numbers_are_in_natural_order_and_missing_values_last():
    result = comparison(np.repeat(["10", "9", "b", ""], 12), np.arange(48) % 2 == 0)
    assert [own.value for own in result.subgroups] == ["9", "10", "b", ""]


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ([f"{k / 2}" for k in range(MAX_VALUES + 1)], "bin the numbers"),
        (numbered(MAX_VALUES + 1), "merge its values"),
    ],
)
def test_too_many_values_are_refused_with_a_remedy(values, remedy):
    with pytest.raises(
        ParameterError, match=rf"'sex' has 51 different values.*at most 50: {remedy}"
    ):
        comparison(values, np.full(len(values), True))
    most = comparison(["", *values[:MAX_VALUES]], np.full(MAX_VALUES + 1, True))
    assert len(most.subgroups) == MAX_VALUES + 1


ROWS = st.lists(
    st.tuples(st.sampled_from(["f", "m", "x", ""]), st.booleans(), st.sampled_from("abcdef")),
    min_size=1,
    max_size=40,
)


@settings(max_examples=30)
@given(rows=ROWS)
def test_any_subgroups_give_consistent_scores(rows):
    values, hits, groups = (np.array(column) for column in zip(*rows, strict=True))
    result = comparison(values, hits, groups)
    shares = {own.value: own.metrics["accuracy"].value for own in result.subgroups}
    assert sum(own.rows for own in result.subgroups) == len(rows)
    assert shares == pytest.approx({name: hits[values == name].mean() for name in set(values)})
    named = {name: share for name, share in shares.items() if name} or shares
    assert shares[result.highest] == max(named.values())
    assert shares[result.lowest] == min(named.values())
    difference = result.difference
    assert difference.value == max(named.values()) - min(named.values())
    if difference.low is not None:
        assert -1 <= difference.low <= difference.value <= difference.high <= 1
