"""Differences between the training table and other datasets, and importances on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.evaluation.result import (
    ColumnShift,
    CrossEvaluation,
    DatasetEvaluation,
    DomainClassifier,
    FamilyShift,
    FormatShare,
    Shift,
)
from featkit.models.recording_conditions import NAMES, conditions_verdict
from featkit.models.score_types import ConditionsScores
from featkit.report import _svg
from featkit.report._compared_importances import Importances, compared_importances
from featkit.report._evaluation_text import (
    Folded,
    as_interval,
    folded,
    pair_titles,
    percent_range,
    range_text,
)
from featkit.report.formatting import enumerated, fixed, percent, with_unit
from featkit.report.section import Section

MAX_CLASSES = 12
"""Classes that are named in a sentence."""

MAX_SHARES, MIN_SHARE = 10, 0.0005
"""Columns of a classifier that are shown, and the smallest share of one."""


@dataclass(frozen=True)
class DistanceRow:
    """A distance between the training table and the dataset.

    Attributes
    ----------
    name : str
        The column or family.
    family : str
        Family of the column.
    home, here : str
        Medians with unit.
    value, interval : str
        The distance and its interval.
    note : str
        Whether it differs, or how many columns do.
    chart : Markup
        Distance and interval as a chart.
    """

    name: str
    family: str
    home: str
    here: str
    value: str
    interval: str
    note: str
    chart: Markup


@dataclass(frozen=True)
class ShareRow:
    """Share of a column in the contributions to a classifier.

    Attributes
    ----------
    name, share : str
        The column and its share.
    bar : Markup
        The share as a bar.
    """

    name: str
    share: str
    bar: Markup


@dataclass(frozen=True)
class Classifier:
    """A classifier and the columns that it uses.

    Attributes
    ----------
    lead : str
        Its score.
    columns : sequence of ShareRow
        The most important columns.
    more : int
        Number of others.
    """

    lead: str
    columns: Sequence[ShareRow]
    more: int


@dataclass(frozen=True)
class Distances:
    """The differences of features and recording conditions.

    Attributes
    ----------
    lead : sequence of str
        Compared rows, number of columns that differ, and threshold.
    columns : Folded
        The columns with charts.
    rows : sequence of DistanceRow
        All columns.
    families : Folded
        The families.
    classifier : Classifier or None
        Separates training rows from rows of the dataset by features.
    conditions : sequence of DistanceRow
        Recording conditions.
    formats : sequence of FormatShare
        File formats.
    conditions_classifier : Classifier or None
        Separates training rows from rows of the dataset by recording conditions.
    notes : sequence of str
        Caveats.
    """

    lead: Sequence[str]
    columns: Folded[DistanceRow]
    rows: Sequence[DistanceRow]
    families: Folded[DistanceRow]
    classifier: Classifier | None
    conditions: Sequence[DistanceRow]
    formats: Sequence[FormatShare]
    conditions_classifier: Classifier | None
    notes: Sequence[str]


@dataclass(frozen=True)
class PairShift:
    """The data of the section for one model on one dataset.

    Attributes
    ----------
    distances : Distances or None
        None without the training table.
    label_conditions : Classifier or None
        Predicts the label from recording conditions; None if they are unknown.
    importances : Importances or None
        None without the training table.
    """

    distances: Distances | None
    label_conditions: Classifier | None
    importances: Importances | None


def build(evaluation: CrossEvaluation) -> list[tuple[str, PairShift]] | None:
    """Collect the data of the section.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The input of the page.

    Returns
    -------
    list of (str, PairShift) or None
        Headings and data of each model and dataset that has any; None without any.
    """
    return [
        (name, _pair(pair))
        for name, pair in pair_titles(evaluation)
        if pair.shift or pair.conditions or pair.importances
    ] or None


SECTION = Section("evaluation_shift", "Shift", 60, build, pages=("evaluation",))


def _pair(pair: DatasetEvaluation) -> PairShift:
    return PairShift(
        distances=None if pair.shift is None else _distances(pair.shift),
        label_conditions=None if pair.conditions is None else _label_conditions(pair.conditions),
        importances=None if pair.importances is None else compared_importances(pair.importances),
    )


def _distances(shift: Shift) -> Distances:
    rows = [_column_row(column, shift.threshold) for column in shift.columns]
    return Distances(
        lead=_lead(shift),
        columns=folded(rows),
        rows=rows,
        families=folded([_family_row(family) for family in shift.families]),
        classifier=_domain_classifier(shift.classifier, "the feature columns"),
        conditions=[_condition_row(column) for column in shift.conditions],
        formats=shift.formats,
        conditions_classifier=_domain_classifier(
            shift.conditions_classifier, "the recording conditions alone"
        ),
        notes=shift.notes,
    )


def _lead(shift: Shift) -> list[str]:
    differing = sum(column.differs for column in shift.columns)
    return [
        f"{differing:,} of {counted(len(shift.columns), 'feature column')}"
        f" {'differs' if differing == 1 else 'differ'} from the training table.",
        f"{counted(shift.home_rows, 'row')} at home are compared with"
        f" {counted(shift.rows, 'row')} here.{_classes(shift)}",
    ]


def _classes(shift: Shift) -> str:
    number = len(shift.classes)
    if not number:
        return ""
    names = f": {enumerated(shift.classes)}" if number <= MAX_CLASSES else ""
    return f" Classes that occur in both ({number:,}{names}) have equal shares on both sides."


def _column_row(column: ColumnShift, threshold: float | None) -> DistanceRow:
    distance = column.distance
    return DistanceRow(
        name=column.column,
        family=column.family,
        home=_median(column.home_median, column.unit),
        here=_median(column.median, column.unit),
        value=fixed(distance.value, 2),
        interval=range_text(distance, 2),
        note="differs" if column.differs else "within chance",
        chart=_svg.interval(
            distance.value, distance.low, distance.high, limit=1.0, baseline=threshold
        ),
    )


def _condition_row(column: ColumnShift) -> DistanceRow:
    """A row without a line, since recording conditions have a threshold of their own."""
    return replace(_column_row(column, None), name=NAMES.get(column.column, column.column))


def _median(value: float | None, unit: str) -> str:
    return "undefined" if value is None else with_unit(value, unit, 3)


def _family_row(family: FamilyShift) -> DistanceRow:
    distance = family.distance
    return DistanceRow(
        name=family.family,
        family="",
        home="",
        here="",
        value=fixed(distance.value, 2),
        interval=range_text(distance, 2),
        note=f"{family.differing:,} of {family.columns:,} differ",
        chart=_svg.interval(distance.value, distance.low, distance.high, limit=1.0, baseline=None),
    )


def _domain_classifier(classifier: DomainClassifier | None, inputs: str) -> Classifier | None:
    if classifier is None:
        return None
    auc = classifier.auc
    interval = f" (95\u00a0% interval {range_text(auc)})" if range_text(auc) else ""
    return _classifier(
        f"From {inputs}, a classifier ({classifier.candidate}; {classifier.protocol}) tells"
        f" recordings here from those at home with an AUC of {fixed(auc.value)}{interval}. 0.5"
        " means that it cannot tell them apart, 1 that it always can.",
        {NAMES.get(own.column, own.column): own.share for own in classifier.columns},
    )


def _classifier(lead: str, shares: dict[str, float]) -> Classifier:
    largest = sorted(shares.items(), key=lambda item: -item[1])[:MAX_SHARES]
    shown = [(name, share) for name, share in largest if share >= MIN_SHARE]
    most = max(shares.values(), default=0.0)
    rows = [ShareRow(name, percent(share), _svg.bar(share, most)) for name, share in shown]
    return Classifier(lead, rows, len(shares) - len(rows))


def _label_conditions(conditions: ConditionsScores) -> Classifier:
    balanced = as_interval(conditions.balanced_accuracy)
    verdict = f" {conditions_verdict(conditions).capitalize()}."
    return _classifier(
        f"Within the dataset, a classifier ({conditions.candidate}; {conditions.protocol}) that"
        " uses nothing but the recording conditions predicts the label with a balanced accuracy"
        f" of {percent(balanced.value)}{percent_range(balanced)}; chance is"
        f" {percent(conditions.chance)}. Its accuracy is"
        f" {percent(conditions.accuracy.value)}; always predicting the most common class gives"
        f" {percent(conditions.majority)}.{verdict if conditions.give_label_away else ''}",
        {NAMES.get(name, name): share for name, share in conditions.columns.items()},
    )
