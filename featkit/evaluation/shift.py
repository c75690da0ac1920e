"""Differences between the training table and another dataset, by column, family and condition.

Rows are compared within classes: each class that occurs in both has the same share on both sides,
so that other frequencies of the classes do not count as shift. Recording conditions, such as native
rate and level, are compared in the same way, with a threshold of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featkit._utils.formatting import counted, plural
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.evaluation._distances import FALSE_ALARMS, Distances, distances, interval
from featkit.evaluation._pooled_rows import PooledRows, observed_weights, pool, smallest_p_value
from featkit.evaluation._shift_columns import (
    ShiftColumns,
    Sides,
    condition_columns,
    feature_columns,
    format_shares,
    with_formats,
)
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.domain_classifier import FOLDS, domain_classifier
from featkit.evaluation.result import ColumnShift, DomainClassifier, FamilyShift, Shift
from featkit.models.recording_conditions import recording_conditions

MAX_ROWS = 2000
"""Most rows of each side that are compared; of more, a random sample."""

FEWEST_ROWS = 5
"""Rows of a rare class that a sample keeps."""

FEW_GROUPS = 10
"""Groups of one side below which intervals are narrower than they should be."""

COPIES = 0.3
"""AUC below which recordings of both sides are probably copies: a classifier that was trained on
the copy of a test row answers the wrong side."""

ROUNDING = 1e-9
"""Rounding error of a sum of weights."""


def measure_shift(
    home: DatasetRows,
    here: DatasetRows,
    schema: Mapping[str, Mapping[str, Any]],
    *,
    seed: int = 0,
) -> Shift:
    """Compare the training rows with the rows of another dataset.

    Parameters
    ----------
    home, here : DatasetRows
        Training rows, and rows of the other dataset, with the same columns.
    schema : mapping of str to mapping
        Description of each column, with ``family`` and ``unit``; columns may be missing.
    seed : int
        Seed of all random draws.

    Returns
    -------
    Shift

    Raises
    ------
    ParameterError
        If the columns are not the same, or no class occurs in both datasets.

    Notes
    -----
    The distance of a column is the Kolmogorov-Smirnov distance of its two distributions. Undefined
    values count as smaller than all others. If there are more than `MAX_ROWS` rows on one side, a
    random sample of rows is compared. Since rows of a group are not independent, chance is
    estimated by exchanging whole groups between the sides within their classes, and by drawing
    groups with replacement. If no column differs, the probability that any is flagged is at most
    5 %.
    """
    if list(home.columns) != list(here.columns):
        raise ParameterError(f"{home.name!r} and {here.name!r} have different feature columns")
    classes = _common_classes(home, here)
    rng = np.random.default_rng(seed)
    rows = [_sample(side, classes, rng) for side in (home, here)]
    pooled = pool(home, here, rows)
    unit = here.unit if home.unit == here.unit else "group"
    features = feature_columns(home, here, rows, schema)
    measured = distances(features.X, pooled, seed=seed)
    sides = (recording_conditions(home.table), recording_conditions(here.table))
    conditions = condition_columns(sides, rows)
    conditions_X, names = with_formats(conditions, sides, rows)
    classifier = domain_classifier(features.X, features.names, pooled, unit=unit, seed=seed)
    return Shift(
        home_rows=len(rows[0]),
        rows=len(rows[1]),
        classes=classes,
        threshold=measured.threshold,
        columns=_column_shifts(features, measured, pooled),
        families=_family_shifts(features, measured, pooled),
        conditions=_condition_shifts(conditions, pooled, seed),
        formats=format_shares(sides),
        classifier=classifier,
        conditions_classifier=domain_classifier(conditions_X, names, pooled, unit=unit, seed=seed),
        notes=[
            *_row_notes(home, here, classes, rows),
            *_group_notes(pooled, unit),
            *_condition_notes(home, here, sides),
            *_classifier_notes(classifier, pooled, unit),
        ],
    )


def _common_classes(home: DatasetRows, here: DatasetRows) -> list[str]:
    classes = sorted(set(home.y.tolist()) & set(here.y.tolist()))
    if not classes:
        raise ParameterError(
            f"{home.name!r} and {here.name!r} have no class in common, and rows are compared"
            " within classes: map the labels of both to common classes"
        )
    return classes


def _sample(side: DatasetRows, classes: Sequence[str], rng: np.random.Generator) -> Array:
    """Numbers of the rows of these classes; of more than `MAX_ROWS`, a random sample.

    Each class keeps its share, but at least `FEWEST_ROWS` rows.
    """
    rows = np.flatnonzero(np.isin(side.y, classes))
    if len(rows) <= MAX_ROWS:
        return rows
    priority = np.empty(len(rows))
    for name in classes:
        member = np.flatnonzero(side.y[rows] == name)
        rank = rng.permutation(len(member))
        priority[member] = np.where(
            rank < FEWEST_ROWS, rank - FEWEST_ROWS, (rank + 0.5) / len(member)
        )
    return np.sort(rows[np.argsort(priority, kind="stable")[:MAX_ROWS]])


def _column_shifts(
    columns: ShiftColumns, measured: Distances, pooled: PooledRows
) -> list[ColumnShift]:
    """Shift of each column, the largest first."""
    weights = np.abs(observed_weights(pooled))
    home, here = ~pooled.here, pooled.here
    shifts = [
        ColumnShift(
            column=name,
            family=columns.families[k],
            unit=columns.units[k],
            distance=interval(measured.columns, np.array([k]), pooled.fewest_groups),
            differs=bool(measured.differs[k]),
            home_median=_median(columns.X[home, k], weights[home]),
            median=_median(columns.X[here, k], weights[here]),
        )
        for k, name in enumerate(columns.names)
    ]
    return sorted(shifts, key=lambda shift: -shift.distance.value)


def _condition_shifts(conditions: ShiftColumns, pooled: PooledRows, seed: int) -> list[ColumnShift]:
    if not conditions.names:
        return []
    return _column_shifts(conditions, distances(conditions.X, pooled, seed=seed), pooled)


def _family_shifts(
    columns: ShiftColumns, measured: Distances, pooled: PooledRows
) -> list[FamilyShift]:
    """Mean shift of each family, the largest first."""
    families = np.array(columns.families)
    shifts = []
    for family in dict.fromkeys(columns.families):
        member = families == family
        shifts.append(
            FamilyShift(
                family=family,
                columns=int(member.sum()),
                differing=int(measured.differs[member].sum()),
                distance=interval(measured.columns, member, pooled.fewest_groups),
            )
        )
    return sorted(shifts, key=lambda shift: -shift.distance.value)


def _median(x: Array, weights: Array) -> float | None:
    """Weighted median of the defined values; halfway between two, if both are medians."""
    defined = ~np.isnan(x) & (weights > 0)
    x, weights = x[defined], weights[defined]
    if not len(x):
        return None
    order = np.argsort(x, kind="stable")
    sums = np.cumsum(weights[order]) / weights.sum()
    low, high = x[order[np.searchsorted(sums, [0.5 - ROUNDING, 0.5 + ROUNDING])]]
    return float(low if low == high else low / 2 + high / 2)


def _row_notes(
    home: DatasetRows, here: DatasetRows, classes: Sequence[str], rows: Sequence[Array]
) -> list[str]:
    """Rows and classes that are not compared."""
    notes = []
    for side, own in zip((home, here), rows, strict=True):
        missing = sorted(set(side.y.tolist()) - set(classes))
        if missing:
            notes.append(
                f"Rows of {side.name} of {counted(len(missing), 'class', 'classes')} are not"
                f" compared, because the other dataset has none: {', '.join(missing)}."
            )
        available = int(np.isin(side.y, classes).sum())
        if available > len(own):
            notes.append(f"{len(own):,} of {available:,} rows of {side.name} were drawn at random.")
    return notes


def _group_notes(pooled: PooledRows, unit: str) -> list[str]:
    """Caveats of few groups."""
    notes = []
    fewest = pooled.fewest_groups
    if smallest_p_value(pooled) > FALSE_ALARMS:
        notes.append(
            f"No column can be flagged: with {counted(fewest, unit)} on one side, too few random"
            " divisions are possible to tell a difference from chance."
        )
    elif fewest < FEW_GROUPS:
        notes.append(
            f"One side has only {counted(fewest, unit)}: intervals and threshold are imprecise."
        )
    return notes


def _condition_notes(home: DatasetRows, here: DatasetRows, sides: Sides) -> list[str]:
    """Recording conditions that cannot be compared."""
    missing = [side.name for side, own in zip((home, here), sides, strict=True) if own is None]
    if missing:
        return [
            f"Recording conditions are not compared: no quality columns in {' and '.join(missing)}."
        ]
    names = [set(own.names) for own in sides if own is not None]
    return [
        f"Recording conditions that only {side.name} has: {', '.join(sorted(extra))}."
        for side, extra in ((home, names[0] - names[1]), (here, names[1] - names[0]))
        if extra
    ]


def _classifier_notes(
    classifier: DomainClassifier | None, pooled: PooledRows, unit: str
) -> list[str]:
    if classifier is None:
        return [
            f"No classifier was trained: it needs {FOLDS} {plural(unit)} on each side, and one side"
            f" has {pooled.fewest_groups}."
        ]
    if classifier.auc.value < COPIES:
        return [
            "The classifier is worse than chance: recordings of the two datasets are probably"
            " copies of each other, with other names."
        ]
    return []
