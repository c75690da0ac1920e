"""featkit: sound to a table of named, documented features, and to models that can be explained.

The public names are loaded when they are first used, so that ``import featkit`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featkit.analysis import analyse
    from featkit.audio import load
    from featkit.batch import Extraction, Failure, extract
    from featkit.errors import AudioError, FeatkitError, ParameterError, TableError
    from featkit.extractor import FeatureExtractor
    from featkit.featuresets import Column, FeatureSet, describe, feature_set, feature_sets
    from featkit.table import FeatureTable

__version__ = "0.1.0"

_HOMES = {
    "AudioError": "errors",
    "Column": "featuresets",
    "Extraction": "batch",
    "Failure": "batch",
    "FeatkitError": "errors",
    "FeatureExtractor": "extractor",
    "FeatureSet": "featuresets",
    "FeatureTable": "table",
    "ParameterError": "errors",
    "TableError": "errors",
    "analyse": "analysis",
    "describe": "featuresets",
    "extract": "batch",
    "feature_set": "featuresets",
    "feature_sets": "featuresets",
    "load": "audio",
}

__all__ = [
    "AudioError",
    "Column",
    "Extraction",
    "Failure",
    "FeatkitError",
    "FeatureExtractor",
    "FeatureSet",
    "FeatureTable",
    "ParameterError",
    "TableError",
    "analyse",
    "describe",
    "extract",
    "feature_set",
    "feature_sets",
    "load",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'featkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"featkit.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
