"""Ensemble: the weighted mean of the probabilities of other estimators.

Each member has its own pipeline, since estimators need different preprocessing. ``auto`` selects
members and weights on inner folds; see `featkit.models.ensemble_selection`. By default, the members
are those of `DEFAULT_MEMBERS` with equal weights.

References
----------
Caruana, Niculescu-Mizil, Crew and Ksikes, "Ensemble selection from libraries of models", ICML 2004.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from featkit._utils.parameters import is_number, unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models._model_validation import check_parts
from featkit.models.estimator import (
    ENSEMBLE,
    ESTIMATORS,
    Candidate,
    Estimator,
    check_candidate,
    group_options,
    pipeline,
)
from featkit.models.pipeline_check import check_pipeline
from featkit.models.task import CLASSIFICATION, TASKS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from featkit.models.onnx_export.tensor import Tensor

Members = Sequence[tuple[str, Mapping[str, Any], float]]
"""Estimator, parameters and weight of each member."""

DEFAULT_MEMBERS: Members = (("random_forest", {}, 0.5), ("svm", {}, 0.5))

MAX_MEMBERS = 50
"""Greatest number of members that a model file may have."""


class WeightedMean(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose probabilities are the weighted mean of those of its members.

    Parameters
    ----------
    members : sequence of (str, mapping, float)
        Estimator, parameters and weight of each member; the weights sum to 1.
    seed : int
        Seed of every member.
    select : int, optional
        Number of columns that each member keeps; see `featkit.models.estimator.pipeline`.

    Attributes
    ----------
    classes_ : array of str, shape ``(classes,)``
        The classes, sorted.
    pipelines_ : list of Pipeline
        The fitted pipeline of each member.
    """

    def __init__(
        self, members: Members = DEFAULT_MEMBERS, seed: int = 0, select: int | None = None
    ) -> None:
        self.members = members
        self.seed = seed
        self.select = select

    def fit(self, X: Array, y: Array, groups: Array | None = None) -> Self:
        """Fit all members.

        Parameters
        ----------
        X : array, shape ``(rows, columns)``
            Feature values; NaN where missing.
        y : array of str, shape ``(rows,)``
            Class of each row.
        groups : array, shape ``(rows,)``, optional
            Group of each row, for members that need it.

        Returns
        -------
        WeightedMean
            The fitted classifier.
        """
        self.pipelines_ = []
        for name, parameters, _ in self.members:
            member = pipeline(name, select=self.select, seed=self.seed, **parameters)
            self.pipelines_.append(member.fit(X, y, **group_options(member, groups)))
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Array) -> Array:
        """Compute the weighted mean of the probabilities of all members.

        Parameters
        ----------
        X : array, shape ``(rows, columns)``
            Feature values; NaN where missing.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
        """
        check_is_fitted(self, "pipelines_")
        P = np.zeros((len(X), len(self.classes_)))
        for (_, _, weight), member in zip(self.members, self.pipelines_, strict=True):
            own = np.asarray(member.predict_proba(X), dtype=np.float64)
            P += weight * own / own.sum(axis=1, keepdims=True)
        return P

    def predict(self, X: Array) -> Array:
        """Predict the class with the greatest probability.

        Parameters
        ----------
        X : array, shape ``(rows, columns)``
            Feature values; NaN where missing.

        Returns
        -------
        array of str, shape ``(rows,)``
        """
        answer: Array = self.classes_[np.argmax(self.predict_proba(X), axis=1)]
        return answer


def assembled(
    candidate: Candidate, members: Sequence[Pipeline], *, select: int | None, seed: int
) -> Pipeline:
    """Make a fitted ensemble of fitted members.

    Parameters
    ----------
    candidate : Candidate
        The ensemble.
    members : sequence of Pipeline
        The fitted pipeline of each member, on the same rows.
    select : int or None
        Number of columns that each member keeps.
    seed : int
        Seed of every member.

    Returns
    -------
    sklearn.pipeline.Pipeline
    """
    fitted = pipeline(ENSEMBLE, select=select, seed=seed, **candidate.parameters)
    model = fitted.named_steps["model"]
    model.pipelines_ = list(members)
    model.classes_ = members[0].classes_.copy()
    return fitted


def check_members(parameters: Mapping[str, Any]) -> None:
    """Check the parameters of an ensemble.

    Parameters
    ----------
    parameters : mapping
        Empty, or with the key ``members``; see `WeightedMean`.

    Raises
    ------
    ParameterError
        If a member is invalid, there are too many, or the weights do not sum to 1.
    """
    if extra := sorted(parameters.keys() - {"members"}):
        raise ParameterError(unknown("parameter of ensemble", extra[0], ["members"]))
    members = parameters.get("members", DEFAULT_MEMBERS)
    if not isinstance(members, list | tuple) or not 1 <= len(members) <= MAX_MEMBERS:
        raise ParameterError(f"members must be a list of 1 to {MAX_MEMBERS} members")
    for member in members:
        _check_member(member)
    total = math.fsum(weight for _, _, weight in members)
    if not math.isclose(total, 1.0, abs_tol=1e-6):
        raise ParameterError(f"the weights of the members must sum to 1, got {total:.4g}")


def _check_member(member: Any) -> None:
    if not isinstance(member, list | tuple) or len(member) != 3:
        raise ParameterError(
            "each member must be (estimator, parameters, weight), such as"
            f" ('svm', {{'C': 1.0}}, 0.5), got {member!r:.100}"
        )
    name, parameters, weight = member
    names = [own for own in ESTIMATORS if own != ENSEMBLE]
    if not isinstance(name, str) or name not in names:
        raise ParameterError(unknown("member", str(name), names))
    if not isinstance(parameters, Mapping) or not all(isinstance(key, str) for key in parameters):
        raise ParameterError(f"parameters of {name} must be a dictionary, got {parameters!r:.100}")
    check_candidate(Candidate(name, parameters))
    if not is_number(weight) or not 0 < weight <= 1:
        raise ParameterError(f"the weight of {name} must be above 0 and at most 1, got {weight!r}")


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, WeightedMean, but={"members", "pipelines_"})
    check_members({"members": model.members})
    if type(model.pipelines_) is not list or len(model.pipelines_) != len(model.members):
        raise ValueError("the ensemble does not have one pipeline for each member")
    for (name, _, _), member in zip(model.members, model.pipelines_, strict=True):
        check_pipeline(
            member, ESTIMATORS[name], n_columns, model.classes_.tolist(), TASKS[CLASSIFICATION]
        )


def _seconds_per_row(model: Any) -> float:
    """Processor time for the contributions of a row: the sum over its members."""
    seconds = 0.0
    for (name, _, _), member in zip(model.members, model.pipelines_, strict=True):
        own = ESTIMATORS[name].seconds_per_row
        seconds += own(member.steps[-1][1]) if own is not None else 0.0
    return seconds


def _to_onnx(model: Any, X: Tensor) -> Tensor:
    """The weighted mean of the members, each with its own preprocessing."""
    from featkit.models.onnx_export.preparation import pipeline_output

    parts: list[Tensor] = [
        pipeline_output(member, X, name, ESTIMATORS).normalized() * weight
        for (name, _, weight), member in zip(model.members, model.pipelines_, strict=True)
    ]
    return sum(parts[1:], parts[0])


ESTIMATOR = Estimator(
    name="ensemble",
    title="weighted mean of several models",
    build=lambda seed: WeightedMean(seed=seed),
    grid={},
    check=_check,
    check_parameters=check_members,
    is_combination=True,
    imputed=False,
    scaled=False,
    rows_at_once=10,
    seconds_per_row=_seconds_per_row,
    types=frozenset({f"{__name__}.WeightedMean"}).union(
        *(ESTIMATORS[name].types for name in ESTIMATORS if name != ENSEMBLE)
    ),
    to_onnx=_to_onnx,
)
