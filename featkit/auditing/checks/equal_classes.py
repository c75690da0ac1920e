"""Classes that are one class: pairs that models cannot separate.

The ratio of the out-of-fold probabilities of two classes separates their recordings with some area
under the ROC curve: 0.5 is chance. Its 95 % interval counts groups, not recordings. Two classes are
reported if the interval contains 0.5, or lies below it, and excludes `MAX_AUC`: so that neither
classes with few recordings nor classes that are hard to separate are reported.

References
----------
N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve data", Biometrics 53, 1997.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.clusters import clusters
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue
from featkit.auditing.labels.label_predictions import LabelPredictions
from featkit.table.label_map import normalize_label

MAX_AUC = 0.65
"""Areas from here on separate two classes too well to be one."""

MIN_RECORDINGS, MIN_GROUPS = 10, 5
"""Recordings and groups that both classes need."""

N_COMPARED = 20
"""Other classes with which each class is compared: those with the highest mean probabilities of its
recordings, so that time does not grow with the square of the classes."""

CONFIDENCE = 0.95


class PairArea(NamedTuple):
    """How well the probabilities separate two classes.

    Attributes
    ----------
    value, low, high : float
        Area under the ROC curve, and its interval.
    """

    value: float
    low: float
    high: float


def pair_area(scores: Array, is_first: Array, groups: Array) -> PairArea:
    """Return the area under the ROC curve of two classes, with an interval over groups.

    Parameters
    ----------
    scores : array of float64, shape ``(recordings,)``
        Higher for the first class.
    is_first : array of bool, shape ``(recordings,)``
        Whether each recording is of the first class.
    groups : array, shape ``(recordings,)``
        Group of each recording; two or more.

    Returns
    -------
    PairArea
    """
    from scipy.stats import rankdata, t

    both = rankdata(scores)
    first, second = np.flatnonzero(is_first), np.flatnonzero(~is_first)
    # The share of the other class that lies below, or above, each recording; ties count half.
    placements = np.empty(len(scores))
    placements[first] = (both[first] - rankdata(scores[first])) / len(second)
    placements[second] = 1 - (both[second] - rankdata(scores[second])) / len(first)
    area = float(placements[first].mean())
    weights = np.where(is_first, 1 / len(first), 1 / len(second))
    group = np.unique(groups, return_inverse=True)[1]
    parts = np.bincount(group, weights=weights * (placements - area))
    n_groups = len(parts)
    error = np.sqrt(n_groups / (n_groups - 1) * (parts**2).sum())
    half = float(t.ppf((1 + CONFIDENCE) / 2, n_groups - 1) * error)
    return PairArea(area, area - half, area + half)


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    if dataset.label_error:
        return  # the check of mislabels reports it
    predictions = dataset.label_predictions
    areas = dict(_inseparable(predictions))
    for members in clusters(len(predictions.classes), areas):
        if len(members) > 1:
            yield _issue(predictions, members, areas)


def _inseparable(
    predictions: LabelPredictions,
) -> Iterator[tuple[tuple[int, int], PairArea]]:
    """Pairs of classes that cannot be separated, with their area."""
    labels, groups = predictions.labels, predictions.groups
    logs = np.log(np.maximum(predictions.first_round, np.finfo(np.float64).tiny))
    large = [k for k in range(len(predictions.classes)) if _is_large(labels == k, groups)]
    for first, second in _confused_pairs(predictions, large):
        rows = np.flatnonzero((labels == first) | (labels == second))
        scores = logs[rows, first] - logs[rows, second]
        area = pair_area(scores, labels[rows] == first, groups[rows])
        if area.low <= 0.5 and area.high < MAX_AUC:
            yield (first, second), area


def _confused_pairs(predictions: LabelPredictions, classes: list[int]) -> list[tuple[int, int]]:
    """Pairs of the classes that are among the `N_COMPARED` most probable of one another."""
    pairs = set()
    for own in classes:
        mean = predictions.first_round[predictions.labels == own].mean(axis=0)
        others = sorted((k for k in classes if k != own), key=lambda k: (-mean[k], k))
        pairs |= {(min(own, k), max(own, k)) for k in others[:N_COMPARED]}
    return sorted(pairs)


def _is_large(members: Array, groups: Array) -> bool:
    return members.sum() >= MIN_RECORDINGS and len(np.unique(groups[members])) >= MIN_GROUPS


def _issue(
    predictions: LabelPredictions,
    members: Sequence[int],
    areas: dict[tuple[int, int], PairArea],
) -> Issue:
    own = {pair: area for pair, area in areas.items() if {*pair} <= {*members}}
    names = [predictions.classes[k] for k in members]
    counts = np.bincount(predictions.labels, minlength=len(predictions.classes))
    worst = max(own.values(), key=lambda area: area.high)
    listed = " and ".join(map(repr, names)) if len(names) == 2 else ", ".join(map(repr, names))
    everything = len(names) == len(predictions.classes)
    remedy = "merge the classes if they mean the same, or add features that tell them apart"
    if everything:
        remedy = "check that the labels belong to these recordings, and add features"
    elif _contains(names):
        remedy = "one name contains the other: merge the classes, or use the broader class for both"
    return Issue(
        check="equal_classes",
        kind="classes that are one",
        severity="high" if everything else "medium",
        message=(
            f"{listed} cannot be told apart: the area under the ROC curve of"
            f" {'their' if len(own) == 1 else 'each pair of their'} recordings is at most"
            f" {worst.value:.2f} (95 % interval {worst.low:.2f} to {worst.high:.2f}, chance is 0.5)"
        ),
        remedy=remedy,
        evidence={
            "classes": names,
            "recordings": [int(counts[k]) for k in members],
            "pairs": [[predictions.classes[k] for k in pair] for pair in own],
            "areas": [area.value for area in own.values()],
            "low": [area.low for area in own.values()],
            "high": [area.high for area in own.values()],
            "models": predictions.description,
            "groups": counted(len(np.unique(predictions.groups)), predictions.unit),
        },
        certainty=float(np.clip((MAX_AUC - worst.value) / (MAX_AUC - 0.5), 0, 1)),
    )


def _contains(names: Sequence[str]) -> bool:
    """Whether one of two names contains the other, such as a class and its subclass."""
    if len(names) != 2:
        return False
    short, long = sorted(map(normalize_label, names), key=len)
    return bool(short) and short in long


CHECK = Check(
    name="equal_classes",
    title="Classes that are one",
    description="Classes with enough recordings that models tell apart no better than by chance.",
    order=32,
    run=_run,
    needs=("features", "label"),
)
