"""A CSV file of one's own: a column ``path``, and whatever else is known about each recording.

Fields may have commas, semicolons, tabs or vertical bars between them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets._name_patterns import fault_of
from featkit.datasets.recordings import Entry, Format
from featkit.errors import TableError
from featkit.table.delimited import check_fields, header, rows
from featkit.table.dialects import find_delimiter


def matches(lines: Sequence[str]) -> bool:
    delimiter = find_delimiter("\n".join(lines[:1]))
    return "path" in next(csv.reader(lines[:1], delimiter=delimiter), [])


def read(file: Path) -> Iterator[Entry]:
    names = header(file)
    for k, name in enumerate(names):
        if not name.strip():
            raise TableError(f"{file}: line 1: column {k + 1} has no name: give it one")
        if name != name.strip():
            raise TableError(f"{file}: line 1: {name!r}: begins or ends with a space: take it out")
        if name != "path" and (fault := fault_of(name)):
            raise TableError(f"{file}: line 1: {name}: {fault}: choose another")
    for line, fields in islice(rows(file, delimiter=None), 1, None):
        check_fields(file, line, fields, names)
        about = dict(zip(names, fields, strict=True))
        yield Entry(f"{file}: line {line}", about.pop("path"), about)


FORMAT = Format(
    name="manifest",
    title="your own CSV file, whose header has a column 'path'",
    example="path,label,group,split\na/b.wav,rock,ann,train\n",
    matches=matches,
    read=read,
)
