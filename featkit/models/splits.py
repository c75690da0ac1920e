"""Splits that keep together what belongs together.

All are scikit-learn splitters: ``split(X, y, groups)`` yields the numbers of the rows to learn from
and of those to be judged by. A group, be it the segments of a recording or the recordings of an
artist, is never on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from numbers import Real
from typing import Any

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.parameters import is_whole
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models._group_coverage import cover

TRAIN, VALIDATION, TEST = "train", "validation", "test"

OTHER_NAMES = {
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
"""What published splits call their parts, where it is not what we call them."""


def check_folds(folds: Any) -> None:
    """Refuse a number of folds that is none.

    Raises
    ------
    ParameterError
        If it is not a whole number from 2.
    """
    if not is_whole(folds) or folds < 2:
        raise ParameterError(f"folds must be a whole number from 2, got {folds!r}")


def check_shares(shares: Any) -> None:
    """Refuse shares that are none.

    Raises
    ------
    ParameterError
        If they are not two or three numbers above 0.
    """
    given = list(shares) if isinstance(shares, Iterable) else []
    numbers = all(isinstance(share, Real) and 0 < float(share) < np.inf for share in given)
    if len(given) not in (2, 3) or not numbers:
        raise ParameterError(
            "shares must be those of train, validation and test, or of train and test,"
            f" as in (60, 20, 20); got {shares!r}"
        )


class GroupFolds:
    """Folds of whole groups, each with its share of every class.

    Parameters
    ----------
    n_splits : int
        Number of folds.
    seed : int
        Of the order in which groups of one size are dealt out.

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
        """Number of folds."""
        return self.n_splits

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[Array, Array]]:
        """Rows to learn from and rows to be judged by, for each fold.

        Raises
        ------
        ParameterError
            If a class has fewer groups than there are folds.
        """
        groups = _each_row(y, groups)
        _check_groups(y, groups, self.n_splits)
        part = deal(y, groups, np.full(self.n_splits, 1 / self.n_splits), seed=self.seed)
        for k in range(self.n_splits):
            yield np.flatnonzero(part != k), np.flatnonzero(part == k)


class GroupHoldout:
    """One split by shares: whole groups, each part with its share of every class.

    Parameters
    ----------
    shares : sequence of float
        Of train, validation and test, as in ``(60, 20, 20)``; or of train and test.
    seed : int
        Of the order in which groups of one size are dealt out.
    """

    def __init__(self, shares: Sequence[float] = (60, 20, 20), *, seed: int = 0) -> None:
        check_shares(shares)
        self.shares = shares
        self.seed = seed

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """One."""
        return 1

    def parts(self, y: Any, groups: Any = None) -> Array:
        """``"train"``, ``"validation"`` or ``"test"`` for each row.

        Raises
        ------
        ParameterError
            If a class has fewer groups than there are parts.
        """
        names = (TRAIN, VALIDATION, TEST) if len(self.shares) == 3 else (TRAIN, TEST)
        shares = np.array(self.shares) / sum(self.shares)
        return np.array(names)[deal(y, _each_row(y, groups), shares, seed=self.seed)]

    def split(self, X: Any, y: Any, groups: Any = None) -> Iterator[tuple[Array, Array]]:
        """All rows but those of the test, and those of the test."""
        yield from by_part(self.parts(y, groups))


def by_fold(folds: Array) -> Iterator[tuple[Array, Array]]:
    """Splits by a published column of folds: each fold once judges what the others taught."""
    for name in in_order(folds):
        yield np.flatnonzero(folds != name), np.flatnonzero(folds == name)


def by_part(parts: Array) -> Iterator[tuple[Array, Array]]:
    """The split by a column of train, validation and test: all that is not the test teaches."""
    yield np.flatnonzero(parts != TEST), np.flatnonzero(parts == TEST)


def in_order(names: Array) -> list[str]:
    """The different names: numbers by size, then words by the alphabet."""

    def key(name: str) -> tuple[bool, float, str]:
        number = name.isdecimal()
        return (not number, float(name) if number else 0.0, name)

    return sorted(set(names.tolist()), key=key)


def least_groups(y: Any, groups: Any) -> int:
    """Number of groups of the class that has the fewest."""
    return min(groups_of_classes(y, groups).values())


def groups_of_classes(y: Any, groups: Any) -> dict[Any, int]:
    """How many groups each class stands in."""
    pairs = set(zip(np.asarray(y).tolist(), np.asarray(groups).tolist(), strict=True))
    counts: dict[Any, int] = {}
    for name, _ in pairs:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items()))


def deal(y: Any, groups: Any, shares: Sequence[float] | Array, *, seed: int) -> Array:
    """Deal whole groups out to parts, so that each part has its share of every class.

    The largest group is dealt first, always to the part that lacks most of what the group has.
    Where a group has one class, every part thus gets at least one group of each class. Where groups
    have several, and a class is left out of a part, another division is looked for: see
    `featkit.models._group_coverage`.

    Parameters
    ----------
    y, groups : array-like, shape ``(rows,)``
        Class and group of each row.
    shares : sequence of float
        What each part is to have; together 1.
    seed : int
        Of the order among groups of one size.

    Returns
    -------
    array of int, shape ``(rows,)``
        Number of the part of each row.

    Raises
    ------
    ParameterError
        If a class has fewer groups than there are parts.
    """
    shares = np.asarray(shares, dtype=np.float64)
    _check_groups(y, groups, len(shares))
    ids, group_of = np.unique(np.asarray(groups), return_inverse=True)
    classes, class_of = np.unique(np.asarray(y), return_inverse=True)
    counts = np.zeros((len(ids), len(classes)))
    np.add.at(counts, (group_of, class_of), 1)
    wanted = shares[:, None] * counts.sum(axis=0)
    left = wanted.copy()
    order = np.random.default_rng(seed).permutation(len(ids))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    part_of = np.empty(len(ids), dtype=np.intp)
    for group in order:
        own = counts[group]
        lack = (left / wanted) @ (own / own.sum())
        # Of parts that lack as much of this class, the one that lacks most in all.
        part = np.lexsort((-left.sum(axis=1), -np.round(lack, 9)))[0]
        part_of[group] = part
        left[part] -= own
    return cover(part_of, counts, wanted)[group_of]


def _check_groups(y: Any, groups: Any, parts: int) -> None:
    """Refuse more parts than each class has groups for."""
    thing = "row" if len(set(np.asarray(groups).tolist())) == len(y) else "group"
    for name, count in groups_of_classes(y, groups).items():
        if count < parts:
            fewer = f"ask for at most {count} folds or parts, or " if count > 1 else ""
            raise ParameterError(
                f"class {name!r} has {counted(count, thing)} to divide, and {parts} parts want one"
                f" each: {fewer}remove the rows of the class"
            )


def _each_row(y: Any, groups: Any) -> Any:
    return np.arange(len(y)) if groups is None else groups
