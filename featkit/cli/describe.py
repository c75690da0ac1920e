"""``featkit describe``: what one column means."""

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
    """Say what a column means: family, statistic, unit, definition, reference."""
    from featkit.features.sets.registry import describe

    described = dataclasses.asdict(describe(column))
    width = max(len(key) for key in described)
    for key, value in described.items():
        if value:
            click.echo(f"{key:{width}}  {value}")
