"""Sentences for the first screen: the answer as a title, where the model fails, and doubts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from featkit._utils.bidi import settled
from featkit._utils.formatting import counted
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.regression_types import RegressionEvaluation
from featkit.models.result import BASELINE
from featkit.models.score_types import Calibration, Evaluation
from featkit.models.task import MULTILABEL, REGRESSION
from featkit.report._context import Context, ReportedModel
from featkit.report._performance_text import group_caveat, row_noun
from featkit.report._regression_text import bias_text, group_doubt
from featkit.report._score_entries import AnyEvaluation, headline
from featkit.report.formatting import enumerated, fixed, percent, quoted, significant

FEW_ROWS = 10
"""Test rows of a class below which its scores say little."""

FEW_GROUPS = 20
"""Groups below which intervals, which draw groups, are too narrow."""

OVERCONFIDENT = 0.05
"""Mean confidence minus accuracy from which on probabilities are called too high or too low."""

CLASS_NOUNS = ("class", "classes")

_SENTENCE = re.compile(r".*?\.(?= [A-Z])", re.DOTALL)

MAX_NAMES = 3
"""Names in a sentence."""


def answer_title(model: ReportedModel) -> str:
    """The score of a model in words."""
    scores = model.evaluation
    if scores is None:
        return f"{outputs_text(model)}, predicted by {model.name}"
    if isinstance(scores, RegressionEvaluation):
        error = significant(scores.kept.mae.value or 0.0, 3)
        return f"{settled(scores.target)} is predicted with a mean absolute error of {error}"
    if isinstance(scores, MultilabelEvaluation):
        precision = fixed(scores.kept.mean_average_precision.value)
        labels = counted(len(scores.labels), "label")
        return f"{labels} are predicted with a mean average precision of {precision}"
    accuracy = percent(scores.kept.accuracy.value)
    rows = counted(scores.scored_rows, row_noun(scores))
    classes = counted(len(scores.classes), "class", "classes")
    return f"{accuracy} of {rows} are assigned to the right one of {classes}"


def outputs_text(model: ReportedModel) -> str:
    """The classes, labels or target of a model, for titles."""
    if model.task == REGRESSION:
        return settled(model.classes[0])
    noun = "label" if model.task == MULTILABEL else "class"
    plural = "labels" if model.task == MULTILABEL else "classes"
    return counted(len(model.classes), noun, plural)


def failure_text(scores: AnyEvaluation) -> list[str]:
    """Where a model fails: the class that it finds least, and the most frequent confusion."""
    if isinstance(scores, RegressionEvaluation):
        worst = max(scores.ranges, key=lambda own: own.mae)
        return [
            f"The error is largest for {quoted(scores.target)} from {significant(worst.low, 3)} to"
            f" {significant(worst.high, 3)}: {significant(worst.mae, 3)} on average.",
            bias_text(scores),
        ]
    if isinstance(scores, MultilabelEvaluation):
        return _label_failures(scores)
    return [*_least_recall(scores), *_confusion(scores)] or ["No test row is predicted wrongly."]


def _label_failures(scores: MultilabelEvaluation) -> list[str]:
    ranked = sorted(
        (own for own in scores.per_label if own.average_precision is not None),
        key=lambda own: own.average_precision or 0.0,
    )[:MAX_NAMES]
    if not ranked:
        return []
    names = [
        f"{quoted(own.name)} ({fixed(own.average_precision)}, {counted(own.support, 'row')})"
        for own in ranked
    ]
    return [f"The lowest average precision have {enumerated(names)}."]


def _least_recall(scores: Evaluation) -> list[str]:
    ranked = [own for own in scores.per_class if own.recall is not None]
    if not ranked:
        return []
    worst = min(ranked, key=lambda own: own.recall or 0.0)
    if worst.recall == 1:
        return []
    right = round((worst.recall or 0.0) * worst.support)
    return [
        f"{quoted(worst.name)} is recognised least often: {right} of"
        f" {counted(worst.support, 'test row')} ({percent(worst.recall or 0.0)})."
    ]


def _confusion(scores: Evaluation) -> list[str]:
    wrong = np.array(scores.confusion, dtype=int)
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return []
    true, predicted = divmod(int(np.argmax(wrong)), len(wrong))
    names = [quoted(scores.classes[k]) for k in (true, predicted)]
    total = int(np.sum(scores.confusion[true]))
    return [
        f"The most frequent confusion: {wrong[true, predicted]} of {total} {names[0]} are predicted"
        f" as {names[1]}."
    ]


def first_sentence(text: str) -> str:
    """The first sentence of a warning, which a section below shows in full."""
    sentence = _SENTENCE.match(text)
    first = text if sentence is None else sentence[0]
    return f"{first[:1].upper()}{first[1:]}"


def doubts(context: Context) -> list[str]:
    """Reasons to doubt the score, apart from the warnings of training."""
    scores, explanation = context.model.evaluation, context.explanation
    texts: list[str] = []
    if scores is not None:
        texts += [*_near_baseline(scores), *_split(scores), *_small(scores), *_confidence(scores)]
    if explanation is not None:
        flaw = getattr(explanation, "flaw", "")
        texts += [flaw] if flaw else []
        texts += _new_rows(context)
    return texts


def _near_baseline(scores: AnyEvaluation) -> list[str]:
    """The interval of the score contains the baseline, or is worse."""
    if BASELINE not in scores.models:
        return []
    name, title, _ = headline(scores)
    own, baseline = scores.kept[name], scores.models[BASELINE][name].value
    is_error = isinstance(scores, RegressionEvaluation)
    end = own.high if is_error else own.low
    if baseline is None or end is None or (end < baseline if is_error else end > baseline):
        return []
    return [
        f"{title}: the 95\u00a0% interval of the score contains the baseline. The model may have"
        " learned nothing."
    ]


def _split(scores: AnyEvaluation) -> list[str]:
    if isinstance(scores, Evaluation):
        return group_caveat(scores)
    return group_doubt(scores) if isinstance(scores, RegressionEvaluation) else []


def _small(scores: AnyEvaluation) -> list[str]:
    """Classes of few rows, and few groups."""
    texts = []
    supports: Sequence[tuple[str, int]] = []
    if isinstance(scores, Evaluation):
        supports = [(own.name, own.support) for own in scores.per_class]
    elif isinstance(scores, MultilabelEvaluation):
        supports = [(own.name, own.support) for own in scores.per_label]
    if small := [(name, rows) for name, rows in supports if rows < FEW_ROWS]:
        smallest = min(small, key=lambda item: item[1])
        noun = ("label", "labels") if isinstance(scores, MultilabelEvaluation) else CLASS_NOUNS
        texts.append(
            f"{counted(len(small), *noun)} {'has' if len(small) == 1 else 'have'} fewer than"
            f" {FEW_ROWS} test rows, {quoted(smallest[0])} {smallest[1]}: scores of single"
            f" {noun[1]} are uncertain."
        )
    if scores.groups < FEW_GROUPS:
        unit = "group" if scores.unit == "row" else scores.unit
        texts.append(
            f"The rows are of {counted(scores.groups, unit)} only: intervals from so few are too"
            " narrow."
        )
    return texts


def _confidence(scores: AnyEvaluation) -> list[str]:
    if not isinstance(scores, Evaluation):
        return []
    gap = _overconfidence(scores.calibration)
    if abs(gap) < OVERCONFIDENT:
        return []
    return [
        f"Probabilities are too {'high' if gap > 0 else 'low'}, by {percent(abs(gap))} on average:"
        f" train with --calibrate auto before you use them."
    ]


def _overconfidence(calibration: Calibration) -> float:
    bins = calibration.reliability
    rows = sum(own.rows for own in bins)
    return sum(own.rows * (own.confidence - own.accuracy) for own in bins) / max(rows, 1)


def _new_rows(context: Context) -> list[str]:
    """The score on new rows of the explained table, if it is far from that of training."""
    evaluations = context.evaluations
    if len(evaluations) < 2:
        return []
    name, title, _ = headline(evaluations[0])
    home, here = (own.kept[name] for own in evaluations)
    if None in (home.value, here.value, home.low, home.high):
        return []
    text = _score_text(evaluations[0], here.value)
    trained = _score_text(evaluations[0], home.value)
    if home.low <= here.value <= home.high:
        return []
    return [
        f"{title} is {text} on the new rows of the explained table, and {trained} on the test rows"
        " of the training table: the tables differ."
    ]


def _score_text(scores: AnyEvaluation, value: float) -> str:
    return significant(value, 3) if isinstance(scores, RegressionEvaluation) else fixed(value)
