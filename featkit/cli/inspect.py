"""``featkit inspect``: what a table holds, and where its numbers came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit.cli._columns import exclude_options, named_columns

if TYPE_CHECKING:
    import pandas as pd

    from featkit._utils.typing import Array
    from featkit.table.inspection import Inspection

SHOWN_COLUMNS = 10
"""Features that are listed where some values are undefined or infinite, and of constant ones."""

NAMED = ("name", "version", "title", "reference", "sample_rate")
"""What is said of a feature set by itself; the rest are its parameters."""

OF_COLUMNS = re.compile(r"columns|exclude|names\..*|.*\.statistics")
"""Parameters that its columns tell, which are listed below."""

GROUPS = {
    "feature_set.": "parameters",
    "excerpt.": "excerpt",
    "corpus.": "corpus",
    "decoders.": "decoders",
    "decoded.": "recordings by decoder",
    "versions.": "versions",
}
"""Entries of the provenance that are said in one line, by how they begin."""

EPILOG = """
\b
Examples:
  featkit inspect corpus.parquet
  featkit inspect corpus.parquet --columns
  featkit inspect features.csv --exclude filename,length
  featkit inspect corpus.parquet --json

TABLE is what `featkit extract` wrote, or any Parquet file or delimited text (.csv, .tsv, .txt, also
compressed) with columns of numbers.
"""


@click.command("inspect", epilog=EPILOG)
@click.argument("table", metavar="TABLE")
@exclude_options
@click.option("--columns", is_flag=True, help="List all features, with unit, range and definition.")
@click.option("--json", "as_json", is_flag=True, help="Say all of it as JSON.")
def command(
    table: str, exclude: Sequence[str], exclude_from: str | None, columns: bool, as_json: bool
) -> None:
    """Say what a table holds: rows, failures, quality, features, and where they came from."""
    import json

    from featkit.table.inspection import inspect

    found = inspect(table, keys=named_columns(table, exclude, exclude_from))
    if as_json:
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=True, allow_nan=False))
    elif columns:
        _show_columns(found)
    else:
        _show(found, table)


def _show(found: Inspection, name: str) -> None:
    from featkit._utils.counting import counted
    from featkit.cli._console import printable, show_facts, show_frame
    from featkit.table.feature_table import failures_file

    show_facts(_facts(found, name))
    if len(found.failures):
        show_frame(f"failed, see {printable(str(failures_file(name)))}", found.failures)
    if len(found.keys):
        keys = found.keys.assign(largest=[_counted(of) for of in found.keys["largest"]])
        show_frame("what is known about the rows", keys)
    if len(found.flags):
        show_frame("flags", found.flags.drop(columns="definition"))
    if len(found.measures):
        show_frame("quality", found.measures.drop(columns="definition"))
    _show_features(found)
    if len(found.first):
        show_frame(f"the first {len(found.first)} of {counted(found.rows, 'row')}", found.first)
    for warning in found.warnings:
        click.echo(f"warning: {printable(warning)}", err=True)


def _facts(found: Inspection, name: str) -> Iterable[tuple[str, str]]:
    from featkit._utils.counting import counted
    from featkit.cli._console import sample_rate

    yield "table", name
    some = found.recordings not in (None, found.rows)
    yield (
        "rows",
        f"{found.rows:,}" + (f" of {counted(found.recordings or 0, 'recording')}" if some else ""),
    )
    if len(found.seconds):
        yield "sound", _sound(found.seconds)
    failed = int(found.failures["files"].sum())
    yield "failures", f"{failed:,}" if failed else "none listed beside it"
    said = dict(found.provenance)
    if said.get("excerpt.segment") is None:
        said.pop("excerpt.segment_tail", None)
    if "feature_set.name" in said:
        set_name, version = said["feature_set.name"], said.get("feature_set.version")
        yield "feature set", f"{set_name}, version {version}: {said.get('feature_set.title', '')}"
        yield "reference", str(said.get("feature_set.reference", ""))
        yield "sample rate", sample_rate(said.get("feature_set.sample_rate"))
    for start, title in GROUPS.items():
        if parts := _parts(said, start):
            yield title, parts
    for entry, value in said.items():
        if "." not in entry:
            yield entry, str(value)
    if not said:
        yield "provenance", "the table does not say where its numbers came from"


def _sound(seconds: Array) -> str:
    import numpy as np

    from featkit.cli._console import duration

    total, middle = duration(float(seconds.sum())), duration(float(np.median(seconds)))
    return f"{total}, half of the recordings up to {middle}" if len(seconds) > 1 else total


def _parts(said: dict[str, Any], start: str) -> str:
    """Entries of one beginning, but what is not set."""
    from featkit.table.inspection import IN_IT

    parts = (
        (key.removeprefix(start), value) for key, value in said.items() if key.startswith(start)
    )
    shown = (
        (key.removeprefix("features.").removeprefix("spectra."), value)
        for key, value in parts
        if key not in NAMED and not OF_COLUMNS.fullmatch(key) and value not in (None, False, IN_IT)
    )
    return ", ".join(f"{key} {_listed(value)}" for key, value in shown)


def _listed(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, list) else str(value)


def _counted(largest: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{value}: {count:,}" for value, count in largest)


def _show_features(found: Inspection) -> None:
    from featkit.cli._console import percent, show_facts, show_frame

    show_frame(f"features by family: {len(found.columns):,}", found.families)
    columns = found.columns
    for what in ("nan", "infinite"):
        some = columns[columns[what] > 0].sort_values(what, ascending=False, kind="stable")
        if len(some):
            few = some.head(SHOWN_COLUMNS)
            shares = [percent(count, found.rows) for count in few[what]]
            title = f"features with {what} values: {len(some):,}"
            show_frame(title, few[["column", what]].assign(share=shares), more=len(some) - len(few))
    constant = columns[columns["constant"]]["column"].tolist()
    if constant:
        more = f" and {len(constant) - SHOWN_COLUMNS} more" if len(constant) > SHOWN_COLUMNS else ""
        show_facts([("constant", ", ".join(constant[:SHOWN_COLUMNS]) + more)])


def _show_columns(found: Inspection) -> None:
    from featkit.cli._console import show_frame

    columns: pd.DataFrame = found.columns.drop(columns=["infinite", "constant", "reference"])
    show_frame(None, columns)
