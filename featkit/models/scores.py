"""Scores of predictions, with confidence intervals, and calibration.

Conventions: ``y`` holds the true classes, ``(rows,)``; ``P`` the probabilities, ``(rows,
classes)``, float64; ``classes`` are sorted. The class with the greatest probability is predicted.

Values are those of scikit-learn over all test rows. The spread is the standard deviation over
folds. Intervals are percentile bootstraps over groups [1]_: a group is drawn as a whole, because a
hundred segments of one song are not a hundred observations. If a share is 0 or 1 in every draw, the
interval is the exact one [2]_ for as many trials as there are groups.

References
----------
.. [1] B. Efron, R. J. Tibshirani, "An introduction to the bootstrap", 1993.
.. [2] C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the
   case of the binomial", Biometrika 26, 1934.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models.probabilities import of_recordings
from featkit.models.problem import Problem, mixed_recordings
from featkit.models.score_types import (
    METRICS,
    AccuracyDifference,
    Calibration,
    ClassCalibration,
    ClassScores,
    Evaluation,
    MetricScore,
    MetricValues,
    ModelScores,
    ReliabilityBin,
)

BOUNDED_METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
"""Metrics that are from 0 to 1."""

DRAWS = 1000
DRAWS_AT_ONCE = 50

MANY_GROUPS = 10_000
"""Number of groups from which `draws` uses another sequence of random numbers, five times as fast.

Fewer groups keep their sequence, so that stored intervals stay the same."""

DENSE_COUNTS = 2**20
"""Largest number of cells, of the confusions of all groups, that are held in one array."""

INTERVAL = (2.5, 97.5)
"""Percentiles of a 95 % interval."""

RELIABILITY_BINS = 10

BIAS_DIFFERENCE, BIAS_ODDS_RATIO = 0.02, 2.0
"""Probabilities of a class are biased if their mean differs from the share of the class by more
than the first number, and the odds differ by more than the second as a factor."""


def evaluate(
    y: Array,
    P: Mapping[str, Array],
    classes: Sequence[str],
    groups: Array,
    folds: Array,
    recordings: Array | None,
    *,
    model: str,
    protocol: str,
    unit: str,
    n_rows: int,
    n_groups: int,
    n_columns: int,
    chosen: Mapping[str, str],
) -> Evaluation:
    """Score all models on the test rows, and the kept model in detail.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        The true classes of the test rows.
    P : mapping of str to array of float64, shape ``(rows, classes)``
        Probabilities by each model.
    classes : sequence of str
        In order.
    groups, folds : array, shape ``(rows,)``
        See `model_scores`.
    recordings : array of str, shape ``(rows,)``, or None
        The recording of each row; None if no recording has several.
    model : str
        Name of the kept model, one of the keys of `P`.
    protocol, unit, n_rows, n_groups, n_columns, chosen
        As in `Evaluation`.

    Returns
    -------
    Evaluation
        Without comparisons with other splits, and without warnings.
    """
    answer = predicted(P[model], classes)
    details: dict[str, Any] = {}
    if recordings is not None:
        own_y, own_P, *others = recording_arrays(y, P[model], recordings, groups, folds)
        own_answer = predicted(own_P, classes)
        details = {
            "recordings": model_scores(own_y, own_P, classes, *others),
            "recording_confusion": confusion_matrix(own_y, own_answer, classes),
            "recording_calibration": calibration(own_y, own_P, classes),
        }
    return Evaluation(
        protocol=protocol,
        unit=unit,
        rows=n_rows,
        groups=n_groups,
        columns=n_columns,
        scored_rows=len(y),
        classes=list(classes),
        model=model,
        models={name: model_scores(y, own, classes, groups, folds) for name, own in P.items()},
        per_class=class_scores(y, answer, classes),
        confusion=confusion_matrix(y, answer, classes),
        calibration=calibration(y, P[model], classes),
        **details,
        chosen=chosen,
        warnings=[],
    )


def model_scores(
    y: Array, P: Array, classes: Sequence[str], groups: Array, folds: Array | None
) -> ModelScores:
    """Compute all metrics of one model, with spread and intervals.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        The true classes.
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    groups : array, shape ``(rows,)``
        The group of each row: the bootstrap draws whole groups.
    folds : array, shape ``(rows,)``, or None
        The fold in which each row was a test row; None if there are no folds.

    Returns
    -------
    ModelScores
    """
    values = metric_values(y, P, classes)
    by_fold = {}
    if folds is not None:
        by_fold = {
            str(fold): metric_values(y[folds == fold], P[folds == fold], classes)
            for fold in dict.fromkeys(folds.tolist())
        }
    low, high = confidence_intervals(y, P, classes, groups)
    return ModelScores(
        **{
            name: MetricScore(
                value=values[name],
                std=_spread([fold[name] for fold in by_fold.values()]),
                low=low[name],
                high=high[name],
                folds={fold: own[name] for fold, own in by_fold.items()},
            )
            for name in METRICS
        }
    )


def recording_arrays(
    y: Array, P: Array, recordings: Array, groups: Array, folds: Array
) -> tuple[Array, Array, Array, Array]:
    """Combine the segments of each recording; recordings with two classes are left out.

    Parameters
    ----------
    y, P, groups, folds
        See `model_scores`.
    recordings : array of str, shape ``(rows,)``
        The recording of each row.

    Returns
    -------
    y, P, groups, folds
        The same of each recording.
    """
    consistent = ~np.isin(recordings, list(mixed_recordings(recordings, y)))
    y, P, recordings, groups, folds = (x[consistent] for x in (y, P, recordings, groups, folds))
    names, joint = of_recordings(recordings, P)
    first = dict(zip(recordings[::-1].tolist(), range(len(y))[::-1], strict=True))
    at = np.array([first[name] for name in names.tolist()], dtype=np.intp)
    return y[at], joint, groups[at], folds[at]


def _spread(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def metric_values(y: Array, P: Array, classes: Sequence[str]) -> MetricValues:
    """Compute all metrics; classes without rows are left out of means over classes.

    Parameters
    ----------
    y, P, classes
        See `model_scores`.

    Returns
    -------
    MetricValues
    """
    from sklearn.metrics import f1_score, log_loss, recall_score

    true, answer = np.searchsorted(classes, y), np.argmax(P, axis=1)
    present = np.unique(true)
    return MetricValues(
        accuracy=float(np.mean(answer == true)),
        balanced_accuracy=float(
            recall_score(true, answer, labels=present, average="macro", zero_division=0)
        ),
        macro_f1=float(f1_score(true, answer, labels=present, average="macro", zero_division=0)),
        log_loss=float(log_loss(true, P, labels=range(len(classes)))),
    )


def balanced_log_loss(y: Array, P: Array, classes: Sequence[str]) -> float:
    """Compute the log loss with all classes weighted equally, which selects models.

    It distinguishes candidates that have the same accuracy.

    Parameters
    ----------
    y, P, classes
        See `model_scores`.

    Returns
    -------
    float
        At least 0; lower is better.
    """
    present, true = np.unique(np.searchsorted(classes, y), return_inverse=True)
    losses = _losses(P, present[true])
    return float(np.mean([losses[true == k].mean() for k in range(len(present))]))


def predicted(P: Array, classes: Sequence[str]) -> Array:
    """Return the class with the greatest probability of each row.

    Parameters
    ----------
    P, classes
        See `model_scores`.

    Returns
    -------
    array of str, shape ``(rows,)``
    """
    answer: Array = np.asarray(classes)[np.argmax(P, axis=1)]
    return answer


def confidence_intervals(
    y: Array, P: Array, classes: Sequence[str], groups: Array
) -> tuple[dict[str, float], dict[str, float]]:
    """Compute 95 % confidence intervals of all metrics by drawing groups with replacement.

    Parameters
    ----------
    y, P, classes, groups
        See `model_scores`.

    Returns
    -------
    low, high : dict of str to float
        Ends of the interval of each metric.

    Notes
    -----
    If all n groups are correct in every draw, the lower end is 0.025 ** (1 / n): with a lower
    true share, n correct groups have a probability below 2.5 %.
    """
    drawn = _bootstrap_metrics(y, P, classes, groups)
    low, high = (
        {name: float(np.percentile(values, q)) for name, values in drawn.items()} for q in INTERVAL
    )
    least = exact_lower_end(len(np.unique(groups)))
    for name in BOUNDED_METRICS:
        if low[name] == high[name] == 1:
            low[name] = least
        elif low[name] == high[name] == 0:
            high[name] = 1 - least
    return low, high


def exact_lower_end(groups: int, *, intervals: int = 1) -> float:
    """Return the exact lower end of the interval of a share if all groups are correct.

    Parameters
    ----------
    groups : int
        Number of groups, at least 1.
    intervals : int, optional
        Number of intervals that hold together.

    Returns
    -------
    float
        (0.025 / intervals) ** (1 / groups).
    """
    return float((INTERVAL[0] / 100 / intervals) ** (1 / groups))


def draws(groups: int, count: int, *, at_once: int) -> Iterator[Array]:
    """Draw groups with replacement, as many as there are.

    The draws are the same for any `at_once`.

    Parameters
    ----------
    groups : int
        Number of groups.
    count : int
        Number of draws, a multiple of `at_once`.
    at_once : int
        Draws in one array.

    Yields
    ------
    array of int, shape ``(at_once, groups)``
        How often each group is drawn.
    """
    rng = np.random.default_rng(0)
    for _ in range(count // at_once):
        if groups < MANY_GROUPS:
            yield rng.multinomial(groups, np.full(groups, 1 / groups), at_once)
        else:
            drawn = (rng.integers(groups, size=groups) for _ in range(at_once))
            yield np.stack([np.bincount(places, minlength=groups) for places in drawn])


def accuracy_difference(
    hits: Array, groups: Array, other_hits: Array, other_groups: Array
) -> AccuracyDifference:
    """Subtract an accuracy from another, with an interval by drawing groups with replacement.

    Parameters
    ----------
    hits, other_hits : array of bool
        Whether each prediction is correct; the two may be of different rows.
    groups, other_groups : array of str
        The group of each.

    Returns
    -------
    AccuracyDifference
        Accuracy of `other_hits` minus that of `hits`.
    """
    names = np.unique(np.concatenate([groups, other_groups]))
    sums = []
    for right, group in ((hits, groups), (other_hits, other_groups)):
        place = np.searchsorted(names, group)
        sums.append(np.bincount(place, weights=right, minlength=len(names)))
        sums.append(np.bincount(place, minlength=len(names)))
    drawn = []
    for times in draws(len(names), DRAWS, at_once=DRAWS_AT_ONCE):
        own, rows, other, other_rows = (times @ values for values in sums)
        drawn.append(other / np.maximum(other_rows, 1) - own / np.maximum(rows, 1))
    low, high = np.percentile(np.concatenate(drawn), INTERVAL)
    value = float(np.mean(other_hits) - np.mean(hits))
    return AccuracyDifference(value=value, low=float(low), high=float(high))


def compare_splits(
    problem: Problem, rows: Array, P: Array, other_rows: Array, other_P: Array
) -> tuple[MetricValues, MetricValues, AccuracyDifference]:
    """Compare the scores of one candidate by two splits of a table.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    rows, other_rows : array of int
        Test rows of each split.
    P, other_P : array of float64, shape ``(rows, classes)``
        Probabilities of these rows.

    Returns
    -------
    values, other_values : MetricValues
        Scores by each split.
    difference : AccuracyDifference
        How much higher the accuracy by the second split is.
    """
    y, classes, groups = problem.y, problem.classes, problem.bootstrap_groups
    hits, other_hits = (
        predicted(P, classes) == y[rows],
        predicted(other_P, classes) == y[other_rows],
    )
    return (
        metric_values(y[rows], P, classes),
        metric_values(y[other_rows], other_P, classes),
        accuracy_difference(hits, groups[rows], other_hits, groups[other_rows]),
    )


def _bootstrap_metrics(
    y: Array, P: Array, classes: Sequence[str], groups: Array
) -> dict[str, Array]:
    """Values of each metric in all draws, computed from the confusions and losses of the groups."""
    k = len(classes)
    names, group = np.unique(groups, return_inverse=True)
    true, answer = np.searchsorted(classes, y), np.argmax(P, axis=1)
    add_confusions = _confusion_sums(group, true * k + answer, len(names), k * k)
    losses = np.bincount(group, weights=_losses(P, true), minlength=len(names))
    drawn: dict[str, list[Array]] = {name: [] for name in METRICS}
    for times in draws(len(names), DRAWS, at_once=DRAWS_AT_ONCE):
        confusion = add_confusions(times).reshape(-1, k, k)
        for name, value in metrics_of_confusions(confusion).items():
            drawn[name].append(value)
        drawn["log_loss"].append(times @ losses / confusion.sum(axis=(1, 2)))
    return {name: np.concatenate(parts) for name, parts in drawn.items()}


def _confusion_sums(
    group: Array, cell: Array, n_groups: int, n_cells: int
) -> Callable[[Array], Array]:
    """A function that adds the confusions of drawn groups: ``(draws, groups) -> (draws, cells)``.

    All sums are of whole numbers, so that both ways give the same bits.
    """
    if n_groups * n_cells <= DENSE_COUNTS:
        confusions = np.zeros((n_groups, n_cells))
        np.add.at(confusions, (group, cell), 1)
        return lambda times: np.asarray(times @ confusions)
    pairs, counts = np.unique(group * n_cells + cell, return_counts=True)
    own, cells = np.divmod(pairs, n_cells)
    return lambda times: np.stack(
        [np.bincount(cells, weights=drawn[own] * counts, minlength=n_cells) for drawn in times]
    )


def _losses(P: Array, true: Array) -> Array:
    """The log loss of each row, with probabilities clipped as in scikit-learn."""
    P = P / P.sum(axis=1, keepdims=True)
    losses: Array = -np.log(np.clip(P[np.arange(len(P)), true], np.finfo(P.dtype).eps, None))
    return losses


def metrics_of_confusions(confusion: Array) -> dict[str, Array]:
    """Compute accuracy, balanced accuracy and macro F1 from confusion matrices.

    Parameters
    ----------
    confusion : array, shape ``(..., true, predicted)``
        Counts.

    Returns
    -------
    dict of str to array, shape ``(...)``
        Means over classes leave out classes without rows.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true, answer = confusion.sum(axis=-1), confusion.sum(axis=-2)
    recall = np.where(true > 0, hits / np.maximum(true, 1), 0)
    f1 = np.where(true > 0, 2 * hits / np.maximum(true + answer, 1), 0)
    present = np.sum(true > 0, axis=-1)
    return {
        "accuracy": hits.sum(axis=-1) / true.sum(axis=-1),
        "balanced_accuracy": recall.sum(axis=-1) / present,
        "macro_f1": f1.sum(axis=-1) / present,
    }


def class_scores(y: Array, answer: Array, classes: Sequence[str]) -> list[ClassScores]:
    """Compute precision, recall, F1 and support of each class.

    Parameters
    ----------
    y, answer : array of str, shape ``(rows,)``
        True and predicted classes.
    classes : sequence of str
        In order.

    Returns
    -------
    list of ClassScores
        A score is None where it is 0 / 0.
    """
    from sklearn.metrics import precision_recall_fscore_support

    columns = precision_recall_fscore_support(y, answer, labels=list(classes), zero_division=0)
    scores = []
    for name, precision, recall, f1, support in zip(classes, *columns, strict=True):
        count = int(np.sum(answer == name))
        scores.append(
            ClassScores(
                name=name,
                precision=float(precision) if count else None,
                recall=float(recall) if support else None,
                f1=float(f1) if support else None,
                support=int(support),
                predicted=count,
            )
        )
    return scores


def confusion_matrix(y: Array, answer: Array, classes: Sequence[str]) -> list[list[int]]:
    """Count the rows of each true class by predicted class.

    Parameters
    ----------
    y, answer, classes
        See `class_scores`.

    Returns
    -------
    list of list of int
        A row for each true class.
    """
    from sklearn.metrics import confusion_matrix as count

    matrix: list[list[int]] = count(y, answer, labels=list(classes)).tolist()
    return matrix


def calibration(y: Array, P: Array, classes: Sequence[str]) -> Calibration:
    """Measure how well probabilities agree with observed frequencies.

    Parameters
    ----------
    y, P, classes
        See `model_scores`.

    Returns
    -------
    Calibration
    """
    true = np.searchsorted(classes, y)
    truth = np.eye(len(classes))[true]
    bins = list(_reliability(P.max(axis=1), np.argmax(P, axis=1) == true))
    of_classes = [
        ClassCalibration(
            name=name,
            probability=float(P[:, k].mean()),
            share=float(truth[:, k].mean()),
            expected_error=_expected_error(list(_reliability(P[:, k], truth[:, k]))),
            brier=float(np.mean((P[:, k] - truth[:, k]) ** 2)),
        )
        for k, name in enumerate(classes)
    ]
    return Calibration(
        brier=float(np.mean(np.sum((P - truth) ** 2, axis=1))),
        expected_error=_expected_error(bins),
        reliability=bins,
        classes=of_classes,
        classwise_error=float(np.mean([own.expected_error for own in of_classes])),
    )


def rarest_biased_class(calibration: Calibration) -> ClassCalibration | None:
    """Return the rarest class whose probabilities do not reflect its frequency.

    Estimators weight classes equally, so that rare classes are recognised as well as common ones.
    The probability of a rare class is then higher than its frequency.

    Parameters
    ----------
    calibration : Calibration
        Of the model.

    Returns
    -------
    ClassCalibration or None
        None if no class is clearly biased.
    """
    uniform = 1 / len(calibration.classes)
    biased = [own for own in calibration.classes if _is_biased(own, uniform)]
    return min(biased, key=lambda own: (own.share, own.name), default=None)


def _is_biased(own: ClassCalibration, uniform: float) -> bool:
    """Whether the mean probability clearly differs from the share, towards `uniform`."""
    low, high = sorted([own.probability, own.share])
    clear = high - low > BIAS_DIFFERENCE and high * (1 - low) > BIAS_ODDS_RATIO * low * (1 - high)
    return clear and abs(own.probability - uniform) < abs(own.share - uniform)


def calibration_warnings(calibration: Calibration) -> list[str]:
    """List the reasons to doubt the probabilities.

    Parameters
    ----------
    calibration : Calibration
        Of the model.

    Returns
    -------
    list of str
        Empty, or one warning.
    """
    biased = rarest_biased_class(calibration)
    if biased is None:
        return []
    return [
        "probabilities assume that all classes are equally common, but they are not: the mean"
        f" probability of {biased.name!r} is {biased.probability:.3f}, and its share of the rows"
        f" is {biased.share:.3f}"
    ]


def _expected_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance between probability and share over bins, weighted by rows."""
    total = sum(own.rows * abs(own.accuracy - own.confidence) for own in bins)
    return float(total / sum(own.rows for own in bins))


def _reliability(probability: Array, hits: Array) -> Iterator[ReliabilityBin]:
    edges = np.linspace(0, 1, RELIABILITY_BINS + 1)
    place = np.searchsorted(edges, probability, side="right") - 1
    place = np.minimum(place, RELIABILITY_BINS - 1)
    for k in np.unique(place):
        inside = place == k
        yield ReliabilityBin(
            low=float(edges[k]),
            high=float(edges[k + 1]),
            rows=int(inside.sum()),
            confidence=float(probability[inside].mean()),
            accuracy=float(hits[inside].mean()),
        )
