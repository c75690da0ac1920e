"""``featkit describe``: the documentation of one column."""

from __future__ import annotations

import dataclasses

import click

EPILOG = """
\b
Examples:
  featkit describe mfcc_3_mean
  featkit describe tempo
"""


@click.command("describe", epilog=EPILOG)
@click.argument("column")
def command(column: str) -> None:
    """Describe a feature column.

    Prints its family, statistic, unit, definition and reference.
    """
    from featkit.features.sets.column_description import describe

    fields = dataclasses.asdict(describe(column))
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        if value:
            click.echo(f"{name:{width}}  {value}")
