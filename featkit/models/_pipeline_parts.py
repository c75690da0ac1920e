"""A fitted pipeline as parts of a model file: its schema and arrays, in the format of skops.

`skops.io.dumps` writes the same, but importing skops loads all of scikit-learn, which takes longer
than most trainings. `featkit.models._pipeline_schema` reads the parts.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np

SCHEMA = "schema.json"

PROTOCOL = 2
"""Version of the format of skops."""

CONSTANTS = ("JsonNode", "DTypeNode")
"""Loaders of numbers, texts and types of arrays."""

Part = dict[str, Any]


def pipeline_parts(pipeline: Any) -> dict[str, bytes | str]:
    """The schema and the arrays, where numbers replace the addresses of objects.

    Equal models thus have equal files.
    """
    description = _Description()
    schema = {**description.part(pipeline), "protocol": PROTOCOL}
    ids: dict[int, int] = {}
    files: dict[str, str] = {}
    for number, part in enumerate(schema_parts(schema), start=1):
        # Whether equal ones are one object is chance: a model of a worker has copies.
        is_constant = part["__loader__"] in CONSTANTS
        part["__id__"] = number if is_constant else ids.setdefault(part["__id__"], number)
        if "file" in part:
            part["file"] = files.setdefault(part["file"], f"{len(files)}.npy")
    arrays = {new: description.arrays[old] for old, new in files.items()}
    return {**arrays, SCHEMA: json.dumps(schema)}


def schema_parts(schema: Any) -> Iterator[Part]:
    """Each part, without recursion: the depth of a schema has no bound."""
    stack = [schema]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if "__class__" in part or "__loader__" in part:
                yield part
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


class _Description:
    """Describes objects as parts of a schema, and collects their arrays by name of the file."""

    def __init__(self) -> None:
        self.arrays: dict[str, bytes] = {}
        self._described: dict[int, Any] = {}  # keeps them, so that no address is used twice

    def part(self, item: Any) -> Part:
        self._described[id(item)] = item
        return {**self._content(item), "__id__": id(item)}

    def _content(self, item: Any) -> Part:
        if isinstance(item, np.ndarray | np.generic):
            return _kind(item, "NdArrayNode") | {"type": "numpy", "file": self._file(item)}
        if isinstance(item, np.dtype):
            kind = {"__class__": "dtype", "__module__": "numpy", "__loader__": "DTypeNode"}
            return kind | {"content": self.part(np.ndarray(0, item))}
        if isinstance(item, dict):
            content = {key: self.part(value) for key, value in _plain_keys(item).items()}
            key_types = self.part([type(key) for key in item])
            return _kind(item, "DictNode") | {"content": content, "key_types": key_types}
        if isinstance(item, list | tuple):
            loader = "ListNode" if isinstance(item, list) else "TupleNode"
            return _kind(item, loader) | {"content": [self.part(value) for value in item]}
        if isinstance(item, FunctionType):
            return _named(item, "FunctionNode")
        if isinstance(item, type):
            return _named(item, "TypeNode")
        if item is None or isinstance(item, str | int | float):
            return _named(str, "JsonNode") | {"content": json.dumps(item), "is_json": True}
        if _name(type(item)) == "sklearn.tree._tree.Tree":
            _, args, state = item.__reduce__()
            reduced = {"args": self.part(args)}
            return _kind(item, "TreeNode") | {"__reduce__": reduced, "content": self.part(state)}
        return _kind(item, "ObjectNode") | {"content": self.part(item.__getstate__())}

    def _file(self, array: Any) -> str:
        """The name of the file with an array, in NumPy's format."""
        name = f"{id(array)}.npy"
        if name not in self.arrays:
            stream = io.BytesIO()
            np.save(stream, array, allow_pickle=False)
            self.arrays[name] = stream.getvalue()
        return name


def _kind(item: Any, loader: str) -> Part:
    return _named(type(item), loader)


def _named(item: Any, loader: str) -> Part:
    return {"__class__": item.__name__, "__module__": item.__module__, "__loader__": loader}


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


def _plain_keys(item: dict[Any, Any]) -> dict[Any, Any]:
    """The keys as Python numbers, which JSON can write."""
    return {k.item() if isinstance(k, np.generic) else k: value for k, value in item.items()}
