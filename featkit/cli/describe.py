"""``featkit describe``: the documentation of a column, a family, a descriptor or a set."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from featkit.cli._console import show_entries, show_fields, show_result
from featkit.cli._options import json_option
from featkit.errors import ParameterError

if TYPE_CHECKING:
    from featkit.features.family import Descriptor, Family

EPILOG = """
\b
Examples:
  featkit describe mfcc_3_mean
  featkit describe tempo
  featkit describe loudness
  featkit describe spectral_contrast
  featkit describe genre75
"""


@click.command("describe", epilog=EPILOG)
@click.argument("name", metavar="COLUMN|FAMILY|SET")
@json_option
def command(name: str) -> None:
    """Describe a column, a feature family or a feature set.

    For a column, prints its family, statistic, unit, definition and reference. For a family or one
    of its descriptors, prints all descriptors with unit, range and reference, the parameters, and
    the sets that use it. For a set, prints the same as `featkit features SET`.

    A name of several things, such as tempo, means the column.
    """
    from featkit.features.sets.column_description import describe

    try:
        column = describe(name)
    except ParameterError as error:
        _describe_other(name, error)
        return
    fields = dataclasses.asdict(column)
    show_result(lambda: fields, lambda: _show_column(fields))


def _show_column(fields: Mapping[str, str]) -> None:
    width = max(len(name) for name in fields)
    for name, value in fields.items():
        if value:
            click.echo(f"{name:{width}}  {value}")


def _describe_other(name: str, error: ParameterError) -> None:
    """Describe a family, the family of a descriptor, or a set; else raise the error."""
    from featkit.features.family import FAMILIES
    from featkit.features.sets.loading import FEATURE_SETS

    if name in FEATURE_SETS:
        from featkit.cli._feature_sets import show_feature_set

        show_feature_set(name)
        return
    family = FAMILIES[name] if name in FAMILIES else _family_of(name)
    if family is None:
        raise _with_suggestion(name, error)
    document = _family_document(family)
    show_result(lambda: document, lambda: _show_family(family, document))


def _family_of(descriptor: str) -> Family | None:
    from featkit.features.family import FAMILIES

    for family in FAMILIES.values():
        if any(d.name == descriptor for d in family.default_descriptors):
            return family
    return None


def _with_suggestion(name: str, error: ParameterError) -> ParameterError:
    """The error about an unknown name, with the closest name there is."""
    import difflib

    from featkit.cli._completion_values import column_names
    from featkit.features.family import FAMILIES
    from featkit.features.sets.loading import FEATURE_SETS

    close = difflib.get_close_matches(name, [*FAMILIES, *FEATURE_SETS, *column_names()], n=1)
    return ParameterError(f"{error}; did you mean {close[0]!r}?") if close else error


def _family_document(family: Family) -> dict[str, Any]:
    """A family as ``--json`` prints it."""
    from featkit._utils.parameters import explained
    from featkit.features.sets.loading import FEATURE_SETS
    from featkit.features.statistics import STATISTICS

    sets = [
        name
        for name, features in FEATURE_SETS.items()
        if any(column.family == family.name for column in features.columns)
    ]
    return {
        "family": family.name,
        "summary": family.summary,
        "values": f"one per {family.per}",
        "statistics": [*STATISTICS] if family.per == "frame" else [],
        "descriptors": [dataclasses.asdict(d) for d in family.default_descriptors],
        "parameters": [
            {"name": name, "default": default, "range": bounds, "definition": text}
            for name, default, bounds, text in explained(family.parameters)
        ],
        "quantities": sorted(family.needs | family.finish_needs),
        "packages": family.packages,
        "feature_sets": sets,
    }


def _show_family(family: Family, document: Mapping[str, Any]) -> None:
    statistics = "none: a column is DESCRIPTOR[_INDEX]"
    if names := document["statistics"]:
        statistics = (
            f"{', '.join(names)} and percentiles such as p10, over frames; a column is"
            " DESCRIPTOR[_INDEX]_STATISTIC"
        )
    fields = {
        "family": family.name,
        "summary": family.summary,
        "values": document["values"],
        "statistics": statistics,
        "computed from": ", ".join(document["quantities"]),
        "packages": ", ".join(family.packages),
        "feature sets": ", ".join(document["feature_sets"]) or "none: add it in a set of your own",
    }
    show_fields((name, value) for name, value in fields.items() if value)
    click.echo("\ndescriptors, with default parameters:")
    header = ["descriptor", "unit and range", "components", "definition", "reference", "undefined"]
    show_entries(header, [_descriptor_row(d) for d in family.default_descriptors])
    if document["parameters"]:
        click.echo("\nparameters in a feature set file:")
        header = ["parameter", "default", "definition"]
        show_entries(header, [_parameter_row(p) for p in document["parameters"]])
    click.echo(f"\nadd it to a set: [[features]] with family = {family.name!r}")


def _descriptor_row(d: Descriptor) -> list[str]:
    from featkit.features.catalogue import shortened

    low, high = (f"{end:g}".replace("inf", "∞").replace("-", "−") for end in (d.low, d.high))
    components = f"components {shortened(d.indices)}" if d.indices else ""
    undefined = f"undefined {d.undefined}" if d.undefined else ""
    unit = f"{d.unit}, {low} to {high}"
    return [d.name, unit, components, d.definition, d.reference, undefined]


def _parameter_row(parameter: Mapping[str, str]) -> list[str]:
    bounds = f" ({parameter['range']})" if parameter["range"] else ""
    return [parameter["name"], parameter["default"], f"{parameter['definition']}{bounds}"]
