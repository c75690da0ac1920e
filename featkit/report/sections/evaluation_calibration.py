"""Calibration of probabilities in other datasets and at home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.evaluation.result import CrossEvaluation, DatasetEvaluation
from featkit.models.score_types import Calibration, ReliabilityBin
from featkit.report import _svg
from featkit.report._before_calibration import paired_bins
from featkit.report._calibration_text import calibration_text
from featkit.report._evaluation_text import home_metrics, pair_titles
from featkit.report.formatting import fixed
from featkit.report.section import Section

MEASURES = ("Expected calibration error", "The same, mean over classes", "Brier score", "Log loss")
"""Names of the measures."""


@dataclass(frozen=True)
class CalibrationPair:
    """The data of the section for one model on one dataset.

    Attributes
    ----------
    lead : str
        Sentences on the calibration here.
    no_home : str
        Reason why the calibration at home is not shown; "" if it is.
    figures : sequence of (Markup, str)
        Reliability diagrams with their captions.
    measures : sequence of (str, str, str)
        Name of a measure, and its value here and at home.
    bins : sequence of (str, ReliabilityBin or None, ReliabilityBin or None)
        Range of confidence, and its numbers here and at home.
    at_home : bool
        Whether the calibration at home is known.
    """

    lead: str
    no_home: str
    figures: Sequence[tuple[Markup, str]]
    measures: Sequence[tuple[str, str, str]]
    bins: Sequence[tuple[str, ReliabilityBin | None, ReliabilityBin | None]]
    at_home: bool


def build(evaluation: CrossEvaluation) -> list[tuple[str, CalibrationPair]]:
    """Collect the data of the section.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The input of the page.

    Returns
    -------
    list of (str, CalibrationPair)
        Headings and data of each model and dataset.
    """
    return [(name, _pair(pair)) for name, pair in pair_titles(evaluation)]


SECTION = Section("evaluation_calibration", "Calibration", 40, build, pages=("evaluation",))


def _pair(pair: DatasetEvaluation) -> CalibrationPair:
    here, home = pair.calibration, None if pair.home is None else pair.home.calibration
    figures = [_figure(here, "Here", "recording")]
    if home is not None:
        figures.append(_figure(home, "At home", _home_noun(pair)))
    return CalibrationPair(
        lead=calibration_text(here, "recording"),
        no_home=_no_home(pair),
        figures=figures,
        measures=_measures(pair, home),
        bins=paired_bins(here, home),
        at_home=home is not None,
    )


def _home_noun(pair: DatasetEvaluation) -> str:
    return "recording" if pair.home is not None and pair.home.by_recording else "row"


def _no_home(pair: DatasetEvaluation) -> str:
    if pair.home is None:
        return "The model file contains no calibration at home."
    if pair.home.calibration is None:
        return "The calibration at home is unknown, because the label map merges classes."
    return ""


def _figure(calibration: Calibration, place: str, noun: str) -> tuple[Markup, str]:
    bins = calibration.reliability
    chart = _svg.reliability(bins, title=f"Reliability diagram: {place.lower()}", noun=noun)
    return chart, f"{place}: {counted(sum(own.rows for own in bins), noun)}"


def _measures(pair: DatasetEvaluation, home: Calibration | None) -> list[tuple[str, str, str]]:
    here = pair.calibration
    log_loss = home_metrics(pair.home).get("log_loss")
    loss = pair.scores.log_loss.value
    if home is None:
        at_home: list[float | None] = [None] * 3
    else:
        at_home = [home.expected_error, home.classwise_error, home.brier]
    at_home.append(None if log_loss is None else log_loss.value)
    own = [here.expected_error, here.classwise_error, here.brier, loss]
    values = zip(MEASURES, own, at_home, strict=True)
    return [(name, fixed(value), fixed(home_value)) for name, value, home_value in values]
