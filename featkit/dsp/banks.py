"""Filter banks: weighted sums over the bins of each frame.

A row of a bank has weights for consecutive bins. The sum of a frame runs over the bins in ascending
order wherever the frame is in the array, unlike that of BLAS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.lazy import cached_property
from featkit._utils.typing import Array
from featkit.dsp import _compiled

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DENSE = 0.5
"""Share of the weights that are not 0 from which all rows of a bank have all bins: rows with the
same bins are computed together."""


class Bank:
    """A filter bank.

    Parameters
    ----------
    weights : array, shape ``(rows, bins)``
        Weights of each row, most of them 0 at both ends.

    Attributes
    ----------
    shape : tuple of int
        Rows and bins.
    empty : array of bool, shape ``(rows,)``
        Whether a row has no weight.
    """

    def __init__(self, weights: Array) -> None:
        weights = np.asarray(weights, dtype=np.float32)
        self.shape: tuple[int, int] = weights.shape
        used = weights != 0
        self.empty: Array = ~used.any(axis=1)
        first = np.where(self.empty, 0, used.argmax(axis=1))
        end = np.where(self.empty, 0, used.shape[1] - used[:, ::-1].argmax(axis=1))
        if np.sum(end - first) > DENSE * weights.size:
            first, end = np.zeros_like(first), np.full_like(end, weights.shape[1])
        rows = [row[start:stop] for row, start, stop in zip(weights, first, end, strict=True)]
        self._first = first.astype(np.int64)
        self._begins = np.concatenate([[0], np.cumsum(end - first)]).astype(np.int64)
        self._weights = np.concatenate(rows)

    @classmethod
    def of_narrow_rows(cls, first: Array, rows: Array, bins: int) -> Bank:
        """Make a bank whose rows have equally many bins, without an array of all weights.

        Parameters
        ----------
        first : array of int, shape ``(rows,)``
            First bin of each row.
        rows : array, shape ``(rows, width)``
            Weights of the bins from the first on.
        bins : int
            Number of bins, at least ``first + width``.

        Returns
        -------
        Bank
        """
        bank = cls.__new__(cls)
        bank.shape = len(rows), bins
        bank.empty = np.logical_not(np.any(rows, axis=1))
        bank._first = first.astype(np.int64)
        bank._begins = rows.shape[1] * np.arange(len(rows) + 1, dtype=np.int64)
        bank._weights = rows.astype(np.float32).ravel()
        return bank

    @property
    def arrays(self) -> tuple[Array, Array, Array]:
        """The bank for the compiled core: first bin of each row, its first weight, and weights.

        Returns
        -------
        first : array of int64, shape ``(rows,)``
        begins : array of int64, shape ``(rows + 1,)``
        weights : array of float32, shape ``(weights,)``
        """
        return self._first, self._begins, self._weights

    def __matmul__(self, x: Array) -> Array:
        """Return the sums of all frames, see `of`."""
        return self.of(x, slice(0, x.shape[1]))

    def of(self, x: Array, frames: slice) -> Array:
        """Return the weighted sums of some frames.

        Parameters
        ----------
        x : array, shape ``(bins, all frames)``
        frames : slice
            The frames, with a start and a stop.

        Returns
        -------
        array, shape ``(rows, frames)``
            float32 if `x` is.
        """
        if _compiled.core is None or x.dtype != np.float32 or not x.flags.c_contiguous:
            return np.asarray(self._sparse @ x[:, frames])
        sums = np.empty((self.shape[0], frames.stop - frames.start), dtype=np.float32)
        bank = (self._first, self._begins, self._weights)
        _compiled.core.bank(x, self.shape[1], frames.start, frames.stop, *bank, sums)
        return sums

    def toarray(self) -> Array:
        """Return the weights.

        Returns
        -------
        array of float32, shape ``(rows, bins)``
        """
        weights = np.zeros(self.shape, dtype=np.float32)
        ends = self._begins[1:]
        for row, first, start, end in zip(weights, self._first, self._begins, ends, strict=False):
            row[first : first + end - start] = self._weights[start:end]
        return weights

    @cached_property
    def _sparse(self) -> csr_array:
        from scipy.sparse import csr_array

        places = np.arange(len(self._weights)) - np.repeat(self._begins[:-1], self._lengths)
        indices = np.repeat(self._first, self._lengths) + places
        parts = self._weights, indices, self._begins
        bank = csr_array(parts, shape=self.shape, copy=True)
        bank.eliminate_zeros()  # in place
        return bank

    @property
    def _lengths(self) -> Array:
        return np.diff(self._begins)
