"""Single recordings of a network: spectrograms with Grad-CAM maps, and integrated gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.same_rows import same_rows
from featkit.models.estimator import SEQUENCES
from featkit.report._class_panels import row_name
from featkit.report._context import Beside, Context
from featkit.report._explained_rows import (
    N_PROBABILITIES,
    ContributionTable,
    Prediction,
    contribution_table,
    prediction,
    row_sound,
)
from featkit.report._row_selection import selected_rows
from featkit.report._sequence_pictures import SequencePicture, legend, sequence_picture
from featkit.report._sounds import Sound
from featkit.report.formatting import signed, significant
from featkit.report.section import Section


@dataclass(frozen=True)
class RowBeside:
    """The same row, predicted by a model of columns.

    Attributes
    ----------
    prediction : Prediction
        Its prediction.
    contributions : ContributionTable
        SHAP values of its predicted class.
    """

    prediction: Prediction
    contributions: ContributionTable


@dataclass(frozen=True)
class NetworkRow:
    """A row with its prediction, figures and sound.

    Attributes
    ----------
    name : str
        Recording and time.
    explained : str
        Class that the figures are about.
    prediction : Prediction
        Predicted class and probabilities.
    picture : SequencePicture
        Figure of the sequence that maps are over, or of the first one.
    others : sequence of (str, SequencePicture)
        Name and figure of each other kind of sequence.
    logit : str
        Logit of the class, that of the baseline, and the difference that contributions leave.
    sound : Sound or None
        Sound of the row.
    beside : RowBeside or None
        The same row by a model of columns; None if that did not explain it.
    """

    name: str
    explained: str
    prediction: Prediction
    picture: SequencePicture
    others: Sequence[tuple[str, SequencePicture]]
    logit: str
    sound: Sound | None
    beside: RowBeside | None


@dataclass(frozen=True)
class NetworkRecordings:
    """The data of the section.

    Attributes
    ----------
    groups : sequence of (str, sequence of NetworkRow)
        Titles and rows of each group.
    legend : str
        Address of a picture of the colours of a map.
    has_maps : bool
        Whether there are Grad-CAM maps.
    beside : str
        Name of the model of columns beside the network; "" without one.
    scale : str
        Scale of its contributions.
    """

    groups: Sequence[tuple[str, Sequence[NetworkRow]]]
    legend: str
    has_maps: bool
    beside: str
    scale: str


def build(context: Context) -> NetworkRecordings | None:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    NetworkRecordings or None
        The data; None without an explanation.
    """
    explanation, beside = context.network, context.beside
    if explanation is None:
        return None
    groups = [
        (title, [_network_row(context, explanation, row) for row in rows])
        for title, rows in selected_rows(explanation)
    ]
    return NetworkRecordings(
        groups=groups,
        legend=legend(),
        has_maps=explanation.maps is not None,
        beside="" if beside is None else beside.model.name,
        scale="" if beside is None else beside.explanation.scale,
    )


SECTION = Section(
    "network_recordings", "Single recordings", 40, build, inputs=(SEQUENCES,), link="Recordings"
)


def _network_row(context: Context, explanation: NetworkExplanation, row: int) -> NetworkRow:
    name, main = row_name(explanation, row), explanation.kind()
    return NetworkRow(
        name=name,
        explained=str(explanation.explained[row]),
        prediction=prediction(explanation, row, N_PROBABILITIES),
        picture=sequence_picture(explanation, row, main, name),
        others=[
            (kind, sequence_picture(explanation, row, kind, name))
            for kind in explanation.contributions
            if kind != main
        ],
        logit=_logit(explanation, row),
        sound=row_sound(context, explanation, row),
        beside=_row_beside(context.beside, explanation, row, context.top),
    )


def _logit(explanation: NetworkExplanation, row: int) -> str:
    """The sum of the contributions, and the error of the integral."""
    output, base = float(explanation.output[row]), float(explanation.base[row])
    residual = abs(float(explanation.residual[row]))
    return (
        f"Logit {signed(output)}, {signed(base)} for the baseline; the contributions add up to the"
        f" difference up to {significant(residual, 2)}."
    )


def _row_beside(
    beside: Beside | None, explanation: NetworkExplanation, row: int, top: int
) -> RowBeside | None:
    if beside is None:
        return None
    keys = {name: np.asarray(column)[[row]] for name, column in explanation.keys.items()}
    place = same_rows(keys, beside.explanation.keys)
    if place[0] < 0:
        return None
    shap = beside.explanation.of_rows(place)
    return RowBeside(
        prediction(shap, 0, N_PROBABILITIES),
        contribution_table(shap, 0, str(shap.predicted[0]), top),
    )
