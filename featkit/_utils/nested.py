"""Nested mappings and lists as one mapping with dotted names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flatten(nested: Any, name: str = "", *, lists: bool = False) -> dict[str, Any]:
    """Flatten nested mappings to dotted names.

    Parameters
    ----------
    nested : object
        The value; what is not a mapping (or a list, see `lists`) is kept as it is.
    name : str
        Name of the value itself.
    lists : bool
        Whether lists are flattened, too, with positions as names.

    Returns
    -------
    dict of str

    Examples
    --------
    >>> flatten({"a": {"b": 1, "c": [2, 3]}})
    {'a.b': 1, 'a.c': [2, 3]}
    >>> flatten({"a": [2, 3]}, lists=True)
    {'a.0': 2, 'a.1': 3}
    """
    if lists and isinstance(nested, list | tuple):
        nested = dict(enumerate(nested))
    if not isinstance(nested, Mapping):
        return {name: nested}
    return {
        inner: value
        for key, member in nested.items()
        for inner, value in flatten(
            member, f"{name}.{key}" if name else str(key), lists=lists
        ).items()
    }
