"""What the numbers of a table depend on, beside the recordings themselves."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from featkit import audio
from featkit.audio.decoding import versions
from featkit.errors import ParameterError
from featkit.featuresets import FeatureSet
from featkit.parameters import is_number
from featkit.quality import COLUMNS

LONGEST_TOLD = 60
"""Characters of a value in a message."""

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
            if value is not None and not (is_number(value) and 0 < value < np.inf):
                raise ParameterError(f"{name} must be above 0 seconds, got {value!r}")
        if self.segment is None and self.segment_tail != "drop":
            raise ParameterError("segment_tail is for segments: give segment, too")
        if self.segment is not None and self.pad:
            raise ParameterError("pad is for whole recordings: for segments, segment_tail='pad'")
        if self.segment_tail not in TAILS:
            raise ParameterError(
                f"segment_tail must be one of {', '.join(TAILS)}, got {self.segment_tail!r}"
            )
        # In normal form, to which what is finished is held: a step that is left out is a segment's
        # length, and numbers are Python's own, which JSON can hold.
        if self.segment_hop is None:
            object.__setattr__(self, "segment_hop", self.segment)
        for name in ("offset", "duration", "segment", "segment_hop"):
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))


def provenance(
    features: FeatureSet,
    excerpt: Excerpt,
    *,
    decoded: Mapping[str, int],
    corpus: Mapping[str, Any],
) -> dict[str, Any]:
    """What a table's numbers came from, down to the versions of what computed them.

    Parameters
    ----------
    features, excerpt : FeatureSet, Excerpt
        What is computed, and of which part of each recording.
    decoded : mapping of str to int
        How many recordings each decoder read.
    corpus : mapping
        What was said of the recordings: `corpus_named`.
    """
    known = versions()
    return {
        **computed_by(features, excerpt),
        "feature_set": features.as_dict(),
        "decoders": {name: known[name] for name in sorted(decoded)},
        "decoded": {name: decoded[name] for name in sorted(decoded)},
        "columns": [dataclasses.asdict(column) for column in features.columns],
        "quality": [dataclasses.asdict(column) for column in COLUMNS],
        "corpus": dict(corpus),
    }


def computed_by(features: FeatureSet, excerpt: Excerpt) -> dict[str, Any]:
    """All that the numbers of a recording depend on, beside the recording and its decoder."""
    packages = ["featkit", "numpy", "scipy", "soundfile", "soxr", "PyWavelets"]
    packages += sorted({name for entry in features.entries for name in entry.family.packages})
    return {
        "feature_set": features.deciding,
        "fingerprint": features.fingerprint,
        "excerpt": dataclasses.asdict(excerpt),
        "resampler": "soxr HQ",
        "versions": {name: _version(name) for name in packages},
    }


@lru_cache
def _version(package: str) -> str | None:
    """Of what is installed; an extra may be missing, and every recording that needs it fails."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


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


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """How settings differ: the names of the feature sets, or else each setting that changed."""
    if _set_name(before) != _set_name(now):
        without = {"feature_set", "fingerprint"}
        told = [f"feature set was {_set_name(before)}, is {_set_name(now)}"]
    else:
        without, told = set(), []
    old, new = (
        _flat({name: value for name, value in of.items() if name not in without})
        for of in (before, now)
    )
    names = [name for name in dict.fromkeys([*new, *old]) if old.get(name) != new.get(name)]
    return told + [
        f"{name} was {_told_value(old, name)}, is {_told_value(new, name)}" for name in names
    ]


def _set_name(settings: Mapping[str, Any]) -> str:
    described = settings.get("feature_set")
    if not isinstance(described, Mapping):
        return "none"
    return f"{described.get('name')}, version {described.get('version')}"


def _flat(settings: Any, name: str = "") -> dict[str, Any]:
    """Nested settings as one mapping: ``excerpt.segment``, ``feature_set.features.0.family``."""
    if isinstance(settings, Mapping):
        members = [(str(key), value) for key, value in settings.items()]
    elif isinstance(settings, list | tuple):
        members = [(str(k), value) for k, value in enumerate(settings)]
    else:
        return {name: settings}
    return {
        inner: value
        for key, member in members
        for inner, value in _flat(member, f"{name}.{key}" if name else key).items()
    }


def _told_value(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}…"
