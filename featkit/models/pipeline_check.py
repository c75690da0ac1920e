"""Check of a fitted pipeline that comes from a file: its steps belong to the estimator and fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit.errors import ModelError
from featkit.models._model_validation import PREPARATIONS, check_parameters, check_parts, is_array
from featkit.models.estimator import Estimator, pipeline
from featkit.models.task import Task

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def check_pipeline(
    fitted: Any, own_estimator: Estimator, n_columns: int, outputs: Sequence[str], task: Task
) -> None:
    """Refuse parts that do not belong to the estimator, or do not fit together.

    Parameters
    ----------
    fitted : object
        The pipeline.
    own_estimator : Estimator
        The estimator that it should contain.
    n_columns : int
        Number of columns of the table.
    outputs : sequence of str
        Outputs of the model, in order: its classes, if the task has classes.
    task : Task
        The task of the model.

    Raises
    ------
    ModelError, ValueError
        If a part does not fit.
    """
    from sklearn.pipeline import Pipeline

    check_parts(fitted, Pipeline, but={"steps"})
    unfitted = _unfitted(own_estimator, task, [name for name, _ in fitted.steps])
    check_parameters(fitted, unfitted, but={"steps"})
    width = n_columns
    for (name, step), (_, fresh) in zip(fitted.steps[:-1], unfitted.steps[:-1], strict=True):
        width = PREPARATIONS[name](step, fresh, width)
    last = fitted.steps[-1][1]
    if task.has_names and (
        not is_array(last.classes_, len(outputs), kinds="U") or list(last.classes_) != list(outputs)
    ):
        raise ModelError("its classes differ from those of its estimator")
    own_estimator.check(last, width, len(outputs))
    X = np.array([np.zeros(n_columns), np.full(n_columns, np.nan)])
    P = task.predict(fitted, X, outputs)
    if P.shape != (2, len(outputs)) or not np.isfinite(P).all():
        raise ModelError("it does not give a finite prediction for each row")


def _unfitted(own_estimator: Estimator, task: Task, steps: list[str]) -> Pipeline:
    """The unfitted pipeline with these steps; in earlier versions none had ``resolve``."""
    from sklearn.pipeline import Pipeline

    for select in (None, 1):
        own = pipeline(own_estimator.name, select=select, estimators=task.estimators).steps
        for variant in (own, [(name, step) for name, step in own if name != "resolve"]):
            if [name for name, _ in variant] == steps:
                return Pipeline(variant)
    raise ModelError(f"its steps are not those of the estimator {own_estimator.name!r}")
