"""Comparison of the scores of a model before and after calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit.models.calibration_scores import methods_text
from featkit.models.score_types import (
    Calibration,
    Evaluation,
    MetricValues,
    ModelScores,
    ReliabilityBin,
)
from featkit.report import _svg
from featkit.report.formatting import fixed

MEASURES = {
    "expected_error": "Expected calibration error",
    "classwise_error": "The same, mean over classes",
    "brier": "Brier score",
}
"""Names of the measures of calibration; lower is better."""

METRICS = {"log_loss": "Log loss (lower is better)", "accuracy": "Accuracy (higher is better)"}
"""Names of the metrics that calibration may change."""


@dataclass(frozen=True)
class BeforeCalibration:
    """The data of the comparison.

    Attributes
    ----------
    lead : str
        The methods that were used.
    figures : sequence of (Markup, str)
        Reliability diagrams with their captions.
    measures : sequence of (str, sequence of (str, str, str))
        Captions of the tables; names of measures with the values before and after.
    bins : sequence of (str, ReliabilityBin or None, ReliabilityBin or None)
        Range of confidence, and its numbers before and after.
    folds : sequence of (str, str)
        Name and method of each fold.
    """

    lead: str
    figures: Sequence[tuple[Markup, str]]
    measures: Sequence[tuple[str, Sequence[tuple[str, str, str]]]]
    bins: Sequence[tuple[str, ReliabilityBin | None, ReliabilityBin | None]]
    folds: Sequence[tuple[str, str]]


def before_calibration(scores: Evaluation) -> BeforeCalibration | None:
    """Compare probabilities before and after calibration; None without calibration."""
    before, after = scores.uncalibrated, scores.calibration
    if before is None:
        return None
    by_row = _measures(before.calibration, before.metrics, after, scores.kept)
    measures = [("Before and after calibration, by row", by_row)]
    old, metrics = before.recording_calibration, before.recordings
    new, own_metrics = scores.recording_calibration, scores.recordings
    if old and metrics and new and own_metrics:
        measures.append(("The same by recording", _measures(old, metrics, new, own_metrics)))
    return BeforeCalibration(
        lead=(
            f"The probabilities are calibrated ({methods_text(scores.calibrations)}). The method is"
            " fitted on inner folds, and no test row takes part. All scores on this page are those"
            " after calibration, except where the table says otherwise."
        ),
        figures=[
            (_svg.reliability(own.reliability, title=f"Reliability diagram: {name}"), caption)
            for own, name, caption in (
                (before.calibration, "before calibration", "Before calibration"),
                (after, "after calibration", "After calibration"),
            )
        ],
        measures=measures,
        bins=paired_bins(before.calibration, after),
        folds=list(scores.calibrations.items()),
    )


def _measures(
    before: Calibration,
    metrics: MetricValues,
    after: Calibration,
    own_metrics: ModelScores,
) -> list[tuple[str, str, str]]:
    errors = [
        (title, fixed(getattr(before, name)), fixed(getattr(after, name)))
        for name, title in MEASURES.items()
    ]
    values = [
        (title, fixed(metrics[name]), fixed(own_metrics[name].value))
        for name, title in METRICS.items()
    ]
    return [*errors, *values]


def paired_bins(
    first: Calibration, second: Calibration | None
) -> list[tuple[str, ReliabilityBin | None, ReliabilityBin | None]]:
    """The bins of two reliability diagrams, with the range of confidence of each."""
    own = {(b.low, b.high): b for b in first.reliability}
    other = {} if second is None else {(b.low, b.high): b for b in second.reliability}
    return [
        (f"{fixed(low, 1)} to {fixed(high, 1)}", own.get((low, high)), other.get((low, high)))
        for low, high in sorted({*own, *other})
    ]
