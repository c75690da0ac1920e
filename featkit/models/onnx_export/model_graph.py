"""A whole model as an ONNX graph: from the columns of a table to probabilities and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from featkit.errors import ModelError
from featkit.models.onnx_export.calibration import calibrated
from featkit.models.onnx_export.metadata import description, onnx_metadata
from featkit.models.onnx_export.preparation import pipeline_output
from featkit.models.onnx_export.tensor import (
    IR_VERSION,
    ML_DOMAIN,
    ML_OPSET,
    OPSET,
    Graph,
    Tensor,
    onnx_package,
)
from featkit.models.resolution import SINGLE
from featkit.models.task import TASKS

if TYPE_CHECKING:
    from featkit.models.model import Model

INPUT = "features"
PROBABILITIES, LABEL, PRESENT, PREDICTION = "probabilities", "label", "present", "prediction"
"""Names of the input and of the outputs."""


def check_exportable(model: Model, *, normalized: bool) -> None:
    """Raise if a model cannot be exported.

    Parameters
    ----------
    model : Model
        The model.
    normalized : bool
        Whether the rows will be normalised before they reach the exported model.

    Raises
    ------
    ModelError
        If its estimator cannot be exported, or it normalises columns within groups and
        `normalized` is False, or the other way round.
    """
    estimator = TASKS[model.task].estimators[model.name]
    if estimator.to_onnx is None:
        reason = estimator.not_exported or "its module defines no to_onnx"
        raise ModelError(f"{model.name} cannot be exported to ONNX: {reason}")
    if model.normalization is not None and not normalized:
        raise ModelError(
            f"the model normalises columns within groups ({model.normalization.by!r}), which needs"
            " the other rows of a group, and an ONNX model computes rows one by one: train without"
            " normalize_by, or export the part after the normalisation with normalized=True"
            " (--normalized), and normalise the rows as featkit does"
        )
    if model.normalization is None and normalized:
        raise ModelError("the model does not normalise columns within groups: leave normalized out")


def onnx_model(model: Model) -> bytes:
    """Describe a model in ONNX.

    Parameters
    ----------
    model : Model
        A model that can be exported.

    Returns
    -------
    bytes
        Content of the file; equal models give equal bytes.

    Raises
    ------
    ModelError
        If the model is larger than a file can be.
    ParameterError
        If onnx is not installed.
    """
    onnx = onnx_package()
    graph, helper, types = Graph(), onnx.helper, onnx.TensorProto
    outputs = _outputs(model, Tensor(graph, INPUT))
    for name, (tensor, _, _) in outputs.items():
        graph.named(tensor, name)
    columns = [helper.make_tensor_value_info(INPUT, types.DOUBLE, ["rows", len(model.columns)])]
    described = [
        helper.make_tensor_value_info(name, getattr(types, kind), shape)
        for name, (_, kind, shape) in outputs.items()
    ]
    imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "featkit", columns, described, graph.constants),
        opset_imports=imports,
        ir_version=IR_VERSION,
        producer_name="featkit",
        doc_string=description(model),
    )
    helper.set_model_props(made, onnx_metadata(model))
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _outputs(model: Model, X: Tensor) -> dict[str, tuple[Tensor, str, list[Any]]]:
    """Each output with its type and shape."""
    task = TASKS[model.task]
    P = pipeline_output(model.pipeline, X, model.name, task.estimators)
    if task.has_classes:
        P = P.normalized()
    if model.calibrator is not None:
        P = calibrated(P, model.calibrator, len(model.classes))
    unusable = _unusable(X)
    P = P.where(unusable, np.nan)
    if not task.has_names:
        return {PREDICTION: (P.reshape(-1), "DOUBLE", ["rows"])}
    shape = ["rows", len(model.classes)]
    probabilities = (P, "DOUBLE", shape)
    if model.decision is not None:
        present = P.apply("GreaterOrEqual", list(model.decision.thresholds))
        return {PRESENT: (present, "BOOL", shape), PROBABILITIES: probabilities}
    return {LABEL: (_label(model, P, unusable), "STRING", ["rows"]), PROBABILITIES: probabilities}


def _unusable(X: Tensor) -> Tensor:
    """Rows without a prediction: all values are missing, or one is infinite in single precision."""
    values = (~X.is_missing()).cast(np.float64).sum()
    infinite = (X.abs() > float(SINGLE.max)).cast(np.float64).sum()
    return ~(values > 0.0) | (infinite > 0.0)


def _label(model: Model, P: Tensor, unusable: Tensor) -> Tensor:
    """The name of the class that is predicted, ``(rows,)``; "" without a prediction."""
    merit = P if model.costs is None else -(P @ model.costs)
    names = np.array([*model.classes, ""], dtype=object)
    best = merit.first_largest().where(unusable.reshape(-1), np.int64(len(model.classes)))
    return best.lookup(names)
