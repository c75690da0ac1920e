"""Columns from the names of files and of the folders that hold them, by a pattern."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from featkit.datasets.files import Recording, folders_above
from featkit.errors import ParameterError
from featkit.schema import QUALITY, TIMES
from featkit.table.feature_table import is_feature

_FIELD = re.compile(r"\{([^{}]*)\}")

EXAMPLE = "such as '{label}_{speaker}_{index}' or '{speaker}/{label}/{take}'"


class Component(NamedTuple):
    """The pattern of one name: texts before, between and after its fields, and their names."""

    literals: list[str]
    names: list[str]


def fault_of(name: str) -> str | None:
    """Why a table cannot have a column of this name beside its own; None if it can."""
    if name in ("path", *TIMES, *QUALITY):
        return "a table has a column of this name of its own"
    return "a feature has this name" if is_feature(name) else None


def name_fields(pattern: str, recordings: Sequence[Recording]) -> list[dict[str, str]]:
    """The fields in the name of each recording, and in those of the folders that it lies in.

    Raises
    ------
    ParameterError
        If the pattern is none, a file lies not deep enough, or a name does not fit or can be read
        in two ways.
    """
    components = _components(pattern)
    names = [name for component in components for name in component.names]
    told = _told(pattern, len(components), recordings)
    # The first match by the shortest fields and the first by the longest are the two ends of all
    # that there are: if they agree, there is no other.
    short = _matches(components, "(.+?)", told)
    long = _matches(components, "(.+)", told)
    for recording, parts, one, other in zip(recordings, told, short, long, strict=True):
        where = f"name pattern {pattern!r}: {recording.path}: {'/'.join(parts)!r}"
        if not one:
            unfit = f"one of {short.count(())} that do not of {len(recordings)}"
            raise ParameterError(f"{where} does not fit it, {unfit}")
        if one != other:
            readings = f"as {_shown(names, one)} and as {_shown(names, other)}"
            raise ParameterError(
                f"{where} can be read in more than one way, {readings}:"
                " join fields that it does not tell apart"
            )
    return [dict(zip(names, texts, strict=True)) for texts in short]


def _told(pattern: str, count: int, recordings: Sequence[Recording]) -> list[list[str]]:
    """The names that so many components are matched with: folders, then the file's stem."""
    if count == 1:
        return [[PurePosixPath(recording.path).stem] for recording in recordings]
    folders = folders_above(recordings, count - 1, f"name pattern {pattern!r}")
    stems = ("" if pattern.endswith("/") else PurePosixPath(r.path).stem for r in recordings)
    return [[*above, stem] for above, stem in zip(folders, stems, strict=True)]


def _components(pattern: str) -> list[Component]:
    """A component for each folder and one for the file: empty, if any file is meant."""
    where = f"name pattern {pattern!r}"
    texts = (pattern.replace(os.sep, "/")).split("/")
    components = [Component(*_parts(text)) for text in texts]
    names = [name for component in components for name in component.names]
    if not names:
        raise ParameterError(f"{where}: it has no field: write one as {{field}}, {EXAMPLE}")
    if "" in texts[:-1]:
        raise ParameterError(f"{where}: a folder's name is empty: begin it with no /, {EXAMPLE}")
    for literals, inner in components:
        for literal in literals:
            if "{" in literal or "}" in literal:
                raise ParameterError(f"{where}: a brace is not closed or not opened: {EXAMPLE}")
        if "" in literals[1:-1]:
            k = literals.index("", 1)
            raise ParameterError(
                f"{where}: fields {inner[k - 1]!r} and {inner[k]!r} have nothing between them:"
                " write what stands there, or one field for both"
            )
    for name in names:
        if not name.isidentifier():
            raise ParameterError(f"{where}: {name!r} is not the name of a field: {EXAMPLE}")
        if names.count(name) > 1:
            raise ParameterError(f"{where}: field {name!r} stands twice: name each once")
        if fault := fault_of(name):
            raise ParameterError(f"{where}: field {name!r}: {fault}: choose another")
    return components


def _parts(text: str) -> tuple[list[str], list[str]]:
    parts = _FIELD.split(text)
    return parts[::2], parts[1::2]


def _matches(
    components: Sequence[Component], field: str, told: Sequence[Sequence[str]]
) -> list[tuple[str, ...]]:
    """The texts of the fields in each recording's names; none where one does not fit."""
    patterns = [
        re.compile(field.join(map(re.escape, component.literals)), re.DOTALL)
        for component in components
    ]
    found = []
    for parts in told:
        matches = [each.fullmatch(part) for each, part in zip(patterns, parts, strict=True)]
        groups = [match.groups() if match else None for match in matches]
        found.append(tuple(text for group in groups if group for text in group))
        if None in groups:
            found[-1] = ()
    return found


def _shown(names: Sequence[str], texts: Sequence[str]) -> str:
    return ", ".join(f"{name}={text!r}" for name, text in zip(names, texts, strict=True))
