"""A fitted pipeline for a few rows at a time: the same bits, without the overhead of scikit-learn.

scikit-learn checks inputs and parameters in each step, starts joblib in a forest, and XGBoost
reads its trees for each call. For one row, that takes up to a hundred times as long as the numbers.
Here, everything that depends on the model alone is done once. Steps that are not listed are used as
they are. Several threads may use a prepared pipeline.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models.forest_walk import ForestWalk
from featkit.models.probabilities import multiplies_matrices

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

FEW_ROWS = 64
"""Rows up to which walking all trees of a forest at the same time is faster than one by one."""


class PreparedPipeline:
    """A pipeline with the part of its interface that predictions use.

    Parameters
    ----------
    fitted : sklearn.pipeline.Pipeline
        The fitted pipeline; it is not changed.

    Attributes
    ----------
    steps, named_steps, classes_
        As in the fitted pipeline; a regression has no classes.
    """

    def __init__(self, fitted: Pipeline) -> None:
        self.steps, self.named_steps = fitted.steps, fitted.named_steps
        last = fitted.steps[-1][1]
        if hasattr(last, "classes_"):
            self.classes_ = last.classes_
        self._fitted, self._multiplies = fitted, multiplies_matrices(fitted)
        self._transforms = [_transform(step) for _, step in fitted.steps[:-1]]
        self._model = prepared_model(last)

    def predict_proba(self, X: Array) -> Array:
        """Compute the probability of each class.

        Parameters
        ----------
        X : array of float64, shape ``(rows, columns)``
            Finite or NaN.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
        """
        if self._is_left_to_scikit_learn(X):
            return np.asarray(self._fitted.predict_proba(X))
        return np.asarray(self._model.predict_proba(self._transformed(X)))

    def predict(self, X: Array) -> Array:
        """Predict the number of each row.

        Parameters
        ----------
        X : array of float64, shape ``(rows, columns)``
            Finite or NaN.

        Returns
        -------
        array of float64, shape ``(rows,)``
        """
        if self._is_left_to_scikit_learn(X):
            return np.asarray(self._fitted.predict(X))
        return np.asarray(self._model.predict(self._transformed(X)))

    def _is_left_to_scikit_learn(self, X: Array) -> bool:
        """Whether bits depend on how each step lays out the rows in memory: in matrix products."""
        return self._multiplies and len(X) > 1

    def _transformed(self, X: Array) -> Array:
        for transform in self._transforms:
            X = transform(X)
        return X


def prepared_model(model: Any) -> Any:
    """Prepare a fitted estimator, and the members of one that combines others.

    Parameters
    ----------
    model : object
        The last step of a fitted pipeline.

    Returns
    -------
    object
        With the methods ``predict_proba`` or ``predict`` of the estimator.
    """
    if hasattr(model, "pipelines_"):  # an ensemble
        prepared = copy(model)
        prepared.pipelines_ = [PreparedPipeline(member) for member in model.pipelines_]
        return prepared
    if hasattr(model, "members_"):  # one classifier for each label
        prepared = copy(model)
        prepared.members_ = [prepared_model(member) for member in model.members_]
        return prepared
    if hasattr(model, "estimators_"):
        return _PreparedForest(model)
    if hasattr(model, "ubj_"):
        return _boosted(model)
    if type(model).__name__ == "LogisticRegression" and len(model.classes_) > 2:
        return _PreparedSoftmax(model) if model.solver == "lbfgs" else model
    return model


class _PreparedSoftmax:
    """A logistic regression of several classes; two have another formula in scikit-learn."""

    def __init__(self, model: Any) -> None:
        self.classes_ = model.classes_
        self._coefficients, self._intercept = model.coef_.T, model.intercept_

    def predict_proba(self, X: Array) -> Array:
        scores = X @ self._coefficients + self._intercept
        scores -= scores.max(axis=1, keepdims=True)
        P = np.exp(scores)
        P /= P.sum(axis=1, keepdims=True)
        return np.asarray(P)


class _PreparedForest:
    """A forest of scikit-learn; many rows are left to scikit-learn."""

    def __init__(self, forest: Any) -> None:
        self._forest, self._walk = forest, ForestWalk(forest)
        self.classes_ = getattr(forest, "classes_", None)

    def predict_proba(self, X: Array) -> Array:
        if len(X) > FEW_ROWS:
            return np.asarray(self._forest.predict_proba(X))
        return self._walk.means(X)

    def predict(self, X: Array) -> Array:
        if len(X) > FEW_ROWS:
            return np.asarray(self._forest.predict(X))
        means: Array = self._walk.means(X)[:, 0]
        return means


def _boosted(model: Any) -> Any:
    """A boosted model that reads its trees once for each thread, since XGBoost keeps state."""
    prepared, own = copy(model), threading.local()

    def booster() -> Any:
        if not hasattr(own, "booster"):
            own.booster = model.booster()
        return own.booster

    prepared.booster = booster
    return prepared


def _transform(step: Any) -> Callable[[Array], Array]:
    """The transformation of a fitted step that comes before the estimator."""
    make = _TRANSFORMS.get(type(step).__name__)
    transform = None if make is None else make(step)
    return step.transform if transform is None else transform


def _imputation(step: Any) -> Callable[[Array], Array] | None:
    """Medians for missing values, then a column for each column that had missing values."""
    if not (step.strategy == "median" and step.keep_empty_features and step.add_indicator):
        return None
    medians, flagged = step.statistics_, step.indicator_.features_

    def impute(X: Array) -> Array:
        missing = np.isnan(X)
        filled = np.where(missing, medians, X)
        return np.hstack([filled, missing[:, flagged]]) if len(flagged) else filled

    return impute


def _scaling(step: Any) -> Callable[[Array], Array] | None:
    if not (step.with_mean and step.with_std):
        return None
    mean, scale = step.mean_, step.scale_

    def standardize(X: Array) -> Array:
        scaled: Array = (X - mean) / scale
        return scaled

    return standardize


def _resolution(step: Any) -> Callable[[Array], Array] | None:
    """Most models rescale no column."""
    if (step.center_ != 0).any() or (step.factor_ != 1).any():
        return None
    return lambda X: X


def _selection(step: Any) -> Callable[[Array], Array]:
    chosen = step.get_support()
    return lambda X: X[:, chosen]


_TRANSFORMS: dict[str, Callable[[Any], Callable[[Array], Array] | None]] = {
    "SimpleImputer": _imputation,
    "StandardScaler": _scaling,
    "Rescaler": _resolution,
    "SelectKBest": _selection,
}
"""By the name of a type: a function of the step, which returns None for other parameters."""
