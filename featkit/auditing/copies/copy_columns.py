"""Labels and parts of the split of copies: where they differ, and which copies to leave out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from featkit.auditing.dataset import AuditedDataset
from featkit.models.problem import name_list
from featkit.table.missing_values import without_missing_words

TEST = "test"
"""Value of a published split whose recordings are kept: scores stay comparable."""


class CopyColumns:
    """Label and part of the split of each recording.

    Parameters
    ----------
    dataset : AuditedDataset
        The dataset.
    """

    def __init__(self, dataset: AuditedDataset) -> None:
        self._labels = _column(dataset, dataset.label)
        self._parts = _column(dataset, dataset.split_column)
        self._parts_name = "folds" if dataset.split is None else f"parts of {dataset.split!r}"

    def is_test(self, name: str) -> bool:
        """Return whether a recording is in the test part of the published split.

        Parameters
        ----------
        name : str
            The recording.

        Returns
        -------
        bool
        """
        return self._parts.get(name) == TEST

    def labels(self, names: Iterable[str]) -> Counter[str]:
        """Count the labels of copies, without missing ones.

        Parameters
        ----------
        names : iterable of str
            The copies.

        Returns
        -------
        Counter
        """
        return _counted(self._labels, names)

    def parts(self, names: Iterable[str]) -> Counter[str]:
        """Count the parts of the split of copies, without missing ones.

        Parameters
        ----------
        names : iterable of str
            The copies.

        Returns
        -------
        Counter
        """
        return _counted(self._parts, names)

    def differences(self, names: Sequence[str]) -> list[str]:
        """Describe the columns in which copies differ.

        Parameters
        ----------
        names : sequence of str
            The copies.

        Returns
        -------
        list of str
            Clauses of a message; without any, the copies have one label and one part.
        """
        labels, parts = self.labels(names), self.parts(names)
        clauses = [f"their labels differ: {_counts(labels)}"] if len(labels) > 1 else []
        if len(parts) > 1:
            clauses.append(f"they are in different {self._parts_name}: {_counts(parts)}")
        return clauses

    def superfluous(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return the copies to leave out.

        Parameters
        ----------
        names : sequence of str
            The copies, the best one first.

        Returns
        -------
        tuple of str
            All but the best one of those with the most frequent label; all if two labels are
            equally frequent, since it is unknown which one is right.
        """
        labels = self.labels(names)
        if len(labels) < 2:
            return tuple(names[1:])
        (best, count), (_, second), *_ = labels.most_common()
        if count == second:
            return tuple(names)
        kept = next(name for name in names if self._labels.get(name) == best)
        return tuple(name for name in names if name != kept)

    def remedy(self, names: Sequence[str]) -> str:
        """Return what to do with copies.

        Parameters
        ----------
        names : sequence of str
            The copies.

        Returns
        -------
        str
        """
        if len(self.labels(names)) > 1:
            return "listen to one of them, correct the labels, and keep one recording"
        if len(self.parts(names)) > 1:
            return "keep one recording, in one part of the split"
        return "keep one recording, or put all in one group"


def _column(dataset: AuditedDataset, column: str | None) -> dict[str, str]:
    own = dataset.by_recording(column)
    values, _ = without_missing_words(np.array([*own.values()], str))
    return dict(zip(own, values.tolist(), strict=True))


def _counted(column: Mapping[str, str], names: Iterable[str]) -> Counter[str]:
    return Counter(value for name in names if (value := column.get(name)))


def _counts(values: Counter[str]) -> str:
    if max(values.values()) == 1:
        return name_list([*values])
    return name_list([f"{value} ({count})" for value, count in values.most_common()])
