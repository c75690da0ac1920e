"""Assignment of rows to the models that explain them.

A training row is explained by a model that was not trained on it: the selected candidate, fitted on
the training rows of the outer fold in which the row was a test row. SHAP values of the model's own
training rows would describe its overfitting, not the sound.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.errors import FeatkitError
from featkit.explanation.explanation import NO_FOLD
from featkit.models.fitting import Fits
from featkit.models.model import Model
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.problem import Problem, group_texts
from featkit.models.training_sample import TrainingSample, background_rows, digests, match_positions
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import group_column

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

Progress = Callable[[int, int, str], None]


class Explainer(NamedTuple):
    """A fitted model, the table rows that it explains, and a sample of its training rows.

    ``learnt`` is True if the model was trained on the rows that it explains.
    """

    fold: str
    pipeline: Pipeline
    rows: Array
    background: Array
    learnt: bool = False


def explainers(
    model: Model,
    sample: TrainingSample,
    table: FeatureTable,
    workers: int,
    progress: Progress | None,
) -> tuple[list[Explainer], list[str]]:
    """Return the models that explain a table, and notes for the reader.

    If the table contains all rows that `model` was trained on, in any order, each test row is
    explained by the model of its fold. All other rows are explained by `model` itself. `sample` is
    the training sample that the model file keeps.
    """
    X, texts = table.matrix(model.columns), _labels_and_groups(model, table)
    row_digests = digests(X, *texts)
    training_rows = match_positions(sample.rows, row_digests)
    complete = len(training_rows) > 0 and (training_rows >= 0).all()
    problem = _problem(model, table.rows(training_rows)) if complete else None
    final = Explainer(NO_FOLD, model.pipeline, np.arange(len(table)), sample.background)
    if problem is None:
        return _final_only(final, sample.contains(row_digests, digests(X)))
    new_rows = np.setdiff1d(np.arange(len(table)), training_rows)
    by_fold = [
        explainer._replace(rows=training_rows[explainer.rows])
        for explainer in _fold_explainers(model, problem, workers, progress)
    ]
    notes = _candidate_note(model)
    tested = sum(len(explainer.rows) for explainer in by_fold)
    if tested < len(training_rows):
        notes.append(
            f"Of the {len(training_rows)} rows of the training table, only {tested} were test rows"
            " and are explained. The model was trained on all others."
        )
    if len(new_rows):
        by_fold.append(final._replace(rows=new_rows))
        notes.append(
            f"{counted(len(new_rows), 'row is', 'rows are')} not in the training table and"
            " explained by the final model."
        )
    return by_fold, notes


def _problem(model: Model, table: FeatureTable) -> Problem | None:
    """The training problem of the model, if these are its training rows."""
    settings = model.trained.settings
    special = {settings.label, settings.group, settings.fold, settings.split} - {*model.columns}
    extra = [name for name in table.feature_names if name in special]
    columns = [*model.columns, *extra]
    part = dataclasses.replace(table, feature_names=columns, values=table.matrix(columns))
    try:
        same = dataclasses.replace(settings, exclude=(), include=tuple(model.columns))
        problem = prepare_problem(part, same)
    except FeatkitError:  # another table, for example one without labels
        return None
    return problem if problem.digest == model.trained.digest else None


def _fold_explainers(
    model: Model, problem: Problem, workers: int, progress: Progress | None
) -> list[Explainer]:
    """The selected candidate, fitted on the training rows of each outer fold."""
    settings = model.trained.settings
    folds = plan_splits(problem, settings).outer
    done = iter(range(1, len(folds) + 1))

    def fitted(note: str) -> None:
        if progress:
            progress(next(done), len(folds), note)

    fits = Fits(problem, settings, n_jobs=workers, fitted=fitted)
    pipelines = fits.pipelines([(model.trained.kept, fold.train) for fold in folds])
    return [
        Explainer(
            fold.name,
            pipeline,
            fold.test,
            background_rows(problem.X[fold.train], seed=settings.seed),
        )
        for fold, pipeline in zip(folds, pipelines, strict=True)
    ]


def _candidate_note(model: Model) -> list[str]:
    """A note if the scores of some folds come from another candidate than the final one."""
    trained = model.trained
    others = sum(candidate != trained.kept for candidate in trained.chosen.values())
    if not others:
        return []
    return [
        f"All folds are explained with {trained.candidate}. In {others} of {len(trained.chosen)}"
        " folds, another candidate was selected and scored."
    ]


def _final_only(final: Explainer, learnt: Array) -> tuple[list[Explainer], list[str]]:
    """The final model for all rows, and a note if it was trained on some of them."""
    if not learnt.any():
        return [final], []
    parts = [
        final._replace(rows=rows, learnt=trained)
        for rows, trained in ((final.rows[~learnt], False), (final.rows[learnt], True))
    ]
    rows = f"{learnt.sum()} of these {len(learnt)} rows" if len(learnt) > 1 else "this row"
    if not learnt.all():  # rows whose numbers are not unique are not recognised
        rows = f"at least {rows}"
    note = f"The model was trained on {rows}: predictions for training rows are overconfident."
    return [part for part in parts if len(part.rows)], [note]


def _labels_and_groups(model: Model, table: FeatureTable) -> tuple[Array, Array]:
    """Class and group of each row, "" where the table has no such column."""
    settings = model.trained.settings
    label, group = (
        group_texts(table, name)
        if group_column(name) in (*table.keys, *table.feature_names)
        else np.full(len(table), "")
        for name in (settings.label, settings.group or "path")
    )
    return label, group
