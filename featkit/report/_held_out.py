"""Scores of the model on new rows of the explained table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.explanation.explained_rows import ExplainedRows
from featkit.models.curves import evaluate_curves
from featkit.models.multilabel_scores import evaluate_label_sets
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.regression_scores import evaluate_regression
from featkit.models.regression_types import RegressionEvaluation
from featkit.models.result import BASELINE
from featkit.models.score_types import Evaluation
from featkit.models.scores import evaluate
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.table.label_cells import split_labels

PROTOCOL = "a table that it was not trained on"


def held_out_scores(model: str, explanation: ExplainedRows) -> Evaluation | None:
    """The scores of rows of known class that the model was not trained on; None without any.

    The baseline predicts the class frequencies of these rows.
    """
    rows = np.flatnonzero(explanation.held_out)
    if not len(rows) or explanation.y is None:
        return None
    y, groups = explanation.y[rows].astype(str), explanation.groups[rows]
    frequencies = np.array([np.mean(y == name) for name in explanation.classes])
    P = explanation.probabilities[rows]
    scores = evaluate(
        y,
        {
            model: P,
            BASELINE: np.tile(frequencies, (len(rows), 1)),
        },
        explanation.classes,
        groups,
        np.full(len(rows), ""),
        _recordings(explanation, rows),
        model=model,
        protocol=PROTOCOL,
        unit=_unit(explanation),
        n_rows=len(explanation),
        n_groups=len(np.unique(groups)),
        n_columns=explanation.n_columns,
        chosen={},
        costs=explanation.costs,
    )
    return replace(scores, curves=evaluate_curves(y, P, explanation.classes, groups))


def held_out_regression(model: str, explanation: ExplainedRows) -> RegressionEvaluation | None:
    """The scores of rows of known target that the model was not trained on; None without any.

    The baseline predicts the mean of these rows.
    """
    rows = np.flatnonzero(explanation.held_out)
    if not len(rows) or explanation.y is None:
        return None
    y, groups = explanation.y[rows], explanation.groups[rows].astype(str)
    return evaluate_regression(
        y,
        {model: explanation.probabilities[rows, 0], BASELINE: np.full(len(y), y.mean())},
        groups,
        np.full(len(rows), ""),
        _recordings(explanation, rows),
        target=explanation.classes[0],
        model=model,
        protocol=PROTOCOL,
        unit=_unit(explanation),
        n_rows=len(explanation),
        n_groups=len(np.unique(groups)),
        n_columns=explanation.n_columns,
        chosen={},
    )


def held_out_labels(model: str, explanation: ExplainedRows) -> MultilabelEvaluation | None:
    """The scores of rows of known labels that the model was not trained on; None without any.

    The baseline has the label frequencies of these rows, and predicts every label.
    """
    rows, decision = np.flatnonzero(explanation.held_out), explanation.decision
    if not len(rows) or explanation.y is None or decision is None:
        return None
    sets = [split_labels(cell, decision.separator) for cell in explanation.y[rows].tolist()]
    Y = np.array([[name in own for name in explanation.classes] for own in sets], dtype=bool)
    if not np.any(Y.any(axis=0) & ~Y.all(axis=0)):
        return None  # no label is present in some rows and absent in others
    groups, P = explanation.groups[rows].astype(str), explanation.probabilities[rows]
    return evaluate_label_sets(
        Y,
        {model: P, BASELINE: np.tile(Y.mean(axis=0), (len(rows), 1))},
        {model: decision.labels(P), BASELINE: np.ones_like(Y)},
        groups,
        np.full(len(rows), ""),
        labels=explanation.classes,
        thresholds=decision.thresholds,
        target="",
        model=model,
        protocol=PROTOCOL,
        unit=_unit(explanation),
        n_rows=len(explanation),
        n_groups=len(np.unique(groups)),
        n_columns=explanation.n_columns,
        chosen={},
    )


def _unit(explanation: ExplainedRows) -> str:
    if "path" not in explanation.keys:
        return "row"
    return "group" if "group" in explanation.keys else "recording"


def _recordings(explanation: ExplainedRows, rows: Array) -> Array | None:
    """The recording of each row; None if no recording has several."""
    if "path" not in explanation.keys:
        return None
    recordings = explanation.recordings[rows].astype(str)
    return recordings if len(set(recordings.tolist())) < len(recordings) else None


HELD_OUT: dict[str, Callable[[str, ExplainedRows], Any]] = {
    CLASSIFICATION: held_out_scores,
    MULTILABEL: held_out_labels,
    REGRESSION: held_out_regression,
}
"""The function that scores new rows, by task."""
