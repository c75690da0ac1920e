"""Your own manifest: a CSV file with a column ``path``, and any other columns as fields.

The separator may be a comma, a semicolon, a tab or a vertical bar. With columns ``start`` and
``end``, each row is an interval of its file, in seconds: an empty start is the beginning of the
file, an empty end its end. ``low_hz`` and ``high_hz`` are the frequency band of the interval.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets._name_patterns import reserved_reason
from featkit.datasets.recordings import DatasetFormat, ManifestEntry
from featkit.errors import TableError
from featkit.schema import BAND_COLUMNS, NUMERIC_KEYS, TIME_COLUMNS
from featkit.table.csv_writing import unescape_formula
from featkit.table.delimited import check_fields, read_header, read_rows
from featkit.table.dialects import find_delimiter

EMPTY = {"start": 0.0, "end": math.inf, "low_hz": math.nan, "high_hz": math.nan}
"""Meaning of an empty cell."""


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
        reason = None if name in ("path", *NUMERIC_KEYS) else reserved_reason(name)
        if reason:
            raise TableError(f"{file}: line 1: {name}: {reason}: choose another")
    numeric = [name for name in NUMERIC_KEYS if name in names]
    for name in TIME_COLUMNS:
        if numeric and name not in numeric:
            raise TableError(
                f"{file}: line 1: {numeric[0]}: requires a column {name}: an interval has a start"
                " and an end, in seconds"
            )
    for line, cells in islice(read_rows(file, delimiter=None), 1, None):
        check_fields(file, line, cells, names)
        fields = dict(zip(names, map(unescape_formula, cells), strict=True))
        location = f"{file}: line {line}"
        numbers = {name: _number(location, name, fields.pop(name)) for name in numeric}
        yield ManifestEntry(location, fields.pop("path"), fields, **numbers)


def _number(location: str, name: str, cell: str) -> float:
    """The number of a cell; the default of the column if the cell is empty."""
    if not cell.strip():
        return EMPTY[name]
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in cell:
        unit = "Hz" if name in BAND_COLUMNS else "seconds"
        raise TableError(
            f"{location}: {name}: {cell!r} is not a number: write {unit}, such as 12.5, or nothing"
        )
    return number


FORMAT = DatasetFormat(
    name="manifest",
    title="your own CSV file, whose header has a column 'path'",
    example="path,label,group,split\na/b.wav,rock,ann,train\n",
    matches=_matches,
    read=_read,
)
