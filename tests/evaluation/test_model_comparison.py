"""Comparison of models: McNemar's exact test and the interval of the difference."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from featkit.evaluation.model_comparison import compare_models, mcnemar_p_value
from featkit.models.scores import accuracy_difference

STATSMODELS = [
    (1, 0, 1.0),
    (0, 6, 0.03125),
    (5, 3, 0.7265625),
    (10, 10, 1.0),
    (12, 30, 0.007915897334896727),
    (121, 59, 4.4344492637551645e-06),
    (86, 150, 3.7159361395713866e-05),
    (2, 1000, 2.3448435067617075e-296),
    (1000, 1100, 0.03072070786424249),
]
"""Discordant pairs and p-values of statsmodels 0.15.0:
``statsmodels.stats.contingency_tables.mcnemar([[7, b], [c, 9]], exact=True).pvalue``."""


@pytest.mark.parametrize(("only_first", "only_second", "expected"), STATSMODELS)
def test_p_values_are_those_of_statsmodels(only_first, only_second, expected):
    assert mcnemar_p_value(only_first, only_second) == pytest.approx(expected, rel=1e-11)


@given(only_first=st.integers(0, 60), only_second=st.integers(0, 60))
def test_p_values_are_sums_of_binomial_probabilities(only_first, only_second):
    total = only_first + only_second
    tail = sum(comb(total, k) for k in range(min(only_first, only_second) + 1))
    expected = min(Fraction(1), Fraction(2 * tail, 2**total))
    p_value = mcnemar_p_value(only_first, only_second)
    assert p_value == pytest.approx(float(expected), rel=1e-12)
    assert p_value == mcnemar_p_value(only_second, only_first)
    assert 0 < p_value <= 1
    if total:
        assert p_value == pytest.approx(binomtest(only_second, total).pvalue, rel=1e-12)


@pytest.mark.parametrize("count", [2000, 1_000_000])
def test_a_p_value_is_never_0(count):
    assert 0 < mcnemar_p_value(count, 0) < 1e-300


def three_models(rows=240, groups=60, seed=0):
    """True classes, predictions of three models, and groups of four recordings."""
    rng = np.random.default_rng(seed)
    y = rng.choice(["jazz", "pop", "rock"], rows)
    answers = [np.where(rng.random(rows) < share, y, "pop") for share in (0.7, 0.5, 0.1)]
    return y, answers, np.array([f"g{k % groups:02d}" for k in range(rows)])


def test_every_pair_is_compared_once_in_order():
    y, answers, groups = three_models()
    comparisons = compare_models("jamendo", ["a", "b", "c"], y, answers, groups)
    assert [(own.first, own.second) for own in comparisons] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {own.dataset for own in comparisons} == {"jamendo"}
    assert compare_models("jamendo", ["a"], y, answers[:1], groups) == []


def test_counts_and_accuracies_are_those_by_hand():
    y, answers, groups = three_models()
    (own,) = compare_models("jamendo", ["a", "b"], y, answers[:2], groups)
    pairs = [(a == true, b == true) for true, a, b in zip(y, *answers[:2], strict=True)]
    assert own.recordings == len(pairs)
    assert own.only_first == pairs.count((True, False))
    assert own.only_second == pairs.count((False, True))
    assert own.first_accuracy == pytest.approx(np.mean([a for a, _ in pairs]))
    assert own.second_accuracy == pytest.approx(np.mean([b for _, b in pairs]))
    assert own.difference.value == pytest.approx(own.second_accuracy - own.first_accuracy)
    assert own.p_value == pytest.approx(
        binomtest(own.only_first, own.only_first + own.only_second).pvalue
    )


def test_the_interval_draws_the_same_groups_for_both_models():
    y, answers, groups = three_models()
    (own,) = compare_models("jamendo", ["a", "b"], y, answers[:2], groups)
    hits = [answer == y for answer in answers[:2]]
    paired = accuracy_difference(hits[0], groups, hits[1], groups)
    assert own.difference.low == pytest.approx(paired.low)
    assert own.difference.high == pytest.approx(paired.high)
    rng = np.random.default_rng(1)
    names = np.unique(groups)
    gain = np.array([np.sum((hits[1] * 1 - hits[0])[groups == name]) for name in names])
    drawn = gain[rng.integers(len(names), size=(4000, len(names)))].sum(axis=1) / len(y)
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert own.difference.low == pytest.approx(low, abs=0.01)
    assert own.difference.high == pytest.approx(high, abs=0.01)


def test_models_that_answer_alike_differ_by_0_with_an_interval():
    y, answers, groups = three_models()
    (own,) = compare_models("jamendo", ["a", "b"], y, answers[:1] * 2, groups)
    assert (own.only_first, own.only_second, own.p_value, own.difference.value) == (0, 0, 1, 0)
    margin = 1 - 0.025 ** (1 / 60)
    assert own.difference.low == pytest.approx(-margin)
    assert own.difference.high == pytest.approx(margin)


def test_one_group_has_no_interval():
    y, answers, groups = three_models(groups=1)
    (own,) = compare_models("jamendo", ["a", "b"], y, answers[:2], groups)
    assert (own.difference.low, own.difference.high) == (None, None)


def test_recordings_that_one_model_does_not_predict_are_left_out():
    y, answers, groups = three_models()
    fewer = answers[1].copy()
    fewer[:100] = ""
    with_gap, whole = (
        compare_models("d", ["a", "b"], y[start:], [answers[0][start:], other[start:]], groups)
        for start, other, groups in ((0, fewer, groups), (100, answers[1], groups[100:]))
    )
    assert with_gap == whole
    fewer[:] = ""
    assert compare_models("d", ["a", "b"], y, [answers[0], fewer], groups) == []


ROWS = st.lists(
    st.tuples(*[st.sampled_from("xy")] * 3, st.sampled_from("abcd")), min_size=1, max_size=30
)


@given(rows=ROWS)
def test_swapped_models_mirror_the_comparison(rows):
    y, first, second, groups = np.array(rows).T
    (own,) = compare_models("d", ["a", "b"], y, [first, second], groups)
    (other,) = compare_models("d", ["b", "a"], y, [second, first], groups)
    assert (own.first, own.second) == (other.second, other.first)
    assert (own.only_first, own.only_second) == (other.only_second, other.only_first)
    assert (own.first_accuracy, own.second_accuracy) == (
        other.second_accuracy,
        other.first_accuracy,
    )
    assert own.difference.value == -other.difference.value
    assert own.p_value == other.p_value
    assert 0 < own.p_value <= 1
    if own.difference.low is not None:
        assert own.difference.low == pytest.approx(-other.difference.high, abs=1e-12)
        assert own.difference.high == pytest.approx(-other.difference.low, abs=1e-12)
        assert -1 <= own.difference.low <= own.difference.high <= 1
