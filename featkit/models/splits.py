"""Splits that never divide a group, with an equal share of every class in each part.

All splitters follow scikit-learn: ``split(X, y, groups)`` yields the numbers of the training rows
and of the test rows. A group, such as the segments of a recording or the recordings of an artist,
is never in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.parameters import is_whole
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models._group_coverage import cover_classes
from featkit.models._label_stratification import assign_labelled_groups

TRAIN, VALIDATION, TEST = "train", "validation", "test"

PART_SYNONYMS = {
    "training": TRAIN,
    "valid": VALIDATION,
    "val": VALIDATION,
    "dev": VALIDATION,
    "development": VALIDATION,
    "testing": TEST,
    "eval": TEST,
    "evaluation": TEST,
    "holdout": TEST,
}
"""Other names of the parts in published splits."""

DECIMAL = re.compile(r"[-+]?[0-9]*\.[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)
"""A measured number, unlike a number that denotes a class, such as ``3``."""

Split = tuple[Array, Array]
"""Numbers of training rows and of test rows."""


def check_folds(folds: Any) -> None:
    """Check a number of folds.

    Parameters
    ----------
    folds : object

    Raises
    ------
    ParameterError
        If it is not a whole number from 2.
    """
    if not is_whole(folds) or folds < 2:
        raise ParameterError(f"folds must be a whole number from 2, got {folds!r}")


def check_shares(shares: Any) -> None:
    """Check the shares of a holdout split.

    Parameters
    ----------
    shares : object

    Raises
    ------
    ParameterError
        If they are not two or three positive, finite numbers.
    """
    values = list(shares) if isinstance(shares, Iterable) else []
    positive = all(isinstance(share, Real) and 0 < float(share) < np.inf for share in values)
    if len(values) not in (2, 3) or not positive:
        raise ParameterError(
            "shares must be two or three positive numbers, of train, validation and test or of"
            f" train and test, such as (60, 20, 20); got {shares!r}"
        )


class GroupFolds:
    """Cross-validation folds of whole groups, each with its share of every class.

    Parameters
    ----------
    n_splits : int
        Number of folds, from 2.
    seed : int
        Seed of the order among groups of one size.

    Examples
    --------
    >>> y = ["a", "a", "a", "a", "b", "b", "b", "b"]
    >>> songs = [1, 1, 2, 2, 3, 3, 4, 4]
    >>> for train, test in GroupFolds(2).split(y, y, songs):
    ...     print(len(train), [y[k] for k in test])
    4 ['a', 'a', 'b', 'b']
    4 ['a', 'a', 'b', 'b']
    """

    def __init__(self, n_splits: int = 5, *, seed: int = 0) -> None:
        check_folds(n_splits)
        self.n_splits = n_splits
        self.seed = seed

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        int
        """
        return self.n_splits

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[Split]:
        """Yield training and test rows of each fold.

        Parameters
        ----------
        X : object
            Ignored.
        y : array-like, shape ``(rows,)``, or array of bool, shape ``(rows, labels)``
            Class of each row, or which labels it has.
        groups : array-like, shape ``(rows,)``, optional
            Group of each row; by default each row is a group.

        Yields
        ------
        train, test : array of int
            Row numbers.

        Raises
        ------
        ParameterError
            If a class has fewer groups than there are folds.
        """
        groups = _groups_or_rows(y, groups)
        _check_groups(y, groups, self.n_splits)
        part = assign_parts(y, groups, np.full(self.n_splits, 1 / self.n_splits), seed=self.seed)
        for k in range(self.n_splits):
            yield np.flatnonzero(part != k), np.flatnonzero(part == k)


class GroupHoldout:
    """One split into whole groups by shares, each part with its share of every class.

    Parameters
    ----------
    shares : sequence of float
        Of train, validation and test, as in ``(60, 20, 20)``; or of train and test.
    seed : int
        Seed of the order among groups of one size.
    """

    def __init__(self, shares: Sequence[float] = (60, 20, 20), *, seed: int = 0) -> None:
        check_shares(shares)
        self.shares = shares
        self.seed = seed

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        int
            1.
        """
        return 1

    def parts(self, y: Any, groups: Any = None) -> Array:
        """Return the part of each row.

        Parameters
        ----------
        y : array-like, shape ``(rows,)``, or array of bool, shape ``(rows, labels)``
            Class of each row, or which labels it has.
        groups : array-like, shape ``(rows,)``, optional
            Group of each row; by default each row is a group.

        Returns
        -------
        array of str, shape ``(rows,)``
            ``"train"``, ``"validation"`` or ``"test"``.

        Raises
        ------
        ParameterError
            If a class has fewer groups than there are parts.
        """
        names = (TRAIN, VALIDATION, TEST) if len(self.shares) == 3 else (TRAIN, TEST)
        shares = np.array(self.shares) / sum(self.shares)
        return np.array(names)[assign_parts(y, _groups_or_rows(y, groups), shares, seed=self.seed)]

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[Split]:
        """Yield the training rows, with those of validation, and the test rows.

        Parameters
        ----------
        X, y, groups : object
            As for `GroupFolds.split`.

        Yields
        ------
        train, test : array of int
            Row numbers.
        """
        yield from split_by_part(self.parts(y, groups))


def split_by_fold(folds: Array) -> Iterator[Split]:
    """Yield the splits of a published column of folds, each fold once as test rows.

    Parameters
    ----------
    folds : array of str, shape ``(rows,)``
        Name of the fold of each row.

    Yields
    ------
    train, test : array of int
        Row numbers.
    """
    for name in natural_order(folds):
        yield np.flatnonzero(folds != name), np.flatnonzero(folds == name)


def split_by_part(parts: Array) -> Iterator[Split]:
    """Yield the one split of a column of parts; validation rows are training rows.

    Parameters
    ----------
    parts : array of str, shape ``(rows,)``
        ``"train"``, ``"validation"`` or ``"test"`` for each row.

    Yields
    ------
    train, test : array of int
        Row numbers.
    """
    yield np.flatnonzero(parts != TEST), np.flatnonzero(parts == TEST)


def natural_order(names: Array) -> list[str]:
    """Return the distinct names: numbers by size, then words in alphabetical order.

    Parameters
    ----------
    names : array of str

    Returns
    -------
    list of str
    """

    def key(name: str) -> tuple[bool, float, str]:
        number = name.isdecimal()
        return (not number, float(name) if number else 0.0, name)

    return sorted(set(names.tolist()), key=key)


def min_groups_per_class(y: Any, groups: Any) -> int:
    """Return the number of groups of the class that has the fewest.

    Parameters
    ----------
    y : array-like, shape ``(rows,)``, or array of bool, shape ``(rows, labels)``
        Class of each row. With labels, all rows count as one class.
    groups : array-like, shape ``(rows,)``
        Group of each row.

    Returns
    -------
    int
    """
    return min(groups_per_class(y, groups).values())


def groups_per_class(y: Any, groups: Any) -> dict[Any, int]:
    """Return the number of groups of each class.

    Parameters
    ----------
    y : array-like, shape ``(rows,)``, or array of bool, shape ``(rows, labels)``
        Class of each row. With labels, all rows count as one class.
    groups : array-like, shape ``(rows,)``
        Group of each row.

    Returns
    -------
    dict
    """
    if np.ndim(y) == 2:
        y = np.zeros(len(y))  # rows with any labels
    pairs = set(zip(np.asarray(y).tolist(), np.asarray(groups).tolist(), strict=True))
    counts: dict[Any, int] = {}
    for name, _ in pairs:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def assign_parts(y: Any, groups: Any, shares: Sequence[float] | Array, *, seed: int) -> Array:
    """Assign whole groups to parts, so that each part has its share of every class.

    Parameters
    ----------
    y : array-like, shape ``(rows,)``, or array of bool, shape ``(rows, labels)``
        Class of each row, or which labels it has.
    groups : array-like, shape ``(rows,)``
        Group of each row.
    shares : sequence of float, shape ``(parts,)``
        Share of each part; their sum is 1.
    seed : int
        Seed of the order among groups of one size.

    Returns
    -------
    array of int, shape ``(rows,)``
        Number of the part of each row.

    Raises
    ------
    ParameterError
        If a class has fewer groups than there are parts. Labels may have fewer; if there are fewer
        groups than parts.

    Notes
    -----
    The largest group comes first. Each goes to the part that lacks most of the classes of the
    group. If every group has one class, each part thus gets a group of every class. If groups have
    several classes, and a part lacks one, another division is searched for: see
    `featkit.models._group_coverage`. Rows with several labels are divided by iterative
    stratification: see `featkit.models._label_stratification`.
    """
    shares = np.asarray(shares, dtype=np.float64)
    _check_groups(y, groups, len(shares))
    ids, group_of = np.unique(np.asarray(groups), return_inverse=True)
    if np.ndim(y) == 2:
        return assign_labelled_groups(np.asarray(y), group_of, shares, seed=seed)[group_of]
    classes, class_of = np.unique(np.asarray(y), return_inverse=True)
    counts = np.zeros((len(ids), len(classes)))
    np.add.at(counts, (group_of, class_of), 1)
    target = shares[:, None] * counts.sum(axis=0)
    missing = target.copy()
    order = np.random.default_rng(seed).permutation(len(ids))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    part_of = np.empty(len(ids), dtype=np.intp)
    for group in order:
        own = counts[group]
        lack = (missing / target) @ (own / own.sum())
        # If several parts lack these classes equally, take the part that lacks most rows.
        part = np.lexsort((-missing.sum(axis=1), -np.round(lack, 9)))[0]
        part_of[group] = part
        missing[part] -= own
    return cover_classes(part_of, counts, target)[group_of]


def _check_groups(y: Any, groups: Any, n_parts: int) -> None:
    """Raise if a class has fewer groups than there are parts."""
    thing = "row" if len(set(np.asarray(groups).tolist())) == len(y) else "group"
    counts = groups_per_class(y, groups)
    if len(counts) == 1 and min(counts.values()) < n_parts:
        (count,) = counts.values()
        raise ParameterError(
            f"{counted(count, thing)} cannot be divided into {n_parts} parts: choose fewer folds or"
            " parts, or add rows"
        )
    for name, count in counts.items():
        if count < n_parts:
            fewer = f"choose at most {count} folds or parts, or " if count > 1 else ""
            numbers = (
                "; to predict numbers, use --target in place of --label"
                if _measured(counts)
                else ""
            )
            raise ParameterError(
                f"class {name!r} has {counted(count, thing)}, and each of {n_parts} parts needs"
                f" one: {fewer}remove the rows of the class{numbers}"
            )


def _measured(classes: Iterable[Any]) -> bool:
    """Whether all classes are decimal numbers, such as a target."""
    return all(DECIMAL.fullmatch(str(name)) for name in classes)


def _groups_or_rows(y: Any, groups: Any) -> Any:
    return np.arange(len(y)) if groups is None else groups
