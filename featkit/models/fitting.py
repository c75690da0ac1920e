"""Fits of one problem, which an executor runs in parallel.

Each fit has its own seed and one thread, and depends on nothing else, so that any number of workers
gives the same probabilities, to the bit.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.executors.executor import Executor
from featkit.models.estimator import SEQUENCES, Candidate, FitWarning, group_options, pipeline
from featkit.models.fit_summary import FitSummary
from featkit.models.group_normalization import fit_normalization, normalized_rows
from featkit.models.networks.epoch_files import EpochMonitor, epochs_written
from featkit.models.networks.extra import import_extra
from featkit.models.out_of_core.block_fitting import fit_over_blocks
from featkit.models.out_of_core.usage import MemoryUse
from featkit.models.outer_folds import OuterFold
from featkit.models.problem import Problem
from featkit.models.settings import Settings
from featkit.models.task import TASKS
from featkit.table.disk_matrix import Matrix
from featkit.table.sequences.sequences import Sequences

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
    fold : str
        Name of the outer fold.
    is_measured : bool
        Whether the size of the model and its learning curve are wanted.
    is_final : bool
        Whether the summary has the fitted pipeline.
    """

    candidate: Candidate
    train: Array
    test: Array
    fold: str = ""
    is_measured: bool = False
    is_final: bool = False


class _Data(NamedTuple):
    """Everything that a worker needs besides the fit."""

    X: Matrix
    sequences: Sequences | None
    y: Array
    groups: Array
    outputs: list[str]
    settings: Settings
    normalization_groups: Array | None
    memory: MemoryUse | None
    epochs_folder: str | None

    @property
    def blocks_limit(self) -> int | None:
        """Bytes of features in memory, if estimators are fitted to blocks."""
        return None if self.memory is None or self.memory.is_sample else self.memory.max_memory


class Fits:
    """Workers for the fits of one problem.

    Parameters
    ----------
    problem : Problem
        Source of the rows.
    settings : Settings
        Settings of the training: feature selection and seed.
    executor : Executor
        Where the candidates are fitted.
    fitted : callable
        ``fitted(step)`` is called after each fit with the name of the step.
    epochs : EpochMonitor, optional
        Shows the epochs of networks while they are fitted.

    Attributes
    ----------
    summaries : list of FitSummary
        Of all fits so far.
    """

    def __init__(
        self,
        problem: Problem,
        settings: Settings,
        *,
        executor: Executor,
        fitted: Callable[[str], None],
        epochs: EpochMonitor | None = None,
    ) -> None:
        self._data = _Data(
            problem.X,
            problem.table.sequences,
            problem.y,
            problem.groups,
            problem.outputs,
            settings,
            problem.normalization_groups,
            problem.memory,
            None if epochs is None else epochs.folder,
        )
        self._executor = executor
        self._fitted = fitted
        self._epochs = epochs
        self.summaries: list[FitSummary] = []

    @property
    def warnings(self) -> list[str]:
        """Warnings of the fits, each with the number of fits that gave it."""
        counts = Counter(text for summary in self.summaries for text in summary.warnings)
        return [f"{text} ({count} fits)" for text, count in sorted(counts.items())]

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
        yield from self._results(_predicted, fits, step)

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
        fits = [Fit(candidate, fold.train, fold.test, fold.name) for fold in folds]
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
        yield from self._results(_fit, fits, "fitting")

    def _results(
        self, function: Callable[..., Any], tasks: Sequence[Any], step: str
    ) -> Iterator[Any]:
        """Results of the workers in order, while warnings are counted and progress is shown."""
        executor = self._executor.suited(len(tasks), isolate=False)
        with nullcontext() if self._epochs is None else self._epochs.shown(step):
            for result, summary in executor.map(function, tasks, shared=self._data):
                self.summaries.append(summary)
                self._fitted(step)
                yield result


def _predicted(
    data: _Data,
    candidate: Candidate,
    train: Array,
    test: Array,
    fold: str = "",
    is_measured: bool = False,
    is_final: bool = False,
) -> tuple[Array, FitSummary]:
    from threadpoolctl import threadpool_limits

    pipeline, summary = _fit(data, candidate, train, fold)
    X = _inputs(data, candidate, train, test)
    with threadpool_limits(1):
        task = TASKS[data.settings.task]
        P = task.predict(pipeline, X, data.outputs)
    if is_measured:
        summary.measure(pipeline)
    if is_final:
        summary.pipeline = pipeline
    return P, summary


def _inputs(data: _Data, candidate: Candidate, train: Array, rows: Array) -> Matrix | Sequences:
    """The matrix of the training rows, or of the test rows, which are normalised together.

    Sequences instead, if the estimator learns from these.
    """
    if TASKS[data.settings.task].estimators[candidate.name].inputs == SEQUENCES:
        assert data.sequences is not None  # checked before the first fit
        return data.sequences.rows(rows)
    if data.normalization_groups is None:
        return data.X[rows]
    normalization = fit_normalization(data.X, data.normalization_groups, train, data.settings)
    return normalized_rows(normalization, data.X, data.normalization_groups, rows)


def _fit(
    data: _Data, candidate: Candidate, train: Array, fold: str = ""
) -> tuple[Pipeline, FitSummary]:
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    select, seed = data.settings.select, data.settings.seed
    estimators = TASKS[data.settings.task].estimators
    fitted = pipeline(
        candidate.name, select=select, seed=seed, estimators=estimators, **candidate.parameters
    )
    groups = group_options(fitted, data.groups[train])
    if data.sequences is not None:
        # Not part of the time of a fit. Also for fits of columns: loky takes the size of a worker
        # after its first call as normal, and replaces a worker that grows by 300 MB from there.
        import_extra()
    X = _inputs(data, candidate, train, train)
    summary = FitSummary(candidate.name, fold)
    with (
        threadpool_limits(1),
        warnings.catch_warnings(record=True) as caught,
        epochs_written(data.epochs_folder, candidate.name, fold),
        summary.timed(),
    ):
        warnings.simplefilter("always", ConvergenceWarning)
        warnings.simplefilter("always", FitWarning)
        if data.blocks_limit is None or isinstance(X, Sequences):
            fitted.fit(X, data.y[train], **groups)
        else:
            fit_over_blocks(
                fitted,
                estimators[candidate.name],
                X,
                data.y[train],
                limit=data.blocks_limit,
                seed=seed,
            )
    if any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
        summary.warnings = [f"{candidate} did not converge"]
    remarks = [warning.message for warning in caught if issubclass(warning.category, FitWarning)]
    summary.warnings = [*summary.warnings, *(f"{candidate}: {remark}" for remark in remarks)]
    return fitted, summary
