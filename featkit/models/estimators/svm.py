"""Support vector machine with a Gaussian kernel, and probabilities that respect groups.

Each pair of classes has a machine, which votes for one of the two by the tanh of its margin: on
sounds as right as whole votes, and it tells how near a decision was. The probabilities are a
softmax of the votes, sharpened by one number, the temperature (Guo et al., "On calibration of
modern neural networks", ICML 2017), found on recordings that the machines did not see. The class
is the one with the greatest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any, Self

import numpy as np
import scipy.optimize
import scipy.special
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted, validate_data

from featkit._utils.typing import Array
from featkit.models._model_validation import check_parts, is_array
from featkit.models.estimator import Estimator
from featkit.models.splits import GroupFolds, least_groups

CALIBRATION_FOLDS = 3

AT_ONCE = 2**21
"""Distances from rows to support vectors that are in memory at a time (16 MB)."""


class Svm(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A support vector machine with probabilities.

    Parameters
    ----------
    C : float
        How much a row on the wrong side costs.
    gamma_scale : float
        The kernel's gamma, in units of 1 / (columns × variance).

    Attributes
    ----------
    classes_ : array of str
    svc_ : sklearn.svm.SVC
    temperature_ : float
        What the votes are multiplied by; if there are too few groups to find it, so much that
        a class for which all others vote is at most by 2 in log odds above one that nobody wants.
    """

    def __init__(self, C: float = 10.0, gamma_scale: float = 0.5) -> None:
        self.C = C
        self.gamma_scale = gamma_scale

    def fit(self, X: Array, y: Array, groups: Array | None = None) -> Self:
        """Fit the machine, then its temperature.

        Parameters
        ----------
        X, y : array-like
            Rows and their classes.
        groups : array-like, optional
            What each row belongs to; left out, itself.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.svc_ = self._svc(X).fit(X, y)
        self.classes_: Array = self.svc_.classes_
        self.temperature_ = self._temperature(X, y, np.arange(len(y)) if groups is None else groups)
        return self

    def votes(self, X: Array) -> Array:
        """Votes for each class, ``(rows, classes)``."""
        check_is_fitted(self)
        return _votes(self.svc_, validate_data(self, X, dtype=np.float64, reset=False))

    def predict_proba(self, X: Array) -> Array:
        """Probability of each class, ``(rows, classes)``."""
        votes = self.votes(X)
        return np.asarray(scipy.special.softmax(self.temperature_ * votes, axis=1))

    def predict(self, X: Array) -> Array:
        """The class of each row."""
        votes = self.votes(X)
        return np.asarray(self.classes_[np.argmax(votes, axis=1)])

    def _svc(self, X: Array) -> SVC:
        gamma = self.gamma_scale / (X.shape[1] * max(float(X.var()), np.finfo(np.float64).tiny))
        return SVC(C=self.C, gamma=gamma, class_weight="balanced", decision_function_shape="ovo")

    def _temperature(self, X: Array, y: Array, groups: Array) -> float:
        votes, classes = [], []
        for train, test in _calibration_splits(y, groups):
            if len(set(y[train].tolist())) == len(self.classes_):
                votes.append(_votes(self._svc(X[train]).fit(X[train], y[train]), X[test]))
                classes.append(np.searchsorted(self.classes_, y[test]))
        if not votes:
            return 1 / (len(self.classes_) - 1)
        cast, true = np.concatenate(votes), np.concatenate(classes)
        # Platt's targets: were every vote right, certainty would have no end.
        doubt = 1 / (len(true) + 2)
        target = np.full(cast.shape, doubt / (cast.shape[1] - 1))
        target[np.arange(len(true)), true] = 1 - doubt

        def loss(log_temperature: float) -> float:
            p = scipy.special.log_softmax(np.exp(log_temperature) * cast, axis=1)
            return -float(np.mean(np.sum(target * p, axis=1)))

        best = scipy.optimize.minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded")
        return float(np.exp(best.x))


def _calibration_splits(y: Array, groups: Array) -> Iterator[tuple[Array, Array]]:
    """No splits if a class has one group only."""
    folds = min(CALIBRATION_FOLDS, least_groups(y, groups))
    return GroupFolds(folds).split(None, y, groups) if folds > 1 else iter(())


def _votes(svc: SVC, X: Array) -> Array:
    votes = np.zeros((len(X), len(svc.classes_)))
    margins = _margins(svc, X)
    for margin, (one, other) in zip(margins.T, combinations(range(votes.shape[1]), 2), strict=True):
        vote = np.tanh(margin)
        votes[:, one] += vote
        votes[:, other] -= vote
    return votes


def _margins(svc: SVC, X: Array) -> Array:
    """`decision_function` of each pair of classes, ``(rows, pairs)``, for the first of the two.

    LIBSVM takes the distances to the support vectors one by one; as products of matrices they are
    ten times faster, which is what makes it possible to explain a machine by asking it often.
    """
    coefficients, at_once = _coefficients(svc), max(1, AT_ONCE // len(svc.support_vectors_))
    margins = [
        rbf_kernel(X[k : k + at_once], svc.support_vectors_, gamma=svc._gamma) @ coefficients
        for k in range(0, len(X), at_once)
    ]
    none = np.empty((0, coefficients.shape[1]))
    return np.asarray(np.concatenate([none, *margins]) + svc._intercept_)


def _coefficients(svc: SVC) -> Array:
    """Of each support vector in the margin of each pair of classes, ``(vectors, pairs)``.

    LIBSVM keeps one row less than there are classes: that of a vector of class k against class j
    stands in row j, or j - 1 for those behind k (libsvm FAQ, "How do I get the decision value?").
    """
    ends = np.cumsum([0, *svc._n_support])
    of = [slice(start, end) for start, end in pairwise(ends)]
    pairs = list(combinations(range(len(of)), 2))
    coefficients = np.zeros((len(svc.support_vectors_), len(pairs)))
    for pair, (one, other) in enumerate(pairs):
        coefficients[of[one], pair] = svc._dual_coef_[other - 1, of[one]]
        coefficients[of[other], pair] = svc._dual_coef_[one, of[other]]
    return coefficients


def build(seed: int) -> Svm:
    return Svm()


def check(model: Any, columns: int, classes: int) -> None:
    """Refuse support vectors and coefficients that do not fit together.

    LIBSVM takes their sizes from one another, and reads outside of what is shorter.
    """
    check_parts(model, Svm, but={"svc_"})
    svc = model.svc_
    check_parts(svc, SVC)
    vectors, pairs = len(svc.support_), classes * (classes - 1) // 2
    numbers = {
        "support_vectors_": (vectors, columns),
        "dual_coef_": (classes - 1, vectors),
        "_dual_coef_": (classes - 1, vectors),
        "intercept_": (pairs,),
        "_intercept_": (pairs,),
        "_probA": (0,),
        "_probB": (0,),
    }
    counts = {"support_": (vectors,), "_n_support": (classes,)}
    for kinds, arrays in (("f", numbers), ("i", counts)):
        for name, shape in arrays.items():
            if not is_array(getattr(svc, name), *shape, kinds=kinds):
                raise ValueError(f"{name} of another shape than columns and classes")
    if svc._n_support.min() < 0 or svc._n_support.sum() != vectors:
        raise ValueError("another number of support vectors than it says")
    if svc.shape_fit_[1] != columns or len(svc.classes_) != classes:
        raise ValueError("support vectors for other columns or classes")
    if (svc.kernel, svc.decision_function_shape, svc._sparse) != ("rbf", "ovo", False):
        raise ValueError("another kernel or vote than this estimator has")
    if not 0 < svc._gamma < np.inf or not 0 < model.temperature_ < np.inf:
        raise ValueError("a gamma or a temperature that is none")


ESTIMATOR = Estimator(
    name="svm",
    title="support vector machine, Gaussian kernel",
    build=build,
    grid={"C": (10.0, 1.0, 100.0), "gamma_scale": (0.5, 0.25, 1.0)},
    check=check,
    rows_at_once=10,
    types=frozenset({f"{__name__}.Svm", "sklearn.svm._classes.SVC"}),
)
