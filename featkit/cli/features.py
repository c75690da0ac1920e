"""``featkit features``: feature sets, their columns, and the catalogue of descriptors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from featkit.cli._console import show_message, show_result, show_table
from featkit.cli._feature_sets import show_feature_set, show_feature_sets
from featkit.cli._options import is_json, json_option, quiet_option
from featkit.cli._progress import show_progress

if TYPE_CHECKING:
    from featkit.features.costs import Costs

EPILOG = """
\b
Examples:
  featkit features
  featkit features genre75
  featkit features genre75 --columns
  featkit features mine.toml
  featkit features --cost
  featkit features --catalogue > docs/features.md
"""


@click.command("features", epilog=EPILOG)
@click.argument("name", required=False, metavar="[NAME|FILE.toml]")
@click.option("--columns", is_flag=True, help="List every column of the set.")
@click.option(
    "--cost", is_flag=True, help="Measure the computing time of each family; takes about 15 s."
)
@click.option("--catalogue", is_flag=True, help="Print all descriptors and their cost as Markdown.")
@json_option
@quiet_option
def command(name: str | None, columns: bool, cost: bool, catalogue: bool) -> None:
    """List feature sets, or the features of one set.

    Without NAME, list all feature sets. With NAME, list the descriptors of one set or, with
    --columns, its columns with definitions and references.
    """
    if (name is not None) + cost + catalogue > 1:
        raise click.UsageError("give only one of: a feature set, --cost, --catalogue")
    if columns and name is None:
        raise click.UsageError("--columns needs the name of a feature set")
    if cost:
        costs = _measured_costs()
        show_result(lambda: _costs_document(costs), lambda: _show_costs(costs))
    elif catalogue:
        _show_catalogue()
    elif name is None:
        show_feature_sets()
    else:
        show_feature_set(name, columns=columns)


def _show_catalogue() -> None:
    from featkit.features.catalogue import page, this_machine

    if is_json():
        raise click.UsageError("--catalogue prints Markdown, not JSON: leave out --json")
    click.echo(page(_measured_costs(), this_machine()), nl=False)


def _costs_document(costs: Costs) -> dict[str, Any]:
    from featkit.features.costs import SECONDS

    return {
        "audio_seconds": SECONDS,
        "shared_milliseconds": costs.shared,
        "family_milliseconds": costs.families,
    }


def _show_costs(costs: Costs) -> None:
    from featkit.features.costs import SECONDS, cost_text

    rows = [["(shared spectra)", cost_text(costs.shared)]]
    rows += [[name, cost_text(cost)] for name, cost in costs.families.items()]
    show_table(["family", f"ms for {SECONDS:g} s"], rows)
    show_message("one thread, 22,050 Hz; the cost of a family excludes the shared spectra")


def _measured_costs() -> Costs:
    from featkit.features.costs import measure

    with show_progress() as report:
        costs = measure(report)
    missing = [name for name, cost in costs.families.items() if math.isnan(cost)]
    if missing:
        show_message(f"not measured because a dependency is missing: {', '.join(missing)}")
    return costs
