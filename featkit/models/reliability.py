"""Calibration: how well probabilities agree with observed frequencies.

Conventions: ``y`` holds the true classes, ``(rows,)``; ``P`` the probabilities, ``(rows,
classes)``, float64; ``classes`` are sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.models.decisions import decide
from featkit.models.score_types import Calibration, ClassCalibration, ReliabilityBin

RELIABILITY_BINS = 10

BIAS_DIFFERENCE, BIAS_ODDS_RATIO = 0.02, 2.0
"""Probabilities of a class are biased if their mean differs from the share of the class by more
than the first number, and the odds differ by more than the second as a factor."""


def calibration(y: Array, P: Array, classes: Sequence[str]) -> Calibration:
    """Measure how well probabilities agree with observed frequencies, whatever is predicted.

    Parameters
    ----------
    y, P, classes
        See `featkit.models.scores.model_scores`.

    Returns
    -------
    Calibration
    """
    true = np.searchsorted(classes, y)
    truth = np.eye(len(classes))[true]
    bins = list(_reliability(P.max(axis=1), decide(P) == true))
    of_classes = [
        ClassCalibration(
            name=name,
            probability=float(P[:, k].mean()),
            share=float(truth[:, k].mean()),
            expected_error=_expected_error(list(_reliability(P[:, k], truth[:, k]))),
            brier=float(np.mean((P[:, k] - truth[:, k]) ** 2)),
        )
        for k, name in enumerate(classes)
    ]
    return Calibration(
        brier=float(np.mean(np.sum((P - truth) ** 2, axis=1))),
        expected_error=_expected_error(bins),
        reliability=bins,
        classes=of_classes,
        classwise_error=float(np.mean([own.expected_error for own in of_classes])),
    )


def rarest_biased_class(calibration: Calibration) -> ClassCalibration | None:
    """Return the rarest class whose probabilities do not reflect its frequency.

    Estimators weight classes equally, so that rare classes are recognised as well as common ones.
    The probability of a rare class is then higher than its frequency.

    Parameters
    ----------
    calibration : Calibration
        Of the model.

    Returns
    -------
    ClassCalibration or None
        None if no class is clearly biased.
    """
    uniform = 1 / len(calibration.classes)
    biased = [own for own in calibration.classes if _is_biased(own, uniform)]
    return min(biased, key=lambda own: (own.share, own.name), default=None)


def _is_biased(own: ClassCalibration, uniform: float) -> bool:
    """Whether the mean probability clearly differs from the share, towards `uniform`."""
    low, high = sorted([own.probability, own.share])
    clear = high - low > BIAS_DIFFERENCE and high * (1 - low) > BIAS_ODDS_RATIO * low * (1 - high)
    return clear and abs(own.probability - uniform) < abs(own.share - uniform)


def calibration_warnings(calibration: Calibration) -> list[str]:
    """List the reasons to doubt the probabilities.

    Parameters
    ----------
    calibration : Calibration
        Of the model.

    Returns
    -------
    list of str
        Empty, or one warning.
    """
    biased = rarest_biased_class(calibration)
    if biased is None:
        return []
    return [
        "probabilities assume that all classes are equally common, but they are not: the mean"
        f" probability of {biased.name!r} is {biased.probability:.3f}, and its share of the rows"
        f" is {biased.share:.3f}; give a class prior when predicting (--class-prior), or calibrate"
        " the model by sigmoid or isotonic, which learn the shares (--calibrate)"
    ]


def _expected_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance between probability and share over bins, weighted by rows."""
    total = sum(own.rows * abs(own.accuracy - own.confidence) for own in bins)
    return float(total / sum(own.rows for own in bins))


def _reliability(probability: Array, hits: Array) -> Iterator[ReliabilityBin]:
    edges = np.linspace(0, 1, RELIABILITY_BINS + 1)
    place = np.searchsorted(edges, probability, side="right") - 1
    place = np.minimum(place, RELIABILITY_BINS - 1)
    for k in np.unique(place):
        inside = place == k
        yield ReliabilityBin(
            low=float(edges[k]),
            high=float(edges[k + 1]),
            rows=int(inside.sum()),
            confidence=float(probability[inside].mean()),
            accuracy=float(hits[inside].mean()),
        )
