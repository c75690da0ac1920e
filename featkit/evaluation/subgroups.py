"""Scores by the values of a column, such as sex or device, and the largest difference.

References
----------
.. [1] J. P. Romano, M. Wolf, "Stepwise multiple testing as formalized data snooping", Econometrica
   73, 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.evaluation._intervals import drawn_sums, exact_margin
from featkit.evaluation.result import SubgroupComparison, SubgroupScores, ValueInterval
from featkit.models.bootstrap import INTERVAL
from featkit.models.score_types import METRICS
from featkit.models.scores import confidence_intervals, metric_values, predicted
from featkit.models.splits import natural_order

MAX_VALUES = 50
"""Most values of a column by which scores are split."""

MIN_GROUPS = 10
"""A subgroup with fewer groups is small."""


def subgroup_comparison(
    column: str,
    values: Array,
    y: Array,
    P: Array,
    classes: Sequence[str],
    groups: Array,
    recordings: Array,
    unpredictable: Array | None = None,
    costs: Array | None = None,
) -> SubgroupComparison:
    """Score the rows of each value of a column, and compare the best with the worst.

    Parameters
    ----------
    column : str
        Name of the column.
    values : array of str, shape ``(rows,)``
        Its value in each row; "" where missing.
    y : array of str, shape ``(rows,)``
        True classes.
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    groups : array of str, shape ``(rows,)``
        The group of each row: the bootstrap draws whole groups.
    recordings : array of str, shape ``(rows,)``
        The recording of each row.
    unpredictable : array of bool, shape ``(rows,)``, optional
        Rows whose class the model was not trained on; see `featkit.models.absent_classes`.
    costs : array of float64, shape ``(classes, classes)``, optional
        See `featkit.models.decisions.decide`.

    Returns
    -------
    SubgroupComparison
        Rows without a value have scores, but take no part in the largest difference. Neither do
        subgroups with fewer than `MIN_GROUPS` groups, unless fewer than two others are left.

    Raises
    ------
    ParameterError
        If the column has more than `MAX_VALUES` values.

    Notes
    -----
    The best and the worst subgroup are chosen after looking at the scores. An interval of the
    difference of two subgroups that were chosen beforehand would be too narrow: among many equal
    subgroups, some differ by chance. The interval is therefore simultaneous for all pairs [1]_.
    In each draw of groups, the deviation of the difference of each pair from its observed value is
    divided by its standard deviation over the draws. The 95th percentile of the largest of these is
    the half-width of the interval, in standard deviations. If all subgroups are equally accurate,
    the interval contains 0 in about 95 % of datasets, somewhat less with dozens of small subgroups.
    If a subgroup is all correct or all wrong, the draws show no uncertainty; the interval is then
    wider by the exact one, as in `featkit.models.scores.confidence_intervals`, with 2.5 % divided
    by the number of subgroups.

    The observed difference itself is not corrected. It is above 0 even if all subgroups are equally
    accurate.
    """
    _check_number(column, values)
    if unpredictable is None:
        unpredictable = np.zeros(len(y), dtype=bool)
    names = [*_in_order(values[values != ""]), *{""}.intersection(values.tolist())]
    scores = [
        _scores(
            name, y[own], P[own], classes, groups[own], recordings[own], unpredictable[own], costs
        )
        for name, own in ((name, values == name) for name in names)
    ]
    compared = _compared(scores)
    highest = max(compared, key=_accuracy)
    lowest = min(reversed(compared), key=_accuracy)
    hits = predicted(P, classes, costs) == y
    return SubgroupComparison(
        column=column,
        subgroups=scores,
        highest=highest.value,
        lowest=lowest.value,
        difference=_largest_difference(compared, highest, lowest, values, hits, groups),
        small=[own.value for own in scores if own.groups < MIN_GROUPS],
    )


def _check_number(column: str, values: Array) -> None:
    names = set(values.tolist()) - {""}
    if len(names) <= MAX_VALUES:
        return
    if all(map(_is_number, names)):
        remedy = "bin the numbers into a few ranges in a new column, and name that column"
    else:
        remedy = "merge its values into fewer, or name another column"
    raise ParameterError(
        f"column {column!r} has {len(names):,} different values in the scored rows, but scores are"
        f" split by at most {MAX_VALUES}: {remedy}"
    )


def _in_order(values: Array) -> list[str]:
    """The distinct values: numbers by size, others in natural order."""
    names = list(natural_order(values))
    return sorted(names, key=float) if all(map(_is_number, names)) else names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _scores(
    name: str,
    y: Array,
    P: Array,
    classes: Sequence[str],
    groups: Array,
    recordings: Array,
    unpredictable: Array,
    costs: Array | None,
) -> SubgroupScores:
    """Score the rows of one subgroup; one group alone has no interval.

    Metrics that leave out all rows are left out, too.
    """
    values = metric_values(y, P, classes, unpredictable, costs)
    n_groups = len(np.unique(groups))
    scored = [metric for metric in METRICS if np.isfinite(values[metric])]
    ends: dict[str, dict[str, float]] = {metric: {} for metric in METRICS}
    if n_groups > 1:
        low, high = confidence_intervals(y, P, classes, groups, unpredictable, costs)
        ends = {metric: {"low": low[metric], "high": high[metric]} for metric in METRICS}
    return SubgroupScores(
        value=name,
        rows=len(y),
        recordings=len(np.unique(recordings)),
        groups=n_groups,
        metrics={metric: ValueInterval(value=values[metric], **ends[metric]) for metric in scored},
    )


def _accuracy(scores: SubgroupScores) -> float:
    return scores.metrics["accuracy"].value


def _compared(scores: Sequence[SubgroupScores]) -> list[SubgroupScores]:
    """Return the subgroups that take part in the largest difference."""
    named = [own for own in scores if own.value] or list(scores)
    large = [own for own in named if own.groups >= MIN_GROUPS]
    return large if len(large) > 1 else named


def _largest_difference(
    compared: Sequence[SubgroupScores],
    highest: SubgroupScores,
    lowest: SubgroupScores,
    values: Array,
    hits: Array,
    groups: Array,
) -> ValueInterval:
    """Subtract the lowest accuracy from the highest, with a simultaneous interval."""
    value = _accuracy(highest) - _accuracy(lowest)
    if len(compared) == 1 or min(highest.groups, lowest.groups) < 2:
        return ValueInterval(value=value)
    half = _half_width(compared, highest, lowest, values, hits, groups)
    low, high = value - half, value + half
    for own in (highest, lowest):
        margin = exact_margin(own.groups, intervals=len(compared))
        if _accuracy(own) not in (0, 1):
            continue
        if (own is highest) == (_accuracy(own) == 1):
            low -= margin
        else:
            high += margin
    return ValueInterval(value=value, low=max(low, -1.0), high=min(high, 1.0))


def _half_width(
    compared: Sequence[SubgroupScores],
    highest: SubgroupScores,
    lowest: SubgroupScores,
    values: Array,
    hits: Array,
    groups: Array,
) -> float:
    """Half the width of the interval of one difference if those of all pairs hold together."""
    rows = values[:, None] == np.array([own.value for own in compared])
    drawn = drawn_sums(np.hstack([rows & hits[:, None], rows]), groups)
    drawn_hits, drawn_rows = np.hsplit(drawn, 2)
    drawn_rows[drawn_rows == 0] = np.nan  # a draw without any group of the subgroup
    errors = drawn_hits / drawn_rows - [_accuracy(own) for own in compared]
    pairs = list(combinations(range(len(compared)), 2))
    deviations = np.stack([np.abs(errors[:, i] - errors[:, j]) for i, j in pairs], axis=1)
    spread = np.sqrt(np.nanmean(deviations**2, axis=0))
    scaled = np.nan_to_num(deviations / np.where(spread > 0, spread, np.inf))
    width = np.percentile(scaled.max(axis=1), INTERVAL[1] - INTERVAL[0])
    i, j = sorted((compared.index(highest), compared.index(lowest)))
    return float(width * spread[pairs.index((i, j))])
