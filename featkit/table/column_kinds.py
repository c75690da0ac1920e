"""What the columns of a table are, as far as their names tell: keys, quality or features."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.features.sets.registry import describe
from featkit.schema import KEYS, QUALITY, TIMES, is_taken


def is_feature(column: str) -> bool:
    """Whether a column of this name is one that featkit computes."""
    try:
        describe(column)
    except ParameterError:
        return False
    return True


def in_order(keys: Iterable[str]) -> list[str]:
    """Those of `KEYS` first, then the others as they come."""
    names = list(keys)
    return [*(name for name in KEYS if name in names), *(n for n in names if n not in KEYS)]


def feature_names(
    names: Sequence[str], keys: Sequence[str], provenance: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Columns that are features, or else those that are if they hold numbers."""
    for key in keys:
        if key not in names:
            raise ParameterError(unknown("column", key, names))
    free = [name for name in names if name not in keys and not is_taken(name)]
    if described := provenance.get("columns"):
        computed = {column["name"] for column in described}
        return [name for name in free if name in computed], []
    # Others have a column called "tempo", too: only where featkit's keys stand is it featkit's.
    known = [name for name in free if is_feature(name)] if {"path", *TIMES} <= {*names} else []
    return (known, []) if known else ([], free)


def wanted_names(names: Sequence[str], keys: Sequence[str], features: Collection[str]) -> list[str]:
    """Columns that are features because somebody says so."""
    wanted = {*features} - {*keys, *KEYS, *QUALITY}
    return [name for name in names if name in wanted]


def quality_names(names: Sequence[str], keys: Sequence[str]) -> list[str]:
    """Columns that say how sound a recording is, as far as there are, in their order."""
    return [name for name in QUALITY if name in names and name not in keys]
