"""Types of a leaderboard: differences of models, and learning curves of networks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CURVES = ("training_loss", "training_accuracy", "validation_loss", "validation_accuracy")
"""Values of each epoch."""


@dataclass(frozen=True, kw_only=True)
class ModelDifference:
    """The kept model beside another one on the same test rows.

    Attributes
    ----------
    model : str
        Name of the other model.
    per : {"recording", "segment"}
        Whether recordings are counted, because their segments are combined, or rows.
    count : int
        Number of recordings or rows.
    accuracy, low, high : float
        Accuracy of the kept model minus that of the other, and the ends of the 95 % confidence
        interval, by drawing groups; the same groups for both models.
    only_kept, only_other : int
        Recordings or rows that only one of the two predicts correctly.
    p_value : float
        Of McNemar's exact test, two-sided. It takes recordings or rows as independent, and the
        interval does not.
    """

    model: str
    per: str
    count: int
    accuracy: float
    low: float
    high: float
    only_kept: int
    only_other: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """Losses and accuracies of the fit of one outer fold, epoch by epoch.

    Attributes
    ----------
    model, fold : str
        Name of the network and of the outer fold.
    training_loss, training_accuracy : sequence of float or None
        Of the training rows, with augmentation.
    validation_loss, validation_accuracy : sequence of float or None
        Of the training rows that are set aside for early stopping; None without any.
    kept_epoch : int
        Epoch whose weights are kept, counted from 1.
    """

    model: str
    fold: str
    training_loss: Sequence[float | None]
    training_accuracy: Sequence[float | None]
    validation_loss: Sequence[float | None]
    validation_accuracy: Sequence[float | None]
    kept_epoch: int

    @classmethod
    def of(cls, model: str, fold: str, history: Iterable[Any], kept_epoch: int) -> LearningCurve:
        """Make a curve of the history of a classifier.

        Parameters
        ----------
        model, fold, kept_epoch
            As in `LearningCurve`.
        history : iterable of featkit.models.networks.classifier.Epoch
            Values of each epoch.

        Returns
        -------
        LearningCurve
            With None for values that are not finite, which JSON lacks.
        """
        epochs = list(history)
        values = {name: [_finite(getattr(epoch, name)) for epoch in epochs] for name in CURVES}
        return cls(model=model, fold=fold, kept_epoch=int(kept_epoch), **values)

    def check(self) -> None:
        """Check that all values are of the same epochs.

        Raises
        ------
        ValueError
            If they are not.
        """
        counts = {len(getattr(self, name)) for name in CURVES}
        if len(counts) != 1 or not 1 <= self.kept_epoch <= max(counts):
            raise ValueError("its learning curves have values of different epochs")


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def learning_curve_table(curves: Iterable[LearningCurve]) -> pd.DataFrame:
    """Return learning curves as a table.

    Parameters
    ----------
    curves : iterable of LearningCurve

    Returns
    -------
    pandas.DataFrame
        A row for each epoch: ``model``, ``fold``, ``epoch``, counted from 1, the four losses and
        accuracies, NaN where there are none, and ``kept``, whether its weights are kept.
    """
    import pandas as pd

    rows = [
        (curve.model, curve.fold, epoch, *values, epoch == curve.kept_epoch)
        for curve in curves
        for epoch, values in enumerate(
            zip(*(getattr(curve, name) for name in CURVES), strict=True), start=1
        )
    ]
    table = pd.DataFrame(rows, columns=["model", "fold", "epoch", *CURVES, "kept"])
    return table.astype(dict.fromkeys(CURVES, float))
