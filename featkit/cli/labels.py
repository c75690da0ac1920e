"""``featkit labels``: the labels of tables, and their common labels in a label map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import counted, printable
from featkit.cli._console import first_names, show_message, show_result, show_table, show_warnings
from featkit.cli._options import json_option
from featkit.storage.writing import check_outputs

if TYPE_CHECKING:
    from featkit.table.label_summary import LabelRow, LabelSummary

MAX_HINTS = 10
"""Most hints of a kind."""

EPILOG = """
\b
Examples:
  featkit labels gtzan.parquet jamendo.parquet
  featkit labels gtzan.parquet jamendo.parquet -o map.csv
  featkit labels gtzan.parquet jamendo.parquet --map map.csv

A label map is a CSV file with the columns label and common, and optionally dataset and note:

\b
  label,common
  blues,Blues-like
  Folk & Blues,Blues-like
  jazz,

An empty common label leaves the label out. The row *, leaves all other labels out, and *,* keeps
them; without such a row, a label that the map does not name is an error. Or it is a TOML file:

\b
  unmapped = "error"              # or "drop" or "keep"
  drop = ["jazz"]
  [labels]
  "Blues-like" = ["blues", "Folk & Blues"]
  [datasets.gtzan]                # rules for gtzan.parquet only; they come first
  labels = { "HipHop/Rap" = ["hiphop"] }

Case, accents, spaces, hyphens and underscores do not matter. A map is applied once.

If labels are unmapped, and the map does not allow this, the exit status is 1.
"""


@click.command("labels", epilog=EPILOG)
@click.argument("tables", nargs=-1, required=True, metavar="TABLE...")
@click.option(
    "--map", "--label-map", "label_map", metavar="FILE", help="Label map to apply: TOML or CSV."
)
@click.option("--label", default="label", show_default=True, metavar="C", help="Column of labels.")
@click.option("-o", "--output", metavar="MAP.csv", help="Write a label map as a draft to edit.")
@json_option
def command(tables: Sequence[str], label_map: str | None, label: str, output: str | None) -> None:
    """List the labels of tables; check or write a label map.

    Each TABLE is a dataset, named like its file. Without a map, the labels of all datasets are
    compared: which ones match, and which ones have several spellings. With --map, the common label
    of each label is shown.
    """
    from featkit.table.label_map import read_label_map
    from featkit.table.label_summary import summarize_labels

    inputs = [*tables, *([] if label_map is None else [label_map])]
    check_outputs({output: ".csv"}, inputs=inputs)
    common = None if label_map is None else read_label_map(label_map)
    summary = summarize_labels(tables, label=label, label_map=common)
    if output is not None:
        summary.write_map(output)
        show_message(
            f"{output}: label map; edit the column 'common': labels without a common label are left"
            " out"
        )
    show_result(summary.to_plain, lambda: _show(summary))
    summary.check()


def _show(summary: LabelSummary) -> None:
    mapped = summary.label_map is not None
    headers = ["dataset", "label", "rows", "recordings", *(["becomes"] if mapped else [])]
    if summary.labels:
        show_table(headers, [_cells(row, mapped=mapped) for row in summary.labels])
    else:
        click.echo("no row has a label")
    unlabelled = [
        f"{printable(name)} {counted(rows, 'row')}"
        for name, rows in summary.unlabelled.items()
        if rows
    ]
    if unlabelled:
        click.echo(f"\nwithout a label: {', '.join(unlabelled)}")
    if summary.common and (mapped or len(summary.datasets) > 1):
        _show_common(summary)
    _show_hints(summary)
    show_warnings(summary.notes)


def _cells(row: LabelRow, *, mapped: bool) -> list[str]:
    recordings = "" if row.recordings is None else str(row.recordings)
    becomes = [row.common or f"({row.outcome})"] if mapped else []
    return [row.dataset, row.label, str(row.rows), recordings, *becomes]


def _show_common(summary: LabelSummary) -> None:
    common, datasets = summary.common, summary.datasets
    title = "common labels" if summary.label_map is not None else "labels of all datasets"
    click.echo(f"\n{title}, in rows:")
    show_table(
        ["label", *datasets],
        [
            [name, *(str(rows[dataset]) if rows[dataset] else "·" for dataset in datasets)]
            for name, rows in common.items()
        ],
    )
    single = [name for name, rows in common.items() if sum(map(bool, rows.values())) == 1]
    if len(datasets) > 1 and single:
        verb = "is" if len(single) == 1 else "are"
        names = first_names([*map(printable, single)], MAX_HINTS)
        labels = counted(len(single), "label")
        click.echo(f"\n{labels} {verb} in one dataset only: {names}")


def _show_hints(summary: LabelSummary) -> None:
    is_plain = summary.label_map is None
    kind = "spelled in several ways" if is_plain else "one label with several common labels"
    for rows in summary.spellings[:MAX_HINTS]:
        listed = ", ".join(f"{row.label!r} ({row.dataset})" for row in rows)
        click.echo(f"hint: {kind}: {printable(listed)}")
    for one, other in summary.similar[:MAX_HINTS]:
        click.echo(f"hint: similar labels: {one!r} and {other!r}; if they mean the same, map both")
