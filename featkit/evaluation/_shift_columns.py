"""Columns of the pooled rows of home and here: features, recording conditions and file formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.result import FormatShare
from featkit.models.recording_conditions import RecordingConditions, condition_matrix
from featkit.schema import QUALITY_COLUMNS, QUALITY_PREFIX

Sides = tuple[RecordingConditions | None, RecordingConditions | None]
"""Recording conditions of all rows of home and here; None for a table without quality columns."""

UNITS = {column.name.removeprefix(QUALITY_PREFIX): column.unit for column in QUALITY_COLUMNS}
"""Unit of each recording condition."""


class ShiftColumns(NamedTuple):
    """Columns that are compared.

    Attributes
    ----------
    names, families, units : sequence of str
        Of each column.
    X : array of float64, shape ``(rows, columns)``
        Values of the pooled rows, home first.
    """

    names: Sequence[str]
    families: Sequence[str]
    units: Sequence[str]
    X: Array


def feature_columns(
    home: DatasetRows,
    here: DatasetRows,
    rows: Sequence[Array],
    schema: Mapping[str, Mapping[str, Any]],
) -> ShiftColumns:
    """Features of the given rows of both sides."""
    described = [schema.get(name, {}) for name in home.columns]
    return ShiftColumns(
        home.columns,
        [str(column.get("family") or "") for column in described],
        [str(column.get("unit") or "") for column in described],
        np.concatenate([home.X[rows[0]], here.X[rows[1]]]),
    )


def condition_columns(sides: Sides, rows: Sequence[Array]) -> ShiftColumns:
    """Recording conditions of the given rows, of those that both tables have."""
    home, here = sides
    names: list[str] = []
    X = np.empty((sum(map(len, rows)), 0))
    if home is not None and here is not None:
        names = [name for name in home.names if name in here.names]
        X = np.concatenate([_values(home, names)[rows[0]], _values(here, names)[rows[1]]])
    return ShiftColumns(names, [""] * len(names), [UNITS.get(name, "") for name in names], X)


def with_formats(
    conditions: ShiftColumns, sides: Sides, rows: Sequence[Array]
) -> tuple[Array, list[str]]:
    """Recording conditions and file formats as numbers, as of `condition_matrix`."""
    sides_formats = _formats(sides)
    formats = None
    if sides_formats is not None:
        formats = np.concatenate([own[k] for own, k in zip(sides_formats, rows, strict=True)])
    return condition_matrix(RecordingConditions(list(conditions.names), conditions.X, formats))


def format_shares(sides: Sides) -> list[FormatShare]:
    """Shares of each file format, the most common at home first; empty if a side has none."""
    formats = _formats(sides)
    if formats is None:
        return []
    shares = [
        FormatShare(format=name, home=float(home), here=float(here))
        for name in np.unique(np.concatenate(formats)).tolist()
        for home, here in [[np.mean(own == name) for own in formats]]
    ]
    return sorted(shares, key=lambda share: (-share.home, -share.here))


def _values(side: RecordingConditions, names: Sequence[str]) -> Array:
    values: Array = side.X[:, [side.names.index(name) for name in names]]
    return values


def _formats(sides: Sides) -> list[Array] | None:
    """File formats of all rows of both sides; None if a side has none."""
    formats = [side.formats for side in sides if side is not None and side.formats is not None]
    return formats if len(formats) == 2 else None
