"""How good the model is on the table that is explained, if it was trained on another."""

from __future__ import annotations

from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.explanation.explanation import Explanation
from featkit.models.result import BASELINE, scores_of_recordings
from featkit.models.scores import judged
from featkit.report._subject import Subject


def held_out(model: Subject, explanation: Explanation) -> dict[str, Any] | None:
    """Scores of the rows that the model has not learnt from, if their true classes are known.

    Of the shape that training gives: see `featkit.models.result.Result`. The baseline gives each
    row the shares of the classes in these rows: the commonest class is that of this table.
    """
    rows = np.flatnonzero(explanation.held_out)
    if not len(rows) or explanation.y is None:
        return None
    y, groups = explanation.y[rows].astype(str), explanation.groups[rows]
    shares = np.array([np.mean(y == name) for name in model.classes])
    P = {
        model.name: explanation.probabilities[rows],
        BASELINE: np.tile(shares, (len(rows), 1)),
    }
    unit = "group" if "group" in explanation.keys else "recording"
    return {
        "protocol": "a table that it was not trained on",
        "unit": unit if "path" in explanation.keys else "row",
        "rows": len(explanation),
        "groups": len(np.unique(groups)),
        "columns": len(explanation.columns),
        **judged(y, P, model.name, model.classes, groups, np.full(len(rows), "")),
        "recordings": _of_recordings(explanation, rows, y),
        "warnings": [],
    }


def _of_recordings(explanation: Explanation, rows: Array, y: Array) -> dict[str, Any] | None:
    if "path" not in explanation.keys:
        return None
    paths = np.asarray(explanation.keys["path"])[rows].astype(str)
    if len(set(paths.tolist())) == len(paths):
        return None
    P, groups = explanation.probabilities[rows], explanation.groups[rows]
    return scores_of_recordings(y, P, explanation.classes, paths, groups, np.full(len(y), ""))
