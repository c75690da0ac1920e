"""The predictions of a model, in memory or in a file."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.overview import Overview, Overviewed
from featkit._utils.typing import Array
from featkit.models.uncertainty import ABSTAIN, PREDICTION_SET
from featkit.schema import Failure
from featkit.table.csv_writing import unescape_formula
from featkit.table.delimited import read_rows
from featkit.table.dialects import Dialect

if TYPE_CHECKING:
    import pandas as pd

TEXTS: dict[str, type] = {"path": str, "predicted": object, PREDICTION_SET: object}
"""Columns of text, and their types in memory; `ABSTAIN` is boolean, all others are
numbers."""


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Overviewed):
    """Predicted classes and their probabilities.

    Attributes
    ----------
    rows : int
        Number of predictions.
    failures : list of Failure
        Recordings that could not be read, and rows in which no feature has a value: they have no
        prediction.
    warnings : list of str
        Reasons to doubt the predictions.
    files : int
        Number of recordings, including failures; 0 for a table.
    resumed : int
        Recordings whose features an earlier run computed.
    seconds : float
        Duration of the audio that this run analysed, in seconds.
    elapsed : float
        Run time, in seconds; 0 for a table.
    remarks : list of str
        Other events to report; see `featkit.Extraction`.
    left_out : dict of str to int
        Number of files in folders that are not audio, by suffix: see `featkit.Extraction`.
    load : callable
        ``load()`` returns the predictions; see `columns`.
    """

    rows: int
    failures: list[Failure]
    warnings: list[str]
    load: Callable[[], Mapping[str, Array]] = field(repr=False)
    files: int = 0
    resumed: int = 0
    seconds: float = 0.0
    elapsed: float = 0.0
    remarks: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def _overview(self) -> Overview:
        from featkit.models._overviews import predictions_overview

        return predictions_overview(self)

    @cached_property
    def columns(self) -> Mapping[str, Array]:
        """The columns of `data` by name, as arrays; they do not need pandas.

        If the predictions of recordings were written to a file, they are read from there on first
        access.
        """
        return self.load()

    @cached_property
    def data(self) -> pd.DataFrame:
        """A row for each recording or segment: see `Model.predict`."""
        import pandas as pd

        return pd.DataFrame(dict(self.columns))


def read_predictions(path: str | os.PathLike[str]) -> dict[str, Array]:
    """Read the predictions for recordings that `Model.predict` wrote.

    Parameters
    ----------
    path : path
        The CSV file.

    Returns
    -------
    dict of str to array
        The columns, with the same values as in memory.
    """
    rows = (cells for _, cells in read_rows(path, dialect=Dialect()))
    names = [unescape_formula(name) for name in next(rows)]
    columns: dict[str, Any] = {name: [] if name in TEXTS else array("d") for name in names}
    for cells in rows:
        for (name, column), cell in zip(columns.items(), cells, strict=True):
            column.append(_value(name, cell))
    types = {**TEXTS, ABSTAIN: bool}
    return {name: np.array(column, types.get(name, float)) for name, column in columns.items()}


def _value(name: str, cell: str) -> str | float:
    if name in TEXTS:
        return unescape_formula(cell)
    return cell == "true" if name == ABSTAIN else float(cell)
