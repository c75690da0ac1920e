"""Assignment of rows to the models that explain them.

A training row is explained by a model that was not trained on it: the selected candidate, fitted on
the training rows of the outer fold in which the row was a test row. SHAP values of the model's own
training rows would describe its overfitting, not the sound.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.progress import ProgressCallback
from featkit._utils.typing import Array
from featkit.executors.executor import Executor
from featkit.explanation.explained_rows import NO_FOLD
from featkit.models.calibration import Calibrator
from featkit.models.fold_models import (
    fit_fold_models,
    missing_groups,
    training_rows,
)
from featkit.models.model import Model
from featkit.models.problem import Problem
from featkit.models.task import REGRESSION
from featkit.models.training_sample import TrainingSample, background_rows
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


class Explainer(NamedTuple):
    """A fitted model, the table rows that it explains, and a sample of its training rows.

    ``background`` and ``inputs``, a row for each of ``rows``, are what the pipeline sees: they are
    normalised if the model normalises columns within groups. Networks see sequences, and need no
    background. ``learnt`` is True if the model was
    trained on the rows that it explains. ``calibrator`` is that of its probabilities.
    """

    fold: str
    pipeline: Pipeline
    rows: Array
    background: Array
    inputs: Any
    learnt: bool = False
    calibrator: Calibrator | None = None

    def part(self, which: Array, *, learnt: bool = False) -> Explainer:
        """The same model for some of its rows, by a mask or their positions."""
        return self._replace(rows=self.rows[which], inputs=self.inputs[which], learnt=learnt)


def explainers(
    model: Model,
    sample: TrainingSample,
    table: FeatureTable,
    X: Array | Sequences,
    executor: Executor,
    progress: ProgressCallback | None,
) -> tuple[list[Explainer], list[str]]:
    """Return the models that explain a table, and notes for the reader.

    If the table contains all rows that `model` was trained on, in any order, each test row is
    explained by the model of its fold. All other rows are explained by `model` itself. `sample` is
    the training sample that the model file keeps, and `X` what the pipeline of `model` sees.
    """
    training = training_rows(model, table)
    trained, positions, problem = training
    rows, calibrator = np.arange(len(table)), model.calibrator
    final = Explainer(NO_FOLD, model.pipeline, rows, sample.background, X, calibrator=calibrator)
    if problem is None:
        parts, notes = _final_only(final, trained, model.task)
        lacking = [f"{text[0].upper()}{text[1:]}." for text in missing_groups(model, training)]
        return parts, [*_calibration_note(parts), *notes, *lacking]
    new_rows = np.setdiff1d(np.arange(len(table)), positions)
    by_fold = [
        explainer._replace(rows=positions[explainer.rows])
        for explainer in _fold_explainers(model, problem, executor, progress)
    ]
    notes = [*_calibration_note([*by_fold, final]), *candidate_note(model)]
    tested = sum(len(explainer.rows) for explainer in by_fold)
    if tested < len(positions):
        notes.append(
            f"Of the {len(positions)} rows of the training table, only {tested} were test rows"
            " and are explained. The model was trained on all others."
        )
    if len(new_rows):
        by_fold.append(final.part(new_rows))
        notes.append(
            f"{counted(len(new_rows), 'row is', 'rows are')} not in the training table and"
            " explained by the final model."
        )
    return by_fold, notes


def _fold_explainers(
    model: Model, problem: Problem, executor: Executor, progress: ProgressCallback | None
) -> list[Explainer]:
    """The selected candidate, fitted on the training rows of each outer fold."""
    seed = model.trained.settings.seed
    return [
        Explainer(
            fold.name,
            fold.pipeline,
            fold.test,
            _background(fold.inputs(problem, fold.train), seed),
            fold.inputs(problem, fold.test),
            calibrator=fold.recipe.calibrator,
        )
        for fold in fit_fold_models(model, problem, executor=executor, progress=progress)
    ]


def _background(inputs: Array | Sequences, seed: int) -> Array:
    return np.empty((0, 0)) if isinstance(inputs, Sequences) else background_rows(inputs, seed=seed)


def calibrated_by_fold(
    model: Model,
    table: FeatureTable,
    P: Array,
    folds: Array,
    executor: Executor,
    progress: ProgressCallback | None,
) -> Array:
    """Calibrate probabilities, each row by the calibrator of the fold that predicted it.

    `folds` names the fold of each row, or is `NO_FOLD`.
    """
    calibrated = P if model.calibrator is None else model.calibrator.apply(P)
    problem = training_rows(model, table).problem if (folds != NO_FOLD).any() else None
    if problem is None:
        return calibrated
    calibrated = calibrated.copy()
    for fold in fit_fold_models(model, problem, executor=executor, progress=progress):
        own = folds == fold.name
        calibrated[own] = fold.recipe.probabilities(P[own])
    return calibrated


def _calibration_note(parts: Collection[Explainer]) -> list[str]:
    """A note if probabilities are calibrated."""
    if all(explainer.calibrator is None for explainer in parts):
        return []
    return [
        "Probabilities are calibrated. Contributions describe the output of the model before"
        " calibration."
    ]


def candidate_note(model: Model) -> list[str]:
    """A note if the scores of some folds come from another candidate than the final one."""
    trained = model.trained
    others = sum(candidate != trained.kept for candidate in trained.chosen.values())
    if not others:
        return []
    return [
        f"All folds are explained with {trained.candidate}. In {others} of {len(trained.chosen)}"
        " folds, another candidate was selected and scored."
    ]


def _final_only(final: Explainer, learnt: Array, task: str) -> tuple[list[Explainer], list[str]]:
    """The final model for all rows, and a note if it was trained on some of them."""
    if not learnt.any():
        return [final], []
    parts = [
        final.part(rows, learnt=trained) for rows, trained in ((~learnt, False), (learnt, True))
    ]
    rows = f"{learnt.sum()} of these {len(learnt)} rows" if len(learnt) > 1 else "this row"
    if not learnt.all():  # rows whose numbers are not unique are not recognised
        rows = f"at least {rows}"
    fault = "too close to the targets" if task == REGRESSION else "overconfident"
    note = f"The model was trained on {rows}: predictions for training rows are {fault}."
    return [part for part in parts if len(part.rows)], [note]
