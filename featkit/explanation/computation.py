"""Computation of the SHAP values of a model for the rows of a table."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit._utils.workers import interrupts_ignored, worker_count
from featkit.errors import ParameterError, TableError
from featkit.explanation._explainers import Explainer, explainers
from featkit.explanation._shap_values import REPETITIONS, evaluations, exact, sampled, seconds
from featkit.explanation.explanation import Explanation
from featkit.models.estimator import ESTIMATORS
from featkit.models.fold_models import Progress
from featkit.models.model import Model
from featkit.models.probabilities import in_order_of, probabilities
from featkit.models.problem import (
    group_texts,
    name_list,
    row_datasets,
    texts,
    within_datasets,
)
from featkit.schema import DATASET
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import without_missing_words
from featkit.table.name_stems import group_column

if TYPE_CHECKING:
    from featkit.models.training_tables import Tables

BUDGET = 120.0
"""Seconds after which no further rows are explained."""

N_TIMED_ROWS = 6
"""Number of rows that are explained first, to estimate the total time."""

MIN_ROWS = 20
"""Minimum number of rows to explain, even if the budget is exceeded."""


class _Values(NamedTuple):
    """SHAP values of some rows. The first axis of every array is the row."""

    rows: Array
    folds: Array
    learnt: Array
    values: Array
    base: Array
    output: Array
    P: Array
    error: Array | None


def explain(
    model: Model,
    table: Tables,
    *,
    rows: int | None = None,
    budget: float = BUDGET,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Compute how much each column contributes to each class, in each row.

    Parameters
    ----------
    model : Model
        A model from `featkit.train` or `featkit.load_model`.
    table : FeatureTable, pandas.DataFrame, path, sequence of paths, or mapping
        One or several tables, as in `Model.read`. If they contain all training rows, each of these
        is explained by the model of the fold in which the row was a test row. All other rows are
        explained by `model` itself.
    rows : int, optional
        Number of rows to draw at random and explain. By default, all rows are explained, as far as
        the budget allows.
    budget : float
        Seconds that the computation may take, above 0. Some estimators are slow (``svm``): their
        rows are explained in random order until the time is over. The selection of rows then
        depends on the machine; pass `rows` for a reproducible selection.
    seed : int
        Seed of the random selection of rows and of sampled SHAP values.
    n_jobs : int, optional
        Number of worker processes. None means one for each processor.
    progress : callable, optional
        Called as ``progress(done, total, note)``. The note is ``"fitting"`` while the models of
        folds are fitted, then an estimate of the time for all rows, then "".

    Returns
    -------
    Explanation
        The SHAP values, with one entry for each explained row, in the order of the table.

    Raises
    ------
    TableError
        If the table does not fit the model, or has no rows.
    ParameterError
        If `rows` or `budget` is not above 0.
    """
    if rows is not None and (type(rows) is not int or rows < 1):
        raise ParameterError(f"rows must be a whole number from 1, got {rows!r}")
    if not budget > 0:
        raise ParameterError(f"budget must be above 0 seconds, got {budget}")
    sample = model.trained.sample
    table = model.read(table)
    model.check(table)
    if not len(table):
        raise TableError("the table has no rows to explain")
    workers = worker_count(n_jobs)
    X = table.matrix(model.columns)
    row_explainers, notes = explainers(model, sample, table, workers, progress)
    available = sum(len(explainer.rows) for explainer in row_explainers)
    drawn = _drawn(row_explainers, rows, seed)
    shap_values = _shap_values(model, X, drawn, budget, seed, workers, progress)
    y, label_notes = _labels(model, table, shap_values.rows)
    lines = None if table.places is None else table.places.lines
    explanation = Explanation(
        values=shap_values.values,
        base=shap_values.base,
        output=shap_values.output,
        probabilities=shap_values.P,
        error=shap_values.error,
        scale=ESTIMATORS[model.name].scale,
        meaning=ESTIMATORS[model.name].meaning(len(model.classes)),
        X=X[shap_values.rows],
        columns=list(model.columns),
        classes=list(model.classes),
        y=y,
        keys={name: column[shap_values.rows] for name, column in _keys(model, table).items()},
        folds=shap_values.folds,
        learnt=shap_values.learnt,
        usual=sample.usual,
        method=_method(model, row_explainers),
        rows_there=available,
        schema={column["name"]: column for column in model.provenance.get("columns", [])},
        notes=[*_sampling_note(len(shap_values.rows), available), *label_notes, *notes],
        lines=None if lines is None else lines[shap_values.rows],
    )
    return replace(explanation, notes=[*filter(None, [explanation.flaw]), *explanation.notes])


def _labels(model: Model, table: FeatureTable, rows: Array) -> tuple[Array | None, list[str]]:
    """True classes, "" where unknown, and a note on labels that the model was not trained on."""
    label = model.trained.settings.label
    if not table.has_column(label):
        return None, []
    labels, _ = without_missing_words(texts(table, label)[rows])
    y = np.where(np.isin(labels, model.classes), labels, "")
    new_classes = sorted(set(labels.tolist()) - {"", *model.classes})
    notes = []
    if new_classes:
        count = int(np.sum((labels != "") & (y == "")))
        notes.append(
            f"{counted(count, 'row has', 'rows have')} a class that the model was not trained on"
            f" ({name_list(new_classes)}). Such rows are not scored."
        )
    return (y if (y != "").any() else None), notes


def _keys(model: Model, table: FeatureTable) -> dict[str, Array]:
    """Number, dataset, path, times and group of each row, as far as they are known."""
    settings = model.trained.settings
    keys, datasets = {"row": table.row_numbers}, row_datasets(table, settings)
    if datasets is not None:
        keys[DATASET] = datasets
    keys |= {key: texts(table, key) for key in ("path", "start", "end") if key in table.keys}
    group = settings.group
    if group is not None and group_column(group) in table.keys:
        groups = within_datasets(group_texts(table, group), datasets)
        if (groups != "").all():
            keys["group"] = groups
    return keys


def _sampling_note(explained: int, available: int) -> list[str]:
    if explained == available:
        return []
    were = "was" if explained == 1 else "were"
    return [
        f"{explained:,} of {available:,} rows {were} drawn at random and explained. The 95 %"
        " intervals show the uncertainty that this adds."
    ]


def _drawn(row_explainers: Sequence[Explainer], rows: int | None, seed: int) -> list[Explainer]:
    """The explainers with their rows in random order, cut to `rows` rows in total."""
    sizes = [len(explainer.rows) for explainer in row_explainers]
    order = np.random.default_rng(seed).permutation(sum(sizes))
    limit = len(order) if rows is None else rows
    drawn = []
    ranks = np.split(order, np.cumsum(sizes)[:-1])
    for explainer, rank in zip(row_explainers, ranks, strict=True):
        first = np.argsort(rank)[: int(np.sum(rank < limit))]
        drawn.append(explainer._replace(rows=explainer.rows[first]))
    return drawn


def _shap_values(
    model: Model,
    X: Array,
    row_explainers: Sequence[Explainer],
    budget: float,
    seed: int,
    workers: int,
    progress: Progress | None,
) -> _Values:
    """The SHAP values of as many rows as the budget allows, in the order of the table."""
    import joblib

    batch_size = ESTIMATORS[model.name].rows_at_once
    batches = list(_batches(row_explainers, batch_size or len(X)))
    total = sum(len(rows) for _, rows in batches)
    if batch_size and progress:
        progress(0, total, _time_estimate(model.name, X, batches, workers, budget))
    deadline = time.monotonic() + budget if batch_size else np.inf
    explain_batch = joblib.delayed(_batch_values)
    with interrupts_ignored():
        results = joblib.Parallel(
            n_jobs=workers if batch_size else 1,
            return_as="generator",
            batch_size=1,
            pre_dispatch="n_jobs",
        )(
            explain_batch(model.name, model.classes, explainer, rows, X[rows], seed=seed)
            for explainer, rows in _until(deadline, batches)
        )
    finished: list[_Values] = []
    for result in results:
        finished.append(result)
        if progress:
            progress(sum(len(batch.rows) for batch in finished), total, "")
    return _in_table_order(finished)


def _until(
    deadline: float, batches: Sequence[tuple[Explainer, Array]]
) -> Iterator[tuple[Explainer, Array]]:
    """The batches that start before the deadline, and at least `MIN_ROWS` rows."""
    sent = 0
    for explainer, rows in batches:
        if sent >= MIN_ROWS and time.monotonic() > deadline:
            return
        sent += len(rows)
        yield explainer, rows


def _in_table_order(batches: Sequence[_Values]) -> _Values:
    """All batches as one, sorted by row."""
    order = np.argsort(np.concatenate([batch.rows for batch in batches]), kind="stable")
    arrays: dict[str, Any] = {
        name: None if parts[0] is None else np.concatenate(parts)[order]
        for name, parts in zip(_Values._fields, zip(*batches, strict=True), strict=True)
    }
    return _Values(**arrays)


def _batches(row_explainers: Sequence[Explainer], size: int) -> Iterator[tuple[Explainer, Array]]:
    """Batches of rows of each explainer in turn, so that every fold is covered when time is up."""
    for start in itertools.count(0, size):
        unfinished = [explainer for explainer in row_explainers if len(explainer.rows) > start]
        if not unfinished:
            return
        for explainer in unfinished:
            yield explainer, explainer.rows[start : start + size]


def _time_estimate(
    name: str,
    X: Array,
    batches: Sequence[tuple[Explainer, Array]],
    workers: int,
    budget: float,
) -> str:
    """The expected time for all rows, measured on a few."""
    explainer, rows = batches[0]
    start, per_row = seconds(explainer.pipeline, name, X[rows[:N_TIMED_ROWS]], explainer.background)
    total = sum(len(rows) for _, rows in batches)
    needed = (start * len(batches) + per_row * total) / workers
    stop = f"; stops after {budget:.0f} s with a random sample of rows" if needed > budget else ""
    return f"explaining, about {needed:.0f} s{stop}"


def _batch_values(
    name: str, classes: Sequence[str], explainer: Explainer, rows: Array, X: Array, *, seed: int
) -> _Values:
    """The SHAP values of a batch, with classes in the order of `classes`."""
    from threadpoolctl import threadpool_limits

    pipeline, error = explainer.pipeline, None
    with threadpool_limits(1):
        contributions = exact(pipeline, name, X)
        if contributions is None:
            contributions, error = sampled(pipeline, X, explainer.background, seed=seed)
        P = probabilities(pipeline, X, classes)
    own = pipeline.classes_
    base = np.broadcast_to(contributions.base, contributions.output.shape)
    return _Values(
        rows,
        np.full(len(rows), explainer.fold, object),
        np.full(len(rows), explainer.learnt),
        in_order_of(classes, own, contributions.values),
        in_order_of(classes, own, base),
        in_order_of(classes, own, contributions.output),
        P,
        None if error is None else in_order_of(classes, own, error),
    )


def _method(model: Model, row_explainers: Sequence[Explainer]) -> str:
    chosen = ESTIMATORS[model.name]
    if chosen.contributions is not None:
        return f"exact SHAP values of the {chosen.title}"
    rows = len(row_explainers[0].background)
    per_row = evaluations(len(model.columns), rows)
    return (
        f"SHAP values by permutation: {REPETITIONS} orders of the columns and their reverses,"
        f" {counted(rows, 'row')} of background, {counted(per_row, 'evaluation')} a row"
    )
