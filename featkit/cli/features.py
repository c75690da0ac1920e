"""``featkit features``: the feature sets, and the columns of one."""

from __future__ import annotations

import click

EPILOG = """
\b
Examples:
  featkit features
  featkit features genre75
  featkit features mine.toml
"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False, metavar="[NAME|FILE.toml]")
def command(name: str | None) -> None:
    """List the feature sets, or the columns of one with unit, definition and reference."""
    from featkit.cli._console import show_table
    from featkit.featuresets import feature_set, feature_sets

    if name is None:
        sets = [feature_set(each) for each in feature_sets()]
        show_table(
            ["name", "version", "columns", "sample rate", "what"],
            [
                [s.name, str(s.version), str(len(s.columns)), _rate(s.sample_rate), s.title]
                for s in sets
            ],
        )
        return
    chosen = feature_set(name)
    show_table(
        ["column", "unit", "definition", "reference"],
        [[c.name, c.unit, c.definition, c.reference] for c in chosen.columns],
    )


def _rate(sample_rate: float | None) -> str:
    return "native" if sample_rate is None else f"{sample_rate:g} Hz"
