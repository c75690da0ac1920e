"""Your own manifest: a CSV file with a column ``path``, and any other columns as fields.

The separator may be a comma, a semicolon, a tab or a vertical bar.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets._name_patterns import reserved_reason
from featkit.datasets.recordings import DatasetFormat, ManifestEntry
from featkit.errors import TableError
from featkit.table.delimited import check_fields, read_header, read_rows
from featkit.table.dialects import find_delimiter


def _matches(lines: Sequence[str]) -> bool:
    delimiter = find_delimiter("\n".join(lines[:1]))
    return "path" in next(csv.reader(lines[:1], delimiter=delimiter), [])


def _read(file: Path) -> Iterator[ManifestEntry]:
    names = read_header(file)
    for k, name in enumerate(names):
        if not name.strip():
            raise TableError(f"{file}: line 1: column {k + 1} has no name: give it one")
        if name != name.strip():
            raise TableError(f"{file}: line 1: {name!r}: begins or ends with a space: remove it")
        if name != "path" and (reason := reserved_reason(name)):
            raise TableError(f"{file}: line 1: {name}: {reason}: choose another")
    for line, cells in islice(read_rows(file, delimiter=None), 1, None):
        check_fields(file, line, cells, names)
        fields = dict(zip(names, cells, strict=True))
        yield ManifestEntry(f"{file}: line {line}", fields.pop("path"), fields)


FORMAT = DatasetFormat(
    name="manifest",
    title="your own CSV file, whose header has a column 'path'",
    example="path,label,group,split\na/b.wav,rock,ann,train\n",
    matches=_matches,
    read=_read,
)
