"""BirdNET: results of BirdNET-Analyzer, BirdNET-Go and the Python package birdnet.

All forms are read: selection tables of Raven, CSV (with or without ``File``), the table for R, the
one for Kaleidoscope, labels of Audacity with the confidence, and the CSV of the
package; also the tables that combine the results of several recordings.

The label is the common name; ``--annotation-label "Scientific name"`` selects another column. Other
names become the columns ``common_name``, ``scientific_name`` and ``species_code``, and the
confidence ``confidence``. The rows ``nocall``, which BirdNET writes for recordings without birds,
are not annotations.

References
----------
S. Kahl et al., "BirdNET: A deep learning solution for avian diversity monitoring", Ecological
Informatics 61, 2021. Documentation of BirdNET-Analyzer, "Usage", output of ``--rtype``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from featkit._utils.parameters import unknown
from featkit.datasets._annotation_cells import (
    exact_sum,
    is_number,
    number,
    scored_name,
    table_rows,
    text_rows,
    time,
)
from featkit.datasets._selection_tables import (
    header_names,
    is_selection_table,
    read_selections,
    selection_entry,
)
from featkit.datasets.annotation_format import AnnotationEntry, AnnotationFormat, ReadingOptions
from featkit.datasets.annotations import Annotation
from featkit.errors import TableError
from featkit.table.dialects import find_delimiter

COMMON, SCIENTIFIC, CODE = "common_name", "scientific_name", "species_code"

FIELDS = (COMMON, SCIENTIFIC, CODE, "confidence")

NO_CALL = "nocall"


@dataclass(frozen=True)
class Layout:
    """Columns of a CSV file, in the spelling of `_key`.

    Attributes
    ----------
    path : tuple of str
        Columns whose cells, joined by ``/``, are the path of the recording.
    start, end, duration : str
        Columns of the start, and of the end or the duration.
    """

    path: tuple[str, ...]
    start: str
    end: str = ""
    duration: str = ""


LAYOUTS = (
    Layout(path=("file",), start="start_s", end="end_s"),
    Layout(path=("filepath",), start="start", end="end"),
    Layout(path=("indir", "folder", "in_file"), start="offset", duration="duration"),
    Layout(path=("input",), start="start_time", end="end_time"),
)
"""CSV of the analyzer; its tables for R and for Kaleidoscope; CSV of the package."""


def _key(name: str) -> str:
    """Name of a column in the spelling that all forms share: ``Start (s)`` is ``start_s``."""
    return re.sub(r"\W+", "_", name.strip().casefold()).strip("_")


def _matches(lines: Sequence[str]) -> bool:
    names = header_names(lines[0])
    if is_selection_table(names):
        return {"Common Name", "Confidence"} <= set(names)
    return _layout(_csv_names(lines[0])) is not None or _is_label(lines[0])


def _csv_names(line: str) -> list[str]:
    return next(csv.reader([line], delimiter=find_delimiter(line)), [])


def _layout(names: Sequence[str]) -> Layout | None:
    keys = {_key(name) for name in names}
    if "confidence" not in keys or not keys & {COMMON, SCIENTIFIC, "species_name"}:
        return None
    for layout in LAYOUTS:
        needed = {layout.start, layout.end or layout.duration}
        if needed <= keys:
            return layout
    return None


def _is_label(line: str) -> bool:
    cells = line.split("\t")
    has_times = len(cells) in (3, 4) and is_number(cells[0]) and is_number(cells[1])
    return has_times and _scored(cells) is not None


def _scored(cells: Sequence[str]) -> tuple[str, str] | None:
    """Names and confidence of a label of Audacity."""
    if len(cells) == 3:
        return scored_name(cells[2])
    return (cells[2], cells[3]) if len(cells) == 4 and is_number(cells[3]) else None


def _read(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    first = next(text_rows(file), ("", [""]))[1]
    if is_selection_table(first):
        return _read_selections(file, options)
    if _scored(first):
        return _read_labels(file, options)
    return _read_csv(file, options)


def _read_selections(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    names, selections = read_selections(file)
    select = _field_selector(file, names, options)
    for selection in selections:
        cells = selection.cells
        if not cells.get("Common Name") == cells.get("Species Code", NO_CALL) == NO_CALL:
            yield selection_entry(selection, select(cells))


def _read_csv(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    names, rows = table_rows(file, delimiter=None)
    by_key = {_key(name): name for name in names}
    layout = _layout(names)
    if layout is None:
        raise TableError(f"{file}: line 1: not the header of BirdNET's results")
    select = _field_selector(file, names, options)
    paths = [by_key[key] for key in layout.path if key in by_key]
    start_name, end_name = by_key[layout.start], by_key[layout.end or layout.duration]
    for location, cells in rows:
        start = time(cells[start_name], location, start_name)
        end = time(cells[end_name], location, end_name)
        annotation = Annotation(
            start=start,
            end=exact_sum(start, end) if layout.duration else end,
            fields=select(cells),
            location=location,
        )
        recording = "/".join(cells[name] for name in paths if cells[name])
        yield AnnotationEntry(annotation=annotation, recording=recording)


def _read_labels(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    select = _field_selector(file, (SCIENTIFIC, COMMON, "confidence"), options)
    for location, cells in text_rows(file):
        scored = _scored(cells)
        if scored is None:
            raise TableError(
                f"{location}: {len(cells)} fields, but BirdNET writes start, end, names and"
                " confidence, separated by tabs"
            )
        start, end = (number(cells[k], location, name) for k, name in enumerate(("start", "end")))
        scientific, _, common = scored[0].partition(", ")
        row = {SCIENTIFIC: scientific, COMMON: common or scientific, "confidence": scored[1]}
        annotation = Annotation(start=start, end=end, fields=select(row), location=location)
        yield AnnotationEntry(annotation=annotation)


class _FieldSelector:
    """Selects label and other fields from the cells of a row."""

    def __init__(self, names: Mapping[str, str], label: str) -> None:
        self.names = names
        self.label = label

    def __call__(self, cells: Mapping[str, str]) -> dict[str, str]:
        row = {key: cells[name] for key, name in self.names.items()}
        if "species_name" in row:
            scientific, _, common = row["species_name"].partition("_")
            row |= {SCIENTIFIC: scientific, COMMON: common or scientific}
        others = (key for key in FIELDS if key in row and key != self.label)
        return {"label": row[self.label]} | {key: row[key] for key in others}


def _field_selector(file: Path, names: Sequence[str], options: ReadingOptions) -> _FieldSelector:
    by_key = {_key(name): name for name in names if name}
    available = set(by_key) | ({COMMON, SCIENTIFIC} if "species_name" in by_key else set())
    default = COMMON if COMMON in available else SCIENTIFIC
    label = default if options.label is None else _key(options.label)
    if label not in available:
        raise TableError(f"{file}: {unknown('annotation label', options.label, by_key.values())}")
    return _FieldSelector(by_key, label)


FORMAT = AnnotationFormat(
    name="birdnet",
    title="results of BirdNET: Start (s),End (s),Scientific name,Common name,Confidence, the tables"
    " for Raven, R and Kaleidoscope, or labels for Audacity",
    example="Start (s),End (s),Scientific name,Common name,Confidence,File\n"
    "0.0,3.0,Troglodytes troglodytes,Eurasian Wren,0.8213,/audio/a/b.wav\n",
    matches=_matches,
    read=_read,
    options=("label",),
)
