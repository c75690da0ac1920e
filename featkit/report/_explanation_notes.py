"""Notes on an explanation: its scale, the rows and models, and the errors of the values."""

from __future__ import annotations

import numpy as np

from featkit._utils.formatting import counted
from featkit.explanation.explained_rows import NO_FOLD, ExplainedRows
from featkit.explanation.explanation import Explanation
from featkit.report.formatting import enumerated, significant

MIN_ROWS = 20
"""Rows from which on a ranking of columns is shown."""


def scale_note(explanation: Explanation) -> str:
    """The scale of contributions, and its meaning."""
    meaning = f": {explanation.meaning}" if explanation.meaning else ""
    return (
        f"Contributions (SHAP values) are in {explanation.scale}{meaning}. The output of the model"
        " for a row is the base value (its mean output) plus all contributions."
    )


def method_notes(explanation: Explanation) -> list[str]:
    """The explained rows, the models that explain them, the errors, and other caveats."""
    return [f"Explained rows: {rows_note(explanation)}.", *value_notes(explanation)]


def value_notes(explanation: Explanation) -> list[str]:
    """The largest residual, the standard error of sampled values, and other caveats.

    The flaw is not included, because the page shows it separately.
    """
    largest = float(np.abs(explanation.residual).max(initial=0))
    notes = [
        "The largest difference between the output of the model and the sum of base value and"
        f" contributions is {significant(largest, 2)} {explanation.scale}."
    ]
    if explanation.error is not None:
        typical = significant(float(np.median(explanation.error)), 2)
        highest = significant(float(explanation.error.max(initial=0)), 2)
        notes.append(
            f"Contributions were sampled. Their standard error is typically {typical}, and at most"
            f" {highest}."
        )
    return [*notes, *(text for text in explanation.notes if text != explanation.flaw)]


def rows_note(explanation: ExplainedRows) -> str:
    """Which rows are explained, and by which models."""
    rows, available = len(explanation), explanation.rows_there
    folds = set(explanation.folds.tolist())
    n_folds = len(folds - {NO_FOLD})
    models = (
        [f"the models of {counted(n_folds, 'fold')}, which were not trained on them"]
        if n_folds
        else []
    )
    if NO_FOLD in folds:
        models.append("the final model")
    text = f"{rows:,} of {available:,} rows, drawn at random"
    if rows == available:
        every = "all " if rows > 1 else ""
        text = f"{every}{counted(rows, 'row' if NO_FOLD in folds else 'test row')}"
    return f"{text}; explained by {enumerated(models)}"
