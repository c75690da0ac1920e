r"""Audacity: label tracks, exported as text.

A line has start and end in seconds and the label, separated by tabs. If a label has a frequency
band, a second line follows: a backslash, low and high in Hz, where -1 means that the limit is
undefined. A point label has equal start and end. It has no duration, so it becomes a failure that
names its line.

References
----------
Audacity Manual, "Importing and Exporting Labels".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from featkit.datasets._annotation_cells import (
    frequency,
    is_number,
    number,
    scored_name,
    text_rows,
)
from featkit.datasets.annotation_format import AnnotationEntry, AnnotationFormat, ReadingOptions
from featkit.datasets.annotations import Annotation
from featkit.errors import TableError

BAND_MARK = "\\"

LINE = "start, end and label, separated by tabs"


def _matches(lines: Sequence[str]) -> bool:
    cells = lines[0].split("\t")
    is_label = len(cells) == 3 and all(is_number(cell) for cell in cells[:2])
    return is_label and scored_name(cells[2]) is None


def _read(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    pending: Annotation | None = None
    for location, cells in text_rows(file):
        if cells[0] == BAND_MARK:
            if pending is None:
                raise TableError(f"{location}: a frequency band without a label before it")
            yield AnnotationEntry(annotation=_with_band(pending, location, cells))
            pending = None
            continue
        if pending is not None:
            yield AnnotationEntry(annotation=pending)
        pending = _annotation(location, cells)
    if pending is not None:
        yield AnnotationEntry(annotation=pending)


def _annotation(location: str, cells: Sequence[str]) -> Annotation:
    if len(cells) not in (2, 3):
        raise TableError(f"{location}: {len(cells)} fields, but a label has {LINE}")
    start, end = (number(cells[k], location, name) for k, name in enumerate(("start", "end")))
    fields = {"label": cells[2] if len(cells) == 3 else ""}
    return Annotation(start=start, end=end, fields=fields, location=location)


def _with_band(annotation: Annotation, location: str, cells: Sequence[str]) -> Annotation:
    if len(cells) != 3:
        raise TableError(
            f"{location}: {len(cells)} fields, but a frequency band has a backslash, low and high"
            " in Hz, separated by tabs"
        )
    low, high = (frequency(cells[k], location, name) for k, name in ((1, "low"), (2, "high")))
    return replace(
        annotation,
        low_hz=low if low >= 0 else math.nan,
        high_hz=high if high >= 0 else math.nan,
    )


FORMAT = AnnotationFormat(
    name="audacity",
    title=f"labels of Audacity: {LINE}",
    example="0.25\t0.75\twren\n\\\t1200.0\t4500.0\n1.0\t2.5\train\n",
    matches=_matches,
    read=_read,
)
