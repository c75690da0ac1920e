"""Batches of rows to explain: drawn at random, fold by fold, until a deadline."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from featkit._utils.typing import Array
from featkit.executors.executor import Executor
from featkit.explanation._explainers import Explainer

V = TypeVar("V", bound=tuple[Any, ...])

MIN_ROWS = 20
"""Minimum number of rows to explain, even if the budget is exceeded."""


def restricted(row_explainers: Sequence[Explainer], only: Array | None) -> list[Explainer]:
    """The explainers of some rows; all rows for None."""
    if only is None:
        return list(row_explainers)
    masks = [np.isin(explainer.rows, only) for explainer in row_explainers]
    return [
        explainer.part(mask, learnt=explainer.learnt)
        for explainer, mask in zip(row_explainers, masks, strict=True)
        if mask.any()
    ]


def drawn_rows(row_explainers: Sequence[Explainer], rows: int | None, seed: int) -> list[Explainer]:
    """The explainers with their rows in random order, cut to `rows` rows in total."""
    sizes = [len(explainer.rows) for explainer in row_explainers]
    order = np.random.default_rng(seed).permutation(sum(sizes))
    limit = len(order) if rows is None else rows
    drawn = []
    ranks = np.split(order, np.cumsum(sizes)[:-1])
    for explainer, rank in zip(row_explainers, ranks, strict=True):
        first = np.argsort(rank)[: int(np.sum(rank < limit))]
        drawn.append(explainer.part(first, learnt=explainer.learnt))
    return drawn


def batches_until(
    deadline: float, batches: Sequence[tuple[int, Explainer]]
) -> Iterator[tuple[int, Explainer]]:
    """The batches that start before the deadline, and at least `MIN_ROWS` rows."""
    sent = 0
    for number, explainer in batches:
        if sent >= MIN_ROWS and time.monotonic() > deadline:
            return
        sent += len(explainer.rows)
        yield number, explainer


def row_batches(row_explainers: Sequence[Explainer], size: int) -> Iterator[tuple[int, Explainer]]:
    """Batches of rows of each explainer in turn, so that every fold is covered when time is up.

    A batch has the number of its explainer.
    """
    for start in itertools.count(0, size):
        unfinished = [pair for pair in enumerate(row_explainers) if len(pair[1].rows) > start]
        if not unfinished:
            return
        for number, explainer in unfinished:
            rows = np.arange(start, min(start + size, len(explainer.rows)))
            yield number, explainer.part(rows, learnt=explainer.learnt)


def without_rows(row_explainers: Sequence[Explainer]) -> list[Explainer]:
    """The models of the explainers, to be sent to workers."""
    return [
        explainer.part(np.empty(0, int), learnt=explainer.learnt) for explainer in row_explainers
    ]


def map_batches(
    function: Callable[..., V],
    batches: Iterator[tuple[int, Explainer]],
    shared: Any,
    executor: Executor,
) -> Iterator[V]:
    """Yield ``function(shared, model, rows, inputs)`` of each batch, as they are finished.

    ``shared`` has the field ``models``, the explainers without rows. A model is its number in them
    if workers get them once, and else the explainer itself.
    """
    if executor.sends_shared_once:
        calls = ((number, batch.rows, batch.inputs) for number, batch in batches)
        return executor.map(function, calls, shared=shared)
    own = ((shared.models[number], batch.rows, batch.inputs) for number, batch in batches)
    return executor.map(function, own, shared=shared._replace(models=[]))


def in_table_order(batches: Sequence[V]) -> V:
    """All batches as one, sorted by row; their first field is the rows."""
    order = np.argsort(np.concatenate([batch[0] for batch in batches]), kind="stable")

    def joined(parts: Sequence[Any]) -> Any:
        if isinstance(parts[0], dict):
            return {name: joined([part[name] for part in parts]) for name in parts[0]}
        return None if parts[0] is None else np.concatenate(parts)[order]

    kind: Any = type(batches[0])
    whole: V = kind(*map(joined, zip(*batches, strict=True)))
    return whole
