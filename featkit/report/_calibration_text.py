"""Sentences on the calibration of a model."""

from __future__ import annotations

from featkit._utils.formatting import counted, plural
from featkit.models.reliability import rarest_biased_class
from featkit.models.score_types import Calibration
from featkit.report.formatting import fixed, percent, percent_number, quoted


def calibration_text(calibration: Calibration, noun: str) -> str:
    """The calibration of the probabilities of rows, which `noun` names."""
    error, classwise = calibration.expected_error, calibration.classwise_error
    return (
        f"Over {counted(_n_rows(calibration), noun)}, the probability of the predicted class"
        f" deviates from the accuracy by {percent_number(error)} percentage points on average"
        f" (expected calibration error {fixed(error)}), and the probabilities of all classes by"
        f" {percent_number(classwise)} points. {_bias(calibration, noun)} The Brier score is"
        f" {fixed(calibration.brier)}, from 0 (perfect) to 2."
    )


def _bias(calibration: Calibration, noun: str) -> str:
    """Bias towards equally frequent classes, else over- or underconfidence."""
    if biased := rarest_biased_class(calibration):
        return (
            "The probabilities assume equally frequent classes, which is not the case here: the"
            f" mean probability of {quoted(biased.name)} is {percent(biased.probability)}, but"
            f" {percent(biased.share)} of the {plural(noun)} belong to it."
        )
    excess = sum(b.rows * (b.confidence - b.accuracy) for b in calibration.reliability)
    if abs(excess / max(_n_rows(calibration), 1)) < 0.01:
        return "On the whole, the model is neither overconfident nor underconfident."
    return f"On the whole, the model is {'over' if excess > 0 else 'under'}confident."


def _n_rows(calibration: Calibration) -> int:
    return sum(b.rows for b in calibration.reliability)
