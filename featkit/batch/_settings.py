"""What the numbers of a table depend on, beside the recordings themselves."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from featkit.audio.decoding.reader import versions
from featkit.audio.excerpt import Excerpt
from featkit.features.sets.registry import FeatureSet
from featkit.schema import COLUMNS

LONGEST_TOLD = 60
"""Characters of a value in a message."""


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
