"""Display of feature sets on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import sample_rate
from featkit.cli._console import (
    show_entries,
    show_fields,
    show_paragraphs,
    show_result,
    show_table,
)

if TYPE_CHECKING:
    from featkit.features.sets.feature_set import FeatureSet
    from featkit.schema import Column


def show_feature_set(name: str, *, columns: bool = False) -> None:
    """Print one feature set.

    Parameters
    ----------
    name : str
        Name of the set, or its file.
    columns : bool
        Whether to list its columns instead of its descriptors.
    """
    from featkit.features.sets.loading import feature_set

    features = feature_set(name)
    document = partial(_set_document, features, with_columns=columns)
    show = partial(_show_columns, features) if columns else partial(_show_set, features, name)
    show_result(document, show)


def show_feature_sets() -> None:
    """Print a line for each feature set."""
    from featkit.features.sets.loading import FEATURE_SETS

    sets = list(FEATURE_SETS.values())
    header = ["name", "version", "columns", "sample rate", "title"]
    rows = [
        [s.name, str(s.version), str(len(s.columns)), _sample_rate(s), s.title + _origin(s)]
        for s in sets
    ]
    show_result(
        lambda: [_set_document(s, with_columns=False) for s in sets],
        lambda: show_table(header, rows),
    )


def _set_document(features: FeatureSet, *, with_columns: bool) -> dict[str, Any]:
    """A feature set as ``--json`` prints it."""
    document: dict[str, Any] = {
        "name": features.name,
        "version": features.version,
        "title": features.title,
        "columns": len(features.columns),
        "sample_rate": features.sample_rate,
        "least_sample_rate": features.least_rate,
        "reference": features.reference,
        "note": features.note,
    }
    header = ["descriptor", "unit", "components", "statistics", "definition"]
    document["descriptors"] = [
        dict(zip(header, row, strict=True)) for row in _descriptor_rows(features)
    ]
    return {**document, "column_list": features.columns} if with_columns else document


def _origin(features: FeatureSet) -> str:
    """The package that adds a set, in parentheses; empty for a set of featkit."""
    from featkit.features.sets.loading import FEATURE_SETS

    package = FEATURE_SETS.package_of(features.name)
    return f" (of the package {package})" if package else ""


def _sample_rate(features: FeatureSet) -> str:
    return sample_rate(features.sample_rate or "native")


def _show_set(features: FeatureSet, name: str) -> None:
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


def _show_columns(features: FeatureSet) -> None:
    show_entries(
        ["column", "unit", "definition", "reference"],
        [[c.name, c.unit, c.definition, c.reference] for c in features.columns],
    )
