"""A fitted model with what its user needs: columns, units, classes, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.models.problem import named, texts, too_large
from featkit.table.feature_table import FeatureTable

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

PER = ("recording", "segment")
"""What a prediction can be of."""


@dataclass(frozen=True, eq=False)
class Classifier:
    """What tells classes apart in a table.

    Attributes
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Fitted.
    name : str
        The estimator's.
    classes : list of str
        In the order of the probabilities.
    columns : list of str
        The features that it looks at, in its order.
    provenance : dict
        What the features of the table it was fitted on came from: feature set, units, versions.
    training : dict
        How it was trained: rows, label, split, parameters, seed, versions.
    scores : dict
        How well it did on rows that it had not seen; see `featkit.models.result.Result`.
    """

    pipeline: Pipeline
    name: str
    classes: list[str]
    columns: list[str]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)

    @property
    def units(self) -> dict[str, str]:
        """The unit of each column, where it is known."""
        return _units(self.provenance)

    def probabilities(self, table: FeatureTable) -> Array:
        """Probability of each class for each row, ``(rows, classes)``.

        Raises
        ------
        TableError
            If the table lacks a column, has it in another unit, or is of another feature set.
        """
        self.check(table)
        return probabilities(self.pipeline, table.matrix(self.columns), self.classes)

    def predict_table(self, table: FeatureTable, *, per: str = "recording") -> pd.DataFrame:
        """Class and probabilities of recordings, or of each of their segments.

        Parameters
        ----------
        table : FeatureTable
            With the columns that the model wants.
        per : {"recording", "segment"}
            Whether rows of one recording are put together, by the mean of their log probabilities.

        Returns
        -------
        pandas.DataFrame
            ``path`` (and ``start``, ``end`` of a segment), ``predicted``, ``probability`` of that
            class, and the probability of each class, called ``p_<class>``. Where the table has no
            such keys, ``row``: the number of the row in it, counted from 1.

        Raises
        ------
        TableError
            As for `probabilities`.
        """
        import pandas as pd

        P = self.probabilities(table)
        keys = pd.DataFrame(
            {key: table.keys[key] for key in ("path", "start", "end") if key in table.keys}
        )
        if per == "recording" and "path" in keys:
            paths, P = of_recordings(texts(table, "path"), P)
            keys = pd.DataFrame({"path": paths})
        if not len(keys.columns):
            keys = pd.DataFrame({"row": table.row_numbers})
        return pd.concat([keys, prediction_columns(P, self.classes)], axis=1)

    def check(self, table: FeatureTable) -> None:
        """Refuse a table whose columns mean something else than those the model was fitted on.

        Raises
        ------
        TableError
            If the table lacks a column, has it in another unit, or is of another feature set.
        """
        missing = [name for name in self.columns if name not in table.feature_names]
        wanted, given = (_feature_set(p) for p in (self.provenance, table.provenance))
        if wanted and given and wanted != given:
            which = f"{given[0]}, the model wants {wanted[0]}"
            if given[0] == wanted[0]:
                which = f"{given[0]}, as the model is, but of another definition"
            raise TableError(
                f"the table is of the feature set {which}: extract it again with the model's own"
            )
        if missing:
            raise TableError(
                f"the table lacks {len(missing)} of the model's {len(self.columns)} columns:"
                f" {named(missing)}"
            )
        ours, theirs = self.units, _units(table.provenance)
        for name in self.columns:
            if name in theirs and ours.get(name, theirs[name]) != theirs[name]:
                raise TableError(
                    f"column {name!r} is in {theirs[name]!r}, the model wants it in {ours[name]!r}"
                )
        rows, beyond = np.nonzero(too_large(table.matrix(self.columns)))
        if len(rows):
            raise TableError(
                f"{table.row_name(rows[0])}: column {self.columns[beyond[0]]!r} holds infinite"
                " values: correct or remove the rows"
            )


def probabilities(pipeline: Pipeline, X: Array, classes: Sequence[str]) -> Array:
    """Probabilities in the order of `classes`; 0 for one that the pipeline never saw."""
    if not len(X):
        return np.zeros((0, len(classes)))
    P = in_order_of(classes, pipeline.classes_, pipeline.predict_proba(X))
    P /= P.sum(axis=1, keepdims=True)  # XGBoost's are single precision
    return P


def in_order_of(classes: Sequence[str], own: Array, x: Array) -> Array:
    """The last axis of `x`, that of a pipeline's `own` classes, in the order of all; else 0."""
    ordered = np.zeros((*x.shape[:-1], len(classes)))
    ordered[..., np.searchsorted(classes, own)] = x
    return ordered


def of_recordings(recordings: Array, P: Array) -> tuple[Array, Array]:
    """Recordings in order of appearance, and the probabilities of each.

    Those of its rows are multiplied and taken to the power of one over their number (the mean of
    their logs), then scaled to a sum of 1.
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


def prediction_columns(P: Array, classes: Sequence[str]) -> pd.DataFrame:
    """``predicted``, its ``probability``, and ``p_<class>`` for each class."""
    import pandas as pd

    columns: dict[str, Any] = {
        "predicted": np.asarray(classes, dtype=object)[np.argmax(P, axis=1)],
        "probability": P.max(axis=1) if len(P) else np.empty(0),
    }
    return pd.DataFrame(columns | {f"p_{name}": P[:, k] for k, name in enumerate(classes)})


def _feature_set(provenance: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name with version, and fingerprint."""
    if "feature_set" not in provenance:
        return None
    described = provenance["feature_set"]
    return f"{described['name']} {described['version']}", provenance["fingerprint"]


def _units(provenance: Mapping[str, Any]) -> dict[str, str]:
    return {column["name"]: column["unit"] for column in provenance.get("columns", [])}
