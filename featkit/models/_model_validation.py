"""Checks of the parts of a fitted pipeline that comes from a file.

The list of allowed types limits what a file can build, but not where it is used. Without these
checks, an attribute could replace a method of the same name, and an estimator could be used as a
parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

LEAF = -1
"""Child of a node without children."""

MAX_DEPTH = 1000
"""Greatest number of levels of a tree, because SHAP values are computed by recursion."""

SCALARS = (str, int, float, bool, type(None), np.float64, np.int64)

NUMBERS_AND_TEXTS = "biufU"
"""Kinds of NumPy arrays that are allowed: no objects, no records."""


def check_parts(thing: Any, kind: type, *, but: Collection[str] = ()) -> None:
    """Check that an object has a type, and holds nothing but data.

    Parameters
    ----------
    thing : object
        An estimator or a transformer.
    kind : type
        Its expected type; a subclass is refused.
    but : collection of str
        Attributes that the caller checks.

    Raises
    ------
    ValueError
        If a parameter is not a number, a text or a boolean; if an attribute replaces a method, or
        is not data.
    """
    if type(thing) is not kind:
        raise ValueError(f"expected a {kind.__name__}, got a {type(thing).__name__}")
    parameters = kind._get_param_names()
    for name, value in vars(thing).items():
        if not isinstance(name, str) or hasattr(kind, name):
            raise ValueError(f"{name!r} of its {kind.__name__} replaces a method")
        if name in but:
            continue
        if not (type(value) in SCALARS if name in parameters else is_data(value)):
            raise ValueError(f"{name!r} of its {kind.__name__} is not plain data")


def check_parameters(thing: Any, own: Any, *, but: Collection[str] = ()) -> None:
    """Check that parameters have the values that featkit always uses.

    Parameters
    ----------
    thing : object
        An estimator or a transformer from a file.
    own : object
        The same one with the parameters of featkit.
    but : collection of str
        Parameters that may differ.

    Raises
    ------
    ValueError
        If a parameter differs.
    """
    for name, value in own.get_params(deep=False).items():
        if name not in but and repr(vars(thing).get(name, value)) != repr(value):
            raise ValueError(f"{name!r} of its {type(own).__name__} is not {value!r}")


def is_data(value: Any) -> bool:
    """Return whether a value consists of numbers and texts, in lists, dictionaries and arrays.

    Parameters
    ----------
    value : object
        Any object.

    Returns
    -------
    bool
    """
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
    """Return whether a value is an array of allowed kind and shape.

    Parameters
    ----------
    value : object
        Any object.
    *shape : int
        The expected shape; if omitted, any shape is allowed.
    kinds : str
        Kinds of NumPy types.

    Returns
    -------
    bool
    """
    return (
        type(value) is np.ndarray
        and value.dtype.kind in kinds
        and value.dtype.itemsize > 0
        and (not shape or value.shape == shape)
    )


TREES_AT_ONCE = 500
"""Number of trees that are checked together: fast, and with little memory."""


class Nodes(NamedTuple):
    """The nodes of several trees, one after the other.

    Attributes
    ----------
    inner : array of bool, shape ``(nodes,)``
        Whether a node has children.
    parents : array of int, shape ``(nodes,)``
        Position of the parent in the tree; -1 for the root.
    depths : array of int, shape ``(trees,)``
        Depth of the deepest leaf of each tree; that of the root is 0.
    """

    inner: Any
    parents: Any
    depths: Any


def check_nodes(left: Sequence[Any], right: Sequence[Any]) -> Nodes:
    """Check that nodes form trees.

    Parameters
    ----------
    left, right : sequence of array of int
        For each tree the positions of the children of each node, or -1.

    Returns
    -------
    Nodes

    Raises
    ------
    ValueError
        If a child is outside of its tree, before its parent (a path could be endless), or has two
        parents; if a tree has more than `MAX_DEPTH` levels.
    """
    for a, b in zip(left, right, strict=True):
        if not is_array(a, a.size, kinds="i") or not is_array(b, a.size, kinds="i") or not a.size:
            raise ValueError("the children of the nodes of a tree are not whole numbers")
    sizes = np.array([len(tree) for tree in left])
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
        raise ValueError("a node of a tree does not have exactly one parent")
    return Nodes(inner, parents, np.maximum.reduceat(_depths(children, inner, first), first))


def _depths(children: Any, inner: Any, level: Any) -> Any:
    """The depth of each node; `level` starts with the roots."""
    depths = np.zeros(len(inner), int)
    for depth in range(1, MAX_DEPTH + 2):
        level = children[:, level[inner[level]]].ravel()
        if not level.size:
            return depths
        depths[level] = depth
    raise ValueError(f"a tree has more than {MAX_DEPTH} levels")


def check_imputer(imputer: Any, own: Any, width: int) -> int:
    """Check the imputer.

    Parameters
    ----------
    imputer : SimpleImputer
        The step of the file.
    own : SimpleImputer
        The same step, unfitted, with the parameters of featkit.
    width : int
        Number of columns before the step.

    Returns
    -------
    int
        Number of columns after the step.

    Raises
    ------
    ValueError
        If it does not fit.
    """
    from sklearn.impute import MissingIndicator

    check_parts(imputer, type(own), but={"indicator_"})
    check_parameters(imputer, own)
    indicator = imputer.indicator_
    check_parts(indicator, MissingIndicator)
    check_parameters(indicator, MissingIndicator(error_on_new=False))
    indicated = indicator.features_
    if not is_array(imputer.statistics_, width, kinds="f"):
        raise ValueError("the medians do not fit the columns")
    if not is_array(indicated, indicated.size, kinds="i"):
        raise ValueError("the indicators are not whole numbers")
    if np.any(indicated < 0) or np.any(indicated >= width) or np.any(np.diff(indicated) <= 0):
        raise ValueError("the indicators do not fit the columns")
    return width + int(indicated.size)


def check_scaler(scaler: Any, own: Any, width: int, *, names: Sequence[str]) -> int:
    """Check a scaler or rescaler, whose fitted arrays have a number for each column.

    Parameters
    ----------
    scaler, own, width
        As for `check_imputer`.
    names : sequence of str
        Names of these arrays.

    Returns
    -------
    int
        As for `check_imputer`.

    Raises
    ------
    ValueError
        If an array does not fit the columns.
    """
    check_parts(scaler, type(own))
    check_parameters(scaler, own)
    for name in names:
        if not is_array(getattr(scaler, name), width, kinds="f"):
            raise ValueError(f"{name} does not fit the columns")
    return width


def check_selection(selection: Any, own: Any, width: int) -> int:
    """Check the selection of columns.

    Parameters
    ----------
    selection, own, width
        See `check_imputer`.

    Returns
    -------
    int
        Number of columns after the step.

    Raises
    ------
    ValueError
        If it does not fit.
    """
    check_parts(selection, type(own), but={"score_func"})
    check_parameters(selection, own, but={"k"})
    if type(selection.k) is not int or selection.k < 1:
        raise ValueError(f"the number of columns to keep is not positive: {selection.k!r:.20}")
    if not is_array(selection.scores_, width, kinds="f"):
        raise ValueError("the scores do not fit the columns")
    return min(selection.k, width)


PREPARATIONS: dict[str, Callable[[Any, Any, int], int]] = {
    "impute": check_imputer,
    "resolve": partial(check_scaler, names=("center_", "factor_")),
    "scale": partial(check_scaler, names=("mean_", "scale_", "var_")),
    "select": check_selection,
}
"""The function that checks each step before the estimator."""
