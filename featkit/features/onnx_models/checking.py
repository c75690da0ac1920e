"""Checks of an ONNX file before it runs: nothing but the file itself may be used.

A file is refused if it refers to other files, uses operators outside the standard, or needs another
version of ONNX. The standard operators compute numbers from numbers, without access to files. They
may take long and need much memory; a timeout and limits of the system apply to them as to any
decoder.

References
----------
ONNX, "Open neural network exchange intermediate representation", onnx.ai/onnx/repo-docs/IR.html.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from featkit.errors import ParameterError

MAX_BYTES = 2**30
"""Largest size of a file: 1 GB."""

MAX_ELEMENTS = 2**27
"""Largest number of elements of an input: 512 MB in single precision."""

OLDEST_OPSET = 7
"""Oldest version of the operators that onnxruntime computes."""

STANDARD_DOMAINS = ("", "ai.onnx")
"""Names of the domain of the standard operators."""


class Tensor(NamedTuple):
    """An input or an output of a model.

    Attributes
    ----------
    name : str
        Its name.
    dtype : str
        Name of the type, as in NumPy.
    shape : tuple of int or None, optional
        Length of each axis, None for any; None if the model does not declare the axes.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None

    @property
    def kind(self) -> str:
        """Kind of the type, as in NumPy: f, i, u, b, or another letter."""
        try:
            return np.dtype(self.dtype).kind
        except TypeError:  # such as bfloat16
            return "V"

    @property
    def text(self) -> str:
        """Name, type and shape, for messages."""
        if self.shape is None:
            return f"{self.name!r}, {self.dtype} of unknown shape"
        lengths = ", ".join(str(n or "any") for n in self.shape)
        return f"{self.name!r}, {self.dtype} of shape ({lengths})"


class Interface(NamedTuple):
    """Inputs and outputs of a model, by name.

    Attributes
    ----------
    inputs, outputs : dict of str to Tensor
        In the order of the model.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def checked_interface(data: bytes) -> Interface:
    """Check the content of an ONNX file, and return its inputs and outputs.

    Parameters
    ----------
    data : bytes
        The content.

    Returns
    -------
    Interface

    Raises
    ------
    ParameterError
        If it is no ONNX model, or one that is not supported; the message names the reason.
    """
    onnx, _ = packages()
    model = _parsed(data)
    _check_opset(model)
    if model.functions:
        name = model.functions[0].name
        raise ParameterError(
            f"it defines the function {name!r}; only standard operators are supported: inline"
            " functions with onnx.inliner.inline_local_functions"
        )
    if model.training_info:
        raise ParameterError("it contains steps of a training: export it for inference")
    for graph in _graphs(model.graph):
        _check_graph(graph)
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [_tensor(value) for value in model.graph.input if value.name not in weights]
    for tensor in inputs:
        _check_size(tensor)
    outputs = [_tensor(value) for value in model.graph.output]
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.SetInParent()  # which onnx demands, but not onnxruntime
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, ValueError) as error:
        raise ParameterError(f"it is no valid ONNX model: {_first_line(error)}") from None
    return Interface({t.name: t for t in inputs}, {t.name: t for t in outputs})


def packages() -> tuple[Any, Any]:
    """Import the packages of the extra `onnx`.

    Returns
    -------
    onnx, onnxruntime : module

    Raises
    ------
    ParameterError
        If one of them is not installed.
    """
    try:
        import onnx
        import onnx.checker
        import onnxruntime
    except ImportError as error:
        raise ParameterError(
            f"an ONNX model needs the package {error.name or 'onnx'}: pip install 'featkit[onnx]'"
        ) from None
    return onnx, onnxruntime


def _parsed(data: bytes) -> Any:
    onnx, _ = packages()
    from google.protobuf.message import DecodeError

    model = onnx.ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        model = onnx.ModelProto()
    # Almost any bytes may be parsed as some message.
    if not model.ir_version or not model.graph.node or not model.graph.output:
        raise ParameterError("it is no ONNX model")
    if model.ir_version > onnx.IR_VERSION:
        raise ParameterError(
            f"it is written in version {model.ir_version} of the ONNX format, the installed onnx"
            f" {onnx.__version__} reads up to {onnx.IR_VERSION}: update onnx and onnxruntime, or"
            " export the model for an older version"
        )
    return model


def _check_opset(model: Any) -> None:
    versions = [o.version for o in model.opset_import if o.domain in STANDARD_DOMAINS]
    if len(versions) != 1:
        raise ParameterError("it does not state one version of the standard operators (opset)")
    (version,) = versions
    newest = newest_opset()
    if not OLDEST_OPSET <= version <= newest:
        raise ParameterError(
            f"it uses version {version} of the standard operators (opset); the installed"
            f" onnxruntime computes {OLDEST_OPSET} to {newest}: convert the model with"
            " onnx.version_converter, or install another onnxruntime"
        )


@lru_cache(maxsize=1)
def newest_opset() -> int:
    """Find the newest version of the operators that both onnx and onnxruntime support.

    Returns
    -------
    int
    """
    onnx, _ = packages()
    newest = int(onnx.defs.onnx_opset_version())
    return next((v for v in range(newest, OLDEST_OPSET, -1) if _computes(v)), OLDEST_OPSET)


def _computes(opset: int) -> bool:
    """Whether onnxruntime computes a model of this version that returns its input."""
    onnx, onnxruntime = packages()
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    x, y = (helper.make_tensor_value_info(name, floats, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "probe", [x], [y])
    imports = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception:  # the errors of onnxruntime have no common base class
        return False
    return True


def _graphs(graph: Any) -> Iterator[Any]:
    """A graph and those within its nodes, such as the branches of a condition."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _graphs(inner)


def _check_graph(graph: Any) -> None:
    for node in graph.node:
        if node.domain not in STANDARD_DOMAINS:
            raise ParameterError(
                f"it uses the operator {node.op_type!r} of the domain {node.domain!r}; only"
                " standard operators are supported: export the model without custom operators"
            )
    for tensor in _weights(graph):
        if tensor.data_location != 0 or tensor.external_data:
            raise ParameterError(
                f"its weights {tensor.name!r} are in another file; only the model file is read:"
                " save it as one file, in Python onnx.save(onnx.load(old), new)"
            )
    attributes = [a for node in graph.node for a in node.attribute]
    if graph.sparse_initializer or any(
        a.HasField("sparse_tensor") or a.sparse_tensors for a in attributes
    ):
        raise ParameterError("it contains sparse tensors: export it with dense ones")
    for value in (*graph.input, *graph.output):
        kind = value.type.WhichOneof("value")
        if kind not in (None, "tensor_type"):
            name = kind.removesuffix("_type").replace("_", " ")
            raise ParameterError(
                f"{value.name!r} is of the type {name}; inputs and outputs must be dense tensors"
            )


def _weights(graph: Any) -> Iterable[Any]:
    """Tensors of a graph: weights, and constants of its nodes."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            yield from ([attribute.t] if attribute.HasField("t") else [])
            yield from attribute.tensors


def _tensor(value: Any) -> Tensor:
    onnx, _ = packages()
    if value.type.WhichOneof("value") is None:
        raise ParameterError(f"{value.name!r} has no type: export the model again")
    kind = value.type.tensor_type
    shape = None
    if kind.HasField("shape"):
        shape = tuple(d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim)
    if any(n is not None and n < 1 for n in shape or ()):
        raise ParameterError(f"{value.name!r} has the impossible shape {shape}")
    try:
        dtype = str(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
    except (KeyError, ValueError, TypeError):
        raise ParameterError(f"{value.name!r} has an unknown type: {kind.elem_type}") from None
    return Tensor(value.name, dtype, shape)


def _check_size(tensor: Tensor) -> None:
    size = math.prod(n or 1 for n in tensor.shape or ())
    if size > MAX_ELEMENTS:
        raise ParameterError(
            f"the input {tensor.text} has {size:,} elements, at most {MAX_ELEMENTS:,} are supported"
        )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
