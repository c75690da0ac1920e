"""The training loop: batches, loss, AdamW, schedule, early stopping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from featkit._utils.typing import Array
from featkit.errors import FeatkitError
from featkit.models.networks.classifier import Epoch
from featkit.models.networks.parameters import NetworkParameters
from featkit.models.networks.progress import report
from featkit.models.networks.scaling import Scales
from featkit.models.networks.training.augmentation import Batch, augmented
from featkit.models.networks.training.rows import Rows

WARM_UP = 0.3
"""Share of the steps of one cycle in which the learning rate increases."""

ORDER, AUGMENTATION = 1, 2
"""Streams of random numbers of a seed; torch's generator is a third."""


@dataclass(frozen=True)
class Labelled:
    """Rows with their classes.

    Attributes
    ----------
    rows : Rows
        Standardised sequences.
    y : array of int, shape ``(rows,)``
        Number of the class of each row.
    """

    rows: Rows
    y: Array

    def __len__(self) -> int:
        return len(self.y)


class Trained(NamedTuple):
    """Result of a training.

    Attributes
    ----------
    state : dict of str to Tensor
        Weights and running statistics of the best epoch.
    history : list of Epoch
        Learning curve.
    best_epoch : int
        Counted from 1.
    """

    state: dict[str, Tensor]
    history: list[Epoch]
    best_epoch: int


class Score(NamedTuple):
    """Mean loss, and accuracy.

    Attributes
    ----------
    loss, accuracy : float
        NaN without rows.
    """

    loss: float
    accuracy: float


class Training:
    """The training of one network.

    Parameters
    ----------
    module : torch.nn.Module
        The network; changed in place.
    settings : NetworkParameters
        All parameters of the training.
    scales : mapping of str to (array, array)
        Mean and deviation of the channels, by base name.
    n_classes : int
        Number of classes.
    name : str
        Name of the architecture, for messages.
    seed : int
        Seed of order and augmentation.
    frozen : sequence of torch.nn.Module
        Parts that keep weights and running statistics.
    """

    def __init__(
        self,
        module: Any,
        settings: NetworkParameters,
        *,
        scales: Scales,
        n_classes: int,
        name: str,
        seed: int,
        frozen: Sequence[Any] = (),
    ) -> None:
        self.module, self.settings, self.name = module, settings, name
        self._scales, self._n_classes, self._frozen = scales, n_classes, frozen
        self._order = np.random.default_rng([ORDER, seed])
        self._random = np.random.default_rng([AUGMENTATION, seed])
        self._optimizer = _optimizer(module, settings)

    def run(self, training: Labelled, validation: Labelled) -> Trained:
        """Train for all epochs, or until the validation loss no longer improves.

        The epoch with the lowest validation loss is kept. Training stops early at a constant rate
        only: one cycle is planned for its number of epochs, and its first half is at high rates.

        Parameters
        ----------
        training : Labelled
            Rows to learn from.
        validation : Labelled
            Rows for early stopping; none to train for all epochs.

        Returns
        -------
        Trained

        Raises
        ------
        FeatkitError
            If a loss is not finite.
        """
        epochs, history = self.settings.epochs, list[Epoch]()
        stops_early = self.settings.schedule == "constant"
        best_epoch, best_loss, state = 0, math.inf, dict[str, Tensor]()
        weights = class_weights(training.y, self._n_classes, self.settings.class_weights)
        n_batches = batch_count(len(training), self.settings.batch_size)
        scheduler = _scheduler(self._optimizer, self.settings, epochs * n_batches)
        for epoch in range(1, epochs + 1):
            self._train_mode()
            learned = self._epoch(training, n_batches, weights, scheduler, epoch)
            validated = self._validate(validation, weights, epoch)
            history.append(Epoch(*learned, *validated))
            report(epoch, epochs, *history[-1])
            if not len(validation) or validated.loss < best_loss:
                best_epoch, best_loss = epoch, validated.loss
                state = _copy(self.module)
            elif stops_early and epoch - best_epoch >= self.settings.patience:
                break
        return Trained(state, history, best_epoch)

    def _train_mode(self) -> None:
        self.module.train()
        for part in self._frozen:
            part.eval()

    def _epoch(
        self, training: Labelled, n_batches: int, weights: Tensor, scheduler: Any, epoch: int
    ) -> Score:
        loss, correct = 0.0, 0
        order = self._order.permutation(len(training))
        for which in np.array_split(order, n_batches):
            batch = augmented(
                self._batch(training, which), self.settings, self._scales, self._random
            )
            logits, value = self.step(batch, weights)
            self._check_loss(value, epoch)
            scheduler.step()
            loss += value * len(which)
            correct += int((logits.argmax(1) == batch.targets.argmax(1)).sum())
        return Score(loss / len(training), correct / len(training))

    def _batch(self, data: Labelled, which: Array) -> Batch:
        inputs, lengths = data.rows.batch(which)
        classes = torch.from_numpy(data.y[which].astype(np.int64))
        return Batch(inputs, lengths, one_hot(classes, self._n_classes).to(torch.float32))

    def step(self, batch: Batch, weights: Tensor) -> tuple[Tensor, float]:
        """Change the weights once.

        Parameters
        ----------
        batch : Batch
            Training rows after augmentation.
        weights : Tensor, shape ``(classes,)``
            Weights of the classes in the loss.

        Returns
        -------
        logits : Tensor, shape ``(batch, classes)``
            Output before the step.
        loss : float
            Mean over the batch.
        """
        self._optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.precision == "bfloat16"):
            logits = self.module(batch.inputs, batch.lengths).to(torch.float32)
        smoothing = self.settings.label_smoothing
        loss = cross_entropy(logits, batch.targets, weight=weights, label_smoothing=smoothing)
        loss.backward()
        if self.settings.max_gradient_norm:
            nn.utils.clip_grad_norm_(self.module.parameters(), self.settings.max_gradient_norm)
        self._optimizer.step()
        return logits.detach(), float(loss.detach())

    def _validate(self, validation: Labelled, weights: Tensor, epoch: int) -> Score:
        """Weighted mean loss without smoothing, and accuracy."""
        if not len(validation):
            return Score(math.nan, math.nan)
        logits = row_logits(self.module, validation.rows)
        classes = torch.from_numpy(validation.y.astype(np.int64))
        loss = float(cross_entropy(logits, classes, weight=weights))
        self._check_loss(loss, epoch)
        return Score(loss, int((logits.argmax(1) == classes).sum()) / len(validation))

    def _check_loss(self, loss: float, epoch: int) -> None:
        if math.isfinite(loss):
            return
        raise FeatkitError(
            f"the training of {self.name} diverged in epoch {epoch}: the loss is {loss}. Try a"
            f" learning_rate below {self.settings.learning_rate:g}, or limit the gradient with"
            " max_gradient_norm=1"
        )


def row_logits(module: Any, rows: Rows) -> Tensor:
    """Apply a network to each row alone, so that its output does not depend on other rows.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    rows : Rows
        Standardised sequences; at least one row.

    Returns
    -------
    Tensor, shape ``(rows, classes)``
    """
    module.eval()
    with torch.inference_mode():
        return torch.cat([module(*rows.batch(np.array([k]))) for k in range(len(rows))])


def batch_count(n_rows: int, size: int) -> int:
    """Return the number of batches of an epoch.

    Batches are equally large, up to one row. From a size of two on, none has a single row, which
    batch normalisation cannot use; a batch may then have one row more than its size.

    Parameters
    ----------
    n_rows : int
        Number of training rows.
    size : int
        Rows of a batch.

    Returns
    -------
    int
    """
    count = math.ceil(n_rows / size)
    return count if size == 1 else max(1, min(count, n_rows // 2))


def class_weights(y: Array, n_classes: int, rule: str) -> Tensor:
    """Return the weight of each class in the loss.

    Parameters
    ----------
    y : array of int, shape ``(rows,)``
        Classes of the training rows.
    n_classes : int
        Number of classes.
    rule : {"balanced", "none"}
        Whether rare classes weigh more, so that all classes together weigh the same.

    Returns
    -------
    Tensor of float32, shape ``(classes,)``
        Their mean over the rows is 1.
    """
    if rule == "none":
        return torch.ones(n_classes)
    counts = np.bincount(y, minlength=n_classes)
    return torch.from_numpy((len(y) / (n_classes * counts)).astype(np.float32))


def _optimizer(module: Any, settings: NetworkParameters) -> torch.optim.AdamW:
    """AdamW; biases and scales of normalisation do not decay."""
    trained = [p for p in module.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def _scheduler(optimizer: Any, settings: NetworkParameters, n_steps: int) -> Any:
    schedulers = torch.optim.lr_scheduler
    if settings.schedule == "constant":
        return schedulers.ConstantLR(optimizer, factor=1.0)
    # One step more, as the last call of `step` has no effect on the weights.
    return schedulers.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=n_steps + 1, pct_start=WARM_UP
    )


def _copy(module: Any) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
