"""What the parts of a fitted estimator may be, when it comes from a file.

The list of types says what may be built, but not where it stands: without more, a method could be
replaced by an attribute of its name, or a parameter by an estimator that does something else.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

LEAF = -1
"""In the place of a child, where there is none."""

DEEPEST = 1000
"""Levels of a tree: what explains predictions goes down by recursion."""

SCALARS = (str, int, float, bool, type(None), np.float64, np.int64)

NUMBERS_AND_TEXTS = "biufU"
"""Kinds of arrays, as NumPy calls them: no objects, no records."""


def check_parts(thing: Any, kind: type, *, but: Collection[str] = ()) -> None:
    """Refuse a thing of another type, or one that holds anything but data.

    Parameters
    ----------
    thing : object
        An estimator or a transformer.
    kind : type
        What it should be: this very type.
    but : collection of str
        Attributes that are not looked at, because the caller does.

    Raises
    ------
    ValueError
        If a parameter is more than a number, a text or a truth value; if an attribute takes the
        place of a method, or is no data.
    """
    if type(thing) is not kind:
        raise ValueError(f"a {type(thing).__name__} where a {kind.__name__} belongs")
    parameters = kind._get_param_names()
    for name, value in vars(thing).items():
        if not isinstance(name, str) or hasattr(kind, name):
            raise ValueError(f"{name!r} of its {kind.__name__} hides what belongs there")
        if name in but:
            continue
        if not (type(value) in SCALARS if name in parameters else is_data(value)):
            raise ValueError(f"{name!r} of its {kind.__name__} is no plain value")


def check_parameters(thing: Any, own: Any, *, but: Collection[str] = ()) -> None:
    """Refuse other parameters than those of `own`, where featkit never chooses others."""
    for name, value in own.get_params(deep=False).items():
        if name not in but and repr(vars(thing).get(name, value)) != repr(value):
            raise ValueError(f"{name!r} of its {type(own).__name__} is not {value!r}")


def is_data(value: Any) -> bool:
    """Whether it is numbers and texts, and lists and tables of these."""
    if isinstance(value, list | tuple):
        return all(map(is_data, value))
    if type(value) is dict:
        return all(map(is_data, value)) and all(map(is_data, value.values()))
    if type(value) is np.ndarray:
        return is_array(value)
    if isinstance(value, np.dtype):
        return value.kind in NUMBERS_AND_TEXTS
    return type(value) in SCALARS


def is_array(value: Any, *shape: int, kinds: str = NUMBERS_AND_TEXTS) -> bool:
    """Whether it is an array of one of these kinds, and of this shape, if one is given."""
    return (
        type(value) is np.ndarray
        and value.dtype.kind in kinds
        and value.dtype.itemsize > 0
        and (not shape or value.shape == shape)
    )


def check_nodes(left: Any, right: Any) -> tuple[Any, int]:
    """Which nodes of a tree have children, and how deep it is; refuse what is no tree.

    Parameters
    ----------
    left, right : array of int, shape ``(nodes,)``
        The children of each node, or -1.

    Returns
    -------
    inner : array of bool, shape ``(nodes,)``
    depth : int
        Of its deepest leaf; the root's is 0.

    Raises
    ------
    ValueError
        If a child is outside of the tree, before its parent, so that a path could be endless, or
        the child of two; if it is so deep that recursion through it would not end well.
    """
    if not is_array(left, left.size, kinds="i") or not is_array(right, left.size, kinds="i"):
        raise ValueError("nodes of a tree whose children are not numbers of nodes")
    inner = left != LEAF
    if not left.size or not np.array_equal(inner, right != LEAF):
        raise ValueError("a node of a tree has one child")
    children, parents = np.stack([left[inner], right[inner]]), np.nonzero(inner)[0]
    if np.any(children <= parents) or np.any(children >= left.size):
        raise ValueError("a node of a tree has a child outside of it")
    if len(np.unique(children)) < left.size - 1:
        raise ValueError("a node of a tree is the child of two, or of none")
    level, depth = np.zeros(int(inner[0]), int), 0
    while level.size:
        if depth == DEEPEST:
            raise ValueError("a tree is deeper than any that grows")
        below = np.concatenate([left[level], right[level]])
        level, depth = below[inner[below]], depth + 1
    return inner, depth


def check_imputer(imputer: Any, own: Any, width: int) -> int:
    """Refuse a median for other columns than there are, and answer how many it gives."""
    from sklearn.impute import MissingIndicator

    check_parts(imputer, type(own), but={"indicator_"})
    check_parameters(imputer, own)
    indicator = imputer.indicator_
    check_parts(indicator, MissingIndicator)
    check_parameters(indicator, MissingIndicator(error_on_new=False))
    indicated = indicator.features_
    if not is_array(imputer.statistics_, width, kinds="f"):
        raise ValueError("medians for other columns than there are")
    if not is_array(indicated, indicated.size, kinds="i"):
        raise ValueError("indicators that are not numbers of columns")
    if np.any(indicated < 0) or np.any(indicated >= width) or np.any(np.diff(indicated) <= 0):
        raise ValueError("indicators for columns that there are not")
    return width + int(indicated.size)


def check_scaler(scaler: Any, own: Any, width: int) -> int:
    """Refuse means and scales for other columns than there are."""
    check_parts(scaler, type(own))
    check_parameters(scaler, own)
    for name in ("mean_", "scale_", "var_"):
        if not is_array(getattr(scaler, name), width, kinds="f"):
            raise ValueError(f"{name} for other columns than there are")
    return width


def check_rescaler(rescaler: Any, own: Any, width: int) -> int:
    """Refuse centres and factors for other columns than there are."""
    check_parts(rescaler, type(own))
    check_parameters(rescaler, own)
    for name in ("center_", "factor_"):
        if not is_array(getattr(rescaler, name), width, kinds="f"):
            raise ValueError(f"{name} for other columns than there are")
    return width


def check_selection(selection: Any, own: Any, width: int) -> int:
    """Refuse scores for other columns than there are, and answer how many are chosen."""
    check_parts(selection, type(own), but={"score_func"})
    check_parameters(selection, own, but={"k"})
    if type(selection.k) is not int or selection.k < 1:
        raise ValueError("a number of columns to keep that is none")
    if not is_array(selection.scores_, width, kinds="f"):
        raise ValueError("scores for other columns than there are")
    return min(selection.k, width)


PREPARATIONS = {
    "impute": check_imputer,
    "resolve": check_rescaler,
    "scale": check_scaler,
    "select": check_selection,
}
"""What checks the steps before an estimator: given the step, one of our own, and the columns."""
