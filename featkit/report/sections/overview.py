"""The overview: data, split, features and origin of the model, and of the explained table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from featkit._utils.formatting import counted, duration
from featkit._utils.typing import Array
from featkit.explanation.ensembles import is_ensemble, members_text
from featkit.explanation.explained_rows import NO_FOLD, ExplainedRows
from featkit.models.estimator import SEQUENCES
from featkit.models.model import Model
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.problem import within_datasets
from featkit.models.recording_conditions import condition_name
from featkit.models.regression_types import RegressionEvaluation
from featkit.models.score_types import Evaluation
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report import _svg
from featkit.report._context import Context, ReportedModel, model_inputs
from featkit.report.formatting import (
    enumerated,
    fixed,
    percent,
    percent_number,
    quoted,
    significant,
    summary,
)
from featkit.report.section import Section
from featkit.schema import DATASET, KEY_COLUMNS, QUALITY_FORMAT, QUALITY_PREFIX
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import group_column
from featkit.table.sequences.axes import stated_shape

TARGET_TITLES = {CLASSIFICATION: "Classes", MULTILABEL: "Labels", REGRESSION: "Target"}
"""Names of the target of each task."""


@dataclass(frozen=True)
class ClassCount:
    """The number of rows of a class.

    Attributes
    ----------
    name : str
        The class.
    rows : int
        Number of rows.
    share : str
        Share of all rows.
    bar : Markup
        The number as a bar.
    """

    name: str
    rows: int
    share: str
    bar: Markup


@dataclass(frozen=True)
class Overview:
    """The data of the section.

    Attributes
    ----------
    lead : str
        The task and the model.
    facts : sequence of pairs of str
        Names and values of facts on training.
    counts : sequence of ClassCount
        Rows of each class.
    counts_caption : str
        The rows that are counted.
    counts_head : str
        ``"Class"`` or ``"Label"``.
    new_table : str
        Relation of the explained table to the training table; "" if they are the same.
    new_table_facts : sequence of pairs of str
        Names and values of facts on the explained table, if it is not the training table.
    other_columns : sequence of pairs of str
        Names and summaries of columns that are neither features nor used for training.
    warnings : sequence of str
        Caveats of training.
    """

    lead: str
    facts: Sequence[tuple[str, str]]
    counts: Sequence[ClassCount]
    counts_caption: str
    counts_head: str
    new_table: str
    new_table_facts: Sequence[tuple[str, str]]
    other_columns: Sequence[tuple[str, str]]
    warnings: Sequence[str]


def build(context: Context) -> Overview:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    Overview
        The data.
    """
    model, explanation, table = context.model, context.explanation, context.table
    training, scores = model.training_metadata, model.evaluation
    label = "label" if training is None else training.settings.target_column
    new = explanation is not None and bool((explanation.folds == NO_FOLD).any())
    counts, counts_caption = _class_counts(model, label, None if new else table)
    table_facts = [] if table is None else _table_facts(model, table)
    return Overview(
        lead=_lead(model, label),
        facts=[*_training_facts(model), *([] if new else table_facts), *_origin(model.provenance)],
        counts=counts,
        counts_caption=counts_caption,
        counts_head="Label" if model.task == MULTILABEL else "Class",
        new_table=_new_table(explanation) if explanation is not None and new else "",
        new_table_facts=[*_row_facts(explanation, table, label), *table_facts] if new else [],
        other_columns=[] if table is None else _other_columns(model, table, label),
        warnings=[] if scores is None else scores.warnings,
    )


SECTION = Section(
    "overview",
    "Data and training",
    80,
    build,
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
    link="Data",
)


def _lead(model: ReportedModel, label: str) -> str:
    training, scores = model.training_metadata, model.evaluation
    candidate = model.name if training is None else training.candidate
    column = "" if training is None else f" (column {quoted(label)})"
    classes = counted(len(model.classes), "class", "classes")
    if model.task == MULTILABEL:
        classes = f"any of {counted(len(model.classes), 'label')}"
    if model.task == REGRESSION:
        classes, column = quoted(model.classes[0]), ", a number,"
    features = counted(len(model.columns) if scores is None else scores.columns, "feature column")
    if model_inputs(model) == SEQUENCES:
        features = "sequences of frames"
    return f"The model, {candidate}, predicts {classes}{column} from {features}."


def _training_facts(model: ReportedModel) -> list[tuple[str, str]]:
    training, scores = model.training_metadata, model.evaluation
    facts = []
    if scores is not None:
        groups = "" if scores.unit == "row" else f" of {counted(scores.groups, scores.unit)}"
        rows = f"{counted(scores.rows, 'row')}{groups}; {counted(scores.scored_rows, 'test row')}"
        together = f"; rows of one {scores.unit} are kept together"
        if training is not None and training.settings.split_by_row:
            together = "; row-wise split"
        split = scores.protocol + ("" if scores.unit == "row" else together)
        facts = [("Rows", rows), *_datasets(scores), ("Split", split)]
        if isinstance(scores, RegressionEvaluation):
            facts += _target(scores)
        elif isinstance(scores, MultilabelEvaluation):
            facts.append(("Labels", f"{fixed(scores.labels_per_row, 2)} for each row on average"))
        else:
            facts += _conditions_alone(scores)
    elif training is not None:
        facts = [("Rows", f"{training.rows:,}")]
    if isinstance(model, Model) and is_ensemble(model):
        facts.append(("Members and their weights", members_text(model)))
    if scores is not None:
        facts += _normalization(scores)
    if kinds := _kinds(model.provenance):
        facts.append(("Sequences", kinds))
    return [*facts, ("Features", _features(model))] if model.columns else facts


def _kinds(provenance: Mapping[str, Any]) -> str:
    """Name of the sequence set, with channels and frames of each kind."""
    sequence_set = provenance.get("sequence_set")
    if not sequence_set:
        return ""
    title = f" ({sequence_set['title']})" if sequence_set.get("title") else ""
    kinds = [
        f"{name} {channels} × {frames}"
        for name, own in provenance.get("sequences", {}).items()
        for channels, frames in [stated_shape(own)]
    ]
    shapes = f": {enumerated(kinds)}, channels × frames" if kinds else ""
    return f"{sequence_set['name']}, version {sequence_set['version']}{title}{shapes}"


def _normalization(
    scores: Evaluation | MultilabelEvaluation | RegressionEvaluation,
) -> list[tuple[str, str]]:
    """Normalisation within groups, and what it means for predictions."""
    if (normalization := scores.normalization) is None:
        return []
    note = f"{normalization.note[0].upper()}{normalization.note[1:]}."
    if normalization.small_groups:
        note += (
            f" {normalization.small_groups:,} of {normalization.groups:,} have fewer than"
            f" {normalization.min_rows} rows, and are normalised by all training rows."
        )
    return [(f"Normalisation by {normalization.by}", note)]


def _datasets(
    scores: Evaluation | MultilabelEvaluation | RegressionEvaluation,
) -> list[tuple[str, str]]:
    """Rows of each dataset, if several were joined."""
    counts = [f"{name} {counted(rows, 'row')}" for name, rows in scores.datasets.items()]
    return [("Datasets", ", ".join(counts))] if counts else []


def _target(scores: RegressionEvaluation) -> list[tuple[str, str]]:
    """Range and spread of the target in the test rows."""
    low, high, mean, std = map(significant, (scores.low, scores.high, scores.mean, scores.std))
    return [("Target", f"{low} to {high}, mean {mean}, standard deviation {std}")]


def _conditions_alone(scores: Evaluation) -> list[tuple[str, str]]:
    """Prediction of the label from recording conditions alone."""
    if (conditions := scores.conditions) is None:
        return []
    accuracy = conditions.balanced_accuracy
    model = percent(scores.kept.balanced_accuracy.value)
    text = (
        f"balanced accuracy {percent(accuracy.value)} (95\u00a0% interval"
        f" {percent_number(accuracy.low)} to {percent_number(accuracy.high)}); by chance"
        f" {percent(conditions.chance)}, by the model {model}"
    )
    if used := [(name, share) for name, share in conditions.columns.items() if share >= 0.005]:
        shares = enumerated([f"{condition_name(name)} {percent(share)}" for name, share in used])
        text += f"; contributions: {shares}"
    return [("Recording conditions alone", text)]


def _features(model: ReportedModel) -> str:
    feature_set = model.provenance.get("feature_set")
    if not feature_set:
        return f"{len(model.columns)} columns of unknown origin"
    title = f" ({feature_set['title']})" if feature_set.get("title") else ""
    name = f"{feature_set['name']}, version {feature_set['version']}"
    return f"{counted(len(model.columns), 'column')} of {name}{title}"


def _table_facts(model: ReportedModel, table: FeatureTable) -> list[tuple[str, str]]:
    facts = []
    keys = table.keys
    if "start" in keys and "end" in keys:
        seconds = np.asarray(keys["end"], float) - np.asarray(keys["start"], float)
        if np.isfinite(seconds).any():
            facts.append(("Duration", _durations(seconds[np.isfinite(seconds)])))
    facts += [*_quality_flags(table), *_recording_conditions(table)]
    return [*facts, ("Undefined values", _undefined(model, table))] if model.columns else facts


def _durations(seconds: Array) -> str:
    low, high = float(seconds.min()), float(seconds.max())
    per_row = duration(low) if high - low < 0.05 else f"{duration(low)} to {duration(high)}"
    return f"{duration(float(seconds.sum()))} in total, {per_row} per row"


def _quality_flags(table: FeatureTable) -> Iterator[tuple[str, str]]:
    """Quality flags that are set, and in how many rows."""
    # Imported where needed, because it imports pandas.
    from featkit.table.inspection import count_flags

    raised = count_flags(table)
    if not len(raised):
        return
    names = [name.removeprefix(QUALITY_PREFIX).replace("_", " ") for name in raised["flag"]]
    counts = zip(names, raised["rows"], strict=True)
    texts = [f"{name} in {counted(rows, 'row')}" for name, rows in counts if rows]
    yield "Quality", ", ".join(texts) if texts else f"no flags ({', '.join(names)})"


def _recording_conditions(table: FeatureTable) -> Iterator[tuple[str, str]]:
    """Levels, bandwidths and formats, as far as they are known."""
    for name, unit, divisor in (("level", "dBFS", 1), ("bandwidth", "kHz", 1000)):
        values = np.asarray(table.quality.get(QUALITY_PREFIX + name, [])) / divisor
        if (finite := values[np.isfinite(values)]).size:
            bounds = dict.fromkeys(fixed(value, 1) for value in (finite.min(), finite.max()))
            yield name.capitalize(), f"{' to '.join(bounds)} {unit}"
    formats = table.quality.get(QUALITY_FORMAT, np.array([]))
    if (formats != "").any():
        yield "Format", summary(formats)


def _undefined(model: ReportedModel, table: FeatureTable) -> str:
    used = [
        table.feature_names.index(name) for name in model.columns if name in table.feature_names
    ]
    undefined = np.isnan(table.values[:, used])
    if not undefined.any():
        return "none"
    return (
        f"{counted(int(undefined.sum()), 'value')} ({percent(float(undefined.mean()))}), in"
        f" {counted(int(undefined.any(axis=1).sum()), 'row')} and"
        f" {counted(int(undefined.any(axis=0).sum()), 'column')}"
    )


def _origin(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Sample rate, excerpt and decoders of the recordings."""
    facts = []
    if feature_set := provenance.get("feature_set") or provenance.get("sequence_set"):
        rate = feature_set["sample_rate"]
        hertz = "that of each recording" if rate == "native" else f"{rate:,g} Hz"
        facts.append(("Sample rate", f"{hertz}, mono"))
    if excerpt := provenance.get("excerpt"):
        facts.append(("Excerpt", _excerpt(excerpt)))
    if "decoders" in provenance:
        decoders = (f"{name} {version}" for name, version in provenance["decoders"].items())
        text = f"{' or '.join(decoders)}; resampled by {provenance.get('resampler', '')}"
        facts.append(("Decoded by", text))
    return facts


def _excerpt(excerpt: Mapping[str, Any]) -> str:
    if excerpt.get("segment"):
        return ", ".join(
            f"{key.replace('_', ' ')} {value}" for key, value in excerpt.items() if value
        )
    texts = []
    if excerpt.get("offset"):
        texts.append(f"from {duration(excerpt['offset'])}")
    if excerpt.get("duration"):
        texts.append(f"{duration(excerpt['duration'])} of each recording")
    if excerpt.get("pad"):
        texts.append("shorter recordings padded with zeros")
    return enumerated(texts) if texts else "whole recordings"


def _new_table(explanation: ExplainedRows) -> str:
    """Relation of the explained table to the training table."""
    old = int((explanation.folds != NO_FOLD).sum())
    if explanation.learnt is not None:
        old += int(explanation.learnt.sum())
    if not old:
        return "The model was not trained on this table."
    new = counted(len(explanation) - old, "new row")
    return f"{counted(old, 'row')} of the training table and {new} are explained."


def _row_facts(
    explanation: ExplainedRows | None, table: FeatureTable | None, label: str
) -> list[tuple[str, str]]:
    """Rows, recordings and classes of the explained table."""
    if explanation is None:
        return []
    n_rows = explanation.rows_there if table is None else len(table)
    rows = counted(n_rows, "row")
    if "path" in explanation.keys and table is not None:
        datasets = table.column(DATASET) if DATASET in explanation.keys else None
        recordings = len(set(within_datasets(table.column("path"), datasets).tolist()))
        if recordings < n_rows:
            rows = f"{rows} of {counted(recordings, 'recording')}"
    labelled = table is not None and label in table.keys
    classes = summary(table.column(label)) if table is not None and labelled else "unknown"
    return [("Rows", rows), (TARGET_TITLES[explanation.task], classes)]


def _other_columns(model: ReportedModel, table: FeatureTable, label: str) -> list[tuple[str, str]]:
    used: set[str | None] = {label, *KEY_COLUMNS}
    if training := model.training_metadata:
        settings = training.settings
        used |= {settings.fold, settings.split, group_column(settings.group or "")}
        used |= {group_column(settings.normalize_by or "")}
        used |= {DATASET} if settings.datasets else set()
    return [(name, summary(column)) for name, column in table.keys.items() if name not in used]


def _class_counts(
    model: ReportedModel, label: str, table: FeatureTable | None
) -> tuple[list[ClassCount], str]:
    if model.task == REGRESSION:
        return [], ""
    if model.task == MULTILABEL:
        return _label_counts(model)
    if table is not None and label in table.keys:
        labels = table.column(label)
        counts = {name: int(np.sum(labels == name)) for name in model.classes}
        caption = "Rows of each class in the table"
    else:
        scores = model.evaluation
        per_class = scores.per_class if isinstance(scores, Evaluation) else []
        counts = {scores.name: scores.support for scores in per_class}
        caption = "Test rows of each class"
    most, total = max(counts.values(), default=0), max(sum(counts.values()), 1)
    return [
        ClassCount(name, rows, percent(rows / total), _svg.bar(rows, most))
        for name, rows in counts.items()
    ], caption


def _label_counts(model: ReportedModel) -> tuple[list[ClassCount], str]:
    """Test rows of each label; a row may have several."""
    scores = model.evaluation
    if not isinstance(scores, MultilabelEvaluation):
        return [], ""
    counts = {own.name: own.support for own in scores.per_label}
    most, total = max(counts.values()), max(scores.scored_rows, 1)
    return [
        ClassCount(name, rows, percent(rows / total), _svg.bar(rows, max(most, 1)))
        for name, rows in counts.items()
    ], "Test rows of each label"
