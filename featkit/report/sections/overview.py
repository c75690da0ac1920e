"""What was asked, and of what: the first section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from featkit._utils.counting import counted
from featkit._utils.typing import Array
from featkit.explanation.explanation import NO_FOLD, Explanation
from featkit.report import _svg
from featkit.report._subject import Subject
from featkit.report.words import listed, percent, quoted, seconds, summarised
from featkit.schema import KEYS, PREFIX
from featkit.table.feature_table import FeatureTable
from featkit.table.inspection import flags
from featkit.table.name_stems import group_column


@dataclass(frozen=True)
class ClassCount:
    """How many rows there are of a class."""

    name: str
    rows: int
    share: str
    bar: Markup


@dataclass(frozen=True)
class Asked:
    """What the section shows; ``here`` is of a table that the model was not trained on."""

    lead: str
    facts: Sequence[tuple[str, str]]
    counts: Sequence[ClassCount]
    counted: str
    here: Sequence[tuple[str, str]]
    here_is: str
    keys: Sequence[tuple[str, str]]
    warnings: Sequence[str]


def asked(
    model: Subject, explanation: Explanation | None = None, table: FeatureTable | None = None
) -> Asked:
    """The section, of what is there."""
    settings = model.training.get("settings", {})
    label = str(settings.get("label", "label"))
    another = explanation is not None and bool((explanation.folds == NO_FOLD).any())
    counts, counted = _counts(model, label, None if another else table)
    columns = (
        settings.get("fold"),
        settings.get("split"),
        group_column(settings.get("group") or ""),
    )
    named = {label, *KEYS, *map(str, columns)}
    others = [] if table is None else [name for name in table.keys if name not in named]
    of_table = [] if table is None else _of_table(model, table)
    return Asked(
        lead=_lead(model, label),
        facts=[*_of_training(model), *([] if another else of_table), *_provenance(model)],
        counts=counts,
        counted=counted,
        here=[*_of_rows(explanation, table, label), *of_table] if another else [],
        here_is=_here_is(explanation) if explanation is not None and another else "",
        keys=[(name, summarised(table.keys[name])) for name in others] if table else [],
        warnings=[str(text) for text in model.scores.get("warnings", [])],
    )


def _lead(model: Subject, label: str) -> str:
    classes = counted(len(model.classes), "class", "classes")
    columns = model.scores.get("columns", len(model.columns))
    of = f" (column {quoted(label)})" if model.training else ""
    return (
        f"Can {classes}{of} be told apart by {counted(columns, 'column')} of"
        f" features? The model is {model.training.get('candidate', model.name)}."
    )


def _of_training(model: Subject) -> list[tuple[str, str]]:
    """Of the rows that the model was trained on, and judged by."""
    scores, training = model.scores, model.training
    facts = []
    if scores:
        unit = str(scores["unit"])
        of = "" if unit == "row" else f" of {counted(scores['groups'], unit)}"
        facts.append(
            ("Rows", f"{counted(scores['rows'], 'row')}{of}; {scores['judged']:,} were judged")
        )
        facts.append(("Split", _split(scores, training.get("settings", {}))))
    elif "rows" in training:
        facts.append(("Rows", f"{training['rows']:,}"))
    return [*facts, ("Columns", _columns(model))] if model.columns else facts


def _of_table(model: Subject, table: FeatureTable) -> list[tuple[str, str]]:
    """Of the rows of a table."""
    facts = []
    keys = table.keys
    if "start" in keys and "end" in keys:
        lengths = np.asarray(keys["end"], float) - np.asarray(keys["start"], float)
        if np.isfinite(lengths).any():
            facts.append(("Sound", _lengths(lengths[np.isfinite(lengths)])))
    if table.quality:
        facts.append(("Quality", _quality(table)))
    return [*facts, ("Undefined values", _undefined(model, table))]


def _quality(table: FeatureTable) -> str:
    """Which flags are up, and in how many rows."""
    found = flags(table)
    names = [name.removeprefix(PREFIX).replace("_", " ") for name in found["flag"]]
    up = zip(names, found["rows"], strict=True)
    said = [f"{name} in {counted(rows, 'row')}" for name, rows in up if rows]
    return ", ".join(said) if said else f"no row is {' or '.join(names)}"


def _here_is(explanation: Explanation) -> str:
    """What the table that is explained has to do with the one that the model was trained on."""
    known = int((explanation.folds != NO_FOLD).sum())
    if explanation.learnt is not None:
        known += int(explanation.learnt.sum())
    if not known:
        return "It is not the one that the model was trained on."
    others = len(explanation) - known
    return (
        f"Of its rows, {counted(known, 'row')} of the one that the model was trained on and"
        f" {counted(others, 'other')} are explained."
    )


def _of_rows(
    explanation: Explanation | None, table: FeatureTable | None, label: str
) -> list[tuple[str, str]]:
    """Of the rows of a table that the model was not trained on."""
    if explanation is None:
        return []
    there = explanation.rows_there if table is None else len(table)
    facts = [("Rows", counted(there, "row"))]
    if "path" in explanation.keys and table is not None:
        recordings = len(set(table.column("path").tolist()))
        if recordings < there:
            facts = [("Rows", f"{facts[0][1]} of {counted(recordings, 'recording')}")]
    if table is not None and label in table.keys:
        return [*facts, ("Classes", summarised(table.column(label)))]
    return [*facts, ("Classes", "not known")]


def _split(scores: Any, settings: Any) -> str:
    divided = settings.get("split_by_row")
    whole = f"each {scores['unit']} stays on one side"
    return f"{scores['protocol']}; {'rows were divided' if divided else whole}"


def _columns(model: Subject) -> str:
    described = model.provenance.get("feature_set")
    if not described:
        return f"{len(model.columns)}; the table does not say how they were computed"
    version, title = described["version"], described.get("title") or ""
    return f"{len(model.columns)} of {described['name']}, version {version}" + (
        f" ({title})" if title else ""
    )


def _lengths(lengths: Array) -> str:
    low, high = float(lengths.min()), float(lengths.max())
    each = seconds(low) if high - low < 0.05 else f"{seconds(low)} to {seconds(high)}"
    return f"{seconds(float(lengths.sum()))} in all rows, {each} each"


def _undefined(model: Subject, table: FeatureTable) -> str:
    place = [
        table.feature_names.index(name) for name in model.columns if name in table.feature_names
    ]
    missing = np.isnan(table.values[:, place])
    if not missing.any():
        return "none"
    return (
        f"{counted(int(missing.sum()), 'value')} ({percent(float(missing.mean()))}), in"
        f" {counted(int(missing.any(axis=1).sum()), 'row')} and"
        f" {counted(int(missing.any(axis=0).sum()), 'column')}"
    )


def _provenance(model: Subject) -> list[tuple[str, str]]:
    facts = []
    given = model.provenance
    if described := given.get("feature_set"):
        rate = described["sample_rate"]
        rates = "their own rates" if rate == "native" else f"{rate:,g} Hz"
        facts.append(("Analysed at", f"{rates}, mono"))
    if excerpt := given.get("excerpt"):
        said = [f"{key.replace('_', ' ')} {value}" for key, value in excerpt.items() if value]
        facts.append(("Excerpt", ", ".join(said) if excerpt.get("segment") else _whole(excerpt)))
    if "decoders" in given:
        decoders = " or ".join(f"{name} {version}" for name, version in given["decoders"].items())
        facts.append(("Decoded by", f"{decoders}; resampled by {given.get('resampler', '')}"))
    return facts


def _whole(excerpt: Any) -> str:
    said = []
    if excerpt.get("offset"):
        said.append(f"from {seconds(excerpt['offset'])} on")
    if excerpt.get("duration"):
        said.append(f"{seconds(excerpt['duration'])} of each")
    if excerpt.get("pad"):
        said.append("shorter ones filled with zeros")
    return listed(said) if said else "each recording as a whole"


def _counts(model: Subject, label: str, table: FeatureTable | None) -> tuple[list[ClassCount], str]:
    if table is not None and label in table.keys:
        of = table.column(label)
        found = {name: int(np.sum(of == name)) for name in model.classes}
        counted = "in the table"
    else:
        found = {each["class"]: each["support"] for each in model.scores.get("per_class", [])}
        counted = "that were judged"
    most, total = max(found.values(), default=0), max(sum(found.values()), 1)
    return [
        ClassCount(name, rows, percent(rows / total), _svg.bar(rows, most))
        for name, rows in found.items()
    ], counted
