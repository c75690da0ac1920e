"""Comparison of the scores with those of other splits: by row, and by a likely group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models.estimator import AUTO, SEQUENCES, Candidate
from featkit.models.fitting import Fits
from featkit.models.group_normalization import fit_normalization, normalized_rows
from featkit.models.likely_groups import LikelyGroupPlan, by_likely_group, plan_by_likely_group
from featkit.models.outer_folds import OuterFold, SplitPlan, row_wise_folds
from featkit.models.problem import Problem
from featkit.models.result import compare_row_split
from featkit.models.settings import Settings
from featkit.models.task import TASKS


@dataclass(frozen=True, eq=False)
class OtherSplits:
    """Splits that one candidate is scored by, besides the one of the training.

    Attributes
    ----------
    row_wise : list of OuterFold
        Folds that divide groups; empty if there is nothing to divide.
    likely : LikelyGroupPlan or None
        The split by a likely group.
    """

    row_wise: list[OuterFold]
    likely: LikelyGroupPlan | None

    def count_fits(self, plan: SplitPlan, kept: str) -> int:
        """Count the fits that the comparison takes.

        Parameters
        ----------
        plan : SplitPlan
            The folds of the training.
        kept : str
            Name of the kept model.

        Returns
        -------
        int
        """
        count = len(self.row_wise) + (len(self.likely.plan.outer) if self.likely else 0)
        return count + len(plan.outer) if count and kept == AUTO else count


def plan_other_splits(problem: Problem, plan: SplitPlan, settings: Settings) -> OtherSplits:
    """Plan the splits to compare with.

    Parameters
    ----------
    problem : Problem
        The rows.
    plan : SplitPlan
        The folds of the training.
    settings : Settings
        Its settings.

    Returns
    -------
    OtherSplits
        Without any, if splits are not compared.
    """
    if not settings.compare_splits:
        return OtherSplits([], None)
    return OtherSplits(
        row_wise_folds(problem, plan, seed=settings.seed), plan_by_likely_group(problem, settings)
    )


def compare_other_splits(
    others: OtherSplits,
    fits_of: Callable[[Problem], Fits],
    problem: Problem,
    plan: SplitPlan,
    settings: Settings,
    candidate: Candidate,
    output: Array,
    kept: str,
) -> dict[str, Any]:
    """Score the final candidate by other splits.

    Parameters
    ----------
    others : OtherSplits
        The other splits.
    fits_of : callable
        ``fits_of(problem)`` returns the workers for the fits of a problem.
    problem : Problem
        The rows.
    plan : SplitPlan
        The folds of the training.
    settings : Settings
        Its settings.
    candidate : Candidate
        Estimator and parameters of the final model.
    output : array of float64, shape ``(rows, outputs)``
        Predictions of the kept model for the test rows of `plan`.
    kept : str
        Name of the kept model. With ``auto`` the candidate is fitted again on all outer folds,
        since another may have been selected there.

    Returns
    -------
    dict of str to object
        ``by_row`` and ``by_group``: fields of `Evaluation`, as far as there are such splits.
    """
    comparisons: dict[str, Any] = {}
    if not others.count_fits(plan, kept):
        return comparisons
    hint = ""
    if TASKS[problem.task].estimators[candidate.name].inputs == SEQUENCES:
        hint = " (for comparison; --no-compare-splits leaves it out)"
    fits = fits_of(problem)
    if kept == AUTO:
        output = fits.out_of_fold(candidate, plan.outer, "scoring")
    if others.row_wise:
        by_row = fits_of(_normalized_as_a_whole(problem, settings))
        P = by_row.out_of_fold(candidate, others.row_wise, f"splitting by row{hint}")
        comparisons["by_row"] = compare_row_split(
            problem, plan, output, others.row_wise, P, candidate
        )
    if likely := others.likely:
        P = fits_of(likely.problem).out_of_fold(
            candidate, likely.plan.outer, f"splitting by likely groups{hint}"
        )
        comparisons["by_group"] = by_likely_group(likely, plan, output, P, candidate)
    return comparisons


def _normalized_as_a_whole(problem: Problem, settings: Settings) -> Problem:
    """The rows of a row-wise split, normalised within whole groups.

    A row-wise split leaves few test rows of each group. If these were normalised alone, the scores
    would fall for that reason, and the difference would say nothing about the split.
    """
    groups = problem.normalization_groups
    rows = np.arange(len(problem))
    normalization = fit_normalization(problem.X, groups, rows, settings)
    if normalization is None:
        return problem
    X = normalized_rows(normalization, problem.X, groups, rows)
    return replace(problem, X=X, normalization_groups=None)
