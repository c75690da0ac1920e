"""Overviews of explanations: the columns, or the kinds of sequences, that contribute most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.formatting import counted, percent
from featkit._utils.overview import Bar, Chart, Overview, listed
from featkit.explanation.ranking import contribution_sizes

if TYPE_CHECKING:
    from featkit.explanation.explained_rows import ExplainedRows
    from featkit.explanation.explanation import Explanation
    from featkit.explanation.gradients.network_explanation import NetworkExplanation

MAX_NOTES = 3


def explanation_overview(explanation: Explanation) -> Overview:
    """The overview of SHAP values."""
    means = contribution_sizes(explanation.values, explanation.task).mean(axis=0)
    total = max(float(means.sum()), np.finfo(np.float64).tiny)
    order = np.argsort(-means, kind="stable")[:8]
    top = [
        Bar(explanation.columns[k], float(means[k]), percent(float(means[k]) / total, " "))
        for k in order
    ]
    return Overview(
        f"Explanation: SHAP values of {counted(len(explanation), 'row')} ×"
        f" {counted(explanation.n_columns, 'column')}{_outputs(explanation)},"
        f" in {explanation.scale}",
        [
            f"most important: {', '.join(f'{bar.name} {bar.text}' for bar in top[:3])}",
            f"classes: {listed(explanation.classes)}" if not explanation.predicts_number else "",
            explanation.method,
            *(f"note: {text}" for text in explanation.notes[:MAX_NOTES]),
        ],
        [Chart(f"mean |SHAP| in {explanation.scale}, and its share", top)],
        following=(
            "featkit.plots.importance(explanation), .to_shap(class), .save(path),"
            " featkit.write_report(path, model=model, explanation=explanation)"
        ),
    )


def network_overview(explanation: NetworkExplanation) -> Overview:
    """The overview of the explanation of a network."""
    shares = sorted(explanation.shares.items(), key=lambda item: -item[1])
    return Overview(
        f"NetworkExplanation: {counted(len(explanation), 'row')}{_outputs(explanation)}",
        [explanation.method, *(f"note: {text}" for text in explanation.notes[:MAX_NOTES])],
        [
            Chart(
                "share of the contributions by kind of sequence",
                [Bar(name, share, percent(share, " ")) for name, share in shares],
            )
        ],
        following="featkit.plots.evidence(explanation, row), featkit.plots.bands(explanation)",
    )


def _outputs(explanation: ExplainedRows) -> str:
    if explanation.predicts_number:
        return ""
    return f" × {counted(len(explanation.classes), 'class')}"
