"""Labels of several datasets: their counts, spellings, and what a label map does with them."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.schema import DATASET
from featkit.storage.writing import replacing
from featkit.table.csv_writing import write_csv
from featkit.table.feature_table import FeatureTable
from featkit.table.joining import named_tables
from featkit.table.label_map import (
    ALL_OTHERS,
    MAP_COLUMNS,
    LabelMap,
    label_counts,
    normalize_label,
)
from featkit.table.missing_values import without_missing_words
from featkit.table.table_files import column_names

MAPPED, KEPT, DROPPED, UNMAPPED = "mapped", "kept", "dropped", "unmapped"
"""What becomes of a label; "" without a map."""

SIMILAR = 0.8
"""Least similarity of two labels that may be one (difflib)."""

MAX_COMPARED = 300
"""Most labels that are compared with each other; more are hardly labels."""


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """One label of one dataset.

    Attributes
    ----------
    dataset, label : str
        Name of the dataset, and the label as it is spelled there.
    rows : int
        Rows with the label.
    recordings : int or None
        Recordings with the label; None if the table has no paths.
    outcome : str
        `MAPPED`, `KEPT`, `DROPPED`, `UNMAPPED`, or "" without a map.
    common : str
        The common label; "" if it has none. Without a map, the label itself.
    """

    dataset: str
    label: str
    rows: int
    recordings: int | None
    outcome: str
    common: str


@dataclass(frozen=True, kw_only=True)
class LabelSummary:
    """The labels of some datasets.

    Attributes
    ----------
    labels : sequence of LabelRow
        Labels of the first dataset, the most common first, then those of the second, and so on.
    unlabelled : mapping of str to int
        Rows without a label in each dataset.
    label_map : LabelMap or None
        The map.
    notes : sequence of str
        Rules of the map that are not used.
    """

    labels: Sequence[LabelRow]
    unlabelled: Mapping[str, int]
    label_map: LabelMap | None
    notes: Sequence[str] = ()

    @property
    def datasets(self) -> list[str]:
        """Names of the datasets."""
        return list(self.unlabelled)

    @property
    def common(self) -> dict[str, dict[str, int]]:
        """Rows of each common label in each dataset; without a map, of labels that match."""
        counts: dict[str, Counter[str]] = {}
        spelling = self._spelling()
        for row in self.labels:
            if row.common:
                common = spelling[normalize_label(row.common)]
                counts.setdefault(common, Counter())[row.dataset] += row.rows
        ordered = sorted(counts, key=lambda name: (-len(counts[name]), name))
        return {
            name: {dataset: counts[name][dataset] for dataset in self.datasets} for name in ordered
        }

    @property
    def spellings(self) -> list[list[LabelRow]]:
        """Labels that match each other, but differ in spelling, or in what becomes of them."""
        by_form: dict[str, list[LabelRow]] = {}
        for row in self.labels:
            by_form.setdefault(normalize_label(row.label), []).append(row)
        mapped = self.label_map is not None
        return [
            rows
            for rows in by_form.values()
            if len({row.common or row.outcome if mapped else row.label for row in rows}) > 1
        ]

    @property
    def similar(self) -> list[tuple[str, str]]:
        """Pairs of labels with different outcomes that differ by a few letters."""
        forms = {normalize_label(row.label): row for row in self.labels}
        if len(forms) > MAX_COMPARED:
            return []
        return [
            (forms[one].label, forms[other].label)
            for one, other in combinations(sorted(forms), 2)
            if _is_similar(one, other) and _differ(forms[one], forms[other])
        ]

    @property
    def unmapped(self) -> dict[str, dict[str, int]]:
        """Rows of each unmapped label, by dataset."""
        unmapped: dict[str, dict[str, int]] = {}
        for row in self.labels:
            if row.outcome == UNMAPPED:
                unmapped.setdefault(row.dataset, {})[row.label] = row.rows
        return unmapped

    def check(self) -> None:
        """Raise if labels are unmapped.

        Raises
        ------
        TableError
            With the labels of each dataset, and their rows.
        """
        if unmapped := self.unmapped:
            count = sum(map(len, unmapped.values()))
            listed = "; ".join(f"{name}: {label_counts(own)}" for name, own in unmapped.items())
            labels = "1 label is" if count == 1 else f"{count} labels are"
            raise TableError(
                f"{labels} unmapped ({listed}): add them to the map, drop them, or let the map drop"
                ' or keep all unmapped labels (unmapped = "drop" or "keep")'
            )

    def to_plain(self) -> dict[str, Any]:
        """Convert to plain data.

        Returns
        -------
        dict
            Such as JSON can hold.
        """
        return {
            "datasets": {
                name: {
                    "unlabelled": self.unlabelled[name],
                    "labels": [_plain(row) for row in self.labels if row.dataset == name],
                }
                for name in self.datasets
            },
            "common": self.common,
            "spellings": [
                [{"dataset": row.dataset, "label": row.label} for row in rows]
                for rows in self.spellings
            ],
            "similar": [list(pair) for pair in self.similar],
            "label_map": None if self.label_map is None else self.label_map.to_plain(),
        }

    def write_map(self, path: str | os.PathLike[str]) -> None:
        """Write a label map in CSV, to be completed by hand.

        Labels have the common label of the map, or else the most common spelling of all labels that
        match. A column ``note`` lists the rows of each dataset.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        TableError
            If a label is ``*``, which has another meaning in the file.
        WriteError
            If the file cannot be written.
        """
        rows = [*self._map_rows()]
        with replacing(path) as scratch:
            write_csv(scratch, MAP_COLUMNS, rows)

    def _map_rows(self) -> Iterator[tuple[str, str, str, str]]:
        spelling = self._spelling()
        by_form: dict[str, list[LabelRow]] = {}
        for row in self.labels:
            by_form.setdefault(normalize_label(row.label), []).append(row)
        for form, rows in sorted(by_form.items()):
            if form == ALL_OTHERS:
                raise TableError(
                    f"the label {ALL_OTHERS!r} has another meaning in a CSV map: write a TOML map"
                )
            label = Counter({row.label: row.rows for row in rows}).most_common(1)[0][0]
            common = [self._guess(row, spelling) for row in rows]
            if len(set(common)) == 1:
                yield label, common[0], "", _note(rows)
                continue
            for row, own in zip(rows, common, strict=True):
                yield row.label, own, row.dataset, _note([row])

    def _guess(self, row: LabelRow, spelling: Mapping[str, str]) -> str:
        return "" if row.outcome == DROPPED else spelling[normalize_label(row.common or row.label)]

    def _spelling(self) -> dict[str, str]:
        """The spelling of each normalised label: that of the map, or the most common one."""
        counts: Counter[str] = Counter()
        for row in self.labels:
            counts[row.common or row.label] += row.rows
        targets = set() if self.label_map is None else {*self.label_map.targets}
        ordered = sorted(counts, key=lambda name: (name in targets, counts[name], name))
        return {normalize_label(name): name for name in ordered}


def _note(rows: Sequence[LabelRow]) -> str:
    return "; ".join(f"{row.dataset}: {row.rows} {row.label}" for row in rows)


def _plain(row: LabelRow) -> dict[str, Any]:
    return {
        "label": row.label,
        "rows": row.rows,
        "recordings": row.recordings,
        "outcome": row.outcome or None,
        "common": row.common or None,
    }


def _differ(one: LabelRow, other: LabelRow) -> bool:
    """Whether two labels have different common labels, or are unmapped."""
    same = one.common == other.common and one.outcome == other.outcome
    return not same or one.outcome == UNMAPPED


def _is_similar(one: str, other: str) -> bool:
    matcher = difflib.SequenceMatcher(None, one, other)
    bounds = matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio
    return all(ratio() >= SIMILAR for ratio in bounds)


def summarize_labels(
    tables: Sequence[str | os.PathLike[str]] | Mapping[str, Any],
    *,
    label: str = "label",
    label_map: LabelMap | None = None,
) -> LabelSummary:
    """Summarize the labels of some datasets.

    Parameters
    ----------
    tables : sequence of paths, or mapping of str to FeatureTable or path
        The tables; the name of a file without its suffix is the name of the dataset. A single table
        with a column ``dataset`` holds several datasets.
    label : str
        Column of the labels.
    label_map : LabelMap, optional
        The map to apply.

    Returns
    -------
    LabelSummary

    Raises
    ------
    ParameterError
        If a table has no column of the labels, two files have the same name, or the map has rules
        for a misspelled dataset.
    TableError
        If a file is not a table.
    """
    parts: dict[str, FeatureTable] = {}
    for name, table in named_tables(tables).items():
        parts[name] = _read(name, table, label)
    if len(parts) == 1:
        ((name, table),) = parts.items()
        parts = _by_dataset(name, table)
    notes = []
    if label_map is not None and (unused := label_map.unused_datasets([*parts])):
        notes.append(f"rules for datasets without a table: {', '.join(unused)}")
    rows, unlabelled = [], {}
    for name, table in parts.items():
        own = list(_label_rows(name, table, label, label_map))
        rows += own
        unlabelled[name] = len(table) - sum(row.rows for row in own)
    return LabelSummary(labels=rows, unlabelled=unlabelled, label_map=label_map, notes=notes)


def _read(name: str, table: Any, label: str) -> FeatureTable:
    if isinstance(table, FeatureTable):
        existing = [*table.keys, *table.feature_names]
    else:
        existing = column_names(table)
    if label not in existing:
        raise ParameterError(
            f"{name}: {unknown('column', label, existing)}. Name the column of the labels with"
            " --label"
        )
    if isinstance(table, FeatureTable):
        return table
    return FeatureTable.read(table, [label], features=())


def _by_dataset(name: str, table: FeatureTable) -> dict[str, FeatureTable]:
    if DATASET not in table.keys:
        return {name: table}
    datasets = table.column(DATASET)
    return {one: table.rows(datasets == one) for one in dict.fromkeys(datasets.tolist())}


def _label_rows(
    name: str, table: FeatureTable, label: str, label_map: LabelMap | None
) -> Iterator[LabelRow]:
    labels = table.column(label)
    common, dropped, unmapped = _mapped(name, labels, label_map)
    paths = table.column("path") if "path" in table.keys else None
    counts = Counter(text for text in labels.tolist() if text in common)
    for text in sorted(counts, key=lambda text: (-counts[text], text)):
        outcome = ""
        if label_map is not None:
            is_target = common[text] in label_map.targets
            outcome = MAPPED if is_target else KEPT
            outcome = DROPPED if text in dropped else UNMAPPED if text in unmapped else outcome
        yield LabelRow(
            dataset=name,
            label=text,
            rows=counts[text],
            recordings=None if paths is None else len(set(paths[labels == text].tolist())),
            outcome=outcome,
            common=common[text],
        )


def _mapped(
    name: str, labels: Array, label_map: LabelMap | None
) -> tuple[dict[str, str], set[str], set[str]]:
    """Common label of each label, and the labels that are dropped and unmapped."""
    distinct = np.array(sorted(set(labels.tolist())), dtype=str)
    if label_map is None:
        kept = without_missing_words(distinct)[0].tolist()
        return {text: text for text in kept if normalize_label(text)}, set(), set()
    mapped = label_map.apply(distinct, name)
    dropped, unmapped = set(mapped.dropped), set(mapped.unmapped)
    pairs = zip(distinct.tolist(), mapped.labels.tolist(), strict=True)
    common = {text: new for text, new in pairs if new or text in dropped | unmapped}
    return common, dropped, unmapped
