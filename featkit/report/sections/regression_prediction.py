"""The predicted number of one recording, and of each of its segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from featkit.models.task import REGRESSION
from featkit.report._class_panels import times
from featkit.report._context import Context
from featkit.report._explained_rows import row_sound
from featkit.report._sounds import Sound
from featkit.report.formatting import significant
from featkit.report.section import Section


@dataclass(frozen=True)
class RegressionPrediction:
    """The data of the section.

    Attributes
    ----------
    name : str
        Path of the recording.
    target : str
        The target.
    predicted : str
        The mean prediction of the segments.
    error : str
        Typical error of the model: its mean absolute error in cross-validation; "" if unknown.
    sound : Sound or None
        Sound of the first segment.
    segments : sequence of (str, str)
        Times and prediction of each segment.
    """

    name: str
    target: str
    predicted: str
    error: str
    sound: Sound | None
    segments: Sequence[tuple[str, str]]


def build(context: Context) -> RegressionPrediction | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    RegressionPrediction or None
        The data; None without an explanation.
    """
    explanation = context.shap
    if explanation is None:
        return None
    predicted = explanation.probabilities[:, 0]
    scores = context.model.evaluation
    mae = None if scores is None else (scores.recordings or scores.kept)["mae"].value
    return RegressionPrediction(
        name=str(explanation.keys["path"][0]),
        target=explanation.classes[0],
        predicted=significant(float(predicted.mean())),
        error="" if mae is None else significant(mae, 3),
        sound=row_sound(context, explanation, 0),
        segments=[
            (times(explanation, row), significant(float(predicted[row])))
            for row in range(len(explanation))
        ],
    )


SECTION = Section(
    "regression_prediction", "Prediction", 10, build, pages=("recording",), tasks=(REGRESSION,)
)
