"""Selection tables of Raven, which BirdNET writes, too.

Columns are separated by tabs and have fixed names: ``Selection``, ``View``, ``Channel``, ``Begin
Time (s)``, ``End Time (s)``, ``Low Freq (Hz)``, ``High Freq (Hz)``, then measurements and
annotations in any order. If several sound files are open as one sequence, ``Begin Time (s)`` counts
from the beginning of the first file; ``Begin File`` or ``Begin Path`` names the file in which the
selection begins, and ``File Offset (s)`` is the time from the beginning of that file.

References
----------
Raven Pro User's Manual, chapters "Selections" and "Measurements", K. Lisa Yang Center for
Conservation Bioacoustics, Cornell Lab of Ornithology.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from featkit.datasets._annotation_cells import exact_sum, frequency, number, table_rows
from featkit.datasets.annotation_format import AnnotationEntry
from featkit.datasets.annotations import Annotation
from featkit.errors import TableError

SELECTION, VIEW = "Selection", "View"
BEGIN, END = "Begin Time (s)", "End Time (s)"
LOW, HIGH = "Low Freq (Hz)", "High Freq (Hz)"
OFFSET = "File Offset (s)"
FILES = ("Begin Path", "Begin File")
"""Columns that name the sound file; the first that is not empty counts."""

ROUNDING = 0.01
"""Seconds by which ``File Offset (s)`` may differ from ``Begin Time (s)`` of the same moment: Raven
rounds them to different numbers of digits."""


class Selection(NamedTuple):
    """A row of a selection table: location, cells by column, name of the file, times in seconds."""

    location: str
    cells: dict[str, str]
    recording: str
    begin: float
    end: float


def header_names(line: str) -> list[str]:
    """Names of the columns in the header of a selection table.

    Parameters
    ----------
    line : str
        The first line of the file.

    Returns
    -------
    list of str
    """
    return [name.strip() for name in line.split("\t")]


def is_selection_table(names: Sequence[str]) -> bool:
    """Whether these are columns of a selection table.

    Parameters
    ----------
    names : sequence of str
        Names of the columns.

    Returns
    -------
    bool
    """
    return SELECTION in names and BEGIN in names


def read_selections(file: Path) -> tuple[list[str], list[Selection]]:
    """Read the rows of a selection table, with times within the sound file of each.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    names : list of str
        Names of the columns.
    selections : list of Selection
        The rows in the order of the file.

    Raises
    ------
    TableError
        If a column or a number is missing, or the file does not show when the selections begin in
        their sound files.
    """
    names, rows = table_rows(file, required=(BEGIN, END))
    selections = [_selection(location, cells) for location, cells in rows]
    recordings = list(dict.fromkeys(selection.recording for selection in selections))
    if len(recordings) > 1 and OFFSET not in names:
        raise TableError(
            f"{file}: its selections begin in {len(recordings)} sound files, such as"
            f" {recordings[0]!r} and {recordings[1]!r}, and their times count from the first one:"
            f" add the measurement {OFFSET!r} in Raven, or save a table for each file"
        )
    return names, selections


def _selection(location: str, cells: dict[str, str]) -> Selection:
    begin, end = (number(cells[name], location, name) for name in (BEGIN, END))
    recording = next((cells[name] for name in FILES if cells.get(name)), "")
    if OFFSET in cells:
        offset = number(cells[OFFSET], location, OFFSET)
        if abs(offset - begin) > ROUNDING:
            if not recording:
                raise TableError(
                    f"{location}: {OFFSET} is {offset:g}, but {BEGIN} is {begin:g}: the selections"
                    " begin in several sound files: add the measurement 'Begin File' in Raven"
                )
            begin, end = offset, exact_sum(offset, end, -begin)
    return Selection(location, cells, recording, begin, end)


def selection_entry(selection: Selection, fields: Mapping[str, str]) -> AnnotationEntry:
    """Convert a row of a selection table to an annotation.

    Parameters
    ----------
    selection : Selection
        The row.
    fields : mapping of str to str
        Label and other metadata.

    Returns
    -------
    AnnotationEntry
    """
    cells, location = selection.cells, selection.location
    low, high = (
        frequency(cells[name], location, name) if name in cells else math.nan
        for name in (LOW, HIGH)
    )
    return AnnotationEntry(
        annotation=Annotation(
            start=selection.begin,
            end=selection.end,
            low_hz=low,
            high_hz=high,
            fields=fields,
            location=location,
        ),
        recording=selection.recording,
        selection=cells.get(SELECTION, ""),
        view=cells.get(VIEW, ""),
    )
