"""What the parts of a fitted estimator may be, when it comes from a file.

The list of types says what may be built, but not where it stands: without more, a method could be
replaced by an attribute of its name, or a parameter by an estimator that does something else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

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


TREES_AT_ONCE = 500
"""Trees that are checked together, which is faster than one by one, and needs little memory."""


class Nodes(NamedTuple):
    """The nodes of several trees, one after the other.

    Attributes
    ----------
    inner : array of bool, shape ``(nodes,)``
        Which of them have children.
    parents : array of int, shape ``(nodes,)``
        Of each its parent, by its place in its tree; -1 of the first node of each tree.
    depths : array of int, shape ``(trees,)``
        Of the deepest leaf of each tree; the first node's is 0.
    """

    inner: Any
    parents: Any
    depths: Any


def check_nodes(left: Sequence[Any], right: Sequence[Any]) -> Nodes:
    """Refuse what is no tree.

    Parameters
    ----------
    left, right : sequence of array of int
        The children of each node of each tree, or -1.

    Raises
    ------
    ValueError
        If a child is outside of its tree, before its parent, so that a path could be endless, or
        the child of two; if a tree is so deep that recursion through it would not end well.
    """
    for a, b in zip(left, right, strict=True):
        if not is_array(a, a.size, kinds="i") or not is_array(b, a.size, kinds="i") or not a.size:
            raise ValueError("nodes of a tree whose children are not numbers of nodes")
    sizes = np.array([len(each) for each in left])
    children = np.array([np.concatenate(left), np.concatenate(right)], np.int64)
    inner = children[0] != LEAF
    if not np.array_equal(inner, children[1] != LEAF):
        raise ValueError("a node of a tree has one child")
    first = np.cumsum(sizes) - sizes
    place = np.arange(len(inner)) - np.repeat(first, sizes)
    if np.any(inner & ((children <= place) | (children >= np.repeat(sizes, sizes)))):
        raise ValueError("a node of a tree has a child outside of it")
    children += np.repeat(first, sizes)
    parents = np.full(len(inner), -1)
    parents[children[:, inner]] = place[inner]
    times = np.bincount(children[:, inner].ravel(), minlength=len(inner))
    times[first] += 1
    if np.any(times != 1):
        raise ValueError("a node of a tree is the child of two, or of none")
    return Nodes(inner, parents, np.maximum.reduceat(_depths(children, inner, first), first))


def _depths(children: Any, inner: Any, level: Any) -> Any:
    """How deep each node is, from the first nodes of the trees on."""
    depths = np.zeros(len(inner), int)
    for depth in range(1, DEEPEST + 2):
        level = children[:, level[inner[level]]].ravel()
        if not level.size:
            return depths
        depths[level] = depth
    raise ValueError("a tree is deeper than any that grows")


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
