"""The metadata of a model file: everything besides the pipeline, and the checks when it is read.

Users of a model, such as the report, rely on these checks: all keys and types are right, and
training can be repeated in a time that depends on the number of its rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from featkit.errors import ModelError, ParameterError
from featkit.models.calibration import Calibrator
from featkit.models.estimator import SEQUENCES, check_candidate
from featkit.models.group_normalization import GroupNormalization
from featkit.models.label_decision import LabelDecision
from featkit.models.model import Model
from featkit.models.novelty import Novelty
from featkit.models.prediction_sets import PredictionSets
from featkit.models.serialization import from_dict, to_dict
from featkit.models.task import CLASSIFICATION, REGRESSION, TASKS, Task
from featkit.models.training_metadata import TrainingMetadata
from featkit.table.sequences.axes import stated_shape
from featkit.table.sequences.sequences import MAX_ROW_VALUES


@dataclass(frozen=True, kw_only=True)
class ModelMetadata:
    """The fields of a `Model` without its pipeline, as a model file stores them.

    Attributes
    ----------
    name : str
        Name of the estimator.
    classes, columns : sequence of str
        Outputs, such as the classes, and feature columns, in the order of the model; a network has
        no columns.
    provenance : mapping
        Origin of the features, or of the sequences that a network reads.
    training : TrainingMetadata
        How the model was trained.
    scores : mapping
        An `Evaluation`, or that of another task, as plain data; or empty.
    normalization : GroupNormalization or None
        Normalisation within groups.
    calibrator : Calibrator or None
        Calibration of the probabilities.
    sets : PredictionSets or None
        Prediction sets and abstention.
    novelty : Novelty or None
        Distance to the training data.
    task : str
        Name of the task.
    decision : LabelDecision or None
        The thresholds of labels, if the model predicts several.
    """

    name: str
    classes: Sequence[str]
    columns: Sequence[str]
    provenance: Mapping[str, Any]
    training: TrainingMetadata
    scores: Mapping[str, Any]
    normalization: GroupNormalization | None = None
    calibrator: Calibrator | None = None
    sets: PredictionSets | None = None
    novelty: Novelty | None = None
    task: str = CLASSIFICATION
    decision: LabelDecision | None = None


def metadata_of(model: Model) -> dict[str, Any]:
    """The metadata of a model as plain data."""
    metadata = {field.name: getattr(model, field.name) for field in fields(ModelMetadata)}
    return {
        name: to_dict(value) if is_dataclass(value) else value for name, value in metadata.items()
    }


def read_metadata(data: Any) -> dict[str, Any]:
    """Read the metadata of a model file, and check it.

    Parameters
    ----------
    data : object
        The JSON of the file.

    Returns
    -------
    dict
        Arguments of `Model`, without the pipeline.

    Raises
    ------
    ValueError
        If something is missing, unknown or wrong, with the path of the value.
    """
    metadata = from_dict(ModelMetadata, data, name="metadata")
    _check_names("classes", metadata.classes)
    if metadata.task not in TASKS:
        raise ModelError(f"this version of featkit has no task {metadata.task!r}")
    task = TASKS[metadata.task]
    if task.has_names and (
        list(metadata.classes) != sorted(metadata.classes) or len(metadata.classes) < 2
    ):
        raise ModelError("it has fewer than two classes, or they are not sorted")
    if metadata.task != metadata.training.settings.task:
        raise ModelError("its settings belong to another task")
    if metadata.task == REGRESSION and list(metadata.classes) != [
        metadata.training.settings.target
    ]:
        raise ModelError("its target is not that of its settings")
    if metadata.name not in task.estimators:
        raise ModelError(f"this version of featkit has no estimator {metadata.name!r}")
    if task.estimators[metadata.name].inputs == SEQUENCES:
        _check_without_columns(metadata)
    else:
        _check_names("columns", metadata.columns)
    if (metadata.decision is None) != (task.fit_decision is None):
        raise ModelError("its thresholds belong to another task")
    if metadata.decision is not None:
        metadata.decision.check(len(metadata.classes))
    _check_provenance(metadata.provenance)
    _check_training(metadata, task)
    _check_normalization(metadata)
    if not task.has_classes and (metadata.calibrator is not None or metadata.sets is not None):
        raise ModelError("it has calibration or prediction sets, but no classes")
    if metadata.calibrator is not None:
        if not task.has_classes:
            raise ModelError("it has a calibration, but predicts no classes")
        metadata.calibrator.check(len(metadata.classes))
    if metadata.sets is not None:
        if not task.has_classes:
            raise ModelError("it has prediction sets, but predicts no classes")
        metadata.sets.check()
    if metadata.novelty is not None:
        metadata.novelty.check(len(metadata.columns))
    evaluation = None
    if metadata.scores:
        evaluation = from_dict(task.evaluation_type, metadata.scores, name="metadata.scores")
        evaluation.check()
        if list(evaluation.classes) != list(metadata.classes):
            raise ModelError("its scores belong to other classes")
    return {
        "name": metadata.name,
        "classes": list(metadata.classes),
        "columns": list(metadata.columns),
        "provenance": metadata.provenance,
        "training_metadata": metadata.training,
        "evaluation": evaluation,
        "normalization": metadata.normalization,
        "calibrator": metadata.calibrator,
        "sets": metadata.sets,
        "novelty": metadata.novelty,
        "task": metadata.task,
        "decision": metadata.decision,
    }


def _check_names(kind: str, values: Sequence[str]) -> None:
    if not values or len(set(values)) < len(values):
        raise ModelError(f"its list of {kind} is empty, or has duplicates")


def _check_without_columns(metadata: ModelMetadata) -> None:
    """Refuse a normalisation or novelty of columns."""
    if metadata.columns or metadata.normalization is not None or metadata.novelty is not None:
        raise ModelError(
            "it learns from sequences, but has columns, or a normalisation or novelty of columns"
        )


def _check_provenance(provenance: Mapping[str, Any]) -> None:
    columns = provenance.get("columns", [])
    if not isinstance(columns, list) or not all(map(_has_name_and_unit, columns)):
        raise ModelError("its columns have names or units that are not texts")
    for key in {"feature_set", "sequence_set"} & provenance.keys():
        described, kind = provenance[key], key.replace("_", " ")
        if not isinstance(described, dict) or not {"name", "version"} <= set(described):
            raise ModelError(f"its {kind} has no name or no version")
        if not isinstance(provenance.get("fingerprint"), str):
            raise ModelError(f"its {kind} has no fingerprint")
    _check_sequences(provenance.get("sequences", {}))


def _check_sequences(shapes: Any) -> None:
    """Refuse sequences that would fill the memory: they are computed with the shapes of a model."""
    if not isinstance(shapes, dict) or not all(isinstance(x, dict) for x in shapes.values()):
        raise ModelError("the shapes of its sequences are not a dictionary")
    for shape in shapes.values():
        sizes = stated_shape(shape)
        if not all(type(n) is int and n >= 1 for n in sizes) or math.prod(sizes) > MAX_ROW_VALUES:
            raise ModelError("the shape of its sequences is invalid, or too large")


def _has_name_and_unit(column: Any) -> bool:
    return isinstance(column, dict) and all(
        isinstance(column.get(key), str) for key in ("name", "unit")
    )


def _check_training(metadata: ModelMetadata, task: Task) -> None:
    training = metadata.training
    training.sample.check(len(metadata.classes), len(metadata.columns))
    if training.memory is not None:
        training.memory.check(training.rows)
    if training.budget is not None:
        training.budget.check()
    folds, kept = training.settings.folds, training.kept
    if folds is not None and folds > len(training.sample.rows):
        raise ModelError("it was trained with more folds than it had rows")
    if training.settings.costs is not None:
        training.settings.costs.of(metadata.classes)  # raises if it is of other classes
    counts = training.class_rows
    if counts and (
        sorted(counts) != sorted(metadata.classes)
        or min(counts.values()) < 1
        or sum(counts.values()) != training.rows
    ):
        raise ModelError("its numbers of rows of each class do not fit its classes and rows")
    if kept.name != metadata.name:
        raise ModelError("its parameters belong to another estimator")
    try:
        check_candidate(kept, task.estimators)
    except ParameterError as error:
        raise ModelError(f"its parameters are invalid: {error}") from None
    # The file is opened only if the training is repeated, and then only one with this content.
    if kept.parameters.get("weights") and not kept.parameters.get("weights_sha256"):
        raise ModelError("it names a file of weights without its SHA-256")


def _check_normalization(metadata: ModelMetadata) -> None:
    normalization = metadata.normalization
    by = None if normalization is None else normalization.by
    if by != metadata.training.settings.normalize_by:
        raise ModelError("its normalisation is not that of its settings")
    if normalization is not None:
        normalization.check(len(metadata.columns))
