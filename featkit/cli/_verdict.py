"""The verdict at the end of ``featkit train``: the answer, its doubts and the next command."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted, shell_word, significant
from featkit.cli._config import command_words
from featkit.cli._console import show_fields
from featkit.cli._run_command import GIVEN_KEY
from featkit.models import AUTO
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report.formatting import fixed

if TYPE_CHECKING:
    from featkit.models.result import Result

BASELINE = "baseline"

MAX_DOUBTS = 5
"""Warnings that are listed before the rest is counted."""

MAX_LENGTH = 100
"""Characters of a warning that are shown."""

ADDED_OPTION = re.compile(r"\badd (--[a-z-]+ (?:\"[^\"]*\"|'[^']*'|\S+))")
"""The option that a warning asks for."""

HEADLINES = {
    CLASSIFICATION: ("accuracy", "accuracy", "always the most common class"),
    MULTILABEL: ("mean_average_precision", "mean average precision", "the share of each label"),
    REGRESSION: ("mae", "mean absolute error", "always the mean"),
}
"""Metric of the headline, its name, and the prediction of the baseline, by task."""


def show_verdict(result: Result, files: Sequence[str]) -> None:
    """Print score, baseline, model, doubts, files and next commands.

    Parameters
    ----------
    result : Result
        The result of the training.
    files : sequence of str
        Files that were written, the model first if there is one.
    """
    click.echo("\nverdict:")
    show_fields(
        [
            *_score_fields(result),
            *_model_fields(result),
            *_split_fields(result),
            *_doubt_fields(result.warnings),
            ("written", ", ".join(files) or "nothing: add -o model.fk to keep the model"),
            *_next_fields(result, files),
        ]
    )


def _score_fields(result: Result) -> Iterator[tuple[str, str]]:
    """The score of the kept model, and that of the baseline beside it."""
    evaluation: Any = result.evaluation
    metric, title, meaning = HEADLINES[result.model.task]
    kept, base = evaluation.kept[metric], evaluation.models[BASELINE][metric]
    text = f"{title} {_interval(result, kept)}, {evaluation.protocol}"
    if result.model.task == CLASSIFICATION:
        text += f"; balanced accuracy {_interval(result, evaluation.kept.balanced_accuracy)}"
    yield "score", text
    if evaluation.recordings:
        yield (
            "",
            f"segments of a recording combined: {_interval(result, evaluation.recordings[metric])}",
        )
    apart = base.high < kept.low or kept.high < base.low
    overlap = (
        "the intervals do not overlap" if apart else "the intervals overlap: not clearly better"
    )
    if apart and (kept.value > base.value) == (result.model.task == REGRESSION):
        overlap = "the intervals do not overlap: the model is worse"
    difference = _difference(result, kept.value - base.value)
    yield "baseline", f"{meaning}: {_interval(result, base)}; difference {difference}, {overlap}"


def _interval(result: Result, score: Any) -> str:
    number = _number(result)
    return f"{number(score.value)} [{number(score.low)}, {number(score.high)}]"


def _number(result: Result) -> Any:
    return significant if result.model.task == REGRESSION else fixed


def _difference(result: Result, value: float) -> str:
    if result.model.task == CLASSIFICATION:
        return f"{100 * value:+.1f} points"
    sign = "+" if value >= 0 else ""
    return f"{sign}{_number(result)(value)}"


def _model_fields(result: Result) -> Iterator[tuple[str, str]]:
    """The model that is kept, and how often each candidate was chosen."""
    evaluation: Any = result.evaluation
    text = f"{result.model.training['candidate']}, fitted on"
    text = f"{text} {counted(result.model.training['rows'], 'row')}"
    if evaluation.model == AUTO and evaluation.chosen:
        names = Counter(evaluation.chosen.values()).most_common()
        chosen = ", ".join(f"{name} in {count}" for name, count in names)
        text += f"; the score is of {AUTO}, which chose on inner folds: {chosen} of"
        text += f" {counted(len(evaluation.chosen), 'fold')}"
    yield "model", text
    metric, title, _ = HEADLINES[result.model.task]
    others = [
        (name, s) for name, s in evaluation.ranking if name not in (evaluation.model, BASELINE)
    ]
    if others:
        name, scores = others[0]
        kept, other = evaluation.kept[metric], scores[metric]
        apart = other.high < kept.low or kept.high < other.low
        overlap = "do not overlap" if apart else "overlap"
        yield (
            "best other model",
            f"{name}: {title} {_interval(result, other)}; the intervals {overlap}",
        )


def _split_fields(result: Result) -> Iterator[tuple[str, str]]:
    """Scores of other splits: by row, and by the likely group."""
    by_row: Any = result.evaluation.by_row
    if by_row is not None:
        metric, title, _ = HEADLINES[result.model.task]
        claimed = by_row.row_wise  # of several labels, it is the metric itself
        claimed = claimed if isinstance(claimed, float) else claimed[metric] or 0.0
        change = by_row.difference
        ends = f"[{_difference(result, change.low)}, {_difference(result, change.high)}]"
        yield (
            "row-wise split",
            f"would claim {title} {_number(result)(claimed)}: {_difference(result, change.value)}"
            f" {ends} for {by_row.candidate}",
        )
    by_group = getattr(result.evaluation, "by_group", None)
    if by_group is not None:
        yield (
            "likely group",
            f"with --group {shell_word(by_group.group)}, accuracy"
            f" {fixed(by_group.grouped.accuracy)} instead of {fixed(by_group.used.accuracy)}",
        )


def _doubt_fields(warnings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """One line for each warning; the whole texts are above."""
    if not warnings:
        yield "doubts", "no warning"
        return
    yield "doubts", f"{counted(len(warnings), 'warning')}, in full above:"
    for text in warnings[:MAX_DOUBTS]:
        remedy = ADDED_OPTION.search(text)
        yield "", f"- {first_clause(text)}" + (f" → {remedy[1]}" if remedy else "")
    if len(warnings) > MAX_DOUBTS:
        yield "", f"- and {len(warnings) - MAX_DOUBTS} more"


def first_clause(text: str) -> str:
    """Return the beginning of a warning: its first clause, shortened if it is long.

    Parameters
    ----------
    text : str
        The warning.

    Returns
    -------
    str

    Examples
    --------
    >>> first_clause("column 'a' is constant; it is left out. See there.")
    "column 'a' is constant"
    """
    clause = re.split(r"; |\. (?=[A-Z])|: (?=(?:it|they|copies|if|recording) )", text, maxsplit=1)[
        0
    ]
    return clause if len(clause) <= MAX_LENGTH else f"{clause[: MAX_LENGTH - 1].rstrip()}…"


def _next_fields(result: Result, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Commands to type next, with the names of the files of this run."""
    context = click.get_current_context()
    given: Mapping[str, Any] = context.meta[GIVEN_KEY]
    model = next((name for name in files if name.endswith(".fk")), None)
    options = _options_to_add(result, given) + ([] if model else ["-o", "model.fk"])
    commands = []
    if options:
        words = [*command_words(context.command, given), *options]
        commands.append(f"featkit train {' '.join(words)}")
    if model:
        tables = " ".join(map(shell_word, given["tables"]))
        page = shell_word(f"{model.removesuffix('.fk')}.html")
        commands.append(f"featkit report {shell_word(model)} {tables} -o {page}")
        if not result.model.reads_sequences:
            commands.append(f"featkit predict {shell_word(model)} RECORDING")
    for number, text in enumerate(commands):
        yield "" if number else "next", text


def _options_to_add(result: Result, given: Mapping[str, Any]) -> list[str]:
    """Options that warnings ask for, unless they were given."""
    likely = getattr(result.evaluation, "likely_groups", ())
    splits = ("group", "fold", "split", "leave_one_dataset_out", "split_by_row")
    if likely and not any(given.get(name) for name in splits):
        return ["--group", shell_word(likely[0].group)]
    return []
