"""Column names: their parts, and the entries of a feature set that produce them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from featkit.errors import ParameterError
from featkit.features.family import FAMILIES, descriptors_by_name
from featkit.features.sets.entries import POOLED_INDEX
from featkit.features.statistics import statistic


@dataclass(frozen=True)
class ColumnParts:
    """Parts of a column's name.

    Attributes
    ----------
    family, index, statistic : str
        Name of the family, index of the component and name of the statistic; the last two are empty
        if the column has none.
    """

    family: str
    index: str
    statistic: str


def entries_from_columns(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the entries of a feature set that produce some columns.

    Parameters
    ----------
    names : sequence of str
        Names of columns.

    Returns
    -------
    list of dict
        As in a TOML file.

    Raises
    ------
    ParameterError
        If no family has such a column, or names give different numbers of components.
    """
    groups: dict[tuple[str, bool], list[ColumnParts]] = {}
    for name in names:
        column = parse(name)
        groups.setdefault((column.family, column.index == POOLED_INDEX), []).append(column)
    return [_entry(family, pooled, columns) for (family, pooled), columns in groups.items()]


def _entry(family: str, pooled: bool, columns: Sequence[ColumnParts]) -> dict[str, Any]:
    entry: dict[str, Any] = {"family": family}
    if pooled:
        entry["pooled"] = True
    elif from_indices := FAMILIES[family].from_indices:
        try:
            entry |= from_indices([column.index for column in columns])
        except ParameterError as error:
            raise ParameterError(f"{family}: {error}") from None
    if statistics := list(dict.fromkeys(c.statistic for c in columns if c.statistic)):
        entry["statistics"] = statistics
    return entry


def parse(column: str) -> ColumnParts:
    """Split the name of a column.

    Parameters
    ----------
    column : str
        Name of a column.

    Returns
    -------
    ColumnParts

    Raises
    ------
    ParameterError
        If no family has such a column.
    """
    descriptors = descriptors_by_name()
    similar: list[str] = []
    # The longest name first: mfcc_delta_1_mean is not a column of mfcc.
    for name, (descriptor, family) in sorted(descriptors.items(), key=lambda item: -len(item[0])):
        if column != name and not column.startswith(f"{name}_"):
            continue
        words = [word for word in column[len(name) + 1 :].split("_") if word]
        has_index, per_frame = bool(descriptor.indices), family.per == "frame"
        index, rest = ("".join(words[:1]), words[1:]) if has_index else ("", words)
        if bool(rest) == per_frame and bool(index) == has_index:
            if rest:
                _check_statistic("_".join(rest), column)
            return ColumnParts(family.name, index, "_".join(rest))
        similar.append("_".join([name, *descriptor.indices[:1], *(["mean"] if per_frame else [])]))
    if similar:
        raise ParameterError(f"unknown column {column!r}: did you mean one like {similar[0]!r}?")
    raise ParameterError(
        f"unknown column {column!r}:{_suggestion(column, list(descriptors))} a column is named"
        " <descriptor>[_<index>]_<statistic>; featkit features --catalogue lists the descriptors"
    )


def _check_statistic(name: str, column: str) -> None:
    try:
        statistic(name)
    except ParameterError as error:
        raise ParameterError(f"{column}: {error}") from None


def _suggestion(column: str, descriptors: Sequence[str]) -> str:
    """Question that suggests the descriptor with the most similar name; "" if none is similar."""
    words = column.split("_")
    for count in range(len(words), 0, -1):
        if close := difflib.get_close_matches("_".join(words[:count]), descriptors, 1, cutoff=0.75):
            return f" did you mean {close[0]!r}?"
    return ""
