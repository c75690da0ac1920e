"""Groups that the names of recordings tell: ``stem(name, 1-5)`` and ``folder(path)``.

A name is read as fields. A field is a run of letters or a run of digits; everything else separates
fields. The fields of ``phon_R01_S01_2`` are phon, R, 01, S, 01 and 2, and its stem of fields 1 to 5
is ``phon_R01_S01``. A folder is what stands before the last slash.
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
STEM = re.compile(r"stem\((.+), *(\d+)(?:-(\d+))?\)", re.DOTALL)
FOLDER_OF = re.compile(r"folder\((.+)\)", re.DOTALL)


Span = tuple[int, int]


@dataclass(frozen=True)
class Stem:
    """A part of the names in a column.

    Attributes
    ----------
    column : str
        The column of names.
    first, last : int
        The first and the last field, counted from 1; both 0 for the folder.
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
        """What one group is called."""
        return f"{self.column} stem" if self.first else f"{self.column} folder"

    def of(self, names: Sequence[str] | Array) -> Array:
        """The stem of each name; the whole name where it lacks the fields."""
        texts = [str(name) for name in names]
        stems = (
            self.of_name(text, spans) for text, spans in zip(texts, fields_of(texts), strict=True)
        )
        return np.array(list(stems), dtype=np.str_)

    def of_name(self, name: str, fields: Sequence[Span]) -> str:
        """The stem of a name whose fields are known."""
        if not self.first:
            folder = FOLDER.match(name)
            return folder[1] if folder else name
        if len(fields) < self.last:
            return name
        return name[fields[self.first - 1][0] : fields[self.last - 1][1]]


def fields_of(names: Sequence[str]) -> list[list[Span]]:
    """Where the fields of each name begin and end."""
    return [[field.span() for field in FIELD.finditer(name)] for name in names]


def parse_stem(group: str) -> Stem | None:
    """The stem that a group names, or None if it names a column.

    Parameters
    ----------
    group : str
        Such as ``"stem(name, 1-5)"``, ``"stem(name, 7)"``, ``"folder(path)"`` or ``"artist"``.

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
    if folder := FOLDER_OF.fullmatch(group):
        return Stem(folder[1])
    found = STEM.fullmatch(group)
    if not found:
        return None
    first, last = int(found[2]), int(found[3] or found[2])
    if not 1 <= first <= last:
        raise ParameterError(
            f"group {group!r}: fields are counted from 1, and the first comes before the last, as"
            " in stem(name, 1-5)"
        )
    return Stem(found[1], first, last)


def group_column(group: str) -> str:
    """The column that a group is derived from."""
    stem = parse_stem(group)
    return stem.column if stem else group
