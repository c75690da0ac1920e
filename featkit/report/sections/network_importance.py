"""Where a network finds evidence: kinds of sequences, and bands over all classes and for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.gradients.summaries import channel_importance
from featkit.models.estimator import SEQUENCES
from featkit.report import _svg
from featkit.report._context import Context
from featkit.report._explanation_notes import rows_note
from featkit.report._network_bands import Band, edges_of, names_of, ranked_bands, width_of
from featkit.report._network_charts import band_chart
from featkit.report.formatting import percent, significant
from featkit.report.section import Section

N_CLASSES = 12
"""Classes whose charts are not folded."""


@dataclass(frozen=True)
class NetworkImportance:
    """The data of the section.

    Attributes
    ----------
    lead : str
        The most important bands.
    flaw : str
        Warning that contributions do not add up; "" if they do.
    method : str
        Methods and their cost.
    notes : sequence of str
        Explained rows, residual and caveats.
    kinds : sequence of (str, str, Markup)
        Name, share and bar of each kind of sequence; empty for one kind.
    kind : str
        The kind whose bands are shown.
    noun : str
        ``"band"`` or ``"channel"``.
    overall : Markup
        Chart of the bands over all classes.
    bands : sequence of Band
        The most important bands.
    classes : sequence of (str, Markup)
        Name and chart of each class that is predicted for a row.
    other_classes : sequence of (str, Markup)
        The same for classes that are folded.
    """

    lead: str
    flaw: str
    method: str
    notes: Sequence[str]
    kinds: Sequence[tuple[str, str, Markup]]
    kind: str
    noun: str
    overall: Markup
    bands: Sequence[Band]
    classes: Sequence[tuple[str, Markup]]
    other_classes: Sequence[tuple[str, Markup]]


def build(context: Context) -> NetworkImportance | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    NetworkImportance or None
        The data; None without an explanation.
    """
    explanation = context.network
    if explanation is None:
        return None
    kind = explanation.kind()
    table = channel_importance(explanation, kind, width=width_of(explanation, kind))
    means, names = table["mean_abs_contribution"].to_numpy(), names_of(table)
    edges = edges_of(table)
    noun = "channel" if edges is None else "band"
    bands = ranked_bands(means, names)
    charts = [_class_chart(explanation, kind, name) for name in _predicted(explanation)]
    lead = (
        f"The most important {noun} of {kind} is {bands[0].name}, with {percent(bands[0].share)} of"
        f" the total importance; each of {len(means)} would have {percent(1 / len(means))} if all"
        " were equal."
    )
    return NetworkImportance(
        lead=lead,
        flaw=explanation.flaw,
        method=explanation.method,
        notes=_notes(explanation),
        kinds=_kinds(explanation),
        kind=kind,
        noun=noun,
        overall=band_chart(means, edges, title="Importance over all classes", description=lead),
        bands=bands,
        classes=charts[:N_CLASSES],
        other_classes=charts[N_CLASSES:],
    )


SECTION = Section("network_importance", "Why", 20, build, inputs=(SEQUENCES,))


def _predicted(explanation: NetworkExplanation) -> list[str]:
    """Classes that are explained for at least one row, in their order."""
    explained = set(explanation.explained.tolist())
    return [name for name in explanation.classes if name in explained]


def _class_chart(explanation: NetworkExplanation, kind: str, name: str) -> tuple[str, Markup]:
    width = width_of(explanation, kind)
    table = channel_importance(explanation, kind, of_class=name, width=width)
    means = table["mean_contribution"].to_numpy()
    rows = counted(int((explanation.explained == name).sum()), "row")
    largest = names_of(table)[int(means.argmax())]
    chart = band_chart(
        means,
        edges_of(table),
        title=f"Contributions to {isolated(name)}",
        description=f"Mean over {rows}; the largest is at {largest}.",
    )
    return name, chart


def _kinds(explanation: NetworkExplanation) -> list[tuple[str, str, Markup]]:
    shares = explanation.shares
    if len(shares) < 2:
        return []
    limit = max(shares.values())
    ranked = sorted(shares.items(), key=lambda item: -item[1])
    return [(name, percent(share), _svg.bar(share, limit)) for name, share in ranked]


def _notes(explanation: NetworkExplanation) -> list[str]:
    residual = np.abs(explanation.residual)
    size = np.abs(explanation.output - explanation.base)
    return [
        f"Explained rows: {rows_note(explanation)}.",
        "The contributions of a row add up to the difference of its logit and that of the baseline,"
        f" which is {significant(float(np.median(size)), 2)} typically; the error of the numerical"
        f" integral is {significant(float(np.median(residual)), 2)} typically, and at most"
        f" {significant(float(residual.max(initial=0)), 2)}.",
        *explanation.notes,
    ]
