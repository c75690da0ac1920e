"""The page of one recording: what it was taken for, and what spoke for and against that."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit.explanation.explanation import Explanation
from featkit.models.classifier import of_recordings
from featkit.report import _svg
from featkit.report._class_panels import times
from featkit.report._subject import Subject
from featkit.report.sections.importance import exactness, others, scale
from featkit.report.sections.performance import good
from featkit.report.sections.recordings import Single, heard, single
from featkit.report.words import percent


@dataclass(frozen=True)
class Part:
    """A segment of the recording."""

    when: str
    said: str
    probability: str
    bar: Markup


@dataclass(frozen=True)
class Recording:
    """What the page shows."""

    name: str
    whole: Single
    probability: str
    parts: Sequence[Part]
    scale: str
    method: str
    flaw: str
    notes: Sequence[str]
    trust: Sequence[str]


def as_one(explanation: Explanation) -> Explanation:
    """The rows of a recording as one: the mean of contributions, and the joint probabilities."""
    _, P = of_recordings(np.zeros(len(explanation)), explanation.probabilities)
    one = explanation.mean()
    ends = {"start": min, "end": max}
    keys = {
        name: np.array([ends[name](explanation.keys[name].tolist(), key=float)])
        if name in ends
        else column
        for name, column in one.keys.items()
    }
    return dataclasses.replace(one, probabilities=P, keys=keys)


def recording(
    model: Subject,
    explanation: Explanation,
    *,
    sound: str | os.PathLike[str] | None,
    sample_rate: float | None,
    of_class: str | float | None,
    top: int,
) -> Recording:
    """What the page shows of the rows of one recording."""
    one = as_one(explanation)
    every = len(explanation.classes)
    surest = int(np.argmax(explanation.probabilities[:, int(np.argmax(one.probabilities))]))
    whole = single(one, 0, None, sample_rate, of_class=of_class, top=top, classes=every)
    sure = explanation.probabilities.max(axis=1)
    return Recording(
        name=str(explanation.keys["path"][0]),
        whole=dataclasses.replace(whole, heard=heard(explanation, surest, sound, sample_rate)),
        probability=percent(float(one.probabilities.max())),
        parts=[
            Part(
                when=times(explanation, row),
                said=str(explanation.predicted[row]),
                probability=percent(float(sure[row])),
                bar=_svg.bar(float(sure[row]), 1.0),
            )
            for row in range(len(explanation))
        ],
        scale=scale(explanation),
        method=explanation.method,
        flaw=explanation.flaw,
        notes=[*exactness(explanation)[1:], *others(explanation)],
        trust=good(model.scores).lead if model.scores else [],
    )
