"""The metadata of an exported model: texts by name, most of them JSON."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import featkit
from featkit.models.class_priors import assumed_shares
from featkit.models.task import TASKS

if TYPE_CHECKING:
    from featkit.models.model import Model

PREFIX = "featkit."
"""Beginning of all names."""

NOT_INCLUDED = {
    "classification": (
        "class priors",
        "prediction sets and abstention",
        "novelty",
        "explanations",
        "the mean of the log probabilities of the segments of a recording",
    ),
    "multilabel": ("explanations", "the combination of the segments of a recording"),
    "regression": ("novelty", "explanations", "the mean of the segments of a recording"),
}
"""What a model of each task does, and its ONNX file does not."""


def onnx_metadata(model: Model) -> dict[str, str]:
    """Return the metadata of an exported model.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    dict of str to str
    """
    units = model.units
    entries: dict[str, Any] = {
        "version": featkit.__version__,
        "model_sha256": _digest(model),
        "task": model.task,
        "estimator": _estimator(model),
        "calibration": "none" if model.calibrator is None else model.calibrator.method,
        "classes": model.classes,
        "columns": [{"name": name, "unit": units.get(name, "")} for name in model.columns],
        "not_included": [*not_included(model)],
    }
    if model.evaluation is not None:
        entries["scores"] = _scores(model)
    if model.normalization is not None:
        entries["normalized_within"] = model.normalization.by
    if TASKS[model.task].has_classes:
        shares = assumed_shares(model.calibrator, len(model.classes)).tolist()
        entries["assumed_class_shares"] = dict(zip(model.classes, shares, strict=True))
    if model.costs is not None:
        entries["costs"] = model.costs.tolist()
    if model.decision is not None:
        entries["thresholds"] = list(model.decision.thresholds)
    for key in ("feature_set", "fingerprint", "excerpt"):
        if key in model.provenance:
            entries[key] = model.provenance[key]
    return {PREFIX + name: _text(value) for name, value in entries.items()}


def not_included(model: Model) -> list[str]:
    """List the abilities of a model that its ONNX file lacks.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    list of str
    """
    first = [] if model.normalization is None else ["normalisation of columns within groups"]
    return [*first, *NOT_INCLUDED[model.task]]


def description(model: Model) -> str:
    """Describe a model in a sentence, for tools that show it.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    str
    """
    missing = "NaN where a value is missing"
    output = {
        "classification": "the probability of each class, and the predicted class",
        "multilabel": "the probability of each label, and whether it is predicted",
        "regression": f"the prediction of {model.classes[0]}",
    }[model.task]
    return (
        f"Input: {len(model.columns)} columns in the order of featkit.columns, {missing}."
        f" Output: {output}. Rows without any value, or with an infinite one, have no prediction:"
        ' NaN, and the label "".'
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _digest(model: Model) -> str:
    """SHA-256 of the file that `Model.save` writes."""
    # Imported here because model_file imports models.
    from featkit.models.model_file import model_bytes

    return hashlib.sha256(model_bytes(model)).hexdigest()


def _estimator(model: Model) -> str:
    return model.name if model.training_metadata is None else model.training_metadata.candidate


def _scores(model: Model) -> dict[str, Any]:
    """The scores of the model with their 95 % confidence intervals, and the split."""
    evaluation: Any = model.evaluation
    metrics = {name: evaluation.kept[name] for name in TASKS[model.task].metrics}
    values = {
        name: {"value": score.value, "low": score.low, "high": score.high}
        for name, score in metrics.items()
    }
    return {"split": evaluation.protocol, **values}
