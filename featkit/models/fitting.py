"""Parallel fits of one problem.

Each fit has its own seed and one thread, and depends on nothing else, so that any number of workers
gives the same probabilities, to the bit.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit._utils.workers import interrupts_ignored, worker_count
from featkit.models.estimator import Candidate, group_options, pipeline
from featkit.models.group_normalization import fit_normalization, normalized_rows
from featkit.models.outer_folds import OuterFold
from featkit.models.problem import Problem
from featkit.models.settings import Settings
from featkit.models.task import TASKS

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


class Fit(NamedTuple):
    """A candidate with its training and test rows.

    Attributes
    ----------
    candidate : Candidate
        Estimator and parameters.
    train, test : array of int, shape ``(rows,)``
        Row numbers.
    """

    candidate: Candidate
    train: Array
    test: Array


class _Data(NamedTuple):
    """Everything that a worker needs besides the fit."""

    X: Array
    y: Array
    groups: Array
    outputs: list[str]
    settings: Settings
    normalization_groups: Array | None


class Fits:
    """Workers for the fits of one problem.

    Parameters
    ----------
    problem : Problem
        Source of the rows.
    settings : Settings
        Settings of the training: feature selection and seed.
    n_jobs : int, optional
        Number of worker processes; None for one per processor.
    fitted : callable
        ``fitted(step)`` is called after each fit with the name of the step.
    """

    def __init__(
        self,
        problem: Problem,
        settings: Settings,
        *,
        n_jobs: int | None,
        fitted: Callable[[str], None],
    ) -> None:
        self._data = _Data(
            problem.X,
            problem.y,
            problem.groups,
            problem.outputs,
            settings,
            problem.normalization_groups,
        )
        self._n_jobs = worker_count(n_jobs)
        self._fitted = fitted
        self._fit_warnings: Counter[str] = Counter()

    @property
    def warnings(self) -> list[str]:
        """Warnings of the fits, each with the number of fits that gave it."""
        return [f"{text} ({count} fits)" for text, count in sorted(self._fit_warnings.items())]

    def probabilities(self, fits: Sequence[Fit], step: str) -> Iterator[Array]:
        """Fit candidates and predict their test rows.

        Parameters
        ----------
        fits : sequence of Fit
        step : str
            Name of the step, for the progress display.

        Yields
        ------
        array of float64, shape ``(rows, outputs)``
            Predictions of the test rows of each fit, such as probabilities of the classes, in the
            order of `fits`.
        """
        yield from self._results(_predicted, fits, step, self._n_jobs)

    def out_of_fold(self, candidate: Candidate, folds: Sequence[OuterFold], step: str) -> Array:
        """Fit one candidate on the training rows of each fold, and predict its test rows.

        Parameters
        ----------
        candidate : Candidate
        folds : sequence of OuterFold
        step : str
            Name of the step, for the progress display.

        Returns
        -------
        array of float64, shape ``(rows, outputs)``
            Predictions of the test rows of all folds, one after the other.
        """
        fits = [Fit(candidate, fold.train, fold.test) for fold in folds]
        return np.concatenate(list(self.probabilities(fits, step)))

    def pipelines(self, fits: Sequence[tuple[Candidate, Array]]) -> Iterator[Pipeline]:
        """Fit candidates.

        Parameters
        ----------
        fits : sequence of tuple
            Candidates with their training rows.

        Yields
        ------
        sklearn.pipeline.Pipeline
            The fitted pipelines, in the order of `fits`.
        """
        yield from self._results(_fit, fits, "fitting", min(self._n_jobs, len(fits)))

    def _results(
        self, function: Callable[..., Any], tasks: Sequence[Any], step: str, n_jobs: int
    ) -> Iterator[Any]:
        """Results of the workers in order, while warnings are counted and progress is shown."""
        import joblib

        with interrupts_ignored():
            results = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(
                joblib.delayed(function)(self._data, *task) for task in tasks
            )
        for result, fit_warnings in results:
            self._fit_warnings.update(fit_warnings)
            self._fitted(step)
            yield result


def _predicted(
    data: _Data, candidate: Candidate, train: Array, test: Array
) -> tuple[Array, list[str]]:
    from threadpoolctl import threadpool_limits

    pipeline, fit_warnings = _fit(data, candidate, train)
    X = _inputs(data, train, test)
    with threadpool_limits(1):
        task = TASKS[data.settings.task]
        return task.predict(pipeline, X, data.outputs), fit_warnings


def _inputs(data: _Data, train: Array, rows: Array) -> Array:
    """The matrix of the training rows, or of the test rows, which are normalised together."""
    normalization = fit_normalization(data.X, data.normalization_groups, train, data.settings)
    return normalized_rows(normalization, data.X, data.normalization_groups, rows)


def _fit(data: _Data, candidate: Candidate, train: Array) -> tuple[Pipeline, list[str]]:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    select, seed = data.settings.select, data.settings.seed
    estimators = TASKS[data.settings.task].estimators
    fitted = pipeline(
        candidate.name, select=select, seed=seed, estimators=estimators, **candidate.parameters
    )
    groups = group_options(fitted, data.groups[train])
    X = _inputs(data, train, train)
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        fitted.fit(X, data.y[train], **groups)
    unconverged = any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return fitted, [f"{candidate} did not converge"] if unconverged else []
