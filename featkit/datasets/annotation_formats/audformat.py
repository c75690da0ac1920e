"""audformat: tables as CSV, with the columns ``file``, ``start`` and ``end``, or ``file`` alone.

Times are durations as pandas writes them, such as ``0 days 00:00:01.500000``, or seconds. An empty
``end``, or ``NaT``, is the end of the file, and an empty ``start`` its beginning. A row of a table
without ``start`` and ``end`` is the whole file. The label is the column ``label``, or the only
column besides these; all others become columns of the table.

The package audformat reads whole databases, whose tables need a header file, and does not keep
lines; a table by itself is plain CSV.

References
----------
"audformat: data format of audEERING", sections "Tables" and "Table files".
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from featkit.datasets._annotation_cells import check_field_names, label_column, table_rows, time
from featkit.datasets.annotation_format import AnnotationEntry, AnnotationFormat, ReadingOptions
from featkit.datasets.annotations import Annotation
from featkit.errors import TableError
from featkit.table.dialects import find_delimiter

FILE, START, END = "file", "start", "end"

NOT_A_TIME = ("", "NaT")


def _matches(lines: Sequence[str]) -> bool:
    delimiter = find_delimiter("\n".join(lines[:1]))
    names = next(csv.reader(lines[:1], delimiter=delimiter), [])
    return len(names) > 1 and names[0] == FILE and (START in names) == (END in names)


def _read(file: Path, options: ReadingOptions) -> Iterator[AnnotationEntry]:
    names, rows = table_rows(file, required=(FILE,), delimiter=None)
    others = [name for name in names if name and name not in (FILE, START, END)]
    label = label_column(file, names, options.label, others)
    others = [name for name in others if name != label]
    check_field_names(file, others, label)
    first_rows: dict[str, str] = {}
    for location, cells in rows:
        if not cells[FILE]:
            raise TableError(f"{location}: file: empty: write the file of the recording")
        if START not in names and first_rows.setdefault(cells[FILE], location) != location:
            raise TableError(
                f"{location}: file: duplicate {cells[FILE]!r}, first in {first_rows[cells[FILE]]}:"
                " for several rows of one file, the columns 'start' and 'end' are needed"
            )
        start, end = cells.get(START, ""), cells.get(END, "")
        fields = {} if label is None else {"label": cells[label]}
        annotation = Annotation(
            start=0.0 if start in NOT_A_TIME else time(start, location, START),
            end=math.inf if end in NOT_A_TIME else time(end, location, END),
            fields=fields | {name: cells[name] for name in others},
            location=location,
        )
        yield AnnotationEntry(annotation=annotation, recording=cells[FILE])


FORMAT = AnnotationFormat(
    name="audformat",
    title="tables of audformat: file,start,end,label or file,label",
    example="file,start,end,label\na/b.wav,0 days 00:00:00.250000,0 days 00:00:00.750000,wren\n",
    matches=_matches,
    read=_read,
    options=("label",),
)
