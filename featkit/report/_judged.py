"""All judged rows of a page: recording, true and predicted class, probability and fold.

The page contains the first rows as a table. The others are data of the script, which shows them in
parts, since tens of thousands of table rows would make a page slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from featkit._utils.bidi import harmless
from featkit._utils.typing import Array
from featkit.explanation.explained_rows import NO_FOLD, ExplainedRows
from featkit.report._class_panels import row_name
from featkit.report.formatting import NO_NUMBER, fixed, significant

ROWS_AT_ONCE = 15
"""Rows of the table that are shown at a time."""

CORRECT, WRONG, UNJUDGED = "correct", "wrong", ""
"""Results of a row; the last if its true class is unknown."""

FINAL_MODEL, TRAINED = "final model", "final model, trained on it"
"""Texts for rows that no fold model judged."""


@dataclass(frozen=True)
class JudgedRow:
    """A row as texts."""

    name: str
    true: str
    predicted: str
    number: str
    judge: str
    result: str


def judged_order(explanation: ExplainedRows) -> Array:
    """All rows: confident errors first, then correct rows from the least to the most confident.

    For a regression, the largest errors come first.
    """
    if explanation.predicts_number:
        return np.argsort(-np.abs(_errors(explanation)), kind="stable")
    results = np.array(row_results(explanation))
    confidence = explanation.confidence
    wrong, other = (np.flatnonzero(mask) for mask in (results == WRONG, results != WRONG))
    return np.concatenate(
        [
            wrong[np.argsort(-confidence[wrong], kind="stable")],
            other[np.argsort(confidence[other], kind="stable")],
        ]
    )


def row_results(explanation: ExplainedRows) -> list[str]:
    """Whether each prediction is correct; `UNJUDGED` for regressions."""
    if explanation.y is None or explanation.predicts_number:
        return [UNJUDGED] * len(explanation)
    pairs = zip(explanation.y.tolist(), explanation.answer.tolist(), strict=True)
    return [
        UNJUDGED if true == "" else CORRECT if true == predicted else WRONG
        for true, predicted in pairs
    ]


def judged_rows(explanation: ExplainedRows, rows: Array) -> list[JudgedRow]:
    """Some rows as texts."""
    results = row_results(explanation)
    return [
        JudgedRow(
            name=row_name(explanation, row),
            true=_true(explanation, row),
            predicted=_predicted(explanation, row),
            number=_number(explanation, row),
            judge=_judge(explanation, row),
            result=results[row],
        )
        for row in rows.tolist()
    ]


def judged_data(explanation: ExplainedRows) -> dict[str, Any]:
    """All rows as data of the script: texts that repeat are numbers of a list."""
    rows = [
        replace(
            row, name=harmless(row.name), true=harmless(row.true), predicted=harmless(row.predicted)
        )
        for row in judged_rows(explanation, judged_order(explanation))
    ]
    texts = list(dict.fromkeys(text for row in rows for text in (row.true, row.predicted)))
    judges = list(dict.fromkeys(row.judge for row in rows))
    place = {text: k for k, text in enumerate(texts)}
    results = [CORRECT, WRONG, UNJUDGED]
    return {
        "texts": texts,
        "judges": judges,
        "results": results,
        "rows": [
            [
                row.name,
                place[row.true],
                place[row.predicted],
                row.number,
                judges.index(row.judge),
                results.index(row.result),
            ]
            for row in rows
        ],
    }


def number_title(explanation: ExplainedRows) -> str:
    """Heading of the number of a row."""
    return "Error" if explanation.predicts_number else "Probability"


def _errors(explanation: ExplainedRows) -> Array:
    """Predicted less true number; 0 if the latter is unknown."""
    if explanation.y is None:
        return np.zeros(len(explanation))
    errors = explanation.probabilities[:, 0] - explanation.y.astype(np.float64)
    return np.asarray(np.nan_to_num(errors))


def _true(explanation: ExplainedRows, row: int) -> str:
    if explanation.y is None:
        return NO_NUMBER
    if explanation.predicts_number:
        true = float(explanation.y[row])
        return significant(true) if np.isfinite(true) else NO_NUMBER
    return str(explanation.y[row]) or NO_NUMBER


def _predicted(explanation: ExplainedRows, row: int) -> str:
    if explanation.predicts_number:
        return significant(float(explanation.probabilities[row, 0]))
    return str(explanation.answer[row]) or NO_NUMBER


def _number(explanation: ExplainedRows, row: int) -> str:
    if not explanation.predicts_number:
        return fixed(float(explanation.confidence[row]))
    if explanation.y is None or not np.isfinite(float(explanation.y[row])):
        return NO_NUMBER
    return significant(float(explanation.probabilities[row, 0]) - float(explanation.y[row]))


def _judge(explanation: ExplainedRows, row: int) -> str:
    """The model that judged a row."""
    if explanation.folds[row] != NO_FOLD:
        return f"fold {explanation.folds[row]}"
    trained = explanation.learnt is not None and bool(explanation.learnt[row])
    return TRAINED if trained else FINAL_MODEL


def shown_rows(explanation: ExplainedRows) -> Sequence[JudgedRow]:
    """The rows that the page contains as a table."""
    return judged_rows(explanation, judged_order(explanation)[:ROWS_AT_ONCE])
