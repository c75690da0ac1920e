"""The scores of each task as entries of a leaderboard, and the origin of each.

The score of a page is that of the kept model on test rows. With ``auto``, it is the score of the
whole choice: each outer fold selects a model on its inner folds (nested cross-validation). Other
rows are named by how they came about, since a choice by their scores would make these too good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from featkit.models.estimator import AUTO
from featkit.models.multilabel_types import METRICS as LABEL_METRICS
from featkit.models.multilabel_types import MultilabelEvaluation
from featkit.models.regression_types import REGRESSION_METRICS, RegressionEvaluation
from featkit.models.result import BASELINE
from featkit.models.score_types import METRICS, Evaluation
from featkit.report._leaderboard import Entry, Leaderboard, leaderboard
from featkit.report.formatting import fixed, share, significant

AnyEvaluation = Evaluation | MultilabelEvaluation | RegressionEvaluation

HEADLINES = {
    Evaluation: ("accuracy", "Accuracy", METRICS["accuracy"]),
    MultilabelEvaluation: (
        "mean_average_precision",
        "Mean average precision",
        LABEL_METRICS["mean_average_precision"],
    ),
    RegressionEvaluation: ("mae", "Mean absolute error", REGRESSION_METRICS["mae"]),
}
"""Name, title and definition of the score that a page begins with, for each kind of scores."""

ERRORS = ("mae", "rmse")
"""Metrics in units of the target."""

UNBOUNDED = (*ERRORS, "log_loss")
"""Metrics without a greatest value."""

CORRELATIONS = ("r2", "pearson", "spearman", "ccc")
"""Metrics that may be negative."""

BASELINES = {
    Evaluation: "always the most common class",
    MultilabelEvaluation: "how common each label is",
    RegressionEvaluation: "always the mean of the training rows",
}
"""Prediction of the baseline for each kind of scores."""


def headline(scores: AnyEvaluation) -> tuple[str, str, str]:
    """Name, title and definition of the score that a page begins with."""
    return HEADLINES[type(scores)]


def score_leaderboard(scores: AnyEvaluation, *, most: int | None = None) -> Leaderboard:
    """The scores of the headline metric, the kept model first; at most `most` other models."""
    name, title, definition = headline(scores)
    entries = score_entries(scores, name)
    others = [entry for entry in entries if entry.kind == "other"][most:] if most else []
    shown = [entry for entry in entries if entry not in others]
    return metric_leaderboard(name, title, definition, shown)


def metric_leaderboard(
    name: str, title: str, definition: str, entries: Sequence[Entry]
) -> Leaderboard:
    """Scores of a metric on an axis that ends where no score can be."""
    lowest = -math.inf if name in CORRELATIONS else 0.0
    highest = math.inf if name in UNBOUNDED else 1.0
    return leaderboard(title, definition, entries, limits=(lowest, highest), text=_formats(name))


def _formats(name: str) -> Callable[[float], str]:
    """The format of a metric: three digits of an error, three decimal places of the others."""
    return _error_text if name in ERRORS else share if name in CORRELATIONS else fixed


def score_entries(scores: AnyEvaluation, metric: str) -> list[Entry]:
    """The kept model, whole recordings, the other models, the row-wise split and the baseline."""
    kept = scores.model
    others = [name for name, _ in scores.ranking if name not in (kept, BASELINE)]
    entries = [
        _entry(kept, kept_note(scores), scores.kept[metric], "score"),
        _entry(
            f"{kept}, whole recordings",
            "segments combined",
            scores.recordings[metric] if scores.recordings else None,
        ),
        *(_entry(name, other_note(scores, name), scores.models[name][metric]) for name in others),
        _claim(scores, metric),
    ]
    if BASELINE in scores.models:
        note = BASELINES[type(scores)]
        entries.append(_entry(BASELINE, note, scores.models[BASELINE][metric], "baseline"))
    return [entry for entry in entries if entry is not None]


def kept_note(scores: AnyEvaluation) -> str:
    """How the score of the kept model came about."""
    if not scores.chosen:
        return "the score: rows that the model was not trained on"
    if scores.model == AUTO:
        return "the score: nested cross-validation of the choice"
    return "the score: held-out test rows"


def other_note(scores: AnyEvaluation, name: str) -> str:
    """The role of another model of the leaderboard."""
    if scores.model == AUTO and name != AUTO:
        return "compared by auto"
    if name == AUTO:
        return "nested cross-validation of the choice"
    return "same test rows"


def _entry(name: str, note: str, score: Any, kind: str = "other") -> Entry | None:
    if score is None or score.value is None:
        return None
    return Entry(name, note, score.value, score.low, score.high, score.std, kind)


def _claim(scores: AnyEvaluation, metric: str) -> Entry | None:
    """The score by a row-wise split, with that of the same model by the grouped one."""
    grouped, row_wise = _split_scores(scores, metric)
    value = scores.kept[metric].value
    if row_wise is None or value is None or scores.by_row is None:
        return None
    note = "too good: ignores groups"
    if grouped is not None and abs(grouped - value) > 5e-4:
        note += f"; {scores.by_row.candidate}, grouped: {_formats(metric)(grouped)}"
    return Entry("row-wise split", note, row_wise, kind="claim")


def _split_scores(scores: AnyEvaluation, metric: str) -> tuple[float | None, float | None]:
    """The score of one model by the grouped, and by a row-wise split; None where unknown."""
    if scores.by_row is None:
        return None, None
    if isinstance(scores, MultilabelEvaluation):
        is_known = metric == headline(scores)[0]
        return (scores.by_row.grouped, scores.by_row.row_wise) if is_known else (None, None)
    return scores.by_row.grouped[metric], scores.by_row.row_wise[metric]


def _error_text(value: float) -> str:
    return significant(value, 3)
