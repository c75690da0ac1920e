"""Learning curves of networks: loss and accuracy of each epoch, in each outer fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit.models.estimator import SEQUENCES
from featkit.models.leaderboard_types import LearningCurve
from featkit.models.score_types import Evaluation
from featkit.report._context import Context
from featkit.report._network_charts import learning_chart
from featkit.report.formatting import fixed
from featkit.report.section import Section

GAP = 0.1
"""Least difference of training and validation accuracy that is called overfitting."""


@dataclass(frozen=True)
class NetworkCurves:
    """Learning curves of one network.

    Attributes
    ----------
    name : str
        Name of the network.
    lead : str
        Epochs, and accuracies at the kept ones.
    loss, accuracy : Markup
        Charts.
    folds : sequence of tuple
        Fold, epochs, kept epoch, and its four losses and accuracies as texts.
    """

    name: str
    lead: str
    loss: Markup
    accuracy: Markup
    folds: Sequence[tuple[str, int, int, Sequence[str]]]


def build(context: Context) -> list[NetworkCurves] | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    list of NetworkCurves or None
        The kept network first; None without learning curves.
    """
    scores = context.model.evaluation
    if not isinstance(scores, Evaluation) or not scores.learning_curves:
        return None
    by_model: dict[str, list[LearningCurve]] = {scores.model: []}
    for curve in scores.learning_curves:
        by_model.setdefault(curve.model, []).append(curve)
    return [_network_curves(name, curves) for name, curves in by_model.items() if curves]


SECTION = Section("learning_curves", "Learning curves", 58, build, inputs=(SEQUENCES,))


def _network_curves(name: str, curves: Sequence[LearningCurve]) -> NetworkCurves:
    lead = _lead(curves)
    return NetworkCurves(
        name=name,
        lead=lead,
        loss=learning_chart(
            curves, "loss", title=f"Loss of {isolated(name)} by epoch", description=lead
        ),
        accuracy=learning_chart(
            curves, "accuracy", title=f"Accuracy of {isolated(name)} by epoch", description=lead
        ),
        folds=[(curve.fold, _epochs(curve), curve.kept_epoch, _texts(curve)) for curve in curves],
    )


def _epochs(curve: LearningCurve) -> int:
    return len(curve.training_loss)


def _texts(curve: LearningCurve) -> list[str]:
    """Losses and accuracies at the kept epoch, of training and validation rows in turn."""
    k = curve.kept_epoch - 1
    values = (
        curve.training_loss[k],
        curve.validation_loss[k],
        curve.training_accuracy[k],
        curve.validation_accuracy[k],
    )
    return [fixed(value) for value in values]


def _lead(curves: Sequence[LearningCurve]) -> str:
    folds = counted(len(curves), "fold")
    kept = sorted(curve.kept_epoch for curve in curves)
    epochs = f"epochs {kept[0]} to {kept[-1]}" if kept[0] < kept[-1] else f"epoch {kept[0]}"
    text = f"The weights of {epochs} are kept in {folds}."
    pairs = [
        (curve.training_accuracy[curve.kept_epoch - 1], accuracy)
        for curve in curves
        if (accuracy := curve.validation_accuracy[curve.kept_epoch - 1]) is not None
    ]
    pairs = [pair for pair in pairs if pair[0] is not None]
    if not pairs:
        return f"{text} No rows were set aside for validation."
    training, validation = np.array(pairs, dtype=np.float64).mean(axis=0)
    text += (
        f" There, the mean accuracy is {fixed(training, 2)} for training rows, with augmentation,"
        f" and {fixed(validation, 2)} for validation rows."
    )
    if training - validation >= GAP:
        text += " The network fits the training rows better than others: it overfits."
    return text
