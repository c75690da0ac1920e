"""Checks that the columns of a table mean the same as those that a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from featkit.errors import TableError
from featkit.models.problem import exceeds_float32, name_list
from featkit.table.feature_table import FeatureTable


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
    expected, actual = (_feature_set(origin) for origin in (provenance, table.provenance))
    if expected and actual and expected != actual:
        which = f"{actual[0]}, but the model needs {expected[0]}"
        if actual[0] == expected[0]:
            which = f"{actual[0]} with another definition than that of the model"
        raise TableError(
            f"the table has the feature set {which}: extract the recordings with that of the model"
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


def _feature_set(provenance: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name with version, and fingerprint."""
    if "feature_set" not in provenance:
        return None
    described = provenance["feature_set"]
    return f"{described['name']} {described['version']}", provenance["fingerprint"]
