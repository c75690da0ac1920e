"""Building a pipeline from the schema of a model file, as skops writes it (protocols 2 and later).

`skops.io.loads` builds the same, but importing skops loads all of scikit-learn, which takes longer
than a prediction. Only what `featkit.models.model_file` lets through is built here: its types and
loaders are checked before.
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

HEAD = struct.Struct("<8sH")
"""What a ``.npy`` file of version 1.0 begins with: magic and version, and how long its head is."""


def build(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """The object that a part of a schema describes.

    Parameters
    ----------
    part : mapping
        A part of the schema, whose types were checked.
    arrays : mapping of str to bytes
        Contents of the ``.npy`` files that parts refer to, by name.

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
    return [build(each, arrays) for each in part["content"]]


def _tuple(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> tuple[Any, ...]:
    return tuple(_list(part, arrays))


def _dict(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> dict[Any, Any]:
    """JSON has keys of text only: their types are listed beside them."""
    types, content = build(part["key_types"], arrays), part["content"]
    return {
        kind(key): build(value, arrays)
        for kind, (key, value) in zip(types, content.items(), strict=True)
    }


def _array(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """An array, or one number of NumPy's."""
    array = _loaded(arrays[part["file"]])
    kind = _named(part, arrays)
    return array if kind is np.ndarray else kind(array)


def _loaded(content: bytes) -> Any:
    """The array of a ``.npy`` file.

    A forest has 1,500, of whose heads most are alike: NumPy reads each head once.
    """
    end = HEAD.size + HEAD.unpack_from(content)[-1]
    shape, in_columns, dtype = _head(content[:end])
    array = np.frombuffer(content, dtype, math.prod(shape), end).copy()
    return array.reshape(shape, order="F" if in_columns else "C")


@lru_cache(maxsize=1024)
def _head(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type."""
    stream = io.BytesIO(head)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ModelError("it holds an array in a form that featkit never wrote")
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    if any(size < 0 for size in shape) or dtype.hasobject:
        raise ModelError("it holds an array of objects or of no size, which featkit never wrote")
    return shape, in_columns, dtype


def _dtype(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    return build(part["content"], arrays).dtype


def _object(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """An object without a call of its ``__init__``, and its attributes."""
    kind = _named(part, arrays)
    return _with_state(kind.__new__(kind), build(part["content"], arrays))


def _tree(part: Mapping[str, Any], arrays: Mapping[str, bytes]) -> Any:
    """A tree of scikit-learn, which is made with its sizes."""
    made = _named(part, arrays)(*build(part["__reduce__"]["args"], arrays))
    return _with_state(made, build(part["content"], arrays))


def _with_state(made: Any, state: Any) -> Any:
    if hasattr(made, "__setstate__"):
        made.__setstate__(state)
    else:
        made.__dict__.update(state)
    return made


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
"""How each kind of part is built, by the name that skops gives its loader."""
