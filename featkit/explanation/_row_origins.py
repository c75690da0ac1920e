"""Targets, keys and selection of explained rows, in common to all kinds of explanations."""

from __future__ import annotations

from featkit._utils.typing import Array
from featkit.models.model import Model
from featkit.models.problem import group_texts, row_datasets, texts, within_datasets
from featkit.models.task import TASKS
from featkit.schema import DATASET
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import group_column


def row_targets(model: Model, table: FeatureTable, rows: Array) -> tuple[Array | None, list[str]]:
    """True targets of the rows, None if unknown, and notes on targets that cannot be used."""
    column = model.trained.settings.target_column
    if not table.has_column(column):
        return None, []
    options = [] if model.decision is None else [model.decision]
    known_targets = TASKS[model.task].known_targets
    return known_targets(texts(table, column)[rows], model.classes, *options)


def row_keys(model: Model, table: FeatureTable) -> dict[str, Array]:
    """Number, dataset, path, times and group of each row, as far as they are known."""
    settings = model.trained.settings
    keys, datasets = {"row": table.row_numbers}, row_datasets(table, settings)
    if datasets is not None:
        keys[DATASET] = datasets
    keys |= {key: texts(table, key) for key in ("path", "start", "end") if key in table.keys}
    group = settings.group
    if group is not None and group_column(group) in table.keys:
        groups = within_datasets(group_texts(table, group), datasets)
        if (groups != "").all():
            keys["group"] = groups
    return keys


def sampling_notes(explained: int, available: int) -> list[str]:
    if explained == available:
        return []
    were = "was" if explained == 1 else "were"
    return [
        f"{explained:,} of {available:,} rows {were} drawn at random and explained. The 95 %"
        " intervals show the uncertainty that this adds."
    ]
