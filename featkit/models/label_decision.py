"""The decision which labels are predicted: a threshold for the probability of each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class LabelDecision:
    """Thresholds of labels.

    Attributes
    ----------
    separator : str
        Text between the labels of a prediction.
    thresholds : sequence of float, shape ``(labels,)``
        From 0 to 1. A label is predicted where its probability is at least the threshold.
    """

    separator: str
    thresholds: Sequence[float]

    def labels(self, P: Array) -> Array:
        """Decide which labels are predicted.

        Parameters
        ----------
        P : array of float64, shape ``(rows, labels)``
            Probabilities.

        Returns
        -------
        array of bool, shape ``(rows, labels)``
        """
        thresholds = np.asarray(self.thresholds, dtype=np.float64)
        return np.asarray(np.greater_equal(P, thresholds))

    @classmethod
    def by_row(cls, decisions: Sequence[LabelDecision], rows: Sequence[int]) -> LabelDecision:
        """Join the decisions of several folds.

        Parameters
        ----------
        decisions : sequence of LabelDecision
            Decision of each fold.
        rows : sequence of int
            Number of rows of each fold.

        Returns
        -------
        LabelDecision
            For the rows of all folds, one after the other: its thresholds are an array of float64,
            ``(rows, labels)``.
        """
        thresholds = np.array([decision.thresholds for decision in decisions], dtype=np.float64)
        by_row: Any = np.repeat(thresholds, rows, axis=0)
        return cls(separator=decisions[0].separator, thresholds=by_row)

    def check(self, n_labels: int) -> None:
        """Check that a decision from a file fits the labels.

        Parameters
        ----------
        n_labels : int
            Number of labels.

        Raises
        ------
        ModelError
            If it does not.
        """
        if not self.separator:
            raise ModelError("its separator of labels is empty")
        if len(self.thresholds) != n_labels or not all(0 <= one <= 1 for one in self.thresholds):
            raise ModelError("its thresholds are not a number from 0 to 1 for each label")
