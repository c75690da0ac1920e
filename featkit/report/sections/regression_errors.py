"""Errors of a regression: by range of the target, and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit.models.regression_types import RegressionEvaluation, TargetRange
from featkit.models.task import REGRESSION
from featkit.report import _svg
from featkit.report._context import Context
from featkit.report._regression_text import bias_text
from featkit.report.section import Section


@dataclass(frozen=True)
class GroupRow:
    """Errors of one group.

    Attributes
    ----------
    name : str
        The group.
    rows : int
        Number of rows.
    mae, bias : float
        Mean absolute error, and mean error.
    bar : Markup
        The mean error as a bar.
    """

    name: str
    rows: int
    mae: float
    bias: float
    bar: Markup


@dataclass(frozen=True)
class RegressionErrors:
    """The data of the section, for one set of rows.

    Attributes
    ----------
    lead : str
        The errors of low and of high targets.
    target : str
        The target.
    ranges : sequence of TargetRange
        Predictions in ranges of the target.
    unit : str
        Name of one group.
    groups : sequence of GroupRow
        Errors of each group, the largest first; empty without a group column.
    n_groups : int
        Number of all groups.
    """

    lead: str
    target: str
    ranges: Sequence[TargetRange]
    unit: str
    groups: Sequence[GroupRow]
    n_groups: int


def build(context: Context) -> list[tuple[str, RegressionErrors]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of (str, RegressionErrors) or None
        Headings and errors of the test rows, and of new rows; None if the model has no scores.
    """
    return [(title, _errors(scores)) for title, scores in context.titled_evaluations] or None


SECTION = Section("regression_errors", "Errors", 30, build, tasks=(REGRESSION,))


def _errors(scores: RegressionEvaluation) -> RegressionErrors:
    largest = max((abs(error.bias) for error in scores.group_errors), default=0.0)
    return RegressionErrors(
        lead=bias_text(scores),
        target=scores.target,
        ranges=scores.ranges,
        unit=scores.unit,
        groups=[
            GroupRow(
                error.group, error.rows, error.mae, error.bias, _svg.diverging(error.bias, largest)
            )
            for error in scores.group_errors
        ],
        n_groups=scores.groups,
    )
