"""Checks that columns or sequences of a table mean the same as those that a model learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featkit.errors import TableError
from featkit.models.problem import exceeds_float32, name_list
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import Sequences


def check_columns(
    table: FeatureTable, columns: Sequence[str], provenance: Mapping[str, Any]
) -> None:
    """Check that a table has the columns of a model, in the same unit and definition.

    Parameters
    ----------
    table : FeatureTable
        The table.
    columns : sequence of str
        Columns of the model.
    provenance : mapping
        Provenance of the training table.

    Raises
    ------
    TableError
        If the table lacks a column, has it in another unit, or has another feature set.
    """
    missing = [name for name in columns if name not in table.feature_names]
    expected, actual = (_set(origin, "feature_set") for origin in (provenance, table.provenance))
    if expected and actual and expected != actual:
        which = f"{actual[0]}, but the model needs {expected[0]}"
        if actual[0] == expected[0]:
            which = f"{actual[0]} with another definition than that of the model"
        raise TableError(
            f"the table has the feature set {which}: extract the recordings with that of the model"
        )
    if missing and table.sequences is not None and not table.feature_names:
        raise TableError(
            "the table has sequences only, and the model needs columns: give a table of features"
        )
    if missing:
        raise TableError(
            f"the table lacks {len(missing)} of the model's {len(columns)} columns:"
            f" {name_list(missing)}"
        )
    model_units, table_units = column_units(provenance), column_units(table.provenance)
    for name in columns:
        unit = table_units.get(name)
        if unit is not None and model_units.get(name, unit) != unit:
            raise TableError(
                f"column {name!r} is in {unit!r}, but the model needs it in {model_units[name]!r}"
            )


def check_sequences(table: FeatureTable, provenance: Mapping[str, Any]) -> Sequences:
    """Check that a table has sequences of the set that a network learned from.

    Parameters
    ----------
    table : FeatureTable
        The table.
    provenance : mapping
        Provenance of the sequences of the training.

    Returns
    -------
    Sequences
        Those of the table. The network checks their kinds and shapes.

    Raises
    ------
    TableError
        If the table has no sequences, or those of another set.
    """
    sequences = table.sequences
    if sequences is None:
        raise TableError(
            "the model is a network, which reads sequences, and the table has none: give a folder"
            " that `featkit sequences` wrote, as the table or as its sequences (--sequences DIR)"
        )
    expected, actual = (
        _set(origin, "sequence_set") for origin in (provenance, sequences.provenance)
    )
    if expected and actual and expected != actual:
        which = f"{actual[0]}, but the model needs {expected[0]}"
        if actual[0] == expected[0]:
            which = f"{actual[0]} with another definition than that of the model"
        raise TableError(f"the sequences are {which}: make them with the set of the model")
    return sequences


def check_values(table: FeatureTable, columns: Sequence[str]) -> None:
    """Check that a table holds no infinite values.

    Parameters
    ----------
    table : FeatureTable
        The table.
    columns : sequence of str
        Columns of the model.

    Raises
    ------
    TableError
        With the first row and column that hold one.
    """
    rows, infinite = np.nonzero(exceeds_float32(table.matrix(columns)))
    if len(rows):
        raise TableError(
            f"{table.row_name(rows[0])}: column {columns[infinite[0]]!r} holds infinite values:"
            " correct or remove the rows"
        )


def column_units(provenance: Mapping[str, Any]) -> dict[str, str]:
    """The unit of each column that has one in the provenance.

    Parameters
    ----------
    provenance : mapping
        Provenance of a table.

    Returns
    -------
    dict of str to str
    """
    return {column["name"]: column["unit"] for column in provenance.get("columns", [])}


def _set(provenance: Mapping[str, Any], key: str) -> tuple[str, str] | None:
    """Name with version, and fingerprint, of a feature set or a sequence set."""
    if key not in provenance:
        return None
    described = provenance[key]
    return f"{described['name']} {described['version']}", provenance["fingerprint"]
