"""featkit: sound to a table of named, documented features, and to models that can be explained.

The public names are loaded when they are first used, so that ``import featkit`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featkit import models, plots, signals
    from featkit.analysis import analyse
    from featkit.audio import load
    from featkit.batch import Extraction, Failure, extract
    from featkit.comparing import Difference, diff
    from featkit.errors import (
        AudioError,
        FeatkitError,
        ModelError,
        ParameterError,
        TableError,
        WriteError,
    )
    from featkit.explaining import Explanation, explain
    from featkit.extractor import FeatureExtractor
    from featkit.featuresets import FeatureSet, describe, feature_set, feature_sets
    from featkit.featuresets.entries import Column
    from featkit.inspecting import Inspection, inspect
    from featkit.recognition import Model, Predictions, Result, load_model, train
    from featkit.report import write_report
    from featkit.table import FeatureTable

__version__ = "0.1.0"

_HOMES = {
    "AudioError": "errors",
    "Column": "featuresets.entries",
    "Difference": "comparing",
    "Explanation": "explaining",
    "Extraction": "batch",
    "Failure": "batch",
    "FeatkitError": "errors",
    "FeatureExtractor": "extractor",
    "FeatureSet": "featuresets",
    "FeatureTable": "table",
    "Inspection": "inspecting",
    "Model": "recognition",
    "ModelError": "errors",
    "ParameterError": "errors",
    "Predictions": "recognition",
    "Result": "recognition",
    "TableError": "errors",
    "WriteError": "errors",
    "analyse": "analysis",
    "describe": "featuresets",
    "diff": "comparing",
    "explain": "explaining",
    "extract": "batch",
    "feature_set": "featuresets",
    "feature_sets": "featuresets",
    "inspect": "inspecting",
    "load": "audio",
    "load_model": "recognition",
    "train": "recognition",
    "write_report": "report",
}

_ROOMS = ("models", "plots", "signals")

__all__ = [
    "AudioError",
    "Column",
    "Difference",
    "Explanation",
    "Extraction",
    "Failure",
    "FeatkitError",
    "FeatureExtractor",
    "FeatureSet",
    "FeatureTable",
    "Inspection",
    "Model",
    "ModelError",
    "ParameterError",
    "Predictions",
    "Result",
    "TableError",
    "WriteError",
    "analyse",
    "describe",
    "diff",
    "explain",
    "extract",
    "feature_set",
    "feature_sets",
    "inspect",
    "load",
    "load_model",
    "models",
    "plots",
    "signals",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"featkit.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'featkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"featkit.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
