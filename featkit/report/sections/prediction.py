"""The predicted class of one recording, and of each of its segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit.models.task import CLASSIFICATION, MULTILABEL
from featkit.report import _svg
from featkit.report._class_panels import times
from featkit.report._context import Context
from featkit.report._explained_rows import Prediction, prediction, row_sound
from featkit.report._recording import mean_row
from featkit.report._sounds import Sound
from featkit.report.formatting import percent
from featkit.report.section import Section


@dataclass(frozen=True)
class Segment:
    """The prediction for a segment.

    Attributes
    ----------
    times : str
        Start and end.
    predicted : str
        Predicted class.
    probability : str
        Its probability.
    bar : Markup
        The probability as a bar.
    """

    times: str
    predicted: str
    probability: str
    bar: Markup


@dataclass(frozen=True)
class RecordingPrediction:
    """The data of the section.

    Attributes
    ----------
    name : str
        Path of the recording.
    whole : Prediction
        Prediction for the whole recording.
    probability : str
        Probability of the predicted class.
    sound : Sound or None
        Sound of the segment with the highest probability of the predicted class.
    segments : sequence of Segment
        Predictions for the segments.
    most_probable : str
        The class or label with the highest probability.
    several : bool
        Whether the model predicts several labels.
    """

    name: str
    whole: Prediction
    probability: str
    sound: Sound | None
    segments: Sequence[Segment]
    most_probable: str
    several: bool


def build(context: Context) -> RecordingPrediction | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    RecordingPrediction or None
        The data; None without an explanation.
    """
    explanation = context.shap
    if explanation is None:
        return None
    whole = mean_row(explanation)
    predicted_class = whole.classes.index(str(whole.predicted[0]))
    most_confident = int(np.argmax(explanation.probabilities[:, predicted_class]))
    confidence = explanation.confidence
    return RecordingPrediction(
        name=str(explanation.keys["path"][0]),
        whole=prediction(whole, 0, len(explanation.classes)),
        probability=percent(float(whole.confidence[0])),
        sound=row_sound(context, explanation, most_confident),
        segments=[
            Segment(
                times=times(explanation, row),
                predicted=str(explanation.answer[row]),
                probability=percent(float(confidence[row])),
                bar=_svg.bar(float(confidence[row]), 1.0),
            )
            for row in range(len(explanation))
        ],
        most_probable=explanation.classes[predicted_class],
        several=explanation.decision is not None,
    )


SECTION = Section(
    "prediction",
    "Prediction",
    10,
    build,
    pages=("recording",),
    tasks=(CLASSIFICATION, MULTILABEL),
)
