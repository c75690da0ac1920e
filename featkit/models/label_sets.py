"""Sets of labels: the target of each row if a column holds several labels.

A target ``y``, ``(rows,)``, is an array of str. Each element holds the labels of one row, sorted
and joined by `JOINT`, a control character, so that labels may contain any separator of a table. The
element of a row without any label is "". `indicators` turns them into a matrix ``Y``,
``(rows, labels)``, bool, as scikit-learn uses it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.table.label_cells import OTHER_SEPARATORS, split_labels

JOINT = "\x1f"
"""Character between two labels: the unit separator of ASCII."""


def read_label_sets(name: str, cells: Array, separator: str) -> Array:
    """Read the sets of labels of a column.

    Parameters
    ----------
    name : str
        Name of the column, for messages.
    cells : array of str, shape ``(rows,)``
        Its cells; "" for a row without any label.
    separator : str
        Text between the labels of a cell.

    Returns
    -------
    array of str, shape ``(rows,)``
        The sets of labels, as the module describes.

    Raises
    ------
    ParameterError
        If no cell has two labels, or there are fewer than two labels.
    """
    distinct, place = np.unique(np.asarray(cells, dtype=np.str_), return_inverse=True)
    labels_of = [split_labels(cell, separator) for cell in distinct.tolist()]
    names = sorted({label for labels in labels_of for label in labels})
    if control := [label for label in names if JOINT in label]:
        raise ParameterError(f"column {name!r}: the label {control[0]!r} has a control character")
    if not any(len(labels) > 1 for labels in labels_of):
        others = [
            one
            for one in OTHER_SEPARATORS
            if one != separator and any(one in cell for cell in distinct.tolist())
        ]
        hint = f" (cells contain {others[0]!r})" if others else ""
        raise ParameterError(
            f"no cell of column {name!r} has several labels with {separator!r} between them: name"
            f" another separator{hint} with label_separator, or pass a column of one class per row"
            " as label"
        )
    joined = [JOINT.join(sorted(labels)) for labels in labels_of]
    return np.array(joined, dtype=np.str_)[place.ravel()]


def label_names(y: Iterable[str]) -> list[str]:
    """Return the labels that occur in some sets.

    Parameters
    ----------
    y : iterable of str
        Sets of labels.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    return sorted({label for labels in set(y) for label in split_labels(labels, JOINT)})


def indicators(y: Array, labels: Sequence[str]) -> Array:
    """Return which labels each row has.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        Sets of labels.
    labels : sequence of str
        The labels, in the order of the columns; others are ignored.

    Returns
    -------
    array of bool, shape ``(rows, labels)``
    """
    distinct, place = np.unique(np.asarray(y, dtype=np.str_), return_inverse=True)
    column = {label: k for k, label in enumerate(labels)}
    Y = np.zeros((len(distinct), len(labels)), dtype=bool)
    for row, own in enumerate(distinct.tolist()):
        Y[row, [column[label] for label in split_labels(own, JOINT) if label in column]] = True
    return Y[place.ravel()]


def label_sets(Y: Array, labels: Sequence[str], separator: str = JOINT) -> Array:
    """Join the labels of each row.

    Parameters
    ----------
    Y : array of bool, shape ``(rows, labels)``
        Which labels each row has.
    labels : sequence of str
        Names of the columns.
    separator : str
        Text between two labels.

    Returns
    -------
    array of object, shape ``(rows,)``
        Texts; "" for a row without a label.
    """
    names = np.asarray(labels, dtype=object)
    return np.array([separator.join(names[row]) for row in np.asarray(Y, dtype=bool)], dtype=object)


def without_labels(y: Array, left_out: Collection[str]) -> Array:
    """Remove some labels from all sets.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        Sets of labels.
    left_out : collection of str
        Labels to remove.

    Returns
    -------
    array of str, shape ``(rows,)``
        Sets of the other labels.
    """
    kept = [label for label in label_names(y.tolist()) if label not in left_out]
    return label_sets(indicators(y, kept), kept).astype(np.str_)
