"""Contrast of two classes in one row, and values outside of the usual range of a class.

The difference of the SHAP values of two classes shows which columns speak for one class rather than
the other: with base values, the differences add up to the difference of the two outputs.

A value is unusual for a class if it lies more than `FENCE` interquartile ranges outside of the
quartiles of the column in the training rows of the class [1]_. Of a normal distribution, these are
0.7 % of the values.

References
----------
.. [1] Tukey, "Exploratory data analysis", 1977 (inner fences).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.explanation import Explanation

if TYPE_CHECKING:
    import pandas as pd

FENCE = 1.5
"""Interquartile ranges beyond the quartiles from which on a value is unusual."""

SIDES = {-1: "low", 0: "", 1: "high"}
"""Texts for values below, in and above the usual range."""


def unusual_values(explanation: Explanation, row: int) -> Array:
    """Find the values of a row that are outside of the usual range of classes.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    row : int
        Index of the row, from 0.

    Returns
    -------
    array of int, shape ``(classes, columns)``
        -1 for a value below the usual range of the column in the class, 1 for one above, else 0;
        also 0 if the value or the range is unknown. For a regression, there is one range.
    """
    if explanation.usual is None:
        return np.zeros((len(explanation.classes), len(explanation.columns)), dtype=int)
    low, high = explanation.usual
    margin = FENCE * (high - low)
    value = explanation.X[row]
    above, below = value > high + margin, value < low - margin
    return np.asarray(above.astype(int) - below.astype(int))


def rival_class(explanation: Explanation, row: int, of_class: str | None = None) -> str:
    """Return the class to contrast the predicted one with.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    row : int
        Index of the row, from 0.
    of_class : str, optional
        Class that is contrasted; by default, the predicted one.

    Returns
    -------
    str
        The true class if it is known and another one, else the most probable other class.
    """
    of_class = str(explanation.predicted[row]) if of_class is None else of_class
    true = "" if explanation.y is None else str(explanation.y[row])
    if true in explanation.classes and true != of_class:
        return true
    order = np.argsort(-explanation.probabilities[row], kind="stable").tolist()
    others = [explanation.classes[k] for k in order if explanation.classes[k] != of_class]
    return str(others[0])


def contrast(
    explanation: Explanation,
    row: int,
    of_class: str | float | None = None,
    against: str | float | None = None,
    *,
    top: int = 10,
) -> pd.DataFrame:
    """Return the columns that speak most for one class rather than another in one row.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    row : int
        Index of the row, from 0.
    of_class : str or number, optional
        The class; by default, the predicted one.
    against : str or number, optional
        The other class; by default, the true one, or the most probable other class if the
        prediction is correct or the true class is unknown.
    top : int
        Maximum number of columns.

    Returns
    -------
    pandas.DataFrame
        ``feature``; its ``value`` and ``unit``; ``shap``, the difference of its SHAP values for the
        two classes, the largest first; the quartiles of the column in both classes, ``usual_low``,
        ``usual_high``, ``against_low`` and ``against_high`` (NaN if unknown); ``unusual``, "low"
        or "high" if the value is outside of the usual range of the other class, else ""; and
        ``extreme``, the same for the ranges of all classes.

    Raises
    ------
    ParameterError
        If a class is unknown, both are the same, or the model predicts a number.

    Examples
    --------
    >>> import featkit
    >>> from featkit.explanation import contrast
    >>> model = featkit.load_model("genre.fk")                             # doctest: +SKIP
    >>> contrast(featkit.explain(model, "features.parquet"), 3, top=5)      # doctest: +SKIP
    """
    import pandas as pd

    one, other = _places(explanation, row, of_class, against)
    values = explanation.values[row, :, one] - explanation.values[row, :, other]
    order = np.argsort(-np.abs(values), kind="stable")[:top]
    ranges = np.full((2, 2, len(order)), np.nan)
    if explanation.usual is not None:
        ranges = explanation.usual[:, [one, other]][:, :, order]
    flags = unusual_values(explanation, row)[:, order]
    extreme = np.where(np.all(flags == flags[:1], axis=0), flags[0], 0)
    names = [explanation.columns[k] for k in order]
    return pd.DataFrame(
        {
            "feature": names,
            "value": explanation.X[row, order],
            "unit": [explanation.unit(name) for name in names],
            "shap": values[order],
            "usual_low": ranges[0, 0],
            "usual_high": ranges[1, 0],
            "against_low": ranges[0, 1],
            "against_high": ranges[1, 1],
            "unusual": [SIDES[flag] for flag in flags[other].tolist()],
            "extreme": [SIDES[flag] for flag in extreme.tolist()],
        }
    )


def _places(
    explanation: Explanation,
    row: int,
    of_class: str | float | None,
    against: str | float | None,
) -> tuple[int, int]:
    """Indices of the two classes."""
    if explanation.predicts_number:
        raise ParameterError("the model predicts a number: there are no classes to contrast")
    if len(explanation.classes) < 2:
        raise ParameterError("the model has one label: there is no other to contrast it with")
    one = explanation.place_of_class(explanation.predicted[row] if of_class is None else of_class)
    if against is None:
        against = rival_class(explanation, row, explanation.classes[one])
    other = explanation.place_of_class(against)
    if one == other:
        name = explanation.classes[one]
        raise ParameterError(f"a class cannot be contrasted with itself: {name!r}")
    return one, other
