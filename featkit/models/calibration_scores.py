"""Scores of a model before its probabilities are calibrated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from featkit._utils.typing import Array
from featkit.models.absent_classes import unpredictable_rows
from featkit.models.calibration import Calibrator
from featkit.models.outer_folds import SplitPlan
from featkit.models.problem import Problem
from featkit.models.reliability import calibration
from featkit.models.score_types import UncalibratedScores
from featkit.models.scores import metric_values, recording_arrays

NO_CALIBRATION = "none"
"""Name of the choice of ``auto`` not to calibrate."""


def uncalibrated_scores(problem: Problem, plan: SplitPlan, P: Array) -> UncalibratedScores:
    """Score uncalibrated probabilities of the test rows of a plan.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    P : array of float64, shape ``(rows, classes)``
        Probabilities before calibration, one fold after the other.

    Returns
    -------
    UncalibratedScores
    """
    rows, classes, costs = plan.test_rows, problem.classes, problem.costs
    y, unpredictable = problem.y[rows], unpredictable_rows(problem, plan.outer)
    scores = UncalibratedScores(
        metrics=metric_values(y, P, classes, unpredictable, costs),
        calibration=calibration(y, P, classes),
    )
    if not problem.has_segments:
        return scores
    recordings = problem.recordings[rows]
    own_y, own_P, own_unpredictable = recording_arrays(y, P, recordings, unpredictable)
    return UncalibratedScores(
        metrics=scores.metrics,
        calibration=scores.calibration,
        recordings=metric_values(own_y, own_P, classes, own_unpredictable, costs),
        recording_calibration=calibration(own_y, own_P, classes),
    )


def calibration_names(calibrators: Mapping[str, Calibrator | None]) -> dict[str, str]:
    """Name the calibration of each fold.

    Parameters
    ----------
    calibrators : mapping of str to Calibrator or None
        The calibrator of each fold.

    Returns
    -------
    dict of str to str
        Its method; `NO_CALIBRATION` where there is none.
    """
    return {
        name: NO_CALIBRATION if calibrator is None else calibrator.method
        for name, calibrator in calibrators.items()
    }


def methods_text(calibrations: Mapping[str, str]) -> str:
    """Describe the calibrations of the folds in a few words.

    Parameters
    ----------
    calibrations : mapping of str to str
        As in `Evaluation`; not empty.

    Returns
    -------
    str
        Such as ``"isotonic"``, or ``"isotonic in 3 of 5 folds, none in 2"``.

    Examples
    --------
    >>> methods_text({"1": "sigmoid", "2": "none", "3": "sigmoid"})
    'sigmoid in 2 of 3 folds, none in 1'
    """
    (first, count), *others = Counter(calibrations.values()).most_common()
    if not others:
        return first
    rest = "".join(f", {method} in {number}" for method, number in others)
    return f"{first} in {count} of {len(calibrations)} folds{rest}"
