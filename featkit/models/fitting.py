"""Fits of one problem, which an executor runs in parallel.

Each fit has its own seed and one thread, and depends on nothing else, so that any number of workers
gives the same probabilities, to the bit.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.executors.executor import Executor
from featkit.models.candidate_fits import fitted_families
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

SMALL = 100_000
"""Most feature values of a table whose fits may take less time than starting workers."""


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


class JointFit(NamedTuple):
    """Candidates of one estimator with the same training and test rows.

    Attributes
    ----------
    candidates : tuple of Candidate
        Estimator and parameters.
    train, test : array of int, shape ``(rows,)``
        Row numbers.
    fold : str
        Name of the outer fold.
    max_trees : int or None
        Most trees of a model; None for as many as the candidates have.
    """

    candidates: tuple[Candidate, ...]
    train: Array
    test: Array
    fold: str = ""
    max_trees: int | None = None


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
    def is_small(self) -> bool:
        """Whether some fits take less time than starting workers: few values, and no networks."""
        n_rows, n_columns = self.X.shape
        return self.sequences is None and n_rows * n_columns <= SMALL

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

    def probabilities(
        self, fits: Sequence[Fit], step: str, counts: Sequence[int] | None = None
    ) -> Iterator[Array]:
        """Fit candidates and predict their test rows.

        Parameters
        ----------
        fits : sequence of Fit
        step : str
            Name of the step, for the progress display.
        counts : sequence of int, optional
            Calls of ``fitted`` for each fit, for fits that others are part of; by default one.

        Yields
        ------
        array of float64, shape ``(rows, outputs)``
            Predictions of the test rows of each fit, such as probabilities of the classes, in the
            order of `fits`.
        """
        for P, _ in self._results(_predicted, fits, step, counts):
            yield P

    def joint_probabilities(
        self, fits: Sequence[JointFit], step: str, counts: Sequence[int] | None = None
    ) -> Iterator[tuple[list[Array], list[FitSummary]]]:
        """Fit candidates together and predict their test rows.

        Parameters
        ----------
        fits : sequence of JointFit
        step : str
            Name of the step, for the progress display.
        counts : sequence of int, optional
            As for `probabilities`; by default one for each model.

        Yields
        ------
        P : list of array of float64, shape ``(rows, outputs)``
            Predictions of the test rows by each candidate of a fit, in the order of `fits`.
        summaries : list of FitSummary
            One for each model; several candidates may be read from one.
        """
        yield from self._results(_predicted_together, fits, step, counts)

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

    def pipelines(
        self, fits: Sequence[tuple[Candidate, Array]], counts: Sequence[int] | None = None
    ) -> Iterator[Pipeline]:
        """Fit candidates.

        Parameters
        ----------
        fits : sequence of tuple
            Candidates with their training rows.
        counts : sequence of int, optional
            As for `probabilities`.

        Yields
        ------
        sklearn.pipeline.Pipeline
            The fitted pipelines, in the order of `fits`.
        """
        for fitted, _ in self._results(_fit, fits, "fitting", counts):
            yield fitted

    def _results(
        self,
        function: Callable[..., Any],
        tasks: Sequence[Any],
        step: str,
        counts: Sequence[int] | None = None,
    ) -> Iterator[tuple[Any, list[FitSummary]]]:
        """Results of the workers in order, with summaries; counts warnings, shows progress."""
        executor = self._executor.suited(len(tasks), isolate=False)
        with nullcontext() if self._epochs is None else self._epochs.shown(step):
            results = executor.map(function, tasks, shared=self._data, quick=self._data.is_small)
            for k, (result, summaries) in enumerate(results):
                self.summaries += summaries
                for _ in range(len(summaries) if counts is None else counts[k]):
                    self._fitted(step)
                yield result, summaries


def _predicted(
    data: _Data,
    candidate: Candidate,
    train: Array,
    test: Array,
    fold: str = "",
    is_measured: bool = False,
    is_final: bool = False,
) -> tuple[Array, list[FitSummary]]:
    from threadpoolctl import threadpool_limits

    pipeline, (summary,) = _fit(data, candidate, train, fold)
    X = _inputs(data, candidate, train, test)
    with threadpool_limits(1):
        task = TASKS[data.settings.task]
        P = task.predict(pipeline, X, data.outputs)
    if is_measured:
        summary.measure(pipeline)
    if is_final:
        summary.pipeline = pipeline
    return P, [summary]


def _predicted_together(
    data: _Data,
    candidates: tuple[Candidate, ...],
    train: Array,
    test: Array,
    fold: str = "",
    max_trees: int | None = None,
) -> tuple[list[Array], list[FitSummary]]:
    from threadpoolctl import threadpool_limits

    if len(candidates) == 1 and max_trees is None:
        P, summaries = _predicted(data, candidates[0], train, test, fold)
        return [P], summaries
    task, settings = TASKS[data.settings.task], data.settings
    X: Any
    X, tested = (_inputs(data, candidates[0], train, rows) for rows in (train, test))
    fitting = fitted_families(
        candidates,
        X,
        data.y[train],
        estimators=task.estimators,
        seed=settings.seed,
        select=settings.select,
        groups=data.groups[train],
        max_trees=max_trees,
    )
    places: dict[int, Array] = {}
    summaries = []
    while len(places) < len(candidates):
        summary = FitSummary(candidates[0].name, fold)
        with _watched(summary) as caught:
            family = next(fitting)
        summary.warnings = _warnings(family[0][0], caught)
        summaries.append(summary)
        with threadpool_limits(1):
            for candidate, fitted in family:
                places[candidates.index(candidate)] = task.predict(fitted, tested, data.outputs)
    return [places[k] for k in range(len(candidates))], summaries


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
) -> tuple[Pipeline, list[FitSummary]]:
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
    with epochs_written(data.epochs_folder, candidate.name, fold), _watched(summary) as caught:
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
    summary.warnings = _warnings(candidate, caught)
    return fitted, [summary]


@contextmanager
def _watched(summary: FitSummary) -> Iterator[list[warnings.WarningMessage]]:
    """Run a fit in one thread; measure its time, and collect its warnings."""
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught, summary.timed():
        warnings.simplefilter("always", ConvergenceWarning)
        warnings.simplefilter("always", FitWarning)
        yield caught


def _warnings(candidate: Candidate, caught: Sequence[warnings.WarningMessage]) -> list[str]:
    from sklearn.exceptions import ConvergenceWarning

    remarks = [one.message for one in caught if issubclass(one.category, FitWarning)]
    converged = not any(issubclass(one.category, ConvergenceWarning) for one in caught)
    return [
        *([] if converged else [f"{candidate} did not converge"]),
        *(f"{candidate}: {remark}" for remark in remarks),
    ]
