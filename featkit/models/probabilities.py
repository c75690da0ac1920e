"""Probabilities of rows and of recordings, and the columns that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.models.decisions import decision_arrays
from featkit.table.disk_matrix import DiskMatrix, Matrix

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

ROWS_AT_ONCE = 1024
"""Rows that are predicted together.

The last bit of the probabilities of a linear model depends on the number of rows in a matrix
product. Blocks of this size from the first row on give the same bits for a whole table and for one
that is read in pieces; they also bound the memory that a prediction takes.
"""

TREE_ROWS_AT_ONCE = 16 * ROWS_AT_ONCE
"""The same for trees: their probabilities do not depend on other rows, and each block costs a
forest 40 ms."""


def probabilities(pipeline: Pipeline, X: Matrix, classes: Sequence[str]) -> Array:
    """Compute probabilities with a pipeline that may have been trained on fewer classes.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        The fitted pipeline.
    X : array of float64 or DiskMatrix, shape ``(rows, columns)``
        Features.
    classes : sequence of str
        All classes, in order.

    Returns
    -------
    array of float64, shape ``(rows, classes)``
        0 for a class that the pipeline was not trained on.
    """
    at_once = rows_at_once(pipeline, X)
    blocks = [np.zeros((0, len(classes)))]
    for start in range(0, len(X), at_once):
        own = pipeline.predict_proba(X[start : start + at_once])
        P = in_order_of(classes, pipeline.classes_, own)
        P /= P.sum(axis=1, keepdims=True)  # XGBoost computes in single precision
        blocks.append(P)
    return np.concatenate(blocks)


def rows_at_once(pipeline: Pipeline, X: Matrix) -> int:
    """Return the number of rows that a pipeline predicts together.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
    X : array of float64 or DiskMatrix, shape ``(rows, columns)``
        All rows; a matrix on disk limits how many are in memory.

    Returns
    -------
    int
    """
    if multiplies_matrices(pipeline):
        return ROWS_AT_ONCE
    return min(TREE_ROWS_AT_ONCE, X.rows_at_once if isinstance(X, DiskMatrix) else len(X) or 1)


def multiplies_matrices(pipeline: Pipeline) -> bool:
    """Return whether the estimator multiplies matrices: only trees do without scaling.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        A fitted pipeline.

    Returns
    -------
    bool
    """
    members = getattr(pipeline.steps[-1][1], "pipelines_", [])
    return "scale" in pipeline.named_steps or any(map(multiplies_matrices, members))


def in_order_of(classes: Sequence[str], own: Array, x: Array) -> Array:
    """Reorder the last axis of an array from the classes of a pipeline to all classes.

    Parameters
    ----------
    classes : sequence of str
        All classes, in order.
    own : array of str
        Classes of the pipeline.
    x : array, shape ``(..., own)``
        Values for those.

    Returns
    -------
    array of float64, shape ``(..., classes)``
        0 for a class that the pipeline lacks.
    """
    ordered = np.zeros((*x.shape[:-1], len(classes)))
    ordered[..., np.searchsorted(classes, own)] = x
    return ordered


def of_recordings(recordings: Array, P: Array) -> tuple[Array, Array]:
    """Combine the probabilities of the segments of each recording.

    Parameters
    ----------
    recordings : array of str, shape ``(rows,)``
        The recording of each row.
    P : array of float64, shape ``(rows, classes)``
        Probabilities.

    Returns
    -------
    names : array of str, shape ``(recordings,)``
        Recordings in order of appearance.
    joint : array of float64, shape ``(recordings, classes)``
        The geometric mean over the rows of each, scaled to a sum of 1.
    """
    names, first, member = np.unique(recordings, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    logs = np.zeros((len(names), P.shape[1]))
    np.add.at(logs, place[member], np.log(np.maximum(P, np.finfo(np.float64).tiny)))
    logs /= np.bincount(place[member], minlength=len(names))[:, None]
    joint = np.exp(logs - logs.max(axis=1, keepdims=True))
    return names[order], joint / joint.sum(axis=1, keepdims=True)


def prediction_arrays(
    P: Array,
    classes: Sequence[str],
    costs: Array | None = None,
    *,
    added: Mapping[str, Array] = MappingProxyType({}),
) -> dict[str, Array]:
    """Make the columns ``predicted``, ``probability`` and ``p_<class>`` of each class.

    Parameters
    ----------
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    costs : array of float64, shape ``(classes, classes)``, optional
        See `featkit.models.decisions.decide`.
    added : mapping of str to array, shape ``(rows,)``, optional
        Columns that follow ``probability``.

    Returns
    -------
    dict of str to array, shape ``(rows,)``
    """
    of_classes = {f"p_{name}": P[:, k] for k, name in enumerate(classes)}
    return {**decision_arrays(P, classes, costs), **added, **of_classes}


def prediction_columns(
    P: Array, classes: Sequence[str], costs: Array | None = None
) -> pd.DataFrame:
    """Make a table of the columns of `prediction_arrays`.

    Parameters
    ----------
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    classes : sequence of str
        In order.
    costs : array of float64, shape ``(classes, classes)``, optional
        See `featkit.models.decisions.decide`.

    Returns
    -------
    pandas.DataFrame
    """
    import pandas as pd

    return pd.DataFrame(prediction_arrays(P, classes, costs))
