"""Predictions of a dataset that contains training recordings, or converted copies of them.

A model is overconfident for recordings that it was trained on, also if they were converted to
another format or level. Such recordings are predicted by the model of the fold in which they were
test rows. Copies are recognised if the training table is given: the path without its suffix is that
of a training recording of the same class. If names agree but classes often do not, the names are
equal by chance, as numbers may be, and say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted, plural
from featkit._utils.typing import Array
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.executors.executor import Executor
from featkit.models.class_priors import ClassPrior
from featkit.models.fold_models import TrainingRows, fit_fold_models
from featkit.models.group_normalization import GroupNormalization
from featkit.models.model import Model
from featkit.models.outer_folds import plan_splits
from featkit.models.probabilities import probabilities
from featkit.models.problem import Problem, group_texts, texts
from featkit.models.recording_conditions import split_format
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import without_missing_words
from featkit.table.name_stems import group_column
from featkit.table.sequences.sequences import Sequences

NOT_TESTED = -1
"""Fold of a training recording that is a test row of no fold."""

MIN_AGREEMENT = 0.9
"""Least share of the rows with the name of a training recording that also have its class."""


class Copies(NamedTuple):
    """Rows of a dataset that are copies of training recordings.

    Attributes
    ----------
    folds : array of int, shape ``(rows,)``
        Position of the fold whose model predicts each row; -1 for the final model.
    warnings : list of str
        Empty, or one or two warnings.
    """

    folds: Array
    warnings: list[str]


def find_copies(
    rows: DatasetRows,
    home: DatasetRows,
    model: Model,
    problem: Problem | None,
) -> Copies:
    """Find the copies of training recordings by name and class.

    Parameters
    ----------
    rows : DatasetRows
        Rows of a dataset.
    home : DatasetRows
        Rows of the training table.
    model : Model
        A model with training metadata.
    problem : Problem or None
        The training problem; None if the training table is not complete.

    Returns
    -------
    Copies
    """
    none = Copies(np.full(len(rows), NOT_TESTED), [])
    if "path" not in rows.table.keys or "path" not in home.table.keys:
        return none
    names = _names(texts(rows.table, "path"))
    training_names = _names(texts(home.table, "path"))
    classes_of: dict[str, set[str]] = {}
    for name, label in zip(training_names, home.y.tolist(), strict=True):
        classes_of.setdefault(name, set()).add(label)
    same_name = np.array([name in classes_of for name in names], dtype=bool)
    pairs = zip(names, rows.y.tolist(), strict=True)
    is_copy = np.array([label in classes_of.get(name, ()) for name, label in pairs], dtype=bool)
    if not is_copy.any() or is_copy.sum() < MIN_AGREEMENT * same_name.sum():
        return none
    fold_of = {} if problem is None else _fold_of_names(model, problem)
    folds = np.array([fold_of.get(name, NOT_TESTED) for name in names])
    folds[~is_copy] = NOT_TESTED
    tested = len(set(rows.recordings[folds >= 0].tolist()))
    untested = len(set(rows.recordings[is_copy & (folds < 0)].tolist()))
    warnings = []
    if tested:
        warnings.append(
            f"{_copies(tested)} and may be copies: each is predicted by the model of the fold in"
            " which that recording was a test row"
        )
    if untested:
        warnings.append(f"{_copies(untested)}: if they are copies, the scores are too high")
    return Copies(folds, warnings)


def _fold_of_names(model: Model, problem: Problem) -> dict[str, int]:
    """The fold in which each training recording was a test row."""
    names = _names(texts(problem.table, "path"))
    outer = plan_splits(problem, model.trained.settings).outer
    return _only_folds(np.array(names, dtype=np.str_), [fold.test for fold in outer])


def _only_folds(names: Array, tests: Sequence[Array]) -> dict[str, int]:
    """The fold of the test rows of each name, if all of its rows are test rows of one fold."""
    fold_of = np.full(len(names), NOT_TESTED)
    for k, test in enumerate(tests):
        fold_of[test] = k
    folds_of: dict[str, set[int]] = {}
    for name, fold in zip(names.tolist(), fold_of.tolist(), strict=True):
        folds_of.setdefault(name, set()).add(fold)
    return {name: folds.pop() for name, folds in folds_of.items() if name and len(folds) == 1}


def _names(paths: Array) -> list[str]:
    """Path without the suffix of its format, of each row."""
    return [split_format(path)[0] for path in paths.tolist()]


def shared_group_warnings(rows: DatasetRows, home: DatasetRows, folds: Array) -> list[str]:
    """Warn of groups, such as speakers, that occur in the training table, too.

    Parameters
    ----------
    rows : DatasetRows
        Rows of a dataset.
    home : DatasetRows
        Rows of the training table.
    folds : array of int, shape ``(rows,)``
        Position of the fold whose model predicts each row; -1 for the final model.

    Returns
    -------
    list of str
        Empty, or one warning.
    """
    if rows.unit != home.unit or rows.unit in ("recording", "row"):
        return []
    shared = np.isin(rows.groups, home.groups) & (folds == NOT_TESTED)
    number = len(set(rows.groups[shared].tolist()))
    if not number:
        return []
    have = "has the name" if number == 1 else "have the names"
    return [
        f"{counted(number, rows.unit, plural(rows.unit))} {have} of training"
        f" {plural(rows.unit)}: if they are the same, the scores are too high for new ones"
    ]


def _copies(number: int) -> str:
    have = "recording has" if number == 1 else "recordings have"
    return f"{number:,} {have} the name and the class of a training recording"


def predict_by_fold(
    model: Model,
    problem: Problem,
    inputs: Callable[[GroupNormalization | None], Array | Sequences],
    P: Array,
    folds: Array,
    *,
    prior: ClassPrior | None = None,
    executor: Executor,
) -> tuple[Array, Array]:
    """Replace probabilities by those of the models of folds.

    Parameters
    ----------
    model : Model
        A model with training metadata.
    problem : Problem
        Its training problem.
    inputs : callable
        ``inputs(normalization)`` returns the inputs of a pipeline, ``(rows, columns)``, or
        sequences.
    P : array of float64, shape ``(rows, classes)``
        Probabilities by the final model.
    folds : array of int, shape ``(rows,)``
        Position of the fold whose model predicts each row; -1 for the final model.
    prior : ClassPrior, optional
        Shares of the classes that the probabilities are for.
    executor : Executor
        Where the models are fitted.

    Returns
    -------
    P : array of float64, shape ``(rows, classes)``
        Probabilities.
    trained : array of bool, shape ``(rows, classes)``
        Whether the model that predicts a row was trained on each class.
    """
    replaced, trained = P.copy(), np.ones(P.shape, dtype=bool)
    if (folds >= 0).any():
        for k, fold in enumerate(fit_fold_models(model, problem, executor=executor)):
            own = folds == k
            X = inputs(fold.normalization)
            output = probabilities(fold.pipeline, X[own], model.classes)
            own_P = fold.recipe.probabilities(output)
            replaced[own] = own_P if prior is None else prior.apply(own_P, fold.recipe.calibrator)
            trained[own] = np.isin(model.classes, fold.pipeline.classes_)
    return replaced, trained


def folds_of_training_rows(
    model: Model, training: TrainingRows, table: FeatureTable, positions: Array
) -> Array:
    """Return the fold in which each row of a dataset was a test row.

    Other rows of a recording, copies of it with another suffix, and other rows of its group have
    its fold: the final model has seen their recording or group, too.

    Parameters
    ----------
    model : Model
        A model with training metadata.
    training : TrainingRows
        Training rows in the table of the dataset.
    table : FeatureTable
        The rows of the dataset, with keys.
    positions : array of int, shape ``(rows,)``
        Their positions in the whole table.

    Returns
    -------
    array of int, shape ``(rows,)``
        -1 where there is none.
    """
    folds = np.full(len(positions), NOT_TESTED)
    problem = training.problem
    if problem is None:
        return folds
    tests = [fold.test for fold in plan_splits(problem, model.trained.settings).outer]
    for k, test in enumerate(tests):
        folds[np.isin(positions, training.positions[test])] = k
    is_other = ~np.isin(positions, training.positions)
    for names_of in (_paths, _stems, _group_names):
        names, own = (names_of(one, model) for one in (problem.table, table))
        fold_of = _only_folds(names, tests)
        shared = np.array([fold_of.get(name, NOT_TESTED) for name in own.tolist()], dtype=np.intp)
        folds = np.where(is_other & (folds == NOT_TESTED), shared, folds)
    return folds


def _paths(table: FeatureTable, model: Model) -> Array:
    """Path of each row, "" where missing."""
    return texts(table, "path") if "path" in table.keys else np.full(len(table), "")


def _stems(table: FeatureTable, model: Model) -> Array:
    return np.array(_names(_paths(table, model)), dtype=np.str_)


def _group_names(table: FeatureTable, model: Model) -> Array:
    """Training group of each row, "" where missing."""
    group = model.trained.settings.group
    if group is None or group_column(group) not in table.keys:
        return np.full(len(table), "")
    return without_missing_words(group_texts(table, group))[0]
