"""Integrated gradients: the contribution of each value of a sequence to the logit of a class.

The gradient of the logit is integrated along the straight line from a baseline to the row, and
multiplied by their difference. The baseline is the mean of each channel over the training rows,
which standardisation maps to 0. The contributions add up to the difference of the logits of the row
and of the baseline, up to the error of the numerical integral (midpoint rule); the difference that
remains is returned, and shrinks with more steps.

References
----------
Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.parameters import check_parameter
from featkit._utils.typing import Array
from featkit.explanation.gradients._evaluation import (
    class_logits,
    frozen_module,
    rows_with_class,
)
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from featkit.models.networks.classifier import NetworkClassifier

STEPS = 32
"""Points on the line from the baseline to the row."""


POINTS_AT_ONCE = 8
"""Points whose gradients are computed together. Memory grows with it, time hardly changes."""


class IntegratedGradients(NamedTuple):
    """Contributions to the logit of one class, for some rows.

    Attributes
    ----------
    contributions : dict of str to array of float32, shape ``(rows, channels, frames)``
        Contribution of each value, by the name of the kind of sequence.
    output : array of float64, shape ``(rows,)``
        Logit of the class.
    base : array of float64, shape ``(rows,)``
        Logit of the class for the baseline.
    """

    contributions: dict[str, Array]
    output: Array
    base: Array

    @property
    def residual(self) -> Array:
        """Output minus base and contributions, ``(rows,)``: the error of the integral."""
        sums = [values.sum(axis=(1, 2), dtype=np.float64) for values in self.contributions.values()]
        residual: Array = self.output - self.base - np.sum(sums, axis=0)
        return residual


def integrated_gradients(
    classifier: NetworkClassifier,
    sequences: Sequences,
    classes: Sequence[str],
    *,
    steps: int = STEPS,
) -> IntegratedGradients:
    """Compute the contribution of each value of the sequences to the logit of one class.

    Parameters
    ----------
    classifier : NetworkClassifier
        A fitted network.
    sequences : Sequences
        The rows, with all kinds that the network reads.
    classes : sequence of str
        Class of each row that is explained.
    steps : int
        Points at which the gradient is evaluated, from 1 to 10,000.

    Returns
    -------
    IntegratedGradients

    Raises
    ------
    ParameterError
        If a class does not exist, `steps` is out of range, or PyTorch is not installed.
    """
    steps = check_parameter("steps", steps, int, at_least=1, at_most=10_000)
    module = frozen_module(classifier)
    from featkit.models.networks.training.session import one_thread

    contributions = {
        kind: np.empty((len(sequences), *sequences.kinds[kind].shape), dtype=np.float32)
        for kind in classifier.kinds_.values()
    }
    output, base = np.empty(len(sequences)), np.empty(len(sequences))
    with one_thread():
        for k, (inputs, lengths, place) in enumerate(
            rows_with_class(classifier, sequences, classes)
        ):
            zeros = {name: 0 * x for name, x in inputs.items()}
            output[k] = class_logits(module, inputs, lengths, place).item()
            base[k] = class_logits(module, zeros, lengths, place).item()
            gradients = _mean_gradients(module, inputs, lengths, place, steps)
            for name, x in inputs.items():
                contributions[classifier.kinds_[name]][k] = (x * gradients[name])[0].numpy()
    return IntegratedGradients(contributions, output, base)


def _mean_gradients(
    module: Any, inputs: dict[str, Any], lengths: dict[str, Any], place: int, steps: int
) -> dict[str, Any]:
    """Mean gradient on the line from 0 to a row, by base name: ``(1, channels, frames)``."""
    import torch

    totals = {name: torch.zeros_like(x, dtype=torch.float64) for name, x in inputs.items()}
    for shares in ((torch.arange(steps) + 0.5) / steps).split(POINTS_AT_ONCE):
        factors = shares[:, None, None]
        points = {name: (x * factors).requires_grad_() for name, x in inputs.items()}
        repeated = {name: own.expand(len(shares)) for name, own in lengths.items()}
        logits = class_logits(module, points, repeated, place)
        gradients = torch.autograd.grad(
            logits.sum(), [*points.values()], allow_unused=True, materialize_grads=True
        )
        for name, gradient in zip(points, gradients, strict=True):
            totals[name] += gradient.double().sum(dim=0)
    return {name: total / steps for name, total in totals.items()}
