"""Reproducibility: commands, settings, versions, feature set, and definitions of columns."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featkit.features.sequences.loading import SEQUENCE_SETS
from featkit.features.sets.loading import feature_sets
from featkit.models.estimator import SEQUENCES
from featkit.models.serialization import to_dict
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION, TASKS
from featkit.report._context import Context, ScoresOnly, model_inputs
from featkit.report._setting_text import setting_text
from featkit.report._titles import column_title
from featkit.report.section import Section
from featkit.table.label_cells import SEPARATOR

TRAINING_OPTIONS = (
    *("label", "target", "multilabel", "group", "fold", "folds", "split", "model", "select"),
    *("seed", "budget"),
)
"""Settings of training that are options of the same name with one value."""


@dataclass(frozen=True)
class ColumnDefinition:
    """The description of a column.

    Attributes
    ----------
    name, title, unit, family, definition, reference : str
        See `featkit.schema.Column`; "" where unknown.
    """

    name: str
    title: str
    unit: str
    family: str
    definition: str
    reference: str


@dataclass(frozen=True)
class Reproducibility:
    """The data of the section.

    Attributes
    ----------
    commands : sequence of str
        Commands from the recordings to this page.
    settings, versions : sequence of pairs of str
        Settings of training, and versions of packages.
    digest : str
        Digest of the training table.
    feature_set : str
        The feature set as JSON.
    custom : bool
        Whether the feature set is not one of featkit.
    fingerprint : str
        Fingerprint of the feature set.
    columns : sequence of ColumnDefinition
        The described columns of the page.
    """

    commands: Sequence[str]
    settings: Sequence[tuple[str, str]]
    versions: Sequence[tuple[str, str]]
    digest: str
    feature_set: str
    custom: bool
    fingerprint: str
    columns: Sequence[ColumnDefinition]


def build(context: Context) -> Reproducibility:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    Reproducibility
        The data.
    """
    training, provenance = context.model.training_metadata, context.model.provenance
    settings = {} if training is None else to_dict(training.settings)
    memory = None if training is None else training.memory
    budget = None if training is None else training.budget
    feature_set = provenance.get("feature_set") or provenance.get("sequence_set")
    is_network = model_inputs(context.model) == SEQUENCES
    known_sets = SEQUENCE_SETS if "sequence_set" in provenance else feature_sets()
    versions = {**provenance.get("versions", {}), **(training.versions if training else {})}
    return Reproducibility(
        commands=[
            *_extract_command(provenance),
            *_train_command(
                settings | ({"max_memory": memory.max_memory} if memory else {}),
                is_network=is_network,
            ),
            _page_command(context, _tables(settings, is_network=is_network)),
        ],
        settings=[
            *(
                (name.replace("_", " "), setting_text(value))
                for name, value in settings.items()
                # The first changes neither the model nor its scores; the command states it.
                if name != "compare_splits" and (name, value) != ("budget", None)
            ),
            *([("memory", memory.summary)] if memory else []),
            *([("search", budget.summary)] if budget else []),
        ],
        versions=sorted(versions.items(), key=lambda item: item[0].lower()),
        digest="" if training is None else training.digest,
        feature_set=json.dumps(feature_set, indent=2, ensure_ascii=False) if feature_set else "",
        custom=feature_set is not None and feature_set["name"] not in known_sets,
        fingerprint=str(provenance.get("fingerprint", "")),
        columns=[_definition(name, column) for name, column in context.schema.items()],
    )


SECTION = Section(
    "reproducibility",
    "Reproducibility",
    90,
    build,
    pages=("model", "recording"),
    tasks=(CLASSIFICATION, MULTILABEL, REGRESSION),
)


def _definition(name: str, column: Mapping[str, Any]) -> ColumnDefinition:
    unit, family, definition, reference = (
        str(column.get(key) or "") for key in ("unit", "family", "definition", "reference")
    )
    return ColumnDefinition(
        name, column_title(column), "" if unit == "1" else unit, family, definition, reference
    )


def _extract_command(provenance: Mapping[str, Any]) -> list[str]:
    if sequence_set := provenance.get("sequence_set"):
        return [_sequences_command(provenance, sequence_set)]
    feature_set = provenance.get("feature_set")
    if not feature_set:
        return []
    name = feature_set["name"] if feature_set["name"] in feature_sets() else "FEATURES.json"
    words = ["featkit", "extract", "RECORDINGS", "--features", name]
    words += [*_dataset_options(provenance.get("corpus", {}))]
    words += [*_excerpt_options(provenance.get("excerpt", {})), "-o", "TABLE.parquet"]
    return [shlex.join(words)]


def _sequences_command(provenance: Mapping[str, Any], sequence_set: Mapping[str, Any]) -> str:
    name = sequence_set["name"] if sequence_set["name"] in SEQUENCE_SETS else "FEATURES.json"
    words = ["featkit", "sequences", "RECORDINGS", "--features", name]
    words += [*_dataset_options(provenance.get("corpus", {}))]
    return shlex.join([*words, "-o", "SEQUENCES"])


def _dataset_options(dataset: Mapping[str, Any]) -> list[str]:
    """Options for labels, groups and selection of the recordings."""
    words = []
    for name, value in dataset.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, Mapping):
            for column, values in value.items():
                words += [option, f"{column}={','.join(values)}"]
        elif value:
            words += [option, str(value)]
    return words


def _excerpt_options(excerpt: Mapping[str, Any]) -> list[str]:
    words = []
    for name, value in excerpt.items():
        if value and not (name == "segment_tail" and value == "drop"):
            option = f"--{name.replace('_', '-')}"
            words += [option] if value is True else [option, str(value)]
    return words


def _train_command(settings: Mapping[str, Any], *, is_network: bool) -> list[str]:
    if not settings:
        return []
    words = ["featkit", "train", *_tables(settings, is_network=is_network)]
    other_target = settings.get("target") or settings.get("multilabel")
    for name in TRAINING_OPTIONS:
        if settings.get(name) is not None and not (name == "label" and other_target):
            words += [f"--{name}", str(settings[name])]
    if settings.get("label_separator", SEPARATOR) != SEPARATOR:
        words += ["--label-separator", settings["label_separator"]]
    for name, value in (settings.get("parameters") or {}).items():
        words += ["--set", f"{name}={value}"]
    if settings.get("compare_splits") is False:
        words.append("--no-compare-splits")
    if settings.get("shares"):
        words += ["--ratio", "/".join(map(str, settings["shares"]))]
    if settings.get("max_memory"):
        words += ["--max-memory", f"{settings['max_memory']}B"]
    if settings.get("label_map"):
        words += ["--label-map", "MAP.json"]
    if settings.get("costs"):
        words += ["--cost", "COSTS.csv"]
    for name in (
        "leave_one_dataset_out",
        "leave_one_group_out",
        "split_by_row",
        "prediction_sets",
        "empty_is_no_label",
    ):
        if settings.get(name):
            words.append(f"--{name.replace('_', '-')}")
    for name in ("exclude", "include"):
        if settings.get(name):
            words += [f"--{name}", ",".join(map(str, settings[name]))]
    return [shlex.join([*words, "-o", "MODEL.fk"])]


def _tables(settings: Mapping[str, Any], *, is_network: bool) -> list[str]:
    """Names of tables; a network needs none, unless models of columns were compared with it."""
    if is_network:
        names = list(settings.get("datasets", ()))
        estimators = TASKS[CLASSIFICATION].estimators
        models = settings.get("model", "").split(",")
        if all(name in estimators and estimators[name].inputs == SEQUENCES for name in models):
            return names or ["SEQUENCES"]
        tables = [f"{name}.parquet" for name in names] or ["TABLE.parquet"]
        return [
            *tables,
            *(word for name in names or ["SEQUENCES"] for word in ("--sequences", name)),
        ]
    return [f"{name}.parquet" for name in settings.get("datasets", ())] or ["TABLE.parquet"]


def _page_command(context: Context, tables: Sequence[str]) -> str:
    explanation = context.explanation
    if context.page == "recording":
        return "featkit explain MODEL.fk RECORDING -o page.html"
    if isinstance(context.model, ScoresOnly):
        return "featkit report SCORES.json -o report.html"
    if explanation is None:
        return "featkit report MODEL.fk -o report.html"
    drawn = len(explanation) < explanation.rows_there
    rows = f" --rows {len(explanation)}" if drawn else ""
    files = shlex.join(tables)
    return f"featkit report MODEL.fk {files} --sound RECORDINGS -o report.html{rows}"
