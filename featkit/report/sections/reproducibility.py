"""How to reproduce a model and its page: the last section."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featkit.features.sets.registry import feature_sets
from featkit.report._subject import Subject


@dataclass(frozen=True)
class Column:
    """What a column is."""

    name: str
    unit: str
    family: str
    definition: str
    reference: str


@dataclass(frozen=True)
class Again:
    """What the section shows."""

    commands: Sequence[str]
    settings: Sequence[tuple[str, str]]
    versions: Sequence[tuple[str, str]]
    digest: str
    feature_set: str
    own: bool
    fingerprint: str
    columns: Sequence[Column]


def again(
    model: Subject,
    columns: Sequence[str],
    schema: Mapping[str, Mapping[str, Any]],
    commands: Sequence[str] = (),
) -> Again:
    """The section; `commands` stand for what follows upon the training."""
    training, provenance = model.training, model.provenance
    features = provenance.get("feature_set")
    return Again(
        commands=[*_commands(training.get("settings"), provenance), *commands],
        settings=[
            (name.replace("_", " "), _text(value))
            for name, value in training.get("settings", {}).items()
        ],
        versions=sorted(
            {**provenance.get("versions", {}), **training.get("versions", {})}.items(),
            key=lambda item: item[0].lower(),
        ),
        digest=str(training.get("digest", "")),
        feature_set=json.dumps(features, indent=2, ensure_ascii=False) if features else "",
        own=features is not None and features["name"] not in feature_sets(),
        fingerprint=str(provenance.get("fingerprint", "")),
        columns=[_column(name, schema[name]) for name in columns],
    )


def _column(name: str, about: Mapping[str, Any]) -> Column:
    unit, family, definition, reference = (
        str(about.get(key) or "") for key in ("unit", "family", "definition", "reference")
    )
    return Column(name, "" if unit == "1" else unit, family, definition, reference)


def _text(value: Any) -> str:
    if value is None or value in ((), []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "/".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _commands(settings: Mapping[str, Any] | None, provenance: Mapping[str, Any]) -> list[str]:
    """From recordings to a model, as far as it is known."""
    commands: list[str] = []
    if features := provenance.get("feature_set"):
        words = ["featkit", "extract", "RECORDINGS", "--features", _features(features["name"])]
        words += [*_corpus(provenance), *_excerpt(provenance), "-o", "TABLE.parquet"]
        commands.append(shlex.join(words))
    if settings is None:
        return commands
    words = ["featkit", "train", "TABLE.parquet", *_asked(settings), "-o", "MODEL.fk"]
    return [*commands, shlex.join(words)]


def _features(name: str) -> str:
    """A feature set of the package by its name, any other by the file that the page shows."""
    return name if name in feature_sets() else "FEATURES.json"


def _corpus(provenance: Mapping[str, Any]) -> list[str]:
    """How the recordings, and what is known of them, were named."""
    words = []
    for name, value in provenance.get("corpus", {}).items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, Mapping):
            for column, values in value.items():
                words += [option, f"{column}={','.join(values)}"]
        elif value:
            words += [option, str(value)]
    return words


def _excerpt(provenance: Mapping[str, Any]) -> list[str]:
    words = []
    for name, value in provenance.get("excerpt", {}).items():
        if value and not (name == "segment_tail" and value == "drop"):
            option = f"--{name.replace('_', '-')}"
            words += [option] if value is True else [option, str(value)]
    return words


def _asked(settings: Mapping[str, Any]) -> list[str]:
    words = []
    for name in ("label", "group", "fold", "folds", "split", "model", "select", "seed"):
        if settings.get(name) is not None:
            words += [f"--{name}", str(settings[name])]
    if settings.get("shares"):
        words += ["--ratio", "/".join(map(str, settings["shares"]))]
    if settings.get("split_by_row"):
        words.append("--split-by-row")
    if settings.get("exclude"):
        words += ["--exclude", ",".join(map(str, settings["exclude"]))]
    if settings.get("include"):
        words += ["--include", ",".join(map(str, settings["include"]))]
    return words
