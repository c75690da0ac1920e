"""A single row: its prediction, its largest contributions, and its sound."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.explanation.contrast import contrast, rival_class, unusual_values
from featkit.explanation.explained_rows import ExplainedRows
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import contributions
from featkit.report import _svg
from featkit.report._class_panels import row_name
from featkit.report._context import Context
from featkit.report._sounds import Sound, load_sound
from featkit.report._titles import column_title
from featkit.report.formatting import NO_NUMBER, percent, quoted, signed, with_unit
from featkit.schema import DATASET
from featkit.storage.names import join_name
from featkit.storage.reading import is_folder

N_PROBABILITIES = 3
"""Classes whose probabilities are shown."""


@dataclass(frozen=True)
class Prediction:
    """The predicted class of a row; ``correct`` is None if the true class is unknown."""

    true: str
    predicted: str
    correct: bool | None
    probabilities: Sequence[tuple[str, str, Markup]]
    remaining: str


@dataclass(frozen=True)
class Contribution:
    """The contribution of a column.

    Attributes
    ----------
    name, title : str
        Name of the column, and its plain name with unit, "" if unknown.
    value, usual : str
        The value, and the interquartile range of the column in the class.
    flag : str
        A remark on a value outside of the usual range, or "".
    shap : str
        SHAP value.
    bar : Markup
        Its chart.
    """

    name: str
    title: str
    value: str
    usual: str
    flag: str
    shap: str
    bar: Markup


@dataclass(frozen=True)
class ContributionTable:
    """The largest contributions to a class, the sum of all others, base value and output."""

    of_class: str
    base: str
    largest: Sequence[Contribution]
    remaining: str
    output: str


@dataclass(frozen=True)
class ContrastTable:
    """The columns that speak for one class rather than another.

    Attributes
    ----------
    of_class, against : str
        The two classes.
    reason : str
        Why the other class was chosen, such as ``"the true class"``.
    largest : sequence of Contribution
        Differences of contributions; ``usual`` has the ranges of both classes.
    remaining, output : str
        Sum of all other differences, and difference of the outputs.
    n_unusual : int
        Number of columns of the model whose value is unusual for all classes.
    """

    of_class: str
    against: str
    reason: str
    largest: Sequence[Contribution]
    remaining: str
    output: str
    n_unusual: int


@dataclass(frozen=True)
class ExplainedRow:
    """A row with its prediction, contributions and sound.

    ``contrast`` compares a wrong class with the true one; None if the prediction is correct.
    """

    name: str
    prediction: Prediction
    contributions: ContributionTable
    sound: Sound | None
    contrast: ContrastTable | None = None


def explained_row(context: Context, explanation: Explanation, row: int) -> ExplainedRow:
    """A row with the contributions to its predicted class."""
    predicted = prediction(explanation, row, N_PROBABILITIES)
    wrong = predicted.correct is False and explanation.decision is None
    return ExplainedRow(
        name=row_name(explanation, row),
        prediction=predicted,
        contributions=contribution_table(
            explanation, row, str(explanation.predicted[row]), context.top
        ),
        sound=row_sound(context, explanation, row),
        contrast=contrast_table(explanation, row, context.top)
        if wrong and predicted.true in explanation.classes
        else None,
    )


def prediction(explanation: ExplainedRows, row: int, n_classes: int) -> Prediction:
    """The predicted class of a row, and the highest probabilities."""
    true = "" if explanation.y is None else str(explanation.y[row])
    predicted = str(explanation.answer[row])
    P = explanation.probabilities[row]
    order = np.argsort(-P, kind="stable")
    if len(P) == n_classes + 1:  # the last class needs no more space than a sum of others
        n_classes += 1
    return Prediction(
        true=true or NO_NUMBER,
        predicted=predicted,
        correct=predicted == true if true else None,
        probabilities=[
            (explanation.classes[k], percent(float(P[k])), _svg.bar(float(P[k]), 1.0))
            for k in order[:n_classes]
        ],
        remaining=_remaining(P[order[n_classes:]]) if explanation.decision is None else "",
    )


def _remaining(P: Array) -> str:
    return f"The other {len(P)} classes together: {percent(float(P.sum()))}." if len(P) else ""


def contribution_table(
    explanation: Explanation, row: int, of_class: str | float, top: int
) -> ContributionTable:
    """The largest contributions to a class in a row."""
    k = explanation.place_of_class(of_class)
    name = explanation.classes[k]
    table = contributions(explanation, row, name, top=top)
    others = len(explanation.columns) - len(table)
    remaining = float(explanation.values[row, :, k].sum() - table["shap"].sum())
    longest = float(table["shap"].abs().max()) if len(table) else 0.0
    return ContributionTable(
        of_class=name,
        base=signed(float(explanation.base[row, k])),
        largest=[
            Contribution(
                name=column["feature"],
                title=column_title(explanation.schema.get(column["feature"], {})),
                value=with_unit(column["value"], column["unit"]),
                usual=_usual(column["usual_low"], column["usual_high"], column["unit"]),
                flag=_flag(column["unusual"], ""),
                shap=signed(column["shap"]),
                bar=_svg.diverging(column["shap"], longest),
            )
            for column in table.to_dict("records")
        ],
        remaining=f"{counted(others, 'other column')} {signed(remaining)}" if others else "",
        output=signed(float(explanation.output[row, k])),
    )


def contrast_table(
    explanation: Explanation,
    row: int,
    top: int,
    of_class: str | None = None,
    against: str | None = None,
) -> ContrastTable:
    """The columns that speak most for one class rather than another.

    By default, these are the predicted class and the true one, or the most probable other one.
    """
    of_class = str(explanation.predicted[row]) if of_class is None else of_class
    true = "" if explanation.y is None else str(explanation.y[row])
    chosen = rival_class(explanation, row, of_class) if against is None else against
    one, other = (explanation.place_of_class(name) for name in (of_class, chosen))
    table = contrast(explanation, row, of_class, chosen, top=top)
    differences = explanation.values[row, :, one] - explanation.values[row, :, other]
    longest = float(table["shap"].abs().max()) if len(table) else 0.0
    others = len(explanation.columns) - len(table)
    flags = unusual_values(explanation, row)
    reason = "the true class" if chosen == true else "the most probable other class"
    return ContrastTable(
        of_class=of_class,
        against=chosen,
        reason="" if against is not None and chosen != true else reason,
        largest=[
            Contribution(
                name=column["feature"],
                title=column_title(explanation.schema.get(column["feature"], {})),
                value=with_unit(column["value"], column["unit"]),
                usual=_two_ranges(column, of_class, chosen),
                flag=_flag(column["extreme"], "") or _flag(column["unusual"], chosen),
                shap=signed(column["shap"]),
                bar=_svg.diverging(column["shap"], longest),
            )
            for column in table.to_dict("records")
        ],
        remaining=f"{counted(others, 'other column')}"
        f" {signed(float(differences.sum() - table['shap'].sum()))}"
        if others
        else "",
        output=signed(float(explanation.output[row, one] - explanation.output[row, other])),
        n_unusual=int(np.sum(np.all(flags == flags[:1], axis=0) & (flags[0] != 0))),
    )


def _two_ranges(column: Mapping[Hashable, Any], of_class: str, against: str) -> str:
    """The usual ranges of both classes."""
    ranges = (
        (quoted(name), _usual(column[f"{kind}_low"], column[f"{kind}_high"], column["unit"]))
        for name, kind in ((of_class, "usual"), (against, "against"))
    )
    return ", ".join(f"{text} in {name}" for name, text in ranges if text)


def _flag(side: str, of_class: str) -> str:
    """A remark on a value outside of the usual range of a class; of all shown ones for ""."""
    suffix = f" for {quoted(of_class)}" if of_class else ""
    return f"unusually {side}{suffix}" if side else ""


def _usual(low: float, high: float, unit: str) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return ""
    return f"{with_unit(low, '')} to {with_unit(high, unit)}"


def row_sound(context: Context, explanation: ExplainedRows, row: int) -> Sound | None:
    """The sound of a row, if the page has a folder of recordings.

    The recordings of joined datasets may be in a folder for each.
    """
    if context.sound is None or "path" not in explanation.keys:
        return None
    start, end = (_time(explanation, key, row) for key in ("start", "end"))
    path = str(explanation.keys["path"][row])
    rate = context.sample_rate
    if DATASET in explanation.keys:
        dataset = str(explanation.keys[DATASET][row])
        path = f"{dataset}/{path}" if is_folder(join_name(context.sound, dataset)) else path
    return load_sound(context.sound, path, start=start or 0.0, end=end, sample_rate=rate)


def _time(explanation: ExplainedRows, key: str, row: int) -> float | None:
    if key not in explanation.keys:
        return None
    time = float(explanation.keys[key][row])
    return time if np.isfinite(time) else None
