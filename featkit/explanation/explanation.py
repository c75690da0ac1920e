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

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.overview import Overview, Overviewed
from featkit._utils.typing import Array
from featkit.explanation.explained_rows import ExplainedRows, place_of_name

if TYPE_CHECKING:
    from featkit.explanation.ranking import Ranking

RELATIVE_TOLERANCE = 1e-4
"""Largest residual, relative to the largest distance of an output from its base value."""

ROUNDING = 1e-6
"""Relative rounding error of sums in single precision, which xgboost uses."""

ABSOLUTE_TOLERANCE = 1e-12
"""Residual in log odds or probability that is always negligible."""

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


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Explanation(ExplainedRows, Overviewed):
    """SHAP values of a model for the rows of a table.

    It has the attributes of `ExplainedRows`, and these:

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
    columns : list of str
        Names, in the order of the arrays.
    error : array of float64, shape ``(rows, columns, classes)``, or None
        Standard error of each SHAP value; None if the values are exact.
    usual : array of float64, shape ``(2, classes, columns)``, or None
        Lower and upper quartile of each column in the training rows of each class.
    meaning : str
        Interpretation of a contribution of +1.
    schema : mapping of str to dict
        Family, descriptor, index, statistic, unit and definition of each described column.
    members : sequence of MemberExplanation
        Explanations of the members of an ensemble, the heaviest first; empty for other models.
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
    error: Array | None = None
    usual: Array | None = None
    meaning: str = ""
    schema: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    members: Sequence[MemberExplanation] = ()
    normalized: Array | None = None
    rankings: dict[tuple[str, int | None], Ranking] = field(
        default_factory=dict, init=False, repr=False
    )

    _ROW_ARRAYS: ClassVar[tuple[str, ...]] = (
        *ExplainedRows._ROW_ARRAYS,
        *("values", "base", "output", "X", "error", "normalized"),
    )

    def _overview(self) -> Overview:
        from featkit.explanation._overview import explanation_overview

        return explanation_overview(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the explanation to a file, atomically; `featkit.load_explanation` reads it.

        Parameters
        ----------
        path : path
            The file, usually with the extension ``.fke``.

        Raises
        ------
        WriteError
            If the file cannot be written.
        """
        from featkit.explanation.explanation_file import write_explanation

        write_explanation(self, path)

    def to_shap(self, of_class: str | float | None = None) -> Any:
        """Convert the SHAP values to the type of the package shap, for its plots.

        Parameters
        ----------
        of_class : str or number, optional
            The class. By default, all classes: values then have the shape
            ``(rows, columns, classes)``, of which shap's plots need one, such as
            ``to_shap()[:, :, "rock"]``; a regression has one output, which is always selected.

        Returns
        -------
        shap.Explanation
            Accepted by ``shap.plots.beeswarm``, ``bar``, ``heatmap`` and ``scatter``, and one of
            its rows by ``shap.plots.waterfall``.

        Raises
        ------
        ParameterError
            If the class does not exist.

        Examples
        --------
        ``shap.plots.beeswarm(explanation.to_shap("rock"))``
        """
        from featkit.explanation._shap_type import to_shap

        return to_shap(self, of_class)

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.columns)

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
        return place_of_name("column", column, self.columns)

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
