"""SHAP values by sampling: columns are replaced one by one, each background row in its own orders.

For each background row b and each order of the columns, the columns of the explained row replace
those of b one after another. The change of the output at each step is an unbiased estimate of the
SHAP value of that column [1]_. Each order is also followed backwards, which makes the estimates
exact for models with interactions of at most two columns [2]_. The changes along an order add up to
the difference of the outputs, so base value and SHAP values add up to the output.

Each background row has orders of its own, so that many orders are seen with as many evaluations.
All background rows are used equally often; the standard error is that of the random orders.

References
----------
.. [1] Štrumbelj and Kononenko, "Explaining prediction models and individual predictions with
   feature contributions", Knowl. Inf. Syst. 41, 2014.
.. [2] Covert and Lee, "Improving KernelSHAP: practical Shapley value estimation using linear
   regression", AISTATS 2021 (paired sampling).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.models.kernel_machine import KernelMachine

REPETITIONS = 4
"""Orders of the columns for each background row; each is followed forwards and backwards."""

AT_ONCE = 2**20
"""Numbers of rows, or of margins, that are held in memory at a time (8 MB)."""

Walk = Callable[[Array, Array, Array], Iterator[Array]]
"""``walk(z, starts, orders)`` yields the outputs of the rows ``starts`` after each replacement of a
column by that of ``z``, in ``orders``, both ``(rows, columns)``. They come in blocks of steps,
``(steps, rows, outputs)``; the first is before any replacement."""


class Estimates(NamedTuple):
    """SHAP values of a row, ``(columns, outputs)``, and their standard errors."""

    values: Array
    error: Array


def estimate(walk: Walk, z: Array, background: Array, group: Array, seed: int) -> Estimates:
    """Estimate the SHAP values of one preprocessed row.

    Columns with the same number in `group`, from 0, are replaced together.
    """
    orders = _orders(len(background), group, seed)
    rows, columns = np.arange(len(orders)), len(group)
    changes: Array | None = None
    step, last = 0, None
    for outputs in walk(z, np.tile(background, (2 * REPETITIONS, 1)), orders):
        if changes is None:
            changes = np.zeros((len(orders), group.max(initial=-1) + 1, outputs.shape[2]))
            last, outputs = outputs[0], outputs[1:]
        for output in outputs:
            changes[rows, group[orders[:, step]]] += output - last
            step, last = step + 1, output
    if changes is None or step != columns:
        raise RuntimeError(f"a walk over {columns} columns ended after {step}")
    pairs = changes.reshape(2, REPETITIONS, len(background), *changes.shape[1:]).mean(axis=0)
    variance = pairs.var(axis=0, ddof=1).mean(axis=0) / (REPETITIONS * len(background))
    return Estimates(pairs.mean(axis=(0, 1)), np.sqrt(variance))


def _orders(background: int, group: Array, seed: int) -> Array:
    """Random orders of the columns, ``(rows, columns)``, the second half backwards.

    Columns of a group follow one another.
    """
    rng = np.random.default_rng(seed)
    ranks = rng.random((REPETITIONS * background, group.max(initial=-1) + 1))
    orders = np.argsort(ranks[:, group], axis=1, kind="stable")
    return np.concatenate([orders, orders[:, ::-1]])


def any_walk(predict: Callable[[Array], Array]) -> Walk:
    """The walk of any model: whole rows are predicted."""

    def walk(z: Array, starts: Array, orders: Array) -> Iterator[Array]:
        rows, state = np.arange(len(starts)), starts.copy()
        at_once = max(1, AT_ONCE // max(1, starts.size))
        yield predict(state)[None]
        for first in range(0, orders.shape[1], at_once):
            states = []
            for columns in orders[:, first : first + at_once].T:
                state[rows, columns] = z[columns]
                states.append(state.copy())
            yield predict(np.concatenate(states)).reshape(len(states), len(starts), -1)

    return walk


def kernel_walk(machine: KernelMachine) -> Walk:
    """The walk of a kernel machine: a step changes one term of each squared distance.

    (z - v)² - (b - v)² = (z - b) (z + b - 2 v). A step takes time in proportion to the number of
    support vectors, not to that of columns.
    """
    twice = np.ascontiguousarray(2 * machine.vectors.T)

    def walk(z: Array, starts: Array, orders: Array) -> Iterator[Array]:
        distinct, place = np.unique(starts, axis=0, return_inverse=True)
        exponents = machine.exponents(distinct)[place.reshape(-1)]
        changes, kernel = np.empty_like(exponents), np.empty_like(exponents)
        yield machine.link(machine.margins(exponents))[None]
        rows, at_once = np.arange(len(starts)), _steps(machine, len(starts))
        for first in range(0, orders.shape[1], at_once):
            margins = []
            for columns in orders[:, first : first + at_once].T:
                before, after = starts[rows, columns], z[columns]
                np.take(twice, columns, axis=0, out=changes, mode="clip")
                changes -= (before + after)[:, None]
                changes *= (after - before)[:, None]
                changes *= machine.gamma
                exponents += changes
                margins.append(machine.margins(exponents, out=kernel))
            yield machine.link(np.concatenate(margins)).reshape(len(margins), len(starts), -1)

    return walk


def _steps(machine: KernelMachine, rows: int) -> int:
    return max(1, AT_ONCE // (rows * len(machine.intercept)))
