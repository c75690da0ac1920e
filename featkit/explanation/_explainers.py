"""Who explains which rows: for each row a model that has not learnt from it, if there is one.

Rows that a model has learnt from are explained by models that had not seen them: the same
candidate, fitted on what each round that scored it had to learn from. What a model says of rows
that it knows by heart tells what it remembers, not what it hears.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.typing import Array
from featkit.errors import FeatkitError
from featkit.explanation.explanation import NO_FOLD
from featkit.models.classifier import Classifier
from featkit.models.estimator import Candidate
from featkit.models.fitting import Fits
from featkit.models.problem import Problem, group_texts
from featkit.models.settings import Settings
from featkit.models.training_sample import Reference, background, digests, places
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import group_column

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Progress = Callable[[int, int, str], None]


class Explainer(NamedTuple):
    """A fitted model, the rows of a table that it explains, and some that it has learnt from.

    ``learnt`` says whether it has learnt from those that it explains.
    """

    fold: str
    pipeline: Pipeline
    rows: Array
    background: Array
    learnt: bool = False


def explainers(
    model: Classifier,
    known: Reference,
    table: FeatureTable,
    workers: int,
    progress: Progress | None,
) -> tuple[list[Explainer], list[str]]:
    """The models that explain a table, and what a reader must know of them.

    Where all the rows are there that `model` was trained on, in whatever order, each that was
    scored is explained by the model of its round. All other rows are explained by `model` itself.
    `known` is what it has kept of its rows.
    """
    X, beside = table.matrix(model.columns), _beside(model, table)
    each = digests(X, *beside)
    at = places(known.rows, each)
    problem = _problem(model, table.rows(at)) if len(at) and (at >= 0).all() else None
    own = Explainer(NO_FOLD, model.pipeline, np.arange(len(table)), known.background)
    if problem is None:
        return _by_itself(own, known.learnt(each, digests(X)))
    others = np.setdiff1d(np.arange(len(table)), at)
    rounds = [of._replace(rows=at[of.rows]) for of in _rounds(model, problem, workers, progress)]
    notes = _of_candidates(model)
    judged = sum(len(of.rows) for of in rounds)
    if judged < len(at):
        notes.append(
            f"Of the {len(at)} rows that it was trained on, only {judged} were judged, and are"
            " explained: it has learnt from all others."
        )
    if len(others):
        rounds.append(own._replace(rows=others))
        notes.append(
            f"{counted(len(others), 'row is', 'rows are')} not among those that it was trained on:"
            " the final model explains them."
        )
    return rounds, notes


def _problem(model: Classifier, table: FeatureTable) -> Problem | None:
    """The problem that the model was trained on, if that is what these rows are."""
    settings = Settings.of(model.training)
    named = {settings.label, settings.group, settings.fold, settings.split}
    others = [n for n in table.feature_names if n in named and n not in model.columns]
    columns = [*model.columns, *others]
    part = dataclasses.replace(table, feature_names=columns, values=table.matrix(columns))
    try:
        same = dataclasses.replace(settings, exclude=(), include=tuple(model.columns))
        problem = same.problem(part)
    except FeatkitError:  # a table without labels, say: then it is another
        return None
    return problem if problem.digest == model.training.get("digest") else None


def _rounds(
    model: Classifier, problem: Problem, workers: int, progress: Progress | None
) -> list[Explainer]:
    """The kept candidate fitted on what each round learns from, and the rows it has not seen."""
    settings = Settings.of(model.training)
    rounds = settings.plan(problem).rounds
    kept = Candidate(**model.training["kept"])
    done = iter(range(1, len(rounds) + 1))

    def fitted(doing: str) -> None:
        if progress:
            progress(next(done), len(rounds), doing)

    fits = Fits(problem, select=settings.select, seed=settings.seed, n_jobs=workers, fitted=fitted)
    pipelines = fits.pipelines([(kept, of.train) for of in rounds])
    return [
        Explainer(of.name, pipeline, of.test, background(problem.X[of.train], seed=settings.seed))
        for of, pipeline in zip(rounds, pipelines, strict=True)
    ]


def _of_candidates(model: Classifier) -> list[str]:
    """A note, where folds were scored with another candidate than the one that is kept."""
    kept, chosen = model.training["candidate"], list(model.scores["chosen"].values())
    others = sum(candidate != kept for candidate in chosen)
    if not others:
        return []
    return [
        f"Explained is {kept} in every fold; the scores of {others} of {len(chosen)} folds are"
        " those of another, which was chosen there."
    ]


def _by_itself(own: Explainer, learnt: Array) -> tuple[list[Explainer], list[str]]:
    """The model for all rows; a note, where it has learnt from some of them."""
    if not learnt.any():
        return [own], []
    parts = [
        own._replace(rows=rows, learnt=known)
        for rows, known in ((own.rows[~learnt], False), (own.rows[learnt], True))
    ]
    which = f"{learnt.sum()} of these {len(learnt)} rows" if len(learnt) > 1 else "this very row"
    if not learnt.all():  # numbers that were there more than once are not known again by themselves
        which = f"at least {which}"
    note = f"The model has learnt from {which}, and is surer of what it knows than of what is new."
    return [part for part in parts if len(part.rows)], [note]


def _beside(model: Classifier, table: FeatureTable) -> tuple[Array, Array]:
    """Class and group of each row, "" where the table does not say."""
    settings = Settings.of(model.training)
    named = [settings.label, settings.group or "path"]
    label, group = (
        group_texts(table, name)
        if group_column(name) in (*table.keys, *table.feature_names)
        else np.full(len(table), "")
        for name in named
    )
    return label, group
