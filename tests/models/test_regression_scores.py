"""Scores of numbers equal those of scikit-learn and SciPy, and the bootstrap one row by row."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from featkit.models.bootstrap import DRAWS, draws
from featkit.models.regression_scores import (
    evaluate_regression,
    group_errors,
    recording_means,
    regression_scores,
    regression_values,
    residual_summary,
    target_ranges,
)
from featkit.models.regression_types import REGRESSION_METRICS, RegressionEvaluation
from featkit.models.serialization import from_dict, to_dict


def by_hand(y, predicted):
    covariance = np.cov(y, predicted, ddof=0)
    concordance = 2 * covariance[0, 1]
    concordance /= covariance[0, 0] + covariance[1, 1] + (y.mean() - predicted.mean()) ** 2
    return {
        "mae": mean_absolute_error(y, predicted),
        "rmse": root_mean_squared_error(y, predicted),
        "r2": r2_score(y, predicted),
        "pearson": scipy.stats.pearsonr(y, predicted).statistic,
        "spearman": scipy.stats.spearmanr(y, predicted).statistic,
        "ccc": concordance,
    }


def quickly(y, predicted):
    """The same by formulas, for many draws."""
    ranks = [scipy.stats.rankdata(values) for values in (y, predicted)]
    covariance, error = np.cov(y, predicted, ddof=0), predicted - y
    return {
        "mae": np.abs(error).mean(),
        "rmse": np.sqrt((error**2).mean()),
        "r2": 1 - (error**2).mean() / covariance[0, 0],
        "pearson": np.corrcoef(y, predicted)[0, 1],
        "spearman": np.corrcoef(*ranks)[0, 1],
        "ccc": 2 * covariance[0, 1] / (np.trace(covariance) + error.mean() ** 2),
    }


def some(rows=50, offset=0.0, seed=0):
    rng = np.random.default_rng(seed)
    y = offset + np.round(rng.normal(size=rows), 1)  # with ties
    return y, y + np.round(rng.normal(0.2, 0.7, rows), 1)


@pytest.mark.parametrize("offset", [0.0, 1e6, -3e8])
def test_every_metric_equals_that_of_scikit_learn_and_scipy(offset):
    y, predicted = some(offset=offset)
    values = regression_values(y, predicted)
    assert values.keys() == REGRESSION_METRICS.keys()
    for name, expected in by_hand(y, predicted).items():
        assert values[name] == pytest.approx(expected, rel=1e-6), name


def test_scores_of_folds_their_spread_and_the_pooled_score():
    y, predicted = some()
    folds = np.array(["1", "2"])[np.arange(50) % 2].astype(object)
    scores = regression_scores(y, predicted, np.arange(50), folds)
    own = [by_hand(y[folds == fold], predicted[folds == fold]) for fold in ("1", "2")]
    for name, expected in by_hand(y, predicted).items():
        score = scores[name]
        assert score.value == pytest.approx(expected)
        assert list(score.folds.values()) == pytest.approx([fold[name] for fold in own])
        assert score.std == pytest.approx(np.std([fold[name] for fold in own], ddof=1))
        assert score.low < score.value < score.high


def test_intervals_equal_a_bootstrap_that_repeats_the_rows_of_drawn_groups():
    y, predicted = some(rows=24)
    groups = np.repeat(np.arange(8), 3)
    scores = regression_scores(y, predicted, groups, None)
    drawn = []
    for times in np.concatenate(list(draws(8, DRAWS, at_once=50))):
        rows = np.repeat(np.arange(24), times[groups])
        drawn.append(quickly(y[rows], predicted[rows]))
    for name in REGRESSION_METRICS:
        ends = np.percentile([values[name] for values in drawn], [2.5, 97.5])
        assert (scores[name].low, scores[name].high) == pytest.approx(tuple(ends), rel=1e-9), name


@pytest.mark.parametrize(
    ("y", "predicted", "undefined"),
    [
        ([2.0], [1.0], {"r2", "pearson", "spearman", "ccc"}),
        ([2.0, 2.0], [1.0, 3.0], {"r2", "pearson", "spearman"}),
        ([1.0, 2.0], [3.0, 3.0], {"pearson", "spearman"}),
        ([0.1, 0.2, 0.3], [0.1 + 0.2] * 3, {"pearson", "spearman"}),
    ],
)
def test_metrics_that_are_not_defined_are_none(y, predicted, undefined):
    values = regression_values(np.array(y), np.array(predicted))
    assert {name for name, value in values.items() if value is None} == undefined
    if "ccc" not in undefined:
        assert values["ccc"] == 0  # values that do not vary together


def test_a_fold_of_one_row_has_no_r2_and_does_not_count_in_the_spread():
    y, predicted = some(rows=11)
    folds = np.array(["1"] * 5 + ["2"] * 5 + ["3"], dtype=object)
    r2 = regression_scores(y, predicted, np.arange(11), folds).r2
    assert r2.folds["3"] is None
    assert r2.std == pytest.approx(np.std([r2.folds["1"], r2.folds["2"]], ddof=1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32)),
        min_size=1,
        max_size=30,
    )
)
def test_metrics_of_any_numbers_are_within_their_bounds(pairs):
    y, predicted = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    values = regression_values(y, predicted)
    assert 0 <= values["mae"] <= values["rmse"] * (1 + 1e-9)
    assert values["r2"] is None or values["r2"] <= 1
    for name in ("pearson", "spearman", "ccc"):
        assert values[name] is None or -1 - 1e-9 <= values[name] <= 1 + 1e-9
    if values["pearson"] is not None:
        assert abs(values["ccc"]) <= abs(values["pearson"]) + 1e-6


def test_ranges_have_equal_rows_but_never_divide_equal_targets():
    y = np.array([1.0] * 30 + [2.0] * 5 + list(np.arange(3, 68)))
    predicted = y + 1
    ranges = target_ranges(y, predicted)
    assert ranges[0].rows == 30
    assert sum(own.rows for own in ranges) == len(y)
    assert all(own.mae == own.predicted - own.target == 1 for own in ranges)
    assert all(a.high < b.low for a, b in pairwise(ranges))


def test_groups_are_sorted_by_their_error_and_residuals_are_described():
    y = np.zeros(6)
    predicted = np.array([1.0, -1, 3, 3, -2, -2])
    groups = np.array(["a", "a", "b", "b", "c", "c"])
    errors = [(own.group, own.mae, own.bias) for own in group_errors(y, predicted, groups)]
    assert errors == [("b", 3, 3), ("c", 2, -2), ("a", 1, 0)]
    summary = residual_summary(y, predicted)
    assert summary.mean == predicted.mean()
    assert summary.quantiles["50"] == np.median(predicted)


def test_recordings_are_scored_by_the_means_of_their_segments():
    y, predicted = some(rows=12)
    recordings = np.array([f"r{k % 5}" for k in range(12)])
    means = dict(recording_means(recordings, {"y": y, "p": predicted}))
    names = list(dict.fromkeys(recordings.tolist()))
    assert means["y"].tolist() == pytest.approx([y[recordings == name].mean() for name in names])
    evaluation = evaluation_of(y, predicted, recordings)
    expected = by_hand(means["y"], means["p"])
    assert evaluation.recordings.r2.value == pytest.approx(expected["r2"])
    assert evaluation.recordings.mae.folds.keys() == {"1"}


def evaluation_of(y, predicted, recordings=None):
    return evaluate_regression(
        y,
        {"ridge": predicted, "baseline": np.full(len(y), y.mean())},
        np.arange(len(y)) % 5,
        np.full(len(y), "1", dtype=object),
        recordings,
        target="valence",
        model="ridge",
        protocol="1 fold",
        unit="recording",
        n_rows=len(y),
        n_groups=5,
        n_columns=2,
        chosen={"1": "ridge"},
    )


def test_an_evaluation_is_the_same_after_storage_as_plain_data():
    evaluation = evaluation_of(*some())
    evaluation.check()
    stored = to_dict(evaluation)
    assert to_dict(from_dict(RegressionEvaluation, stored)) == stored
    assert [name for name, _ in evaluation.ranking] == ["ridge", "baseline"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ranges": []}, "hold no predictions"),
        ({"true_values": [], "predicted_values": []}, "hold no predictions"),
        ({"mean": float("nan")}, "not finite"),
        ({"model": "svr"}, "another model"),
        ({"residuals": {"mean": 0.0, "std": 1.0, "quantiles": {}}}, "no percentiles"),
    ],
)
def test_incomplete_evaluations_are_refused(change, message):
    stored = to_dict(evaluation_of(*some())) | change
    with pytest.raises(ValueError, match=message):
        from_dict(RegressionEvaluation, stored).check()


def test_an_evaluation_with_lists_of_different_length_is_refused():
    stored = to_dict(evaluation_of(*some()))
    stored["true_values"] = stored["true_values"][1:]
    with pytest.raises(ValueError, match="differ in length"):
        from_dict(RegressionEvaluation, stored).check()
