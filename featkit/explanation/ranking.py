"""Rankings of columns, descriptors, families and statistics by their SHAP values.

The importance of a column is its mean absolute SHAP value over rows, for one class or summed over
classes. With two classes the sum is halved, because the SHAP values of both have the same size.
For groups of columns (descriptors, families, statistics, correlated columns), the signed SHAP
values are summed within each row first, so that opposite contributions cancel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.column_clusters import column_clusters, ranked
from featkit.explanation.contrast import SIDES, unusual_values
from featkit.explanation.explained_rows import NO_FOLD
from featkit.explanation.explanation import Explanation
from featkit.models.bootstrap import INTERVAL
from featkit.models.task import CLASSIFICATION

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

BY = ("column", "descriptor", "family", "statistic", "correlated")
"""Attributes of a column by which SHAP values can be summed."""

UNKNOWN = "(unknown)"
"""Label of columns that are not described."""

DRAWS = 500
"""Draws of the bootstrap."""

CORRELATED = 0.9
"""Absolute rank correlation from which two columns are redundant."""

RELATED = 0.7
"""Absolute rank correlation from which two columns say much the same: half of the variance of the
ranks is shared."""


class Ranking(NamedTuple):
    """Importances, the highest first, and their means in each fold.

    Attributes
    ----------
    table : pandas.DataFrame
        See `importance`.
    by_fold : pandas.DataFrame
        See `importance_by_fold`.
    """

    table: pd.DataFrame
    by_fold: pd.DataFrame


def rank(
    explanation: Explanation, *, by: str = "column", of_class: str | float | None = None
) -> Ranking:
    """Rank columns, or groups of columns, by importance.

    The ranking is computed on the first call and kept with the explanation, so that page, CSV files
    and plots share it.

    Parameters
    ----------
    explanation, by, of_class
        See `importance`.

    Returns
    -------
    Ranking
        The ranking, shared with other callers: do not modify it.

    Raises
    ------
    ParameterError
        If `of_class` or `by` is unknown.
    """
    if by not in BY:
        raise ParameterError(unknown("value of by", by, BY))
    k = None if of_class is None else explanation.place_of_class(of_class)
    if (by, k) not in explanation.rankings:
        explanation.rankings[by, k] = _rank(explanation, by, k)
    return explanation.rankings[by, k]


def _rank(explanation: Explanation, by: str, of_class: int | None) -> Ranking:
    import pandas as pd

    names, values = _grouped(explanation, by)
    sizes = contribution_sizes(
        values if of_class is None else values[:, :, of_class : of_class + 1], explanation.task
    )
    by_fold = pd.DataFrame(sizes, columns=names).groupby(explanation.folds).mean()
    by_fold = by_fold.drop(index=NO_FOLD, errors="ignore")
    mean = sizes.mean(axis=0)
    low, high = _interval(sizes, explanation.folds, explanation.groups)
    table = pd.DataFrame(
        {
            "feature": names,
            "mean_abs_shap": mean,
            "low": low,
            "high": high,
            "share": mean / max(mean.sum(), np.finfo(np.float64).tiny),
            "std": by_fold.std().to_numpy(),
        }
    )
    order = np.argsort(-mean, kind="stable")
    return Ranking(table.iloc[order].reset_index(drop=True), by_fold)


def importance(
    explanation: Explanation, *, by: str = "column", of_class: str | float | None = None
) -> pd.DataFrame:
    """Compute the mean absolute SHAP value, the highest first.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    by : {"column", "descriptor", "family", "statistic", "correlated"}
        Rank columns, or groups of columns with the same descriptor, family or statistic, or groups
        of correlated columns (see `related`), which have the name of their most important column.
    of_class : str or number, optional
        Class whose SHAP values count. By default, importances are summed over classes, and halved
        if there are two. Names that are numbers may be given as numbers.

    Returns
    -------
    pandas.DataFrame
        ``feature``; ``mean_abs_shap``; ``low`` and ``high``, its 95 % confidence interval, from a
        bootstrap over the folds that explained (whose models differ) and over groups of rows in
        each; ``share`` of the sum over all features, 0 to 1; and ``std``, the standard deviation
        over folds, NaN for a single fold.

    Raises
    ------
    ParameterError
        If `of_class` or `by` is unknown.
    """
    return rank(explanation, by=by, of_class=of_class).table.copy()


def importance_by_fold(
    explanation: Explanation, *, by: str = "column", of_class: str | float | None = None
) -> pd.DataFrame:
    """Compute the mean absolute SHAP value in each outer fold: how much the models of folds differ.

    Parameters
    ----------
    explanation, by, of_class
        See `importance`.

    Returns
    -------
    pandas.DataFrame
        One row for each fold (none for the final model), one column for each feature.

    Raises
    ------
    ParameterError
        If `of_class` or `by` is unknown.
    """
    return rank(explanation, by=by, of_class=of_class).by_fold.copy()


def _grouped(explanation: Explanation, by: str) -> tuple[list[str], Array]:
    """Names of features, and their signed SHAP values, ``(rows, names, classes)``."""
    if by == "column":
        return explanation.columns, explanation.values
    if by == "correlated":
        first = {name: names[0] for names in related(explanation) for name in names}
        return _summed(explanation, [first[name] for name in explanation.columns])
    return _summed(explanation, [_label(explanation, name, by) for name in explanation.columns])


def contribution_sizes(values: Array, task: str) -> Array:
    """Compute |SHAP| of each feature in each row, summed over classes or labels.

    Parameters
    ----------
    values : array of float64, shape ``(rows, names, classes)``
        Signed SHAP values.
    task : str
        Name of the task; with two classes, the sum is halved.

    Returns
    -------
    array of float64, shape ``(rows, names)``
    """
    sizes: Array = np.abs(values).sum(axis=2)
    return sizes / 2 if values.shape[2] == 2 and task == CLASSIFICATION else sizes


def _summed(explanation: Explanation, labels: Sequence[T]) -> tuple[list[T], Array]:
    """The distinct labels, and the summed SHAP values of the columns with each label."""
    names = list(dict.fromkeys(labels))
    member = np.array([[name == other for other in labels] for name in names], dtype=np.float64)
    return names, np.einsum("gc,rck->rgk", member, explanation.values)


def direction(explanation: Explanation) -> pd.DataFrame:
    """Compute the rank correlation of the values of columns with their SHAP values.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.

    Returns
    -------
    pandas.DataFrame
        One row for each column, one column for each class, from -1 (low values support the class)
        to 1 (high values support it). NaN if the column or its SHAP values are constant.
    """
    import pandas as pd

    ranks = ranked(explanation.inputs)
    correlations = [
        _correlation(ranks, ranked(explanation.values[:, :, k]))
        for k in range(len(explanation.classes))
    ]
    return pd.DataFrame(
        np.stack(correlations, axis=1), index=explanation.columns, columns=explanation.classes
    )


def correlated(explanation: Explanation) -> list[list[str]]:
    """Find groups of redundant columns.

    All pairs of columns in a group have an absolute rank correlation of at least `CORRELATED`
    (complete linkage). The order of importance within a group is arbitrary.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.

    Returns
    -------
    list of list of str
        The groups of at least two columns, the most important group and column first.
    """
    return [names for names in _clusters(explanation, CORRELATED) if len(names) > 1]


def related(explanation: Explanation) -> list[list[str]]:
    """Divide the columns into groups of columns that say much the same.

    All pairs of columns in a group have an absolute rank correlation of at least `RELATED`
    (complete linkage). With hundreds of columns, a single one says little: its importance is
    shared with those that are correlated with it.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.

    Returns
    -------
    list of list of str
        All columns once, the most important column of each group first. A column that is
        correlated with no other one is a group of its own.
    """
    return _clusters(explanation, RELATED)


def _clusters(explanation: Explanation, least: float) -> list[list[str]]:
    names = rank(explanation).table["feature"].tolist()
    return column_clusters(explanation.columns, explanation.inputs, names, least)


def grid(explanation: Explanation) -> pd.DataFrame:
    """Compute the mean absolute SHAP value of each family by each statistic, over all classes.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.

    Returns
    -------
    pandas.DataFrame
        One row for each family, the most important first, and one column for each statistic; 0 for
        combinations that do not occur.
    """
    import pandas as pd

    pairs = [
        (_label(explanation, name, "family"), _label(explanation, name, "statistic"))
        for name in explanation.columns
    ]
    cells, summed = _summed(explanation, pairs)
    values = contribution_sizes(summed, explanation.task).mean(axis=0)
    table = pd.Series(values, index=pd.MultiIndex.from_tuples(cells)).unstack().fillna(0.0)
    return table.loc[table.sum(axis=1).sort_values(ascending=False).index]


def _label(explanation: Explanation, column: str, by: str) -> str:
    """Descriptor, family or statistic of a column; a separate label if it has none."""
    if column not in explanation.schema:
        return UNKNOWN
    default = "value of the clip" if by == "statistic" else UNKNOWN
    return str(explanation.schema[column].get(by) or default)


def contributions(
    explanation: Explanation, row: int, of_class: str | float | None = None, *, top: int = 10
) -> pd.DataFrame:
    """Return the largest contributions to one row, for one class.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of some rows.
    row : int
        Index of the row, from 0.
    of_class : str or number, optional
        The class; by default, the predicted one.
    top : int
        Maximum number of columns.

    Returns
    -------
    pandas.DataFrame
        ``feature``, its ``value`` and ``unit``, its SHAP value ``shap``, the quartiles of the
        column in the class, ``usual_low`` and ``usual_high`` (NaN if unknown), and ``unusual``,
        "low" or "high" if the value is unusual (`unusual_values`), else "".

    Raises
    ------
    ParameterError
        If `of_class` is unknown.
    """
    import pandas as pd

    k = explanation.place_of_class(explanation.predicted[row] if of_class is None else of_class)
    values = explanation.values[row, :, k]
    order = np.argsort(-np.abs(values), kind="stable")[:top]
    usual = np.full((2, len(order)), np.nan)
    if explanation.usual is not None:
        usual = explanation.usual[:, k, order]
    flags = unusual_values(explanation, row)[k, order]
    return pd.DataFrame(
        {
            "feature": [explanation.columns[k] for k in order],
            "value": explanation.X[row, order],
            "unit": [explanation.unit(explanation.columns[k]) for k in order],
            "shap": values[order],
            "usual_low": usual[0],
            "usual_high": usual[1],
            "unusual": [SIDES[flag] for flag in flags.tolist()],
        }
    )


def _interval(sizes: Array, folds: Array, groups: Array) -> tuple[Array, Array]:
    """95 % confidence intervals of means over rows, by a bootstrap over folds and their groups.

    One fold fewer is drawn than exist, because the variance of a mean of few folds would be too
    small otherwise.

    References
    ----------
    McCarthy and Snowden, "The bootstrap and finite population sampling", 1985.
    """
    rng = np.random.default_rng(0)
    names, fold = np.unique(folds, return_inverse=True)
    drawn = rng.multinomial(max(len(names) - 1, 1), np.full(len(names), 1 / len(names)), DRAWS)
    sums, rows = np.zeros((DRAWS, sizes.shape[1])), np.zeros((DRAWS, 1))
    for k in range(len(names)):
        group_sums, group_rows = _by_group(sizes[fold == k], groups[fold == k])
        count = len(group_rows)
        times = rng.multinomial(drawn[:, k] * count, np.full(count, 1 / count))
        sums += times @ group_sums
        rows += (times @ group_rows)[:, None]
    low, high = np.percentile(sums / rows, INTERVAL, axis=0)
    return low, high


def _by_group(sizes: Array, groups: Array) -> tuple[Array, Array]:
    """Sum over the rows of each group, ``(groups, names)``, and number of rows, ``(groups,)``."""
    names, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), sizes.shape[1]))
    np.add.at(sums, group, sizes)
    return sums, np.bincount(group)


def _correlation(a: Array, b: Array) -> Array:
    """Correlation of each column of `a` with that of `b`, over rows that both have."""
    import pandas as pd

    return pd.DataFrame(a).corrwith(pd.DataFrame(b)).to_numpy()
