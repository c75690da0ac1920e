"""Cost matrices: what each wrong prediction costs, and the cost of the predictions of a model.

A file is delimited text. Its header has a name for the first column, which is ignored, and the
predicted classes; each row has a true class and the cost of predicting each class for it::

    true,well,sick
    well,0,1
    sick,20,0
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featkit._utils.formatting import counted
from featkit._utils.parameters import is_number, unknown
from featkit.errors import ParameterError, TableError
from featkit.storage.urls import shown

if TYPE_CHECKING:
    from featkit._utils.typing import Array

SETS_IGNORE_COSTS = (
    "prediction sets depend on the probabilities only, not on the costs: the predicted class may be"
    " outside its prediction set"
)
"""Remark on models with costs."""


@dataclass(frozen=True, kw_only=True)
class CostMatrix:
    """The cost of each decision.

    Attributes
    ----------
    classes : sequence of str
        The classes, in the order of rows and columns.
    cost : sequence of sequence of float
        A row for each true class, a column for each predicted class; at least 0, finite.
    """

    classes: Sequence[str]
    cost: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        size = len(self.classes)
        if size < 2 or len(set(self.classes)) < size:
            raise ParameterError("a cost matrix needs two or more different classes")
        if len(self.cost) != size or any(len(row) != size for row in self.cost):
            raise ParameterError(
                f"a cost matrix of {size} classes needs {size} rows of {size} costs"
            )
        for true, row in zip(self.classes, self.cost, strict=True):
            for predicted, value in zip(self.classes, row, strict=True):
                if not is_number(value) or not math.isfinite(value) or value < 0:
                    raise ParameterError(
                        f"the cost of predicting {predicted!r} for {true!r} must be a finite number"
                        f" from 0, got {value!r}"
                    )
        object.__setattr__(self, "classes", tuple(map(str, self.classes)))
        object.__setattr__(self, "cost", tuple(tuple(map(float, row)) for row in self.cost))
        self._check_diagonal()

    def _check_diagonal(self) -> None:
        """Raise if a correct prediction costs more than a wrong one, or no prediction matters."""
        for k, (true, row) in enumerate(zip(self.classes, self.cost, strict=True)):
            lowest = min(range(len(row)), key=row.__getitem__)
            if row[k] > row[lowest]:
                raise ParameterError(
                    f"the correct prediction of {true!r} costs {row[k]:g}, more than predicting"
                    f" {self.classes[lowest]!r} for it ({row[lowest]:g}): costs of correct"
                    " predictions are on the diagonal, usually 0"
                )
        if all(value == row[0] for row in self.cost for value in row):
            raise ParameterError("each row of the cost matrix has equal costs: no decision matters")

    def of(self, classes: Sequence[str]) -> Array:
        """Return the costs in the order of some classes.

        Parameters
        ----------
        classes : sequence of str
            All classes of a model.

        Returns
        -------
        array of float64, shape ``(classes, classes)``

        Raises
        ------
        ParameterError
            If the matrix lacks a class, or has others.
        """
        if missing := [name for name in classes if name not in self.classes]:
            raise ParameterError(
                f"the cost matrix has no class {missing[0]!r}: it needs a row and a column for each"
                " class of the training rows"
            )
        if extra := [name for name in self.classes if name not in classes]:
            raise ParameterError(f"the cost matrix has an {unknown('class', extra[0], classes)}")
        import numpy as np  # `featkit --help` loads this module

        order = [list(self.classes).index(name) for name in classes]
        return np.array(self.cost, dtype=np.float64)[np.ix_(order, order)]


@dataclass(frozen=True, kw_only=True)
class MeanCost:
    """Mean cost of a row.

    Attributes
    ----------
    value : float
        The mean over all test rows.
    low, high : float
        Ends of the 95 % confidence interval, by drawing groups with replacement.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class CostScores:
    """Costs of the decisions of the kept model for the test rows.

    Attributes
    ----------
    matrix : CostMatrix
        The costs.
    mean : MeanCost
        Of the decisions with the least expected cost: the predictions of the model.
    most_probable : MeanCost
        Of predicting the most probable class.
    difference : MeanCost
        The first minus the second.
    constant_class : str
        The class that costs least if it is predicted for every row.
    constant : MeanCost
        Of predicting it.
    changed : int
        Rows for which the two decisions differ.
    """

    matrix: CostMatrix
    mean: MeanCost
    most_probable: MeanCost
    difference: MeanCost
    constant_class: str
    constant: MeanCost
    changed: int


def as_cost_matrix(value: Any) -> CostMatrix:
    """Return a cost matrix that is given in any form.

    Parameters
    ----------
    value : CostMatrix, path, mapping or pandas.DataFrame
        A matrix; a file of delimited text; for each true class a mapping of predicted classes to
        costs, without the correct one if it costs 0; or the same as a DataFrame, with true classes
        as index. Plain data of a `CostMatrix` are a mapping with ``classes`` and ``cost``.

    Returns
    -------
    CostMatrix

    Raises
    ------
    ParameterError
        If it is none of these, or no valid cost matrix.
    TableError
        If the file cannot be read.
    """
    if isinstance(value, CostMatrix):
        return value
    if isinstance(value, str | os.PathLike):
        return read_cost_matrix(value)
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        value = value.to_dict(orient="index")
    if not isinstance(value, Mapping) or not value:
        raise ParameterError(
            "costs must be a file, a DataFrame, or a mapping of true classes to mappings of"
            f" predicted classes to costs, got {value!r:.80}"
        )
    if value.keys() == {"classes", "cost"} and not isinstance(value["cost"], Mapping):
        return CostMatrix(classes=value["classes"], cost=value["cost"])
    return _of_mapping({str(name): row for name, row in value.items()})


def _of_mapping(rows: Mapping[str, Any]) -> CostMatrix:
    classes = sorted(rows)
    for true, row in rows.items():
        if not isinstance(row, Mapping):
            raise ParameterError(
                f"the costs of {true!r} must be a mapping of predicted classes to costs, got"
                f" {row!r:.80}"
            )
        names = {str(name) for name in row}
        if extra := sorted(names - {*classes}):
            raise ParameterError(
                f"the costs of {true!r} have the predicted class {extra[0]!r}, which has no row of"
                " its own: each class needs one"
            )
        if missing := sorted({*classes} - names - {true}):
            raise ParameterError(f"the cost of predicting {missing[0]!r} for {true!r} is missing")
    named = {true: {str(name): cost for name, cost in row.items()} for true, row in rows.items()}
    cost = [[named[true].get(name, 0.0) for name in classes] for true in classes]
    return CostMatrix(classes=classes, cost=cost)


def read_cost_matrix(path: str | os.PathLike[str]) -> CostMatrix:
    """Read a cost matrix from a file; the module describes its format.

    Parameters
    ----------
    path : path
        Delimited text (``.csv``, ``.tsv``, ``.txt``).

    Returns
    -------
    CostMatrix
        Its classes are in alphabetical order.

    Raises
    ------
    ParameterError
        If it is no valid cost matrix.
    TableError
        If the file cannot be read, or a cell is no number, with its line.
    """
    from featkit.table.delimited import read_rows
    from featkit.table.table_files import copy_of_table

    where = shown(path)
    with copy_of_table(path) as file:
        lines = iter(list(read_rows(file, delimiter=None)))
    _, header = next(lines, (0, []))
    names = [name.strip() for name in header[1:]]
    if len(names) < 2 or len(set(names)) < len(names):
        raise ParameterError(
            f"{where}: the header of a cost matrix must name the first column and two or more"
            f" different predicted classes, got {', '.join(header) or 'nothing'}"
        )
    rows: dict[str, dict[str, float]] = {}
    for line, cells in lines:
        true, *values = (cell.strip() for cell in cells)
        if true in rows:
            raise ParameterError(f"{where}, line {line}: the true class {true!r} has two rows")
        if len(values) != len(names):
            raise ParameterError(
                f"{where}, line {line}: {true!r} has {counted(len(values), 'cost')}, but the header"
                f" names {len(names)} predicted classes"
            )
        rows[true] = dict(zip(names, _numbers(where, line, names, values), strict=True))
    if missing := sorted({*names} - {*rows}):
        raise ParameterError(f"{where}: the class {missing[0]!r} has a column, but no row")
    try:
        return _of_mapping(rows)
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None


def _numbers(where: str, line: int, names: Iterable[str], cells: Iterable[str]) -> list[float]:
    numbers = []
    for name, cell in zip(names, cells, strict=True):
        try:
            numbers.append(float(cell))
        except ValueError:
            raise TableError(
                f"{where}, line {line}: the cost of predicting {name!r} is {cell!r}, which is no"
                " number"
            ) from None
    return numbers
