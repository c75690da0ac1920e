"""Groups derived from the names of recordings: ``stem(name, 1-5)`` and ``folder(path)``.

A name consists of fields. A field is a run of letters or a run of digits; all other characters
separate fields. The fields of ``phon_R01_S01_2`` are phon, R, 01, S, 01 and 2, and its stem of
fields 1 to 5 is ``phon_R01_S01``. The folder is the part before the last slash.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError

FIELD = re.compile(r"\d+|[^\W\d_]+")
FOLDER = re.compile(r"(.*)[/\\]", re.DOTALL)
STEM_GROUP = re.compile(r"stem\((.+), *(\d+)(?:-(\d+))?\)", re.DOTALL)
FOLDER_GROUP = re.compile(r"folder\((.+)\)", re.DOTALL)

Span = tuple[int, int]
"""Begin and end of a field in a name."""


@dataclass(frozen=True)
class Stem:
    """A part of the names in a column.

    Attributes
    ----------
    column : str
        The column of names.
    first, last : int
        The first and the last field of the stem, counted from 1; both 0 for the folder.
    """

    column: str
    first: int = 0
    last: int = 0

    def __str__(self) -> str:
        if not self.first:
            return f"folder({self.column})"
        fields = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"stem({self.column}, {fields})"

    @property
    def unit(self) -> str:
        """The term for one such group, such as ``name stem``."""
        return f"{self.column} stem" if self.first else f"{self.column} folder"

    def of(self, names: Sequence[str] | Array) -> Array:
        """Return the stem of each name.

        Parameters
        ----------
        names : sequence of str
            The names.

        Returns
        -------
        array of str, shape ``(len(names),)``
            The whole name if it does not have these fields.
        """
        texts = [str(name) for name in names]
        spans = field_spans(texts)
        return np.array([*map(self.of_name, texts, spans)], dtype=np.str_)

    def of_name(self, name: str, spans: Sequence[Span]) -> str:
        """Return the stem of one name.

        Parameters
        ----------
        name : str
            The name.
        spans : sequence of (int, int)
            Its fields; see `field_spans`.

        Returns
        -------
        str
            The whole name if it does not have these fields.
        """
        if not self.first:
            folder = FOLDER.match(name)
            return folder[1] if folder else name
        if len(spans) < self.last:
            return name
        return name[spans[self.first - 1][0] : spans[self.last - 1][1]]


def field_spans(names: Sequence[str]) -> list[list[Span]]:
    """Find the fields of each name.

    Parameters
    ----------
    names : sequence of str
        The names.

    Returns
    -------
    list of list of (int, int)
        Begin and end of each field.
    """
    return [[field.span() for field in FIELD.finditer(name)] for name in names]


def parse_stem(group: str) -> Stem | None:
    """Parse the name of a group.

    Parameters
    ----------
    group : str
        Such as ``"stem(name, 1-5)"``, ``"stem(name, 7)"``, ``"folder(path)"`` or ``"artist"``.

    Returns
    -------
    Stem or None
        None if the group is a column.

    Raises
    ------
    ParameterError
        If the fields are not in order.

    Examples
    --------
    >>> parse_stem("stem(name, 1-5)").of(["phon_R01_S01_2"]).tolist()
    ['phon_R01_S01']
    >>> parse_stem("folder(path)").of(["ann/1.wav"]).tolist()
    ['ann']
    """
    if folder := FOLDER_GROUP.fullmatch(group):
        return Stem(folder[1])
    stem = STEM_GROUP.fullmatch(group)
    if not stem:
        return None
    first, last = int(stem[2]), int(stem[3] or stem[2])
    if not 1 <= first <= last:
        raise ParameterError(
            f"group {group!r}: fields are counted from 1, and the first must not come after the"
            " last, as in stem(name, 1-5)"
        )
    return Stem(stem[1], first, last)


def group_column(group: str) -> str:
    """Return the column that a group is derived from.

    Parameters
    ----------
    group : str
        A column, or a part of its names; see `parse_stem`.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        If the fields of a stem are not in order.
    """
    return (parse_stem(group) or Stem(group)).column
