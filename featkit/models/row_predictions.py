"""Predictions for the rows of a table, and for the recordings that they belong to.

A row that cannot be predicted stays until its recording is complete. The recording is predicted
from its other segments, or is a failure if it has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.models.decisions import decision_arrays
from featkit.models.label_decision import LabelDecision
from featkit.models.problem import exceeds_float32, name_list, texts, within_datasets
from featkit.models.task import CLASSIFICATION, TASKS
from featkit.models.uncertainty import Uncertainty
from featkit.schema import DATASET, NUMERIC_KEYS, Failure
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import Sequences

NO_VALUE = "none of the model's columns has a value: no prediction is possible"
NO_FRAMES = "its sequences have no frame with a value: no prediction is possible"


@dataclass(frozen=True, eq=False)
class RowPredictions:
    """The predictions of some rows, in their order.

    Attributes
    ----------
    names : array of str, shape ``(rows,)``
        The recording of each row; without a column ``path``, the name of the row.
    keys : mapping of str to array
        ``dataset`` of joined tables, ``path``, ``start``, ``end``, ``low_hz`` and ``high_hz``,
        where the table has them; or ``row``, the row number.
    problems : array of object, shape ``(rows,)``
        Why the row cannot be predicted; "" if it can.
    P : array of float64, shape ``(rows, outputs)``
        Predictions, such as probabilities; meaningless where there is a problem.
    distances : array of float64, shape ``(rows,)``, or None
        Distances to the training data, if they are asked for.
    """

    names: Array
    keys: Mapping[str, Array]
    problems: Array
    P: Array
    distances: Array | None = None

    @classmethod
    def of(
        cls,
        table: FeatureTable,
        P: Array,
        problems: Array | None = None,
        datasets: Array | None = None,
        distances: Array | None = None,
    ) -> RowPredictions:
        """Add the keys of a table to the probabilities of its rows.

        Parameters
        ----------
        table : FeatureTable
            The table.
        P : array of float64, shape ``(rows, classes)``
            Probabilities.
        problems : array of object, shape ``(rows,)``, optional
            See `row_problems`; by default, there are none.
        datasets : array of str, shape ``(rows,)``, optional
            Dataset of each row, if several were joined: the same path in two of them denotes two
            recordings.
        distances : array of float64, shape ``(rows,)``, optional
            Distances to the training data.

        Returns
        -------
        RowPredictions
        """
        if problems is None:
            problems = np.full(len(P), "", dtype=object)
        keys = {} if datasets is None else {DATASET: datasets.astype(object)}
        names = within_datasets(_row_names(table), datasets)
        return cls(names, {**keys, **_keys(table)}, problems, P, distances)

    def __len__(self) -> int:
        return len(self.P)

    def __getitem__(self, rows: slice | Array) -> RowPredictions:
        keys = {name: column[rows] for name, column in self.keys.items()}
        distances = None if self.distances is None else self.distances[rows]
        return RowPredictions(self.names[rows], keys, self.problems[rows], self.P[rows], distances)

    def followed_by(self, other: RowPredictions) -> RowPredictions:
        """Append the rows of the next table.

        Parameters
        ----------
        other : RowPredictions
            With the same keys.

        Returns
        -------
        RowPredictions
        """
        distances = None
        if self.distances is not None and other.distances is not None:
            distances = np.concatenate([self.distances, other.distances])
        return RowPredictions(
            np.concatenate([self.names, other.names]),
            {name: np.concatenate([self.keys[name], other.keys[name]]) for name in self.keys},
            np.concatenate([self.problems, other.problems]),
            np.concatenate([self.P, other.P]),
            distances,
        )

    def predictions(
        self,
        outputs: Sequence[str],
        per: str,
        task: str = CLASSIFICATION,
        *,
        costs: Array | None = None,
        decision: LabelDecision | None = None,
        uncertainty: Uncertainty | None = None,
    ) -> dict[str, Array]:
        """Make the predictions of the recordings, or of the rows.

        Parameters
        ----------
        outputs : sequence of str
            Names of the columns of `P`, such as the classes.
        per : {"recording", "segment"}
            Whether the rows of one recording are combined; see `Task.combine`.
        task : str
            Name of the task of the model.
        costs : array of float64, shape ``(classes, classes)``, optional
            Cost matrix of a classification; see `featkit.models.decisions.decide`.
        decision : LabelDecision, optional
            The decision of the model, if its task has one.
        uncertainty : Uncertainty, optional
            Columns to add; the distance of a recording is the mean of its rows.

        Returns
        -------
        dict of str to array
            The columns that `Model.predict` describes, without the rows that have a problem.
        """
        rows = self[self.problems == ""]
        keys, P, distances, unit = rows.keys, rows.P, rows.distances, "segment"
        if per == "recording" and "path" in keys:
            _, P = TASKS[task].combine(rows.names, P)
            first = np.sort(np.unique(rows.names, return_index=True)[1])
            keys = {name: keys[name][first] for name in (DATASET, "path") if name in keys}
            distances, unit = _of_recordings(rows.names, distances), per
        added = {}
        if uncertainty is not None:
            added = uncertainty.columns(P, outputs, distances, unit, costs)
        arrays = TASKS[task].prediction_arrays(P, outputs, added=added, decision=decision)
        columns = {**keys, **arrays}
        return columns if costs is None else columns | decision_arrays(P, outputs, costs)

    def failures(self, per: str) -> Iterator[Failure]:
        """List the rows that cannot be predicted.

        Parameters
        ----------
        per : {"recording", "segment"}
            ``"recording"`` lists a recording once, and only if none of its rows can be predicted.

        Yields
        ------
        Failure
        """
        places = np.flatnonzero(self.problems != "").tolist()
        if per == "recording":
            others = {*self.names[self.problems == ""]}
            first = {self.names[k]: k for k in reversed(places) if self.names[k] not in others}
            places = sorted(first.values())
        for k in places:
            start = self.keys["start"][k] if per == "segment" and "start" in self.keys else 0
            where = f"from {start:g} s on " if start else ""
            message = f"{where}{self.problems[k]}"
            yield Failure(str(self.names[k]), "predict", TableError.__name__, message)


def row_unit(per: str | None, table: FeatureTable) -> str:
    """Return what is predicted for a table: its recordings or its rows.

    Parameters
    ----------
    per : {"recording", "segment"}, optional
        The choice of the caller.
    table : FeatureTable
        The table.

    Returns
    -------
    str
        By default ``"segment"`` if rows are annotated intervals, else ``"recording"``.
    """
    return per or ("segment" if table.is_annotated else "recording")


def _of_recordings(names: Array, values: Array | None) -> Array | None:
    """Mean value of each recording, in order of appearance."""
    if values is None:
        return None
    _, first, place = np.unique(names, return_index=True, return_inverse=True)
    means = np.bincount(place, weights=values) / np.bincount(place)
    ordered: Array = means[np.argsort(first)]
    return ordered


def row_problems(X: Array | Sequences, columns: Sequence[str]) -> Array:
    """Find the rows that cannot be predicted.

    Parameters
    ----------
    X : array of float64, shape ``(rows, columns)``, or Sequences
        Features, or the sequences that a network reads.
    columns : sequence of str
        Names of the features.

    Returns
    -------
    array of object, shape ``(rows,)``
        The problem of each row: no value, a value that is infinite in single precision, or
        sequences without any finite value. "" if there is none.
    """
    if isinstance(X, Sequences):
        return np.concatenate([np.empty(0, object), *map(_sequence_problems, X.blocks())])
    problems = np.full(len(X), "", dtype=object)
    problems[np.isnan(X).all(axis=1)] = NO_VALUE
    infinite = exceeds_float32(X)
    for k in np.flatnonzero(infinite.any(axis=1)):
        names = name_list([columns[column] for column in np.flatnonzero(infinite[k]).tolist()])
        problems[k] = f"infinite values, so no prediction is possible: {names}"
    return problems


def _sequence_problems(block: Sequences) -> Array:
    has_value = np.zeros(len(block), dtype=bool)
    for kind in block.kinds.values():
        has_value |= (kind.lengths > 0) & np.isfinite(kind.read()).any(axis=(1, 2))
    return np.where(has_value, "", NO_FRAMES).astype(object)


def _row_names(table: FeatureTable) -> Array:
    if "path" in table.keys:
        return texts(table, "path")
    return np.array([table.row_name(k) for k in range(len(table))], dtype=str)


def _keys(table: FeatureTable) -> dict[str, Array]:
    keys: dict[str, Any] = {"path": texts(table, "path")} if "path" in table.keys else {}
    keys |= {name: np.asarray(table.keys[name]) for name in NUMERIC_KEYS if name in table.keys}
    return keys or {"row": table.row_numbers}


def complete_recordings(tables: Iterable[RowPredictions]) -> Iterator[RowPredictions]:
    """Cut rows that come in pieces between recordings instead.

    Parameters
    ----------
    tables : iterable of RowPredictions
        At least one; the rows of a recording follow each other.

    Yields
    ------
    RowPredictions
        The same rows in the same order; no recording is divided.
    """
    held: RowPredictions | None = None
    for rows in tables:
        held = rows if held is None else held.followed_by(rows)
        if len(held):
            start = int(np.argmax(held.names == held.names[-1]))
            yield held[:start]
            held = held[start:]
    if held is not None:
        yield held


class EmptyColumns:
    """Columns without any value in the rows so far; in training every column had values.

    Parameters
    ----------
    columns : sequence of str
        Columns of the model.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        self.rows = 0
        self.has_value = np.zeros(len(columns), dtype=bool)

    def add(self, table: FeatureTable) -> None:
        """Look at the rows that have a value in any column.

        Parameters
        ----------
        table : FeatureTable
            The next rows.
        """
        present = ~np.isnan(table.matrix(self.columns))
        self.rows += int(np.count_nonzero(present.any(axis=1)))
        self.has_value |= present.any(axis=0)

    @property
    def warnings(self) -> list[str]:
        """At most one warning."""
        empty = [name for name, has in zip(self.columns, self.has_value, strict=True) if not has]
        if not empty or not self.rows:
            return []
        return [
            f"{len(empty)} of the model's {len(self.columns)} columns have no value in any row,"
            f" though they had values in training: {name_list(empty)}"
        ]
