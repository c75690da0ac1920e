"""``featkit features``: feature sets, their columns, and the catalogue of descriptors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import sample_rate
from featkit.cli._console import (
    show_entries,
    show_fields,
    show_message,
    show_paragraphs,
    show_table,
)
from featkit.cli._options import quiet_option
from featkit.cli._progress import show_progress

if TYPE_CHECKING:
    from featkit.features.costs import Costs
    from featkit.features.sets.loading import FeatureSet
    from featkit.schema import Column

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
        _show_costs()
    elif catalogue:
        from featkit.features.catalogue import page, this_machine

        click.echo(page(_measured_costs(), this_machine()), nl=False)
    elif name is None:
        _show_sets()
    elif columns:
        _show_columns(name)
    else:
        _show_set(name)


def _show_sets() -> None:
    from featkit.features.sets.loading import FEATURE_SETS

    show_table(
        ["name", "version", "columns", "sample rate", "title"],
        [
            [s.name, str(s.version), str(len(s.columns)), _sample_rate(s), s.title + _origin(s)]
            for s in FEATURE_SETS.values()
        ],
    )


def _origin(features: FeatureSet) -> str:
    """The package that adds a set, in parentheses; empty for a set of featkit."""
    from featkit.features.sets.loading import FEATURE_SETS

    package = FEATURE_SETS.package_of(features.name)
    return f" (of the package {package})" if package else ""


def _sample_rate(features: FeatureSet) -> str:
    return sample_rate(features.sample_rate or "native")


def _show_set(name: str) -> None:
    from featkit.features.sets.loading import feature_set

    features = feature_set(name)
    least = features.least_rate
    fields = {
        "name": f"{features.name}, version {features.version}",
        "title": features.title,
        "columns": f"{len(features.columns)}; list: featkit features {name} --columns",
        "sample rate": _sample_rate(features),
        "recordings": f"of at least {sample_rate(least)}" if least else "",
        "reference": features.reference,
    }
    show_fields((key, value) for key, value in fields.items() if value)
    if features.note:
        show_paragraphs(features.note)
    click.echo()
    header = ["descriptor", "unit", "components", "statistics", "definition"]
    show_entries(header, list(_descriptor_rows(features)))


def _descriptor_rows(features: FeatureSet) -> Iterator[list[str]]:
    """Yield a row for each descriptor of each entry of a feature set."""
    from featkit.features.catalogue import shortened

    all_columns = [
        (k, column) for k, entry in enumerate(features.entries) for column in entry.columns
    ]
    by_descriptor: dict[tuple[int, str], list[Column]] = {}
    for k, column in (all_columns[position] for position in features.positions):
        by_descriptor.setdefault((k, column.descriptor), []).append(column)
    for (k, name), columns in by_descriptor.items():
        d = next(d for d in features.entries[k].descriptors if d.name == name)
        indices = [index for index in dict.fromkeys(c.index for c in columns) if index]
        statistics = ", ".join(filter(None, dict.fromkeys(c.statistic for c in columns)))
        yield [name, d.unit, shortened(indices), statistics, d.definition]


def _show_columns(name: str) -> None:
    from featkit.features.sets.loading import feature_set

    show_entries(
        ["column", "unit", "definition", "reference"],
        [[c.name, c.unit, c.definition, c.reference] for c in feature_set(name).columns],
    )


def _show_costs() -> None:
    from featkit.features.costs import SECONDS, cost_text

    costs = _measured_costs()
    rows = [["(shared spectra)", cost_text(costs.shared)]]
    rows += [[name, cost_text(cost)] for name, cost in costs.families.items()]
    show_table(["family", f"ms for {SECONDS:g} s"], rows)
    show_message("one thread, 22,050 Hz; the cost of a family excludes the shared spectra")


def _measured_costs() -> Costs:
    from featkit.features.costs import measure

    with show_progress("measuring", "rounds") as report:
        costs = measure(report)
    missing = [name for name, cost in costs.families.items() if math.isnan(cost)]
    if missing:
        show_message(f"not measured because a dependency is missing: {', '.join(missing)}")
    return costs
