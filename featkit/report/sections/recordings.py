"""Single recordings: the most confident, right and wrong, and the least: the fifth section."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from markupsafe import Markup

from featkit._utils.counting import counted
from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import contributions
from featkit.report import _svg
from featkit.report._class_panels import row_name
from featkit.report._sounds import Heard, hear
from featkit.report.words import NO_NUMBER, percent, signed, with_unit

OF_EACH = 3

PROBABILITIES = 3
"""Classes whose probabilities are shown."""

CONTRIBUTIONS = 8


@dataclass(frozen=True)
class Contribution:
    """What a column said of the row."""

    name: str
    value: str
    usual: str
    said: str
    bar: Markup


@dataclass(frozen=True)
class Single:
    """A row."""

    name: str
    true: str
    said: str
    asked: str
    right: bool | None
    probabilities: Sequence[tuple[str, str, Markup]]
    others: str
    base: str
    contributions: Sequence[Contribution]
    rest: str
    output: str
    heard: Heard | None


@dataclass(frozen=True)
class Singles:
    """What the section shows."""

    groups: Sequence[tuple[str, Sequence[Single]]]
    scale: str


def singles(
    explanation: Explanation, sound: str | os.PathLike[str] | None, sample_rate: float | None
) -> Singles:
    """The section; with sound, where there is a folder of it."""

    groups = [
        (title, [single(explanation, row, sound, sample_rate) for row in rows])
        for title, rows in _chosen(explanation)
        if rows
    ]
    return Singles(groups, explanation.scale)


def _chosen(explanation: Explanation) -> list[tuple[str, list[int]]]:
    """Which rows are shown: one of each recording, and of the surest one of each class first."""
    sure = explanation.probabilities.max(axis=1, initial=0)
    surest, least = (np.argsort(of, kind="stable") for of in (-sure, sure))
    of_each = partial(_of_each_class, explanation)
    if explanation.y is None:
        chosen = [("The most confident", of_each(surest)), ("The least confident", least)]
    else:
        known = explanation.y != ""
        right = explanation.predicted == explanation.y
        chosen = [
            ("The most confident that were right", of_each(surest[right[surest]])),
            ("The most confident that were wrong", of_each(surest[(known & ~right)[surest]])),
            ("The least confident", least),
        ]
    recordings = np.asarray(explanation.keys.get("path", np.arange(len(explanation)))).tolist()
    seen = set()
    found = []
    for title, order in chosen:
        rows: list[int] = []
        for row in order.tolist():
            if len(rows) < OF_EACH and recordings[row] not in seen:
                seen.add(recordings[row])
                rows.append(row)
        found.append((title, rows))
    return found


def _of_each_class(explanation: Explanation, rows: Array) -> Array:
    """The first row of each class that was predicted, then the second of each, and so on."""
    import pandas as pd

    said = pd.Series(explanation.predicted[rows])
    return rows[np.argsort(said.groupby(said).cumcount(), kind="stable")]


def heard(
    explanation: Explanation,
    row: int,
    sound: str | os.PathLike[str] | None,
    sample_rate: float | None,
) -> Heard | None:
    """The sound of a row, if there is a folder of it."""
    if sound is None or "path" not in explanation.keys:
        return None
    start, end = (_time(explanation, key, row) for key in ("start", "end"))
    path = str(explanation.keys["path"][row])
    return hear(sound, path, start=start or 0.0, end=end, sample_rate=sample_rate)


def _time(explanation: Explanation, key: str, row: int) -> float | None:
    if key not in explanation.keys:
        return None
    time = float(explanation.keys[key][row])
    return time if np.isfinite(time) else None


def single(
    explanation: Explanation,
    row: int,
    sound: str | os.PathLike[str] | None,
    sample_rate: float | None,
    *,
    of_class: str | float | None = None,
    top: int = CONTRIBUTIONS,
    classes: int = PROBABILITIES,
) -> Single:
    """One row: its probabilities, and what spoke for and against a class (the one it was given)."""
    said = str(explanation.predicted[row])
    k = explanation.place_of_class(said if of_class is None else of_class)
    asked = explanation.classes[k]
    true = "" if explanation.y is None else str(explanation.y[row])
    table = contributions(explanation, row, asked, top=top)
    rest = float(explanation.values[row, :, k].sum() - table["shap"].sum())
    longest = float(table["shap"].abs().max()) if len(table) else 0.0
    others = len(explanation.columns) - len(table)
    shown, left = _probabilities(explanation.probabilities[row], explanation.classes, classes)
    return Single(
        name=row_name(explanation, row),
        true=true or NO_NUMBER,
        said=said,
        asked=asked,
        right=said == true if true else None,
        probabilities=shown,
        others=left,
        base=signed(float(explanation.base[row, k])),
        contributions=[
            Contribution(
                name=of["feature"],
                value=with_unit(of["value"], of["unit"]),
                usual=_usual(of["usual_low"], of["usual_high"], of["unit"]),
                said=signed(of["shap"]),
                bar=_svg.diverging(of["shap"], longest),
            )
            for of in table.to_dict("records")
        ],
        rest=f"{counted(others, 'other column')}: {signed(rest)}" if others else "",
        output=signed(float(explanation.output[row, k])),
        heard=heard(explanation, row, sound, sample_rate),
    )


def _usual(low: float, high: float, unit: str) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return ""
    return f"{with_unit(low, '')} to {with_unit(high, unit)}"


def _probabilities(
    P: Array, classes: Sequence[str], most: int
) -> tuple[list[tuple[str, str, Markup]], str]:
    order = np.argsort(-P, kind="stable")
    most = len(P) if len(P) == most + 1 else most  # one more is no longer than to say so
    first, rest = order[:most], order[most:]
    shown = [(classes[k], percent(float(P[k])), _svg.bar(float(P[k]), 1.0)) for k in first]
    left = f"The other {len(rest)} together: {percent(float(P[rest].sum()))}." if len(rest) else ""
    return shown, left
