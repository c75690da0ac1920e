"""Comparison of an ONNX file with the predictions of featkit, by onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.onnx_export.model_graph import INPUT
from featkit.models.onnx_export.tensor import onnxruntime_package
from featkit.models.onnx_export.vectors import Vectors


@dataclass(frozen=True, kw_only=True)
class OnnxCheck:
    """The outcome of a comparison that succeeded.

    Attributes
    ----------
    rows : int
        Number of test rows.
    largest_difference : float
        Largest difference of a number, relative to numbers beyond 1.
    tolerance : float
        Largest difference that is allowed.
    runtime : str
        Version of onnxruntime.
    """

    rows: int
    largest_difference: float
    tolerance: float
    runtime: str


def open_session(content: bytes) -> Any:
    """Open a model in onnxruntime, with one thread.

    Parameters
    ----------
    content : bytes
        Content of an ONNX file.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    ModelError
        If onnxruntime cannot run it.
    ParameterError
        If onnxruntime is not installed.
    """
    onnxruntime = onnxruntime_package()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the errors of onnxruntime have no common base class
        message = str(error).strip().splitlines()
        raise ModelError(
            f"onnxruntime cannot run it: {message[0] if message else error!r}"
        ) from None


def compare(content: bytes, vectors: Vectors) -> OnnxCheck:
    """Compare the outputs of an ONNX file with the expected ones.

    All rows are computed together, and the first one also alone.

    Parameters
    ----------
    content : bytes
        Content of the ONNX file.
    vectors : Vectors
        Test rows.

    Returns
    -------
    OnnxCheck

    Raises
    ------
    ModelError
        If an output differs, with the row and the output; or if the file is not of such a model.
    ParameterError
        If onnxruntime is not installed.
    """
    session = open_session(content)
    names = [output.name for output in session.get_outputs()]
    inputs = [one.name for one in session.get_inputs()]
    if inputs != [INPUT] or names != list(vectors.outputs):
        raise ModelError(
            f"its inputs and outputs are {inputs} and {names}, not those of the test rows"
        )
    largest = 0.0
    for rows in (slice(None), slice(1)):
        try:
            outputs = session.run(names, {INPUT: vectors.inputs[rows]})
        except Exception as error:  # as above
            raise ModelError(f"onnxruntime cannot compute the test rows: {error}") from None
        for name, actual in zip(names, outputs, strict=True):
            largest = max(largest, _difference(name, np.asarray(actual), vectors, rows))
    runtime = str(onnxruntime_package().__version__)
    return OnnxCheck(
        rows=len(vectors.names),
        largest_difference=largest,
        tolerance=vectors.tolerance,
        runtime=runtime,
    )


def _difference(name: str, actual: Array, vectors: Vectors, rows: slice) -> float:
    """The largest difference of an output; raises if it is too large."""
    expected = vectors.outputs[name][rows]
    if actual.shape != expected.shape:
        raise ModelError(f"its output {name!r} has the shape {actual.shape}, not {expected.shape}")
    if expected.dtype == object:
        wrong = (expected != actual) & (expected != None)  # noqa: E711 # element by element
        differences: Array = np.where(wrong, np.inf, 0.0)
    else:
        scale = np.maximum(1.0, np.abs(expected))
        differences = np.abs(actual - expected) / scale
        differences[np.isnan(expected) & np.isnan(actual)] = 0.0
        differences[np.isnan(differences)] = np.inf
    worst = tuple(map(int, np.unravel_index(np.argmax(differences), differences.shape)))
    if not differences[worst] <= vectors.tolerance:
        column = f" of {vectors.classes[worst[1]]!r}" if len(worst) > 1 else ""
        raise ModelError(
            f"{name}{column} of the test row {vectors.names[worst[0]]!r} is {actual[worst]!s} in"
            f" onnxruntime {onnxruntime_package().__version__}, and {expected[worst]!s} in featkit"
        )
    return float(differences[worst])
