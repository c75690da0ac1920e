"""Scores of the model on new rows of the explained table."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation
from featkit.models.result import BASELINE
from featkit.models.score_types import Evaluation
from featkit.models.scores import evaluate


def held_out_scores(model: str, explanation: Explanation) -> Evaluation | None:
    """The scores of rows of known class that the model was not trained on; None without any.

    The baseline predicts the class frequencies of these rows.
    """
    rows = np.flatnonzero(explanation.held_out)
    if not len(rows) or explanation.y is None:
        return None
    y, groups = explanation.y[rows].astype(str), explanation.groups[rows]
    frequencies = np.array([np.mean(y == name) for name in explanation.classes])
    unit = "group" if "group" in explanation.keys else "recording"
    return evaluate(
        y,
        {
            model: explanation.probabilities[rows],
            BASELINE: np.tile(frequencies, (len(rows), 1)),
        },
        explanation.classes,
        groups,
        np.full(len(rows), ""),
        _recordings(explanation, rows),
        model=model,
        protocol="a table that it was not trained on",
        unit=unit if "path" in explanation.keys else "row",
        n_rows=len(explanation),
        n_groups=len(np.unique(groups)),
        n_columns=len(explanation.columns),
        chosen={},
    )


def _recordings(explanation: Explanation, rows: Array) -> Array | None:
    """The recording of each row; None if no recording has several."""
    if "path" not in explanation.keys:
        return None
    recordings = explanation.recordings[rows].astype(str)
    return recordings if len(set(recordings.tolist())) < len(recordings) else None
