"""How scores are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from featkit._utils.counting import counted
from featkit.cli._console import fits, printable, show_table
from featkit.models import AUTO
from featkit.report.words import fixed

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
}

CORNER = "true \\ predicted"

MOST_CLASSES = 20
"""Classes up to which a confusion matrix can be looked at on a terminal."""


def show_scores(scores: Mapping[str, Any]) -> None:
    """All of them: the leaderboard, then what the model that is kept does well and badly."""
    _show_likely_groups(scores)
    show_leaderboard(scores)
    _show_recordings(scores)
    _show_honesty(scores)
    _show_classes(scores)
    _show_confusion(scores)
    _show_calibration(scores)


def _show_likely_groups(scores: Mapping[str, Any]) -> None:
    """What to name as group, and the score that it would give."""
    by_group = scores.get("by_group")
    for likely in scores.get("likely_groups") or ():
        told = f'likely group: --group "{printable(likely["group"])}"'
        if by_group and by_group["group"] == likely["group"]:
            own, unseen = by_group["own"]["accuracy"], by_group["scores"]["accuracy"]
            told += (
                f" gives accuracy {fixed(unseen)}, where this split gives {fixed(own)} and the"
                f" commonest class alone {fixed(by_group['commonest'])}"
            )
        click.echo(told)


def show_leaderboard(scores: Mapping[str, Any]) -> None:
    """What was judged and how, each model's scores, and what was chosen."""
    from featkit.models.result import ranked

    of = "" if scores["unit"] == "row" else f" of {scores['groups']} {printable(scores['unit'])}s"
    click.echo(
        f"{counted(scores['rows'], 'row')}{of}, {len(scores['classes'])} classes,"
        f" {counted(scores['columns'], 'column')};"
        f" {counted(scores['judged'], 'row')} judged by {printable(scores['protocol'])}\n"
        "value ± standard deviation over folds [95 % interval]:"
    )
    show_table(
        ["model", *TITLES.values()],
        [[name, *(_interval(of[metric]) for metric in TITLES)] for name, of in ranked(scores)],
    )
    rounds: dict[str, list[str]] = {}
    for name, chosen in scores["chosen"].items():
        rounds.setdefault(chosen, []).append(printable(name))
    if scores["model"] == AUTO:
        for chosen, where in rounds.items():
            click.echo(f"{AUTO} chose {chosen} for {', '.join(where)}")


def _show_recordings(scores: Mapping[str, Any]) -> None:
    if scores["recordings"] is None:
        return
    of = scores["recordings"]
    values = ", ".join(f"{title} {_interval(of[metric])}" for metric, title in TITLES.items())
    click.echo(f"\n{scores['model']}, all rows of a recording together: {values}")


def _show_honesty(scores: Mapping[str, Any]) -> None:
    """The score beside the one that a split by row would have given."""
    by_row = scores["by_row"]
    if by_row is None:
        return
    honest, promised = by_row["honest"]["accuracy"], by_row["scores"]["accuracy"]
    more, low, high = (100 * by_row["difference"][name] for name in ("accuracy", "low", "high"))
    told = "" if low > 0 or high < 0 else ", no difference that can be told"
    click.echo(
        f"\n{by_row['candidate']}: accuracy {fixed(honest)}; a split by row would have given"
        f" {fixed(promised)}: {more:+.1f} points [{low:+.1f}, {high:+.1f}]{told}"
    )


def _show_classes(scores: Mapping[str, Any]) -> None:
    click.echo(f"\n{scores['model']}, each class:")
    numbers = ("precision", "recall", "f1")
    show_table(
        ["class", *numbers, "rows", "predicted"],
        [
            [
                printable(of["class"]),
                *(fixed(of[n]) for n in numbers),
                str(of["support"]),
                str(of["predicted"]),
            ]
            for of in scores["per_class"]
        ],
    )


def _show_confusion(scores: Mapping[str, Any]) -> None:
    """The matrix; its columns are headed by their classes, or by marks if these are too long."""
    classes = list(scores["classes"])
    if len(classes) > MOST_CLASSES:
        return
    counts = [[str(count) if count else "·" for count in row] for row in scores["confusion"]]
    headers, rows = classes, classes
    if not fits([CORNER, *headers], [[name, *row] for name, row in zip(rows, counts, strict=True)]):
        headers = [f"#{k}" for k in range(1, len(classes) + 1)]
        rows = [f"{mark} {name}" for mark, name in zip(headers, classes, strict=True)]
    click.echo("\nrows of each class, by the class that was predicted:")
    table = [[name, *row] for name, row in zip(rows, counts, strict=True)]
    show_table([CORNER, *headers], table)


def _show_calibration(scores: Mapping[str, Any]) -> None:
    of = scores["calibration"]
    click.echo(
        f"\nprobabilities: Brier score {fixed(of['brier'])}, expected calibration error"
        f" {fixed(of['expected_error'])} of the predicted class, {fixed(of['classwise_error'])} of"
        " all classes:"
    )
    show_table(
        ["probability", "rows", "confidence", "accuracy"],
        [
            [
                f"{b['from']:.1f} to {b['to']:.1f}",
                str(b["rows"]),
                fixed(b["confidence"]),
                fixed(b["accuracy"]),
            ]
            for b in of["reliability"]
        ],
    )
    click.echo("\neach class, its mean probability and the share of rows that are of it:")
    show_table(
        ["class", "probability", "share", "error"],
        [
            [
                printable(each["class"]),
                *(fixed(each[name]) for name in ("probability", "share", "expected_error")),
            ]
            for each in of["classes"]
        ],
    )


def _interval(of: Mapping[str, float | None]) -> str:
    spread = "" if of["std"] is None else f" ± {fixed(of['std'])}"
    return f"{fixed(of['value'])}{spread} [{fixed(of['low'])}, {fixed(of['high'])}]"
