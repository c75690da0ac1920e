"""Scores of prediction sets and of abstention on test rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.models.bootstrap import DRAWS, DRAWS_AT_ONCE, INTERVAL, draws, exact_lower_end
from featkit.models.decisions import decide
from featkit.models.prediction_sets import PredictionSets, Thresholds
from featkit.models.set_types import (
    AnswerScores,
    ClassCoverage,
    CoverageScores,
    Estimate,
    RiskPoint,
    SetScores,
)

NOMINAL_COVERAGES = (0.8, 0.9, 0.95)
"""Coverages at which sets are scored."""

WANTED_ACCURACIES = (0.8, 0.9, 0.95)
"""Accuracies for which abstention is scored."""

CURVE_POINTS = 20
"""Points of the risk-coverage curve."""


def score_sets(
    y: Array,
    P: Array,
    classes: Sequence[str],
    groups: Array,
    folds: Array,
    sets: Mapping[str, PredictionSets],
    *,
    per: str,
    costs: Array | None = None,
) -> SetScores:
    """Score the prediction sets and the abstention of test rows, or of recordings.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        True classes.
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    groups : array, shape ``(rows,)``
        Group of each row.
    folds : array of str, shape ``(rows,)``
        Fold in which each row was a test row.
    sets : mapping of str to PredictionSets
        What was fitted on the inner folds of each fold.
    per : {"recording", "segment"}
        What a row is.
    costs : array of float64, shape ``(classes, classes)``, optional
        Cost matrix that decides which class is predicted; see `featkit.models.decisions.decide`.

    Returns
    -------
    SetScores
    """
    true = np.searchsorted(classes, y)
    names, fold = np.unique(folds.astype(str), return_inverse=True)
    thresholds = [sets[name].thresholds(per) for name in names.tolist()]
    _, group = np.unique(groups, return_inverse=True)
    best = decide(P, costs)
    confidence, hits = P[np.arange(len(P)), best], best == true
    members = [_members(nominal, P, fold, thresholds) for nominal in NOMINAL_COVERAGES]
    answered = [_answered(wanted, confidence, fold, thresholds) for wanted in WANTED_ACCURACIES]
    means: list[tuple[Array, Array | None]] = []
    for own in members:
        size = own.sum(axis=1)
        means += [(own[np.arange(len(P)), true], None), (size, None), (size == 1, None)]
        means.append((hits, size == 1))
    for own in answered:
        means += [(own, None), (hits, own)]
    of_means = iter(estimates(means, group))
    return SetScores(
        rows=len(y),
        groups=int(group.max()) + 1,
        coverages=[
            _coverage_scores(nominal, own, true, classes, group, of_means)
            for nominal, own in zip(NOMINAL_COVERAGES, members, strict=True)
        ],
        answers=[
            AnswerScores(
                wanted=wanted,
                answered=_present(next(of_means)),
                accuracy=next(of_means),
                unreachable=[own.of_answers(wanted) for own in thresholds].count(None),
            )
            for wanted in WANTED_ACCURACIES
        ],
        curve=_risk_curve(confidence, hits),
    )


def _members(nominal: float, P: Array, fold: Array, thresholds: Sequence[Thresholds]) -> Array:
    """Whether each class is in the set of each row, by the thresholds of its fold."""
    least = np.array([own.of_sets(nominal) for own in thresholds])
    members: Array = least[fold, None] <= P
    return members


def _answered(
    wanted: float, confidence: Array, fold: Array, thresholds: Sequence[Thresholds]
) -> Array:
    """Whether each row is answered, by the thresholds of its fold."""
    least = [own.of_answers(wanted) for own in thresholds]
    numbers = np.array([np.inf if value is None else value for value in least])
    answered: Array = confidence >= numbers[fold]
    return answered


def _coverage_scores(
    nominal: float,
    members: Array,
    true: Array,
    classes: Sequence[str],
    group: Array,
    of_means: Iterator[Estimate | None],
) -> CoverageScores:
    covered, size = members[np.arange(len(members)), true], members.sum(axis=1)
    by_group = np.bincount(group, weights=covered) / np.bincount(group)
    has_spread = 1 < len(by_group) < len(members)
    return CoverageScores(
        nominal=nominal,
        coverage=_present(next(of_means)),
        group_mean=float(by_group.mean()),
        group_std=float(by_group.std(ddof=1)) if has_spread else None,
        size=_present(next(of_means)),
        answered=_present(next(of_means)),
        accuracy=next(of_means),
        empty=float(np.mean(size == 0)),
        full=float(np.mean(size == len(classes))),
        classes=[
            ClassCoverage(
                name=name,
                rows=int(np.sum(true == k)),
                coverage=float(covered[true == k].mean()) if (true == k).any() else None,
                size=float(size[true == k].mean()) if (true == k).any() else None,
            )
            for k, name in enumerate(classes)
        ],
    )


def _present(estimate: Estimate | None) -> Estimate:
    if estimate is None:
        raise ValueError("there are no rows to score")
    return estimate


def estimates(means: Sequence[tuple[Array, Array | None]], group: Array) -> list[Estimate | None]:
    """Average values, with 95 % intervals by drawing groups with replacement.

    Parameters
    ----------
    means : sequence of (array, array of bool or None), each of shape ``(rows,)``
        Numbers or booleans, and the rows that take part; None for all.
    group : array of int, shape ``(rows,)``
        Number of the group of each row.

    Returns
    -------
    list of Estimate or None
        None if no row takes part. If a share is 0 or 1 in every draw, the interval is the exact one
        for as many trials as there are groups; see `featkit.models.scores`.
    """
    n_groups = int(group.max()) + 1
    weights = [np.ones(len(group)) if rows is None else rows.astype(float) for _, rows in means]
    pairs = list(zip(means, weights, strict=True))
    sums = np.stack([np.bincount(group, w * values, n_groups) for (values, _), w in pairs], axis=1)
    counts = np.stack([np.bincount(group, w, n_groups) for w in weights], axis=1)
    drawn = []
    for times in draws(n_groups, DRAWS, at_once=DRAWS_AT_ONCE):
        totals = times @ counts
        drawn.append(np.where(totals > 0, times @ sums / np.maximum(totals, 1), np.nan))
    values = np.concatenate(drawn)
    return [
        _estimate(values[:, k], sums[:, k], counts[:, k], is_share=mean.dtype == bool)
        for k, (mean, _) in enumerate(means)
    ]


def _estimate(drawn: Array, sums: Array, counts: Array, *, is_share: bool) -> Estimate | None:
    """The mean of one quantity, from its values in all draws and its sums over groups."""
    if not counts.any():
        return None
    low, high = (float(end) for end in np.nanpercentile(drawn, INTERVAL))
    if low == high and is_share and low in (0, 1):
        least = exact_lower_end(int(np.count_nonzero(counts)))
        low, high = (least, 1.0) if low == 1 else (0.0, 1 - least)
    return Estimate(value=float(sums.sum() / counts.sum()), low=low, high=high)


def _risk_curve(confidence: Array, hits: Array) -> list[RiskPoint]:
    """Accuracy of the most confident rows; rows of equal probability are answered together."""
    order = np.argsort(-confidence, kind="stable")
    confidence, accuracy = confidence[order], np.cumsum(hits[order]) / np.arange(1, len(hits) + 1)
    wanted = np.ceil(np.arange(1, CURVE_POINTS + 1) / CURVE_POINTS * len(hits)).astype(int)
    ends = np.unique(np.searchsorted(-confidence, -confidence[wanted - 1], side="right"))
    return [
        RiskPoint(
            answered=float(end / len(hits)),
            probability=float(confidence[end - 1]),
            accuracy=float(accuracy[end - 1]),
        )
        for end in ends.tolist()
    ]
