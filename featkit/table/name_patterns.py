"""Fields from the names of files and of the folders that contain them, by a pattern.

A pattern is the whole name of a file without its suffix, with ``{field}`` for each part, such as
``{label}_{speaker}_{index}``. Patterns of folders come first, each followed by ``/``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from featkit.errors import ParameterError

_FIELD = re.compile(r"\{([^{}]*)\}")

EXAMPLE = "such as '{label}_{speaker}_{index}' or '{speaker}/{label}/{take}'"


class Component(NamedTuple):
    """Pattern of one name: the texts before, between and after its fields, and their names.

    Attributes
    ----------
    literals, names : list of str
        There is one text more than there are fields.
    """

    literals: list[str]
    names: list[str]


def parse_name_pattern(
    pattern: str, reserved_reason: Callable[[str], str | None] = lambda name: None
) -> list[Component]:
    """Parse a pattern of names.

    Parameters
    ----------
    pattern : str
        The pattern.
    reserved_reason : callable, optional
        Why a field cannot have a name; None if it can.

    Returns
    -------
    list of Component
        One for each folder and one for the file, which is empty if any file matches.

    Raises
    ------
    ParameterError
        If the pattern is invalid.
    """
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


def match_names(
    pattern: str,
    components: Sequence[Component],
    names: Sequence[Sequence[str]],
    paths: Sequence[str],
) -> list[dict[str, str]]:
    """Read the fields of names.

    Parameters
    ----------
    pattern : str
        The pattern, for messages.
    components : sequence of Component
        Its components.
    names : sequence of sequence of str
        For each recording the names of its folders, and that of the file without suffix.
    paths : sequence of str
        Paths of the recordings, for messages.

    Returns
    -------
    list of dict of str to str

    Raises
    ------
    ParameterError
        If a name does not match, or matches in two ways.
    """
    field_names = [name for component in components for name in component.names]
    # The shortest and the longest match are the extremes: if they agree, there is no other match.
    shortest = _match(components, "(.+?)", names)
    longest = _match(components, "(.+)", names)
    for path, parts, one, other in zip(paths, names, shortest, longest, strict=True):
        location = f"name pattern {pattern!r}: {path}: {'/'.join(parts)!r}"
        if not one:
            counts = f"{shortest.count(())} of {len(paths)} names do not"
            raise ParameterError(f"{location} does not match ({counts})")
        if one != other:
            readings = f"as {_shown(field_names, one)} and as {_shown(field_names, other)}"
            raise ParameterError(
                f"{location} can be read in more than one way, {readings}:"
                " join the fields that the pattern cannot separate"
            )
    return [dict(zip(field_names, texts, strict=True)) for texts in shortest]


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
