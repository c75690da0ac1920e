"""`ExplainedRows`: rows with their predictions, as every kind of explanation has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.decisions import decide
from featkit.models.label_decision import LabelDecision
from featkit.models.label_sets import label_sets
from featkit.models.problem import within_datasets
from featkit.models.scores import predicted
from featkit.models.task import CLASSIFICATION, REGRESSION
from featkit.schema import DATASET
from featkit.table.cell_values import text_values

NO_FOLD = ""
"""Fold of rows that the final model explains."""


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ExplainedRows:
    """Rows that a model explains, with its predictions.

    Attributes
    ----------
    classes : list of str
        Names, in the order of the probabilities.
    probabilities : array of float64, shape ``(rows, classes)``
        Predicted probability of each class.
    y : array, shape ``(rows,)``, or None
        True classes, "" where unknown, or true numbers, NaN where unknown; None if all are unknown.
    keys : mapping of str to array
        Origin of each row: ``row``, its number in the table, counted from 1; and ``path``,
        ``start``, ``end`` and ``group``, if the table has them.
    folds : array of str, shape ``(rows,)``
        Outer fold whose model explained the row as one of its test rows; "" for the final model.
    method : str
        Method of computation.
    rows_there : int
        Number of rows that could be explained; more than the rows here if they were sampled.
    learnt : array of bool, shape ``(rows,)``, or None
        Whether the model that explained the row was trained on it; None means that it never was.
    notes : list of str
        Caveats.
    lines : array of int, shape ``(rows,)``, or None
        Line of each row in its CSV file; None for other formats.
    decision : LabelDecision or None
        The thresholds of a model of several labels. ``classes`` are then labels, and ``y`` holds
        the labels of each row, sorted and joined by the separator.
    task : str
        Name of the task of the model, one of `featkit.models.task.TASKS`. A regression has one
        output: `classes` is the target, and `probabilities` are the predicted numbers.
    costs : array of float64, shape ``(classes, classes)``, or None
        Cost matrix of the model; see `featkit.models.decisions.decide`.
    """

    classes: list[str]
    probabilities: Array
    y: Array | None
    keys: Mapping[str, Array]
    folds: Array
    method: str
    rows_there: int
    learnt: Array | None = None
    notes: Sequence[str] = ()
    lines: Array | None = None
    decision: LabelDecision | None = None
    task: str = CLASSIFICATION
    costs: Array | None = None

    _ROW_ARRAYS: ClassVar[tuple[str, ...]] = ("probabilities", "y", "folds", "learnt", "lines")
    """Names of the arrays with one entry for each row; some may be None."""

    def __len__(self) -> int:
        return len(self.probabilities)

    @cached_property
    def predicted(self) -> Array:
        """Class that is predicted, label with the highest probability, or target of a regression.

        Shape ``(rows,)``; see `featkit.models.decisions`.
        """
        return predicted(self.probabilities, self.classes, self.costs)

    @property
    def confidence(self) -> Array:
        """Probability of the predicted class, ``(rows,)``."""
        places = decide(self.probabilities, self.costs)
        confidence: Array = self.probabilities[np.arange(len(self)), places]
        return confidence

    @cached_property
    def answer(self) -> Array:
        """The prediction, ``(rows,)``: the predicted class, or the predicted labels, joined."""
        if self.decision is None:
            return self.predicted
        sets = self.decision.labels(self.probabilities)
        return label_sets(sets, self.classes, self.decision.separator)

    @property
    def n_columns(self) -> int:
        """Number of columns that the model learns from; 0 for a network."""
        return 0

    @property
    def predicts_number(self) -> bool:
        """Whether the model predicts a number instead of classes."""
        return self.task == REGRESSION

    @property
    def held_out(self) -> Array:
        """Mask of rows with a known target that the model was not trained on, ``(rows,)``.

        Test rows of the training table are not included: they have scores of their own.
        """
        held_out: Array = self.folds == NO_FOLD
        if self.learnt is not None:
            held_out = held_out & ~self.learnt
        if self.y is None:
            return held_out & False
        return held_out & (np.isfinite(self.y) if self.predicts_number else self.y != "")

    @property
    def groups(self) -> Array:
        """Group of each row, ``(rows,)``. The bootstrap draws the rows of a group together."""
        return np.asarray(self.keys["group"]) if "group" in self.keys else self.recordings

    @property
    def recordings(self) -> Array:
        """Recording of each row, ``(rows,)``; the number of the row if paths are unknown."""
        if "path" not in self.keys:
            return np.arange(len(self))
        return within_datasets(np.asarray(self.keys["path"]), self.keys.get(DATASET))

    def of_rows(self, rows: Array) -> Self:
        """Select rows.

        Parameters
        ----------
        rows : array of int
            Positions of the rows.

        Returns
        -------
        ExplainedRows
            Of the same type.
        """
        arrays = {name: getattr(self, name) for name in self._ROW_ARRAYS}
        selected = {name: array[rows] for name, array in arrays.items() if array is not None}
        keys = {name: np.asarray(column)[rows] for name, column in self.keys.items()}
        return replace(self, **selected, keys=keys)

    def place_of_class(self, of_class: object) -> int:
        """Return the index of a class.

        Parameters
        ----------
        of_class : str or number
            Name of the class, or the number that was the label: 1 is the class ``"1"``.

        Returns
        -------
        int
            Index in ``classes``.

        Raises
        ------
        ParameterError
            If the class does not exist.
        """
        return place_of_name("class", of_class, self.classes)


def place_of_name(kind: str, name: object, names: Sequence[str]) -> int:
    """Return the index of a name; names that are numbers may be given as numbers.

    Parameters
    ----------
    kind : str
        The word for a name in messages, such as ``"class"``.
    name : str or number
        The name.
    names : sequence of str
        All names.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If it is not among them.
    """
    value = name.item() if isinstance(name, np.generic) else name
    text = text_values([value])[0] if isinstance(value, int | float) else value
    if not isinstance(text, str) or text not in names:
        raise ParameterError(unknown(kind, value, names))
    return names.index(text)
