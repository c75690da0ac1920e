"""The answer: the score beside the baseline, the leading columns, failures and doubts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from featkit._utils.formatting import counted
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import rank, related
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.report import _svg
from featkit.report._answer_text import doubts, failure_text, first_sentence
from featkit.report._context import Context
from featkit.report._explanation_notes import MIN_ROWS
from featkit.report._leaderboard import Leaderboard
from featkit.report._network_bands import leading_bands
from featkit.report._score_entries import score_leaderboard
from featkit.report.formatting import percent, percent_number
from featkit.report.section import Section

N_SHOWN = 3
"""Families, and groups of columns, that the answer names."""

SCORES_SECTIONS = {
    CLASSIFICATION: "performance",
    MULTILABEL: "label_performance",
    REGRESSION: "regression_performance",
}
"""Section with all scores, for each task."""

MAX_OTHERS = 3
"""Other models beside the score."""

MAX_DOUBTS = 4
"""Doubts that are shown without opening the list of all."""


@dataclass(frozen=True)
class Decider:
    """A family, group of columns, or band of frequency that decides.

    Attributes
    ----------
    name : str
        Its name; that of the most important column of a group.
    others : sequence of str
        The other columns of a group.
    share : str
        Share of the total importance.
    interval : str
        Its 95 % interval; "" if unknown.
    bar : Markup
        Share and interval as a bar.
    """

    name: str
    others: Sequence[str]
    share: str
    interval: str
    bar: Markup


@dataclass(frozen=True)
class Deciders:
    """A ranking of features.

    Attributes
    ----------
    title, noun : str
        Heading, and head of the first column.
    rows : sequence of Decider
        The most important ones.
    rest : str
        Number and share of the others.
    are_columns : bool
        Whether names are those of columns.
    """

    title: str
    noun: str
    rows: Sequence[Decider]
    rest: str
    are_columns: bool = False


@dataclass(frozen=True)
class Answer:
    """The data of the section.

    Attributes
    ----------
    scores : Leaderboard or None
        The score beside others; None if the model has none.
    deciders : sequence of Deciders
        Families and groups of columns; empty without an explanation of enough rows.
    no_deciders : str
        Why there are none.
    failures : sequence of str
        Where the model fails.
    doubts, more_doubts : sequence of str
        Reasons to doubt the score, and those that are folded.
    scores_section : str
        Anchor of the section with all scores.
    checks : str
        The checks that found nothing, for a page without doubts.
    """

    scores: Leaderboard | None
    deciders: Sequence[Deciders]
    no_deciders: str
    failures: Sequence[str]
    doubts: Sequence[str]
    more_doubts: Sequence[str]
    scores_section: str
    checks: str


def build(context: Context) -> Answer:
    """Collect the data of the section.

    Parameters
    ----------
    context : Context
        The inputs of the page.

    Returns
    -------
    Answer
        The data.
    """
    scores = context.model.evaluation
    texts = [*map(first_sentence, () if scores is None else scores.warnings), *doubts(context)]
    texts = list(dict.fromkeys(texts))
    deciders = _deciders(context)
    return Answer(
        scores=None if scores is None else score_leaderboard(scores, most=MAX_OTHERS),
        deciders=deciders,
        no_deciders="" if deciders else _no_deciders(context),
        failures=[] if scores is None else failure_text(scores),
        doubts=texts[:MAX_DOUBTS],
        more_doubts=texts[MAX_DOUBTS:],
        scores_section=SCORES_SECTIONS[context.model.task],
        checks="The checks of the labels, the groups, the split and the recording conditions gave"
        " no reason to doubt the score.",
    )


SECTION = Section("answer", "Answer", 5, build, tasks=(CLASSIFICATION, MULTILABEL, REGRESSION))


def _no_deciders(context: Context) -> str:
    if context.explanation is None:
        return "Feature importance needs the rows of a table."
    return f"{counted(len(context.explanation), 'row')} are too few to rank columns."


def _deciders(context: Context) -> list[Deciders]:
    explanation = context.shap
    if context.network is not None:
        return [_of_bands(context)]
    if explanation is None or len(explanation) < MIN_ROWS:
        return []
    families = _ranking(explanation, "family", "Families of features", "Family")
    groups = _ranking(explanation, "correlated", "Groups of correlated columns", "Group")
    return [families, groups] if explanation.schema else [groups]


def _ranking(explanation: Explanation, by: str, title: str, noun: str) -> Deciders:
    table = rank(explanation, by=by).table
    total = float(table["mean_abs_shap"].sum()) or 1.0
    leading = table.head(N_SHOWN).to_dict("records")
    others = {names[0]: names[1:] for names in related(explanation)} if by == "correlated" else {}
    limit = max(row["high"] for row in leading) / total
    rest = len(table) - len(leading)
    share = percent(float(table["share"][N_SHOWN:].sum()))
    return Deciders(
        title=title,
        noun=noun,
        rows=[
            Decider(
                name=row["feature"],
                others=others.get(row["feature"], []),
                share=percent(row["share"]),
                interval=f"{percent_number(row['low'] / total)} to"
                f" {percent_number(row['high'] / total)}",
                bar=_svg.bar(row["share"], limit, row["low"] / total, row["high"] / total),
            )
            for row in leading
        ],
        rest=f"{counted(rest, 'other')} together: {share}." if rest else "",
        are_columns=by == "correlated",
    )


def _of_bands(context: Context) -> Deciders:
    assert context.network is not None
    kind, bands = leading_bands(context.network)
    return Deciders(
        title=f"Bands of {kind}",
        noun="Band",
        rows=[
            Decider(band.name, [], percent(band.share), "", band.bar) for band in bands[:N_SHOWN]
        ],
        rest="",
    )
