"""How the recording conditions of one class differ from those of all others, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from featkit._utils.formatting import duration, percent, sample_rate, significant
from featkit._utils.typing import Array
from featkit.models.recording_conditions import (
    EQUIPMENT,
    FORMAT,
    RecordingConditions,
    condition_name,
)

MAX_VALUES = 3
"""Values of equipment that a summary lists."""


@dataclass(frozen=True)
class Contrast:
    """The class whose recordings a condition distinguishes best.

    Attributes
    ----------
    condition : str
        The condition.
    group : str
        The class, or the part of a split.
    strength : float
        From 0 to 1: for equipment, the share of the class with the value minus that of the others;
        for numbers, ``|2 AUC - 1|`` of the class against the others.
    text : str
        A clause with the numbers.
    """

    condition: str
    group: str
    strength: float
    text: str


def condition_values(conditions: RecordingConditions, condition: str) -> Array:
    """Return one condition of all rows.

    Parameters
    ----------
    conditions : RecordingConditions
        Conditions of all rows.
    condition : str
        One of them.

    Returns
    -------
    array, shape ``(rows,)``
        Numbers; text for the format.
    """
    if condition == FORMAT:
        assert conditions.formats is not None
        return conditions.formats
    return np.asarray(conditions.X[:, conditions.names.index(condition)])


def shown_value(condition: str, value: float | str) -> str:
    """Format the value of a condition with its unit.

    Parameters
    ----------
    condition : str
        The condition.
    value : float or str
        In the unit of its quality column; NaN or "" if it is unknown.

    Returns
    -------
    str
        Such as ``"44,100 Hz"``.
    """
    if isinstance(value, str):
        return value or "unknown"
    if np.isnan(value):
        return "unknown"
    if condition in ("sample_rate", "bandwidth"):
        return sample_rate(float(significant(value).replace(",", "")))
    if condition == "duration":
        return duration(value)
    if condition == "level":
        return f"{value:.1f} dBFS"
    if condition == "channels":
        return f"{value:.0f} channel{'s' if value != 1 else ''}"
    if condition == "clipped_share":
        return percent(value)
    return significant(value)


def summary(conditions: RecordingConditions, condition: str, rows: Array) -> str:
    """Summarise a condition of some rows.

    Parameters
    ----------
    conditions : RecordingConditions
        Conditions of all rows.
    condition : str
        One of them.
    rows : array of int or bool
        The rows.

    Returns
    -------
    str
        For equipment, counts of the most common values; otherwise the median, with the 5th and the
        95th percentile.
    """
    values = condition_values(conditions, condition)[rows]
    if condition in EQUIPMENT:
        counts = Counter(shown_value(condition, value) for value in values.tolist())
        common = counts.most_common(MAX_VALUES)
        more = [f"{len(counts) - MAX_VALUES} more"] if len(counts) > MAX_VALUES else []
        return ", ".join([*(f"{count:,} {value}" for value, count in common), *more])
    values = values[~np.isnan(values)]
    if not len(values):
        return "unknown"
    low, middle, high = (shown_value(condition, v) for v in np.percentile(values, (5, 50, 95)))
    return f"{middle} ({low} to {high})"


def strongest_contrast(conditions: RecordingConditions, condition: str, y: Array) -> Contrast:
    """Find the class that a condition distinguishes best from all others.

    Parameters
    ----------
    conditions : RecordingConditions
        Conditions of all rows.
    condition : str
        One of them.
    y : array of str, shape ``(rows,)``
        Class of each row, at least two.

    Returns
    -------
    Contrast
    """
    values = condition_values(conditions, condition)
    contrast = _of_equipment if condition in EQUIPMENT else _of_numbers
    contrasts = [contrast(condition, values, y == name, str(name)) for name in np.unique(y)]
    return max(contrasts, key=lambda one: one.strength)


def _of_equipment(condition: str, values: Array, own: Array, name: str) -> Contrast:
    best, strength = values[own][0], -1.0
    for value in np.unique(values[own]):
        lead = float(np.mean(values[own] == value) - np.mean(values[~own] == value))
        if lead > strength:
            best, strength = value, lead
    count, others = int(np.sum(values[own] == best)), int(np.sum(values[~own] == best))
    shown = shown_value(condition, best.item())
    share = f"all {count:,}" if count == own.sum() else f"{count:,} of {own.sum():,}"
    rest = f"{others:,} of {np.sum(~own):,}" if others else "none"
    text = f"{share} of {name!r} have {shown}, and {rest} of the others"
    return Contrast(condition, name, max(strength, 0.0), text)


def _of_numbers(condition: str, values: Array, own: Array, name: str) -> Contrast:
    from scipy.stats import rankdata

    defined = ~np.isnan(values)
    inside, outside = values[own & defined], values[~own & defined]
    if not len(inside) or not len(outside):
        return Contrast(condition, name, 0.0, f"{condition_name(condition)} is unknown")
    ranks = rankdata(np.concatenate([inside, outside]))[: len(inside)]
    auc = (ranks.sum() - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside))
    own_median, median = (shown_value(condition, np.median(part)) for part in (inside, outside))
    text = (
        f"the median {condition_name(condition)} of {name!r} is {own_median}, and {median} of the"
        " others"
    )
    return Contrast(condition, name, float(abs(2 * auc - 1)), text)
