"""``featkit features``: the feature sets, the columns of one, and the catalogue of descriptors."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from featkit.cli._console import quiet_option

if TYPE_CHECKING:
    from featkit.features.costs import Costs
    from featkit.features.sets.registry import FeatureSet
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
@click.option("--cost", is_flag=True, help="Measure what each family costs; some 15 seconds.")
@click.option(
    "--catalogue", is_flag=True, help="Every descriptor and its cost, as a page of Markdown."
)
@quiet_option
def command(name: str | None, columns: bool, cost: bool, catalogue: bool) -> None:
    """List the feature sets, or what is in one: descriptors, or columns with their references."""
    if (name is not None) + cost + catalogue > 1:
        raise click.UsageError("name a feature set, or give --cost or --catalogue: one of them")
    if columns and name is None:
        raise click.UsageError("--columns lists those of a feature set: name it")
    if cost:
        _show_costs()
    elif catalogue:
        from featkit.features.catalogue import page, this_machine

        click.echo(page(_measured(), this_machine()), nl=False)
    elif name is None:
        _show_sets()
    elif columns:
        _show_columns(name)
    else:
        _show_set(name)


def _show_sets() -> None:
    from featkit.cli._console import sample_rate, show_table
    from featkit.features.sets.registry import feature_set, feature_sets

    sets = [feature_set(each) for each in feature_sets()]
    show_table(
        ["name", "version", "columns", "sample rate", "what"],
        [
            [
                s.name,
                str(s.version),
                str(len(s.columns)),
                sample_rate(s.sample_rate or "native"),
                s.title,
            ]
            for s in sets
        ],
    )


def _show_set(name: str) -> None:
    from featkit.cli._console import sample_rate, show_entries, show_facts, show_note
    from featkit.features.sets.registry import feature_set

    chosen = feature_set(name)
    facts = {
        "name": f"{chosen.name}, version {chosen.version}",
        "what": chosen.title,
        "columns": f"{len(chosen.columns)}: featkit features {name} --columns lists them",
        "sample rate": sample_rate(chosen.sample_rate or "native"),
        "reference": chosen.reference,
    }
    show_facts((key, value) for key, value in facts.items() if value)
    if chosen.note:
        show_note(chosen.note)
    click.echo()
    header = ["descriptor", "unit", "components", "statistics", "definition"]
    show_entries(header, list(_by_descriptor(chosen)))


def _by_descriptor(chosen: FeatureSet) -> Iterator[list[str]]:
    """What a set has of each descriptor of each of its entries."""
    from featkit.features.catalogue import summed_up

    given = [(k, column) for k, entry in enumerate(chosen.entries) for column in entry.columns]
    of_descriptor: dict[tuple[int, str], list[Column]] = {}
    for k, column in (given[position] for position in chosen.positions):
        of_descriptor.setdefault((k, column.descriptor), []).append(column)
    for (k, name), columns in of_descriptor.items():
        d = next(d for d in chosen.entries[k].descriptors if d.name == name)
        indices = [index for index in dict.fromkeys(c.index for c in columns) if index]
        statistics = ", ".join(filter(None, dict.fromkeys(c.statistic for c in columns)))
        yield [name, d.unit, summed_up(indices), statistics, d.definition]


def _show_columns(name: str) -> None:
    from featkit.cli._console import show_entries
    from featkit.features.sets.registry import feature_set

    show_entries(
        ["column", "unit", "definition", "reference"],
        [[c.name, c.unit, c.definition, c.reference] for c in feature_set(name).columns],
    )


def _show_costs() -> None:
    from featkit.cli._console import remark, show_table
    from featkit.features.costs import SECONDS, cost_text

    costs = _measured()
    show_table(
        ["family", f"ms for {SECONDS:g} s"],
        [
            ["(what spectra share)", cost_text(costs.shared)],
            *([name, cost_text(cost)] for name, cost in costs.families.items()),
        ],
    )
    remark("one thread, at 22,050 Hz; each family beyond what spectra share")


def _measured() -> Costs:
    from featkit.cli._console import remark
    from featkit.cli._progress import shown_progress
    from featkit.features.costs import measure

    with shown_progress("measuring", "turns") as report:
        costs = measure(report)
    missing = [name for name, cost in costs.families.items() if math.isnan(cost)]
    if missing:
        remark(f"not measured, since they need what is not installed: {', '.join(missing)}")
    return costs
