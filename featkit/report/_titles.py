"""Plain names of columns, from the description of the table or the catalogue of features."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from featkit.errors import FeatkitError


def column_title(described: Mapping[str, Any]) -> str:
    """The plain name of a described column, "" if there is none.

    Tables of older versions have no titles. The catalogue has the title of a column that it defines
    in the same way.
    """
    title, name = described.get("title"), described.get("name")
    if title or not isinstance(name, str) or not described.get("family"):
        return str(title or "")
    known_title, definition = _catalogued(name)
    return known_title if definition == described.get("definition") else ""


@lru_cache(maxsize=4096)
def _catalogued(name: str) -> tuple[str, str]:
    # Imported where needed, because it imports all families.
    from featkit.features.sets.column_description import describe

    try:
        column = describe(name)
    except FeatkitError:
        return "", ""
    return column.title, column.definition
