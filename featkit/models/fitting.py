"""Many fits by workers.

Every fit is given its seed and one thread, and depends on nothing else, so that the same problem
gives the same probabilities, to the bit, on any number of workers.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from featkit._utils.typing import Array
from featkit._utils.workers import interrupts_ignored, worker_count
from featkit.models.classifier import probabilities
from featkit.models.estimator import Candidate, pipeline
from featkit.models.problem import Problem

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


class Fit(NamedTuple):
    """A candidate, the rows that it learns from, and those it is asked about."""

    candidate: Candidate
    train: Array
    test: Array


class _Rows(NamedTuple):
    X: Array
    y: Array
    groups: Array
    classes: list[str]
    select: int | None
    seed: int


class Fits:
    """Workers for the fits of one problem.

    Parameters
    ----------
    problem : Problem
        Where the rows come from.
    select : int, optional
        Columns to learn from, chosen within each fit.
    seed : int
        Of all that is random.
    n_jobs : int, optional
        Worker processes; None for one for each processor.
    fitted : callable
        Called after each fit with what is being done.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        select: int | None,
        seed: int,
        n_jobs: int | None,
        fitted: Callable[[str], None],
    ) -> None:
        self._rows = _Rows(problem.X, problem.y, problem.groups, problem.classes, select, seed)
        self._n_jobs = worker_count(n_jobs)
        self._fitted = fitted
        self._complaints: Counter[str] = Counter()

    @property
    def warnings(self) -> list[str]:
        """What the fits complained of, and how often."""
        return [f"{text} ({count} fits)" for text, count in sorted(self._complaints.items())]

    def probabilities(self, fits: Sequence[Fit], doing: str) -> Iterator[Array]:
        """Of the test rows of each fit, ``(rows, classes)``, in the order of the fits."""
        return self._done(_predicted, fits, doing, self._n_jobs)

    def pipelines(self, fits: Sequence[tuple[Candidate, Array]]) -> Iterator[Pipeline]:
        """Candidates fitted on some rows, to be kept, in the order of the fits."""
        return self._done(_fit, fits, "fitting", min(self._n_jobs, len(fits)))

    def _done(
        self, function: Callable[..., Any], tasks: Sequence[Any], doing: str, n_jobs: int
    ) -> Iterator[Any]:
        """What workers make of each task, in order, while complaints and progress are noted."""
        import joblib

        with interrupts_ignored():
            done = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(
                joblib.delayed(function)(self._rows, *task) for task in tasks
            )
        for made, complaints in done:
            self._complaints.update(complaints)
            self._fitted(doing)
            yield made


def _predicted(
    rows: _Rows, candidate: Candidate, train: Array, test: Array
) -> tuple[Array, list[str]]:
    from threadpoolctl import threadpool_limits

    pipeline, complaints = _fit(rows, candidate, train)
    with threadpool_limits(1):
        return probabilities(pipeline, rows.X[test], rows.classes), complaints


def _fit(rows: _Rows, candidate: Candidate, train: Array) -> tuple[Pipeline, list[str]]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.validation import has_fit_parameter
    from threadpoolctl import threadpool_limits

    fitted = pipeline(candidate.name, select=rows.select, seed=rows.seed, **candidate.parameters)
    takes_groups = has_fit_parameter(fitted.named_steps["model"], "groups")
    groups = {"model__groups": rows.groups[train]} if takes_groups else {}
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        fitted.fit(rows.X[train], rows.y[train], **groups)
    slow = any(issubclass(each.category, ConvergenceWarning) for each in caught)
    return fitted, [f"{candidate} did not converge"] if slow else []
