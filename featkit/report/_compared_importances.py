"""Importances of columns and families at home and in another dataset, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.evaluation.result import ImportanceComparison, ImportancePair, ValueInterval
from featkit.report import _svg
from featkit.report._evaluation_text import Folded, folded
from featkit.report.formatting import fixed, percent, percent_number


@dataclass(frozen=True)
class ImportanceRow:
    """Importance of a column or family at home and here.

    Attributes
    ----------
    name, home, here : str
        The name and both shares.
    home_interval, here_interval : str
        Their intervals.
    chart : Markup
        Both as bars.
    """

    name: str
    home: str
    here: str
    home_interval: str
    here_interval: str
    chart: Markup


@dataclass(frozen=True)
class Importances:
    """Importances at home and here.

    Attributes
    ----------
    lead : str
        Explained rows, and rank correlation.
    columns, families : Folded
        Both shares of each.
    rows : sequence of ImportanceRow
        All columns.
    limit : str
        Largest share on the axis of columns.
    family_limit : str
        Largest share on the axis of families.
    notes : sequence of str
        Caveats.
    """

    lead: str
    columns: Folded[ImportanceRow]
    families: Folded[ImportanceRow]
    rows: Sequence[ImportanceRow]
    limit: str
    family_limit: str
    notes: Sequence[str]


def compared_importances(importances: ImportanceComparison) -> Importances:
    """The importances as rows of charts and of a table."""
    columns, limit = _rows(importances.columns)
    families, family_limit = _rows(importances.families)
    return Importances(
        lead=_lead(importances),
        columns=folded(columns),
        families=folded(families),
        rows=columns,
        limit=limit,
        family_limit=family_limit,
        notes=importances.notes,
    )


def _lead(importances: ImportanceComparison) -> str:
    text = (
        f"{counted(importances.home_rows, 'row')} at home and"
        f" {counted(importances.rows, 'row')} here are explained."
    )
    if importances.rank_correlation is None:
        return text
    correlation = fixed(importances.rank_correlation, 2)
    return (
        f"{text} The rank correlation of the importances of all columns is {correlation}: 1 means"
        " that the model uses the columns in the same order on both sides, 0 that the orders are"
        " unrelated."
    )


def _rows(pairs: Sequence[ImportancePair]) -> tuple[list[ImportanceRow], str]:
    """Rows of the chart, and the end of its axis."""
    ends = [
        end
        for pair in pairs
        for value in (pair.home, pair.here)
        for end in (value.value, value.high)
        if end is not None
    ]
    limit = max(ends, default=1.0)
    rows = [
        ImportanceRow(
            name=pair.name,
            home=percent(pair.home.value),
            here=percent(pair.here.value),
            home_interval=_percent_ends(pair.home),
            here_interval=_percent_ends(pair.here),
            chart=_svg.paired_bars(
                pair.home.value, pair.here.value, limit, _ends(pair.home), _ends(pair.here)
            ),
        )
        for pair in pairs
    ]
    return rows, percent(limit)


def _ends(value: ValueInterval) -> tuple[float, float] | None:
    return None if value.low is None or value.high is None else (value.low, value.high)


def _percent_ends(value: ValueInterval) -> str:
    ends = _ends(value)
    return "" if ends is None else f"{percent_number(ends[0])} to {percent(ends[1])}"
