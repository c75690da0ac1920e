"""Single recordings of a regression: the largest errors in both directions, and the smallest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation
from featkit.models.task import REGRESSION
from featkit.report._class_panels import row_name
from featkit.report._context import Context
from featkit.report._explained_rows import ContributionTable, contribution_table, row_sound
from featkit.report._row_selection import first_rows
from featkit.report._sounds import Sound
from featkit.report.formatting import signed, significant
from featkit.report.section import Section


@dataclass(frozen=True)
class PredictedRow:
    """A row with its prediction, contributions and sound.

    Attributes
    ----------
    name : str
        Recording and time, or number of the row.
    predicted, true, error : str
        Prediction, target, and their difference; "" where unknown.
    contributions : ContributionTable
        The largest contributions.
    sound : Sound or None
        Sound of the row.
    """

    name: str
    predicted: str
    true: str
    error: str
    contributions: ContributionTable
    sound: Sound | None


@dataclass(frozen=True)
class RegressionRecordings:
    """The data of the section.

    Attributes
    ----------
    target : str
        The target.
    groups : sequence of (str, sequence of PredictedRow)
        Titles and rows of each group.
    """

    target: str
    groups: Sequence[tuple[str, Sequence[PredictedRow]]]


def build(context: Context) -> RegressionRecordings | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    RegressionRecordings or None
        The data; None without an explanation.
    """
    explanation = context.shap
    if explanation is None:
        return None
    groups = [
        (title, [_predicted_row(context, explanation, row) for row in rows])
        for title, rows in first_rows(explanation, _orders(explanation))
        if rows
    ]
    return RegressionRecordings(explanation.classes[0], groups)


SECTION = Section(
    "regression_recordings",
    "Single recordings",
    40,
    build,
    tasks=(REGRESSION,),
    link="Recordings",
)


def _orders(explanation: Explanation) -> list[tuple[str, Array]]:
    """Titles of the groups, and all their rows in the order of preference."""
    predicted = explanation.probabilities[:, 0]
    if explanation.y is None:
        descending, ascending = (np.argsort(x, kind="stable") for x in (-predicted, predicted))
        return [("The highest predictions", descending), ("The lowest predictions", ascending)]
    errors = predicted - explanation.y
    scored = np.flatnonzero(np.isfinite(errors))
    order = scored[np.argsort(errors[scored], kind="stable")]
    smallest = scored[np.argsort(np.abs(errors[scored]), kind="stable")]
    return [
        ("Predicted too high", order[::-1][errors[order[::-1]] > 0]),
        ("Predicted too low", order[errors[order] < 0]),
        ("The smallest errors", smallest),
    ]


def _predicted_row(context: Context, explanation: Explanation, row: int) -> PredictedRow:
    predicted = float(explanation.probabilities[row, 0])
    true = np.nan if explanation.y is None else float(explanation.y[row])
    has_target = bool(np.isfinite(true))
    return PredictedRow(
        name=row_name(explanation, row),
        predicted=significant(predicted),
        true=significant(true) if has_target else "",
        error=signed(predicted - true) if has_target else "",
        contributions=contribution_table(explanation, row, explanation.classes[0], context.top),
        sound=row_sound(context, explanation, row),
    )
