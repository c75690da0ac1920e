"""Label maps: files that send the labels of several datasets to common labels.

A map is applied once: a label becomes its common label, is dropped, or is unmapped. Labels match if
`normalize_label` returns the same text for both. A label that matches a common label becomes that
one. The label of an unlabelled row stays "".

A map is a TOML file::

    unmapped = "error"              # or "drop" or "keep"; the default is "error"
    drop = ["jazz", "classical"]    # labels that are left out

    [labels]                        # common label = labels that become it
    "Blues-like" = ["blues", "Folk & Blues"]
    "Rock/Metal" = ["rock", "metal", "Rock & Metal"]

    [datasets.gtzan]                # rules of one dataset, which precede those above
    unmapped = "drop"
    labels = { "HipHop/Rap" = ["hiphop"] }

or a CSV file with the columns ``label`` and ``common``, and optionally ``dataset`` (empty for all
datasets) and ``note`` (ignored). An empty ``common`` drops the label. The row ``*,`` drops unmapped
labels, and the row ``*,*`` keeps them; without such a row, they are an error.
"""

from __future__ import annotations

import difflib
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.storage.reading import local_copy
from featkit.storage.urls import shown, suffix_of
from featkit.storage.writing import check_regular
from featkit.table._label_entries import (
    ALL_OTHERS,
    DROP,
    ERROR,
    KEEP,
    MAP_COLUMNS,
    PARSERS,
    Entries,
    Entry,
    check_entries,
    csv_entries,
    entries_by_dataset,
    parse_plain,
    plain_entries,
)
from featkit.table._label_spelling import (
    matching_labels,
    normalize_label,
    one_spelling,
    spelled_like,
)
from featkit.table.missing_values import MISSING_WORDS

__all__ = [
    "ALL_OTHERS",
    "MAP_COLUMNS",
    "LabelMap",
    "LabelRules",
    "MappedLabels",
    "as_label_map",
    "label_counts",
    "matching_labels",
    "normalize_label",
    "one_spelling",
    "read_label_map",
    "spelled_like",
]

CSV_SUFFIXES = (".csv", ".tsv", ".txt")

MAX_BYTES = 2**24
"""Size of the largest label map."""

SIMILAR = 0.8
"""Least similarity of a dataset's name to another that may be a misspelling of it (difflib)."""

MAX_NAMES = 5
"""Labels that a message lists before it counts the rest."""


class MappedLabels(NamedTuple):
    """The labels of a dataset after mapping.

    Attributes
    ----------
    labels : array of str, shape ``(rows,)``
        Common label of each row; "" where it is unlabelled, dropped or unmapped.
    dropped : dict of str to int
        Rows of each label that is dropped, also if the map drops all unmapped labels.
    unmapped : dict of str to int
        Rows of each label for which the map has no rule.
    """

    labels: Array
    dropped: dict[str, int]
    unmapped: dict[str, int]


@dataclass(frozen=True)
class LabelRules:
    """Rules for all datasets, or for one.

    Attributes
    ----------
    labels : mapping of str to tuple of str
        Labels that become each common label.
    drop : tuple of str
        Labels that are left out.
    unmapped : str or None
        One of `POLICIES`; None for that of the whole map.
    """

    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    unmapped: str | None = None

    @property
    def common(self) -> dict[str, str]:
        """Common label of each normalised label, "" for those that are dropped."""
        dropped = {normalize_label(label): "" for label in self.drop}
        mapped = ((name, labels) for name, labels in self.labels.items())
        return dropped | {normalize_label(one): name for name, labels in mapped for one in labels}

    def to_plain(self) -> dict[str, Any]:
        """Convert to plain data.

        Returns
        -------
        dict
            With the keys of a TOML file.
        """
        own = {} if self.unmapped is None else {"unmapped": self.unmapped}
        labels = {name: list(labels) for name, labels in self.labels.items()}
        return {**own, "drop": list(self.drop), "labels": labels}


@dataclass(frozen=True)
class LabelMap:
    """A label map; `read_label_map` reads one from a file.

    Attributes
    ----------
    general : LabelRules
        Rules for all datasets.
    datasets : mapping of str to LabelRules
        Rules of single datasets, which precede the general ones.
    """

    general: LabelRules
    datasets: Mapping[str, LabelRules] = field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """The common labels, in alphabetical order."""
        rules = (self.general, *self.datasets.values())
        return sorted({name for one in rules for name in one.labels})

    def policy(self, dataset: str = "") -> str:
        """Return what happens to unmapped labels of a dataset.

        Parameters
        ----------
        dataset : str
            Name of the dataset; "" for the rule that holds for all.

        Returns
        -------
        str
            One of `POLICIES`.
        """
        own = self.datasets[dataset].unmapped if dataset in self.datasets else None
        return own or self.general.unmapped or ERROR

    def apply(self, labels: Array, dataset: str = "") -> MappedLabels:
        """Map the labels of a dataset.

        Words that mark a missing value, such as ``nan``, are labels only if the map names them.

        Parameters
        ----------
        labels : array of str, shape ``(rows,)``
            Label of each row; "" where missing.
        dataset : str
            Name of the dataset; "" if only the general rules apply.

        Returns
        -------
        MappedLabels
        """
        counts = Counter(np.asarray(labels).tolist())
        rules = self.general.common
        if dataset in self.datasets:
            rules |= self.datasets[dataset].common
        targets = {normalize_label(name): name for name in self.targets}
        policy = self.policy(dataset)
        common: dict[str, str] = {}
        dropped, unmapped = [], []
        for label in counts:
            form = normalize_label(label)
            is_missing = not form or label.strip() in MISSING_WORDS
            common[label] = rules.get(form, "" if is_missing else targets.get(form, ""))
            if common[label] or (is_missing and form not in rules):
                continue
            if form in rules or policy == DROP:
                dropped.append(label)
            elif policy == KEEP:
                common[label] = label
            else:
                unmapped.append(label)
        return MappedLabels(
            np.array([common[label] for label in np.asarray(labels).tolist()], dtype=str),
            {label: counts[label] for label in sorted(dropped)},
            {label: counts[label] for label in sorted(unmapped)},
        )

    def check(self, mapped: MappedLabels, dataset: str = "") -> None:
        """Raise if labels are unmapped.

        Parameters
        ----------
        mapped : MappedLabels
            Labels that `apply` returned.
        dataset : str
            Name of the dataset, for the message.

        Raises
        ------
        TableError
            If a label is unmapped; the message lists the labels with their rows.
        """
        if mapped.unmapped:
            where = f" of {dataset}" if dataset else ""
            labels = counted(len(mapped.unmapped), f"label{where}", f"labels{where}")
            raise TableError(
                f"the label map does not name {labels}: {label_counts(mapped.unmapped)}; add them"
                " to the map, drop them, or let the map drop or keep all unmapped labels (unmapped"
                ' = "drop" or "keep")'
            )

    def unused_datasets(self, names: Sequence[str], *, models: Sequence[str] = ()) -> list[str]:
        """Return the datasets that have rules but no table.

        Parameters
        ----------
        names : sequence of str
            Names of the datasets.
        models : sequence of str
            Names of models, whose classes may have rules, too.

        Returns
        -------
        list of str

        Raises
        ------
        ParameterError
            If such a dataset is probably a misspelled one without rules, or no dataset has a name.
        """
        unused = [name for name in self.datasets if name not in (*names, *models)]
        if unused and not names:
            raise ParameterError(
                f"the label map has rules for the dataset {unused[0]!r}, but the table has no name:"
                f" pass a dict, such as {{{unused[0]!r}: table}}"
            )
        without_rules = {normalize_label(one): one for one in names if one not in self.datasets}
        for name in unused:
            if similar := _similar_name(normalize_label(name), without_rules):
                raise ParameterError(
                    f"the label map has rules for the dataset {name!r}, but no table has this name:"
                    f" did you mean {without_rules[similar]!r}? datasets: {', '.join(names)}"
                )
        return unused

    def to_plain(self) -> dict[str, Any]:
        """Convert to plain data, such as JSON can hold.

        Returns
        -------
        dict
            With the keys of a TOML file.
        """
        datasets = {name: rules.to_plain() for name, rules in self.datasets.items()}
        return {**self.general.to_plain(), "datasets": datasets}

    @classmethod
    def from_plain(cls, data: Any, *, where: str = "label map") -> Self:
        """Read a map from plain data, and check it.

        Parameters
        ----------
        data : object
            A dict with the keys of a TOML file.
        where : str
            Name of the file, for messages.

        Returns
        -------
        LabelMap

        Raises
        ------
        ParameterError
            If a key or a type is wrong, or rules contradict each other.
        """
        return cls._of_entries(plain_entries(data, where), where)

    @classmethod
    def _of_entries(cls, read: Entries, where: str) -> Self:
        by_dataset = entries_by_dataset(read)
        check_entries(by_dataset, where)
        policies = {"": ERROR} | {name: policy for name, (policy, _) in read.policies.items()}
        rules = {name: _rules_of(own, policies.get(name)) for name, own in by_dataset.items()}
        keeps = any(one.unmapped == KEEP for one in rules.values())
        if not keeps and not any(one.labels for one in rules.values()):
            raise ParameterError(
                f"{where}: the label map has no common label, so that no label would be left: name"
                " common labels in [labels] (in CSV, in the column common), or keep unmapped labels"
                ' (unmapped = "keep", in CSV the row *,*)'
            )
        return cls(rules.pop(""), rules)


def _similar_name(name: str, others: Collection[str]) -> str | None:
    """The name that differs by a few letters, but not in its digits, which number datasets."""
    digits = re.sub(r"\D", "", name)
    same_digits = [other for other in others if re.sub(r"\D", "", other) == digits]
    return next(iter(difflib.get_close_matches(name, same_digits, n=1, cutoff=SIMILAR)), None)


def _rules_of(entries: Sequence[Entry], policy: str | None) -> LabelRules:
    labels: dict[str, list[str]] = {}
    for one in entries:
        if one.common:
            labels.setdefault(one.common, []).append(one.label)
    drop = tuple(one.label for one in entries if not one.common)
    return LabelRules({name: tuple(own) for name, own in labels.items()}, drop, policy)


def as_label_map(value: LabelMap | Mapping[str, Any] | str | os.PathLike[str]) -> LabelMap:
    """Return a label map that is given in any form.

    Parameters
    ----------
    value : LabelMap, mapping or path
        A map, its plain data, or its file.

    Returns
    -------
    LabelMap

    Raises
    ------
    ParameterError, TableError
        As for `read_label_map`.
    """
    if isinstance(value, LabelMap):
        return value
    if isinstance(value, str | os.PathLike):
        return read_label_map(value)
    return LabelMap.from_plain(value)


def read_label_map(path: str | os.PathLike[str]) -> LabelMap:
    """Read a label map; `featkit.table.label_map` describes the formats.

    Parameters
    ----------
    path : path
        A TOML file, delimited text (``.csv``, ``.tsv``, ``.txt``), or JSON with the content of a
        TOML file, as reports and scores contain it.

    Returns
    -------
    LabelMap

    Raises
    ------
    ParameterError
        If the file cannot be read as a map, or its rules contradict each other; with line or key.
    TableError
        If a CSV file is damaged.
    """
    where, suffix = shown(path), suffix_of(path)
    if suffix not in (*PARSERS, *CSV_SUFFIXES):
        suffixes = ", ".join((*PARSERS, *CSV_SUFFIXES))
        raise ParameterError(f"{where}: a label map must end in one of {suffixes}")
    try:
        with local_copy(path, max_bytes=MAX_BYTES) as file:
            check_regular(file)
            if (size := file.stat().st_size) > MAX_BYTES:
                raise ParameterError(
                    f"{where}: has {size:,} bytes, but a label map has at most {MAX_BYTES:,}"
                )
            if suffix not in PARSERS:
                return LabelMap._of_entries(csv_entries(file), where)
            data = file.read_bytes()
    except OSError as error:
        raise ParameterError(f"{where}: cannot read the label map: {error.strerror}") from None
    return LabelMap.from_plain(parse_plain(data, suffix, where), where=where)


def label_counts(counts: Mapping[str, int]) -> str:
    """List labels with their rows, the most common first.

    Parameters
    ----------
    counts : mapping of str to int
        Rows of each label.

    Returns
    -------
    str
        Such as ``"'rock' (100 rows), 'pop' (1 row) and 3 more"``.
    """
    ordered = sorted(counts, key=lambda label: (-counts[label], label))
    first = ordered[:MAX_NAMES]
    listed = ", ".join(f"{label!r} ({counted(counts[label], 'row')})" for label in first)
    more = f" and {len(ordered) - MAX_NAMES} more" if len(ordered) > MAX_NAMES else ""
    return listed + more
