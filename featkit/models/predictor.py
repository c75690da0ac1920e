"""Predictions for a table, or for the recordings of a batch, block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.io import replacing
from featkit._utils.typing import Array
from featkit.models.predictions import Predictions, read_predictions
from featkit.models.probabilities import ROWS_AT_ONCE, probabilities
from featkit.models.row_predictions import (
    EmptyColumns,
    RowPredictions,
    complete_recordings,
    row_problems,
    row_unit,
)
from featkit.models.table_check import check_columns
from featkit.schema import Failure
from featkit.table.csv_writing import write_csv
from featkit.table.failure_list import write_failures
from featkit.table.feature_table import FeatureTable

if TYPE_CHECKING:
    import pandas as pd

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
    """

    max_rows = ROWS_AT_ONCE

    def __init__(
        self, model: Model, per: str | None, output: str | os.PathLike[str] | None
    ) -> None:
        self.model = model
        self.per = per
        self.output = output
        self.rows = 0
        self.failures: list[Failure] = []
        self.empty_columns = EmptyColumns(model.columns)
        self.kept: list[Mapping[str, Array]] = []

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
        warnings = [*table.notes, *self.empty_columns.warnings]
        return Predictions(self.rows, self.failures, warnings, self._joined)

    def predictions(self, batch: Any) -> Predictions:
        """The predictions for the recordings of a batch, after `write`.

        Parameters
        ----------
        batch : BatchResult
            What happened in the batch.

        Returns
        -------
        Predictions
        """
        return Predictions(
            rows=self.rows,
            failures=batch.failures,
            warnings=self.empty_columns.warnings,
            load=self._joined if self.output is None else partial(read_predictions, self.output),
            files=batch.files,
            resumed=batch.resumed,
            seconds=batch.seconds,
            elapsed=batch.elapsed,
            remarks=batch.remarks,
            left_out=batch.left_out,
        )

    def _predict(self, table: FeatureTable) -> RowPredictions:
        check_columns(table, self.model.columns, self.model.provenance)
        self.empty_columns.add(table)
        X = table.matrix(self.model.columns)
        problems = row_problems(X, self.model.columns)
        X[problems != ""] = 0.0
        P = probabilities(self.model.pipeline, X, self.model.classes)
        return RowPredictions.of(table, P, problems, self.model.datasets_of(table))

    def _finish(self, rows: RowPredictions) -> dict[str, Array]:
        columns = rows.predictions(self.model.classes, str(self.per))
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

    def _joined(self) -> pd.DataFrame:
        import pandas as pd

        names = self.kept[0]
        return pd.DataFrame({name: np.concatenate([p[name] for p in self.kept]) for name in names})


def _rows(columns: Mapping[str, Array]) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns.values()), strict=True)
