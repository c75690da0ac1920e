"""Joining of the tables of several datasets to one, with the key column ``dataset``.

Joined tables have the same features, computed by the same feature set. Names of recordings and
groups hold within their dataset: the same name in two datasets denotes two recordings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from pathlib import PurePath
from typing import Any

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.nested import flatten
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.schema import DATASET, KEY_COLUMNS, NUMERIC_KEYS, QUALITY_DTYPES
from featkit.storage.names import canonical_name
from featkit.storage.urls import name_of, shown
from featkit.table.cell_values import quality_values, text_values
from featkit.table.columns import in_key_order
from featkit.table.disk_matrix import stacked
from featkit.table.feature_table import FeatureTable, RowPositions
from featkit.table.sequences.sequences import Sequences
from featkit.table.table_files import TABLE_FORMATS

SAME_SEQUENCES = ("sequence_set", "sequences")
"""Entries of the provenance of sequences that follow from their fingerprint and shapes."""

MAX_NAMES = 5
"""Columns that a message lists before it counts the rest."""


def dataset_name(path: str | os.PathLike[str]) -> str:
    """Return the name of the dataset in a table file: the name of the file without its suffixes.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    str

    Examples
    --------
    >>> dataset_name("tables/gtzan.parquet"), dataset_name("jamendo.csv.gz")
    ('gtzan', 'jamendo')
    """
    name = PurePath(name_of(path))
    compressed = {s for one in TABLE_FORMATS.values() for s in one.compressed_suffixes}
    return PurePath(name.stem).stem if name.suffix.lower() in compressed else name.stem


def named_tables(
    tables: Sequence[str | os.PathLike[str]] | Mapping[str, Any],
) -> dict[str, Any]:
    """Return tables by the names of their datasets.

    Parameters
    ----------
    tables : sequence of paths, or mapping of str to table or path
        Files, which are named by `dataset_name`; or tables with their names.

    Returns
    -------
    dict of str

    Raises
    ------
    ParameterError
        If two files have the same name, there is no table, or a file has no path.
    """
    if isinstance(tables, Mapping):
        named = dict(tables)
        if wrong := [name for name in named if not isinstance(name, str) or not name.strip()]:
            raise ParameterError(f"the name of a dataset must be a text, got {wrong[0]!r}")
    else:
        named = {}
        for path in tables:
            if not isinstance(path, str | os.PathLike):
                raise ParameterError(
                    f"several tables must be paths, got a {type(path).__name__}: to name tables in"
                    " memory, pass a dict of dataset names and tables"
                )
            name = dataset_name(path)
            if name in named:
                if canonical_name(named[name]) == canonical_name(path):
                    raise ParameterError(f"{shown(path)}: is given twice")
                raise ParameterError(
                    f"two tables are named {name!r}: {shown(named[name])} and"
                    f" {shown(path)}: rename one of the files"
                )
            named[name] = path
    if not named:
        raise ParameterError("no table is given")
    return named


def join_tables(tables: Mapping[str, FeatureTable]) -> FeatureTable:
    """Join the tables of several datasets.

    Parameters
    ----------
    tables : mapping of str to FeatureTable
        Tables by the names of their datasets.

    Returns
    -------
    FeatureTable
        The rows of the first table, then those of the second, and so on. It has the key ``dataset``
        and all keys of any table ("" where a table lacks one). A quality column that a table lacks
        is NaN there. Rows keep the numbers that they have in their own table. The provenance holds
        what all tables have in common, and ``datasets`` with the differences.

    Raises
    ------
    TableError
        If the tables have different features, feature sets or units, or a table has a column
        ``dataset``.
    ParameterError
        If there is no table.
    """
    if not tables:
        raise ParameterError("no table is given to join")
    (first_name, first), *others = tables.items()
    for name, table in tables.items():
        if table.has_column(DATASET):
            raise TableError(
                f"{name}: has a column {DATASET!r} already: give this table alone, or rename the"
                " column"
            )
    for name, table in others:
        _check_same_features(first_name, first, name, table)
    return FeatureTable(
        keys=_joined_keys(tables),
        feature_names=list(first.feature_names),
        values=stacked([one.matrix(first.feature_names) for one in tables.values()]),
        provenance=_joined_provenance(tables),
        quality=_joined_quality(tables),
        notes=_joined_notes(tables),
        inexact=_joined_inexact(tables),
        places=_joined_places(tables),
        sequences=_joined_sequences(tables),
    )


def _joined_sequences(tables: Mapping[str, FeatureTable]) -> Sequences | None:
    parts = {name: one.sequences for name, one in tables.items() if one.sequences is not None}
    if not parts:
        return None
    if missing := [name for name in tables if name not in parts]:
        raise TableError(f"{next(iter(parts))} has sequences, and {missing[0]} has none")
    (first_name, first), *others = parts.items()
    for name, other in others:
        mine, its = (one.provenance.get("fingerprint") for one in (first, other))
        if mine != its:
            raise TableError(
                f"{first_name} and {name} have sequences of different sequence sets (fingerprints"
                f" {mine} and {its}): make both with the same set and version of featkit"
            )
    provenance = reduce(_common, (one.provenance for one in parts.values()))
    # The definitions of channels may be worded differently by another version of featkit.
    definition = {key: first.provenance[key] for key in SAME_SEQUENCES if key in first.provenance}
    return replace(Sequences.concatenate([*parts.values()]), provenance=provenance | definition)


def _check_same_features(
    first_name: str, first: FeatureTable, name: str, table: FeatureTable
) -> None:
    mine, other = (_feature_set(one.provenance) for one in (first, table))
    if mine and other and mine != other:
        which = f"{mine[0]} and {other[0]}"
        if mine[0] == other[0]:
            which = f"{mine[0]} in two definitions (fingerprints {mine[1]} and {other[1]})"
        raise TableError(
            f"{first_name} and {name} have different feature sets, {which}: extract the recordings"
            " of both with the same feature set and version of featkit"
        )
    for lacking, lacks, complete in ((name, table, first), (first_name, first, table)):
        if missing := [one for one in complete.feature_names if one not in lacks.feature_names]:
            owner = first_name if lacking == name else name
            raise TableError(
                f"{first_name} and {name} have different features: {lacking} lacks"
                f" {counted(len(missing), 'feature')} of {owner}: {_listed(missing)}; add or"
                " exclude these columns"
            )
    units, other_units = (_units(one.provenance) for one in (first, table))
    for column in first.feature_names:
        unit, other_unit = units.get(column), other_units.get(column)
        if None not in (unit, other_unit) and unit != other_unit:
            raise TableError(
                f"column {column!r} is in {unit!r} in {first_name}, but in {other_unit!r} in"
                f" {name}: convert one of them, or exclude the column"
            )


def _feature_set(provenance: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name with version, and fingerprint."""
    if "feature_set" not in provenance:
        return None
    described = provenance["feature_set"]
    return f"{described['name']} {described['version']}", str(provenance.get("fingerprint"))


def _units(provenance: Mapping[str, Any]) -> dict[str, str]:
    return {column["name"]: column.get("unit") for column in provenance.get("columns", [])}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more


def _joined_keys(tables: Mapping[str, FeatureTable]) -> dict[str, Array]:
    names = in_key_order(dict.fromkeys(name for table in tables.values() for name in table.keys))
    keys = {
        name: np.concatenate([_key(table, name) for table in tables.values()]) for name in names
    }
    sizes = [len(table) for table in tables.values()]
    datasets = {DATASET: np.repeat(np.array([*tables], dtype=object), sizes)}
    reserved = {name: keys.pop(name) for name in KEY_COLUMNS if name in keys}
    return reserved | datasets | keys


def _key(table: FeatureTable, name: str) -> Array:
    """One key of one table; each row without a path is a recording of its own."""
    if name in table.keys:
        if name in NUMERIC_KEYS and np.asarray(table.keys[name]).dtype.kind == "f":
            return np.asarray(table.keys[name])
        return table.column(name).astype(object)
    if name in table.feature_names:
        return table.column(name).astype(object)
    if name == "path":
        return np.array([f"row {row}" for row in table.row_numbers], dtype=object)
    missing: Any = np.nan if name in NUMERIC_KEYS else ""
    return np.full(len(table), missing, dtype=np.float64 if name in NUMERIC_KEYS else object)


def _joined_quality(tables: Mapping[str, FeatureTable]) -> dict[str, Array]:
    present = {name for table in tables.values() for name in table.quality}
    quality = {}
    for name in (name for name in QUALITY_DTYPES if name in present):
        parts = [table.quality.get(name, [None] * len(table)) for table in tables.values()]
        cells = [np.asarray(part, dtype=object) for part in parts]
        quality[name] = quality_values(name, np.concatenate(cells))
    return quality


def _joined_inexact(tables: Mapping[str, FeatureTable]) -> dict[str, Array]:
    names = dict.fromkeys(name for table in tables.values() for name in table.inexact)
    return {
        name: np.concatenate(
            [
                np.array(
                    text_values(table.inexact.get(name, table.matrix([name])[:, 0])), dtype=object
                )
                for table in tables.values()
            ]
        )
        for name in names
    }


def _joined_places(tables: Mapping[str, FeatureTable]) -> RowPositions:
    parts = [table.row_lines for table in tables.values()]
    lines = [part for part in parts if part is not None]
    return RowPositions(
        rows=np.concatenate([table.row_numbers for table in tables.values()]),
        lines=np.concatenate(lines) if len(lines) == len(parts) else None,
        tables=np.repeat(np.array([*tables], object), [len(one) for one in tables.values()]),
    )


def _joined_notes(tables: Mapping[str, FeatureTable]) -> list[str]:
    notes = [f"{name}: {note}" for name, table in tables.items() for note in table.notes]
    without_path = [name for name, table in tables.items() if "path" not in table.keys]
    if 0 < len(without_path) < len(tables):
        notes.append(
            f"{', '.join(without_path)}: no column 'path': each row counts as one recording"
        )
    notes += [
        f"{name}: stores no provenance, so the joined table has none"
        for name, table in tables.items()
        if not table.provenance and any(one.provenance for one in tables.values())
    ]
    excerpts = {
        name: flatten(table.provenance["excerpt"])
        for name, table in tables.items()
        if isinstance(table.provenance.get("excerpt"), dict)
    }
    for key in dict.fromkeys(key for excerpt in excerpts.values() for key in excerpt):
        values = {name: excerpt.get(key) for name, excerpt in excerpts.items()}
        if len(set(map(repr, values.values()))) > 1:
            listed = ", ".join(f"{value} in {name}" for name, value in values.items())
            notes.append(
                f"the tables use different parts of the recordings: {key} is {listed}; a model can"
                " predict from tables, but not from sound"
            )
    return notes


def _joined_provenance(tables: Mapping[str, FeatureTable]) -> dict[str, Any]:
    """Entries that are equal in all tables; the others by dataset."""
    provenances = [table.provenance for table in tables.values()]
    if not all(provenances):
        return {}
    # The definitions of columns may be worded differently by another version of featkit.
    same_set = {
        key: provenances[0][key]
        for key in ("feature_set", "fingerprint", "columns")
        if all(key in one for one in provenances)
    }
    common = reduce(_common, provenances) | same_set
    own = {
        name: {"rows": len(table)} | {k: v for k, v in table.provenance.items() if k not in common}
        for name, table in tables.items()
    }
    ordered = {key: common[key] for key in provenances[0] if key in common}
    return {**ordered, "datasets": own}


def _common(mine: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mine.items() if key in other and other[key] == value}
