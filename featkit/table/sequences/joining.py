"""Sequences for the rows of a feature table, by recording, start and end."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.schema import DATASET
from featkit.table.feature_table import FeatureTable

TOLERANCE = 1e-3
"""Seconds by which times of one place may differ: they depend on the sample rate of each set."""


def join_sequences(table: FeatureTable, sequences: FeatureTable) -> FeatureTable:
    """Give the rows of a feature table their sequences.

    A row gets the sequences of the same recording and start. If several rows of the sequences are
    of one recording, such as segments, the ends must agree, too. With several datasets, a row gets
    sequences of its own dataset.

    Parameters
    ----------
    table : FeatureTable
        The features, with the key ``path``.
    sequences : FeatureTable
        Rows with sequences, as `featkit.table.sequences.reading.read_sequences` returns them, or
        several of them joined by `featkit.table.joining.join_tables`. Their order does not matter,
        and there may be more of them.

    Returns
    -------
    FeatureTable
        The rows of `table`, in their order, with sequences.

    Raises
    ------
    TableError
        If a row has no sequences; the message names the first and counts all. Also if a table has
        no recordings, or it is undecided which sequences belong to a row.
    """
    if sequences.sequences is None:
        raise TableError("the table of sequences has none: read a folder of `featkit sequences`")
    by_dataset = DATASET in table.keys and DATASET in sequences.keys
    candidates = _Candidates(sequences, by_dataset=by_dataset)
    if not by_dataset:
        _check_one_dataset(table)
    places = [candidates.row(part) for part in _parts(table, by_dataset=by_dataset)]
    missing = [row for row, place in enumerate(places) if place is None]
    if missing:
        raise TableError(_missing_message(table, sequences, missing))
    return replace(table, sequences=sequences.sequences.rows(np.array(places, dtype=np.intp)))


class _Part(NamedTuple):
    """The part of a recording that a row is of; times are NaN where they are unknown."""

    recording: tuple[str, str]
    start: float
    end: float


def _parts(table: FeatureTable, *, by_dataset: bool) -> list[_Part]:
    if "path" not in table.keys:
        raise TableError(
            "sequences belong to rows by their recording, and the table has no column 'path'"
        )
    paths = table.column("path").tolist()
    datasets = table.column(DATASET).tolist() if by_dataset else [""] * len(table)
    starts, ends = (_times(table, name).tolist() for name in ("start", "end"))
    recordings = zip(datasets, paths, strict=True)
    return [_Part(*part) for part in zip(recordings, starts, ends, strict=True)]


def _times(table: FeatureTable, name: str) -> Array:
    cells = np.asarray(table.keys.get(name, np.full(len(table), math.nan)))
    return cells if cells.dtype.kind == "f" else np.full(len(table), math.nan)


class _Candidates:
    """Rows of sequences by recording."""

    def __init__(self, sequences: FeatureTable, *, by_dataset: bool) -> None:
        self._rows: dict[tuple[str, str], list[tuple[float, float, int]]] = defaultdict(list)
        for row, part in enumerate(_parts(sequences, by_dataset=by_dataset)):
            self._rows[part.recording].append((part.start, part.end, row))
        for rows in self._rows.values():
            rows.sort()

    def row(self, part: _Part) -> int | None:
        """The row of sequences of a part of a recording; None if there is none."""
        rows = self._rows.get(part.recording, [])
        if math.isnan(part.start):
            return rows[0][-1] if len(rows) == 1 else None
        if len(rows) == 1:
            return rows[0][-1] if _agree(rows[0][0], part.start) else None
        first = bisect.bisect_left(rows, (part.start - TOLERANCE,))
        for start, end, row in rows[first:]:
            if not _agree(start, part.start):
                return None
            # Rows of the same part have the same sound.
            if _agree(end, part.end):
                return row
        return None


def _agree(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE


def _check_one_dataset(table: FeatureTable) -> None:
    """Refuse a table of several datasets that have recordings of the same name."""
    if DATASET not in table.keys or "path" not in table.keys:
        return
    owners: dict[str, str] = {}
    pairs = zip(table.column("path").tolist(), table.column(DATASET).tolist(), strict=True)
    for path, dataset in pairs:
        if owners.setdefault(path, dataset) != dataset:
            raise TableError(
                f"{path!r} is a recording of {owners[path]} and of {dataset}, and the sequences"
                " name no dataset: give the sequences of each dataset"
            )


def _missing_message(table: FeatureTable, sequences: FeatureTable, missing: list[int]) -> str:
    row = missing[0]
    path = str(table.column("path")[row])
    start, end = (float(_times(table, name)[row]) for name in ("start", "end"))
    times = [f"{time:g} s" for time in (start, end) if not math.isnan(time)]
    part = f", {' to '.join(times)}" if times else ""
    own = {*sequences.column("path").tolist()}
    if path in own:
        reason = (
            "they are of other parts of this recording: make both with the same offset and segments"
        )
    elif own.isdisjoint(table.column("path").tolist()):
        example = f", such as {min(own)!r}" if own else ""
        reason = (
            f"they have none of its recordings{example}: paths are relative to INPUT, which must be"
            " the same folder for both"
        )
    else:
        reason = (
            "make them from the same recordings, see the list of failures of `featkit sequences`,"
            " or remove these rows from the table"
        )
    return (
        f"{counted(len(missing), 'row')} of {len(table):,} have no sequences, the first is"
        f" {table.row_name(row)} ({path!r}{part}): {reason}"
    )
