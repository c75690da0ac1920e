"""Fit a pipeline to training rows that are read from disk in blocks.

The steps before the estimator are fitted first:

- ``impute``: missing values of any row add an indicator. The medians are those of at most
  `SAMPLE_ROWS` training rows, drawn at random; the standard error of a median of 100,000 rows is
  0.4 % of the standard deviation of normally distributed values.
- ``resolve``: the columns to rescale are chosen by the same rows.
- ``scale``: mean and variance of all rows, one block after the other (Chan et al. 1983).

The estimator then fits itself to `TrainingBlocks`: see `Estimator.fit_blocks`. Blocks depend on the
limit of the memory only, not on how a table is divided into files, nor on the number of workers.

References
----------
Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The American Statistician
37(3), 1983.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.storage.scratch import scratch_folder
from featkit.table.disk_matrix import (
    BLOCKS_IN_MEMORY,
    DiskMatrix,
    Matrix,
    blocks,
    rows_within,
    sampled_rows,
    scratch_errors,
)

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from featkit.models.estimator import Estimator


class TrainingBlocks:
    """Training rows, as an estimator that fits itself to blocks sees them.

    Parameters
    ----------
    X : array or DiskMatrix, shape ``(rows, columns)``
        Training rows, in the order of the table.
    y : array, shape ``(rows,)``
        Their targets.
    limit : int
        Bytes that the features may take in memory.
    folder : Path
        Folder for temporary files, which are removed after the fit.
    steps : sequence of transformer
        Fitted steps of the pipeline, which are applied to each block.

    Attributes
    ----------
    y : array, shape ``(rows,)``
        Targets of all rows.
    limit : int
        Bytes that the features may take in memory.
    folder : Path
        Folder for temporary files.
    """

    def __init__(
        self, X: Matrix, y: Array, limit: int, folder: Path, steps: Sequence[Any] = ()
    ) -> None:
        self._X = X
        self._steps = list(steps)
        self.y = y
        self.limit = limit
        self.folder = folder

    @property
    def nbytes(self) -> int:
        """Bytes of all feature values before the steps."""
        return int(self._X.nbytes)

    def __len__(self) -> int:
        return len(self._X)

    def __iter__(self) -> Iterator[tuple[Array, Array]]:
        """Yield the prepared features of each block, and its targets."""
        start = 0
        for block in blocks(self._X, self.rows_at_once(self._X.shape[1])):
            rows = slice(start, start + len(block))
            yield self._prepared(block), self.y[rows]
            start += len(block)

    def rows_at_once(self, width: int) -> int:
        """Return the rows of a block.

        Parameters
        ----------
        width : int
            Number of columns.

        Returns
        -------
        int
        """
        return rows_within(self.limit // BLOCKS_IN_MEMORY, width)

    def after(self, step: Any) -> TrainingBlocks:
        """Return the same rows after one more step.

        Parameters
        ----------
        step : transformer
            A fitted step.

        Returns
        -------
        TrainingBlocks
        """
        return TrainingBlocks(self._X, self.y, self.limit, self.folder, [*self._steps, step])

    def sample(self, seed: int) -> Array:
        """Return prepared features of rows that are drawn at random.

        Parameters
        ----------
        seed : int
            Seed of the draw.

        Returns
        -------
        array of float64, shape ``(rows, columns)``
        """
        rows = sampled_rows(self._X, np.arange(len(self)), self.limit, seed=seed)
        return self._prepared(np.asarray(self._X[rows]))

    def _prepared(self, block: Array) -> Array:
        for step in self._steps:
            block = step.transform(block)
        return block


def fit_over_blocks(
    pipeline: Pipeline,
    estimator: Estimator,
    X: Matrix,
    y: Array,
    *,
    limit: int,
    seed: int,
) -> None:
    """Fit a pipeline in place.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        An unfitted pipeline of an estimator with `fit_blocks`.
    estimator : Estimator
        The kind of its last step.
    X : array or DiskMatrix, shape ``(rows, columns)``
        Training rows.
    y : array, shape ``(rows,)``
        Their targets.
    limit : int
        Bytes that the features may take in memory.
    seed : int
        Seed of the draw of rows for medians.

    Raises
    ------
    StoreError, WriteError
        If the folder for temporary files is full or cannot be written to.
    """
    assert estimator.fit_blocks is not None
    with _folder_for_fit(X) as folder:
        rows = TrainingBlocks(X, y, limit, folder)
        for name, step in pipeline.steps[:-1]:
            FIT_STEP[name](step, rows, seed)
            rows = rows.after(step)
        estimator.fit_blocks(pipeline.steps[-1][1], rows)


@contextmanager
def _folder_for_fit(X: Matrix) -> Iterator[Path]:
    """A folder beside a matrix on disk, so that both are removed if this worker is killed."""
    if isinstance(X, DiskMatrix):
        beside = X.path.parent
        with scratch_errors(beside), tempfile.TemporaryDirectory(dir=beside) as folder:
            yield Path(folder)
    else:
        with scratch_folder() as own, scratch_errors(own):
            yield own


def _fit_imputer(step: Any, rows: TrainingBlocks, seed: int) -> None:
    """Fit to two rows that have the medians, and a gap in each column with missing values."""
    sample = rows.sample(seed)
    empty = np.isnan(sample).all(axis=0)
    medians = np.full(sample.shape[1], np.nan)
    medians[~empty] = np.nanmedian(sample[:, ~empty], axis=0)
    has_gaps = np.zeros(sample.shape[1], dtype=bool)
    for block, _ in rows:
        has_gaps |= np.isnan(block).any(axis=0)
    step.fit(np.array([medians, np.where(has_gaps, np.nan, medians)]))


def _fit_rescaler(step: Any, rows: TrainingBlocks, seed: int) -> None:
    step.fit(rows.sample(seed))


def _fit_scaler(step: Any, rows: TrainingBlocks, seed: int) -> None:
    for block, _ in rows:
        step.partial_fit(block)


FIT_STEP = {"impute": _fit_imputer, "resolve": _fit_rescaler, "scale": _fit_scaler}
"""How each step of a pipeline is fitted to blocks."""
