"""Building a pipeline from the schema of a model file, as skops writes it (protocols 2 and later).

`skops.io.loads` builds the same, but importing skops loads all of scikit-learn, which takes longer
than a prediction. `featkit.models.model_file` checks types and loaders before anything is built.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from featkit.errors import ModelError

NPY_START = struct.Struct("<8sH")
"""Start of a ``.npy`` file of version 1.0: magic with version, and the length of the header."""


def build(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """Build the object that a part of a schema describes.

    Parameters
    ----------
    part : mapping
        A part of the schema, whose types were checked.
    arrays : mapping of str to bytes
        Contents of the ``.npy`` files, by name.

    Returns
    -------
    object

    Raises
    ------
    ModelError
        If a part has an unknown loader.
    """
    loader = part["__loader__"]
    if loader not in BUILDERS:
        raise ModelError(f"it has a part of an unknown kind: {loader!r}")
    return BUILDERS[loader](part, arrays)


def _named(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """A class or a function."""
    return _imported(part["__module__"], part["__class__"])


@lru_cache
def _imported(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _json(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    return json.loads(part["content"])


def _list(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> list[Any]:
    return [build(item, arrays) for item in part["content"]]


def _tuple(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> tuple[Any, ...]:
    return tuple(_list(part, arrays))


def _dict(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> dict[Any, Any]:
    """A dictionary; JSON stores its keys as texts, and their types in a separate list."""
    types, content = build(part["key_types"], arrays), part["content"]
    return {
        kind(key): build(value, arrays)
        for kind, (key, value) in zip(types, content.items(), strict=True)
    }


def _array(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """An array, or a NumPy number."""
    array = _loaded(arrays[part["file"]])
    kind = _named(part, arrays)
    return array if kind is np.ndarray else kind(array)


def _loaded(content: bytes) -> Any:
    """The array of a ``.npy`` file.

    A forest has 1,500 of them with few different headers, each of which NumPy reads once.
    """
    end = NPY_START.size + NPY_START.unpack_from(content)[-1]
    shape, column_major, dtype = _header(content[:end])
    array = np.frombuffer(content, dtype, math.prod(shape), end).copy()
    return array.reshape(shape, order="F" if column_major else "C")


@lru_cache(maxsize=1024)
def _header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type."""
    stream = io.BytesIO(header)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ModelError("it holds an array in a form that featkit never wrote")
    shape, column_major, dtype = np.lib.format.read_array_header_1_0(stream)
    if any(size < 0 for size in shape) or dtype.hasobject:
        raise ModelError("it holds an array of objects or of no size, which featkit never wrote")
    return shape, column_major, dtype


def _dtype(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    return build(part["content"], arrays).dtype


def _object(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """An object whose attributes are set without a call of its ``__init__``."""
    kind = _named(part, arrays)
    return _with_state(kind.__new__(kind), build(part["content"], arrays))


def _tree(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """A scikit-learn tree, whose ``__init__`` takes its sizes."""
    tree = _named(part, arrays)(*build(part["__reduce__"]["args"], arrays))
    return _with_state(tree, build(part["content"], arrays))


def _with_state(instance: Any, state: Any) -> Any:
    if hasattr(instance, "__setstate__"):
        instance.__setstate__(state)
    else:
        instance.__dict__.update(state)
    return instance


BUILDERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, bytes]], Any]] = {
    "DTypeNode": _dtype,
    "DictNode": _dict,
    "FunctionNode": _named,
    "JsonNode": _json,
    "ListNode": _list,
    "NdArrayNode": _array,
    "ObjectNode": _object,
    "TreeNode": _tree,
    "TupleNode": _tuple,
    "TypeNode": _named,
}
"""The function that builds each kind of part, by the name of its loader in skops."""
