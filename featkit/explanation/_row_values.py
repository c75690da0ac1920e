"""SHAP values of many rows: in batches, by workers if that saves time, until a deadline."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.executors.executor import Executor
from featkit.executors.opening import local_executor
from featkit.explanation._batches import (
    batches_until,
    in_table_order,
    map_batches,
    row_batches,
    without_rows,
)
from featkit.explanation._explainers import Explainer
from featkit.explanation._shap_values import exact, sampled
from featkit.models.estimator import Estimator
from featkit.models.model import Model
from featkit.models.probabilities import in_order_of
from featkit.models.task import TASKS

WORKER_START_SECONDS = 2.0
"""Seconds that workers must save, since starting them takes about as long."""


class Values(NamedTuple):
    """SHAP values of some rows. The first axis of every array is the row."""

    rows: Array
    folds: Array
    learnt: Array
    values: Array
    base: Array
    output: Array
    P: Array
    inputs: Array
    error: Array | None


class _Shared(NamedTuple):
    """What all batches have in common; models are here if each worker gets them once."""

    name: str
    classes: Sequence[str]
    task: str
    seed: int
    models: Sequence[Explainer]


def values_of_rows(
    model: Model,
    row_explainers: Sequence[Explainer],
    budget: float,
    seed: int,
    executor: Executor,
    progress: ProgressCallback | None,
) -> Values:
    """The SHAP values of as many rows as the budget allows, in the order of the table."""
    chosen = TASKS[model.task].estimators[model.name]
    is_slow = chosen.rows_at_once is not None
    total = sum(len(explainer.rows) for explainer in row_explainers)
    activity = Activity("explaining", "rows", progress)
    if is_slow:
        activity.report(0, total, _first_note(chosen, row_explainers[0], total))
    deadline = time.monotonic() + budget if is_slow else np.inf
    due = batches_until(deadline, list(row_batches(row_explainers, chosen.rows_at_once or total)))
    shared = _Shared(model.name, model.classes, model.task, seed, without_rows(row_explainers))
    number, first = next(due)
    begin = time.perf_counter()
    finished = [_batch_values(shared, number, first.rows, first.inputs)]
    rest = total - len(first.rows)
    needed = (time.perf_counter() - begin) / len(first.rows) * rest
    saved = needed * (1 - 1 / executor.workers)
    suited = executor if is_slow and saved > WORKER_START_SECONDS else local_executor()
    note = _time_estimate(needed / suited.workers, budget) if is_slow and rest else ""
    activity.report(len(first.rows), total, note)
    for result in map_batches(_batch_values, due, shared, suited):
        finished.append(result)
        activity.report(sum(len(values.rows) for values in finished), total)
    return in_table_order(finished)


def _first_note(estimator: Estimator, explainer: Explainer, rows: int) -> str:
    """The expected processor time, before the first rows are finished; "" if it is short."""
    if estimator.seconds_per_row is None:
        return ""
    seconds = rows * estimator.seconds_per_row(explainer.pipeline.steps[-1][1])
    return f"about {seconds:.0f} s" if seconds >= 1 else ""


def _time_estimate(needed: float, budget: float) -> str:
    """The expected seconds for all other rows, in words."""
    stop = f"; stops after {budget:.0f} s with a random sample of rows" if needed > budget else ""
    return f"about {needed:.0f} s{stop}"


def _batch_values(shared: _Shared, model: int | Explainer, rows: Array, X: Array) -> Values:
    """The SHAP values of a batch, with classes in the order of the model."""
    from threadpoolctl import threadpool_limits

    name, classes, task, seed, models = shared
    explainer = models[model] if isinstance(model, int) else model
    pipeline, error = explainer.pipeline, None
    with threadpool_limits(1):
        contributions = exact(pipeline, name, X, task)
        if contributions is None:
            contributions, error = sampled(
                pipeline, name, X, explainer.background, seed=seed, task=task
            )
        P = TASKS[task].predict(pipeline, X, classes)
    if explainer.calibrator is not None:
        P = explainer.calibrator.apply(P)
    fitted = pipeline.named_steps["model"]
    own = getattr(fitted, "classes_", np.asarray(classes))
    base = np.broadcast_to(contributions.base, contributions.output.shape)
    return Values(
        rows,
        np.full(len(rows), explainer.fold, object),
        np.full(len(rows), explainer.learnt),
        in_order_of(classes, own, contributions.values),
        in_order_of(classes, own, base),
        in_order_of(classes, own, contributions.output),
        P,
        X,
        None if error is None else in_order_of(classes, own, error),
    )
