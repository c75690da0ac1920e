"""Fields from the names of files and of the folders that contain them, by a pattern."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from featkit.datasets.files import Recording, folders_above
from featkit.errors import ParameterError
from featkit.schema import BAND_COLUMNS, QUALITY_DTYPES, TIME_COLUMNS
from featkit.table.columns import is_feature_name

_FIELD = re.compile(r"\{([^{}]*)\}")

EXAMPLE = "such as '{label}_{speaker}_{index}' or '{speaker}/{label}/{take}'"


class Component(NamedTuple):
    """Pattern of one name: the texts before, between and after its fields, and their names."""

    literals: list[str]
    names: list[str]


def reserved_reason(name: str) -> str | None:
    """Reason why a field cannot have this name; None if it can."""
    if name in ("path", *TIME_COLUMNS, *QUALITY_DTYPES):
        return "every table has a column of this name"
    if name in BAND_COLUMNS:
        return "tables of annotated intervals have a column of this name"
    return "a feature has this name" if is_feature_name(name) else None


def name_fields(pattern: str, recordings: Sequence[Recording]) -> list[dict[str, str]]:
    """Match a pattern with the name and the folders of each recording.

    Raises
    ------
    ParameterError
        If the pattern is invalid, a file has too few folders above it, or a name does not match or
        matches in two ways.
    """
    components = _parse(pattern)
    field_names = [name for component in components for name in component.names]
    names = _names_to_match(pattern, len(components), recordings)
    # The shortest and the longest match are the extremes: if they agree, there is no other match.
    shortest = _match(components, "(.+?)", names)
    longest = _match(components, "(.+)", names)
    for recording, parts, one, other in zip(recordings, names, shortest, longest, strict=True):
        location = f"name pattern {pattern!r}: {recording.path}: {'/'.join(parts)!r}"
        if not one:
            counts = f"{shortest.count(())} of {len(recordings)} names do not"
            raise ParameterError(f"{location} does not match ({counts})")
        if one != other:
            readings = f"as {_shown(field_names, one)} and as {_shown(field_names, other)}"
            raise ParameterError(
                f"{location} can be read in more than one way, {readings}:"
                " join the fields that the pattern cannot separate"
            )
    return [dict(zip(field_names, texts, strict=True)) for texts in shortest]


def _names_to_match(
    pattern: str, n_components: int, recordings: Sequence[Recording]
) -> list[list[str]]:
    """Names of the folders of each recording, then the stem of the file."""
    if n_components == 1:
        return [[PurePosixPath(recording.path).stem] for recording in recordings]
    folders = folders_above(recordings, n_components - 1, f"name pattern {pattern!r}")
    stems = ("" if pattern.endswith("/") else PurePosixPath(r.path).stem for r in recordings)
    return [[*above, stem] for above, stem in zip(folders, stems, strict=True)]


def _parse(pattern: str) -> list[Component]:
    """A component for each folder and one for the file, which is empty if any file matches."""
    location = f"name pattern {pattern!r}"
    texts = pattern.replace(os.sep, "/").split("/")
    parts = [_FIELD.split(text) for text in texts]
    components = [Component(literals=part[::2], names=part[1::2]) for part in parts]
    names = [name for component in components for name in component.names]
    if not names:
        raise ParameterError(f"{location}: it has no field: write one as {{field}}, {EXAMPLE}")
    if "" in texts[:-1]:
        raise ParameterError(
            f"{location}: a folder's name is empty: do not begin it with /, {EXAMPLE}"
        )
    for literals, inner in components:
        for literal in literals:
            if "{" in literal or "}" in literal:
                raise ParameterError(f"{location}: unbalanced brace: close each field, {EXAMPLE}")
        if "" in literals[1:-1]:
            k = literals.index("", 1)
            raise ParameterError(
                f"{location}: fields {inner[k - 1]!r} and {inner[k]!r} have no text between them:"
                " separate them by text, or use one field for both"
            )
    for name in names:
        if not name.isidentifier():
            raise ParameterError(
                f"{location}: {name!r} is not a valid field name: use identifiers, {EXAMPLE}"
            )
        if names.count(name) > 1:
            raise ParameterError(f"{location}: duplicate field {name!r}: use each name once")
        if reason := reserved_reason(name):
            raise ParameterError(f"{location}: field {name!r}: {reason}: choose another")
    return components


def _match(
    components: Sequence[Component], field: str, names: Sequence[Sequence[str]]
) -> list[tuple[str, ...]]:
    """Texts of the fields for each recording; an empty tuple if a name does not match."""
    patterns = [
        re.compile(field.join(map(re.escape, component.literals)), re.DOTALL)
        for component in components
    ]
    texts = []
    for parts in names:
        pairs = zip(patterns, parts, strict=True)
        matches = [match for pattern, part in pairs if (match := pattern.fullmatch(part))]
        groups = tuple(text for match in matches for text in match.groups())
        texts.append(groups if len(matches) == len(patterns) else ())
    return texts


def _shown(names: Sequence[str], texts: Sequence[str]) -> str:
    return ", ".join(f"{name}={text!r}" for name, text in zip(names, texts, strict=True))
