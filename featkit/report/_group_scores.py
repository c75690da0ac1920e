"""Scores of each group that was left out once, and the classes that folds lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted, plural
from featkit.models.absent_class_types import FoldClasses
from featkit.models.absent_classes import folds_without_class
from featkit.models.score_types import Evaluation
from featkit.report import _svg
from featkit.report.formatting import enumerated, fixed, percent, quoted

MAX_GROUPS = 30
"""Greatest number of groups in the chart; of more, the lowest and the highest are shown."""

MAX_TEXTS = 20
"""Greatest number of classes that are absent from folds, and of the folds of one, in sentences."""


@dataclass(frozen=True)
class GroupRow:
    """One group that was left out.

    Attributes
    ----------
    name : str
        The group.
    rows : str
        Number of its test rows, with noun.
    chart : Markup
        Its accuracy.
    values : sequence of float or None
        Its scores, in the order of the metrics; None without a row to score.
    """

    name: str
    rows: str
    chart: Markup
    values: Sequence[float | None]


@dataclass(frozen=True)
class GroupScores:
    """Scores of all groups.

    Attributes
    ----------
    unit, units : str
        Name of one group, and of several.
    lead : str
        Sentences on the spread.
    shown : sequence of GroupRow
        Groups in the chart, the lowest accuracy first.
    rest : str
        Number of groups that the chart leaves out; "" if there are none.
    all : sequence of GroupRow
        All groups, in their order.
    """

    unit: str
    units: str
    lead: str
    shown: Sequence[GroupRow]
    rest: str
    all: Sequence[GroupRow]


def group_scores(scores: Evaluation) -> GroupScores | None:
    """Collect the scores of each group; None unless each was left out once."""
    if not scores.leave_one_group_out:
        return None
    rows = [_row(scores, own) for own in scores.fold_classes]
    ordered = sorted(rows, key=lambda row: row.values[0] or 0.0)
    shown = ordered
    if len(rows) > MAX_GROUPS:
        shown = [*ordered[: MAX_GROUPS // 2], *ordered[-MAX_GROUPS // 2 :]]
    units = plural(scores.unit)
    n_others = len(rows) - len(shown)
    return GroupScores(
        unit=scores.unit,
        units=units,
        lead=_lead(scores, ordered),
        shown=shown,
        rest=f"{n_others:,} {units} between the lowest and the highest are not shown."
        if n_others
        else "",
        all=rows,
    )


def _row(scores: Evaluation, own: FoldClasses) -> GroupRow:
    values = [*scores.fold_scores[own.fold].values()]
    chart = _svg.interval(
        values[0] or 0.0, None, None, limit=1.0, baseline=scores.kept.accuracy.value
    )
    return GroupRow(own.fold, counted(own.rows, "row"), chart, values)


def _lead(scores: Evaluation, ordered: Sequence[GroupRow]) -> str:
    lowest, highest = ordered[0], ordered[-1]
    std, units = scores.kept.accuracy.std, plural(scores.unit)
    return (
        f"Each {isolated(scores.unit)} is scored by a model that was trained on the other"
        f" {isolated(units)}. The accuracy is between {percent(lowest.values[0] or 0.0)}"
        f" ({quoted(lowest.name)}) and {percent(highest.values[0] or 0.0)}"
        f" ({quoted(highest.name)}), with a standard deviation of {fixed(std)}."
    )


def absent_text(scores: Evaluation) -> list[str]:
    """Sentences on the classes that folds lack, and on the rule for unpredictable rows."""
    absences = folds_without_class(scores.fold_classes)
    texts = [
        f"No test row of {_folds(scores, names)} has the class {quoted(name)}; means over classes"
        " leave it out there."
        for name, names in absences.items()
    ]
    if len(texts) > MAX_TEXTS:
        texts = [
            *texts[:MAX_TEXTS],
            f"{len(texts) - MAX_TEXTS} more classes are absent from folds.",
        ]
    if (absent := scores.unpredictable) is None:
        return texts
    rows = counted(absent.rows, "test row")
    return [
        f"No training row has the class of {rows}, because all rows of {_classes(absent.classes)}"
        " are in one fold, so that no model can predict it. These rows count as errors of the"
        " accuracy. Balanced accuracy, macro F1 and log loss leave them out; with 0 for"
        f" {'this class' if len(absent.classes) == 1 else 'these classes'}, the balanced accuracy"
        f" is {fixed(absent.balanced_accuracy)} and the macro F1 {fixed(absent.macro_f1)}.",
        *texts,
    ]


def _folds(scores: Evaluation, names: Sequence[str]) -> str:
    noun = isolated(scores.unit) if scores.leave_one_group_out else "fold"
    if len(names) > MAX_TEXTS:
        return f"{len(names):,} {plural(noun)}"
    return f"{noun if len(names) == 1 else plural(noun)} {enumerated(map(quoted, names))}"


def _classes(names: Sequence[str]) -> str:
    noun = "class" if len(names) == 1 else "classes"
    return f"the {noun} {enumerated([quoted(name) for name in names])}"
