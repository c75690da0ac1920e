"""The metadata of a model file: everything besides the pipeline, and the checks when it is read.

Users of a model, such as the report, rely on these checks: all keys and types are right, and
training can be repeated in a time that depends on the number of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from featkit.errors import ModelError, ParameterError
from featkit.models.estimator import ESTIMATORS, check_candidate
from featkit.models.model import Model
from featkit.models.score_types import Evaluation
from featkit.models.serialization import from_dict
from featkit.models.training_metadata import TrainingMetadata


@dataclass(frozen=True, kw_only=True)
class ModelMetadata:
    """The fields of a `Model` without its pipeline, as a model file stores them.

    Attributes
    ----------
    name : str
        Name of the estimator.
    classes, columns : sequence of str
        Classes and feature columns, in the order of the model.
    provenance : mapping
        Origin of the features.
    training : TrainingMetadata
        How the model was trained.
    scores : mapping
        An `Evaluation` as plain data, or empty.
    """

    name: str
    classes: Sequence[str]
    columns: Sequence[str]
    provenance: Mapping[str, Any]
    training: TrainingMetadata
    scores: Mapping[str, Any]


def metadata_of(model: Model) -> dict[str, Any]:
    """The metadata of a model as plain data."""
    return {field.name: getattr(model, field.name) for field in fields(ModelMetadata)}


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
    for kind in ("classes", "columns"):
        values = getattr(metadata, kind)
        if not values or len(set(values)) < len(values):
            raise ModelError(f"its list of {kind} is empty, or has duplicates")
    if list(metadata.classes) != sorted(metadata.classes) or len(metadata.classes) < 2:
        raise ModelError("it has fewer than two classes, or they are not sorted")
    if metadata.name not in ESTIMATORS:
        raise ModelError(f"this version of featkit has no estimator {metadata.name!r}")
    _check_provenance(metadata.provenance)
    _check_training(metadata)
    evaluation = None
    if metadata.scores:
        evaluation = from_dict(Evaluation, metadata.scores, name="metadata.scores")
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
    }


def _check_provenance(provenance: Mapping[str, Any]) -> None:
    columns = provenance.get("columns", [])
    if not isinstance(columns, list) or not all(map(_has_name_and_unit, columns)):
        raise ModelError("its columns have names or units that are not texts")
    if "feature_set" in provenance:
        described = provenance["feature_set"]
        if not isinstance(described, dict) or not {"name", "version"} <= set(described):
            raise ModelError("its feature set has no name or no version")
        if not isinstance(provenance.get("fingerprint"), str):
            raise ModelError("its feature set has no fingerprint")


def _has_name_and_unit(column: Any) -> bool:
    return isinstance(column, dict) and all(
        isinstance(column.get(key), str) for key in ("name", "unit")
    )


def _check_training(metadata: ModelMetadata) -> None:
    training = metadata.training
    training.sample.check(len(metadata.classes), len(metadata.columns))
    folds, kept = training.settings.folds, training.kept
    if folds is not None and folds > len(training.sample.rows):
        raise ModelError("it was trained with more folds than it had rows")
    if kept.name != metadata.name:
        raise ModelError("its parameters belong to another estimator")
    try:
        check_candidate(kept)
    except ParameterError as error:
        raise ModelError(f"its parameters are invalid: {error}") from None
