"""Scores of predictions, with confidence intervals.

Conventions: ``y`` holds the true classes, ``(rows,)``; ``P`` the probabilities, ``(rows,
classes)``, float64; ``classes`` are sorted. `featkit.models.decisions` predicts classes.

Values are those of scikit-learn over all test rows. The spread is the standard deviation over
folds. Intervals draw whole groups: see `featkit.models.bootstrap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models.absent_class_types import UnpredictableRows
from featkit.models.bootstrap import (
    DRAWS,
    DRAWS_AT_ONCE,
    INTERVAL,
    draws,
    exact_lower_end,
    group_sums,
)
from featkit.models.decisions import decide
from featkit.models.probabilities import of_recordings
from featkit.models.problem import Problem, mixed_recordings
from featkit.models.reliability import calibration
from featkit.models.score_types import (
    METRICS,
    AccuracyDifference,
    ClassScores,
    Evaluation,
    MetricScore,
    MetricValues,
    ModelScores,
)

BOUNDED_METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
"""Metrics that are from 0 to 1."""

MEANS_OF_PREDICTABLE = ("balanced_accuracy", "macro_f1", "log_loss")
"""Metrics that leave out rows or classes that no model could predict."""


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
    unpredictable: Array | None = None,
    costs: Array | None = None,
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
    unpredictable : array of bool, shape ``(rows,)``, optional
        See `model_scores`.
    costs : array of float64, shape ``(classes, classes)``, optional
        See `featkit.models.decisions.decide`.

    Returns
    -------
    Evaluation
        Without comparisons with other splits, and without warnings.
    """
    if unpredictable is None:
        unpredictable = np.zeros(len(y), dtype=bool)
    answer = predicted(P[model], classes, costs)
    details: dict[str, Any] = {}
    if recordings is not None:
        own_y, own_P, *others = recording_arrays(
            y, P[model], recordings, groups, folds, unpredictable
        )
        own_groups, own_folds, own_unpredictable = others
        own_answer = predicted(own_P, classes, costs)
        details = {
            "recordings": model_scores(
                own_y, own_P, classes, own_groups, own_folds, own_unpredictable, costs
            ),
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
        models={
            name: model_scores(y, own, classes, groups, folds, unpredictable, costs)
            for name, own in P.items()
        },
        per_class=class_scores(y, answer, classes, unpredictable),
        confusion=confusion_matrix(y, answer, classes),
        calibration=calibration(y, P[model], classes),
        **details,
        chosen=chosen,
        unpredictable=_unpredictable_rows(y, P[model], classes, unpredictable, costs),
        warnings=[],
    )


def _unpredictable_rows(
    y: Array, P: Array, classes: Sequence[str], unpredictable: Array, costs: Array | None
) -> UnpredictableRows | None:
    """The number of these rows, and the means over classes that count their classes as 0."""
    if not unpredictable.any():
        return None
    with_zeros = metric_values(y, P, classes, costs=costs)
    return UnpredictableRows(
        classes=sorted(set(y[unpredictable].tolist())),
        rows=int(unpredictable.sum()),
        balanced_accuracy=with_zeros.balanced_accuracy,
        macro_f1=with_zeros.macro_f1,
    )


def model_scores(
    y: Array,
    P: Array,
    classes: Sequence[str],
    groups: Array,
    folds: Array | None,
    unpredictable: Array | None = None,
    costs: Array | None = None,
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
    unpredictable : array of bool, shape ``(rows,)``, optional
        Whether the class of each row was absent from the training rows; by default of none. See
        `featkit.models.absent_classes`.
    costs : array of float64, shape ``(classes, classes)``, optional
        Cost matrix, which determines the predicted classes: see `featkit.models.decisions.decide`.

    Returns
    -------
    ModelScores
        A metric has no value for a fold in which all rows are left out.
    """
    if unpredictable is None:
        unpredictable = np.zeros(len(y), dtype=bool)
    values = metric_values(y, P, classes, unpredictable, costs)
    by_fold = {}
    if folds is not None:
        parts = {str(fold): folds == fold for fold in dict.fromkeys(folds.tolist())}
        by_fold = {
            fold: metric_values(y[own], P[own], classes, unpredictable[own], costs)
            for fold, own in parts.items()
        }
    low, high = confidence_intervals(y, P, classes, groups, unpredictable, costs)
    scores = {}
    for name in METRICS:
        of_folds = {fold: own[name] for fold, own in by_fold.items() if np.isfinite(own[name])}
        scores[name] = MetricScore(
            value=values[name],
            std=_spread([*of_folds.values()]),
            low=low[name],
            high=high[name],
            folds=of_folds,
        )
    return ModelScores(**scores)


def recording_arrays(y: Array, P: Array, recordings: Array, *others: Array) -> tuple[Array, ...]:
    """Combine the segments of each recording; recordings with two classes are left out.

    Parameters
    ----------
    y, P
        See `model_scores`.
    recordings : array of str, shape ``(rows,)``
        The recording of each row.
    *others : array, shape ``(rows,)``
        Groups, folds and the like, which are equal for all rows of a recording.

    Returns
    -------
    y, P, *others
        The same of each recording.
    """
    consistent = ~np.isin(recordings, list(mixed_recordings(recordings, y)))
    y, P, recordings, *others_left = (x[consistent] for x in (y, P, recordings, *others))
    names, joint = of_recordings(recordings, P)
    first = dict(zip(recordings[::-1].tolist(), range(len(y))[::-1], strict=True))
    at = np.array([first[name] for name in names.tolist()], dtype=np.intp)
    return y[at], joint, *(x[at] for x in others_left)


def _spread(values: Sequence[float]) -> float | None:
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def metric_values(
    y: Array,
    P: Array,
    classes: Sequence[str],
    unpredictable: Array | None = None,
    costs: Array | None = None,
) -> MetricValues:
    """Compute all metrics; classes without rows are left out of means over classes.

    Parameters
    ----------
    y, P, classes, unpredictable, costs
        See `model_scores`.

    Returns
    -------
    MetricValues
        If all rows are unpredictable, the accuracy is 0, and the other metrics are NaN.
    """
    from sklearn.metrics import f1_score, log_loss, recall_score

    true, answer = _true_numbers(y, classes, unpredictable), decide(P, costs)
    predictable = true < len(classes)
    present = np.unique(true[predictable])
    if not len(present):
        return MetricValues(accuracy=0.0, **dict.fromkeys(MEANS_OF_PREDICTABLE, np.nan))
    own = true[predictable], P[predictable]
    return MetricValues(
        accuracy=float(np.mean(answer == true)),
        balanced_accuracy=float(
            recall_score(true, answer, labels=present, average="macro", zero_division=0)
        ),
        macro_f1=float(f1_score(true, answer, labels=present, average="macro", zero_division=0)),
        log_loss=float(log_loss(*own, labels=range(len(classes)))),
    )


def _true_numbers(y: Array, classes: Sequence[str], unpredictable: Array | None) -> Array:
    """The number of the class of each row; that of unpredictable rows is one that is no class."""
    true = np.searchsorted(classes, y)
    return true if unpredictable is None else np.where(unpredictable, len(classes), true)


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


def predicted(P: Array, classes: Sequence[str], costs: Array | None = None) -> Array:
    """Return the predicted class of each row: see `featkit.models.decisions.decide`.

    Parameters
    ----------
    P, classes, costs
        See `model_scores`.

    Returns
    -------
    array of str, shape ``(rows,)``
    """
    answer: Array = np.asarray(classes)[decide(P, costs)]
    return answer


def confidence_intervals(
    y: Array,
    P: Array,
    classes: Sequence[str],
    groups: Array,
    unpredictable: Array | None = None,
    costs: Array | None = None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Compute 95 % confidence intervals of all metrics by drawing groups with replacement.

    Parameters
    ----------
    y, P, classes, groups, unpredictable, costs
        See `model_scores`.

    Returns
    -------
    low, high : dict of str to float
        Ends of the interval of each metric, over the draws in which it has a row to score.

    Notes
    -----
    If all n groups are correct in every draw, the lower end is 0.025 ** (1 / n): with a lower
    true share, n correct groups have a probability below 2.5 %.
    """
    drawn = _bootstrap_metrics(y, P, classes, groups, unpredictable, costs)
    low, high = ({name: _percentile(values, q) for name, values in drawn.items()} for q in INTERVAL)
    least = exact_lower_end(len(np.unique(groups)))
    for name in BOUNDED_METRICS:
        if low[name] == high[name] == 1:
            low[name] = least
        elif low[name] == high[name] == 0:
            high[name] = 1 - least
    return low, high


def _percentile(values: Array, q: float) -> float:
    """A percentile of the defined values; NaN if there are none."""
    defined = values[np.isfinite(values)]
    return float(np.percentile(defined, q)) if len(defined) else np.nan


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
    problem: Problem,
    rows: Array,
    P: Array,
    other_rows: Array,
    other_P: Array,
    unpredictable: Array | None = None,
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
    unpredictable : array of bool, shape ``(rows,)``, optional
        Unpredictable rows of the first split; see `model_scores`.

    Returns
    -------
    values, other_values : MetricValues
        Scores by each split.
    difference : AccuracyDifference
        How much higher the accuracy by the second split is.
    """
    y, classes, groups = problem.y, problem.classes, problem.bootstrap_groups
    costs = problem.costs
    hits, other_hits = (
        predicted(P, classes, costs) == y[rows],
        predicted(other_P, classes, costs) == y[other_rows],
    )
    return (
        metric_values(y[rows], P, classes, unpredictable, costs),
        metric_values(y[other_rows], other_P, classes, costs=costs),
        accuracy_difference(hits, groups[rows], other_hits, groups[other_rows]),
    )


def _bootstrap_metrics(
    y: Array,
    P: Array,
    classes: Sequence[str],
    groups: Array,
    unpredictable: Array | None,
    costs: Array | None,
) -> dict[str, Array]:
    """Values of each metric in all draws, computed from the confusions and losses of the groups."""
    k = len(classes)
    names, group = np.unique(groups, return_inverse=True)
    true, answer = _true_numbers(y, classes, unpredictable), decide(P, costs)
    n_true = max(k, int(true.max()) + 1)  # the last row is that of unpredictable rows, if any
    add_confusions = group_sums(group, true * k + answer, len(names), n_true * k)
    scored = np.flatnonzero(true < k)
    losses = np.bincount(
        group[scored], weights=_losses(P[scored], true[scored]), minlength=len(names)
    )
    drawn: dict[str, list[Array]] = {name: [] for name in METRICS}
    for times in draws(len(names), DRAWS, at_once=DRAWS_AT_ONCE):
        confusion = add_confusions(times).reshape(-1, n_true, k)
        for name, value in metrics_of_confusions(confusion).items():
            drawn[name].append(value)
        n_scored = confusion[:, :k].sum(axis=(1, 2))
        drawn["log_loss"].append(_ratio(times @ losses, n_scored))
    return {name: np.concatenate(parts) for name, parts in drawn.items()}


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
        Counts. Rows beyond the number of columns are of unpredictable rows: see `model_scores`.

    Returns
    -------
    dict of str to array, shape ``(...)``
        Means over classes leave out classes without rows; they are NaN if no class has one.
    """
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    rows, answer = confusion.sum(axis=-1), confusion.sum(axis=-2)
    true = rows[..., : confusion.shape[-1]]
    recall = np.where(true > 0, hits / np.maximum(true, 1), 0)
    f1 = np.where(true > 0, 2 * hits / np.maximum(true + answer, 1), 0)
    present = np.sum(true > 0, axis=-1)
    return {
        "accuracy": _ratio(hits.sum(axis=-1), rows.sum(axis=-1)),
        "balanced_accuracy": _ratio(recall.sum(axis=-1), present),
        "macro_f1": _ratio(f1.sum(axis=-1), present),
    }


def _ratio(numerator: Array, denominator: Array) -> Array:
    """A ratio, NaN where the denominator is 0."""
    ratio: Array = np.where(denominator > 0, numerator / np.maximum(denominator, 1), np.nan)
    return ratio


def class_scores(
    y: Array, answer: Array, classes: Sequence[str], unpredictable: Array | None = None
) -> list[ClassScores]:
    """Compute precision, recall, F1 and support of each class.

    Parameters
    ----------
    y, answer : array of str, shape ``(rows,)``
        True and predicted classes. A prediction may be another text than a class.
    classes : sequence of str
        In order.
    unpredictable : array of bool, shape ``(rows,)``, optional
        See `model_scores`.

    Returns
    -------
    list of ClassScores
        A score is None where it is 0 / 0.
    """
    from sklearn.metrics import precision_recall_fscore_support

    true, own = np.searchsorted(classes, y), _class_numbers(answer, classes)
    predictable = _true_numbers(y, classes, unpredictable)
    numbers = range(len(classes))
    columns = precision_recall_fscore_support(predictable, own, labels=numbers, zero_division=0)
    supports = np.bincount(true, minlength=len(classes)).tolist()
    scores = []
    for k, (precision, recall, f1, scored) in enumerate(zip(*columns, strict=True)):
        count = int(np.sum(own == k))
        scores.append(
            ClassScores(
                name=classes[k],
                precision=float(precision) if count else None,
                recall=float(recall) if scored else None,
                f1=float(f1) if scored else None,
                support=supports[k],
                predicted=count,
            )
        )
    return scores


def _class_numbers(names: Array, classes: Sequence[str]) -> Array:
    """The number of each class, -1 for other names."""
    ordered = np.asarray(classes)
    places = np.minimum(np.searchsorted(ordered, names), len(ordered) - 1)
    numbers: Array = np.where(ordered[places] == names, places, -1)
    return numbers


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
