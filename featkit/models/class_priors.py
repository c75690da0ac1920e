"""Class priors: probabilities for data in which classes are more or less common than assumed.

The probabilities of a model assume how common each class is. All estimators weight classes equally,
so that their probabilities assume equal shares; a temperature does not change that. Sigmoids and
isotonic functions learn the shares of the training rows. If the features of each class are the same
elsewhere, and only the shares differ, the probabilities there are [1]_

    P'(class) = P(class) × wanted share / assumed share, scaled to a sum of 1.

The prior of a recording counts once: the mean of the log probabilities of its segments keeps the
factors of the shares.

References
----------
.. [1] M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the outputs of a classifier to new a
   priori probabilities: a simple procedure", Neural Computation 14, 2002, equation 2.4.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.parameters import is_number, unknown
from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.models.calibration import Calibrator
from featkit.models.problem import name_list
from featkit.models.task import CLASSIFICATION, TARGETS
from featkit.storage.urls import shown, suffix_of
from featkit.table.class_shares import SUFFIXES, read_class_shares

if TYPE_CHECKING:
    from featkit.models.model import Model

    Shares = str | os.PathLike[str] | Mapping[str, float]

BALANCED, TRAINING = "balanced", "training"

ROUNDING = 0.005
"""Largest distance of a sum of shares from 1 that is rounding, and needs no remark."""

MAX_SHOWN = 6
"""Largest number of classes whose shares a remark lists."""


@dataclass(frozen=True, eq=False)
class ClassPrior:
    """How common each class is where a model is used.

    Attributes
    ----------
    shares : array of float64, shape ``(classes,)``
        Share of each class, in the order of the model; they sum to 1.
    remarks : list of str
        What the probabilities assume, and whether the shares were scaled.
    """

    shares: Array
    remarks: list[str]

    def apply(self, P: Array, calibrator: Calibrator | None) -> Array:
        """Turn probabilities into those for these shares.

        Parameters
        ----------
        P : array of float64, shape ``(rows, classes)``
            Probabilities of a model.
        calibrator : Calibrator or None
            The calibration that was applied to them, which determines the shares that they assume.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
            The shares themselves where all classes with a share above 0 have the probability 0.
        """
        Q = P * (self.shares / assumed_shares(calibrator, P.shape[1]))
        total = Q.sum(axis=1, keepdims=True)
        shares = np.tile(self.shares, (len(P), 1))
        return np.asarray(np.divide(Q, total, out=shares, where=total > 0))


def assumed_shares(calibrator: Calibrator | None, n_classes: int) -> Array:
    """Return the shares of the classes that probabilities assume.

    Parameters
    ----------
    calibrator : Calibrator or None
        Their calibration.
    n_classes : int
        Number of classes.

    Returns
    -------
    array of float64, shape ``(classes,)``
        Equal shares without calibration and with a temperature; otherwise those of the rows that
        the calibrator was fitted on, where a class without rows counts as one row.
    """
    if calibrator is None or not calibrator.prior:
        return np.full(n_classes, 1 / n_classes)
    return np.array(calibrator.prior, dtype=np.float64)


def resolve_prior(model: Model, wanted: Shares) -> ClassPrior:
    """Return the shares of the classes of a model, from any way to state them.

    Parameters
    ----------
    model : Model
        The model.
    wanted : {"balanced", "training"}, path or mapping of str to float
        Equal shares; those of the training rows; a file, see `featkit.table.class_shares`; or the
        share of each class. Shares are scaled to a sum of 1.

    Returns
    -------
    ClassPrior

    Raises
    ------
    ParameterError
        If a class is missing or unknown, a share is not a number from 0, all are 0, or the model
        does not predict classes.
    TableError
        If the file is damaged.
    ModelError
        If the shares of the training rows are wanted, and the model does not contain them.
    """
    if model.task != CLASSIFICATION:
        target = TARGETS[model.task]
        raise ParameterError(f"class_prior applies to classes, not to {target}: omit it")
    if isinstance(wanted, str) and wanted in (BALANCED, TRAINING):
        balanced = dict.fromkeys(model.classes, 1)
        counts = balanced if wanted == BALANCED else training_rows_by_class(model)
        own = np.array([counts[name] for name in model.classes], dtype=np.float64)
        return _prior(model.classes, own / own.sum(), wanted)
    if isinstance(wanted, Mapping):
        return _given(model.classes, wanted, "class_prior")
    if not isinstance(wanted, str | os.PathLike):
        raise ParameterError(
            f"class_prior must be {BALANCED!r}, {TRAINING!r}, a file or a mapping of class names to"
            f" shares, got {wanted!r}"
        )
    where = shown(wanted)
    if not suffix_of(wanted):
        raise ParameterError(
            f"class_prior must be {BALANCED}, {TRAINING}, or a file that ends in one of"
            f" {', '.join(SUFFIXES)}, got {where!r}"
        )
    return _given(model.classes, read_class_shares(wanted), where)


def training_rows_by_class(model: Model) -> Mapping[str, int]:
    """Count the training rows of each class.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    mapping of str to int
        As the model file contains it; in models of earlier versions, the test rows of each class,
        if each training row was a test row once.

    Raises
    ------
    ModelError
        If the model does not contain it.
    """
    training, evaluation = model.training_metadata, model.evaluation
    if training is not None and training.class_rows:
        return training.class_rows
    if training is not None and evaluation and evaluation.scored_rows == training.rows:
        support = {own.name: own.support for own in evaluation.per_class}
        if all(support.get(name) for name in model.classes):
            return support
    raise ModelError(
        "the model does not contain the class shares of its training rows: train it again, or give"
        " the shares in a file"
    )


def _given(classes: Sequence[str], shares: Mapping[str, Any], where: str) -> ClassPrior:
    """A prior from a share for each class, which is checked."""
    for name, share in shares.items():
        if name not in classes:
            raise ParameterError(f"{where}: {unknown('class', name, classes)}")
        if not is_number(share) or not 0 <= share < np.inf:
            raise ParameterError(
                f"{where}: the share of {name!r} must be a number from 0, got {share!r}"
            )
    if missing := [name for name in classes if name not in shares]:
        raise ParameterError(
            f"{where}: no share of {name_list(missing)}: give each class of the model a share; 0"
            " means that a class never occurs"
        )
    own = np.array([shares[name] for name in classes], dtype=np.float64)
    total = float(own.sum())
    if not 0 < total < np.inf:
        raise ParameterError(f"{where}: the shares sum to {total:g}: one must be above 0")
    prior = _prior(classes, own / total, where if where != "class_prior" else "given")
    if abs(total - 1) > ROUNDING:
        prior.remarks.append(f"class prior: the shares sum to {total:g}, and are scaled to 1")
    return prior


def _prior(classes: Sequence[str], shares: Array, label: str) -> ClassPrior:
    listed = ""
    if len(classes) <= MAX_SHOWN:
        pairs = zip(classes, shares.tolist(), strict=True)
        listed = ": " + ", ".join(f"{name} {share:.3g}" for name, share in pairs)
    return ClassPrior(shares, [f"class prior: {label}{listed}"])
