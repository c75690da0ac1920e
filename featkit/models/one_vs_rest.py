"""One binary classifier for each of several labels that a row may have at the same time.

References
----------
G. Tsoumakas, I. Katakis, "Multi-label classification: an overview", Int. J. Data Warehousing and
Mining 3(3), 2007 (binary relevance).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from featkit._utils.typing import Array
from featkit.models._model_validation import check_parts, is_array
from featkit.models.estimator import (
    ENSEMBLE,
    ESTIMATORS,
    Contributions,
    Estimator,
    analysis_of_variance,
)
from featkit.models.kernel_machine import KernelMachine, side_by_side
from featkit.models.label_sets import indicators, label_names

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor

TYPE = f"{__name__}.OneVsRest"
SELECTION = f"{__name__}.mean_analysis_of_variance"
"""Full names of the types in model files."""

N_CLASSES = 2
"""Classes of a member: 0, the label is absent, and 1, it is present."""


class OneVsRest(BaseEstimator):  # type: ignore[misc]
    """Binary classifiers of the same kind, one for each label, on the same columns.

    Parameters
    ----------
    estimator : classifier
        The binary classifier, unfitted, with `predict_proba`.

    Attributes
    ----------
    classes_ : array of str, shape ``(labels,)``
        The labels that are present in some training rows and absent in others, sorted.
    members_ : list of classifier
        The fitted classifier of each label.
    """

    def __init__(self, estimator: Any = None) -> None:
        self.estimator = estimator

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the binary classifier and, if `deep`, its parameters by their own names.

        Parameters
        ----------
        deep : bool
            Whether the parameters of the binary classifier are included.

        Returns
        -------
        dict
        """
        own = {"estimator": self.estimator}
        has_own = deep and self.estimator is not None
        return {**self.estimator.get_params(), **own} if has_own else own

    def set_params(self, **parameters: Any) -> Self:
        """Set the binary classifier, or its parameters by their own names.

        Parameters
        ----------
        **parameters
            Such as ``C`` or ``n_estimators``.

        Returns
        -------
        OneVsRest
        """
        self.estimator = parameters.pop("estimator", self.estimator)
        if parameters:
            self.estimator.set_params(**parameters)
        return self

    def fit(self, X: Array, y: Array, groups: Array | None = None) -> Self:
        """Fit the classifier of each label.

        Parameters
        ----------
        X : array, shape ``(rows, columns)``
            Feature values.
        y : array of str, shape ``(rows,)``
            Sets of labels; see `featkit.models.label_sets`.
        groups : array, shape ``(rows,)``, optional
            Group of each row, for classifiers that use it.

        Returns
        -------
        OneVsRest
            The fitted classifiers.
        """
        names = label_names(np.asarray(y).tolist())
        Y = indicators(y, names)
        used = Y.any(axis=0) & ~Y.all(axis=0)
        takes_groups = groups is not None and has_fit_parameter(self.estimator, "groups")
        options = {"groups": groups} if takes_groups else {}
        self.classes_ = np.array(names, dtype=np.str_)[used]
        self.members_ = [
            clone(self.estimator).fit(X, present.astype(np.int64), **options)
            for present in Y.T[used]
        ]
        return self

    def predict_proba(self, X: Array) -> Array:
        """Return the probability that each label is present.

        Parameters
        ----------
        X : array, shape ``(rows, columns)``
            Feature values.

        Returns
        -------
        array of float64, shape ``(rows, labels)``
            The probabilities of a row do not add up to 1.
        """
        check_is_fitted(self, "members_")
        P = np.zeros((len(X), len(self.members_)))
        for k, member in enumerate(self.members_):
            own = np.asarray(member.predict_proba(X), dtype=np.float64)
            P[:, k] = own[:, 1] / own.sum(axis=1)  # XGBoost computes in single precision
        return P


def mean_analysis_of_variance(X: Array, y: Array) -> tuple[Array, Array]:
    """Return the F value of each column, and its p value, as means over the labels.

    Parameters
    ----------
    X : array, shape ``(rows, columns)``
        Feature values.
    y : array of str, shape ``(rows,)``
        Sets of labels; see `featkit.models.label_sets`.

    Returns
    -------
    F, p : array of float64, shape ``(columns,)``
    """
    Y = indicators(y, label_names(np.asarray(y).tolist()))
    mixed = Y.T[Y.any(axis=0) & ~Y.all(axis=0)]
    values = [analysis_of_variance(X, present) for present in mixed]
    largest = np.finfo(np.float64).max / max(len(values), 1)
    F = np.mean([np.minimum(own, largest) for own, _ in values], axis=0)
    return F, np.mean([p for _, p in values], axis=0)


def label_estimator(binary: Estimator) -> Estimator:
    """Make the estimator of several labels from a classifier.

    Parameters
    ----------
    binary : Estimator
        A classifier.

    Returns
    -------
    Estimator
        `OneVsRest` of it, with the same parameters. Its contributions are those to the presence of
        each label.
    """
    seconds = binary.seconds_per_row
    return replace(
        binary,
        title=f"{binary.title}, one for each label",
        build=lambda seed: OneVsRest(binary.build(seed)),
        check=partial(_check, binary),
        contributions=partial(_contributions, binary) if binary.contributions else None,
        kernel=partial(_kernel, binary.kernel) if binary.kernel else None,
        meaning=lambda n_labels: binary.meaning(N_CLASSES).replace("class", "label"),
        seconds_per_row=None
        if seconds is None
        else lambda model: sum(map(seconds, model.members_)),
        types=binary.types | {TYPE, SELECTION},
        fit_blocks=None,
        prefix=partial(_prefix, binary.prefix) if binary.prefix else None,
        path=None,
        score_columns=mean_analysis_of_variance,
        to_onnx=partial(_to_onnx, binary.to_onnx) if binary.to_onnx else None,
    )


def _kernel(binary: Callable[[Any], KernelMachine], model: OneVsRest) -> KernelMachine:
    """The machines of all labels; each gives the probability that its label is present."""
    return side_by_side([binary(member) for member in model.members_], lambda P: P[:, 1:])


class LabelEstimators(Mapping[str, Estimator]):
    """The `label_estimator` of each single classifier by name, made when it is first used."""

    def __init__(self) -> None:
        self._made: dict[str, Estimator] = {}

    def __getitem__(self, name: str) -> Estimator:
        if name not in self._made:
            self._made[name] = label_estimator(ESTIMATORS[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in ESTIMATORS if name != ENSEMBLE)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name != ENSEMBLE and name in ESTIMATORS


def _check(binary: Estimator, model: Any, n_columns: int, n_labels: int) -> None:
    """Raise if the classifiers of a file do not fit the columns and labels."""
    check_parts(model, OneVsRest, but={"estimator", "members_"})
    _check_template(model.estimator, binary.build(0))
    if not is_array(model.classes_, n_labels, kinds="U"):
        raise ValueError("the names of the labels do not fit the model")
    if type(model.members_) is not list or len(model.members_) != n_labels:
        raise ValueError("the number of classifiers is not that of the labels")
    for member in model.members_:
        binary.check(member, n_columns, N_CLASSES)
        if not is_array(member.classes_, N_CLASSES, kinds="i") or list(member.classes_) != [0, 1]:
            raise ValueError("a classifier has other classes than absent and present")


def _check_template(unfitted: Any, own: Any) -> None:
    """Raise if the unfitted classifier of a file is not plain data; a forest holds a tree."""
    nested = vars(own).get("estimator")
    check_parts(unfitted, type(own), but=() if nested is None else {"estimator"})
    if nested is not None:
        check_parts(unfitted.estimator, type(nested))


def _prefix(prefix: Callable[[Any, int], Any], model: OneVsRest, n_estimators: int) -> OneVsRest:
    """The first trees of each classifier."""
    part = copy(model)
    part.members_ = [prefix(member, n_estimators) for member in model.members_]
    return part


def _contributions(binary: Estimator, model: OneVsRest, Z: Array) -> Contributions:
    """Exact contributions to the presence of each label."""
    assert binary.contributions is not None  # the estimator would have none otherwise
    parts = [binary.contributions(member, Z) for member in model.members_]
    return Contributions(
        values=np.stack([part.values[..., 1] for part in parts], axis=-1),
        base=np.array([np.ravel(part.base)[1] for part in parts]),
        output=np.stack([part.output[..., 1] for part in parts], axis=-1),
    )


def _to_onnx(binary: Callable[[Any, Tensor], Tensor], model: OneVsRest, Z: Tensor) -> Tensor:
    """The probability of each label: that of the second class of its classifier."""
    first, *others = (binary(member, Z).normalized().columns([1]) for member in model.members_)
    return first.beside(*others)
