"""What stands in the names of files, told by a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from featkit.cells import QUALITY, TIMES
from featkit.errors import ParameterError
from featkit.table import is_feature

_FIELD = re.compile(r"\{([^{}]*)\}")

EXAMPLE = "such as '{label}_{speaker}_{index}'"


def fault_of(name: str) -> str | None:
    """Why a table cannot have a column of this name beside its own; None if it can."""
    if name in ("path", *TIMES, *QUALITY):
        return "a table has a column of this name of its own"
    return "a feature has this name" if is_feature(name) else None


def name_fields(pattern: str, paths: Sequence[str]) -> list[dict[str, str]]:
    """The fields in the name of each path, which is taken without folder and last ending.

    Raises
    ------
    ParameterError
        If the pattern is none, or a name does not fit or can be read in two ways.
    """
    literals, names = _parts(pattern)
    stems = [PurePosixPath(path).stem for path in paths]
    # The first match by the shortest fields and the first by the longest are the two ends of all
    # that there are: if they agree, there is no other.
    short = _matches(literals, "(.+?)", stems)
    long = _matches(literals, "(.+)", stems)
    for path, stem, one, other in zip(paths, stems, short, long, strict=True):
        where = f"name pattern {pattern!r}: {path}: {stem!r}"
        if not one:
            unfit = f"one of {short.count(())} that do not of {len(paths)}"
            raise ParameterError(f"{where} does not fit it, {unfit}")
        if one != other:
            readings = f"as {_shown(names, one)} and as {_shown(names, other)}"
            raise ParameterError(
                f"{where} can be read in more than one way, {readings}:"
                " join fields that it does not tell apart"
            )
    return [dict(zip(names, texts, strict=True)) for texts in short]


def _parts(pattern: str) -> tuple[list[str], list[str]]:
    """The texts before, between and after the fields, and the names of these."""
    parts = _FIELD.split(pattern)
    literals, names = parts[::2], parts[1::2]
    where = f"name pattern {pattern!r}"
    if not names:
        raise ParameterError(f"{where}: it has no field: write one as {{field}}, {EXAMPLE}")
    for literal in literals:
        if "{" in literal or "}" in literal:
            raise ParameterError(f"{where}: a brace is not closed or not opened: {EXAMPLE}")
    for name in names:
        if not name.isidentifier():
            raise ParameterError(f"{where}: {name!r} is not the name of a field: {EXAMPLE}")
        if names.count(name) > 1:
            raise ParameterError(f"{where}: field {name!r} stands twice: name each once")
        if fault := fault_of(name):
            raise ParameterError(f"{where}: field {name!r}: {fault}: choose another")
    if "" in literals[1:-1]:
        k = literals.index("", 1)
        raise ParameterError(
            f"{where}: fields {names[k - 1]!r} and {names[k]!r} have nothing between them:"
            " write what stands there, or one field for both"
        )
    return literals, names


def _matches(literals: Sequence[str], field: str, stems: Sequence[str]) -> list[tuple[str, ...]]:
    """The texts of the fields in each stem; none where it does not fit."""
    pattern = re.compile(field.join(map(re.escape, literals)), re.DOTALL)
    matches = (pattern.fullmatch(stem) for stem in stems)
    return [match.groups() if match else () for match in matches]


def _shown(names: Sequence[str], texts: Sequence[str]) -> str:
    return ", ".join(f"{name}={text!r}" for name, text in zip(names, texts, strict=True))
