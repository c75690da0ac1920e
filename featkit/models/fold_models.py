"""Models of the outer folds, for the rows that a model was trained on.

A model is overconfident for its training rows. Such a row is explained and scored by a model that
was not trained on it: the selected candidate, fitted on the training rows of the outer fold in
which the row was a test row.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.errors import FeatkitError
from featkit.executors.executor import Executor
from featkit.models.estimator import COLUMNS, Estimator
from featkit.models.fitting import Fits
from featkit.models.group_normalization import (
    GroupNormalization,
    fit_normalization,
    normalized_rows,
)
from featkit.models.model import Model
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.problem import Problem, group_texts, row_datasets, within_datasets
from featkit.models.recipes import Recipe, make_recipes
from featkit.models.task import TASKS
from featkit.models.training_sample import digests, match_positions
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import group_column
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


class TrainingRows(NamedTuple):
    """The rows of a table that a model was trained on.

    Attributes
    ----------
    trained : array of bool, shape ``(rows,)``
        Whether the model was trained on each row.
    positions : array of int, shape ``(training rows,)``
        Position of each training row in the table; empty if the table is not complete.
    problem : Problem or None
        The training problem, in the order of `positions`; None if the table does not contain the
        whole training table.
    """

    trained: Array
    positions: Array
    problem: Problem | None


class FoldModel(NamedTuple):
    """The selected candidate, fitted on the training rows of one outer fold.

    Attributes
    ----------
    name : str
        Name of the fold.
    pipeline : sklearn.pipeline.Pipeline
        The fitted pipeline.
    recipe : Recipe
        The selected candidate, and what is fitted on its inner folds; see `Recipe.probabilities`.
    train, test : array of int, shape ``(rows,)``
        Training and test rows of the fold, as positions in the problem.
    normalization : GroupNormalization or None
        Normalisation with the statistics of the training rows of the fold.
    """

    name: str
    pipeline: Pipeline
    recipe: Recipe
    train: Array
    test: Array
    normalization: GroupNormalization | None = None

    def inputs(self, problem: Problem, rows: Array) -> Array | Sequences:
        """Return the matrix, or the sequences, that the pipeline sees.

        Parameters
        ----------
        problem : Problem
            The training problem.
        rows : array of int
            The training rows, or the test rows, which are normalised together.

        Returns
        -------
        array of float64, shape ``(rows, columns)``, or Sequences
        """
        if problem.table.sequences is not None:
            return problem.table.sequences.rows(rows)
        X: Array = normalized_rows(
            self.normalization, problem.X, problem.normalization_groups, rows
        )
        return X


def training_rows(model: Model, table: FeatureTable) -> TrainingRows:
    """Recognise the training rows of a model in a table.

    Parameters
    ----------
    model : Model
        A model with training metadata.
    table : FeatureTable
        With the columns of the model; its labels may be mapped by the label map of the model.

    Returns
    -------
    TrainingRows
    """
    sample, table = model.trained.sample, model.read(table)
    X = _numbers(model, table)
    numbers = digests(X)
    own = set(sample.numbers)
    similar = np.array([digest in own for digest in numbers], dtype=bool)
    if not similar.any():  # the usual case; labels and groups of large tables take long to read
        return TrainingRows(similar, np.empty(0, dtype=np.intp), None)
    row_digests = digests(X, *_labels_and_groups(model, table))
    positions = match_positions(sample.rows, row_digests)
    complete = len(positions) > 0 and (positions >= 0).all()
    problem = _training_problem(model, table.rows(positions)) if complete else None
    return TrainingRows(
        sample.contains(row_digests, numbers),
        positions if problem is not None else positions[:0],
        problem,
    )


def missing_groups(model: Model, training: TrainingRows) -> list[str]:
    """Say that a table lacks the groups of the training, if these come from a file.

    Parameters
    ----------
    model : Model
        A model with training metadata.
    training : TrainingRows
        Its training rows in a table.

    Returns
    -------
    list of str
        One sentence without a full stop, if the table has training rows, but not with the groups of
        the training; else none.
    """
    name = model.trained.settings.group_file
    if name is None or training.problem is not None or not training.trained.any():
        return []
    return [
        f"the groups of the training come from the file {name}, and the table does not have them as"
        " its column 'group': join them, by --group of `featkit report` or groups of Model.read, so"
        " that each training row is predicted by a model that was not trained on it"
    ]


def fit_fold_models(
    model: Model, problem: Problem, *, executor: Executor, progress: ProgressCallback | None = None
) -> list[FoldModel]:
    """Fit the selected candidate on the training rows of each outer fold.

    Parameters
    ----------
    model : Model
        A model with training metadata.
    problem : Problem
        Its training problem; see `training_rows`.
    executor : Executor
        Where the candidate is fitted.
    progress : callable, optional
        Receives a `featkit.Progress` after each fit.

    Returns
    -------
    list of FoldModel
    """
    settings, kept = model.trained.settings, model.trained.kept
    folds = plan_splits(problem, settings).outer
    if settings.calibrate is None:  # probabilities need no inner folds
        folds = [dataclasses.replace(fold, inner=[]) for fold in folds]
    total = sum(len(fold.inner) + 1 for fold in folds)
    done, activity = iter(range(1, total + 1)), Activity("fitting", "models", progress)
    activity.report(0, total)

    def fitted(note: str) -> None:
        activity.report(next(done), total)

    fits = Fits(problem, settings, executor=executor, fitted=fitted)
    selections = make_recipes(fits, problem, folds, {kept.name: [kept]}, settings)
    pipelines = fits.pipelines([(kept, fold.train) for fold in folds])
    return [
        FoldModel(
            fold.name,
            pipeline,
            own.recipes[kept.name],
            fold.train,
            fold.test,
            fit_normalization(problem.X, problem.normalization_groups, fold.train, settings),
        )
        for fold, pipeline, own in zip(folds, pipelines, selections, strict=True)
    ]


def _training_problem(model: Model, table: FeatureTable) -> Problem | None:
    """The training problem of the model, if these are its training rows."""
    settings = model.trained.settings
    named = {
        settings.target_column,
        settings.group,
        settings.normalize_by,
        settings.fold,
        settings.split,
    }
    special = named - {*model.columns}
    extra = [name for name in table.feature_names if name in special]
    columns = [*model.columns, *extra]
    part = dataclasses.replace(table, feature_names=columns, values=table.matrix(columns))
    try:
        # Options for columns may be those of models that a network was compared with.
        select = None if model.reads_sequences else settings.select
        same = dataclasses.replace(
            settings, exclude=(), include=tuple(model.columns), select=select
        )
        problem = prepare_problem(part, same)
    except FeatkitError:  # another table, for example one without labels
        return None
    problem = problem.for_inputs(_estimator(model).inputs)
    if problem.digest != model.trained.digest:
        return None
    return dataclasses.replace(problem, memory=model.trained.memory)


def _estimator(model: Model) -> Estimator:
    return TASKS[model.task].estimators[model.name]


def _numbers(model: Model, table: FeatureTable) -> Array | Sequences:
    """The numbers of a table by which training rows are recognised."""
    if _estimator(model).inputs == COLUMNS or table.sequences is None:
        return table.matrix(model.columns)
    return table.sequences


def _labels_and_groups(model: Model, table: FeatureTable) -> tuple[Array, Array]:
    """Class and group of each row, "" where the table has no such column."""
    settings = model.trained.settings
    label, group = (
        group_texts(table, name)
        if table.has_column(group_column(name))
        else np.full(len(table), "")
        for name in (settings.target_column, settings.group or "path")
    )
    return label, within_datasets(group, row_datasets(table, settings))
