"""Summaries of fits: time, size of the model, and the learning curve of a network."""

from __future__ import annotations

import io
import pickle
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from featkit.models.leaderboard_types import LearningCurve

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass
class FitSummary:
    """Time, size and learning curve of one fit.

    Attributes
    ----------
    model, fold : str
        Name of the estimator, and of the outer fold; "" where unknown.
    warnings : sequence of str
        Warnings of the fit.
    processor_seconds, seconds : float
        Time of the processor, and time that passed, without reading and predicting.
    model_bytes : int
        Size of the fitted pipeline as Python stores it, uncompressed; 0 if it is not measured.
    curve : LearningCurve or None
        Of a network whose test rows are scored.
    pipeline : sklearn.pipeline.Pipeline or None
        The fitted pipeline, if it is the final one.
    """

    model: str
    fold: str = ""
    warnings: Sequence[str] = ()
    processor_seconds: float = 0.0
    seconds: float = 0.0
    model_bytes: int = 0
    curve: LearningCurve | None = None
    pipeline: Pipeline | None = None

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Measure the time of a block.

        Yields
        ------
        None
        """
        start, processor_start = time.perf_counter(), time.process_time()
        yield
        self.seconds = time.perf_counter() - start
        self.processor_seconds = time.process_time() - processor_start

    def measure(self, pipeline: Pipeline) -> None:
        """Add the size and the learning curve of a fitted pipeline.

        Parameters
        ----------
        pipeline : sklearn.pipeline.Pipeline
        """
        self.model_bytes = pickled_bytes(pipeline)
        classifier = pipeline.named_steps["model"]
        if history := getattr(classifier, "history_", None):
            self.curve = LearningCurve.of(self.model, self.fold, history, classifier.best_epoch_)


class Effort(NamedTuple):
    """Time and size of the training of a model on all outer folds.

    Attributes
    ----------
    processor_seconds, seconds : float
        Sum over all fits of the outer folds, also those that select and calibrate on inner folds.
        With several workers, fits run at the same time.
    model_bytes : float
        Mean size of the fitted models of the outer folds.
    """

    processor_seconds: float
    seconds: float
    model_bytes: float


def total_effort(selection: Iterable[FitSummary], scoring: Sequence[FitSummary]) -> Effort:
    """Add the efforts of the fits of a model.

    Parameters
    ----------
    selection : iterable of FitSummary
        Fits on inner folds.
    scoring : sequence of FitSummary
        One for each outer fold.

    Returns
    -------
    Effort
    """
    fits = [*selection, *scoring]
    return Effort(
        sum(one.processor_seconds for one in fits),
        sum(one.seconds for one in fits),
        float(np.mean([one.model_bytes for one in scoring])),
    )


class _Counter(io.RawIOBase):
    """A file that counts the bytes that are written to it."""

    count = 0

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self.count += size
        return size


def pickled_bytes(value: Any) -> int:
    """Return the size of an object as Python stores it.

    Parameters
    ----------
    value : object

    Returns
    -------
    int
        Bytes.
    """
    counter = _Counter()
    pickle.dump(value, counter, protocol=5)
    return counter.count
