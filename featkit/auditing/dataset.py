"""The dataset that an audit checks: its table, its sound, and a model of its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.measure import Values
from featkit.datasets.files import Recording
from featkit.errors import FeatkitError
from featkit.executors.executor import Executor
from featkit.executors.opening import local_executor
from featkit.schema import Failure
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import without_missing_words

if TYPE_CHECKING:
    from featkit.auditing.labels.label_predictions import LabelPredictions
    from featkit.auditing.leaks.split_scores import ScoredSplit

NEEDS = {
    "sound": "the recordings are needed: audit a folder, or name it with --sound",
    "features": "features are needed: audit a table of features, or recordings",
    "label": "labels are needed: name their column with --label",
    "group": "groups are needed: name their column with --group",
    "split": "a published split is needed: name its column with --split or --fold",
}
"""What a check may need, and how the user gives it."""

MODEL = "logistic"
"""Estimator of `AuditedDataset.scored_split`; `label_predictions` has its own."""


@dataclass(eq=False, repr=False)
class AuditedDataset:
    """What the checks see.

    Attributes
    ----------
    name : str
        Name of the dataset for messages.
    table : FeatureTable
        A row for each recording or segment. Without features, its rows are the recordings.
    recordings : sequence of Recording
        The sound files, with the paths of the table; empty without sound.
    measured : mapping of str to mapping
        By path of a recording, then by measure: its values. Recordings that could not be read are
        missing.
    durations : mapping of str to float
        Duration in seconds of each recording that was read, by path.
    failures : sequence of Failure
        Recordings that could not be read.
    missing : sequence of str
        Recordings of the table that the folder of the sound does not have.
    unlisted : sequence of str
        Recordings in the folder of the sound that the table does not have.
    remarks : sequence of str
        Events to report, such as damaged results of an earlier run.
    left_out : mapping of str to int
        Files in folders that are not audio, counted by suffix.
    label, group, split, fold : str or None
        Columns of the table: classes, groups, and a published split.
    executor : Executor
        Where models are fitted and pairs of recordings are compared.
    n_jobs, cluster
        Arguments of the audit. `executor` is closed at its end, and opened again by them.
    seed : int
        Seed of random choices.
    training_options : mapping of str
        Further arguments of `featkit.train` for the model of the labels.
    """

    name: str
    table: FeatureTable
    recordings: Sequence[Recording] = ()
    measured: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    durations: Mapping[str, float] = field(default_factory=dict)
    failures: Sequence[Failure] = ()
    missing: Sequence[str] = ()
    unlisted: Sequence[str] = ()
    remarks: Sequence[str] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    label: str | None = None
    group: str | None = None
    split: str | None = None
    fold: str | None = None
    executor: Executor = field(default_factory=local_executor)
    n_jobs: int | None = 1
    cluster: Any = None
    seed: int = 0
    training_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def has(self) -> set[str]:
        """What the dataset has, of `NEEDS`."""
        present = {
            "sound": bool(self.recordings),
            "features": bool(self.table.feature_names),
            "label": self.label is not None,
            "group": self.group is not None,
            "split": self.split is not None or self.fold is not None,
        }
        return {name for name in NEEDS if present[name]}

    @cached_property
    def row_names(self) -> Array:
        """Recording of each row, ``(rows,)``: its path, or ``row 12`` without paths."""
        if "path" in self.table.keys:
            return self.table.column("path")
        return np.array([self.table.row_name(row) for row in range(len(self.table))], dtype=str)

    def texts(self, column: str | None) -> Array:
        """Return a column as text.

        Parameters
        ----------
        column : str or None
            Name of the column.

        Returns
        -------
        array of str, shape ``(rows,)``
            "" where missing, and everywhere without a column.
        """
        if column is None:
            return np.full(len(self.table), "")
        return self.table.column(column)

    def by_recording(self, column: str | None) -> dict[str, str]:
        """Return the value of a column for each recording.

        Parameters
        ----------
        column : str or None
            Name of the column.

        Returns
        -------
        dict of str to str
            The value in the first row of each recording, in the order of the table.
        """
        values: dict[str, str] = {}
        for name, value in zip(self.row_names.tolist(), self.texts(column).tolist(), strict=True):
            values.setdefault(name, value)
        return values

    @property
    def split_column(self) -> str | None:
        """The column of the published split: parts, or folds."""
        return self.split if self.split is not None else self.fold

    def measure(self, name: str) -> dict[str, Values]:
        """Return the values of a measure.

        Parameters
        ----------
        name : str
            Name of the measure.

        Returns
        -------
        dict of str to mapping
            Values of each recording that has them, in order.
        """
        values = ((path, own.get(name)) for path, own in self.measured.items())
        return {path: own for path, own in values if own is not None}

    @property
    def training_arguments(self) -> dict[str, Any]:
        """Arguments of `featkit.train` for the model of the labels."""
        arguments: dict[str, Any] = {
            "label": self.label,
            "group": self.group,
            "split": self.split,
            "fold": None if self.split is not None else self.fold,
            "model": MODEL,
            "seed": self.seed,
        }
        return arguments | dict(self.training_options)

    @cached_property
    def training_table(self) -> FeatureTable:
        """The table for models; a recording without a group is a group of its own.

        A training refuses rows without a group, which is no reason to check nothing.
        """
        if self.group is None or not self.table.has_column(self.group):
            return self.table
        groups, _ = without_missing_words(self.texts(self.group))
        if np.all(groups != ""):
            return self.table
        return self.table.with_key(
            self.group, np.where(groups == "", self.row_names, groups).astype(object)
        )

    @cached_property
    def scored_split(self) -> ScoredSplit:
        """Out-of-fold predictions by the split that `featkit.train` would use.

        It keeps rows and folds, for comparison with other splits. It raises a `FeatkitError` if no
        model can be trained.
        """
        from featkit.auditing.leaks.split_scores import score_split

        return score_split(self.training_table, self.training_arguments, executor=self.executor)

    @cached_property
    def label_predictions(self) -> LabelPredictions:
        """The label of every recording, predicted out of fold to judge it by.

        Use `label_error` before.
        """
        from featkit.auditing.labels.label_predictions import predict_labels

        return predict_labels(self)

    @cached_property
    def label_error(self) -> str:
        """Why the labels cannot be predicted; "" if they can."""
        try:
            _ = self.label_predictions
        except FeatkitError as error:
            return str(error)
        return ""
