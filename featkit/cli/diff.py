"""``featkit diff``: which rows and columns of two tables differ, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from featkit.table.diff import Difference

SHOWN = 15
"""Rows, columns and entries that are listed of each kind."""

EPILOG = """
\b
Examples:
  featkit diff old.parquet new.parquet
  featkit diff old.parquet new.parquet --rtol 1e-5
  featkit diff old.parquet new.csv --json

Rows belong together by their path and start, without a path by their number. Values are the same if
both are undefined, or |a - b| <= atol + rtol * max(|a|, |b|). Where the numbers came from is told,
but is no difference of the tables. Exit status: 0 if they are the same, 1 if they differ, 2 for
wrong usage or a table that cannot be read.
"""


@click.command("diff", epilog=EPILOG)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option("--rtol", type=float, default=0.0, metavar="R", help="Relative tolerance.")
@click.option("--atol", type=float, default=0.0, metavar="D", help="Absolute tolerance.")
@click.option("--json", "as_json", is_flag=True, help="Say all of it as JSON.")
def command(a: str, b: str, rtol: float, atol: float, as_json: bool) -> None:
    """Say what differs between two tables, A and B, and by how much."""
    import json

    from featkit.cli._console import printable
    from featkit.cli._main import WrongUsage
    from featkit.errors import TableError
    from featkit.table.diff import diff

    try:
        found = diff(a, b, rtol=rtol, atol=atol)
    except TableError as error:
        raise WrongUsage(printable(str(error))) from error
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=True, allow_nan=False))
    else:
        _show(found)
    if not found.same:
        raise click.exceptions.Exit(1)


def _show(found: Difference) -> None:
    from featkit.cli._console import printable, show_facts, show_frame

    show_facts([("rows in both", f"{found.rows:,}"), ("same", "yes" if found.same else "no")])
    if found.reordered:
        show_facts([("order", "rows or columns that are in both stand in another order")])
    for side, rows, columns in (
        ("A", found.only_a, found.columns_only_a),
        ("B", found.only_b, found.columns_only_b),
    ):
        if columns:
            more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
            names = printable(", ".join(columns[:SHOWN]))
            show_facts([(f"columns only in {side}", f"{len(columns):,}: {names}{more}")])
        if len(rows):
            show_frame(
                f"rows only in {side}: {len(rows):,}", rows.head(SHOWN), more=len(rows) - SHOWN
            )
    numbers = found.columns
    unneeded = [name for name in ("only_a_nan", "only_b_nan") if not numbers[name].any()]
    for title, frame in (
        ("columns that differ", numbers.drop(columns=unneeded)),
        ("keys that differ", found.keys),
        ("columns whose unit or definition differs", found.meanings),
        ("differences in where the numbers came from", found.provenance),
    ):
        if len(frame):
            show_frame(f"{title}: {len(frame):,}", frame.head(SHOWN), more=len(frame) - SHOWN)
