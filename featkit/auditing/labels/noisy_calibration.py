"""Calibration of probabilities on labels of which some are wrong.

A temperature fitted to wrong labels makes probabilities less certain than they are for right ones:
each wrong label costs a certain model much. Here a label is drawn at random with some probability,
the noise, and otherwise from the model. The posterior distribution of temperature and noise is
computed on a grid. Priors are log-uniform, for the noise with an exponential factor: if uncertain
models without much noise explain the labels as well, no label is doubted much.

References
----------
.. [1] Guo et al., "On calibration of modern neural networks", ICML 2017 (temperature scaling).
.. [2] C. G. Northcutt, A. Athalye, J. Mueller, "Pervasive label errors in test sets destabilize
   machine learning benchmarks", NeurIPS Datasets and Benchmarks 2021.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array

LOG_POWERS = np.linspace(-np.log(10.0), np.log(10.0), 61)
"""Changes of the certainty: log odds are multiplied by 0.1 to 10."""

NOISES = np.geomspace(3e-4, 0.5, 40)
"""Shares of random labels."""

USUAL_NOISE = 0.05
"""Scale of the exponential factor of the prior: datasets have 0.15 to 10 % wrong labels [2]_."""

SMALLEST = 1e-12
"""Probabilities below count as this."""


class NoisyCalibration(NamedTuple):
    """Calibrated probabilities.

    Attributes
    ----------
    P : array of float64, shape ``(rows, classes)``
        Powers of the given probabilities, scaled to a sum of 1: the order of the classes of a row
        stays the same.
    power : float
        Factor of the log odds, the inverse of a temperature: mean of its posterior distribution.
    noise : float
        Share of labels that seem to be random: mean of its posterior distribution.
    wrong : array of float64, shape ``(rows,)``
        Posterior probability of each label that it was drawn at random and is not the true class.
    """

    P: Array
    power: float
    noise: float
    wrong: Array


def calibrate_with_noise(labels: Array, P: Array) -> NoisyCalibration:
    """Calibrate out-of-fold probabilities on labels of which some are wrong.

    Parameters
    ----------
    labels : array of int, shape ``(rows,)``
        Given labels, from 0.
    P : array of float64, shape ``(rows, classes)``
        Out-of-fold probabilities.

    Returns
    -------
    NoisyCalibration
    """
    rows, n_classes = np.arange(len(labels)), P.shape[1]
    own = [_powers(P, np.exp(x))[rows, labels] for x in LOG_POWERS]
    log_likelihood = np.array(
        [[np.log(_mixed(q, x, n_classes)).sum() for x in NOISES] for q in own]
    )
    log_posterior = log_likelihood - NOISES / USUAL_NOISE
    weights = np.exp(log_posterior - log_posterior.max())
    weights /= weights.sum()
    wrong = np.zeros(len(labels))
    for q, row in zip(own, weights, strict=True):
        for noise, weight in zip(NOISES[row > 0], row[row > 0], strict=True):
            wrong += weight * noise / n_classes * (1 - q) / _mixed(q, noise, n_classes)
    power = float(np.exp(weights.sum(axis=1) @ LOG_POWERS))
    return NoisyCalibration(_powers(P, power), power, float(weights.sum(axis=0) @ NOISES), wrong)


def _mixed(own: Array, noise: float, n_classes: int) -> Array:
    """Probability of the given labels, which are random or from the model."""
    return (1 - noise) * own + noise / n_classes


def _powers(P: Array, power: float) -> Array:
    logs = power * np.log(np.maximum(P, SMALLEST))
    powers = np.exp(logs - logs.max(axis=1, keepdims=True))
    scaled: Array = powers / powers.sum(axis=1, keepdims=True)
    return scaled
