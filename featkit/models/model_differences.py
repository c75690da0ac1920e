"""Paired differences between the kept model and all others, on the same test rows."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from featkit._utils.typing import Array
from featkit.models.leaderboard_types import ModelDifference
from featkit.models.outer_folds import SplitPlan
from featkit.models.problem import Problem
from featkit.models.scores import accuracy_difference, predicted, recording_arrays


def model_differences(
    problem: Problem, plan: SplitPlan, P: Mapping[str, Array], kept: str
) -> list[ModelDifference]:
    """Compare the kept model with each other one.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    P : mapping of str to array of float64, shape ``(rows, classes)``
        Probabilities of the test rows by each model, one fold after the other.
    kept : str
        Name of the kept model.

    Returns
    -------
    list of ModelDifference
        By recording, if the segments of recordings are combined; else by row.
    """
    hits, groups, per = _hits(problem, plan, P)
    return [
        _difference(name, per, hits[kept], own, groups)
        for name, own in hits.items()
        if name != kept
    ]


def _hits(
    problem: Problem, plan: SplitPlan, P: Mapping[str, Array]
) -> tuple[dict[str, Array], Array, str]:
    """Whether each model is right, the groups, and whether recordings or rows are counted."""
    rows = plan.test_rows
    y, groups = problem.y[rows], problem.bootstrap_groups[rows]
    recordings = problem.combined_recordings(rows)
    hits = {}
    own_groups = groups
    for name, own_P in P.items():
        own_y = y
        if recordings is not None:
            own_y, own_P, own_groups = recording_arrays(y, own_P, recordings, groups)
        hits[name] = predicted(own_P, problem.classes, problem.costs) == own_y
    return hits, own_groups, "segment" if recordings is None else "recording"


def _difference(name: str, per: str, kept: Array, other: Array, groups: Array) -> ModelDifference:
    difference = accuracy_difference(other, groups, kept, groups)
    only_kept, only_other = int(np.sum(kept & ~other)), int(np.sum(other & ~kept))
    return ModelDifference(
        model=name,
        per=per,
        count=len(kept),
        accuracy=difference.value,
        low=difference.low,
        high=difference.high,
        only_kept=only_kept,
        only_other=only_other,
        p_value=mcnemar_p_value(only_kept, only_other),
    )


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Compute the p-value of McNemar's exact test, two-sided.

    Parameters
    ----------
    only_first, only_second : int
        Recordings that only one of two models predicts correctly.

    Returns
    -------
    float
        Above 0, at most 1: 1 if there are no such recordings, and at least the smallest normal
        floating-point number.
    """
    from scipy.stats import binomtest

    total = only_first + only_second
    if not total:
        return 1.0
    return max(float(binomtest(only_first, total).pvalue), sys.float_info.min)
