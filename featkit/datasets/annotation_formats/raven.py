"""Raven: selection tables, ``x.Table.1.selections.txt``.

See `featkit.datasets._selection_tables` for the columns and the times. Columns that Raven measures
have a unit in their name, such as ``Peak Freq (Hz)``, or are listed in `MEASUREMENTS`; all others
are annotations. A column of annotations is the label, and the others become columns of the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from featkit.datasets._annotation_cells import check_field_names, label_column
from featkit.datasets._selection_tables import (
    BEGIN,
    END,
    SELECTION,
    VIEW,
    header_names,
    is_selection_table,
    read_selections,
    selection_entry,
)
from featkit.datasets.annotation_format import AnnotationEntry, AnnotationFormat, ReadingOptions

MEASUREMENTS = frozenset(
    {"Selection", "View", "Channel", "Score", "Occupancy", "Sound ID", "Template", "Detector"}
    | {f"{side} {kind}" for side in ("Begin", "End") for kind in ("File", "Path", "Date", "Hour")}
    | {f"{side} {kind}" for side in ("Begin", "End") for kind in ("Clock Time", "Date Time")}
)
"""Columns without a unit that are not annotations."""

_WITH_UNIT = re.compile(r".+\([^()]+\)")


def _matches(lines: Sequence[str]) -> bool:
    names = header_names(lines[0])
    return is_selection_table(names) and not {"Common Name", "Confidence"} <= set(names)


def _read(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    names, selections = read_selections(file)
    annotated = [
        name
        for name in names
        if name and name not in MEASUREMENTS and not _WITH_UNIT.fullmatch(name)
    ]
    label = label_column(file, names, options.label, annotated)
    others = [name for name in annotated if name != label]
    check_field_names(file, others, label)
    for selection in selections:
        cells = selection.cells
        fields = {} if label is None else {"label": cells[label]}
        yield selection_entry(selection, fields | {name: cells[name] for name in others})


FORMAT = AnnotationFormat(
    name="raven",
    title="selection tables of Raven: Selection, View, Channel, Begin Time (s) …, with tabs",
    example="\t".join([SELECTION, VIEW, "Channel", BEGIN, END, "Low Freq (Hz)", "High Freq (Hz)"])
    + "\tAnnotation\n1\tSpectrogram 1\t1\t0.25\t0.75\t1200.0\t4500.0\twren\n",
    matches=_matches,
    read=_read,
    options=("label",),
)
