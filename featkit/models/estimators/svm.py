"""Support vector machine with a Gaussian kernel, and probabilities calibrated across groups.

Each pair of classes has a binary machine, whose vote is the tanh of its margin. On sounds, such
votes are as accurate as votes of ±1, and they express confidence. Probabilities are the softmax of
the votes times a temperature, which is fitted on groups that the machines were not trained on
(temperature scaling). The prediction is the class with the most votes.

References
----------
Guo et al., "On calibration of modern neural networks", ICML 2017.
Platt, "Probabilistic outputs for support vector machines", 1999 (targets of the calibration).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, Self

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
from featkit.models.kernel_machine import KernelMachine
from featkit.models.splits import GroupFolds, min_groups_per_class

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor

CALIBRATION_FOLDS = 3

AT_ONCE = 2**21
"""Distances from rows to support vectors that are held in memory at a time (16 MB)."""


class Svm(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A support vector machine with probabilities.

    Parameters
    ----------
    C : float
        Cost of a row on the wrong side of the margin.
    gamma_scale : float
        Gamma of the kernel, in units of 1 / (columns × variance).

    Attributes
    ----------
    classes_ : array of str, shape ``(classes,)``
        The classes, sorted.
    svc_ : sklearn.svm.SVC
        The fitted machines.
    temperature_ : float
        Factor of the votes. With too few groups to fit it, it is 1 / (classes - 1), so that two
        classes differ by 2 in log odds at most.
    """

    def __init__(self, C: float = 10.0, gamma_scale: float = 0.5) -> None:
        self.C = C
        self.gamma_scale = gamma_scale

    def fit(self, X: Array, y: Array, groups: Array | None = None) -> Self:
        """Fit the machines, then the temperature.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values.
        y : array-like, shape ``(rows,)``
            Class of each row.
        groups : array-like, shape ``(rows,)``, optional
            Group of each row; by default each row is a group.

        Returns
        -------
        Svm
            The fitted machine.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        self.svc_ = self._svc(X).fit(X, y)
        self.classes_: Array = self.svc_.classes_
        self.temperature_ = self._temperature(X, y, np.arange(len(y)) if groups is None else groups)
        return self

    def votes(self, X: Array) -> Array:
        """Return the votes for each class.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
            From 1 - classes to classes - 1.
        """
        check_is_fitted(self)
        return _votes(self.svc_, validate_data(self, X, dtype=np.float64, reset=False))

    def predict_proba(self, X: Array) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
        """
        votes = self.votes(X)
        return np.asarray(scipy.special.softmax(self.temperature_ * votes, axis=1))

    def predict(self, X: Array) -> Array:
        """Return the class of each row.

        Parameters
        ----------
        X : array-like, shape ``(rows, columns)``
            Feature values.

        Returns
        -------
        array of str, shape ``(rows,)``
        """
        votes = self.votes(X)
        return np.asarray(self.classes_[np.argmax(votes, axis=1)])

    def _svc(self, X: Array) -> SVC:
        gamma = self.gamma_scale / (X.shape[1] * max(float(X.var()), np.finfo(np.float64).tiny))
        return SVC(C=self.C, gamma=gamma, class_weight="balanced", decision_function_shape="ovo")

    def _temperature(self, X: Array, y: Array, groups: Array) -> float:
        """Temperature with the least log loss on rows of groups that were left out of the fit."""
        parts, classes = [], []
        for train, test in _calibration_splits(y, groups):
            if len(set(y[train].tolist())) == len(self.classes_):
                parts.append(_votes(self._svc(X[train]).fit(X[train], y[train]), X[test]))
                classes.append(np.searchsorted(self.classes_, y[test]))
        if not parts:
            return 1 / (len(self.classes_) - 1)
        votes, true = np.concatenate(parts), np.concatenate(classes)
        # Platt's targets are below 1: if all votes were right, the temperature would be infinite.
        rest = 1 / (len(true) + 2)
        target = np.full(votes.shape, rest / (votes.shape[1] - 1))
        target[np.arange(len(true)), true] = 1 - rest

        def loss(log_temperature: float) -> float:
            p = scipy.special.log_softmax(np.exp(log_temperature) * votes, axis=1)
            return -float(np.mean(np.sum(target * p, axis=1)))

        best = scipy.optimize.minimize_scalar(loss, bounds=(-4.0, 4.0), method="bounded")
        return float(np.exp(best.x))


def _calibration_splits(y: Array, groups: Array) -> Iterator[tuple[Array, Array]]:
    """Folds of whole groups; none if a class has one group only."""
    folds = min(CALIBRATION_FOLDS, min_groups_per_class(y, groups))
    return GroupFolds(folds).split(None, y, groups) if folds > 1 else iter(())


def _votes(svc: SVC, X: Array) -> Array:
    return _votes_of_margins(_margins(svc, X), len(svc.classes_))


def _votes_of_margins(margins: Array, classes: int) -> Array:
    votes = np.zeros((len(margins), classes))
    for margin, (one, other) in zip(margins.T, combinations(range(classes), 2), strict=True):
        vote = np.tanh(margin)
        votes[:, one] += vote
        votes[:, other] -= vote
    return votes


def _margins(svc: SVC, X: Array) -> Array:
    """`decision_function` of each pair of classes, ``(rows, pairs)``, for the first of the two.

    LIBSVM computes the distances to the support vectors one by one. Matrix products are ten times
    faster, which makes sampled explanations feasible.
    """
    coefficients, at_once = _coefficients(svc), max(1, AT_ONCE // len(svc.support_vectors_))
    margins = [
        rbf_kernel(X[k : k + at_once], svc.support_vectors_, gamma=svc._gamma) @ coefficients
        for k in range(0, len(X), at_once)
    ]
    none = np.empty((0, coefficients.shape[1]))
    return np.asarray(np.concatenate([none, *margins]) + svc._intercept_)


def _coefficients(svc: SVC) -> Array:
    """Coefficient of each support vector for each pair of classes, ``(vectors, pairs)``.

    LIBSVM stores one row less than there are classes: for a vector of class k against class j it is
    row j, or j - 1 if j > k (libsvm FAQ, "How do I get the decision value?").
    """
    ends = np.cumsum([0, *svc._n_support])
    vectors = [slice(start, end) for start, end in pairwise(ends)]
    pairs = list(combinations(range(len(vectors)), 2))
    coefficients = np.zeros((len(svc.support_vectors_), len(pairs)))
    for pair, (one, other) in enumerate(pairs):
        coefficients[vectors[one], pair] = svc._dual_coef_[other - 1, vectors[one]]
        coefficients[vectors[other], pair] = svc._dual_coef_[one, vectors[other]]
    return coefficients


def _kernel(model: Svm) -> KernelMachine:
    """The machines as arrays; the outputs are the probabilities."""
    svc = model.svc_
    vectors, classes = svc.support_vectors_, len(svc.classes_)

    def link(margins: Array) -> Array:
        votes = _votes_of_margins(margins, classes)
        return np.asarray(scipy.special.softmax(model.temperature_ * votes, axis=1))

    gamma = np.full(len(vectors), svc._gamma)
    return KernelMachine(vectors, gamma, _coefficients(svc), svc._intercept_, link)


def _build(seed: int) -> Svm:
    return Svm()


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    """Raise if support vectors and coefficients do not fit together.

    LIBSVM infers one size from another, and reads past the end of the shorter array.
    """
    check_parts(model, Svm, but={"svc_"})
    svc = model.svc_
    check_parts(svc, SVC)
    vectors, pairs = len(svc.support_), n_classes * (n_classes - 1) // 2
    numbers = {
        "support_vectors_": (vectors, n_columns),
        "dual_coef_": (n_classes - 1, vectors),
        "_dual_coef_": (n_classes - 1, vectors),
        "intercept_": (pairs,),
        "_intercept_": (pairs,),
        "_probA": (0,),
        "_probB": (0,),
    }
    counts = {"support_": (vectors,), "_n_support": (n_classes,)}
    for kinds, arrays in (("f", numbers), ("i", counts)):
        for name, shape in arrays.items():
            if not is_array(getattr(svc, name), *shape, kinds=kinds):
                raise ValueError(f"the shape of {name} does not fit the columns and classes")
    if svc._n_support.min() < 0 or svc._n_support.sum() != vectors:
        raise ValueError("the numbers of support vectors do not add up")
    if svc.shape_fit_[1] != n_columns or len(svc.classes_) != n_classes:
        raise ValueError("the support vectors have other columns or classes than the model")
    if (svc.kernel, svc.decision_function_shape, svc._sparse) != ("rbf", "ovo", False):
        raise ValueError("kernel and votes are not those of this estimator")
    if not 0 < svc._gamma < np.inf or not 0 < model.temperature_ < np.inf:
        raise ValueError("gamma and temperature must be positive and finite")


def _seconds_per_row(model: Any) -> float:
    """Measured with 316 support vectors of 570 columns, and with 300 of 20."""
    return 0.01 + 2.5e-6 * float(model.svc_.support_vectors_.size)


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    """The softmax of the votes of all pairs of classes."""
    from featkit.models.onnx_export.kernels import gaussian_kernel

    svc, n_classes = model.svc_, len(model.classes_)
    kernel = gaussian_kernel(Z, svc.support_vectors_, svc._gamma)
    margins = kernel @ _coefficients(svc) + svc._intercept_
    pairs = list(combinations(range(n_classes), 2))
    votes = np.zeros((len(pairs), n_classes))
    for pair, (one, other) in enumerate(pairs):
        votes[pair, [one, other]] = 1.0, -1.0
    scores: Tensor = margins.tanh() @ votes * model.temperature_
    return scores.softmax()


ESTIMATOR = Estimator(
    name="svm",
    title="support vector machine, Gaussian kernel",
    build=_build,
    grid={"C": (10.0, 1.0, 100.0), "gamma_scale": (0.5, 0.25, 1.0)},
    ranges={"C": (1e-4, 1e6), "gamma_scale": (1e-4, 1e4)},
    check=_check,
    kernel=_kernel,
    rows_at_once=2,
    seconds_per_row=_seconds_per_row,
    types=frozenset({f"{__name__}.Svm", "sklearn.svm._classes.SVC"}),
    to_onnx=_to_onnx,
)
