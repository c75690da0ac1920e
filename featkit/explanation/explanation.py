"""What a model said of some rows, and how much each column spoke for and against each class.

SHAP values (Lundberg and Lee, NIPS 2017): for each row and class the contributions of the columns,
together with the base value, add up to what the model said. They are per column of the table, in
the scale of the model's output, which is named: a forest is explained in probability, boosted trees
and linear models in log odds, and the two do not belong on one axis.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.scores import predicted
from featkit.table.cells import texts

EXACT = 1e-4
"""Of the output's size: how much may be missing from the sum of contributions."""

ROUNDING = 1e-6
"""Of the largest number that is added up: what single precision may lose (xgboost's)."""

NOTHING = 1e-12
"""Log odds or probability that mean nothing, however small all others are."""

NO_FOLD = ""
"""Where a row was explained by the final model."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Contributions of columns to what a model said.

    Attributes
    ----------
    values : array of float64, shape ``(rows, columns, classes)``
        How much each column spoke for each class.
    base : array of float64, shape ``(rows, classes)``
        What the model says on average over its background, before it looks at the row.
    output : array of float64, shape ``(rows, classes)``
        What it said, in the same scale.
    scale : str
        ``"log odds"`` or ``"probability"``.
    X : array of float64, shape ``(rows, columns)``
        The columns in their own units; NaN where undefined.
    columns, classes : list of str
        In the order of the arrays.
    probabilities : array of float64, shape ``(rows, classes)``
        Of the classes.
    y : array of str, shape ``(rows,)``, or None
        The true classes, "" where one is not known; None if none is.
    keys : mapping of str to array
        What the rows are of: ``row``, its number in the table, counted from 1; ``path``, ``start``,
        ``end`` and ``group``, as far as there are.
    folds : array of str, shape ``(rows,)``
        The round whose model, which had not seen the row, explained it; "" for the final model.
    learnt : array of bool, shape ``(rows,)``, or None
        Whether the model that explained the row had learnt from it; None if none had.
    method : str
        How the values were computed, and how exactly.
    error : array of float64, shape ``(rows, columns, classes)``, or None
        Standard error of each value, where it was sampled.
    rows_there : int
        Rows that could have been explained; more than are here if they were sampled.
    usual : array of float64, shape ``(2, classes, columns)``, or None
        Between which values the middle half of the rows of each class lies that were learnt from.
    meaning : str
        What a contribution of some size means.
    schema : mapping of str to dict
        Of each column of which it is known: family, descriptor, index, statistic, unit, definition.
    notes : list of str
        What a reader must know.
    lines : array of int, shape ``(rows,)``, or None
        The lines of the rows in their CSV file; None if they were in another.
    """

    values: Array
    base: Array
    output: Array
    scale: str
    X: Array
    columns: list[str]
    classes: list[str]
    probabilities: Array
    y: Array | None
    keys: Mapping[str, Array]
    folds: Array
    method: str
    rows_there: int
    learnt: Array | None = None
    error: Array | None = None
    usual: Array | None = None
    meaning: str = ""
    schema: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    lines: Array | None = None

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def residual(self) -> Array:
        """What the contributions and the base leave unexplained, ``(rows, classes)``."""
        residual: Array = self.output - self.base - self.values.sum(axis=1)
        return residual

    @cached_property
    def flaw(self) -> str:
        """What to say where contributions do not add up to the output; "" where they do."""
        missing = np.abs(self.residual).max(axis=1, initial=0)
        size = float(np.abs(self.output - self.base).max(initial=0))
        summed = np.abs(self.base) + np.abs(self.values).sum(axis=1)
        rounding = ROUNDING * float(summed.max(initial=0))
        wrong = ~(missing <= max(EXACT * size, rounding, NOTHING))
        if not wrong.any():
            return ""
        return (
            f"The contributions do NOT add up to what the model said in {wrong.sum():,} of"
            f" {counted(len(self), 'row')}: up to {missing.max():.2g} is missing, of at most"
            f" {size:.2g}. Do not rely on them."
        )

    @cached_property
    def predicted(self) -> Array:
        """The class of each row with the greatest probability."""
        return predicted(self.probabilities, self.classes)

    @property
    def held_out(self) -> Array:
        """Rows of another table than the model was trained on, whose true class is known."""
        held_out: Array = self.folds == NO_FOLD
        if self.learnt is not None:
            held_out = held_out & ~self.learnt
        return held_out & (False if self.y is None else self.y != "")

    @property
    def groups(self) -> Array:
        """What is drawn together for intervals, ``(rows,)``."""
        for key in ("group", "path"):
            if key in self.keys:
                return np.asarray(self.keys[key])
        return np.arange(len(self))

    def mean(self) -> Explanation:
        """All rows as one, such as the segments of a recording."""
        means = {
            name: getattr(self, name).mean(axis=0, keepdims=True)
            for name in ("values", "base", "output", "probabilities")
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a column without a value
            X = np.nanmean(self.X, axis=0, keepdims=True)
        return replace(
            self,
            **means,
            X=X,
            y=None if self.y is None else self.y[:1],
            keys={name: column[:1] for name, column in self.keys.items()},
            folds=self.folds[:1],
            learnt=None if self.learnt is None else self.learnt[:1],
            lines=None if self.lines is None else self.lines[:1],
            error=None,
        )

    def place_of_class(self, of_class: object) -> int:
        """Where a class is in ``classes``.

        Parameters
        ----------
        of_class : str or number
            Its name, or the label that it was trained as: 1 is the class ``"1"``.

        Raises
        ------
        ParameterError
            If there is no such class.
        """
        return _place("class", of_class, self.classes)

    def place_of_column(self, column: object) -> int:
        """Where a column is in ``columns``; a number stands for the column of that name.

        Raises
        ------
        ParameterError
            If there is no such column.
        """
        return _place("column", column, self.columns)

    def unit(self, column: str) -> str:
        """The unit of a column, "" if it is not known."""
        return str(self.schema.get(column, {}).get("unit", ""))


def _place(what: str, name: object, names: Sequence[str]) -> int:
    """Where a name is among others; names that are numbers may be given as numbers."""
    value = name.item() if isinstance(name, np.generic) else name
    text = texts([value])[0] if isinstance(value, int | float) else value
    if not isinstance(text, str) or text not in names:
        raise ParameterError(unknown(what, value, names))
    return names.index(text)
