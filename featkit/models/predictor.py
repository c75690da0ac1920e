"""Predictions for a table, or for the recordings of a batch, block by block."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.group_normalization import UNKNOWN_GROUP
from featkit.models.predictions import Predictions, read_predictions
from featkit.models.probabilities import ROWS_AT_ONCE
from featkit.models.row_groups import (
    NO_GROUPS,
    RowGroups,
    check_source_of_sound,
    group_pattern,
    group_size_warnings,
    missing_group_problem,
    prediction_remark,
)
from featkit.models.row_predictions import (
    EmptyColumns,
    RowPredictions,
    complete_recordings,
    row_problems,
    row_unit,
)
from featkit.models.uncertainty import Uncertainty
from featkit.schema import Failure
from featkit.storage.writing import replacing
from featkit.table.csv_writing import write_csv
from featkit.table.failure_list import write_failures
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from featkit.models.class_priors import ClassPrior
    from featkit.models.model import Model


class Predictor:
    """Predicts tables, or the recordings of a batch table by table.

    Predictions are written to a file as they are made, or kept in memory. This is a `TableTarget`
    of `featkit.batch.extraction`.

    Parameters
    ----------
    model : Model
        The model.
    per : {"recording", "segment"}, optional
        What is predicted; by default segments if rows are annotated intervals, else recordings.
    output : path, optional
        The CSV file to write.
    prior : ClassPrior, optional
        Shares of the classes; by default, probabilities are those of the model.
    uncertainty : Uncertainty, optional
        Columns to add to the predictions.
    group_from : str, optional
        Which rows belong together; see `Model.predict`.

    Attributes
    ----------
    max_rows : int
        Rows of a table of a batch. A model that normalises columns within groups needs all rows at
        once, 8 bytes for each of their features.
    """

    max_rows = ROWS_AT_ONCE

    def __init__(
        self,
        model: Model,
        per: str | None,
        output: str | os.PathLike[str] | None,
        prior: ClassPrior | None = None,
        uncertainty: Uncertainty | None = None,
        group_from: str | None = None,
    ) -> None:
        self.model = model
        self.uncertainty = uncertainty or Uncertainty()
        self.per = per
        self.output = output
        self.prior = prior
        self.rows = 0
        self.failures: list[Failure] = []
        self.empty_columns = EmptyColumns(model.columns)
        self.kept: list[Mapping[str, Array]] = []
        self.group_from = group_from
        self.group_source: str | None = None
        self.group_remarks: list[str] = []
        self.group_warnings: list[str] = []
        if model.normalization is not None:
            self.max_rows = sys.maxsize

    def group_fields(self, *, has_manifest: bool) -> dict[str, str]:
        """Prepare the groups of recordings, before they are analysed.

        Parameters
        ----------
        has_manifest : bool
            Whether a manifest lists the recordings.

        Returns
        -------
        dict of str to str
            The name pattern that gives the groups, as an option of `featkit.extract`; or empty.

        Raises
        ------
        ModelError, ParameterError
            If the groups are unknown, or their source does not exist or has no use.
        """
        normalization = self.model.normalization
        if normalization is None:
            if self.group_from is not None:
                raise ParameterError(NO_GROUPS)
            return {}
        if pattern := group_pattern(None, normalization, self.group_from):
            self.group_source, self.group_from = repr(self.group_from), pattern.field
            return {"name_pattern": pattern.pattern}
        check_source_of_sound(normalization, self.group_from, has_manifest=has_manifest)
        return {}

    def write(self, tables: Iterator[FeatureTable], /) -> list[Failure]:
        """Predict the recordings of a batch.

        Parameters
        ----------
        tables : iterator of FeatureTable
            At least one; each is requested when the previous one is predicted.

        Returns
        -------
        list of Failure
            Recordings or segments without a prediction.

        Raises
        ------
        TableError
            If a table lacks a column of the model.
        WriteError
            If the output cannot be written.
        """
        first = next(tables)
        self.per = row_unit(self.per, first)
        rows: Iterator[RowPredictions] = map(self._predict, chain([first], tables))
        if self.per == "recording":
            rows = complete_recordings(rows)
        self._store(map(self._finish, rows))
        return self.failures

    def predict_table(self, table: FeatureTable) -> Predictions:
        """Predict a table; the rows of a recording may be anywhere in it.

        Parameters
        ----------
        table : FeatureTable
            The table.

        Returns
        -------
        Predictions

        Raises
        ------
        TableError
            As for `Model.check`.
        WriteError
            If the output cannot be written.
        """
        self.model.check(table)
        self.per = row_unit(self.per, table)
        columns = self._finish(self._predict(table))
        self._store(iter([columns]))
        self.kept = [columns]
        if self.output is not None:
            write_failures(self.output, self.failures)
        warnings = [*table.notes, *self.group_warnings, *self.empty_columns.warnings]
        remarks = self._remarks()
        return Predictions(self.rows, self.failures, warnings, self._joined, remarks=remarks)

    def predict_recordings(
        self, table: FeatureTable, failures: Sequence[Failure], n_recordings: int
    ) -> Predictions:
        """Predict recordings in memory.

        Parameters
        ----------
        table : FeatureTable
            The rows of those that could be read.
        failures : sequence of Failure
            The others.
        n_recordings : int
            Number of all recordings.

        Returns
        -------
        Predictions

        Raises
        ------
        TableError, WriteError
            As for `predict_table`.
        """
        self.failures = [*failures]
        return replace(self.predict_table(table), files=n_recordings)

    def predictions(self, batch: Any) -> Predictions:
        """The predictions for the recordings of a batch, after `write`.

        Parameters
        ----------
        batch : BatchResult
            Outcome of the batch.

        Returns
        -------
        Predictions
        """
        return Predictions(
            rows=self.rows,
            failures=batch.failures,
            warnings=[*self.group_warnings, *self.empty_columns.warnings],
            load=self._joined if self.output is None else partial(read_predictions, self.output),
            files=batch.files,
            resumed=batch.resumed,
            seconds=batch.seconds,
            elapsed=batch.elapsed,
            remarks=[*batch.remarks, *self._remarks()],
            left_out=batch.left_out,
        )

    def _remarks(self) -> list[str]:
        prior = [] if self.prior is None else self.prior.remarks
        return [*self.group_remarks, *prior]

    def _predict(self, table: FeatureTable) -> RowPredictions:
        self.model.check_schema(table)
        self.empty_columns.add(table)
        values = self.model.values(table)
        problems = row_problems(values, self.model.columns)
        groups = self._groups(table, problems)
        if self.model.reads_sequences:
            P = self._network_probabilities(values, problems)
        else:
            X = self.model.normalized(values, groups)
            X[problems != ""] = values[problems != ""] = 0.0
            P = self.model.row_probabilities(X)
        if self.prior is not None:
            P = self.prior.apply(P, self.model.calibrator)
        distances = self.uncertainty.row_distances(values)
        return RowPredictions.of(table, P, problems, self.model.datasets_of(table), distances)

    def _network_probabilities(self, sequences: Sequences, problems: Array) -> Array:
        """Probabilities of the rows without a problem; zeros for the others."""
        P = np.zeros((len(sequences), len(self.model.classes)))
        possible = problems == ""
        P[possible] = self.model.row_probabilities(sequences.rows(possible))
        return P

    def _groups(self, table: FeatureTable, problems: Array) -> RowGroups | None:
        """The groups of the rows; a row without a group gets a problem."""
        normalization = self.model.normalization
        groups = self.model.groups_of(table, self.group_from)
        if normalization is None or groups is None:
            return None
        if self.group_source is not None:
            groups = groups._replace(source=self.group_source)
        missing = (groups.names == UNKNOWN_GROUP) & (problems == "")
        problems[missing] = missing_group_problem(groups.source)
        if len(table):
            self.group_remarks = [prediction_remark(groups, normalization)]
            self.group_warnings = group_size_warnings(groups, normalization)
        return groups

    def _finish(self, rows: RowPredictions) -> dict[str, Array]:
        columns = rows.predictions(
            self.model.classes,
            str(self.per),
            self.model.task,
            costs=self.model.costs,
            decision=self.model.decision,
            uncertainty=self.uncertainty,
        )
        self.rows += len(columns["predicted"])
        self.failures += rows.failures(str(self.per))
        return columns

    def _store(self, parts: Iterator[dict[str, Array]]) -> None:
        """Write the parts as they come, or keep them."""
        if self.output is None:
            self.kept = list(parts)
            return
        first = next(parts)
        rows = chain.from_iterable(map(_rows, chain([first], parts)))
        with replacing(self.output) as scratch:
            write_csv(scratch, first, rows)

    def _joined(self) -> dict[str, Array]:
        names = self.kept[0]
        return {name: np.concatenate([part[name] for part in self.kept]) for name in names}


def _rows(columns: Mapping[str, Array]) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns.values()), strict=True)
