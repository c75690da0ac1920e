"""SHAP values of a model for some rows, with the data that is needed to interpret them.

For each row and class, the base value and the SHAP values of all columns add up to the output of
the model [1]_. SHAP values refer to columns of the table. Their scale is that of the model output:
a random forest is explained in probabilities, boosted trees and linear models in log odds. Values
in different scales cannot be compared.

References
----------
.. [1] Lundberg and Lee, "A unified approach to interpreting model predictions", NIPS 2017.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.formatting import counted
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

if TYPE_CHECKING:
    from featkit.explanation.ranking import Ranking

RELATIVE_TOLERANCE = 1e-4
"""Largest residual, relative to the largest distance of an output from its base value."""

ROUNDING = 1e-6
"""Relative rounding error of sums in single precision, which xgboost uses."""

ABSOLUTE_TOLERANCE = 1e-12
"""Residual in log odds or probability that is always negligible."""

NO_FOLD = ""
"""Fold of rows that the final model explains."""


NORMALIZED_UNIT = "standard deviations in the group"
"""Unit of values that are normalised within groups."""


@dataclass(frozen=True, eq=False)
class MemberExplanation:
    """The explanation of one member of an ensemble.

    Attributes
    ----------
    name : str
        Estimator and parameters.
    weight : float
        Share of the member in the probabilities of the ensemble.
    explanation : Explanation
        Its SHAP values, with its own probabilities.
    """

    name: str
    weight: float
    explanation: Explanation


@dataclass(frozen=True, eq=False)
class Explanation:
    """SHAP values of a model for the rows of a table.

    Attributes
    ----------
    values : array of float64, shape ``(rows, columns, classes)``
        SHAP value of each column for each class.
    base : array of float64, shape ``(rows, classes)``
        Base value: the mean output of the model over its background rows.
    output : array of float64, shape ``(rows, classes)``
        Output of the model, in the same scale.
    scale : str
        ``"log odds"``, ``"probability"`` or ``"units of the target"``.
    X : array of float64, shape ``(rows, columns)``
        Values of the columns in their own units; NaN where undefined.
    columns, classes : list of str
        Names, in the order of the arrays.
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
    error : array of float64, shape ``(rows, columns, classes)``, or None
        Standard error of each SHAP value; None if the values are exact.
    usual : array of float64, shape ``(2, classes, columns)``, or None
        Lower and upper quartile of each column in the training rows of each class.
    meaning : str
        Interpretation of a contribution of +1.
    schema : mapping of str to dict
        Family, descriptor, index, statistic, unit and definition of each described column.
    notes : list of str
        Caveats.
    lines : array of int, shape ``(rows,)``, or None
        Line of each row in its CSV file; None for other formats.
    members : sequence of MemberExplanation
        Explanations of the members of an ensemble, the heaviest first; empty for other models.
    decision : LabelDecision or None
        The thresholds of a model of several labels. ``classes`` are then labels, and ``y`` holds
        the labels of each row, sorted and joined by the separator.
    task : str
        Name of the task of the model, one of `featkit.models.task.TASKS`. A regression has one
        output: `classes` is the target, and `probabilities` are the predicted numbers.
    costs : array of float64, shape ``(classes, classes)``, or None
        Cost matrix of the model; see `featkit.models.decisions.decide`.
    normalized : array of float64, shape ``(rows, columns)``, or None
        Values of the columns within their groups, which the SHAP values refer to; None if the model
        does not normalise columns within groups.
    rankings : dict
        Rankings that `featkit.explanation.ranking.rank` has computed so far.
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
    members: Sequence[MemberExplanation] = ()
    decision: LabelDecision | None = None
    task: str = CLASSIFICATION
    costs: Array | None = None
    normalized: Array | None = None
    rankings: dict[tuple[str, int | None], Ranking] = field(
        default_factory=dict, init=False, repr=False
    )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def inputs(self) -> Array:
        """Values that the SHAP values refer to, ``(rows, columns)``: ``normalized``, or ``X``."""
        return self.X if self.normalized is None else self.normalized

    @cached_property
    def residual(self) -> Array:
        """Output minus base value and SHAP values, ``(rows, classes)``; 0 up to rounding."""
        residual: Array = self.output - self.base - self.values.sum(axis=1)
        return residual

    @cached_property
    def flaw(self) -> str:
        """Warning that the SHAP values do not add up to the output; "" if they do."""
        missing = np.abs(self.residual).max(axis=1, initial=0)
        size = float(np.abs(self.output - self.base).max(initial=0))
        summed = np.abs(self.base) + np.abs(self.values).sum(axis=1)
        rounding = ROUNDING * float(summed.max(initial=0))
        wrong = ~(missing <= max(RELATIVE_TOLERANCE * size, rounding, ABSOLUTE_TOLERANCE))
        if not wrong.any():
            return ""
        return (
            f"The contributions do NOT add up to the output of the model in {wrong.sum():,} of"
            f" {counted(len(self), 'row')}: the largest difference is {missing.max():.2g}, and the"
            f" outputs differ from the base value by up to {size:.2g}. Do not rely on them."
        )

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

    def of_rows(self, rows: Array) -> Explanation:
        """Select rows.

        Parameters
        ----------
        rows : array of int
            Positions of the rows.

        Returns
        -------
        Explanation
        """
        arrays = ("values", "base", "output", "probabilities", "X", "folds")
        optional = ("y", "learnt", "lines", "error", "normalized")
        selected = {name: getattr(self, name)[rows] for name in arrays}
        selected |= {
            name: value[rows] for name in optional if (value := getattr(self, name)) is not None
        }
        keys = {name: np.asarray(column)[rows] for name, column in self.keys.items()}
        return replace(self, **selected, keys=keys)

    def mean(self) -> Explanation:
        """Average all rows, for example the segments of a recording.

        Returns
        -------
        Explanation
            One row: the mean of the arrays, and the keys of the first row.
        """
        means = {
            name: getattr(self, name).mean(axis=0, keepdims=True)
            for name in ("values", "base", "output", "probabilities")
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a column without any value
            X = np.nanmean(self.X, axis=0, keepdims=True)
            inputs = np.nanmean(self.inputs, axis=0, keepdims=True)
        return replace(
            self,
            **means,
            X=X,
            normalized=None if self.normalized is None else inputs,
            y=None if self.y is None else self.y[:1],
            keys={name: column[:1] for name, column in self.keys.items()},
            folds=self.folds[:1],
            learnt=None if self.learnt is None else self.learnt[:1],
            lines=None if self.lines is None else self.lines[:1],
            error=None,
        )

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
        return _index("class", of_class, self.classes)

    def place_of_column(self, column: object) -> int:
        """Return the index of a column.

        Parameters
        ----------
        column : str or number
            Name of the column; a number selects the column of that name.

        Returns
        -------
        int
            Index in ``columns``.

        Raises
        ------
        ParameterError
            If the column does not exist.
        """
        return _index("column", column, self.columns)

    def unit(self, column: str) -> str:
        """Return the unit of a column.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        str
            The unit, "" if it is unknown.
        """
        return str(self.schema.get(column, {}).get("unit", ""))

    def input_unit(self, column: str) -> str:
        """Return the unit of the values that the SHAP values of a column refer to.

        Parameters
        ----------
        column : str
            Name of the column.

        Returns
        -------
        str
            The unit; normalised values are in units of their scale.
        """
        return self.unit(column) if self.normalized is None else NORMALIZED_UNIT


def _index(kind: str, name: object, names: Sequence[str]) -> int:
    """Index of a name; names that are numbers may be given as numbers."""
    value = name.item() if isinstance(name, np.generic) else name
    text = text_values([value])[0] if isinstance(value, int | float) else value
    if not isinstance(text, str) or text not in names:
        raise ParameterError(unknown(kind, value, names))
    return names.index(text)
