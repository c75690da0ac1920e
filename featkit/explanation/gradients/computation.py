"""Computation of Grad-CAM maps and integrated gradients of a network for the rows of a table.

The rows are assigned to models as for SHAP values: training rows are explained by the network of
the fold in which they were test rows, which must be trained again; others by the final one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.errors import TableError
from featkit.executors.executor import Executor
from featkit.explanation._batches import (
    batches_until,
    drawn_rows,
    in_table_order,
    map_batches,
    row_batches,
    without_rows,
)
from featkit.explanation._explainers import Explainer, explainers
from featkit.explanation._row_origins import row_keys, row_targets
from featkit.explanation.gradients.grad_cam import MAPPED, grad_cam, has_maps
from featkit.explanation.gradients.integrated_gradients import STEPS, integrated_gradients
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.models.model import Model
from featkit.models.scores import predicted
from featkit.models.task import TASKS
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import Sequences

if TYPE_CHECKING:
    from featkit.models.networks.classifier import NetworkClassifier

ROWS_AT_ONCE = 4
"""Rows that a worker explains at a time."""


class _Values(NamedTuple):
    """Explanations of some rows. The first axis of every array is the row."""

    rows: Array
    folds: Array
    learnt: Array
    P: Array
    explained: Array
    output: Array
    base: Array
    maps: Array | None
    contributions: dict[str, Array]


class _Shared(NamedTuple):
    """Common data of all batches; models are here if each worker gets them once."""

    model: Model
    steps: int
    models: Sequence[Explainer]


def explain_sequences(
    model: Model,
    table: FeatureTable,
    *,
    rows: int | None,
    budget: float,
    seed: int,
    steps: int = STEPS,
    executor: Executor,
    progress: ProgressCallback | None = None,
) -> NetworkExplanation:
    """Explain the predictions of a network for the rows of a table.

    Parameters
    ----------
    model : Model
        A model whose estimator is a network.
    table : FeatureTable
        The rows, with sequences.
    rows : int or None
        Number of rows to draw at random; None for all, as far as the budget allows.
    budget : float
        Seconds after which no further rows are explained. The training of fold models is not
        counted.
    seed : int
        Seed of the random selection of rows.
    steps : int
        Points at which integrated gradients are evaluated.
    executor : Executor
        Where networks are trained and rows are explained.
    progress : callable, optional
        As for `featkit.explain`.

    Returns
    -------
    NetworkExplanation

    Raises
    ------
    TableError
        If the table has no rows, or no sequences.
    """
    if table.sequences is None:
        raise TableError(
            f"{model.name} reads sequences, and the table has none: give the folder of sequences"
        )
    if not len(table):
        raise TableError("the table has no rows to explain")
    classifier = model.pipeline[-1]
    sequences = table.sequences.only([*classifier.kinds_.values()])
    row_explainers, notes = explainers(
        model, model.trained.sample, table, sequences, executor, progress
    )
    available = sum(len(explainer.rows) for explainer in row_explainers)
    drawn = drawn_rows(row_explainers, rows, seed)
    values = _values(model, drawn, budget, steps, executor, progress)
    y, label_notes = row_targets(model, table, values.rows)
    lines = None if table.places is None else table.places.lines
    explained, keys = len(values.rows), row_keys(model, table)
    if explained < available:
        label_notes = [
            f"{explained:,} of {available:,} rows were drawn at random and explained.",
            *label_notes,
        ]
    return NetworkExplanation(
        classes=list(model.classes),
        probabilities=values.P,
        y=y,
        keys={name: column[values.rows] for name, column in keys.items()},
        folds=values.folds,
        method=_method(classifier, steps),
        rows_there=available,
        learnt=values.learnt,
        notes=[*label_notes, *notes],
        lines=None if lines is None else lines[values.rows],
        task=model.task,
        costs=model.costs,
        explained=values.explained,
        sequences=sequences.rows(values.rows),
        contributions=values.contributions,
        output=values.output,
        base=values.base,
        maps=values.maps,
        map_kind=classifier.kinds_[MAPPED] if has_maps(classifier) else None,
        steps=steps,
    )


def _values(
    model: Model,
    row_explainers: Sequence[Explainer],
    budget: float,
    steps: int,
    executor: Executor,
    progress: ProgressCallback | None,
) -> _Values:
    """The explanations of as many rows as the budget allows, in the order of the table."""
    total = sum(len(explainer.rows) for explainer in row_explainers)
    batches = list(row_batches(row_explainers, ROWS_AT_ONCE))
    activity = Activity("explaining", "rows", progress)
    if progress:
        first = batches[0][1]
        needed = _seconds_per_row(model, first, steps) * total / executor.workers
        stop = f"; stops after {budget:.0f} s" if needed > budget else ""
        activity.report(0, total, f"about {needed:.0f} s{stop}")
    deadline = time.monotonic() + budget
    shared = _Shared(model, steps, without_rows(row_explainers))
    due = batches_until(deadline, batches)
    finished: list[_Values] = []
    for result in map_batches(_batch_values, due, shared, executor):
        finished.append(result)
        activity.report(sum(len(values.rows) for values in finished), total)
    return in_table_order(finished)


def _seconds_per_row(model: Model, explainer: Explainer, steps: int) -> float:
    """Measured time for one row, after a call to warm up."""
    shared = _Shared(model, steps, [explainer])
    rows, inputs = explainer.rows[:1], explainer.inputs[np.arange(1)]
    _batch_values(shared, 0, rows, inputs)
    begin = time.perf_counter()
    _batch_values(shared, 0, rows, inputs)
    return time.perf_counter() - begin


def _batch_values(
    shared: _Shared, model: int | Explainer, rows: Array, sequences: Sequences
) -> _Values:
    """The explanations of a batch, with classes in the order of the model."""
    own, steps, models = shared
    explainer = models[model] if isinstance(model, int) else model
    classifier: NetworkClassifier = explainer.pipeline[-1]
    P = TASKS[own.task].predict(explainer.pipeline, sequences, own.classes)
    if explainer.calibrator is not None:
        P = explainer.calibrator.apply(P)
    classes = _explained_classes(P, own, classifier)
    names = classes.tolist()
    integrated = integrated_gradients(classifier, sequences, names, steps=steps)
    return _Values(
        rows,
        np.full(len(rows), explainer.fold, object),
        np.full(len(rows), explainer.learnt),
        P,
        classes,
        integrated.output,
        integrated.base,
        grad_cam(classifier, sequences, names) if has_maps(classifier) else None,
        integrated.contributions,
    )


def _explained_classes(P: Array, model: Model, classifier: NetworkClassifier) -> Array:
    """The predicted classes; the most probable one where a fold has no rows of these."""
    names = predicted(P, model.classes, model.costs).astype(object)
    can_predict = np.isin(model.classes, classifier.classes_)
    likely = np.asarray(model.classes)[np.argmax(np.where(can_predict, P, -1), axis=1)]
    explained: Array = np.where(np.isin(names, classifier.classes_), names, likely).astype(str)
    return explained


def _method(classifier: NetworkClassifier, steps: int) -> str:
    """The methods and their cost."""
    own = "Grad-CAM of the last maps, and " if has_maps(classifier) else ""
    return (
        f"{own}integrated gradients from the mean of the training rows:"
        f" {counted(steps, 'gradient')} a row"
    )
