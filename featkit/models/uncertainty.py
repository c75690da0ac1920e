"""Columns of predictions that say how certain they are: prediction set, abstention, novelty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.models.decisions import decide
from featkit.models.novelty import Novelty
from featkit.models.prediction_sets import PredictionSets, check_level, set_texts

PREDICTION_SET, ABSTAIN, NOVELTY = "prediction_set", "abstain", "novelty"
"""Names of the columns."""

TRAIN_AGAIN = "train it again with prediction_sets=True (--prediction-sets)"


@dataclass(frozen=True, kw_only=True)
class Uncertainty:
    """What to add to predictions.

    Attributes
    ----------
    sets : PredictionSets or None
        Thresholds of the model; None if neither sets nor abstention were asked for.
    coverage : float or None
        Coverage of the prediction sets.
    accuracy : float or None
        Wanted accuracy of the predictions without abstention.
    distances : Novelty or None
        Distance to the training data; None if it was not asked for.
    """

    sets: PredictionSets | None = None
    coverage: float | None = None
    accuracy: float | None = None
    distances: Novelty | None = None

    @classmethod
    def of(
        cls,
        sets: PredictionSets | None,
        distances: Novelty | None,
        *,
        coverage: float | None,
        accuracy: float | None,
        novelty: bool,
    ) -> Uncertainty:
        """Check the requested columns against the parts of a model.

        Parameters
        ----------
        sets : PredictionSets or None
            Thresholds of the model.
        distances : Novelty or None
            Its distance to the training data.
        coverage, accuracy, novelty
            As in `Model.predict`.

        Returns
        -------
        Uncertainty

        Raises
        ------
        ParameterError
            If a number is out of range, or coverage and accuracy are both given.
        ModelError
            If the model lacks what is needed, or never reached the accuracy.
        """
        coverage, accuracy = check_level("coverage", coverage), check_level("accuracy", accuracy)
        if coverage is not None and accuracy is not None:
            raise ParameterError(
                "coverage and accuracy are two rules of abstention: choose one of them"
            )
        asked = "coverage" if coverage is not None else "accuracy" if accuracy is not None else None
        if asked and sets is None:
            raise ModelError(f"{asked}: the model has no prediction sets: {TRAIN_AGAIN}")
        if novelty and distances is None:
            raise ModelError(
                "novelty: the model has no distance to its training data, because an earlier"
                " version of featkit trained it: train it again"
            )
        return cls(
            sets=sets if asked else None,
            coverage=coverage,
            accuracy=accuracy,
            distances=distances if novelty else None,
        )

    def row_distances(self, X: Array) -> Array | None:
        """Measure the distance of rows to the training data, if it is asked for.

        Parameters
        ----------
        X : array of float64, shape ``(rows, columns)``
            Features.

        Returns
        -------
        array of float64, shape ``(rows,)``, or None
        """
        return None if self.distances is None else self.distances.projection.distances(X)

    def columns(
        self,
        P: Array,
        classes: Sequence[str],
        distances: Array | None,
        per: str,
        costs: Array | None = None,
    ) -> dict[str, Array]:
        """Make the columns.

        Parameters
        ----------
        P : array of float64, shape ``(rows, classes)``
            Probabilities.
        classes : sequence of str
            In order.
        distances : array of float64, shape ``(rows,)``, or None
            Distances to the training data.
        per : {"recording", "segment"}
            What a row is.
        costs : array of float64, shape ``(classes, classes)``, optional
            Cost matrix that decides which class is predicted.

        Returns
        -------
        dict of str to array, shape ``(rows,)``
            ``prediction_set`` and ``abstain``, or ``abstain`` alone, and ``novelty``, as far as
            they are asked for.

        Raises
        ------
        ModelError
            If the model never reached the accuracy.
        """
        columns: dict[str, Array] = {}
        if self.sets is not None and self.coverage is not None:
            members = self.sets.thresholds(per).of_sets(self.coverage) <= P
            columns[PREDICTION_SET] = set_texts(members, classes)
            columns[ABSTAIN] = members.sum(axis=1) != 1
        if self.sets is not None and self.accuracy is not None:
            least = self._least_answer(self.sets, per)
            columns[ABSTAIN] = P[np.arange(len(P)), decide(P, costs)] < least
        if self.distances is not None and distances is not None:
            columns[NOVELTY] = self.distances.novelty(distances, per)
        return columns

    def _least_answer(self, sets: PredictionSets, per: str) -> float:
        thresholds = sets.thresholds(per)
        least = thresholds.of_answers(self.accuracy or 0.0)
        if least is None:
            raise ModelError(
                f"accuracy: no probability threshold of the model reached {self.accuracy:g} in"
                f" training: ask for at most {np.floor(1000 * thresholds.accuracies[-1]) / 1000:g}"
            )
        return least
