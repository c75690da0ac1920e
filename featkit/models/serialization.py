"""Conversion between plain data and frozen dataclasses, to store scores and metadata.

Plain data are dictionaries with text keys, lists, texts, numbers, booleans and None, as in
JSON. The fields of a dataclass and their types define which keys and values are allowed. A field is
stored under its own name, or under ``metadata["key"]`` where the two differ. A field with
``metadata["optional"]`` is left out if it is None. A class with the
methods ``to_plain`` and ``from_plain`` converts itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

SCALARS: dict[Any, set[type]] = {str: {str}, int: {int}, float: {int, float}, bool: {bool}}
"""Types of values that a field of a type accepts; JSON writes 1.0 of other programs as 1."""


def to_dict(value: Any, kind: type | None = None) -> dict[str, Any]:
    """Convert a dataclass instance to plain data.

    Parameters
    ----------
    value : object
        An instance of a dataclass.
    kind : type, optional
        A base class of it, to store the fields of that class only.

    Returns
    -------
    dict
        Keys in the order of the fields.
    """
    fields = _fields(kind or type(value))
    return {
        key: _plain(getattr(value, field.name))
        for key, (field, _) in fields.items()
        if not (field.metadata.get("optional") and getattr(value, field.name) is None)
    }


def _plain(value: Any) -> Any:
    if value is None or type(value) in SCALARS:
        return value
    if hasattr(value, "to_plain"):
        return value.to_plain()
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value]


def from_dict(kind: type[T], data: Any, *, name: str = "data") -> T:
    """Build a dataclass from plain data, and check every key and type on the way.

    Parameters
    ----------
    kind : type
        The dataclass.
    data : object
        Plain data, usually read from JSON.
    name : str
        Name of the data, with which the path in an error message begins.

    Returns
    -------
    object
        An instance of `kind`; sequences are tuples.

    Raises
    ------
    ValueError
        If a key is missing or unknown, or a value has the wrong type. The message begins with the
        path of the value, such as ``scores.models.svm.accuracy``.
    """
    built: T = _read(kind, data, name)
    return built


def _read(kind: Any, data: Any, path: str) -> Any:
    if kind is Any:
        return data
    if kind in SCALARS:
        if type(data) not in SCALARS[kind]:
            raise _wrong_type(kind.__name__, data, path)
        return data
    if hasattr(kind, "from_plain"):
        return kind.from_plain(data)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, data, path)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return None if data is None else _read(inner, data, path)
    if origin is Mapping:
        if type(data) is not dict:
            raise _wrong_type("a dictionary", data, path)
        return {key: _read(arguments[1], item, f"{path}.{key}") for key, item in data.items()}
    if origin is Sequence:
        return _read_sequence(arguments[0], data, path)
    raise TypeError(f"{path}: values of type {kind} cannot be stored")


def _read_sequence(kind: Any, data: Any, path: str) -> tuple[Any, ...]:
    if type(data) not in (list, tuple):
        raise _wrong_type("a list", data, path)
    # Confusion matrices of many classes hold millions of numbers.
    if kind not in SCALARS or not set(map(type, data)) <= SCALARS[kind]:
        return tuple(_read(kind, item, f"{path}[{place}]") for place, item in enumerate(data))
    return tuple(data)


def _read_dataclass(kind: Any, data: Any, path: str) -> Any:
    if type(data) is not dict:
        raise _wrong_type("a dictionary", data, path)
    fields = _fields(kind)
    if unknown := sorted(data.keys() - fields.keys()):
        raise ValueError(f"{path}: unknown key {unknown[0]!r}")
    values = {}
    for key, (field, field_kind) in fields.items():
        if key in data:
            values[field.name] = _read(field_kind, data[key], f"{path}.{key}")
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{path}: missing key {key!r}")
    return kind(**values)


def _wrong_type(expected: str, data: Any, path: str) -> ValueError:
    return ValueError(f"{path}: expected {expected}, got {type(data).__name__}")


@lru_cache
def _fields(kind: Any) -> dict[str, tuple[dataclasses.Field[Any], Any]]:
    """Each field of a dataclass and its type, by its key in plain data."""
    types = get_type_hints(kind)
    fields = dataclasses.fields(kind)
    return {f.metadata.get("key", f.name): (f, types[f.name]) for f in fields}
