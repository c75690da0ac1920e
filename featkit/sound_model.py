"""Training and loading of models that predict from sound files as well as from tables.

`featkit.models` works on tables only, and feature extraction does not depend on models. This module
adds the extraction of its features to a trained or loaded `Model`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec

from featkit.audio.excerpt import Excerpt
from featkit.batch.extraction import extract_excerpt, process_recordings
from featkit.batch.outcomes import BatchResult, Extraction
from featkit.batch.targets import TableTarget
from featkit.errors import ModelError, ParameterError
from featkit.features.sets.loading import FeatureSet, feature_set
from featkit.models import training
from featkit.models.model import Model
from featkit.models.model_file import read_model
from featkit.models.result import Result

if TYPE_CHECKING:
    from featkit.evaluation.evaluate import EvaluationResult

P = ParamSpec("P")


class _SoundExtraction:
    """Extraction with the feature set and the excerpts of the training data."""

    def feature_set(self, provenance: Mapping[str, Any], /) -> FeatureSet:
        if "feature_set" not in provenance:
            raise ModelError(
                "the training table does not name its feature set, so the model predicts from"
                " tables only. To predict from sound, train on a Parquet table written by featkit"
            )
        try:
            features = feature_set(provenance["feature_set"])
        except (ParameterError, TypeError) as error:
            raise ModelError(f"the model's feature set cannot be computed here: {error}") from None
        if features.fingerprint != provenance.get("fingerprint"):
            raise ModelError(
                f"this version of featkit computes the feature set {features.name!r} differently"
                " from the version that the model was trained with: use that version, or train"
                " again"
            )
        return features

    def extract(self, provenance: Mapping[str, Any], /, inputs: Any, **options: Any) -> Extraction:
        features, excerpt = self.feature_set(provenance), _excerpt(provenance)
        return extract_excerpt(inputs, excerpt, features=features, **options)

    def process(
        self,
        provenance: Mapping[str, Any],
        /,
        inputs: Any,
        target: TableTarget,
        **options: Any,
    ) -> BatchResult:
        features, excerpt = self.feature_set(provenance), _excerpt(provenance)
        return process_recordings(inputs, excerpt, target, features=features, **options)


def _excerpt(provenance: Mapping[str, Any]) -> Excerpt:
    try:
        return Excerpt(**provenance["excerpt"])
    except (KeyError, TypeError, ParameterError) as error:
        raise ModelError(
            f"the model does not record which part of a file it needs: {error}"
        ) from None


def _with_sound(model: Model) -> Model:
    return dataclasses.replace(model, sound=_SoundExtraction())


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; nothing in it is executed.

    Parameters
    ----------
    path : path
        A file that `Model.save` or ``featkit train`` wrote.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If it is not a model file, or is truncated, altered or malicious.
    """
    return _with_sound(read_model(path))


def _train_for_sound(train: Callable[P, Result]) -> Callable[P, Result]:
    """The same function; its model takes sound, too."""

    @functools.wraps(train)
    def train_for_sound(*args: P.args, **kwargs: P.kwargs) -> Result:
        result = train(*args, **kwargs)
        return dataclasses.replace(result, model=_with_sound(result.model))

    return train_for_sound


train = _train_for_sound(training.train)


def _evaluate_with_sound(evaluate: Callable[P, EvaluationResult]) -> Callable[P, EvaluationResult]:
    """The same function; models that it reads from files take sound, too."""
    from featkit.evaluation.inputs import named_models

    @functools.wraps(evaluate)
    def evaluate_with_sound(*args: P.args, **kwargs: P.kwargs) -> EvaluationResult:
        bound = inspect.signature(evaluate).bind(*args, **kwargs)
        models = bound.arguments["models"]
        bound.arguments["models"] = named_models(models, load=load_model)
        return evaluate(*bound.args, **bound.kwargs)

    return evaluate_with_sound


if TYPE_CHECKING:
    from featkit.evaluation.evaluate import evaluate as evaluate
else:

    def __getattr__(name: str) -> Any:
        """Import `evaluate` on first use: predictions do not need what it loads."""
        if name != "evaluate":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from featkit.evaluation.evaluate import evaluate

        globals()[name] = _evaluate_with_sound(evaluate)
        return globals()[name]
