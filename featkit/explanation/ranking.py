"""What follows from contributions: which columns, descriptors and families decided, and how.

The importance of a column is the mean over rows of the absolute value of its contribution, for one
class, or summed over classes; of two classes one counts, for what speaks for the one speaks against
the other. Columns are put together by adding their signed contributions within
each row first: what two columns say against each other is not counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.explanation.explanation import NO_FOLD, Explanation
from featkit.models.scores import INTERVAL

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

BY = ("column", "descriptor", "family", "statistic")
"""What contributions can be put together by."""

UNKNOWN = "(unknown)"
"""The family of a column of which nothing is known."""

DRAWS = 500

CORRELATED = 0.9
"""Rank correlation above which two columns say the same: their order means nothing."""


def importance(
    explanation: Explanation, *, by: str = "column", of_class: str | float | None = None
) -> pd.DataFrame:
    """Mean |SHAP|, the greatest first.

    Parameters
    ----------
    explanation : Explanation
        The contributions.
    by : {"column", "descriptor", "family", "statistic"}
        What they are put together by.
    of_class : str or number, optional
        For one class; left out, summed over all, of which two count as one. Names that are numbers
        may be given as numbers.

    Returns
    -------
    pandas.DataFrame
        ``feature``, ``mean_abs_shap``, its 95 % interval ``low`` and ``high`` (a bootstrap over the
        folds that explained, whose models differ, and over groups of rows within each), ``share``
        of the sum of all, and ``std`` over the folds, NaN if there is one.

    Raises
    ------
    ParameterError
        If there is no such class, or no such way to put together.
    """
    import pandas as pd

    names, each = _each(explanation, by, of_class)
    mean = each.mean(axis=0)
    low, high = _interval(each, explanation.folds, explanation.groups)
    table = pd.DataFrame(
        {
            "feature": names,
            "mean_abs_shap": mean,
            "low": low,
            "high": high,
            "share": mean / max(mean.sum(), np.finfo(np.float64).tiny),
            "std": importance_by_fold(explanation, by=by, of_class=of_class).std().to_numpy(),
        }
    )
    order = np.argsort(-mean, kind="stable")
    return table.iloc[order].reset_index(drop=True)


def importance_by_fold(
    explanation: Explanation, *, by: str = "column", of_class: str | float | None = None
) -> pd.DataFrame:
    """Mean |SHAP| in each fold that explained: how far its models differ.

    Parameters
    ----------
    explanation, by, of_class
        See `importance`.

    Returns
    -------
    pandas.DataFrame
        A row for each fold, none for the final model; a column for each feature, in their order.

    Raises
    ------
    ParameterError
        If there is no such class, or no such way to put together.
    """
    import pandas as pd

    names, each = _each(explanation, by, of_class)
    means = pd.DataFrame(each, columns=names).groupby(explanation.folds).mean()
    return means.drop(index=NO_FOLD, errors="ignore")


def _each(
    explanation: Explanation, by: str, of_class: str | float | None
) -> tuple[list[str], Array]:
    """Names, and the size of the contributions of each to each row, ``(rows, names)``."""
    names, values = grouped(explanation, by)
    return names, _sizes(_of_class(explanation, values, of_class))


def grouped(explanation: Explanation, by: str) -> tuple[list[str], Array]:
    """Names and signed contributions, ``(rows, names, classes)``."""
    if by not in BY:
        raise ParameterError(unknown("way to put contributions together", by, BY))
    if by == "column":
        return explanation.columns, explanation.values
    return _summed(explanation, [_label(explanation, name, by) for name in explanation.columns])


def _sizes(values: Array) -> Array:
    """Size of the contributions to each row, over classes: ``(rows, names)``."""
    classes = values.shape[2]
    sizes: Array = np.abs(values).sum(axis=2)
    return sizes / 2 if classes == 2 else sizes


def _summed(explanation: Explanation, labels: Sequence[T]) -> tuple[list[T], Array]:
    """The different labels, and the sum of the contributions of the columns that have each."""
    names = list(dict.fromkeys(labels))
    member = np.array([[name == other for other in labels] for name in names], dtype=np.float64)
    return names, np.einsum("gc,rck->rgk", member, explanation.values)


def direction(explanation: Explanation) -> pd.DataFrame:
    """Whether more of a column speaks for a class: rank correlation of value and contribution.

    Returns
    -------
    pandas.DataFrame
        A row for each column, a column for each class, from -1 (less of it speaks for the class) to
        1 (more of it does); NaN for a column that never changes or never speaks.
    """
    import pandas as pd

    ranks = ranked(explanation.X)
    found = np.stack(
        [
            _correlation(ranks, ranked(explanation.values[:, :, k]))
            for k in range(len(explanation.classes))
        ],
        axis=1,
    )
    return pd.DataFrame(found, index=explanation.columns, columns=explanation.classes)


def correlated(explanation: Explanation) -> list[list[str]]:
    """Groups of columns that say the same, the most important group first.

    Columns are joined if each is correlated by rank with each (complete linkage). Which of them a
    model leans on is chance, and their order means nothing.
    """
    import pandas as pd
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    ranks = ranked(explanation.X)
    distance = 1 - np.abs(np.nan_to_num(pd.DataFrame(ranks).corr().to_numpy()))
    np.fill_diagonal(distance, 0)
    if len(distance) < 2:
        return []
    tree = linkage(squareform((distance + distance.T) / 2, checks=False), method="complete")
    member = fcluster(tree, t=1 - CORRELATED, criterion="distance")
    order = importance(explanation)["feature"].tolist()
    groups: dict[int, list[str]] = {}
    place = {name: k for k, name in enumerate(explanation.columns)}
    for name in order:
        groups.setdefault(int(member[place[name]]), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def grid(explanation: Explanation) -> pd.DataFrame:
    """Mean |SHAP| of each family by each statistic, over all classes; 0 where there is none."""
    import pandas as pd

    pairs = [
        (_label(explanation, name, "family"), _label(explanation, name, "statistic"))
        for name in explanation.columns
    ]
    cells, summed = _summed(explanation, pairs)
    values = _sizes(summed).mean(axis=0)
    table = pd.Series(values, index=pd.MultiIndex.from_tuples(cells)).unstack().fillna(0.0)
    return table.loc[table.sum(axis=1).sort_values(ascending=False).index]


def _label(explanation: Explanation, column: str, by: str) -> str:
    """What a column belongs to, or what is said of one that has no such thing."""
    if column not in explanation.schema:
        return UNKNOWN
    other = "value of the clip" if by == "statistic" else UNKNOWN
    return str(explanation.schema[column].get(by) or other)


def contributions(
    explanation: Explanation, row: int, of_class: str | float | None = None, *, top: int = 10
) -> pd.DataFrame:
    """The largest contributions to one row, for one class.

    Parameters
    ----------
    explanation : Explanation
        The contributions.
    row : int
        Which row.
    of_class : str or number, optional
        For which class; left out, the one that was predicted.
    top : int
        How many.

    Returns
    -------
    pandas.DataFrame
        ``feature``, its ``value`` and ``unit``, its contribution ``shap``, and between which values
        the middle half of the class lies, ``usual_low`` and ``usual_high``; NaN where not known.
    """
    import pandas as pd

    k = explanation.place_of_class(explanation.predicted[row] if of_class is None else of_class)
    values = explanation.values[row, :, k]
    order = np.argsort(-np.abs(values), kind="stable")[:top]
    usual = np.full((2, len(order)), np.nan)
    if explanation.usual is not None:
        usual = explanation.usual[:, k, order]
    return pd.DataFrame(
        {
            "feature": [explanation.columns[k] for k in order],
            "value": explanation.X[row, order],
            "unit": [explanation.unit(explanation.columns[k]) for k in order],
            "shap": values[order],
            "usual_low": usual[0],
            "usual_high": usual[1],
        }
    )


def _of_class(explanation: Explanation, values: Array, name: str | float | None) -> Array:
    if name is None:
        return values
    k = explanation.place_of_class(name)
    return values[:, :, k : k + 1]


def _interval(each: Array, folds: Array, groups: Array) -> tuple[Array, Array]:
    """The 95 % interval of means over rows, ``(names,)`` each: folds are drawn, and their groups.

    One fold fewer is drawn than there are, for else the variance of a mean of few is too small
    (McCarthy and Snowden, "The bootstrap and finite population sampling", 1985).
    """
    rng = np.random.default_rng(0)
    names, fold = np.unique(folds, return_inverse=True)
    drawn = rng.multinomial(max(len(names) - 1, 1), np.full(len(names), 1 / len(names)), DRAWS)
    sums, rows = np.zeros((DRAWS, each.shape[1])), np.zeros((DRAWS, 1))
    for k in range(len(names)):
        of_groups, sizes = _by_group(each[fold == k], groups[fold == k])
        count = len(sizes)
        times = rng.multinomial(drawn[:, k] * count, np.full(count, 1 / count))
        sums += times @ of_groups
        rows += (times @ sizes)[:, None]
    low, high = np.percentile(sums / rows, INTERVAL, axis=0)
    return low, high


def _by_group(each: Array, groups: Array) -> tuple[Array, Array]:
    """The sum over the rows of each group, ``(groups, names)``, and how many these are."""
    names, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), each.shape[1]))
    np.add.at(sums, group, each)
    return sums, np.bincount(group)


def ranked(x: Array) -> Array:
    """Ranks within each column, NaN where there is none."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(x, axis=0, nan_policy="omit"), dtype=np.float64)


def _correlation(a: Array, b: Array) -> Array:
    """Of each column of `a` with that of `b`, over the rows that both have; NaN of a constant."""
    import pandas as pd

    return pd.DataFrame(a).corrwith(pd.DataFrame(b)).to_numpy()
