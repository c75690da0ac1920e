"""The rows of one recording as a single row."""

from __future__ import annotations

import dataclasses

import numpy as np

from featkit.explanation.explanation import Explanation
from featkit.models.task import TASKS


def mean_row(explanation: Explanation) -> Explanation:
    """The rows of a recording as one row, with the joint prediction of its segments."""
    combine = TASKS[explanation.task].combine
    _, P = combine(np.zeros(len(explanation)), explanation.probabilities)
    whole = explanation.mean()
    ends = {"start": min, "end": max}
    keys = {
        name: np.array([ends[name](explanation.keys[name].tolist(), key=float)])
        if name in ends
        else column
        for name, column in whole.keys.items()
    }
    return dataclasses.replace(whole, probabilities=P, keys=keys)
