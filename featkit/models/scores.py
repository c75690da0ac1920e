"""Scores: how good predictions are, how sure that is, and how far to trust the probabilities.

Point values are scikit-learn's own functions over all rows that were predicted. The spread is the
standard deviation over folds. Intervals are percentile bootstraps over groups (Efron and
Tibshirani, "An introduction to the bootstrap", 1993): what stays together is drawn together, for a
hundred segments of one song are not a hundred observations. Where a share is 0 or 1, every draw is
the same, and the interval is Clopper's and Pearson's (Biometrika 26, 1934) of as many trials as
there are groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from featkit._utils.typing import Array

METRICS = {
    "accuracy": "share of rows given their class",
    "balanced_accuracy": "mean over classes of the share given their class",
    "macro_f1": "mean over classes of the harmonic mean of precision and recall",
    "log_loss": "mean of -log of the probability given to the true class; less is better",
}
"""Name of each score, and its definition."""

SHARES = ("accuracy", "balanced_accuracy", "macro_f1")
"""Those that are from 0 to 1."""

DRAWS = 1000
DRAWN_AT_ONCE = 50
INTERVAL = (2.5, 97.5)
RELIABILITY_BINS = 10

CLEARLY_OFF = (0.02, 2.0)
"""How far the mean probability of a class must be off its share before a warning says so, and by
what factor its odds."""


def judged(
    y: Array,
    P: Mapping[str, Array],
    kept: str,
    classes: Sequence[str],
    groups: Array,
    folds: Array,
) -> dict[str, Any]:
    """The scores of all models on some rows, and more of the one kept.

    Parameters
    ----------
    P : mapping of str to array of float64, shape ``(rows, classes)``
        Probabilities by each model.
    kept : str
        Which of them is kept.
    y, classes, groups, folds
        See `scores`.
    """
    answer = predicted(P[kept], classes)
    return {
        "judged": len(y),
        "classes": list(classes),
        "model": kept,
        "models": {name: scores(y, each, classes, groups, folds) for name, each in P.items()},
        "per_class": per_class(y, answer, classes),
        "confusion": confusion_matrix(y, answer, classes),
        "calibration": calibration(y, P[kept], classes),
    }


def scores(
    y: Array, P: Array, classes: Sequence[str], groups: Array, folds: Array
) -> dict[str, Any]:
    """Each metric: ``value``, ``std`` over folds, ``low`` and ``high`` of the interval, ``folds``.

    Of one fold there is no spread: ``std`` is None.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        The true classes.
    P : array of float64, shape ``(rows, classes)``
        Probabilities; the greatest is the class that is predicted.
    classes : sequence of str
        In order.
    groups : array, shape ``(rows,)``
        What is drawn together.
    folds : array, shape ``(rows,)``
        The fold in which each row was predicted.
    """
    value = metrics(y, P, classes)
    by_fold = {
        str(fold): metrics(y[folds == fold], P[folds == fold], classes)
        for fold in dict.fromkeys(folds.tolist())
    }
    low, high = intervals(y, P, classes, groups)
    return {
        name: {
            "value": value[name],
            "std": _spread([fold[name] for fold in by_fold.values()]),
            "low": low[name],
            "high": high[name],
            "folds": {fold: of[name] for fold, of in by_fold.items()},
        }
        for name in METRICS
    }


def _spread(values: Sequence[float]) -> float | None:
    """Standard deviation of a sample (ddof 1); None of one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def metrics(y: Array, P: Array, classes: Sequence[str]) -> dict[str, float]:
    """The scores of predictions; classes of which there is no row are left out of means."""
    from sklearn.metrics import f1_score, log_loss, recall_score

    answer = predicted(P, classes)
    there = sorted(set(y.tolist()))
    true = np.searchsorted(classes, y)
    return {
        "accuracy": float(np.mean(answer == y)),
        "balanced_accuracy": float(
            recall_score(y, answer, labels=there, average="macro", zero_division=0)
        ),
        "macro_f1": float(f1_score(y, answer, labels=there, average="macro", zero_division=0)),
        "log_loss": float(log_loss(true, P, labels=range(len(classes)))),
    }


def balanced_log_loss(y: Array, P: Array, classes: Sequence[str]) -> float:
    """Log loss with classes of equal weight: by which candidates are compared.

    It tells by how much one is better where the share of right answers is the same for many.
    """
    there, true = np.unique(np.searchsorted(classes, y), return_inverse=True)
    losses = _losses(P, there[true])
    return float(np.mean([losses[true == k].mean() for k in range(len(there))]))


def predicted(P: Array, classes: Sequence[str]) -> Array:
    """The class with the greatest probability of each row."""
    answer: Array = np.asarray(classes)[np.argmax(P, axis=1)]
    return answer


def intervals(
    y: Array, P: Array, classes: Sequence[str], groups: Array
) -> tuple[dict[str, float], dict[str, float]]:
    """Lower and upper end of the 95 % interval of each metric, by drawing groups again.

    Of a share that is 0 or 1 in every draw, by what as many groups can tell: were the true share of
    n groups below 0.025 ** (1 / n), all of them would be right in less than 2.5 % of such samples.
    """
    drawn = {name: np.concatenate(parts) for name, parts in _drawn(y, P, classes, groups).items()}
    low, high = (
        {name: float(np.percentile(values, q)) for name, values in drawn.items()} for q in INTERVAL
    )
    least = (INTERVAL[0] / 100) ** (1 / len(np.unique(groups)))
    for name in SHARES:
        if low[name] == high[name] == 1:
            low[name] = least
        elif low[name] == high[name] == 0:
            high[name] = 1 - least
    return low, high


def draws(groups: int, count: int, *, at_once: int) -> Iterator[Array]:
    """How often each group is drawn, ``(at_once, groups)``: as many as there are, with return."""
    rng = np.random.default_rng(0)
    for _ in range(count // at_once):
        yield rng.multinomial(groups, np.full(groups, 1 / groups), at_once)


def difference(
    hits: Array, groups: Array, other_hits: Array, other_groups: Array
) -> tuple[float, float, float]:
    """How much more often the other was right, and its 95 % interval, by drawing groups again.

    The two need not have judged the same rows.
    """
    names = np.unique(np.concatenate([groups, other_groups]))
    sums = []
    for right, group in ((hits, groups), (other_hits, other_groups)):
        place = np.searchsorted(names, group)
        sums.append(np.bincount(place, weights=right, minlength=len(names)))
        sums.append(np.bincount(place, minlength=len(names)))
    (times,) = draws(len(names), DRAWS, at_once=DRAWS)
    own, rows, other, other_rows = (times @ each for each in sums)
    drawn = other / np.maximum(other_rows, 1) - own / np.maximum(rows, 1)
    low, high = np.percentile(drawn, INTERVAL)
    return float(np.mean(other_hits) - np.mean(hits)), float(low), float(high)


def _drawn(y: Array, P: Array, classes: Sequence[str], groups: Array) -> dict[str, list[Array]]:
    """Each metric for each draw; all follow from the confusions and losses of the groups."""
    k = len(classes)
    names, group = np.unique(groups, return_inverse=True)
    true, answer = np.searchsorted(classes, y), np.argmax(P, axis=1)
    confusions = np.zeros((len(names), k * k))
    np.add.at(confusions, (group, true * k + answer), 1)
    losses = np.bincount(group, weights=_losses(P, true), minlength=len(names))
    drawn: dict[str, list[Array]] = {name: [] for name in METRICS}
    for times in draws(len(names), DRAWS, at_once=DRAWN_AT_ONCE):
        confusion = (times @ confusions).reshape(-1, k, k)
        for name, value in of_confusions(confusion).items():
            drawn[name].append(value)
        drawn["log_loss"].append(times @ losses / confusion.sum(axis=(1, 2)))
    return drawn


def _losses(P: Array, true: Array) -> Array:
    """What each row adds to the log loss, with probabilities cut as scikit-learn cuts them."""
    P = P / P.sum(axis=1, keepdims=True)
    losses: Array = -np.log(np.clip(P[np.arange(len(P)), true], np.finfo(P.dtype).eps, None))
    return losses


def of_confusions(confusion: Array) -> dict[str, Array]:
    """Accuracy, balanced accuracy and macro F1 of confusion matrices, ``(..., true, predicted)``.

    Means over classes are over those that there are rows of.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true, answer = confusion.sum(axis=-1), confusion.sum(axis=-2)
    recall = np.where(true > 0, hits / np.maximum(true, 1), 0)
    f1 = np.where(true > 0, 2 * hits / np.maximum(true + answer, 1), 0)
    there = np.sum(true > 0, axis=-1)
    return {
        "accuracy": hits.sum(axis=-1) / true.sum(axis=-1),
        "balanced_accuracy": recall.sum(axis=-1) / there,
        "macro_f1": f1.sum(axis=-1) / there,
    }


def per_class(y: Array, answer: Array, classes: Sequence[str]) -> list[dict[str, Any]]:
    """Precision, recall, F1 and support of each class, and how often it was predicted.

    None where there is nothing to share: precision of a class that was never predicted, recall and
    F1 of one that no row has, which `metrics` leaves out of its means.
    """
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(y, answer, labels=list(classes), zero_division=0)
    found = []
    for name, precision, recall, f1, support in zip(classes, *columns, strict=True):
        given = int(np.sum(answer == name))
        found.append(
            {
                "class": name,
                "precision": float(precision) if given else None,
                "recall": float(recall) if support else None,
                "f1": float(f1) if support else None,
                "support": int(support),
                "predicted": given,
            }
        )
    return found


def confusion_matrix(y: Array, answer: Array, classes: Sequence[str]) -> list[list[int]]:
    """Rows of each class, by the class that was predicted."""
    from sklearn.metrics import confusion_matrix as count

    matrix: list[list[int]] = count(y, answer, labels=list(classes)).tolist()
    return matrix


def calibration(y: Array, P: Array, classes: Sequence[str]) -> dict[str, Any]:
    """How far the probabilities can be taken at their word.

    Returns
    -------
    dict
        ``brier``: mean over rows of the squared distance between the probabilities and the truth,
        summed over classes, from 0 to 2 (Brier 1950). ``expected_error``: mean distance between the
        probability of the class that was predicted and how often that was right, over
        `RELIABILITY_BINS` bins of probability, weighted by rows (Naeini et al., AAAI 2015).
        ``reliability``: those bins. ``classes``: of each class its mean ``probability``, the
        ``share`` of rows that are of it, the ``expected_error`` of its probability in all rows, and
        its part of the ``brier`` score. ``classwise_error``: the mean of these errors (Kull et al.,
        NeurIPS 2019).
    """
    true = np.searchsorted(classes, y)
    truth = np.eye(len(classes))[true]
    bins = list(_reliability(P.max(axis=1), np.argmax(P, axis=1) == true))
    of_classes = [
        {
            "class": name,
            "probability": float(P[:, k].mean()),
            "share": float(truth[:, k].mean()),
            "expected_error": _expected_error(list(_reliability(P[:, k], truth[:, k]))),
            "brier": float(np.mean((P[:, k] - truth[:, k]) ** 2)),
        }
        for k, name in enumerate(classes)
    ]
    return {
        "brier": float(np.mean(np.sum((P - truth) ** 2, axis=1))),
        "expected_error": _expected_error(bins),
        "reliability": bins,
        "classes": of_classes,
        "classwise_error": float(np.mean([of["expected_error"] for of in of_classes])),
    }


def drawn_to_equal(classes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The rarest of the ``classes`` of a calibration whose probability is as if all were as common.

    None if none is clearly so. Estimators weigh classes alike, so that rare ones are found as well
    as common ones; what they give is then not how likely a class is where it is rare.
    """
    drawn = [of for of in classes if _drawn_to(1 / len(classes), of["probability"], of["share"])]
    return min(drawn, key=lambda of: (of["share"], of["class"]), default=None)


def _drawn_to(equal: float, probability: float, share: float) -> bool:
    """Whether a mean probability is clearly off a share, towards that of equally common classes."""
    low, high = sorted([probability, share])
    off, factor = CLEARLY_OFF
    clear = high - low > off and high * (1 - low) > factor * low * (1 - high)
    return clear and abs(probability - equal) < abs(share - equal)


def warnings_of(calibration: Mapping[str, Any]) -> list[str]:
    """What is doubtful about the probabilities."""
    of = drawn_to_equal(calibration["classes"])
    if of is None:
        return []
    return [
        "probabilities are as if all classes were equally common, and here they are not: that of"
        f" {of['class']!r} is {of['probability']:.3f} on average, where {of['share']:.3f} of the"
        " rows are of it"
    ]


def _expected_error(bins: Sequence[Mapping[str, Any]]) -> float:
    """Mean distance between probability and share over bins, weighted by rows."""
    off = sum(b["rows"] * abs(b["accuracy"] - b["confidence"]) for b in bins)
    return float(off / sum(b["rows"] for b in bins))


def _reliability(probability: Array, hits: Array) -> Iterator[Mapping[str, Any]]:
    """Bins of probability, each with its mean, and the share of rows that are hits."""
    edges = np.linspace(0, 1, RELIABILITY_BINS + 1)
    place = np.searchsorted(edges, probability, side="right") - 1
    place = np.minimum(place, RELIABILITY_BINS - 1)
    for k in np.unique(place):
        inside = place == k
        yield {
            "from": float(edges[k]),
            "to": float(edges[k + 1]),
            "rows": int(inside.sum()),
            "confidence": float(probability[inside].mean()),
            "accuracy": float(hits[inside].mean()),
        }
