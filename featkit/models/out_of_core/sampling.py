"""A sample of the rows of a table, for estimators that need their training rows in memory.

The sample consists of whole recordings, so that scores by recording mean the same as for the whole
table. Recordings are ordered by class, by group and at random, and drawn in equal steps
(systematic sampling). Classes, and groups within them, thus keep their shares, up to one recording.
Rows of one group resemble each other, so a few rows of every group teach more than all rows of a
few groups. Rare classes get further groups, because folds and their inner folds need several.

References
----------
Cochran, "Sampling Techniques", 3rd ed., Wiley 1977, chapter 8.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from featkit._utils.data_sizes import data_size
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.out_of_core.memory import COPIES
from featkit.models.out_of_core.scratch import Scratch, sample_reason
from featkit.models.out_of_core.usage import MemoryUse
from featkit.models.probabilities import ROWS_AT_ONCE
from featkit.models.problem import WITHOUT_VALUES, Problem, make_problem
from featkit.models.settings import Settings
from featkit.table.disk_matrix import VALUE_BYTES, rows_within

MIN_GROUPS = 10
"""Fewest groups of a class that the sample keeps, if the class has so many."""

PREDICTED_COPIES = 4
"""Copies of the rows that are predicted together: read, filled, scaled and in the model."""


def limited_problem(problem: Problem, settings: Settings, scratch: Scratch) -> Problem:
    """Return a problem that states how it uses a table that does not fit in memory.

    Parameters
    ----------
    problem : Problem
        All rows of the table that have a target.
    settings : Settings
        Settings of the training.
    scratch : Scratch
        The limit of the memory.

    Returns
    -------
    Problem
        All rows, in memory if those with a target fit, or if the estimator can be fitted to blocks;
        else a sample in memory, with a warning.

    Raises
    ------
    ParameterError
        If the sample would be too small, or the limit is too small for a block of rows.
    """
    reason = sample_reason(settings)
    count = rows_within(scratch.limit // COPIES, len(problem.columns))
    if len(problem) <= count:
        return replace(problem, X=np.asarray(problem.X))
    sample = problem
    if not reason:
        _check_limit(problem, scratch.limit)
    else:
        rows = sample_rows(problem.y, problem.groups, problem.recordings, count, seed=settings.seed)
        table = problem.table.rows(rows)
        sample = make_problem(replace(table, values=np.asarray(table.values)), settings)
    memory = MemoryUse(
        max_memory=scratch.limit,
        rows=len(sample),
        table_rows=len(problem),
        recordings=len(set(sample.recordings.tolist())),
        table_recordings=len(set(problem.recordings.tolist())),
        unit="recording" if "path" in problem.table.keys else "row",
        reason=reason,
    )
    notes = [text for text in sample.warnings if text.startswith(WITHOUT_VALUES)]
    warnings = [memory.summary] if reason else []
    warnings += [text for text in problem.warnings if text not in notes]
    return replace(sample, memory=memory, warnings=[*warnings, *notes])


def _check_limit(problem: Problem, limit: int) -> None:
    """Raise if the limit is too small for the rows that are predicted together."""
    n_rows, n_columns = min(ROWS_AT_ONCE, len(problem)), len(problem.columns)
    needed = PREDICTED_COPIES * n_rows * n_columns * VALUE_BYTES
    if limit < needed:
        raise ParameterError(
            f"max_memory must be at least {data_size(needed)}, since predictions need"
            f" {PREDICTED_COPIES} copies of {n_rows:,} rows of {n_columns:,} features, got"
            f" {data_size(limit)}"
        )


def sample_rows(y: Array, groups: Array, recordings: Array, count: int, *, seed: int) -> Array:
    """Draw whole recordings with their shares of classes and groups.

    Parameters
    ----------
    y : array, shape ``(rows,)`` or ``(rows, labels)``
        Target of each row: a class, a number (float64) or whether it has each of several labels
        (bool). A recording has that of its first row.
    groups, recordings : array of str, shape ``(rows,)``
        Group and recording of each row.
    count : int
        Most rows of the sample.
    seed : int
        Seed of the random order.

    Returns
    -------
    array of int, shape ``(sampled rows,)``
        Row numbers, in order.

    Raises
    ------
    ParameterError
        If `count` rows cannot hold two recordings, or `MIN_GROUPS` groups of each class or label.
    """
    _, first, recording = np.unique(recordings, return_index=True, return_inverse=True)
    sizes = np.bincount(recording)
    target = np.unique(y[first], axis=0, return_inverse=True)[1].reshape(-1)
    group = np.unique(groups[first], return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    lot = rng.permutation(len(first))
    group_lot = rng.permutation(int(group.max()) + 1)[group]
    order = np.lexsort((lot, group_lot, target))
    share = min(1.0, count / len(y))
    chosen = np.diff(np.floor(np.arange(len(first) + 1) * share + rng.random())) > 0
    required = np.zeros(len(first), dtype=bool)
    for classes in _classes(y[first], target):
        required |= _rare_classes(classes[order], group[order], lot[order], chosen)
    chosen |= required
    excess = int(sizes[order][chosen].sum()) - count
    for place in np.argsort(lot[order], kind="stable"):
        if excess <= 0:
            break
        if chosen[place] and not required[place]:
            chosen[place] = False
            excess -= int(sizes[order[place]])
    if excess > 0 or chosen.sum() < 2:
        raise ParameterError(
            f"max_memory holds {count:,} rows of features, too few for a sample of recordings"
            " of all classes: raise it"
        )
    kept = np.zeros(len(first), dtype=bool)
    kept[order[chosen]] = True
    return np.flatnonzero(kept[recording])


def _classes(y: Array, target: Array) -> list[Array]:
    """What a sample must have all kinds of: classes, or rows with and without each label."""
    if y.ndim == 2:
        return list(y.astype(np.intp).T)
    return [target] if y.dtype.kind != "f" else []


def _rare_classes(target: Array, group: Array, lot: Array, chosen: Array) -> Array:
    """One recording of each of `MIN_GROUPS` groups, for the classes that have fewer so far."""
    required = np.zeros(len(target), dtype=bool)
    sampled = np.unique(np.column_stack([target, group])[chosen], axis=0)[:, 0]
    is_rare = np.bincount(sampled, minlength=int(target.max()) + 1) < MIN_GROUPS
    order = np.lexsort((lot, group, target))
    pairs = np.column_stack([target, group])[order]
    is_first = np.append(True, np.any(np.diff(pairs, axis=0) != 0, axis=1))
    firsts = order[is_first]
    firsts = firsts[np.lexsort((lot[firsts], target[firsts]))]
    counts = np.bincount(target[firsts])
    place = np.arange(len(firsts)) - np.repeat(np.cumsum(counts) - counts, counts)
    required[firsts[(place < MIN_GROUPS) & is_rare[target[firsts]]]] = True
    return required
