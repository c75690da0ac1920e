"""From a model and a table to an `Explanation`."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.typing import Array
from featkit._utils.workers import interrupts_ignored, worker_count
from featkit.errors import ParameterError, TableError
from featkit.explanation._explainers import Explainer, Progress, explainers
from featkit.explanation._shap_values import REPETITIONS, evaluations, exact, sampled, seconds
from featkit.explanation.explanation import Explanation
from featkit.models.classifier import Classifier, in_order_of, probabilities
from featkit.models.estimator import estimator
from featkit.models.problem import group_texts, named, texts
from featkit.models.settings import Settings
from featkit.models.training_sample import read_reference
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_words import without_missing
from featkit.table.name_stems import group_column

if TYPE_CHECKING:
    import pandas as pd

BUDGET = 120.0
"""Seconds that explaining may take, before rows are sampled."""

TRIED = 6
"""Rows by which it is estimated how long all will take."""

FEWEST = 20
"""Rows that are explained at least, however long they take."""


class _Found(NamedTuple):
    """Contributions of some rows, all arrays by row."""

    rows: Array
    folds: Array
    learnt: Array
    values: Array
    base: Array
    output: Array
    P: Array
    error: Array | None


def explain(
    model: Classifier,
    table: FeatureTable | pd.DataFrame | str | os.PathLike[str],
    *,
    rows: int | None = None,
    budget: float = BUDGET,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """How much each column spoke for each class, in each row.

    Parameters
    ----------
    model : Classifier
        As `featkit.train` or `featkit.load_model` gives it.
    table : FeatureTable, pandas.DataFrame or path
        The table that it was trained on, whose rows are then explained by the models that scored
        them and had not seen them; or any other with its columns, explained by the model itself.
    rows : int, optional
        How many rows to draw at random and explain; left out, all, as far as there is time.
    budget : float
        Seconds that explaining may take. Some estimators take long (`svm`, `random_forest`): rows
        are then explained in random order, and those that are left are not, as the explanation
        says. Which these are depends on the machine: to have the same again, say `rows`.
    seed : int
        Of what is drawn.
    n_jobs : int, optional
        Worker processes; None for one for each processor.
    progress : callable, optional
        Called with how much is done, of how much, and what: ``"fitting"`` while models of folds
        are, then of rows how long they will take, or "".

    Returns
    -------
    Explanation

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
    table = Settings.of(model.training).table(table, model.columns)
    model.check(table)
    if not len(table):
        raise TableError("the table has no rows to explain")
    workers = worker_count(n_jobs)
    known = read_reference(model.training, len(model.classes), len(model.columns))
    X = table.matrix(model.columns)
    everyone, notes = explainers(model, known, table, workers, progress)
    there = sum(len(of.rows) for of in everyone)
    chosen = _drawn(everyone, rows, seed)
    found = _found(model, X, chosen, budget, seed, workers, progress)
    y, unknown = _labels(model, table, found.rows)
    keys = {"row": table.row_numbers}
    keys |= {key: texts(table, key) for key in ("path", "start", "end") if key in table.keys}
    lines = None if table.places is None else table.places.lines
    group = Settings.of(model.training).group
    if group is not None and group_column(group) in table.keys:
        groups = group_texts(table, group)
        if (groups != "").all():
            keys["group"] = groups
    explanation = Explanation(
        values=found.values,
        base=found.base,
        output=found.output,
        probabilities=found.P,
        error=found.error,
        scale=estimator(model.name).scale,
        meaning=estimator(model.name).meaning(len(model.classes)),
        X=X[found.rows],
        columns=list(model.columns),
        classes=list(model.classes),
        y=y,
        keys={key: column[found.rows] for key, column in keys.items()},
        folds=found.folds,
        learnt=found.learnt,
        usual=known.usual,
        method=_method(model, everyone),
        rows_there=there,
        schema={column["name"]: column for column in model.provenance.get("columns", [])},
        notes=[*_sampled(len(found.rows), there), *unknown, *notes],
        lines=None if lines is None else lines[found.rows],
    )
    return replace(explanation, notes=[*filter(None, [explanation.flaw]), *explanation.notes])


def _labels(model: Classifier, table: FeatureTable, rows: Array) -> tuple[Array | None, list[str]]:
    """The true classes, "" where they are not known, and a note on those the model never met."""
    label = Settings.of(model.training).label
    if label not in (*table.keys, *table.feature_names):
        return None, []
    given, _ = without_missing(texts(table, label)[rows])
    y = np.where(np.isin(given, model.classes), given, "")
    others = sorted(set(given.tolist()) - {"", *model.classes})
    notes = []
    if others:
        count = int(np.sum((given != "") & (y == "")))
        notes.append(
            f"{counted(count, 'row has', 'rows have')} a class that the model does not know"
            f" ({named(others)}): whether it is right is not asked there."
        )
    return (y if (y != "").any() else None), notes


def _sampled(explained: int, there: int) -> list[str]:
    """A note, where some rows were drawn."""
    if explained == there:
        return []
    were = "was" if explained == 1 else "were"
    return [
        f"{explained:,} of {there:,} rows {were} drawn at random and explained. Intervals tell what"
        " that leaves open."
    ]


def _drawn(everyone: Sequence[Explainer], rows: int | None, seed: int) -> list[Explainer]:
    """The rows of each in random order, as many of all as are wanted."""
    order = np.random.default_rng(seed).permutation(sum(len(of.rows) for of in everyone))
    rank = np.split(order, np.cumsum([len(of.rows) for of in everyone])[:-1])
    most = len(order) if rows is None else rows
    drawn = []
    for of, place in zip(everyone, rank, strict=True):
        first = np.argsort(place)[: int(np.sum(place < most))]
        drawn.append(of._replace(rows=of.rows[first]))
    return drawn


def _found(
    model: Classifier,
    X: Array,
    everyone: Sequence[Explainer],
    budget: float,
    seed: int,
    workers: int,
    progress: Progress | None,
) -> _Found:
    """The contributions of all rows that there is time for, in the order of the table."""
    import joblib

    at_once = estimator(model.name).rows_at_once
    pieces = list(_pieces(everyone, at_once or len(X)))
    total = sum(len(rows) for _, rows in pieces)
    if at_once and progress:
        progress(0, total, _estimate(model.name, X, pieces, workers, budget))
    end = time.monotonic() + budget if at_once else np.inf
    explained = joblib.delayed(_contributions)
    with interrupts_ignored():
        results = joblib.Parallel(
            n_jobs=workers if at_once else 1,
            return_as="generator",
            batch_size=1,
            pre_dispatch="n_jobs",
        )(
            explained(model.name, model.classes, of, rows, X[rows], seed=seed)
            for of, rows in _until(end, pieces)
        )
    found: list[_Found] = []
    for each in results:
        found.append(each)
        if progress:
            progress(sum(len(of.rows) for of in found), total, "")
    return _in_table_order(found)


def _until(
    end: float, pieces: Sequence[tuple[Explainer, Array]]
) -> Iterator[tuple[Explainer, Array]]:
    """Pieces that are begun before that time, and some however late it is."""
    sent = 0
    for of, rows in pieces:
        if sent >= FEWEST and time.monotonic() > end:
            return
        sent += len(rows)
        yield of, rows


def _in_table_order(found: Sequence[_Found]) -> _Found:
    """All of them as one."""
    order = np.argsort(np.concatenate([of.rows for of in found]), kind="stable")
    arrays: dict[str, Any] = {
        name: None if values[0] is None else np.concatenate(values)[order]
        for name, values in zip(_Found._fields, zip(*found, strict=True), strict=True)
    }
    return _Found(**arrays)


def _pieces(everyone: Sequence[Explainer], size: int) -> Iterator[tuple[Explainer, Array]]:
    """A few rows of each in turn, so that all have had their say when time is up."""
    for start in itertools.count(0, size):
        left = [of for of in everyone if len(of.rows) > start]
        if not left:
            return
        for of in left:
            yield of, of.rows[start : start + size]


def _estimate(
    name: str,
    X: Array,
    pieces: Sequence[tuple[Explainer, Array]],
    workers: int,
    budget: float,
) -> str:
    """How long it will take, by a few rows."""
    of, rows = pieces[0]
    begin, each = seconds(of.pipeline, name, X[rows[:TRIED]], of.background)
    rows_there = sum(len(rows) for _, rows in pieces)
    needed = (begin * len(pieces) + each * rows_there) / workers
    stop = f"; rows will be drawn, for it stops after {budget:.0f} s" if needed > budget else ""
    return f"explaining, about {needed:.0f} s{stop}"


def _contributions(
    name: str, classes: Sequence[str], of: Explainer, rows: Array, X: Array, *, seed: int
) -> _Found:
    """The contributions of some rows, in the order of `classes`."""
    from threadpoolctl import threadpool_limits

    pipeline, error = of.pipeline, None
    with threadpool_limits(1):
        contributions = exact(pipeline, name, X)
        if contributions is None:
            contributions, error = sampled(pipeline, X, of.background, seed=seed)
        P = probabilities(pipeline, X, classes)
    own = pipeline.classes_
    base = np.broadcast_to(contributions.base, contributions.output.shape)
    return _Found(
        rows,
        np.full(len(rows), of.fold, object),
        np.full(len(rows), of.learnt),
        in_order_of(classes, own, contributions.values),
        in_order_of(classes, own, base),
        in_order_of(classes, own, contributions.output),
        P,
        None if error is None else in_order_of(classes, own, error),
    )


def _method(model: Classifier, everyone: Sequence[Explainer]) -> str:
    chosen = estimator(model.name)
    if chosen.contributions is not None:
        return f"exact SHAP values of the {chosen.title}"
    rows = len(everyone[0].background)
    asked = evaluations(len(model.columns), rows)
    return (
        f"SHAP values by permutation: {REPETITIONS} orders of the columns and their reverses,"
        f" {counted(rows, 'row')} of background, {counted(asked, 'evaluation')} a row"
    )
