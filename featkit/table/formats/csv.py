"""CSV and other delimited text: read in any dialect, written as CSV in UTF-8.

A flag is written as ``true`` or ``false`` (1 and 0 are read, too), a missing value as an empty
cell, and a text that a spreadsheet would compute with an apostrophe before it; see
`featkit.table.csv_writing`. The file cannot hold provenance.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.schema import QUALITY_DTYPES
from featkit.table._number_parsing import MISSING_NUMBERS, NUMBER, read_numbers
from featkit.table.cell_values import key_values
from featkit.table.columns import ColumnSelection, TableColumns
from featkit.table.csv_writing import unescape_formula, write_csv
from featkit.table.delimited import read_header, read_texts, row_line, row_lines
from featkit.table.dialects import FALLBACK_ENCODING, Dialect, detect
from featkit.table.table_files import TableFormat

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

GUESSED_ENCODING = (
    "the file is not UTF-8 text and is read as Windows-1252: if accented letters are wrong, save"
    " the file in UTF-8"
)


def _read(path: str | os.PathLike[str], selection: ColumnSelection) -> TableColumns:
    dialect = detect(path, guess=True)
    roles = selection.roles(_names(path, dialect))
    texts = read_texts(path, dialect)
    candidates = {*roles.features, *roles.candidates, *roles.numeric_quality, *roles.numeric_keys}
    notes = [GUESSED_ENCODING] if dialect.encoding == FALLBACK_ENCODING else []
    numbers = read_numbers(
        {name: _digits(name, column) for name, column in texts.items() if name in candidates},
        required={*roles.features, *roles.numeric_quality},
        row_name=lambda row: f"{os.fspath(path)}: line {row_line(path, row, dialect)}",
        delimiter=dialect.delimiter,
        evidence={name: texts[name] for name in roles.unselected},
        notes=notes,
    )
    not_features = {*roles.quality, *roles.numeric_keys, *(texts.keys() - numbers.keys())}
    features = {name: values for name, values in numbers.items() if name not in not_features}
    inexact = [name for name in features if not _is_plain_number(texts[name])]
    return TableColumns(
        features=features,
        others={
            name: numbers[name] if name in numbers else _cells(column, unescape_formula)
            for name, column in texts.items()
            if name in not_features
        },
        roles=roles,
        provenance=dict(selection.provenance),
        notes=notes,
        inexact={name: _cells(texts[name]) for name in inexact},
        lines=row_lines(path, len(next(iter(texts.values()))), dialect),
        row_name=lambda row: f"line {row_line(path, row, dialect)}",
    )


def _names(path: str | os.PathLike[str], dialect: Dialect) -> list[str]:
    return [unescape_formula(name) for name in read_header(path, dialect)]


def _column_names(path: str | os.PathLike[str]) -> list[str]:
    return _names(path, detect(path, guess=True))


def _cells(column: Any, convert: Callable[[str], str] = str) -> Array:
    return np.array([convert(cell) for cell in column.to_pylist()], dtype=object)


def _digits(name: str, column: Any) -> Any:
    """The cells of a column, with 1 and 0 in place of true and false if it is a flag."""
    import pyarrow.compute as pc

    if QUALITY_DTYPES.get(name) == "bool":
        for word, digit in (("true", "1"), ("false", "0")):
            column = pc.replace_substring_regex(column, rf"(?i)^\s*{word}\s*$", digit)
    return column


def _is_plain_number(column: Any) -> bool:
    """Whether the first present cell of a column of numbers has a sign, digits and point only."""
    cells = (cell.as_py().strip() for chunk in column.chunks for cell in chunk)
    first = next((cell for cell in cells if cell not in MISSING_NUMBERS), "0")
    return bool(NUMBER.fullmatch(first))


def _write(path: Path, tables: Iterable[FeatureTable]) -> None:
    tables = iter(tables)
    first = next(tables)
    names = [*first.keys, *first.quality, *first.feature_names]
    write_csv(path, names, chain.from_iterable(map(_rows, chain([first], tables))))


def _rows(table: FeatureTable) -> Iterator[list[Any]]:
    keys = [key_values(name, column).tolist() for name, column in table.keys.items()]
    quality = [_quality_cells(name, column) for name, column in table.quality.items()]
    others = zip(*keys, *quality, strict=True) if keys or quality else repeat((), len(table))
    return ([*cells, *row.tolist()] for cells, row in zip(others, table.values, strict=True))


def _quality_cells(name: str, column: Array) -> list[Any]:
    """Cells of the column's own type; NaN or "" where missing."""
    dtype = {"bool": bool, "int64": int, "float64": float, "str": str}[QUALITY_DTYPES[name]]
    return [value if value != value else dtype(value) for value in column.tolist()]


FORMAT = TableFormat(
    name="csv",
    suffixes=(".csv", ".tsv", ".txt"),
    compressed_suffixes=(".gz", ".bz2", ".xz", ".zip"),
    written_suffix=".csv",
    read=_read,
    write=_write,
    column_names=_column_names,
)
