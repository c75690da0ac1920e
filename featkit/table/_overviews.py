"""Overviews of tables, their summaries and their differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.formatting import counted, duration, significant
from featkit._utils.overview import Bar, Chart, Overview, listed
from featkit.table.cell_values import text_values

if TYPE_CHECKING:
    from featkit.table.diff import Difference
    from featkit.table.feature_table import FeatureTable
    from featkit.table.inspection import Inspection

MAX_VALUES = 20_000_000
"""Largest number of values among which missing ones are counted, in some 20 ms."""

FIRST_ROWS, FIRST_FEATURES = 3, 4
"""Rows and features that the card shows."""

SHOWN_KEYS = ("path", "start", "label")


def table_overview(table: FeatureTable) -> Overview:
    """The overview of a table."""
    missing = _missing_values(table)
    labels = label_counts(table)
    return Overview(
        f"FeatureTable: {counted(len(table), 'row')} ×"
        f" {counted(len(table.feature_names), 'feature')}{_origin(table)}",
        [
            f"keys: {listed([*table.keys])}",
            f"quality: {counted(len(table.quality), 'column')}" if table.quality else "",
            f"labels: {listed([f'{name} {count:,}' for name, count in labels])}" if labels else "",
            f"missing values: {missing}" if missing else "",
            "sequences: yes" if table.sequences is not None else "",
        ],
        [_label_chart(labels)],
        *_first_rows(table),
        following="table.data, table.to_polars(), featkit.inspect(table), featkit.train(table)",
    )


def _origin(table: FeatureTable) -> str:
    name = table.provenance.get("feature_set", {}).get("name", "")
    return f" of the set {name}" if name else ""


def label_counts(table: FeatureTable) -> list[tuple[str, int]]:
    """Labels with their numbers of rows, the most common first."""
    if "label" not in table.keys:
        return []
    return Counter(text_values(table.keys["label"])).most_common()


def _label_chart(labels: Sequence[tuple[str, int]]) -> Chart:
    bars = [Bar(name or "(no label)", count, f"{count:,}") for name, count in labels]
    return Chart("rows by label", bars)


def _missing_values(table: FeatureTable) -> str:
    """How many values are missing; "" if none are, or they are too many to count or on disk."""
    values = table.values
    if type(values) is not np.ndarray or not 0 < values.size <= MAX_VALUES:
        return ""
    counts = np.isnan(values).sum(axis=0)
    columns = np.flatnonzero(counts)
    if not len(columns):
        return ""
    first = table.feature_names[int(np.argmax(counts))]
    return (
        f"{int(counts.sum()):,} in {counted(len(columns), 'feature')}, most in {first}"
        f" ({int(counts.max()):,})"
    )


def _first_rows(table: FeatureTable) -> tuple[list[str], list[list[str]]]:
    keys = [name for name in SHOWN_KEYS if name in table.keys]
    features = table.feature_names[:FIRST_FEATURES]
    n_rows = min(FIRST_ROWS, len(table))
    cells = [text_values(np.asarray(table.keys[name][:n_rows])) for name in keys]
    numbers = np.asarray(table.values[:n_rows, : len(features)])
    rows = [
        [*(column[row] for column in cells), *(significant(float(v)) for v in numbers[row])]
        for row in range(n_rows)
    ]
    rest = len(table.feature_names) - len(features)
    if rest > 0:
        rows = [[*row, "…"] for row in rows]
    return [*keys, *features, *([f"{rest:,} more"] if rest > 0 else [])], rows


def inspection_overview(inspection: Inspection) -> Overview:
    """The overview of the summary of a table."""
    families = inspection.columns["family"].value_counts(sort=False)
    sizes = [(str(name) or "(unknown)", int(count)) for name, count in families.items()]
    recordings = inspection.recordings
    total = float(np.nansum(inspection.seconds)) if len(inspection.seconds) else 0.0
    gaps = int((inspection.columns["nan"] > 0).sum())
    constant = int(inspection.columns["constant"].sum())
    return Overview(
        f"Inspection: {counted(inspection.rows, 'row')},"
        f" {counted(len(inspection.columns), 'feature')}",
        [
            f"{counted(recordings, 'recording')}, {duration(total)} of audio"
            if recordings is not None and total
            else "",
            f"{counted(gaps, 'feature')} with missing values, {constant:,} constant",
            *(f"warning: {text}" for text in inspection.warnings[:3]),
        ],
        [Chart("features by family", [Bar(name, n, f"{n:,}") for name, n in sizes])],
        following=".columns, .keys, .measures, .flags, .warnings, .as_dict()",
    )


def difference_overview(difference: Difference) -> Overview:
    """The overview of the difference of two tables."""
    columns: Any = difference.columns
    counts = [
        (len(difference.only_a), "row only in the first"),
        (len(difference.only_b), "row only in the second"),
        (len(difference.columns_only_a), "column only in the first"),
        (len(difference.columns_only_b), "column only in the second"),
        (len(difference.meanings), "column with another unit or definition"),
        (len(columns), "column with other numbers"),
        (len(difference.keys), "key with other texts"),
        (len(difference.sequences), "kind of sequence that differs"),
    ]
    largest = zip(columns["column"], columns["max_in_spread"], strict=True)
    bars = [Bar(str(name), float(v), f"{v:.2g}") for name, v in largest if np.isfinite(v)]
    return Overview(
        "Difference: the tables are the same"
        if difference.same
        else f"Difference: the tables differ; {counted(difference.rows, 'common row')}",
        [
            *(f"{number:,} × {noun}" for number, noun in counts if number),
            "rows or columns have another order" if difference.reordered else "",
        ],
        [Chart("largest difference, in standard deviations", bars)],
        following=".columns, .keys, .only_a, .only_b, .as_dict()",
    )
