"""Training and loading of models that predict from sound files as well as from tables.

`featkit.models` works on tables only, and feature extraction does not depend on models. This module
adds the extraction of its features, or sequences, to a trained or loaded `Model`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any, ParamSpec

from featkit.audio.excerpt import Excerpt
from featkit.batch.analysis import Analysis, FeatureAnalysis
from featkit.batch.clip_rows import ClipRows
from featkit.batch.extraction import extract_analysis, process_recordings
from featkit.batch.outcomes import BatchResult, Extraction
from featkit.batch.sequence_analysis import SequenceAnalysis
from featkit.batch.targets import TableTarget
from featkit.errors import ModelError, ParameterError
from featkit.features.family import FAMILIES
from featkit.features.sequences.loading import sequence_set
from featkit.features.sets.loading import FeatureSet, feature_set
from featkit.models import training
from featkit.models.model import Model
from featkit.models.model_file import read_model
from featkit.models.result import Result
from featkit.models.result_file import read_result

if TYPE_CHECKING:
    from featkit.evaluation.evaluate import EvaluationResult

P = ParamSpec("P")


class _SoundExtraction:
    """Extraction with the feature set, or sequence set, and the excerpts of the training data."""

    def feature_set(self, provenance: Mapping[str, Any], /) -> FeatureSet:
        if "sequence_set" in provenance:
            raise ModelError("the model predicts from sequences: it has no feature set")
        if "feature_set" not in provenance:
            raise ModelError(
                "the training table does not name its feature set, so the model predicts from"
                " tables only. To predict from sound, train on a Parquet table written by featkit"
            )
        try:
            features = feature_set(_definition(provenance["feature_set"]))
        except (ParameterError, TypeError) as error:
            raise ModelError(f"the model's feature set cannot be computed here: {error}") from None
        _check_fingerprint("feature set", features.name, features.fingerprint, provenance)
        return features

    def clip_analyser(self, provenance: Mapping[str, Any], /) -> ClipRows:
        return ClipRows(self._analysis(provenance), _excerpt(provenance), provenance)

    def extract(self, provenance: Mapping[str, Any], /, inputs: Any, **options: Any) -> Extraction:
        analysis, excerpt = self._analysis(provenance), _excerpt(provenance)
        return extract_analysis(inputs, excerpt, analysis=analysis, **options)

    def process(
        self,
        provenance: Mapping[str, Any],
        /,
        inputs: Any,
        target: TableTarget,
        **options: Any,
    ) -> BatchResult:
        analysis, excerpt = self._analysis(provenance), _excerpt(provenance)
        return process_recordings(inputs, excerpt, target, analysis=analysis, **options)

    def _analysis(self, provenance: Mapping[str, Any]) -> Analysis:
        if "sequence_set" not in provenance:
            return FeatureAnalysis(self.feature_set(provenance))
        try:
            chosen = sequence_set(_definition(provenance["sequence_set"]))
            kinds = provenance["sequences"]
            frames = {name: int(kinds[name]["frames"]) for name in chosen.kinds}
        except (ParameterError, TypeError, KeyError, ValueError) as error:
            raise ModelError(f"the model's sequences cannot be computed here: {error}") from None
        _check_fingerprint("sequence set", chosen.name, chosen.fingerprint, provenance)
        return SequenceAnalysis(chosen, frames)


def _definition(stored: Any) -> Mapping[str, Any]:
    """The definition that a model stores, which may be of any origin.

    It is a table, since a text may be the path or URL of another definition. Files that it names
    have no folder, so that none but those that the user makes available is opened, and a digest.
    """
    if not isinstance(stored, Mapping):
        raise ParameterError(f"the definition must be a table, got {stored!r:.80}")
    for entry in [*stored.get("features", ()), *stored.get("kinds", ())]:
        if isinstance(entry, Mapping) and entry.get("family") in FAMILIES:
            for field in FAMILIES[entry["family"]].parameters.file_fields():
                _check_file(entry.get(field, ""), entry.get("sha256"))
    return stored


def _check_file(name: Any, sha256: Any) -> None:
    if not isinstance(name, str) or PureWindowsPath(name).name != name:
        raise ParameterError(f"files must be named without their folder, got {name!r:.80}")
    if not sha256:
        raise ParameterError(f"the file {name!r:.80} has no SHA-256")


def _check_fingerprint(kind: str, name: str, own: str, provenance: Mapping[str, Any]) -> None:
    if own != provenance.get("fingerprint"):
        raise ModelError(
            f"this version of featkit computes the {kind} {name!r} differently from the version"
            " that the model was trained with: use that version, or train again"
        )


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


def load_result(path: str | os.PathLike[str]) -> Result:
    """Read the result of a training.

    Parameters
    ----------
    path : path
        A file that `Result.save` wrote.

    Returns
    -------
    Result

    Raises
    ------
    ModelError
        If it is not such a file, or is truncated, altered or malicious.
    """
    result = read_result(path)
    return dataclasses.replace(result, model=_with_sound(result.model))


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
