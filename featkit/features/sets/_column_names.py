"""Names of columns: what they tell, and the entries of a set that gives them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from featkit.errors import ParameterError
from featkit.features.family import families, family
from featkit.features.sets.entries import ALL
from featkit.features.statistics import statistic


def entries_of(names: Sequence[str]) -> list[dict[str, Any]]:
    """Entries of a feature set that give columns of these names, as a TOML file has them.

    Raises
    ------
    ParameterError
        For a name that no family gives, and for names that tell different numbers.
    """
    parts: dict[tuple[str, bool], list[tuple[str, str]]] = {}
    for name in names:
        family_name, index, statistic_name = parse(name)
        parts.setdefault((family_name, index == ALL), []).append((index, statistic_name))
    entries = []
    for (family_name, pooled), indexed in parts.items():
        mapping: dict[str, Any] = {"family": family_name}
        if pooled:
            mapping["pooled"] = True
        elif from_indices := family(family_name).from_indices:
            try:
                mapping |= from_indices([index for index, _ in indexed])
            except ParameterError as error:
                raise ParameterError(f"{family_name}: {error}") from None
        if statistics := list(dict.fromkeys(s for _, s in indexed if s)):
            mapping["statistics"] = statistics
        entries.append(mapping)
    return entries


def parse(column: str) -> tuple[str, str, str]:
    """Family, index and statistic in a column's name."""
    known = [(d, each) for each in families().values() for d in each.usual]
    named: list[str] = []
    # The longest name first: mfcc_delta_1_mean is no mfcc.
    for descriptor, each in sorted(known, key=lambda pair: -len(pair[0].name)):
        if column != descriptor.name and not column.startswith(f"{descriptor.name}_"):
            continue
        words = [word for word in column[len(descriptor.name) + 1 :].split("_") if word]
        indexed = bool(descriptor.indices)
        index, rest = ("".join(words[:1]), words[1:]) if indexed else ("", words)
        if bool(rest) == (each.per == "frame") and bool(index) == indexed:
            if rest:
                _check_statistic("_".join(rest), column)
            return each.name, index, "_".join(rest)
        parts = [
            descriptor.name,
            *descriptor.indices[:1],
            *(["mean"] if each.per == "frame" else []),
        ]
        named.append("_".join(parts))
    if named:
        raise ParameterError(f"unknown column {column!r}: is one like {named[0]!r} meant?")
    meant = _nearest(column, [descriptor.name for descriptor, _ in known])
    raise ParameterError(
        f"unknown column {column!r}:{meant} a column is called <descriptor>[_<index>]_<statistic>;"
        " featkit features --catalogue lists the descriptors"
    )


def _check_statistic(name: str, column: str) -> None:
    try:
        statistic(name)
    except ParameterError as error:
        raise ParameterError(f"{column}: {error}") from None


def _nearest(column: str, descriptors: Sequence[str]) -> str:
    """A question for the descriptor that a column's name begins with, but for a slip."""
    words = column.split("_")
    for count in range(len(words), 0, -1):
        if close := difflib.get_close_matches("_".join(words[:count]), descriptors, 1, cutoff=0.75):
            return f" did you mean {close[0]!r}?"
    return ""
