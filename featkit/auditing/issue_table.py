"""Issues as plain data and as a table, and the files that hold them."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featkit.auditing.issue import Issue, Place
from featkit.errors import ParameterError
from featkit.storage.urls import shown, suffix_of
from featkit.storage.writing import check_writable, replacing

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "severity": "high, medium or low",
    "check": "name of the check",
    "kind": "kind of issue; issues of a kind have the same evidence",
    "message": "what was found",
    "remedy": "what to do",
    "certainty": "0 to 1: sorts the issues of a severity and check",
    "path": "the most important recording; missing for an issue of the whole dataset",
    "start": "start of the part concerned in s; missing for the whole recording",
    "end": "its end in s",
    "other_path": "the second recording, such as the copy",
    "other_start": "start of its part in s",
    "other_end": "its end in s",
    "n_recordings": "number of recordings concerned",
    "recordings": "all recordings concerned, as a list",
    "remove": "recordings that the cleaned table leaves out, as a list",
    "groups": "recordings that a split must not divide, as a list of groups",
    "evidence": "numbers and texts behind the message, as a JSON object",
}
"""Columns of the table of issues, with their meaning."""

LISTS = ("recordings", "remove", "groups")
"""Columns that hold lists; a CSV file holds them as JSON arrays."""

SUFFIXES = (".parquet", ".csv", ".json")
"""Suffixes of the files that `write_issues` writes."""

NOWHERE = Place("")


def plain(value: Any) -> Any:
    """Convert a value to data that JSON can hold.

    Parameters
    ----------
    value : object
        Numbers, texts, flags, arrays, sequences and mappings.

    Returns
    -------
    object
        The same with lists and dicts; None for numbers that are not finite; text for other types.

    Examples
    --------
    >>> plain({"offsets": (1, float("nan")), 3: "x"})
    {'offsets': [1, None], '3': 'x'}
    """
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(name): plain(own) for name, own in value.items()}
    if isinstance(value, list | tuple):
        return [plain(own) for own in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def issue_data(issue: Issue) -> dict[str, Any]:
    """Return an issue as data that JSON can hold.

    Parameters
    ----------
    issue : Issue
        The issue.

    Returns
    -------
    dict
        The attributes of `Issue`; a place is an object with ``path``, ``start`` and ``end``.
    """
    data: dict[str, Any] = plain(asdict(issue) | {"evidence": issue.evidence})
    return data


def issue_table(issues: Sequence[Issue]) -> pd.DataFrame:
    """Return issues as a table.

    Parameters
    ----------
    issues : sequence of Issue
        The issues.

    Returns
    -------
    DataFrame
        One row for each issue, with `COLUMNS`, also if there is none.
    """
    import pandas as pd

    rows = [_row(issue) for issue in issues]
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    return pd.DataFrame({name: _series(pd, name, values) for name, values in columns.items()})


def _row(issue: Issue) -> dict[str, Any]:
    places = {place.path: place for place in reversed(issue.places)}  # the first of each recording
    recordings = list(dict.fromkeys(place.path for place in issue.places))
    first, second = (*(places[path] for path in recordings), NOWHERE, NOWHERE)[:2]
    return {
        "severity": issue.severity,
        "check": issue.check,
        "kind": issue.kind,
        "message": issue.message,
        "remedy": issue.remedy,
        "certainty": plain(float(issue.certainty)),
        "path": first.path or None,
        "start": plain(first.start),
        "end": plain(first.end),
        "other_path": second.path or None,
        "other_start": plain(second.start),
        "other_end": plain(second.end),
        "n_recordings": len(recordings),
        "recordings": recordings,
        "remove": list(issue.remove),
        "groups": [list(group) for group in (issue.together, *issue.groups) if group],
        "evidence": json_text(plain(issue.evidence)),
    }


def _series(pd: Any, name: str, values: list[Any]) -> Any:
    numbers = {"certainty", "start", "end", "other_start", "other_end"}
    kinds = {"n_recordings": "int64"} | dict.fromkeys(numbers, "float64")
    return pd.Series(values, dtype=kinds.get(name, object))


def json_text(data: Any) -> str:
    """Return plain data as JSON text in one line.

    Parameters
    ----------
    data : object
        Data of `plain`.

    Returns
    -------
    str
    """
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def check_issue_file(path: str | os.PathLike[str]) -> None:
    """Check that issues can be written to a file, before they are searched for.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    ParameterError
        If its suffix is not one of `SUFFIXES`, or it is not writable.
    """
    if suffix_of(path) not in SUFFIXES:
        raise ParameterError(
            f"{shown(path)}: cannot be written: the file name must end in"
            f" {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        )
    check_writable(path)


def write_issues(
    path: str | os.PathLike[str], table: pd.DataFrame, data: Callable[[], Mapping[str, Any]]
) -> None:
    """Write issues atomically.

    Parameters
    ----------
    path : path
        The file. Its suffix selects the format: Parquet and CSV hold the table, JSON the data.
    table : DataFrame
        Of `issue_table`.
    data : callable
        ``data()`` returns plain data.

    Raises
    ------
    ParameterError
        If the suffix is unknown, or the file is not writable.
    TableError
        If a text cannot be stored in UTF-8.
    WriteError
        If writing fails.
    """
    from featkit.table.csv_writing import surrogate_errors, write_csv

    check_issue_file(path)
    suffix = suffix_of(path)
    with replacing(path) as scratch, surrogate_errors():
        if suffix == ".parquet":
            _write_parquet(scratch, table)
        elif suffix == ".csv":
            write_csv(scratch, table.columns, map(_cells, table.to_dict("records")))
        else:
            text = json.dumps(data(), indent=2, ensure_ascii=False, allow_nan=False)
            scratch.write_text(f"{text}\n", "utf-8")


def _cells(row: Mapping[Any, Any]) -> list[Any]:
    """The cells of a row of a CSV file."""
    cells = {name: json_text(cell) if name in LISTS else cell for name, cell in row.items()}
    return ["" if cell is None else cell for cell in cells.values()]


def _write_parquet(path: Path, table: pd.DataFrame) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"object": pa.string(), "float64": pa.float64(), "int64": pa.int64()}
    paths = pa.list_(pa.string())
    lists = {"recordings": paths, "remove": paths, "groups": pa.list_(paths)}
    fields = [(name, lists.get(name) or types[str(table[name].dtype)]) for name in COLUMNS]
    pq.write_table(pa.Table.from_pandas(table, pa.schema(fields), preserve_index=False), path)
