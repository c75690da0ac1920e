"""Prediction sets and abstention, fitted on out-of-fold probabilities.

A prediction set holds all classes whose probability reaches a threshold: the least ambiguous sets
[1]_. Split-conformal prediction chooses the threshold for a wanted coverage, the share of rows
whose set contains the true class [2]_. The calibration scores are the out-of-fold probabilities of
the true classes.

Rows of one group are not exchangeable with each other, but groups are. Each group has the same
total weight ("pooling CDFs" [3]_). The finite-sample correction, a further observation that no set
contains, has the weight of one effective observation: see `effective_number`.

What holds: if each group has one row, this is split-conformal prediction, whose coverage of a new
row is at least the nominal one. With several rows in a group, the mean coverage over new groups
approaches the nominal one as the number of groups grows; single groups and single classes may have
less. The exact guarantee for a row of a new group [4]_ would need 1 / (groups + 1) instead of one
effective observation: with ten speakers, sets for 95 % would always hold all classes. Probabilities
come from models of the inner folds, which have fewer training rows than the final model, so that
the coverage tends to be higher.

A set may be empty: at a coverage below the accuracy, the least confident rows have no class whose
probability reaches the threshold.

References
----------
.. [1] M. Sadinle, J. Lei, L. Wasserman, "Least ambiguous set-valued classifiers with bounded error
   levels", J. American Statistical Association 114, 2019.
.. [2] A. N. Angelopoulos, S. Bates, "Conformal prediction: a gentle introduction", Foundations and
   Trends in Machine Learning 16, 2023.
.. [3] R. Dunn, L. Wasserman, A. Ramdas, "Distribution-free prediction sets for two-layer
   hierarchical models", J. American Statistical Association 118, 2023.
.. [4] Y. Lee, R. F. Barber, R. Willett, "Distribution-free inference with hierarchical data",
   arXiv:2306.06342, 2023.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.models.decisions import decide

MAX_LEVELS = 1000
"""Most numbers of a stored threshold function; coverage is then accurate to 0.001."""

MIN_ANSWERED = 0.05
"""Least share of the rows from which the accuracy of answered rows is estimated."""

ROUNDING = 1e-9
"""Slack for sums of weights."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Least probability of a class in a set for any coverage, and of an answer for any accuracy.

    Attributes
    ----------
    rows, groups : int
        Rows or recordings that the thresholds were fitted on, and groups among them.
    effective : float
        Effective number of observations, from `groups` to `rows`.
    coverages : sequence of float
        Increasing, above 0 and below 1.
    set_probabilities : sequence of float
        The least probability of a class in a set at each coverage; not increasing.
    accuracies : sequence of float
        Increasing accuracies of the answered rows.
    answer_probabilities : sequence of float
        The least probability of a predicted class that is answered, for each accuracy; increasing.
    """

    rows: int
    groups: int
    effective: float
    coverages: Sequence[float]
    set_probabilities: Sequence[float]
    accuracies: Sequence[float]
    answer_probabilities: Sequence[float]

    def of_sets(self, coverage: float) -> float:
        """Return the least probability of a class in a set.

        Parameters
        ----------
        coverage : float
            Above 0 and below 1.

        Returns
        -------
        float
            0, so that sets have all classes, beyond the coverage that the number of rows allows.
        """
        place = bisect_left(self.coverages, coverage - ROUNDING)
        return self.set_probabilities[place] if place < len(self.coverages) else 0.0

    def of_answers(self, accuracy: float) -> float | None:
        """Return the least probability of a predicted class that is answered.

        Parameters
        ----------
        accuracy : float
            Above 0 and at most 1.

        Returns
        -------
        float or None
            None if no threshold reached the accuracy.
        """
        place = bisect_left(self.accuracies, accuracy - ROUNDING)
        return self.answer_probabilities[place] if place < len(self.accuracies) else None

    def check(self) -> None:
        """Check thresholds that were read from a file.

        Raises
        ------
        ModelError
            If the numbers are out of range, out of order or too many.
        """
        pairs = (
            (self.coverages, self.set_probabilities, -1),
            (self.accuracies, self.answer_probabilities, 1),
        )
        for levels, probabilities, sign in pairs:
            if not 0 < len(levels) == len(probabilities) <= MAX_LEVELS:
                raise ModelError("its thresholds are too many, or their lists do not fit together")
            x, p = np.array(levels, dtype=float), np.array(probabilities, dtype=float)
            in_range = ((x >= 0) & (x <= 1)).all() and ((p >= 0) & (p <= 1)).all()
            if not in_range or (np.diff(x) <= 0).any() or (sign * np.diff(p) < 0).any():
                raise ModelError("its thresholds are not probabilities in order")
        if not 1 <= self.groups <= self.effective <= self.rows:
            raise ModelError("its thresholds have wrong numbers of rows and groups")


@dataclass(frozen=True, kw_only=True)
class PredictionSets:
    """Thresholds of a model for prediction sets and abstention.

    Attributes
    ----------
    rows : Thresholds
        For single rows.
    recordings : Thresholds or None
        For recordings, whose segments are combined; None if no recording had several.
    """

    rows: Thresholds
    recordings: Thresholds | None = None

    def thresholds(self, per: str) -> Thresholds:
        """Return the thresholds for what is predicted.

        Parameters
        ----------
        per : {"recording", "segment"}
            What is predicted.

        Returns
        -------
        Thresholds
            Those of rows for recordings, too, if the training data had one row for each.
        """
        if per == "recording" and self.recordings is not None:
            return self.recordings
        return self.rows

    def check(self) -> None:
        """Check sets that were read from a file; see `Thresholds.check`.

        Raises
        ------
        ModelError
            If a number is out of range or out of order.
        """
        for own in (self.rows, self.recordings):
            if own is not None:
                own.check()


def fit_thresholds(true: Array, P: Array, groups: Array, costs: Array | None = None) -> Thresholds:
    """Fit the thresholds of sets and answers to out-of-fold probabilities.

    Parameters
    ----------
    true : array of int, shape ``(rows,)``
        Positions of the true classes.
    P : array of float64, shape ``(rows, classes)``
        Probabilities by models that were not trained on the rows.
    groups : array, shape ``(rows,)``
        Group of each row.
    costs : array of float64, shape ``(classes, classes)``, optional
        Cost matrix that decides which class is predicted; see `featkit.models.decisions.decide`.

    Returns
    -------
    Thresholds
    """
    names, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1 / (len(names) * sizes[group])
    own = P[np.arange(len(P)), true]
    order = np.argsort(-own, kind="stable")
    shares = np.cumsum(weights[order])
    last = np.append(np.diff(own[order]) < 0, True)  # equal probabilities share a threshold
    ranks = np.empty(len(own))
    ranks[order] = shares
    effective = effective_number(ranks, group, len(names))
    coverages, set_probabilities = _thinned(
        shares[last] * effective / (effective + 1), own[order][last]
    )
    accuracies, answer_probabilities = _answers(P, true, weights, costs)
    return Thresholds(
        rows=len(P),
        groups=len(names),
        effective=effective,
        coverages=coverages,
        set_probabilities=set_probabilities,
        accuracies=accuracies,
        answer_probabilities=answer_probabilities,
    )


def effective_number(values: Array, group: Array, n_groups: int) -> float:
    """Return how many independent rows determine a mean as well as rows in groups do.

    Parameters
    ----------
    values : array of float64, shape ``(rows,)``
        Ranks of the rows.
    group : array of int, shape ``(rows,)``
        Number of the group of each row.
    n_groups : int
        Number of groups.

    Returns
    -------
    float
        From the number of groups, if the rows of a group are equal or single, to the number of
        rows.

    Notes
    -----
    The variance of the rows, divided by the variance of the mean over groups. Groups have equal
    weights.
    """
    sizes = np.bincount(group, minlength=n_groups)
    means = np.bincount(group, weights=values, minlength=n_groups) / sizes
    if n_groups < 2 or n_groups == len(values):
        return float(n_groups)
    squares = np.bincount(group, weights=(values - means.mean()) ** 2, minlength=n_groups) / sizes
    of_mean = means.var(ddof=1) / n_groups
    ratio = squares.mean() / of_mean if of_mean > 0 else np.inf
    return float(np.clip(ratio, n_groups, len(values)))


def _answers(
    P: Array, true: Array, weights: Array, costs: Array | None
) -> tuple[list[float], list[float]]:
    """Accuracies that exceed those of all lower thresholds, with the lowest threshold of each."""
    best = decide(P, costs)
    confidence, hits = P[np.arange(len(P)), best], best == true
    order = np.argsort(-confidence, kind="stable")
    answered = np.cumsum(weights[order])
    accuracy = np.minimum(np.cumsum(weights[order] * hits[order]) / answered, 1.0)
    last = np.append(np.diff(confidence[order]) < 0, True)
    usable = last & (answered >= MIN_ANSWERED)
    levels, probabilities = accuracy[usable][::-1], confidence[order][usable][::-1]
    highest = np.maximum.accumulate(levels)
    record = np.append(True, highest[1:] > highest[:-1])
    return _thinned(levels[record], probabilities[record])


def _thinned(levels: Array, probabilities: Array) -> tuple[list[float], list[float]]:
    """At most `MAX_LEVELS` steps; a level between two of them gets the higher one's threshold."""
    if len(levels) > MAX_LEVELS:
        wanted = np.linspace(levels[0], levels[-1], MAX_LEVELS)
        kept = np.unique(np.searchsorted(levels, wanted - ROUNDING))
        levels, probabilities = levels[kept], probabilities[kept]
    return levels.tolist(), probabilities.tolist()


def check_level(name: str, value: Any) -> float | None:
    """Check a wanted coverage or accuracy.

    Parameters
    ----------
    name : str
        Name of the parameter.
    value : object
        Its value; None if it is not given.

    Returns
    -------
    float or None

    Raises
    ------
    ParameterError
        If it is not a number above 0 and below 1.
    """
    if value is None:
        return None
    number = isinstance(value, int | float | np.integer | np.floating)
    if not number or isinstance(value, bool) or not 0 < value < 1:
        raise ParameterError(f"{name} must be above 0 and below 1, such as 0.9, got {value!r}")
    return float(value)


def set_texts(members: Array, classes: Sequence[str]) -> Array:
    """Write prediction sets as text.

    Parameters
    ----------
    members : array of bool, shape ``(rows, classes)``
        Whether each class is in the set of a row.
    classes : sequence of str
        In order.

    Returns
    -------
    array of object, shape ``(rows,)``
        JSON lists of classes in alphabetical order, such as ``["jazz", "rock"]``. They are
        unambiguous for any class name.
    """
    texts = np.empty(len(members), dtype=object)
    texts[:] = [
        json.dumps([*compress(classes, own)], ensure_ascii=False) for own in members.tolist()
    ]
    return texts
