"""Tables of a training or a model: read, joined if there are several, with common labels.

The label map of a training is applied to the tables of a prediction, an explanation or a report,
too, so that their labels are comparable with the classes of the model.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.models.problem import texts
from featkit.models.settings import Settings
from featkit.schema import DATASET
from featkit.table.arrow import frame_names
from featkit.table.disk_table import read_to_disk
from featkit.table.feature_table import FeatureTable
from featkit.table.group_files import GROUP, is_group_file, with_groups
from featkit.table.joining import dataset_name, join_tables, named_tables
from featkit.table.label_map import LabelMap, MappedLabels, label_counts, one_spelling, spelled_like
from featkit.table.sequences.joining import join_sequences
from featkit.table.sequences.reading import read_sequences
from featkit.table.table_files import column_names

if TYPE_CHECKING:
    import pandas as pd

    from featkit._utils.typing import ArrowStream
    from featkit.models.out_of_core.scratch import Scratch

    Path = str | os.PathLike[str]
    Table = FeatureTable | ArrowStream | pd.DataFrame | Path
    Tables = Table | Sequence[Path] | Mapping[str, Table]


def dataset_names(tables: Tables) -> tuple[str, ...]:
    """Return the names of several tables.

    Parameters
    ----------
    tables : table, sequence of paths, or mapping of str to table
        One or several tables.

    Returns
    -------
    tuple of str
        Empty for one table.

    Raises
    ------
    ParameterError
        As for `featkit.table.joining.named_tables`.
    """
    names = tuple(named_inputs(tables))
    return names if len(names) > 1 else ()


def group_file(tables: Tables, group: str | os.PathLike[str] | None) -> str | None:
    """Return the file of groups that is given instead of a column, if any.

    Parameters
    ----------
    tables : table, sequence of paths, or mapping of str to table
        One or several tables.
    group : str, path or None
        Column or file of the groups; see `featkit.table.group_files`.

    Returns
    -------
    str or None
        None for a column, which a table with a column of this name has in any case.
    """
    if group is None or not is_group_file(group, ()):
        return None
    columns = {name for table in named_inputs(tables).values() for name in _columns(table)}
    return os.fspath(group) if is_group_file(group, columns) else None


def _columns(table: Table) -> list[str]:
    if isinstance(table, FeatureTable):
        return [*table.keys, *table.feature_names]
    if isinstance(table, str | os.PathLike):
        return column_names(table)
    return frame_names(table)


def read_training_tables(
    tables: Tables,
    settings: Settings,
    groups: str | None = None,
    scratch: Scratch | None = None,
    sequences: Tables | None = None,
) -> FeatureTable:
    """Read the tables of a training.

    Parameters
    ----------
    tables : table, sequence of paths, or mapping of str to table
        One or several tables.
    settings : Settings
        Settings of the training.
    groups : path, optional
        File of groups, which are joined to each table as the column ``group``.
    scratch : Scratch, optional
        Where the features of files are kept if they do not fit in memory.
    sequences : table, sequence of paths, or mapping of str to table, optional
        Sequences that are joined to the rows; see `with_sequences`.

    Returns
    -------
    FeatureTable
        With common labels, and without the rows that the label map drops. The column ``dataset``
        is added if there are several tables, or a label map.

    Raises
    ------
    ParameterError
        If a column is missing, or the label map has rules for a misspelled dataset.
    TableError
        If a file is not a table, the tables do not fit together, or a label is unmapped.
    """
    named = named_inputs(tables)
    parts = {}
    added = () if groups is None else (GROUP,)
    for name, table in named.items():
        shown = name if len(named) > 1 else ""
        part = _read(table, settings, None, name=shown, added=added, scratch=scratch)
        parts[name] = part if groups is None else with_groups(part, groups)
    joined = with_sequences(_joined(parts, settings), list(named), sequences)
    if settings.leave_one_dataset_out and DATASET not in joined.keys:
        raise ParameterError(
            f"to leave each dataset out once, give several tables, or one with a column {DATASET!r}"
        )
    if settings.label_map is None:
        return joined
    return _with_mapped_labels(joined, settings, settings.label_map)


def read_tables(
    tables: Tables,
    settings: Settings,
    columns: Sequence[str],
    classes: Sequence[str],
    *,
    keep: Sequence[str] = (),
    groups: str | os.PathLike[str] | None = None,
    sequences: Tables | None = None,
) -> FeatureTable:
    """Read tables for a model.

    Columns that the model does not use may hold anything, as in training. Rows with any label are
    kept: a label that the label map drops becomes "", and an unmapped one does not change.

    Parameters
    ----------
    tables : table, sequence of paths, or mapping of str to table
        One or several tables. A `FeatureTable` may have labels that are mapped already.
    settings : Settings
        Settings of the training.
    columns : sequence of str
        Feature columns of the model.
    classes : sequence of str
        Classes of the model.
    keep : sequence of str
        Further columns to keep as text, where they exist and are not features.
    groups : path, optional
        File of groups, which are joined to each table as the column ``group``.
    sequences : table, sequence of paths, or mapping of str to table, optional
        Sequences that are joined to the rows; see `with_sequences`.

    Returns
    -------
    FeatureTable

    Raises
    ------
    TableError
        If a file is not a table, a feature cell is not a number, or the tables do not fit together.
    """
    parts = {
        name: _read(table, settings, columns, keep=[one for one in keep if one not in columns])
        for name, table in named_inputs(tables).items()
    }
    if groups is not None:
        parts = {name: with_groups(part, groups) for name, part in parts.items()}
    joined = with_sequences(_joined(parts, settings), list(parts), sequences)
    if settings.label_map is None or not joined.has_column(settings.label):
        return joined
    labels = texts(joined, settings.label)
    common = np.array(labels, dtype=object)
    for part in _mapped_parts(joined, labels, settings.label_map):
        common[part.rows] = part.common
    return joined.with_key(settings.label, spelled_like(common, classes))


def with_sequences(
    table: FeatureTable, names: Sequence[str], sequences: Tables | None
) -> FeatureTable:
    """Join sequences to the rows of a table.

    Parameters
    ----------
    table : FeatureTable
        The rows, of one or several datasets.
    names : sequence of str
        Names of the datasets.
    sequences : table, sequence of paths, or mapping of str to table, or None
        See `sequences_by_dataset`.

    Returns
    -------
    FeatureTable
        The same table, if there are no sequences.

    Raises
    ------
    ParameterError, TableError
        As for `sequences_by_dataset`; and if a row has no sequences.
    """
    if sequences is None:
        return table
    parts = sequences_by_dataset(names, sequences)
    is_one = len({id(part) for part in parts.values()}) == 1
    return join_sequences(table, next(iter(parts.values())) if is_one else join_tables(parts))


def sequences_by_dataset(names: Sequence[str], sequences: Tables) -> dict[str, FeatureTable]:
    """Read the sequences of each dataset.

    Parameters
    ----------
    names : sequence of str
        Names of the datasets.
    sequences : table, sequence of paths, or mapping of str to table
        One folder or table of sequences for all datasets; or one for each, in the same order or by
        the same names.

    Returns
    -------
    dict of str to FeatureTable

    Raises
    ------
    ParameterError
        If there are more or fewer of them than datasets, or they have other names.
    TableError
        If they are not sequences.
    """
    if isinstance(sequences, Sequence) and not isinstance(sequences, str):
        if len(sequences) != len(names):
            raise ParameterError(
                f"there are {counted(len(names), 'table')} and {len(sequences)} sequences: give one"
                " for all, or one for each table in the same order"
            )
        sequences = dict(zip(names, sequences, strict=True))
    if not isinstance(sequences, Mapping):
        return dict.fromkeys(names, _read_sequences(sequences))
    if other := [name for name in sequences if name not in names]:
        raise ParameterError(f"sequences: {unknown('dataset', other[0], names)}")
    if missing := [name for name in names if name not in sequences]:
        raise ParameterError(f"there are no sequences of the dataset {missing[0]!r}")
    return {name: _read_sequences(sequences[name]) for name in names}


def _read_sequences(table: Table) -> FeatureTable:
    if isinstance(table, FeatureTable):
        return table
    if isinstance(table, str | os.PathLike):
        return read_sequences(table)
    raise ParameterError(
        "sequences must be a folder that `featkit sequences` wrote, or a FeatureTable, got a"
        f" {type(table).__name__}"
    )


def named_inputs(tables: Tables) -> dict[str, Table]:
    """Return one or several tables by name.

    Parameters
    ----------
    tables : table, sequence of paths, or mapping of str to table

    Returns
    -------
    dict of str to table
        A single table in memory has the name "".

    Raises
    ------
    ParameterError
        As for `featkit.table.joining.named_tables`.
    """
    if isinstance(tables, Mapping):
        return named_tables(tables)
    if isinstance(tables, str | os.PathLike):
        return {dataset_name(tables): tables}
    if isinstance(tables, Sequence):
        return named_tables(tables)
    return {"": tables}


def _read(
    table: Table,
    settings: Settings,
    columns: Sequence[str] | None,
    *,
    name: str = "",
    keep: Sequence[str] = (),
    added: Sequence[str] = (),
    scratch: Scratch | None = None,
) -> FeatureTable:
    """Read one table: for a training, or for a model with these columns.

    In a training of several tables, the message on a missing column begins with `name`. A column to
    exclude may be missing in some of them, and a column of `added` in all.
    """
    if isinstance(table, FeatureTable):
        return table
    if isinstance(table, str | os.PathLike):
        existing = column_names(table)
        keys = _with_kept(_keys(existing, settings, columns, name, added), keep, existing)
        if scratch is None:
            return FeatureTable.read(table, keys, features=columns)
        return read_to_disk(
            table, keys, features=columns, folder=scratch.folder, limit=scratch.limit
        )
    existing = frame_names(table)
    keys = _with_kept(_keys(existing, settings, columns, name, added), keep, existing)
    return FeatureTable.of(table, keys=keys, features=columns)


def _with_kept(keys: list[str], keep: Sequence[str], existing: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*keys, *(name for name in keep if name in existing)]))


def _keys(
    existing: Sequence[str],
    settings: Settings,
    columns: Sequence[str] | None,
    name: str,
    added: Sequence[str],
) -> list[str]:
    """The columns that the settings name; those that may be missing only if they exist."""
    if columns is None and not name:
        optional = (DATASET, *added)
        return [one for one in settings.key_columns if one not in optional or one in existing]
    if columns is None:
        for column in settings.required_columns:
            if column not in existing and column not in added:
                raise ParameterError(f"{name}: {unknown('column', column, existing)}")
    return [one for one in settings.key_columns if one in existing]


def _joined(parts: Mapping[str, FeatureTable], settings: Settings) -> FeatureTable:
    """Join several tables; the column ``dataset`` names a single one if that has a use."""
    if len(parts) > 1:
        return join_tables(parts)
    ((name, table),) = parts.items()
    is_used = settings.by_dataset or settings.label_map is not None
    if not is_used or not name or table.has_column(DATASET):
        return table
    return table.with_key(DATASET, np.full(len(table), name, dtype=object))


# Common labels


class _MappedPart(NamedTuple):
    """The rows of one dataset, their common labels, and those that the map drops or lacks."""

    dataset: str
    rows: Array
    common: Array
    mapped: MappedLabels


def _mapped_parts(table: FeatureTable, labels: Array, label_map: LabelMap) -> Iterator[_MappedPart]:
    """Common labels of each dataset; words that mark a missing value do not change."""
    named = table.has_column(DATASET)
    datasets = texts(table, DATASET) if named else np.full(len(table), "")
    for dataset in dict.fromkeys(datasets.tolist()):
        rows = np.flatnonzero(datasets == dataset)
        mapped = label_map.apply(labels[rows], dataset)
        pairs = zip(mapped.labels.tolist(), labels[rows].tolist(), strict=True)
        common = [new or ("" if old in mapped.dropped else old) for new, old in pairs]
        yield _MappedPart(dataset, rows, np.array(common, dtype=object), mapped)


def _with_mapped_labels(
    table: FeatureTable, settings: Settings, label_map: LabelMap
) -> FeatureTable:
    """The table with common labels, without the rows that are dropped."""
    labels = texts(table, settings.label)
    common = np.array(labels, dtype=object)
    kept = np.ones(len(table), dtype=bool)
    dropped: Counter[str] = Counter()
    parts = list(_mapped_parts(table, labels, label_map))
    unused = label_map.unused_datasets([part.dataset for part in parts if part.dataset])
    for part in parts:
        label_map.check(part.mapped, part.dataset)
        common[part.rows] = part.common
        kept[part.rows] = ~np.isin(labels[part.rows], list(part.mapped.dropped))
        dropped.update(part.mapped.dropped)
    if len(table) and not kept.any():
        raise TableError(
            f"the label map drops all labels: {label_counts(dropped)}; name common labels for them"
        )
    notes = [*table.notes, *_map_notes(dropped, unused)]
    mapped = replace(table.with_key(settings.label, one_spelling(common)), notes=notes)
    return mapped if kept.all() else mapped.rows(np.flatnonzero(kept))


def _map_notes(dropped: Mapping[str, int], unused: Collection[str]) -> Iterator[str]:
    if dropped:
        rows = counted(sum(dropped.values()), "row")
        yield f"label map: {rows} left out: {label_counts(dropped)}"
    if unused:
        yield (
            f"label map: its rules for {', '.join(map(repr, unused))} are not used: no table has"
            " this name"
        )
