"""ROC and precision-recall curves of the test rows, and thresholds of probabilities.

The areas are those of scikit-learn: `roc_auc_score` with the trapezoidal rule, and
`average_precision_score` without interpolation [1]_. The probabilities of all folds are pooled.
Intervals draw whole groups with replacement, as in `featkit.models.bootstrap`.

References
----------
.. [1] K. Boyd, K. H. Eng, C. D. Page, "Area under the precision-recall curve: point estimates and
   confidence intervals", ECML PKDD 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.models.bootstrap import DRAWS, INTERVAL, draws, exact_lower_end, group_sums
from featkit.models.curve_types import AreaScore, Curve, Curves, InnerThreshold, OperatingPoint

MAX_POINTS = 200
"""Greatest number of thresholds of a curve."""

LEVELS = (0.8, 0.9, 0.95)
"""Recall and precision that operating points reach."""

FEWEST_DRAWS = 200
"""Draws of groups for intervals of large tables."""

MAX_DRAWN = 10**8
"""Rows of all draws and classes beyond which fewer groups are drawn, some seconds of work."""

MAX_DRAWN_THRESHOLDS = 4000
"""Greatest number of thresholds of the areas of drawn groups."""

DRAWN_AT_ONCE = 10
"""Draws of groups that are held at once."""

MICRO = "micro average"


class Counts(NamedTuple):
    """Counts at each distinct probability, from the greatest down.

    Attributes
    ----------
    thresholds : array of float64, shape ``(thresholds,)``
        The probabilities.
    true_positives, false_positives : array of int, shape ``(thresholds,)``
        Positive and negative rows whose probability is at least the threshold.
    """

    thresholds: Array
    true_positives: Array
    false_positives: Array


def count_thresholds(positive: Array, probability: Array) -> Counts:
    """Count the positive and negative rows at each threshold.

    Parameters
    ----------
    positive : array of bool, shape ``(rows,)``
        Whether each row is of the class.
    probability : array of float64, shape ``(rows,)``
        Probability of the class.

    Returns
    -------
    Counts
    """
    order, last = order_thresholds(probability)
    hits = np.cumsum(positive[order])[last]
    return Counts(probability[order][last], hits, last + 1 - hits)


def order_thresholds(probability: Array) -> tuple[Array, Array]:
    """Sort rows by decreasing probability.

    Parameters
    ----------
    probability : array of float64, shape ``(rows,)``
        Probability of the class.

    Returns
    -------
    order : array of int, shape ``(rows,)``
        Numbers of the rows.
    last : array of int, shape ``(thresholds,)``
        Place in `order` of the last row of each distinct probability.
    """
    order = np.argsort(-probability, kind="stable")
    ordered = probability[order]
    return order, np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))


def areas(true_positives: Array, false_positives: Array) -> tuple[Array, Array]:
    """Compute ROC AUC and average precision from counts at decreasing thresholds.

    Parameters
    ----------
    true_positives, false_positives : array, shape ``(..., thresholds)``
        Counts; the last ones are those of all rows.

    Returns
    -------
    roc_auc, average_precision : array of float64, shape ``(...)``
        NaN without positive rows; the first one also without negative rows.
    """
    tp, fp = (np.asarray(counts, dtype=np.float64) for counts in (true_positives, false_positives))
    gained = np.diff(tp, axis=-1, prepend=0)
    heights = tp - gained / 2
    positives, negatives = tp[..., -1], fp[..., -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        roc = np.sum(np.diff(fp, axis=-1, prepend=0) * heights, axis=-1) / (positives * negatives)
        precision = tp / np.maximum(tp + fp, 1e-300)
        average = np.sum(gained * precision, axis=-1) / positives
    return np.where(positives * negatives > 0, roc, np.nan), np.where(
        positives > 0, average, np.nan
    )


def operating_points(counts: Counts, levels: Sequence[float] = LEVELS) -> list[OperatingPoint]:
    """Select thresholds: the greatest F1, and those that reach a recall or a precision.

    Parameters
    ----------
    counts : Counts
        Of all thresholds, with at least one positive and one negative row.
    levels : sequence of float
        Recall and precision to reach, 0 to 1.

    Returns
    -------
    list of OperatingPoint
        A precision that no threshold reaches is left out. Of equal F1, the greatest threshold.
    """
    tp, fp = counts.true_positives, counts.false_positives
    recall, precision = tp / tp[-1], tp / (tp + fp)
    places = {"F1": int(np.argmax(2 * tp / (tp + fp + tp[-1])))}
    for level in levels:
        places[f"recall {level:g}"] = int(np.flatnonzero(recall >= level)[0])
    for level in levels:
        reached = np.flatnonzero((precision >= level) & (tp > 0))
        if len(reached):
            places[f"precision {level:g}"] = int(reached[-1])
    return [_operating_point(goal, counts, k) for goal, k in places.items()]


def _operating_point(goal: str, counts: Counts, k: int) -> OperatingPoint:
    tp, fp = int(counts.true_positives[k]), int(counts.false_positives[k])
    positives, negatives = int(counts.true_positives[-1]), int(counts.false_positives[-1])
    return OperatingPoint(
        goal=goal,
        threshold=float(counts.thresholds[k]),
        precision=tp / (tp + fp),
        recall=tp / positives,
        f1=2 * tp / (tp + fp + positives),
        false_positive_rate=fp / negatives,
        predicted=tp + fp,
    )


def _kept_places(counts: Counts, most: int = MAX_POINTS) -> Array:
    """At most some thresholds, evenly spread over recall and false positive rate."""
    n = len(counts.thresholds)
    if n <= most:
        return np.arange(n)
    levels = np.linspace(0, 1, most // 2)
    places = [
        np.searchsorted(own, levels * own[-1])
        for own in (counts.true_positives, counts.false_positives)
    ]
    return np.union1d(*places)


def evaluate_curves(
    y: Array,
    P: Array,
    classes: Sequence[str],
    groups: Array,
    unpredictable: Array | None = None,
    *,
    positive: str | None = None,
) -> Curves | None:
    """Compute the curves of each class, and their averages.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        The true classes.
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    groups : array, shape ``(rows,)``
        The group of each row: intervals draw whole groups.
    unpredictable : array of bool, shape ``(rows,)``, optional
        Rows whose class the model of their fold was not trained on. They are negative rows of the
        other classes. The curve of their class leaves them out, and so does the micro average.
    positive : str, optional
        Of two classes, the one that the curve is of; by default the one with fewer rows.

    Returns
    -------
    Curves or None
        None if no class has positive and negative rows.
    """
    if unpredictable is None:
        unpredictable = np.zeros(len(y), dtype=bool)
    truth = np.searchsorted(classes, y)[:, None] == np.arange(len(classes))
    scored = ~(truth & unpredictable[:, None])
    shown = [k for k in range(len(classes)) if _has_both(truth[scored[:, k], k])]
    if not shown:
        return None
    if len(classes) == 2:
        shown = [list(classes).index(positive or positive_class(y, classes))]
    _, group = np.unique(groups, return_inverse=True)
    n_draws = _draw_count(len(y) * len(shown) * (2 if len(shown) > 1 else 1))
    curves, drawn = [], []
    for k in shown:
        own = scored[:, k]
        curve, values = _curve(classes[k], truth[own, k], P[own, k], group[own], n_draws)
        curves.append(curve)
        drawn.append(values)
    macro = _macro(curves, drawn)
    micro = None
    if len(classes) > 2:
        pair_truth, pair_P = (array[~unpredictable].ravel() for array in (truth, P))
        pair_groups = np.repeat(group[~unpredictable], len(classes))
        micro, _ = _curve(MICRO, pair_truth, pair_P, pair_groups, n_draws)
    return Curves(
        classes=curves,
        macro_roc_auc=macro[0],
        macro_average_precision=macro[1],
        micro=micro,
    )


def positive_class(y: Array, classes: Sequence[str]) -> str:
    """Return the positive one of two classes: that with fewer rows, the second one of equals.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        The true classes.
    classes : sequence of str
        Both, in order.

    Returns
    -------
    str
    """
    first, second = classes
    return first if np.sum(y == first) < np.sum(y == second) else second


def _has_both(positive: Array) -> bool:
    return bool(positive.any() and not positive.all())


def _draw_count(rows: int) -> int:
    """`DRAWS`, or fewer for many rows, but not fewer than `FEWEST_DRAWS`."""
    return DRAWS if rows * DRAWS <= MAX_DRAWN else FEWEST_DRAWS


def _curve(
    name: str, positive: Array, probability: Array, group: Array, n_draws: int
) -> tuple[Curve, Array]:
    """The curve of one class, and its areas in each draw, ``(2, draws)``."""
    counts = count_thresholds(positive, probability)
    kept = _kept_places(counts)
    drawn = _drawn_areas(positive, probability, group, counts, n_draws)
    least = exact_lower_end(len(np.unique(group[positive])))
    scores = [
        _area(float(value), values, least)
        for value, values in zip(areas(*counts[1:]), drawn, strict=True)
    ]
    curve = Curve(
        name=name,
        positives=int(counts.true_positives[-1]),
        negatives=int(counts.false_positives[-1]),
        roc_auc=scores[0],
        average_precision=scores[1],
        thresholds=counts.thresholds[kept].tolist(),
        true_positives=counts.true_positives[kept].tolist(),
        false_positives=counts.false_positives[kept].tolist(),
        points=operating_points(counts),
    )
    return curve, drawn


def _drawn_areas(
    positive: Array, probability: Array, group: Array, counts: Counts, n_draws: int
) -> Array:
    """Both areas in each draw of groups, ``(2, draws)``."""
    kept = _kept_places(counts, MAX_DRAWN_THRESHOLDS)
    place = np.searchsorted(-counts.thresholds[kept], -probability)
    n_groups, n_cells = int(group.max()) + 1, 2 * len(kept)
    add_counts = group_sums(group, 2 * place + positive, n_groups, n_cells)
    drawn = []
    for times in draws(n_groups, n_draws, at_once=DRAWN_AT_ONCE):
        misses, hits = np.moveaxis(add_counts(times).reshape(-1, len(kept), 2), -1, 0)
        drawn.append(areas(np.cumsum(hits, axis=1), np.cumsum(misses, axis=1)))
    # The thresholds that are left out change the areas of all draws by nearly the same.
    lost = np.subtract(
        areas(*counts[1:]), areas(counts.true_positives[kept], counts.false_positives[kept])
    )
    return np.minimum(np.concatenate(drawn, axis=1) + lost[:, None], 1.0)


def _area(value: float, drawn: Array, least: float) -> AreaScore:
    """An area with its interval, whose lower end is `least` if all draws are perfect.

    This is the exact end of a share, for as many trials as groups have the class.
    """
    defined = drawn[np.isfinite(drawn)]
    low, high = np.percentile(defined, INTERVAL) if len(defined) else (value, value)
    if low == high == 1:
        low = least
    return AreaScore(value=value, low=float(low), high=float(high))


def _macro(curves: Sequence[Curve], drawn: Sequence[Array]) -> tuple[AreaScore, AreaScore]:
    """Means of both areas over classes; in each draw over those that it has."""
    stacked = np.stack(drawn)
    defined = np.isfinite(stacked)
    n_defined = defined.sum(axis=0)
    means = np.where(n_defined > 0, np.where(defined, stacked, 0).sum(axis=0), np.nan)
    means = means / np.maximum(n_defined, 1)
    roc, average = (
        _area(float(np.mean([area.value for area in own])), values, min(area.low for area in own))
        for own, values in zip(
            ([c.roc_auc for c in curves], [c.average_precision for c in curves]), means, strict=True
        )
    )
    return roc, average


def inner_threshold(
    y: Array,
    probability: Array,
    folds: Sequence[Array],
    inner: Sequence[tuple[Array, Array]],
    positive: str,
) -> InnerThreshold:
    """Score the test rows with thresholds that inner folds choose: those of the greatest F1.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        True classes of the test rows.
    probability : array of float64, shape ``(rows,)``
        Their probability of the positive class.
    folds : sequence of array of int
        Positions of the test rows of each fold.
    inner : sequence of tuple of array
        For each fold the true classes and the probabilities of the validation rows of its inner
        folds.
    positive : str
        The positive class.

    Returns
    -------
    InnerThreshold
    """
    from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support

    predicted, thresholds = np.zeros(len(y), dtype=bool), []
    for rows, (inner_y, inner_probability) in zip(folds, inner, strict=True):
        counts = count_thresholds(inner_y == positive, inner_probability)
        tp, fp = counts.true_positives, counts.false_positives
        best = int(np.argmax(2 * tp / (tp + fp + tp[-1])))
        thresholds.append(float(counts.thresholds[best]))
        predicted[rows] = probability[rows] >= thresholds[-1]
    truth = y == positive
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, predicted, average="binary", zero_division=0
    )
    return InnerThreshold(
        name=positive,
        goal="F1",
        thresholds=thresholds,
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        accuracy=float(np.mean(truth == predicted)),
        balanced_accuracy=float(balanced_accuracy_score(truth, predicted)),
    )
