"""Display of scores on other datasets on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import counted, percent, plural, printable, significant
from featkit.cli._console import first_names, show_table
from featkit.cli._scores import TITLES, show_confusion
from featkit.cli._set_scores import show_set_scores
from featkit.report.formatting import fixed

if TYPE_CHECKING:
    from featkit.evaluation.result import (
        CrossEvaluation,
        DatasetEvaluation,
        HomeScores,
        ModelComparison,
        SecondaryLabelScores,
        Shift,
        SubgroupComparison,
        ValueInterval,
    )
    from featkit.models.score_types import ConditionsScores, MetricScore

MOST_LABELS = 5
"""Labels that are named before the rest is counted."""

MOST_COLUMNS = 8
"""Columns of the shift that are shown."""


def show_evaluation(evaluation: CrossEvaluation) -> None:
    """Print the scores of all models on all datasets, then each in detail.

    Parameters
    ----------
    evaluation : CrossEvaluation
        The scores.
    """
    evaluations = evaluation.evaluations
    if len(evaluations) > 1:
        _show_overview(evaluations)
        _show_comparisons(evaluation.comparisons)
    for number, one in enumerate(evaluations):
        if number or len(evaluations) > 1:
            click.echo()
        _show_one(one)


def _show_overview(evaluations: Sequence[DatasetEvaluation]) -> None:
    """The balanced accuracy of each model on each dataset."""
    click.echo("balanced accuracy [95 % confidence interval]:")
    show_table(
        ["dataset", "model", "here", "at home", "majority", "chance", "accuracy here"],
        [
            [
                one.dataset,
                one.model,
                _interval(one.scores.balanced_accuracy),
                _home(one, "balanced_accuracy"),
                fixed(one.majority.balanced_accuracy),
                fixed(one.chance.balanced_accuracy),
                _interval(one.scores.accuracy),
            ]
            for one in evaluations
        ],
    )


def _show_comparisons(comparisons: Sequence[ModelComparison]) -> None:
    if not comparisons:
        return
    click.echo("\npairs of models, on the recordings that both predict:")
    show_table(
        ["dataset", "models", "recordings", "accuracies", "difference", "McNemar p"],
        [
            [
                one.dataset,
                f"{one.first}, {one.second}",
                f"{one.recordings:,}",
                f"{fixed(one.first_accuracy)}, {fixed(one.second_accuracy)}",
                _signed_interval(one.difference),
                _p_value(one.p_value),
            ]
            for one in comparisons
        ],
    )


def _show_one(one: DatasetEvaluation) -> None:
    _show_headline(one)
    _show_conditions(one.conditions)
    _show_counts(one)
    _show_metrics(one)
    _show_classes(one)
    noun = "recording" if _has_recordings(one) else "row"
    show_confusion(one.classes, one.confusion, f"{noun}s")
    _show_calibration(one)
    if one.prediction_sets is not None:
        show_set_scores(one.model, one.prediction_sets, noun)
    _show_secondary(one.secondary)
    for comparison in one.subgroups:
        _show_subgroups(comparison)
    _show_shift(one.shift)


def _has_recordings(one: DatasetEvaluation) -> bool:
    return one.unit != "row"


def _show_headline(one: DatasetEvaluation) -> None:
    here, home = one.scores.accuracy, ""
    if one.home is not None:
        home = f"; at home {_home(one, 'accuracy')}"
    click.echo(
        f"{printable(one.model)} on {printable(one.dataset)}: accuracy {_interval(here)}{home};"
        f" the most common class {fixed(one.majority.accuracy)}, chance"
        f" {fixed(one.chance.accuracy)}"
    )
    for text in one.class_prior:
        click.echo(printable(text))


def _show_conditions(conditions: ConditionsScores | None) -> None:
    from featkit.models.recording_conditions import leading_conditions

    if conditions is None:
        return
    verdict = "not clearly above chance"
    if conditions.give_label_away:
        leading = first_names(leading_conditions(conditions), MOST_LABELS)
        verdict = f"clearly above chance, mostly by {leading}"
    click.echo(
        "recording conditions alone predict the label here with a balanced accuracy of"
        f" {_interval(conditions.balanced_accuracy)} (chance {fixed(conditions.chance)}): {verdict}"
    )


def _show_counts(one: DatasetEvaluation) -> None:
    counts = one.counts
    reasons = [
        ("without a label", counts.unlabelled, {}),
        ("dropped by the label map", sum(counts.dropped.values()), counts.dropped),
        ("with a label that the model does not know", sum(counts.unknown.values()), counts.unknown),
        ("for which no prediction is possible", counts.undefined, {}),
        ("of recordings that the model was trained on", counts.trained, {}),
        ("repeated", counts.repeated, {}),
    ]
    groups = ""
    if one.unit not in ("row", "recording"):
        groups = f" of {counted(one.groups, printable(one.unit), plural(printable(one.unit)))}"
    of_recordings = ""
    if _has_recordings(one) and counts.scored_recordings != counts.scored_rows:
        of_recordings = f" ({counted(counts.scored_recordings, 'recording')})"
    click.echo(
        f"scored: {counts.scored_rows:,} of {counted(counts.rows, 'row')}{of_recordings}{groups}"
    )
    for reason, number, labels in reasons:
        if number:
            click.echo(f"not scored: {counted(number, 'row')} {reason}{_labels(labels)}")
    if counts.failed:
        click.echo(f"not read: {counted(counts.failed, 'sound file')}")


def _labels(counts: Mapping[str, int]) -> str:
    names = [f"{printable(label)} {count:,}" for label, count in counts.items()]
    return f": {first_names(names, MOST_LABELS)}" if names else ""


def _show_metrics(one: DatasetEvaluation) -> None:
    home = one.home
    by = " by recording" if one.segment_scores is not None else ""
    title = "" if home is None else f"; at home: {printable(home.protocol)}"
    if home is not None and home.merged:
        title += ", merged classes"
    click.echo(f"\nscore [95 % confidence interval]{title}:")
    headers = ["score", f"here{by}", "majority", "chance"]
    if one.segment_scores is not None:
        headers.insert(2, "here by segment")
    if home is not None:
        headers.insert(2, "at home")
    rows = []
    for metric, name in TITLES.items():
        row = [name, _interval(one.scores[metric])]
        if home is not None:
            row.append(_home(one, metric))
        if one.segment_scores is not None:
            row.append(_interval(one.segment_scores[metric]))
        rows.append([*row, fixed(one.majority[metric]), fixed(one.chance[metric])])
    show_table(headers, rows)
    if home is not None and home.same_classes_balanced_accuracy is not None:
        absent = [own.name for own in one.per_class if not own.support]
        if absent:
            click.echo(
                "at home, the balanced accuracy of the classes that occur here is"
                f" {fixed(home.same_classes_balanced_accuracy)}"
            )


def _home(one: DatasetEvaluation, metric: str) -> str:
    """A score at home, by recording if recordings have several segments there."""
    if one.home is None:
        return ""
    metrics = one.home.recording_metrics or one.home.metrics
    return _interval(metrics[metric]) if metric in metrics else fixed(None)


def _show_classes(one: DatasetEvaluation) -> None:
    home = {} if one.home is None else {own.name: own.recall for own in one.home.per_class}
    click.echo("\nclasses:")
    headers = ["class", "true", "predicted", "ratio", "precision", "recall", "F1"]
    rows = [
        [
            own.name,
            f"{own.support:,}",
            f"{own.predicted:,}",
            fixed(own.predicted / own.support, 2) if own.support else fixed(None),
            *map(fixed, (own.precision, own.recall, own.f1)),
            *([fixed(home.get(own.name))] if home else []),
        ]
        for own in one.per_class
    ]
    show_table([*headers, *([f"recall {_at_home(one.home)}"] if home else [])], rows)


def _at_home(home: HomeScores | None) -> str:
    """Earlier versions of models have no scores of the classes of recordings, only of segments."""
    if home is None or home.by_recording or home.recording_metrics is None:
        return "at home"
    return "at home by segment"


def _show_calibration(one: DatasetEvaluation) -> None:
    home = None if one.home is None else one.home.calibration
    errors = [("expected calibration error", "expected_error"), ("Brier score", "brier")]
    values = []
    for title, name in errors:
        at_home = "" if home is None else f" ({_at_home(one.home)} {fixed(getattr(home, name))})"
        values.append(f"{title} {fixed(getattr(one.calibration, name))}{at_home}")
    click.echo(f"\ncalibration: {', '.join(values)}")


def _show_secondary(secondary: SecondaryLabelScores | None) -> None:
    if secondary is None:
        return
    click.echo(
        f"\nsecondary labels: {secondary.with_secondary:,} of {secondary.rows:,} have one"
        f" ({percent(secondary.share, ' ')}); accuracy by the primary label"
        f" {_interval(secondary.primary_accuracy)}, if either counts"
        f" {_interval(secondary.either_accuracy)}, gain {_signed_interval(secondary.gain)}"
    )
    if secondary.rescue_rate is not None:
        click.echo(
            f"the secondary label is predicted in {secondary.rescued:,} of"
            f" {counted(secondary.errors, 'error')} ({percent(secondary.rescue_rate, ' ')})"
        )


def _show_subgroups(comparison: SubgroupComparison) -> None:
    click.echo(f"\nby {printable(comparison.column)}:")
    show_table(
        [comparison.column, "recordings", "groups", "accuracy", "balanced", "macro F1"],
        [
            [
                _value(own.value),
                f"{own.recordings:,}",
                f"{own.groups:,}",
                *(
                    _interval(own.metrics[name]) if name in own.metrics else "–"
                    for name in [*TITLES][:3]
                ),
            ]
            for own in comparison.subgroups
        ],
    )
    if len(comparison.subgroups) > 1:
        pair = " minus ".join(map(_value, (comparison.highest, comparison.lowest)))
        difference = _signed_interval(comparison.difference)
        click.echo(f"largest difference of the accuracy, {pair}: {difference}")
    if comparison.small:
        names = [_value(name) for name in comparison.small]
        click.echo(f"too few groups for reliable intervals: {first_names(names, MOST_LABELS)}")


def _value(name: str) -> str:
    return printable(name) or "(none)"


def _show_shift(shift: Shift | None) -> None:
    if shift is None:
        return
    differing = sum(column.differs for column in shift.columns)
    click.echo(
        f"\nshift: {differing} of {counted(len(shift.columns), 'column')} differ from the training"
        f" data (distance above {fixed(shift.threshold)})"
    )
    if shift.classifier is not None:
        click.echo(
            "a classifier tells the two apart with an AUC of"
            f" {_interval(shift.classifier.auc)} (0.5: not at all)"
        )
    conditions = [own for own in shift.conditions if own.differs]
    columns = [*conditions, *shift.columns[:MOST_COLUMNS]]
    kinds = ["condition"] * len(conditions) + ["feature"] * MOST_COLUMNS
    show_table(
        ["column", "kind", "distance", "median at home", "median here", "unit"],
        [
            [
                f"{own.column}{' *' if own.differs else ''}",
                kind,
                _interval(own.distance),
                _number(own.home_median),
                _number(own.median),
                "" if own.unit == "1" else own.unit,
            ]
            for own, kind in zip(columns, kinds, strict=False)
        ],
    )
    if any(own.differs for own in columns):
        click.echo("*: differs by more than chance explains")
    if same := [own.column for own in shift.conditions if not own.differs]:
        click.echo(f"recording conditions that do not differ: {', '.join(same)}")


def _number(value: float | None) -> str:
    return fixed(None) if value is None else significant(value)


def _interval(score: MetricScore | ValueInterval) -> str:
    return f"{fixed(score.value)}{_ends(score.low, score.high)}"


def _signed_interval(score: ValueInterval) -> str:
    sign = "+" if score.value > 0 else ""
    return f"{sign}{fixed(score.value)}{_ends(score.low, score.high)}"


def _ends(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" [{fixed(low)}, {fixed(high)}]"


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else fixed(p)
