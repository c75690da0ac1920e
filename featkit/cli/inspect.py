"""``featkit inspect``: the contents and the provenance of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted, duration, percent, printable, sample_rate
from featkit.cli._columns import named_columns
from featkit.cli._console import (
    first_names,
    show_dataframe,
    show_fields,
    show_result,
    show_warnings,
)
from featkit.cli._options import exclude_options, json_option
from featkit.storage.urls import shown

if TYPE_CHECKING:
    from featkit._utils.typing import Array
    from featkit.table.inspection import Inspection

MAX_COLUMNS = 10
"""Features listed as undefined, infinite or constant."""

OWN_FIELDS = ("name", "version", "title", "reference", "sample_rate")
"""Entries of a feature set that have a field of their own; the others are parameters."""

COLUMN_PARAMETERS = re.compile(r"columns|exclude|names\..*|.*\.statistics")
"""Parameters of a feature set that show in its columns, which are listed below."""

GROUPS = {
    "feature_set.": "parameters",
    "sequence_set.": "parameters",
    "excerpt.": "excerpt",
    "corpus.": "dataset options",
    "decoders.": "decoders",
    "decoded.": "recordings by decoder",
    "versions.": "versions",
}
"""Fields that combine all provenance entries with a prefix."""

EPILOG = """
\b
Examples:
  featkit inspect corpus.parquet
  featkit inspect corpus.parquet --columns
  featkit inspect features.csv --exclude filename,length
  featkit inspect corpus.parquet --json

TABLE is an output of `featkit extract` or `featkit sequences`, or any Parquet file or delimited
text file (.csv, .tsv, .txt, also compressed) with numeric columns.
"""


@click.command("inspect", epilog=EPILOG)
@click.argument("table", metavar="TABLE")
@exclude_options
@click.option("--columns", is_flag=True, help="List all features with unit, range and definition.")
@json_option
def command(table: str, exclude: Sequence[str], exclude_from: str | None, columns: bool) -> None:
    """Show the contents and provenance of a table.

    The summary covers rows, failures, metadata, audio quality, features, and the settings and
    versions that computed them.
    """
    from featkit.table.inspection import inspect

    inspection = inspect(table, keys=named_columns(table, exclude, exclude_from))
    show = _show_columns if columns else partial(_show, file=table)
    show_result(inspection.as_dict, lambda: show(inspection))


def _show_columns(inspection: Inspection) -> None:
    hidden = ["infinite", "constant", "reference"]
    show_dataframe(None, inspection.columns.drop(columns=hidden))


def _show(inspection: Inspection, file: str) -> None:
    from featkit.table.table_files import failures_file

    show_fields(_fields(inspection, file))
    if len(inspection.failures):
        list_file = printable(str(failures_file(file)))
        show_dataframe(f"failed, see {list_file}", inspection.failures)
    if len(inspection.keys):
        largest = [_with_counts(values) for values in inspection.keys["largest"]]
        show_dataframe("metadata", inspection.keys.assign(largest=largest))
    if len(inspection.flags):
        show_dataframe("flags", inspection.flags.drop(columns="definition"))
    if len(inspection.measures):
        show_dataframe("quality", inspection.measures.drop(columns="definition"))
    if len(inspection.texts):
        texts = inspection.texts.drop(columns="definition")
        largest = [_with_counts(values) for values in texts["largest"]]
        show_dataframe("formats", texts.assign(largest=largest))
    if len(inspection.sequences):
        show_dataframe("sequences, with the true frames of a row", inspection.sequences)
    if len(inspection.columns) or not len(inspection.sequences):
        _show_features(inspection)
    if first := len(inspection.first):
        title = f"the first {first} of {counted(inspection.rows, 'row')}"
        show_dataframe(title, inspection.first)
    show_warnings(inspection.warnings)


def _fields(inspection: Inspection, file: str) -> Iterator[tuple[str, str]]:
    """Yield the fields of the summary."""
    yield "table", shown(file)
    rows, recordings = inspection.rows, inspection.recordings
    several = recordings is not None and recordings != rows
    yield "rows", f"{rows:,}" + (f" of {counted(recordings or 0, 'recording')}" if several else "")
    if len(inspection.seconds):
        yield "audio", _durations(inspection.seconds)
    failed = int(inspection.failures["files"].sum())
    yield "failures", f"{failed:,}" if failed else "none listed"
    yield from _provenance_fields(dict(inspection.provenance))


def _durations(seconds: Array) -> str:
    import numpy as np

    total = duration(float(seconds.sum()))
    if len(seconds) == 1:
        return total
    return f"{total}, median recording {duration(float(np.median(seconds)))}"


def _provenance_fields(provenance: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not provenance:
        yield "provenance", "unknown: the table contains no featkit metadata"
    if provenance.get("excerpt.segment") is None:
        provenance.pop("excerpt.segment_tail", None)
    if "feature_set.name" in provenance:
        name, version, title, reference, rate = (
            provenance.get(f"feature_set.{field}", "") for field in OWN_FIELDS
        )
        yield "feature set", f"{name}, version {version}: {title}"
        yield "reference", str(reference)
        yield "sample rate", sample_rate(rate)
    if "sequence_set.name" in provenance:
        title = provenance.get("sequence_set.title", "")
        name = provenance["sequence_set.name"]
        yield "sequence set", f"{name}: {title}" if title else str(name)
        yield "sample rate", sample_rate(provenance.get("sequence_set.sample_rate"))
    for prefix, field in GROUPS.items():
        if entries := _group(provenance, prefix):
            yield field, entries
    for entry, value in provenance.items():
        if "." not in entry:
            yield entry, str(value)


def _group(provenance: dict[str, Any], prefix: str) -> str:
    """Format the entries with a prefix that are set."""
    from featkit.table.provenance import NO_PARAMETERS

    entries = {
        name.removeprefix(prefix): value
        for name, value in provenance.items()
        if name.startswith(prefix) and value not in (None, False, NO_PARAMETERS)
    }
    return ", ".join(
        f"{name.removeprefix('features.').removeprefix('spectra.')} {_value(value)}"
        for name, value in entries.items()
        if name not in OWN_FIELDS and not COLUMN_PARAMETERS.fullmatch(name)
    )


def _value(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, list) else str(value)


def _with_counts(values: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{value}: {count:,}" for value, count in values)


def _show_features(inspection: Inspection) -> None:
    columns = inspection.columns
    show_dataframe(f"features by family: {len(columns):,}", inspection.families)
    for kind in ("nan", "infinite"):
        affected = columns[columns[kind] > 0].sort_values(kind, ascending=False, kind="stable")
        if len(affected):
            first = affected.head(MAX_COLUMNS)
            shares = [percent(count / inspection.rows) for count in first[kind]]
            title = f"features with {kind} values: {len(affected):,}"
            data = first[["column", kind]].assign(share=shares)
            show_dataframe(title, data, n_more=len(affected) - len(first))
    constant = columns[columns["constant"]]["column"].tolist()
    if constant:
        show_fields([("constant", first_names(constant, MAX_COLUMNS))])
