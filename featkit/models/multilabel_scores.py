"""Scores of predicted sets of labels, with confidence intervals.

Conventions: ``Y`` holds the true labels, ``(rows, labels)``, bool; ``P`` their probabilities,
float64; ``D`` the predicted labels, bool.

Values are those of scikit-learn over all test rows. Means over labels leave out the labels that no
row has (the area under the ROC curve also those that every row has). A row without labels for which
none is predicted has a samples F1 of 1. Intervals are percentile bootstraps over groups, as in
`featkit.models.scores`. The spread is the standard deviation over folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.bootstrap import DRAWS, DRAWS_AT_ONCE, INTERVAL, draws, exact_lower_end
from featkit.models.curves import areas, order_thresholds
from featkit.models.label_decision import LabelDecision
from featkit.models.label_sets import indicators
from featkit.models.multilabel_types import (
    METRICS,
    LabelScores,
    MultilabelEvaluation,
    MultilabelScores,
    PrecisionDifference,
)
from featkit.models.problem import mixed_recordings
from featkit.models.score_types import MetricScore

if TYPE_CHECKING:
    from featkit.models.estimator import Candidate
    from featkit.models.outer_folds import SplitPlan
    from featkit.models.problem import Problem
    from featkit.models.recipes import Recipe

MAX_CELLS = 2**28
"""Draws times rows times labels that one model may take; with more, there are fewer draws."""

MIN_DRAWS = 200

CELLS_AT_ONCE = 2**21
"""Draws times rows in one array."""


def evaluate_labels(
    problem: Problem,
    plan: SplitPlan,
    P: Mapping[str, Array],
    model: str,
    chosen: Mapping[str, Candidate],
    recipes: Sequence[Mapping[str, Recipe]],
) -> MultilabelEvaluation:
    """Score all models on the test rows of a plan, and the kept model in detail.

    Parameters
    ----------
    problem, plan, P, model, chosen
        As for `featkit.models.result.evaluate_plan`.
    recipes : sequence of mapping of str to Recipe
        Recipes of each outer fold, then of the final model, with the thresholds of the labels.

    Returns
    -------
    MultilabelEvaluation
        Without warnings.

    Raises
    ------
    ParameterError
        If no label is both present and absent in the test rows, or a label is so in no training
        row of a fold.

    Notes
    -----
    A model without thresholds is a baseline: it predicts every label for every row, which maximises
    the F1 score of constant probabilities.
    """
    rows, folds, labels = plan.test_rows, plan.test_folds, problem.outputs
    Y, groups = indicators(problem.y[rows], labels), problem.bootstrap_groups[rows]
    if not np.any(Y.any(axis=0) & ~Y.all(axis=0)):
        raise ParameterError(
            f"no label is present in some test rows of {plan.protocol} and absent in others, so"
            " that nothing can be scored: use more test rows"
        )
    unknown = np.isnan(P[model])
    if unknown.any():
        row, label = np.argwhere(unknown)[0]
        raise ParameterError(
            f"all training rows of fold {folds[row]!r} of {plan.protocol} have the label"
            f" {labels[label]!r}, or none has it, so that it cannot be predicted there: split in"
            " another way, or remove the label"
        )
    decisions = _decisions(plan, recipes)
    D = {
        name: decisions[name].labels(own) if name in decisions else np.ones_like(Y)
        for name, own in P.items()
    }
    final = recipes[-1][model].decision
    assert final is not None  # there are always inner folds
    evaluation = evaluate_label_sets(
        Y,
        P,
        D,
        groups,
        folds,
        labels=labels,
        thresholds=final.thresholds,
        target=problem.target,
        model=model,
        protocol=plan.protocol,
        unit=problem.unit,
        n_rows=len(problem),
        n_groups=len(set(problem.groups.tolist())),
        n_columns=len(problem.columns),
        chosen={name: str(candidate) for name, candidate in chosen.items()},
    )
    recordings = _recording_scores(problem, plan, P[model], decisions[model])
    return replace(evaluation, recordings=recordings)


def evaluate_label_sets(
    Y: Array,
    P: Mapping[str, Array],
    D: Mapping[str, Array],
    groups: Array,
    folds: Array,
    *,
    labels: Sequence[str],
    thresholds: Sequence[float],
    target: str,
    model: str,
    protocol: str,
    unit: str,
    n_rows: int,
    n_groups: int,
    n_columns: int,
    chosen: Mapping[str, str],
) -> MultilabelEvaluation:
    """Score all models on some rows, and the kept model in detail.

    Parameters
    ----------
    Y : array of bool, shape ``(rows, labels)``
        The true labels.
    P, D : mapping of str to array, shape ``(rows, labels)``
        Probabilities and predicted labels by each model.
    groups, folds : array, shape ``(rows,)``
        See `multilabel_scores`.
    labels : sequence of str
        Names of the columns.
    thresholds : sequence of float
        Threshold of each label in the final model.
    target, model, protocol, unit, n_rows, n_groups, n_columns, chosen
        As in `MultilabelEvaluation`.

    Returns
    -------
    MultilabelEvaluation
        Without scores of recordings, and without warnings.
    """
    absent = {fold: int(np.sum(~Y[folds == fold].any(axis=0))) for fold in dict.fromkeys(folds)}
    return MultilabelEvaluation(
        protocol=protocol,
        unit=unit,
        rows=n_rows,
        groups=n_groups,
        columns=n_columns,
        scored_rows=len(Y),
        target=target,
        labels=list(labels),
        labels_per_row=float(Y.sum(axis=1).mean()),
        model=model,
        models={name: multilabel_scores(Y, own, D[name], groups, folds) for name, own in P.items()},
        per_label=label_scores(Y, P[model], D[model], labels, thresholds),
        co_occurrence=co_occurrence(Y),
        absent_labels={str(fold): count for fold, count in absent.items() if count},
        chosen=chosen,
        warnings=[],
    )


def _decisions(
    plan: SplitPlan, recipes: Sequence[Mapping[str, Recipe]]
) -> dict[str, LabelDecision]:
    """The decision of each model for the test rows, with the thresholds of their folds."""
    sizes = [len(fold.test) for fold in plan.outer]
    by_model: dict[str, list[LabelDecision]] = {}
    for own in recipes[:-1]:
        for name, recipe in own.items():
            if recipe.decision is not None:
                by_model.setdefault(name, []).append(recipe.decision)
    return {name: LabelDecision.by_row(own, sizes) for name, own in by_model.items()}


def _recording_scores(
    problem: Problem, plan: SplitPlan, P: Array, decision: LabelDecision
) -> MultilabelScores | None:
    """The scores of recordings, whose segments are combined; None if none has several."""
    if not problem.has_segments:
        return None
    rows = plan.test_rows
    y, recordings = problem.y[rows], problem.recordings[rows]
    same = ~np.isin(recordings, list(mixed_recordings(recordings, y)))
    if not same.any():
        return None
    joint = combine_segments(recordings[same], P[same])[1]
    _, first = np.unique(recordings[same], return_index=True)
    first = np.flatnonzero(same)[np.sort(first)]  # in order of appearance, like the names
    thresholds = np.asarray(decision.thresholds)[first]
    Y = indicators(y[first], problem.outputs)
    return multilabel_scores(
        Y, joint, joint >= thresholds, problem.bootstrap_groups[rows][first], plan.test_folds[first]
    )


def combine_segments(recordings: Array, P: Array) -> tuple[Array, Array]:
    """Combine the probabilities of the segments of each recording.

    Parameters
    ----------
    recordings : array of str, shape ``(rows,)``
        The recording of each row.
    P : array of float64, shape ``(rows, labels)``
        Probabilities.

    Returns
    -------
    names : array of str, shape ``(recordings,)``
        Recordings in order of appearance.
    joint : array of float64, shape ``(recordings, labels)``
        The probability with the mean log odds of the rows of each. For two classes, the geometric
        mean of probabilities (`featkit.models.probabilities.of_recordings`) is the same.
    """
    names, first, member = np.unique(recordings, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    tiny = np.finfo(np.float64).tiny
    odds = np.zeros((len(names), P.shape[1]))
    np.add.at(odds, place[member], np.log(np.maximum(P, tiny)) - np.log(np.maximum(1 - P, tiny)))
    odds /= np.bincount(place[member], minlength=len(names))[:, None]
    return names[order], expit(odds)


def multilabel_scores(
    Y: Array, P: Array, D: Array, groups: Array, folds: Array | None
) -> MultilabelScores:
    """Compute all metrics of one model, with spread and intervals.

    Parameters
    ----------
    Y : array of bool, shape ``(rows, labels)``
        The true labels.
    P : array of float64, shape ``(rows, labels)``
        Probabilities.
    D : array of bool, shape ``(rows, labels)``
        The predicted labels.
    groups : array, shape ``(rows,)``
        The group of each row: the bootstrap draws whole groups.
    folds : array, shape ``(rows,)``, or None
        The fold in which each row was a test row; None if there are no folds.

    Returns
    -------
    MultilabelScores
    """
    values = metric_values(Y, P, D)
    by_fold: dict[str, dict[str, float]] = {}
    if folds is not None:
        for fold in dict.fromkeys(folds.tolist()):
            rows = folds == fold
            by_fold[str(fold)] = metric_values(Y[rows], P[rows], D[rows])
    low, high = confidence_intervals(Y, P, D, groups)
    scores = {}
    for name in METRICS:
        of_folds = {fold: own[name] for fold, own in by_fold.items() if not np.isnan(own[name])}
        spread = float(np.std(list(of_folds.values()), ddof=1)) if len(of_folds) > 1 else None
        scores[name] = MetricScore(
            value=values[name], std=spread, low=low[name], high=high[name], folds=of_folds
        )
    return MultilabelScores(**scores)


def metric_values(Y: Array, P: Array, D: Array) -> dict[str, float]:
    """Compute all metrics.

    Parameters
    ----------
    Y, P, D
        See `multilabel_scores`.

    Returns
    -------
    dict of str to float
        NaN where a metric is undefined.
    """
    ones = np.ones((1, len(Y)))
    return {name: float(values[0]) for name, values in _weighted_metrics(Y, P, D, ones).items()}


def confidence_intervals(
    Y: Array, P: Array, D: Array, groups: Array
) -> tuple[dict[str, float], dict[str, float]]:
    """Compute 95 % confidence intervals of all metrics by drawing groups with replacement.

    Parameters
    ----------
    Y, P, D, groups
        See `multilabel_scores`.

    Returns
    -------
    low, high : dict of str to float
        Ends of the interval of each metric.

    Notes
    -----
    A label that is in no row of a draw is left out of the means of that draw. Very large tables
    have fewer draws: see `MAX_CELLS`.
    """
    drawn = _drawn_metrics(Y, P, D, groups)
    low, high = (
        {name: float(np.nanpercentile(values, q)) for name, values in drawn.items()}
        for q in INTERVAL
    )
    least = exact_lower_end(len(np.unique(groups)))
    for name in METRICS:
        if low[name] == high[name] == 1:
            low[name] = least
        elif low[name] == high[name] == 0:
            high[name] = 1 - least
    return low, high


def _drawn_metrics(Y: Array, P: Array, D: Array, groups: Array) -> dict[str, Array]:
    """Values of each metric in all draws."""
    names, group = np.unique(groups, return_inverse=True)
    count, at_once = _draws_of(P)
    parts: dict[str, list[Array]] = {name: [] for name in METRICS}
    for times in draws(len(names), count, at_once=at_once):
        for name, values in _weighted_metrics(Y, P, D, times[:, group].astype(float)).items():
            parts[name].append(values)
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _draws_of(P: Array) -> tuple[int, int]:
    """How many draws are made, and how many of them at once."""
    count = MAX_CELLS // max(P.size, 1) // DRAWS_AT_ONCE * DRAWS_AT_ONCE
    at_once = max(k for k in (1, 2, 5, 10, 25, 50) if k == 1 or k * len(P) <= CELLS_AT_ONCE)
    return int(np.clip(count, MIN_DRAWS, DRAWS)), at_once


def _weighted_metrics(Y: Array, P: Array, D: Array, weights: Array) -> dict[str, Array]:
    """All metrics, ``(draws,)`` each, where a row counts as often as ``weights``, (draws, rows)."""
    hits, true, predicted = (weights @ x.astype(np.float64) for x in (Y & D, Y, D))
    n_rows = weights.sum(axis=1)
    present = true > 0
    ap, auc = _label_areas(Y, P, weights)
    wrong = (Y != D).astype(np.float64)
    own_f1 = _ratio(2 * (Y & D).sum(axis=1), Y.sum(axis=1) + D.sum(axis=1), otherwise=1.0)
    return {
        "mean_average_precision": _mean(ap, present),
        "macro_roc_auc": _mean(auc, ~np.isnan(auc)),
        "micro_roc_auc": _micro_auc(Y, P, weights),
        "macro_f1": _mean(_ratio(2 * hits, true + predicted), present),
        "micro_f1": _ratio(2 * hits.sum(axis=1), (true + predicted).sum(axis=1)),
        "samples_f1": weights @ own_f1 / n_rows,
        "macro_precision": _mean(_ratio(hits, predicted), present),
        "micro_precision": _ratio(hits.sum(axis=1), predicted.sum(axis=1)),
        "macro_recall": _mean(_ratio(hits, true), present),
        "micro_recall": _ratio(hits.sum(axis=1), true.sum(axis=1)),
        "hamming_loss": weights @ wrong.mean(axis=1) / n_rows,
        "subset_accuracy": weights @ (wrong.sum(axis=1) == 0) / n_rows,
    }


def compare_label_splits(
    problem: Problem, rows: Array, P: Array, other_rows: Array, other_P: Array
) -> tuple[float, float, PrecisionDifference]:
    """Compare the mean average precision of one candidate by two splits of a table.

    Parameters
    ----------
    problem : Problem
        The table, with labels and groups.
    rows, other_rows : array of int
        Test rows of each split.
    P, other_P : array of float64, shape ``(rows, labels)``
        Probabilities of these rows.

    Returns
    -------
    value, other_value : float
        Mean average precision by each split.
    difference : PrecisionDifference
        How much higher the second is; the same groups are drawn for both.
    """
    names, group = np.unique(problem.bootstrap_groups, return_inverse=True)
    predicted = ~(np.isnan(P).any(axis=0) | np.isnan(other_P).any(axis=0))
    splits = [
        (indicators(problem.y[own], problem.outputs)[:, predicted], own_P[:, predicted], group[own])
        for own, own_P in ((rows, P), (other_rows, other_P))
    ]
    count, at_once = _draws_of(P)
    drawn = []
    for times in draws(len(names), count, at_once=at_once):
        one, other = (_mean_precision(Y, p, times[:, own].astype(float)) for Y, p, own in splits)
        drawn.append(other - one)
    low, high = np.nanpercentile(np.concatenate(drawn), INTERVAL)
    value, other_value = (
        float(_mean_precision(Y, p, np.ones((1, len(Y))))[0]) for Y, p, _ in splits
    )
    difference = PrecisionDifference(value=other_value - value, low=float(low), high=float(high))
    return value, other_value, difference


def _mean_precision(Y: Array, P: Array, weights: Array) -> Array:
    """The mean average precision of each draw."""
    ap, _ = _label_areas(Y, P, weights)
    return _mean(ap, ~np.isnan(ap))


def _ratio(top: Array, bottom: Array, otherwise: float = 0.0) -> Array:
    """The ratio of two arrays, `otherwise` where both are 0."""
    full = np.full(np.shape(bottom), otherwise, dtype=np.float64)
    return np.divide(top, bottom, out=full, where=np.asarray(bottom) > 0)


def _mean(values: Array, used: Array) -> Array:
    """Mean over labels of the values in use, ``(draws,)``; NaN without any."""
    return _ratio(np.where(used, values, 0.0).sum(axis=1), used.sum(axis=1), otherwise=np.nan)


def _label_areas(Y: Array, P: Array, weights: Array) -> tuple[Array, Array]:
    """Average precision and area under the ROC curve of each label, ``(draws, labels)``.

    NaN where undefined.
    """
    pairs = [_areas(present, p, weights) for present, p in zip(Y.T, P.T, strict=True)]
    ap, auc = (np.stack([own[k] for own in pairs], axis=1) for k in range(2))
    return ap, auc


def _areas(present: Array, p: Array, weights: Array) -> tuple[Array, Array]:
    """The areas under both curves of one label, ``(draws,)`` each."""
    order, last = order_thresholds(p)
    sorted_weights = weights[:, order]
    true = np.cumsum(sorted_weights * present[order], axis=1)[:, last]
    auc, ap = areas(true, np.cumsum(sorted_weights, axis=1)[:, last] - true)
    return ap, auc


def _micro_auc(Y: Array, P: Array, weights: Array) -> Array:
    """Area under the ROC curve of all pairs of row and label, ``(draws,)``."""
    n_labels = Y.shape[1]
    present, p = Y.ravel(), P.ravel()
    order, last = order_thresholds(p)
    row, present = order // n_labels, present[order]
    values = []
    for own in weights:  # one draw at a time: there are many pairs
        pair_weights = own[row]
        true = np.cumsum(pair_weights * present)[last]
        values.append(areas(true, np.cumsum(pair_weights)[last] - true)[0])
    return np.array(values)


def label_scores(
    Y: Array, P: Array, D: Array, labels: Sequence[str], thresholds: Sequence[float]
) -> list[LabelScores]:
    """Compute the scores of each label.

    Parameters
    ----------
    Y, P, D
        See `multilabel_scores`.
    labels : sequence of str
        Names of the columns.
    thresholds : sequence of float
        Threshold of each label in the final model.

    Returns
    -------
    list of LabelScores
    """
    ap, auc = (own[0] for own in _label_areas(Y, P, np.ones((1, len(Y)))))
    scores = []
    for k, name in enumerate(labels):
        hits, support, predicted = (int(np.sum(x[:, k])) for x in (Y & D, Y, D))
        scores.append(
            LabelScores(
                name=name,
                support=support,
                predicted=predicted,
                missed=support - hits,
                added=predicted - hits,
                average_precision=None if np.isnan(ap[k]) else float(ap[k]),
                roc_auc=None if np.isnan(auc[k]) else float(auc[k]),
                precision=hits / predicted if predicted else None,
                recall=hits / support if support else None,
                f1=2 * hits / (support + predicted) if support else None,
                threshold=float(thresholds[k]),
            )
        )
    return scores


def co_occurrence(Y: Array) -> list[list[int]]:
    """Count the rows with both labels of each pair.

    Parameters
    ----------
    Y : array of bool, shape ``(rows, labels)``
        The labels of each row.

    Returns
    -------
    list of list of int
        A row and a column for each label; in the diagonal, the rows that have the label.
    """
    counts = Y.T.astype(np.int64) @ Y.astype(np.int64)
    return [list(map(int, row)) for row in counts]


def balanced_label_loss(Y: Array, P: Array) -> float:
    """Compute the mean over labels of the log loss with equal weight of present and absent.

    It selects models. Labels that all rows have, or none, are left out, and so are probabilities
    that are NaN.

    Parameters
    ----------
    Y, P
        See `multilabel_scores`.

    Returns
    -------
    float
        At least 0; lower is better. ln 2, the loss of a model that knows nothing, if no label can
        be scored.
    """
    losses = [_balanced_loss(present, p) for present, p in zip(Y.T, P.T, strict=True)]
    scored = [loss for loss in losses if not np.isnan(loss)]
    return float(np.mean(scored)) if scored else float(np.log(2))


def _balanced_loss(present: Array, p: Array) -> float:
    defined = ~np.isnan(p)
    present, p = present[defined], p[defined]
    if not 0 < present.sum() < len(present):
        return np.nan
    eps = np.finfo(np.float64).eps
    true = np.clip(np.where(present, p, 1 - p), eps, 1 - eps)
    return float(-(np.log(true[present]).mean() + np.log(true[~present]).mean()) / 2)
