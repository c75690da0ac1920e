"""Thresholds of labels, chosen to maximise the F1 score on rows that a model was not trained on.

References
----------
Z. C. Lipton, C. Elkan, B. Naryanaswamy, "Optimal thresholding of classifiers to maximize F1
measure", ECML PKDD 2014.
"""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array

DEFAULT = 0.5
"""Threshold of a label for which the F1 score is undefined: it is never present."""


def f1_thresholds(Y: Array, P: Array) -> Array:
    """Choose a threshold for each label.

    Parameters
    ----------
    Y : array of bool, shape ``(rows, labels)``
        Which labels each row has.
    P : array of float64, shape ``(rows, labels)``
        Their probabilities; NaN where a model does not know the label. Such rows are left out.

    Returns
    -------
    array of float64, shape ``(labels,)``
        From 0 to 1. A label is predicted where its probability is at least the threshold.

    Notes
    -----
    F1 changes only at the probabilities of the rows. The threshold is the mean of the least
    probability that is still predicted, and the next one below it; the highest of several that are
    equally good. If every row is predicted, it is half of the least probability.
    """
    columns = zip(np.asarray(Y, dtype=bool).T, np.asarray(P, dtype=np.float64).T, strict=True)
    return np.array([_threshold(present, p) for present, p in columns])


def _threshold(present: Array, p: Array) -> float:
    """The threshold of one label."""
    present, p = present[~np.isnan(p)], p[~np.isnan(p)]
    if not present.any():
        return DEFAULT
    order = np.argsort(-p, kind="stable")
    p = p[order]
    true = np.cumsum(present[order])
    last = np.flatnonzero(np.append(p[1:] != p[:-1], True))  # equal probabilities stay together
    f1 = 2 * true[last] / (last + 1 + present.sum())
    best = int(last[np.argmax(f1)])
    below = p[best + 1] if best + 1 < len(p) else 0.0
    middle = (p[best] + below) / 2
    return float(middle if middle > below or best + 1 == len(p) else p[best])
