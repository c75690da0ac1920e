"""The settings that the numbers of a table depend on: recorded in the table, compared on resume."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from featkit._utils.compiled import implementation
from featkit._utils.installed import installed_version
from featkit._utils.nested import flatten
from featkit.audio.decoding.reader import versions
from featkit.audio.excerpt import Excerpt
from featkit.batch.analysis import Analysis
from featkit.features.family import FAMILIES
from featkit.schema import ANNOTATED, QUALITY_COLUMNS
from featkit.storage.names import last_name
from featkit.storage.urls import name_of

MAX_SHOWN = 60
"""Characters of a value that a message shows."""


def provenance(
    analysis: Analysis,
    excerpt: Excerpt,
    *,
    decoded: Mapping[str, int],
    corpus: Mapping[str, Any],
    annotated: bool = False,
) -> dict[str, Any]:
    """Describe how a table was computed, including the versions of all software.

    Parameters
    ----------
    analysis : Analysis
        Analysis of the rows.
    excerpt : Excerpt
        The analysed part of each recording.
    decoded : mapping of str to int
        Number of recordings by decoder.
    corpus : mapping
        The options that select and label recordings; see `corpus_options`.
    annotated : bool
        Whether rows are annotated intervals.
    """
    decoder_versions = versions()
    return {
        **computation_settings(analysis, excerpt),
        **analysis.provenance,
        "decoders": {name: decoder_versions[name] for name in sorted(decoded)},
        "decoded": {name: decoded[name] for name in sorted(decoded)},
        "quality": [dataclasses.asdict(column) for column in QUALITY_COLUMNS],
        "corpus": dict(corpus),
        **({ANNOTATED: True} if annotated else {}),
    }


def computation_settings(analysis: Analysis, excerpt: Excerpt) -> dict[str, Any]:
    """Everything that the numbers depend on, except the recording itself and its decoder."""
    packages = ["featkit", "numpy", "scipy", "soundfile", "soxr", "PyWavelets"]
    families = [entry.family for entry in analysis.entries]
    further = {name for family in families for name in family.packages}
    further |= {FAMILIES.package_of(family.name) or "featkit" for family in families}
    packages += sorted(further - {"featkit"})
    return {
        **analysis.settings,
        "excerpt": dataclasses.asdict(excerpt),
        "resampler": "soxr HQ",
        # Without a package, every recording that needs it fails.
        "versions": {name: installed_version(name) for name in packages},
        "implementation": implementation(),
    }


def corpus_options(
    *,
    labels: str | None = None,
    name_pattern: str | None = None,
    recorder: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    annotations: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    tier: str | None = None,
    annotation_label: str | None = None,
    background: str | None = None,
) -> dict[str, Any]:
    """The options that select and label recordings, without paths of this machine."""
    paths = [annotations] if isinstance(annotations, str | os.PathLike) else annotations
    optional = {
        "recorder": recorder,
        "annotations": paths and [last_name(path) for path in paths],
        "tier": tier,
        "annotation_label": annotation_label,
        "background": background,
    }
    return {
        "labels": labels,
        "name_pattern": name_pattern,
        "manifest": None if manifest is None else name_of(manifest),
        "where": {
            name: [allowed] if isinstance(allowed, str) else list(allowed)
            for name, allowed in (where or {}).items()
        },
        **{name: value for name, value in optional.items() if value is not None},
    }


def setting_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Describe each setting that differs; for another set, only its name and version."""
    if _set_name(before) != _set_name(now):
        skipped = {"feature_set", "sequence_set", "fingerprint"}
        kind = "sequence set" if "sequence_set" in now else "feature set"
        changes = [f"{kind} was {_set_name(before)}, is {_set_name(now)}"]
    else:
        skipped, changes = set(), []
    old, new = (
        flatten({k: value for k, value in settings.items() if k not in skipped}, lists=True)
        for settings in (before, now)
    )
    names = [name for name in dict.fromkeys([*new, *old]) if old.get(name) != new.get(name)]
    return changes + [f"{name} was {_shown(old, name)}, is {_shown(new, name)}" for name in names]


def _set_name(settings: Mapping[str, Any]) -> str:
    feature_set = settings.get("feature_set", settings.get("sequence_set"))
    if not isinstance(feature_set, Mapping):
        return "none"
    version = f", version {feature_set['version']}" if "version" in feature_set else ""
    return f"{feature_set.get('name')}{version}"


def _shown(settings: Mapping[str, Any], name: str) -> str:
    value = settings.get(name)
    text = "none" if value is None else str(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
