"""Confident learning: which labels are probably wrong, from out-of-fold probabilities.

A row counts as confidently of class ``j`` if its probability of ``j`` reaches the mean probability
of ``j`` over the rows labelled ``j``. Counts of given labels and confident classes, scaled to the
numbers of labels, estimate how many rows have which given and which true label. As many rows as
this joint says are mislabelled are then chosen, those with the least favourable probabilities.

In this module, labels are numbers from 0 to ``classes - 1``, and ``P`` holds the probabilities,
``(rows, classes)``, of models that were not trained on the row. Joints are ``(given, true)``.
Results equal those of cleanlab 2.9.

References
----------
C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident learning: estimating uncertainty in dataset
labels", J. Artificial Intelligence Research 70, 2021.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

NOISE_RATE, BY_CLASS, BOTH, CONFIDENT = "noise_rate", "class", "both", "confident"

METHODS = (NOISE_RATE, BY_CLASS, BOTH, CONFIDENT)
"""Ways to choose rows; see `find_mislabelled`."""

TOLERANCE = 1e-6
"""A probability that is smaller than a threshold by this much reaches it."""

SMALLEST_THRESHOLD = 2 * TOLERANCE
"""Lower bound of the thresholds, so that a probability of 0 never reaches one."""

MIN_LEFT = 1
"""Rows of each class that are never chosen."""


def confident_thresholds(labels: Array, P: Array) -> Array:
    """Return the mean probability of each class over the rows with this label.

    Parameters
    ----------
    labels : array of int, shape ``(rows,)``
        Given labels.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities.

    Returns
    -------
    array of float64, shape ``(classes,)``
        2, which no probability reaches, for a class without rows.
    """
    own = [P[labels == k, k] for k in range(P.shape[1])]
    thresholds = [np.mean(values) if len(values) else 2.0 for values in own]
    return np.maximum(thresholds, SMALLEST_THRESHOLD)


def confident_classes(labels: Array, P: Array) -> Array:
    """Return the class of which each row confidently is.

    Parameters
    ----------
    labels : array of int, shape ``(rows,)``
        Given labels.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities.

    Returns
    -------
    array of int, shape ``(rows,)``
        Of several classes the most probable one; -1 if the row is of no class confidently.
    """
    reached = confident_thresholds(labels, P) - TOLERANCE <= P
    counts = reached.sum(axis=1)
    best = np.where(counts > 1, P.argmax(axis=1), reached.argmax(axis=1))
    return np.where(counts > 0, best, -1)


def confident_joint(labels: Array, P: Array) -> Array:
    """Estimate how many rows have which given and which true label.

    Parameters
    ----------
    labels : array of int, shape ``(rows,)``
        Given labels.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities.

    Returns
    -------
    array of int, shape ``(classes, classes)``
        Rows by given and by true label. The sum of each row is the number of its labels.
    """
    n_classes = P.shape[1]
    best = confident_classes(labels, P)
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (labels[best >= 0], best[best >= 0]), 1)
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    counts = np.bincount(labels, minlength=n_classes)
    joint = joint / joint.sum(axis=1, keepdims=True) * counts[:, None]
    # No change but for rounding errors, which decide how cleanlab rounds halves.
    total = np.ravel(joint, order="F").sum()
    return _rounded_rows(joint / total * len(labels))


def label_quality(labels: Array, P: Array) -> Array:
    """Return the probability of the given label of each row: its self-confidence.

    Parameters
    ----------
    labels : array of int, shape ``(rows,)``
        Given labels.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities.

    Returns
    -------
    array of float64, shape ``(rows,)``
        From 0, probably wrong, to 1.
    """
    own: Array = P[np.arange(len(labels)), labels]
    return own


def best_other(labels: Array, P: Array) -> Array:
    """Return the most probable class of each row besides the given one.

    Parameters
    ----------
    labels : array of int, shape ``(rows,)``
        Given labels.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities of two or more classes.

    Returns
    -------
    array of int, shape ``(rows,)``
    """
    others = P.copy()
    others[np.arange(len(labels)), labels] = -1.0
    best: Array = others.argmax(axis=1)
    return best


def find_mislabelled(labels: Array, P: Array, method: str = NOISE_RATE) -> Array:
    """Choose the rows whose label is probably wrong.

    Parameters
    ----------
    labels : array of int, shape ``(rows,)``
        Given labels.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities.
    method : {"noise_rate", "class", "both", "confident"}
        ``noise_rate``: for each pair of classes, as many rows as the joint says, with the greatest
        margin of the true over the given class. ``class``: for each class, as many rows as the
        joint says are of another one, with the smallest probability of the given class. ``both``:
        rows that both choose. ``confident``: all rows that are confidently of another class.

    Returns
    -------
    array of bool, shape ``(rows,)``
        A row whose given label is its most probable class is never chosen.
    """
    if method == CONFIDENT:
        best = confident_classes(labels, P)
        chosen = (best >= 0) & (best != labels)
    else:
        counts = _removable(confident_joint(labels, P))
        choose = {
            NOISE_RATE: [_by_noise_rate],
            BY_CLASS: [_by_class],
            BOTH: [_by_noise_rate, _by_class],
        }[method]
        chosen = np.logical_and.reduce([one(labels, P, counts) for one in choose])
    mislabelled: Array = chosen & (label_quality(labels, P) < P.max(axis=1))
    return mislabelled


def _by_noise_rate(labels: Array, P: Array, counts: Array) -> Array:
    chosen = np.zeros(len(labels), dtype=bool)
    for given in range(P.shape[1]):
        rows = np.flatnonzero(labels == given)
        if len(rows) <= MIN_LEFT:
            continue
        for true in np.flatnonzero(counts[given]):
            if true != given:
                order = np.argsort(P[rows, given] - P[rows, true], kind="stable")
                chosen[rows[order[: counts[given, true]]]] = True
    return chosen


def _by_class(labels: Array, P: Array, counts: Array) -> Array:
    chosen = np.zeros(len(labels), dtype=bool)
    for given in range(P.shape[1]):
        rows = np.flatnonzero(labels == given)
        if len(rows) > MIN_LEFT:
            order = np.argsort(P[rows, given], kind="stable")
            chosen[rows[order[: max(len(rows) - counts[given, given], 0)]]] = True
    return chosen


def _removable(joint: Array) -> Array:
    """A joint that leaves `MIN_LEFT` rows in each class, in whole numbers."""
    counts = joint.astype(np.float64)
    diagonal = np.maximum(joint.diagonal(), MIN_LEFT)
    added = diagonal - joint.diagonal()
    n_others = np.maximum(np.count_nonzero(joint, axis=1) - 1, 1)
    counts = np.maximum(counts - (added / n_others)[:, None], 0)
    np.fill_diagonal(counts, diagonal)
    removable: Array = counts.astype(np.int64)
    return removable


def _rounded_rows(x: Array) -> Array:
    """Whole numbers near the values, with the rounded sum of each row."""
    return np.array([_rounded(row) for row in x], dtype=np.int64)


def _rounded(values: Array) -> Array:
    rounded = np.round(values)
    total = np.round(values.sum())
    while (missing := round(total - rounded.sum())) != 0:
        step = 1 if missing > 0 else -1
        order = np.argsort(values - rounded)[::-step][: abs(missing)]
        rounded[order] += step
    return rounded
