"""Progress of the fit of a network, epoch by epoch, for whoever listens in the same process.

The classifier calls `report` after each epoch. Without a listener nothing happens; a listener has
no effect on the fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class EpochReport(NamedTuple):
    """Losses and accuracies after an epoch.

    Attributes
    ----------
    epoch, epochs : int
        Number of the epoch, counted from 1, and the most epochs of the fit.
    training_loss, training_accuracy : float
        Of the training rows.
    validation_loss, validation_accuracy : float
        Of the rows that are set aside; NaN without any.
    """

    epoch: int
    epochs: int
    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float

    def __str__(self) -> str:
        kind, loss, accuracy = "validation", self.validation_loss, self.validation_accuracy
        if math.isnan(loss):
            kind, loss, accuracy = "training", self.training_loss, self.training_accuracy
        return (
            f"epoch {self.epoch} of {self.epochs}, {kind} loss {loss:.3f}, accuracy {accuracy:.3f}"
        )


Listener = Callable[[EpochReport], None]

_listeners: list[Listener] = []


def report(
    epoch: int,
    epochs: int,
    training_loss: float,
    training_accuracy: float,
    validation_loss: float = math.nan,
    validation_accuracy: float = math.nan,
) -> None:
    """Report an epoch to the listeners.

    Parameters
    ----------
    epoch, epochs : int
        Number of the epoch, counted from 1, and the most epochs of the fit.
    training_loss, training_accuracy : float
        Of the training rows.
    validation_loss, validation_accuracy : float
        Of the rows that are set aside; NaN without any.
    """
    if _listeners:
        losses = training_loss, training_accuracy, validation_loss, validation_accuracy
        own = EpochReport(epoch, epochs, *map(float, losses))
        for listener in _listeners:
            listener(own)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call a function with each epoch that a fit in this process reports.

    Parameters
    ----------
    listener : callable
        ``listener(report)`` is called with an `EpochReport`.

    Yields
    ------
    None
    """
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
