"""``featkit diff``: the differences between two tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import printable
from featkit.cli._console import first_names, show_dataframe, show_fields, show_result
from featkit.cli._options import json_option
from featkit.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

    from featkit.table.diff import Difference

MAX_SHOWN = 15
"""Rows, columns and other entries listed of each kind."""

EPILOG = """
\b
Examples:
  featkit diff old.parquet new.parquet
  featkit diff old.parquet new.parquet --rtol 1e-5
  featkit diff old.parquet new.csv --json

Rows are matched by path and start, or by row number if there is no path. Two values are equal if
both are undefined, or if |a - b| <= atol + rtol * max(|a|, |b|).

Differences in provenance are listed, but do not make tables different.

Exit status: 0 if the tables are equal, 1 if they differ, 2 for wrong usage or a table that cannot
be read.
"""


@click.command("diff", epilog=EPILOG)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--rtol", type=float, default=0.0, metavar="R", help="Relative tolerance.")
@click.option("--atol", type=float, default=0.0, metavar="D", help="Absolute tolerance.")
@json_option
def command(a: str, b: str, rtol: float, atol: float) -> None:
    """Compare two feature tables, A and B."""
    from featkit.cli._errors import UsageFailure
    from featkit.table.diff import diff

    try:
        difference = diff(a, b, rtol=rtol, atol=atol)
    except TableError as error:
        raise UsageFailure(printable(str(error))) from error
    show_result(difference.as_dict, lambda: _show(difference))
    if not difference.same:
        raise click.exceptions.Exit(1)


def _show(difference: Difference) -> None:
    same = "yes" if difference.same else "no"
    show_fields([("rows in both", f"{difference.rows:,}"), ("same", same)])
    if difference.reordered:
        show_fields([("order", "the common rows or columns are in a different order")])
    _show_unmatched("A", difference.columns_only_a, difference.only_a)
    _show_unmatched("B", difference.columns_only_b, difference.only_b)
    columns = difference.columns
    empty = [name for name in ("only_a_nan", "only_b_nan") if not columns[name].any()]
    _show_first("columns that differ", columns.drop(columns=empty))
    _show_first("keys that differ", difference.keys)
    _show_first("sequences that differ", difference.sequences)
    _show_first("columns whose unit or definition differs", difference.meanings)
    _show_first("differences in provenance", difference.provenance)


def _show_unmatched(side: str, columns: Sequence[str], rows: pd.DataFrame) -> None:
    """Show the columns and rows that only one table has."""
    if columns:
        names = first_names(columns, MAX_SHOWN)
        show_fields([(f"columns only in {side}", f"{len(columns):,}: {names}")])
    _show_first(f"rows only in {side}", rows)


def _show_first(title: str, data: pd.DataFrame) -> None:
    if len(data):
        first = data.head(MAX_SHOWN)
        show_dataframe(f"{title}: {len(data):,}", first, n_more=len(data) - len(first))
