"""The header of a safetensors file: names, types and shapes of its tensors.

A file consists of the length of the header, 8 bytes, the header, a JSON, and the numbers. All of
the header is checked here before safetensors reads the file, because the length and the shapes of a
malicious file may need any amount of memory.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import IO, Any, NamedTuple

from featkit.errors import ModelError

LENGTH_BYTES = 8
"""Size of the length of the header."""

MAX_HEADER_BYTES = 2**20
"""Greatest size of the header: that of a network of some 8,000 tensors."""

MAX_AXES = 8

DTYPE_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8}
"""Size of a number of each type that weights may have."""

FILE_METADATA = "__metadata__"
"""Key of the header that holds texts and no tensor."""


class TensorType(NamedTuple):
    """Type and shape of a tensor.

    Attributes
    ----------
    dtype : str
        Type of its numbers, in the words of safetensors, such as ``"F32"``.
    shape : tuple of int
    """

    dtype: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Size in bytes."""
        return DTYPE_BYTES[self.dtype] * math.prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype} {'×'.join(map(str, self.shape)) or 'number'}"


def read_header(file: IO[bytes], size: int) -> dict[str, TensorType]:
    """Read the header, and check that it describes the whole file.

    Parameters
    ----------
    file : binary file
        At its beginning; only the header is read.
    size : int
        Size of the file in bytes.

    Returns
    -------
    dict of str to TensorType
        Tensors by name.

    Raises
    ------
    ModelError
        If it has another form, a tensor of another type, or another size than the file.
    """
    length = int.from_bytes(file.read(LENGTH_BYTES), "little")
    if size < LENGTH_BYTES or length > size - LENGTH_BYTES:
        raise ModelError("truncated, or not a safetensors file")
    if length > MAX_HEADER_BYTES:
        raise ModelError(f"its header is larger than {MAX_HEADER_BYTES:,} bytes")
    try:
        header = json.loads(file.read(length), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        reason = error if isinstance(error, ModelError) else "not JSON"
        raise ModelError(f"its header is invalid: {reason}") from None
    if not isinstance(header, dict):
        raise ModelError("its header is not a dictionary")
    header.pop(FILE_METADATA, None)
    tensors = {name: _tensor_type(name, entry) for name, entry in header.items()}
    if sum(tensor.bytes for tensor in tensors.values()) != size - LENGTH_BYTES - length:
        raise ModelError("its tensors do not fill the file")
    return tensors


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ModelError("a name occurs twice")
    return values


def _tensor_type(name: str, entry: Any) -> TensorType:
    if not isinstance(entry, Mapping) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ModelError(f"tensor {name!r:.80} is described in another form")
    dtype, shape = entry["dtype"], entry["shape"]
    if not isinstance(dtype, str) or dtype not in DTYPE_BYTES:
        allowed = ", ".join(DTYPE_BYTES)
        raise ModelError(f"tensor {name!r:.80} has the type {dtype!r:.20}, not one of {allowed}")
    if not isinstance(shape, list) or len(shape) > MAX_AXES or not all(map(_is_size, shape)):
        raise ModelError(f"tensor {name!r:.80} has an invalid shape")
    return TensorType(dtype, tuple(shape))


def _is_size(n: Any) -> bool:
    return type(n) is int and 0 <= n < 2**40


def tensor_differences(
    tensors: Mapping[str, TensorType], expected: Mapping[str, TensorType]
) -> list[str]:
    """Describe how the tensors of a file differ from those of a network.

    Parameters
    ----------
    tensors, expected : mapping of str to TensorType
        Tensors of the file and of the network.

    Returns
    -------
    list of str
        A clause for each difference: first the tensors of the network in their order.
    """
    different = {n: tensors.get(n) for n, tensor in expected.items() if tensors.get(n) != tensor}
    lacking = [
        f"{name} is {f'{tensor} instead of {expected[name]}' if tensor else 'missing'}"
        for name, tensor in different.items()
    ]
    return lacking + [f"{name!r:.80} is unknown" for name in tensors if name not in expected]
