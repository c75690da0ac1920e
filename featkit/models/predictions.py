"""The predictions of a model, and the rows for which it makes none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.models.problem import name_list, texts
from featkit.schema import Failure
from featkit.table.feature_table import FeatureTable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted classes and their probabilities.

    Attributes
    ----------
    data : pandas.DataFrame
        A row for each recording or segment: see `Model.predict`.
    failures : list of Failure
        Recordings that could not be read, and rows in which no feature has a value: they have no
        prediction.
    warnings : list of str
        Reasons to doubt the predictions.
    left_out : dict of str to int
        Number of files in folders that are not audio, by suffix: see `featkit.Extraction`.
    """

    data: pd.DataFrame
    failures: list[Failure]
    warnings: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def empty_rows(table: FeatureTable, filled: Array, per: str) -> Iterator[Failure]:
    """List the rows without any value.

    Parameters
    ----------
    table : FeatureTable
        The table.
    filled : array of bool, shape ``(rows,)``
        Whether a row has a value in any column of the model.
    per : {"recording", "segment"}
        ``"recording"`` lists a recording once, and only if none of its rows has a value.

    Yields
    ------
    Failure
    """
    names = [table.row_name(k) for k in range(len(table))]
    if "path" in table.keys:
        names = texts(table, "path").tolist()
    places = np.flatnonzero(~filled).tolist()
    if per == "recording":
        others = {names[k] for k in np.flatnonzero(filled)}
        first = {names[k]: k for k in reversed(places) if names[k] not in others}
        places = sorted(first.values())
    for k in places:
        start = table.keys["start"][k] if per == "segment" and "start" in table.keys else 0
        where = f"from {start:g} s on " if start else ""
        cause = f"{where}none of the model's columns has a value: no prediction is possible"
        yield Failure(names[k], "predict", TableError.__name__, cause)


def empty_columns(present: Array, columns: Sequence[str]) -> Iterator[str]:
    """Warn of columns without any value; in training every column had values.

    Parameters
    ----------
    present : array of bool, shape ``(rows, columns)``
        Whether there is a value.
    columns : sequence of str
        Columns of the model.

    Yields
    ------
    str
        At most one warning.
    """
    empty = [name for k, name in enumerate(columns) if not present[:, k].any()]
    if empty and len(present):
        yield (
            f"{len(empty)} of the model's {len(columns)} columns have no value in any row, though"
            f" they had values in training: {name_list(empty)}"
        )
