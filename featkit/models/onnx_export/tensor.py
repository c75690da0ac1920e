"""ONNX graphs that are written like NumPy: tensors with operators, and the graph that they make.

Each operation on a `Tensor` adds a node to its graph, so that ``Z @ weights + bias`` describes that
sum for all rows to come. All operators exist in double precision in onnxruntime 1.18 and later.
They are those of opset 17, and of version 3 of the operators for machine learning, which other
runtimes support, too.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError

OPSET, ML_OPSET, IR_VERSION = 17, 3, 8
"""Versions of the standard operators, of those for machine learning, and of the file format."""

ML_DOMAIN = "ai.onnx.ml"

MAX_BYTES = 2**31 - 2**20
"""Largest size of all constants and trees: a file of protocol buffers holds 2 GB."""

NUMBER_BYTES = 8
"""Largest size of a number in an attribute."""


def onnx_package() -> Any:
    """Import the package that writes ONNX files.

    Returns
    -------
    module

    Raises
    ------
    ParameterError
        If it is not installed.
    """
    return _imported("onnx")


def onnxruntime_package() -> Any:
    """Import the package that runs ONNX files.

    Returns
    -------
    module

    Raises
    ------
    ParameterError
        If it is not installed.
    """
    return _imported("onnxruntime")


def _imported(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise ParameterError(
            f"ONNX models need the package {error.name or name}: pip install 'featkit[onnx]'"
        ) from None


class Graph:
    """Nodes and constants of an ONNX graph.

    Attributes
    ----------
    nodes, constants : list
        As protocol buffers.
    """

    def __init__(self) -> None:
        self._onnx = onnx_package()
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._names: dict[bytes, str] = {}
        self._bytes = 0

    def constant(self, value: Any) -> Tensor:
        """Return a constant; equal ones are stored once.

        Parameters
        ----------
        value : array-like
            Numbers keep their NumPy type; those of Python are float64. Or texts, as an array of
            objects.

        Returns
        -------
        Tensor

        Raises
        ------
        ModelError
            If all constants together exceed `MAX_BYTES`.
        """
        array = np.asarray(value) if isinstance(value, np.ndarray | np.generic) else None
        if array is None:
            array = np.asarray(value, dtype=np.float64)
        key = _digest(array)
        if key not in self._names:
            self._count(array.nbytes)
            name = f"constant_{len(self._names)}"
            self._names[key] = name
            self.constants.append(self._onnx.numpy_helper.from_array(array, name))
        return Tensor(self, self._names[key])

    def node(self, operator: str, *inputs: Tensor, **attributes: Any) -> Tensor:
        """Add an operation with one result.

        Parameters
        ----------
        operator : str
            Its name; those with a prefix, such as ``"ai.onnx.ml.TreeEnsembleRegressor"``, are of
            that domain.
        *inputs : Tensor
            Its inputs.
        **attributes
            Its attributes.

        Returns
        -------
        Tensor

        Raises
        ------
        ModelError
            As for `constant`.
        """
        lists = [value for value in attributes.values() if isinstance(value, list)]
        self._count(NUMBER_BYTES * sum(map(len, lists)))
        domain, _, operator = operator.rpartition(".")
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(
            self._onnx.helper.make_node(
                operator, [one.name for one in inputs], [name], name, domain=domain, **attributes
            )
        )
        return Tensor(self, name)

    def _count(self, n_bytes: int) -> None:
        self._bytes += n_bytes
        if self._bytes > MAX_BYTES:
            raise ModelError(
                f"the model is larger than an ONNX file can be ({MAX_BYTES / 1e9:.2g} GB): train"
                " another one, such as logistic, or a forest with fewer trees or larger leaves"
                " (min_samples_leaf)"
            )

    def named(self, tensor: Tensor, name: str) -> Tensor:
        """Give a tensor the name of an output.

        Parameters
        ----------
        tensor : Tensor
            Of this graph.
        name : str
            Its name.

        Returns
        -------
        Tensor
        """
        self.nodes.append(self._onnx.helper.make_node("Identity", [tensor.name], [name], name))
        return Tensor(self, name)


def _digest(array: Array) -> bytes:
    """A hash of type, shape and content."""
    content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
    described = f"{array.dtype} {array.shape} ".encode()
    return hashlib.sha256(described + content).digest()


class Tensor:
    """A value of a graph, ``(rows, columns)`` unless stated otherwise.

    Operators work element by element, like those of an array; numbers and arrays become constants.

    Parameters
    ----------
    graph : Graph
        The graph.
    name : str
        Name of the value in it.
    """

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name

    def apply(self, operator: str, *others: Any, **attributes: Any) -> Tensor:
        """Apply an operator of ONNX to this tensor.

        Parameters
        ----------
        operator : str
            As for `Graph.node`.
        *others : array-like or Tensor
            Its further inputs.
        **attributes
            Its attributes.

        Returns
        -------
        Tensor
        """
        tensors = [one if isinstance(one, Tensor) else self.graph.constant(one) for one in others]
        return self.graph.node(operator, self, *tensors, **attributes)

    def __add__(self, other: Any) -> Tensor:
        return self.apply("Add", other)

    def __sub__(self, other: Any) -> Tensor:
        return self.apply("Sub", other)

    def __mul__(self, other: Any) -> Tensor:
        return self.apply("Mul", other)

    def __truediv__(self, other: Any) -> Tensor:
        return self.apply("Div", other)

    def __matmul__(self, other: Any) -> Tensor:
        return self.apply("MatMul", other)

    def __neg__(self) -> Tensor:
        return self.apply("Neg")

    def __gt__(self, other: Any) -> Tensor:
        return self.apply("Greater", other)

    def __ge__(self, other: Any) -> Tensor:
        return self.apply("GreaterOrEqual", other)

    def __lt__(self, other: Any) -> Tensor:
        return self.apply("Less", other)

    def __or__(self, other: Tensor) -> Tensor:
        return self.apply("Or", other)

    def __invert__(self) -> Tensor:
        return self.apply("Not")

    def abs(self) -> Tensor:
        """Absolute values.

        Returns
        -------
        Tensor
        """
        return self.apply("Abs")

    def exp(self) -> Tensor:
        """Exponentials.

        Returns
        -------
        Tensor
        """
        return self.apply("Exp")

    def log(self) -> Tensor:
        """Natural logarithms.

        Returns
        -------
        Tensor
        """
        return self.apply("Log")

    def tanh(self) -> Tensor:
        """Hyperbolic tangents.

        Returns
        -------
        Tensor
        """
        return self.apply("Tanh")

    def is_missing(self) -> Tensor:
        """Return where values are NaN.

        Returns
        -------
        Tensor
            Of booleans.
        """
        return self.apply("IsNaN")

    def cast(self, dtype: type[np.generic]) -> Tensor:
        """Convert to another type.

        Parameters
        ----------
        dtype : type
            As in NumPy.

        Returns
        -------
        Tensor
        """
        helper = self.graph._onnx.helper
        return self.apply("Cast", to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """Replace values where a condition holds.

        Parameters
        ----------
        condition : Tensor
            Of booleans.
        other : array-like or Tensor
            The values to use there.

        Returns
        -------
        Tensor
        """
        replacement = other if isinstance(other, Tensor) else self.graph.constant(other)
        return self.graph.node("Where", condition, replacement, self)

    def at_least(self, low: float) -> Tensor:
        """Raise values to a lower limit; NaN stays NaN.

        Parameters
        ----------
        low : float
            The limit.

        Returns
        -------
        Tensor
        """
        return self.where(self < low, low)

    def at_most(self, high: float) -> Tensor:
        """Lower values to an upper limit; NaN stays NaN.

        Parameters
        ----------
        high : float
            The limit.

        Returns
        -------
        Tensor
        """
        return self.where(self > high, high)

    def sum(self, axis: int = 1, *, keep: bool = True) -> Tensor:
        """Sums along an axis.

        Parameters
        ----------
        axis : int
            The axis.
        keep : bool
            Whether it stays, with length 1.

        Returns
        -------
        Tensor
        """
        return self.apply("ReduceSum", np.array([axis], np.int64), keepdims=int(keep))

    def max(self) -> Tensor:
        """Largest value of each row.

        Returns
        -------
        Tensor
            ``(rows, 1)``.
        """
        return self.apply("ReduceMax", axes=[1], keepdims=1)

    def columns(self, numbers: Any) -> Tensor:
        """Select columns.

        Parameters
        ----------
        numbers : sequence of int
            Their positions.

        Returns
        -------
        Tensor
        """
        return self.apply("Gather", np.asarray(numbers, np.int64), axis=1)

    def lookup(self, table: Array) -> Tensor:
        """Replace positions by the entries of a table.

        Parameters
        ----------
        table : array, shape ``(entries, ...)``
            The entries.

        Returns
        -------
        Tensor
            The shape of this one, and the further axes of the table.
        """
        return self.graph.node("Gather", self.graph.constant(table), self, axis=0)

    def reshape(self, *shape: int) -> Tensor:
        """Change the shape.

        Parameters
        ----------
        *shape : int
            Lengths of the axes; -1 for the number of rows.

        Returns
        -------
        Tensor
        """
        return self.apply("Reshape", np.array(shape, np.int64))

    def beside(self, *others: Tensor) -> Tensor:
        """Append the columns of other tensors.

        Parameters
        ----------
        *others : Tensor
            With as many rows.

        Returns
        -------
        Tensor
        """
        return self.apply("Concat", *others, axis=1) if others else self

    def normalized(self) -> Tensor:
        """Scale each row to a sum of 1.

        Returns
        -------
        Tensor
        """
        return self / self.sum()

    def softmax(self) -> Tensor:
        """Softmax of each row.

        Returns
        -------
        Tensor
        """
        return (self - self.max()).exp().normalized()

    def sigmoid(self) -> Tensor:
        """Logistic function, without overflow.

        Returns
        -------
        Tensor
        """
        return self.at_most(0.0).exp() / ((-self.abs()).exp() + 1.0)

    def first_largest(self) -> Tensor:
        """Position of the largest value of each row; of equal ones, the first.

        Returns
        -------
        Tensor
            Of int64, ``(rows,)``.
        """
        return self.apply("ArgMax", axis=1, keepdims=0)
