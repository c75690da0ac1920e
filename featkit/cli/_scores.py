"""Display of scores on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted, printable
from featkit.cli._console import fits, show_table
from featkit.cli._leaderboard import show_differences, show_models
from featkit.cli._set_scores import show_sets
from featkit.models import AUTO
from featkit.models.absent_classes import folds_without_class
from featkit.models.calibration_scores import methods_text
from featkit.models.problem import name_list
from featkit.models.recording_conditions import (
    conditions_verdict,
    enumerated_conditions,
    leading_conditions,
)
from featkit.report.formatting import fixed

if TYPE_CHECKING:
    from featkit.models.fit_summary import Effort
    from featkit.models.multilabel_types import MultilabelEvaluation
    from featkit.models.regression_types import RegressionEvaluation
    from featkit.models.score_types import Evaluation, MetricScore, MetricValues

    AnyEvaluation = Evaluation | MultilabelEvaluation | RegressionEvaluation

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
}
"""Name of each metric in the tables."""

CORNER = "true \\ predicted"

MOST_GROUPS = 40
"""Greatest number of groups whose scores are shown."""

MOST_CLASSES = 20
"""Greatest number of classes whose confusion matrix fits on a terminal."""


def show_scores(evaluation: Evaluation, effort: Mapping[str, Effort] | None = None) -> None:
    """Print all scores: the leaderboard, then the kept model in detail.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.
    effort : mapping of str to Effort, optional
        Time and size of each model.
    """
    given_away = evaluation.conditions is not None and evaluation.conditions.give_label_away
    if given_away:
        _show_conditions(evaluation)
    _show_likely_groups(evaluation)
    show_leaderboard(evaluation, effort)
    show_datasets(evaluation, list(TITLES.values()), _dataset_cells)
    _show_folds(evaluation)
    _show_recordings(evaluation)
    _show_row_split(evaluation)
    if not given_away:
        _show_conditions(evaluation)
    _show_classes(evaluation)
    show_confusion(evaluation.classes, evaluation.confusion, "rows")
    _show_curves(evaluation)
    _show_costs(evaluation)
    _show_calibration(evaluation)
    show_sets(evaluation)


def _show_curves(evaluation: Evaluation) -> None:
    """The areas under the curves; of two classes, also the thresholds."""
    if (curves := evaluation.curves) is None:
        return
    areas = (
        ("ROC AUC", curves.macro_roc_auc),
        ("average precision", curves.macro_average_precision),
    )
    values = ", ".join(
        f"{title} {fixed(area.value)} [{fixed(area.low)}, {fixed(area.high)}]"
        for title, area in areas
    )
    if len(curves.classes) > 1:
        click.echo(f"\nmean over {len(curves.classes)} classes, each against the others: {values}")
        return
    (curve,) = curves.classes
    click.echo(f"\nclass {printable(curve.name)}: {values}; thresholds of its probability:")
    show_table(
        ["goal", "threshold", "precision", "recall", "f1", "false positives", "predicted"],
        [
            [
                point.goal,
                fixed(point.threshold),
                *map(fixed, (point.precision, point.recall, point.f1, point.false_positive_rate)),
                str(point.predicted),
            ]
            for point in curve.points
        ],
    )
    if chosen := curves.inner_threshold:
        low, high = min(chosen.thresholds), max(chosen.thresholds)
        click.echo(
            f"threshold of the greatest {chosen.goal} on inner folds ({fixed(low)} to"
            f" {fixed(high)}): precision {fixed(chosen.precision)}, recall {fixed(chosen.recall)},"
            f" f1 {fixed(chosen.f1)}, accuracy {fixed(chosen.accuracy)}"
        )


def _show_costs(evaluation: Evaluation) -> None:
    if (costs := evaluation.costs) is None:
        return
    mean, probable, difference, constant = (
        f"{fixed(cost.value)} [{fixed(cost.low)}, {fixed(cost.high)}]"
        for cost in (costs.mean, costs.most_probable, costs.difference, costs.constant)
    )
    click.echo(
        "\nclasses with the least expected cost are predicted, and scores are of these"
        f" predictions: mean cost {mean}\nmost probable class:"
        f" {probable}, difference {difference}, {counted(costs.changed, 'row')} changed; always"
        f" {printable(costs.constant_class)}: {constant}"
    )


def _show_conditions(evaluation: Evaluation) -> None:
    """The balanced accuracy from recording conditions alone, next to that of the model."""
    if (scores := evaluation.conditions) is None:
        return
    leading = ""
    if scores.give_label_away:
        leading = f", mostly {enumerated_conditions(leading_conditions(scores))},"
    text = (
        f"recording conditions alone{leading} give a balanced accuracy of"
        f" {score_interval(scores.balanced_accuracy)}; {evaluation.model} gives"
        f" {fixed(evaluation.kept.balanced_accuracy.value)}, and chance {fixed(scores.chance)}"
    )
    if scores.give_label_away:
        click.echo(f"{conditions_verdict(scores)}: {text}")
    else:
        click.echo(f"\n{text}")


def show_normalization(evaluation: AnyEvaluation) -> None:
    """Print how columns are normalised within groups, and what that means for predictions.

    Parameters
    ----------
    evaluation : Evaluation, or that of another task
        The scores.
    """
    if (normalization := evaluation.normalization) is not None:
        click.echo(
            f"\nnormalisation by {printable(normalization.by)}: {printable(normalization.note)}"
        )


def _show_likely_groups(evaluation: Evaluation) -> None:
    by_group = evaluation.by_group
    for likely in evaluation.likely_groups:
        text = f'likely group: --group "{printable(likely.group)}"'
        if by_group and by_group.group == likely.group:
            text += (
                f" gives accuracy {fixed(by_group.grouped.accuracy)}; this split gives"
                f" {fixed(by_group.used.accuracy)}, and always predicting the most common class"
                f" {fixed(by_group.majority_share)}"
            )
        click.echo(text)


def show_leaderboard(evaluation: Evaluation, effort: Mapping[str, Effort] | None = None) -> None:
    """Print the size of the table, the split, the scores of each model and the chosen candidates.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.
    effort : mapping of str to Effort, optional
        Time and size of each model.
    """
    show_size(evaluation, f"{len(evaluation.classes)} classes")
    rows = [
        (name, [score_interval(scores[metric]) for metric in TITLES])
        for name, scores in evaluation.ranking
    ]
    show_models(list(TITLES.values()), rows, effort)
    show_chosen(evaluation)
    show_differences(evaluation.model, evaluation.differences)


def show_size(evaluation: AnyEvaluation, outputs: str) -> None:
    """Print the size of the table, the split, and how scores are written.

    Parameters
    ----------
    evaluation : Evaluation, or that of another task
        The scores.
    outputs : str
        What is predicted, such as ``"10 classes"``.
    """
    units = ""
    if evaluation.unit != "row":
        units = f" of {evaluation.groups} {printable(evaluation.unit)}s"
    inputs = counted(evaluation.columns, "column") if evaluation.columns else "sequences"
    click.echo(
        f"{counted(evaluation.rows, 'row')}{units}, {outputs}, {inputs};"
        f" {counted(evaluation.scored_rows, 'test row')}, {printable(evaluation.protocol)}\n"
        "score ± standard deviation over folds [95 % confidence interval]:"
    )


def show_chosen(evaluation: AnyEvaluation) -> None:
    """Print the candidates that ``auto`` selected.

    Parameters
    ----------
    evaluation : Evaluation, or that of another task
        The scores.
    """
    folds: dict[str, list[str]] = {}
    for fold, candidate in evaluation.chosen.items():
        folds.setdefault(candidate, []).append(printable(fold))
    if evaluation.model == AUTO:
        for candidate, names in folds.items():
            where = f" in fold {', '.join(names)}" if len(evaluation.chosen) > 1 else ""
            click.echo(f"{AUTO} selected {candidate}{where}")


def show_datasets(
    evaluation: Evaluation | RegressionEvaluation,
    titles: Sequence[str],
    cells: Callable[[Any], Sequence[str]],
) -> None:
    """Print the rows of each dataset, and its scores if each was left out once.

    Parameters
    ----------
    evaluation : Evaluation or RegressionEvaluation
        The scores.
    titles : sequence of str
        Heads of the columns of metrics.
    cells : callable
        ``cells(values)`` returns the text of each metric of a dataset.
    """
    datasets, scores = evaluation.datasets, evaluation.dataset_scores
    if datasets and not scores:
        counts = (f"{printable(name)} {counted(n, 'row')}" for name, n in datasets.items())
        click.echo(f"\ndatasets: {', '.join(counts)}")
    if not scores:
        return
    click.echo(f"\n{evaluation.model}, scores of each dataset by a model of the others:")
    show_table(
        ["dataset", "rows", *titles],
        [[printable(name), str(datasets[name]), *cells(values)] for name, values in scores.items()],
    )


def _dataset_cells(values: MetricValues) -> list[str]:
    return [fixed(values[metric]) for metric in TITLES]


def _show_folds(evaluation: Evaluation) -> None:
    """The scores of each group that was left out, and the classes that folds lack."""
    folds = evaluation.fold_classes
    if evaluation.leave_one_group_out:
        unit, scores = printable(evaluation.unit), evaluation.fold_scores
        click.echo(f"\n{evaluation.model}, scores of each {unit} by a model of the others:")
        shown = sorted(folds, key=lambda own: scores[own.fold]["accuracy"] or 0.0)[:MOST_GROUPS]
        show_table(
            [unit, "rows", *TITLES.values()],
            [
                [
                    printable(own.fold),
                    str(own.rows),
                    *(fixed(scores[own.fold][metric]) for metric in TITLES),
                ]
                for own in folds
                if own in shown
            ],
        )
        if len(shown) < len(folds):
            click.echo(f"the {len(shown)} of {len(folds)} with the lowest accuracy")
        lowest, highest = (
            f"{fixed(scores[own.fold]['accuracy'])} ({unit} {printable(own.fold)})"
            for own in (shown[0], max(folds, key=lambda own: scores[own.fold]["accuracy"] or 0.0))
        )
        click.echo(f"accuracy from {lowest} to {highest}")
    for name, without in folds_without_class(folds).items():
        noun = "fold" if len(without) == 1 else "folds"
        text = f"class {name}: no test row in {noun} {name_list(without)}"
        click.echo(f"{printable(text)}; means over classes leave it out there")
    if absent := evaluation.unpredictable:
        click.echo(
            f"{counted(absent.rows, 'test row')} of {name_list([*map(printable, absent.classes)])},"
            " which no training row of the fold has: errors of the accuracy, left out of the other"
            " scores; with 0 for"
            f" {'this class' if len(absent.classes) == 1 else 'these classes'}, balanced accuracy"
            f" {fixed(absent.balanced_accuracy)} and macro F1 {fixed(absent.macro_f1)}"
        )


def _show_recordings(evaluation: Evaluation) -> None:
    if scores := evaluation.recordings:
        values = (f"{title} {score_interval(scores[metric])}" for metric, title in TITLES.items())
        click.echo(f"\n{evaluation.model}, segments of a recording combined: {', '.join(values)}")


def _show_row_split(evaluation: Evaluation) -> None:
    """The accuracy, and that of a row-wise split."""
    if (by_row := evaluation.by_row) is None:
        return
    difference = by_row.difference
    more, low, high = (100 * end for end in (difference.value, difference.low, difference.high))
    significance = "" if low > 0 or high < 0 else ", not significant"
    before = "" if evaluation.uncalibrated is None else " before calibration"
    click.echo(
        f"\n{by_row.candidate}: accuracy {fixed(by_row.grouped.accuracy)}{before}; a row-wise split"
        " gives"
        f" {fixed(by_row.row_wise.accuracy)}: {more:+.1f} points"
        f" [{low:+.1f}, {high:+.1f}]{significance}"
    )


def _show_classes(evaluation: Evaluation) -> None:
    click.echo(f"\n{evaluation.model}, scores of each class:")
    show_table(
        ["class", "precision", "recall", "f1", "rows", "predicted"],
        [
            [
                printable(scores.name),
                *map(fixed, (scores.precision, scores.recall, scores.f1)),
                str(scores.support),
                str(scores.predicted),
            ]
            for scores in evaluation.per_class
        ],
    )


def show_confusion(
    classes: Sequence[str], confusion: Sequence[Sequence[int]], counted_in: str
) -> None:
    """Print a confusion matrix; long class names are replaced by numbers in the header.

    Parameters
    ----------
    classes : sequence of str
        In order.
    confusion : sequence of sequence of int
        A row for each true class, a column for each predicted class.
    counted_in : str
        What is counted, such as ``"rows"``.
    """
    classes = list(classes)
    if len(classes) > MOST_CLASSES:
        return
    counts = [[str(count) if count else "·" for count in row] for row in confusion]
    headers, rows = classes, classes
    if not fits([CORNER, *headers], [[name, *row] for name, row in zip(rows, counts, strict=True)]):
        headers = [f"#{k}" for k in range(1, len(classes) + 1)]
        rows = [f"{mark} {name}" for mark, name in zip(headers, classes, strict=True)]
    click.echo(f"\nconfusion matrix, in {counted_in}:")
    table = [[name, *row] for name, row in zip(rows, counts, strict=True)]
    show_table([CORNER, *headers], table)


def _show_before_calibration(evaluation: Evaluation) -> None:
    """The scores before and after calibration, and the method."""
    before, after = evaluation.uncalibrated, evaluation.kept
    if before is None:
        return
    pairs = {
        "expected calibration error": (
            before.calibration.expected_error,
            evaluation.calibration.expected_error,
        ),
        "log loss": (before.metrics.log_loss, after.log_loss.value),
        "accuracy": (before.metrics.accuracy, after.accuracy.value),
    }
    changes = (f"{name} {fixed(old)} → {fixed(new)}" for name, (old, new) in pairs.items())
    click.echo(f"\ncalibrated ({methods_text(evaluation.calibrations)}): {', '.join(changes)}")


def _show_calibration(evaluation: Evaluation) -> None:
    calibration = evaluation.calibration
    _show_before_calibration(evaluation)
    click.echo(
        f"\ncalibration: Brier score {fixed(calibration.brier)}, expected calibration error"
        f" {fixed(calibration.expected_error)} of the predicted class,"
        f" {fixed(calibration.classwise_error)} of all classes:"
    )
    show_table(
        ["probability", "rows", "confidence", "accuracy"],
        [
            [
                f"{one.low:.1f} to {one.high:.1f}",
                str(one.rows),
                fixed(one.confidence),
                fixed(one.accuracy),
            ]
            for one in calibration.reliability
        ],
    )
    click.echo("\nmean probability and share of the rows of each class:")
    show_table(
        ["class", "probability", "share", "error"],
        [
            [printable(one.name), *map(fixed, (one.probability, one.share, one.expected_error))]
            for one in calibration.classes
        ],
    )


def score_interval(score: MetricScore) -> str:
    """Write a score with its spread and interval.

    Parameters
    ----------
    score : MetricScore
        The score.

    Returns
    -------
    str
        Such as ``"0.812 ± 0.020 [0.790, 0.835]"``.
    """
    spread = "" if score.std is None else f" ± {fixed(score.std)}"
    return f"{fixed(score.value)}{spread} [{fixed(score.low)}, {fixed(score.high)}]"
