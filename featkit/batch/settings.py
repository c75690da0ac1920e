"""What the numbers of a table depend on, beside the recordings themselves."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit import audio
from featkit.decoding import versions
from featkit.errors import ParameterError
from featkit.featuresets import FeatureSet
from featkit.quality import COLUMNS

TAILS = ("drop", "keep", "pad")


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Which part of each recording is analysed, and in which segments; seconds."""

    offset: float = 0.0
    duration: float | None = None
    pad: bool = False
    segment: float | None = None
    segment_hop: float | None = None
    segment_tail: str = "drop"

    def __post_init__(self) -> None:
        audio.check_excerpt(offset=self.offset, duration=self.duration, pad=self.pad)
        if self.segment is None and self.segment_hop is not None:
            raise ParameterError("segment_hop is the step between segments: give segment, too")
        for name in ("segment", "segment_hop"):
            value = getattr(self, name)
            if value is not None and not 0 < value < np.inf:
                raise ParameterError(f"{name} must be above 0 seconds, got {value}")
        if self.segment is None and self.segment_tail != "drop":
            raise ParameterError("segment_tail is for segments: give segment, too")
        if self.segment is not None and self.pad:
            raise ParameterError("pad is for whole recordings: for segments, segment_tail='pad'")
        if self.segment_tail not in TAILS:
            raise ParameterError(
                f"segment_tail must be one of {', '.join(TAILS)}, got {self.segment_tail!r}"
            )


def provenance(features: FeatureSet, excerpt: Excerpt, corpus: Mapping[str, Any]) -> dict[str, Any]:
    """What a table's numbers came from, down to the versions of what computed them.

    Parameters
    ----------
    features, excerpt : FeatureSet, Excerpt
        What is computed, and of which part of each recording.
    corpus : mapping
        What was said of the recordings: `corpus_named`.
    """
    return {
        **computed_by(features, excerpt),
        "columns": [dataclasses.asdict(column) for column in features.columns],
        "quality": [dataclasses.asdict(column) for column in COLUMNS],
        "corpus": dict(corpus),
    }


def computed_by(features: FeatureSet, excerpt: Excerpt) -> dict[str, Any]:
    """All that the numbers of a recording depend on, beside the recording."""
    from importlib.metadata import version

    packages = ("featkit", "numpy", "scipy", "soundfile", "soxr", "PyWavelets")
    return {
        "feature_set": features.as_dict(),
        "fingerprint": features.fingerprint,
        "excerpt": dataclasses.asdict(excerpt),
        "decoders": versions(),
        "resampler": "soxr HQ",
        "versions": {name: version(name) for name in packages},
    }


def corpus_named(
    *,
    labels: str | None,
    name_pattern: str | None,
    manifest: str | os.PathLike[str] | None,
    where: Mapping[str, str | Sequence[str]] | None,
) -> dict[str, Any]:
    """Where what is known about recordings came from, without where anything lies."""
    return {
        "labels": labels,
        "name_pattern": name_pattern,
        "manifest": None if manifest is None else os.path.basename(os.fspath(manifest)),
        "where": {
            name: [allowed] if isinstance(allowed, str) else list(allowed)
            for name, allowed in (where or {}).items()
        },
    }
