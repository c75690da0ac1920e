"""Overview of models on other datasets: scores there and at home, caveats, and scored rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featkit._utils.formatting import counted
from featkit.evaluation.result import (
    CrossEvaluation,
    DatasetEvaluation,
    RowCounts,
    Shift,
    ValueInterval,
)
from featkit.models.recording_conditions import (
    conditions_verdict,
    conditions_warnings,
    enumerated_conditions,
    leading_conditions,
)
from featkit.report._evaluation_text import (
    METRIC_TITLES,
    Folded,
    as_interval,
    folded,
    home_metrics,
    metric_definition,
    pair_titles,
    percent_range,
    points,
)
from featkit.report._leaderboard import Entry, Leaderboard
from featkit.report._score_entries import metric_leaderboard
from featkit.report.formatting import fixed, percent, quoted
from featkit.report.section import Section


@dataclass(frozen=True)
class PairOverview:
    """The data of the section for one model on one dataset.

    Attributes
    ----------
    name : str
        Names of both; "" if there is only one pair.
    lead : str
        Accuracy here, at home and of baselines.
    findings : sequence of str
        Whether the model works here, and reasons if it does not.
    warnings : sequence of str
        Reasons to doubt the scores.
    metrics : sequence of Leaderboard
        The scores here, at home and of baselines, for each metric.
    rows : str
        Number of rows that are scored.
    not_scored : sequence of (str, int)
        Reasons why other rows are not scored, and their number.
    labels : Folded
        Labels that are not scored, the reason, and their number of rows.
    """

    name: str
    lead: str
    findings: Sequence[str]
    warnings: Sequence[str]
    metrics: Sequence[Leaderboard]
    rows: str
    not_scored: Sequence[tuple[str, int]]
    labels: Folded[tuple[str, str, int]]


@dataclass(frozen=True)
class EvaluationOverview:
    """The data of the section.

    Attributes
    ----------
    warnings : sequence of str
        Datasets whose recording conditions predict the label.
    summary : Leaderboard or None
        Accuracy of each pair, with the difference from home; None if there is only one.
    pairs : sequence of PairOverview
        Each model on each dataset.
    label_map : Folded
        Dataset ("" for all), common class ("" for none) and labels of each rule of the label map.
    """

    warnings: Sequence[str]
    summary: Leaderboard | None
    pairs: Sequence[PairOverview]
    label_map: Folded[tuple[str, str, Sequence[str]]]


def build(evaluation: CrossEvaluation) -> EvaluationOverview:
    """Collect the data of the section.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The input of the page.

    Returns
    -------
    EvaluationOverview
        The data.
    """
    pairs = pair_titles(evaluation)
    warnings = [text for _, pair in pairs for text in _conditions_warning(pair)]
    return EvaluationOverview(
        warnings=list(dict.fromkeys(warnings)),
        summary=_summary(pairs) if len(pairs) > 1 else None,
        pairs=[_pair(name, pair) for name, pair in pairs],
        label_map=folded(_label_map(evaluation.label_map or {})),
    )


SECTION = Section("evaluation_overview", "Overview", 10, build, pages=("evaluation",))


def _conditions_warning(pair: DatasetEvaluation) -> list[str]:
    conditions = pair.conditions
    if conditions is None or not conditions.give_label_away:
        return []
    balanced = as_interval(conditions.balanced_accuracy)
    return [
        f"{quoted(pair.dataset)}: {conditions_verdict(conditions)}. Recording conditions alone"
        f" predict it with a balanced accuracy of {percent(balanced.value)}"
        f"{percent_range(balanced)}, mostly by"
        f" {enumerated_conditions(leading_conditions(conditions))}; chance is"
        f" {percent(conditions.chance)}. A model may recognise how a recording was made instead of"
        " its content."
    ]


def _summary(pairs: Sequence[tuple[str, DatasetEvaluation]]) -> Leaderboard:
    """The accuracy of each model on each dataset."""
    entries = []
    for name, pair in pairs:
        accuracy, home = as_interval(pair.scores.accuracy), home_metrics(pair.home).get("accuracy")
        note = "" if home is None else f"{points(accuracy.value - home.value)} points from home"
        entries.append(
            Entry(
                name,
                note,
                accuracy.value,
                accuracy.low,
                accuracy.high,
                kind="score",
                baseline=pair.majority.accuracy,
                home=None if home is None else home.value,
            )
        )
    definition = (
        "Dot: accuracy here. Band: 95\u00a0% interval. Ring: accuracy at home. Dashed line:"
        " accuracy of the most common class, if the axis reaches it."
    )
    title = "Accuracy of each model on each dataset"
    return metric_leaderboard("accuracy", title, definition, entries)


def _pair(name: str, pair: DatasetEvaluation) -> PairOverview:
    return PairOverview(
        name=name,
        lead=_lead(pair),
        findings=[
            *_home_finding(pair),
            _baseline_finding(pair),
            *_class_finding(pair),
            *([] if pair.shift is None else _shift_findings(pair.shift)),
            *_importance_finding(pair),
        ],
        warnings=_caveats(pair),
        metrics=[_metric(pair, metric) for metric in METRIC_TITLES],
        rows=_rows(pair.counts),
        not_scored=_not_scored(pair.counts),
        labels=folded(_labels(pair.counts)),
    )


def _caveats(pair: DatasetEvaluation) -> list[str]:
    """Warnings except that on recording conditions, with which the section begins."""
    shown = conditions_warnings(pair.conditions, is_training=False)
    return [text for text in pair.warnings if text not in shown]


def _lead(pair: DatasetEvaluation) -> str:
    accuracy = as_interval(pair.scores.accuracy)
    recordings = counted(pair.counts.scored_recordings, "recording")
    home = home_metrics(pair.home).get("accuracy")
    at_home = "" if home is None else f" At home, it is {percent(home.value)}{percent_range(home)}."
    return (
        f"On {quoted(pair.dataset)}, {quoted(pair.model)} classifies {percent(accuracy.value)} of"
        f" {recordings} correctly{percent_range(accuracy)}.{at_home} Always predicting the most"
        f" common class gives {percent(pair.majority.accuracy)}, and a random guess"
        f" {percent(pair.chance.accuracy)}.{_class_prior(pair)}"
    )


def _class_prior(pair: DatasetEvaluation) -> str:
    """The shares of the classes that probabilities are for, if they are not those of the model."""
    if not pair.class_prior:
        return ""
    return f" Probabilities are for other shares of the classes ({'; '.join(pair.class_prior)})."


def _home_finding(pair: DatasetEvaluation) -> list[str]:
    home = home_metrics(pair.home).get("accuracy")
    if pair.home is None or home is None:
        return ["The model file contains no scores at home to compare with."]
    here = as_interval(pair.scores.accuracy)
    text = f"{_comparison(here, home)} the accuracy at home ({pair.home.protocol})"
    text += f"{_overlap(here, home)}."
    if pair.home.merged:
        text += " The label map merges classes of the model; the scores at home are merged too."
    same_classes = pair.home.same_classes_balanced_accuracy
    if same_classes is not None:
        text += (
            " The balanced accuracy of the classes that occur here is"
            f" {percent(pair.scores.balanced_accuracy.value)}; at home, it is"
            f" {percent(same_classes)}."
        )
    return [text]


def _comparison(here: ValueInterval, home: ValueInterval) -> str:
    difference = points(here.value - home.value)
    if difference[0] not in "+−":
        return "This equals"
    place = "above" if difference[0] == "+" else "below"
    return f"This is {difference[1:]} percentage points {place}"


def _overlap(here: ValueInterval, home: ValueInterval) -> str:
    if here.low is None or here.high is None or home.low is None or home.high is None:
        return ""
    apart = here.high < home.low or home.high < here.low
    return f"; the intervals {'do not overlap' if apart else 'overlap'}"


def _baseline_finding(pair: DatasetEvaluation) -> str:
    accuracy, majority = pair.scores.accuracy, pair.majority.accuracy
    if accuracy.low > majority:
        return "The model is clearly better than always predicting the most common class."
    if accuracy.high < majority:
        return "The model is clearly worse than always predicting the most common class."
    return "The model is not clearly better than always predicting the most common class."


def _class_finding(pair: DatasetEvaluation) -> list[str]:
    """The class whose number of predictions is most wrong."""
    worst = max(pair.per_class, key=lambda own: abs(own.predicted - own.support), default=None)
    if worst is None or worst.predicted == worst.support:
        return []
    often = "more" if worst.predicted > worst.support else "less"
    return [
        f"{quoted(worst.name)} is predicted {often} often than it occurs:"
        f" {counted(worst.predicted, 'prediction')} for {counted(worst.support, 'recording')}."
    ]


def _shift_findings(shift: Shift) -> list[str]:
    differing = sum(column.differs for column in shift.columns)
    texts = []
    if shift.columns:
        text = f"{differing:,} of {counted(len(shift.columns), 'feature column')}"
        text += f" {'differs' if differing == 1 else 'differ'} from the training table"
        named = [family for family in shift.families if family.family and family.differing]
        texts.append(text + (f", most of all {quoted(named[0].family)}." if named else "."))
    if shift.classifier is not None:
        auc = fixed(shift.classifier.auc.value)
        texts.append(
            f"A classifier tells the recordings from those at home with an AUC of {auc}"
            " (0.5: not at all, 1: always)."
        )
    conditions = [column.column for column in shift.conditions if column.differs]
    if conditions:
        names = enumerated_conditions(conditions)
        texts.append(f"Recording conditions that differ from those at home: {names}.")
    return texts


def _importance_finding(pair: DatasetEvaluation) -> list[str]:
    if pair.importances is None or pair.importances.rank_correlation is None:
        return []
    correlation = fixed(pair.importances.rank_correlation, 2)
    return [
        "The importances of the columns here and at home have a rank correlation of"
        f" {correlation} (1: the same order)."
    ]


def _metric(pair: DatasetEvaluation, metric: str) -> Leaderboard:
    here = as_interval(pair.scores[metric])
    home = home_metrics(pair.home).get(metric)
    entries = [
        Entry("Here", "", here.value, here.low, here.high, kind="score"),
        *([] if home is None else [Entry("At home", "", home.value, home.low, home.high)]),
        Entry("Most common class", "", pair.majority[metric], kind="baseline"),
        Entry("Random guess", "", pair.chance[metric], kind="baseline"),
    ]
    return metric_leaderboard(metric, METRIC_TITLES[metric], metric_definition(metric), entries)


def _rows(counts: RowCounts) -> str:
    recordings = f"{counts.scored_recordings:,} of {counted(counts.recordings, 'recording')}"
    if (counts.scored_rows, counts.rows) == (counts.scored_recordings, counts.recordings):
        return f"{recordings} are scored."
    rows = f"{counts.scored_rows:,} of {counted(counts.rows, 'row')}"
    return f"{rows} are scored. They belong to {recordings}."


def _not_scored(counts: RowCounts) -> list[tuple[str, int]]:
    reasons = [
        ("Rows without a label", counts.unlabelled),
        ("Rows with a label that the label map drops", sum(counts.dropped.values())),
        ("Rows with a label that the model does not know", sum(counts.unknown.values())),
        ("Rows of recordings or segments that occur more than once", counts.repeated),
        ("Rows of recordings that the model was trained on", counts.trained),
        ("Rows without a value in any column of the model", counts.undefined),
        ("Sound files that could not be read", counts.failed),
    ]
    return [(reason, number) for reason, number in reasons if number]


def _labels(counts: RowCounts) -> list[tuple[str, str, int]]:
    """Labels that are not scored, the most common first."""
    labels = [
        *((label, "not known to the model", rows) for label, rows in counts.unknown.items()),
        *((label, "dropped by the label map", rows) for label, rows in counts.dropped.items()),
    ]
    return sorted(labels, key=lambda label: (-label[2], label[0]))


def _label_map(label_map: Mapping[str, Any]) -> list[tuple[str, str, Sequence[str]]]:
    """The rules of a label map: those of all datasets, then those of single ones."""
    rules = {"": label_map, **label_map.get("datasets", {})}
    return [
        (dataset, common, labels)
        for dataset, own in rules.items()
        for common, labels in (*own.get("labels", {}).items(), ("", own.get("drop", [])))
        if labels
    ]
