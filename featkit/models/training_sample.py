"""The training sample: parts of the training rows that a model keeps, to explain predictions.

A few rows serve as background, whose values replace those of columns that an explanation leaves
out. For each class the quartiles of every column are kept. A digest of every row shows whether a
row of another table was used in training.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Self

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.group_normalization import GroupNormalization, normalized_rows
from featkit.models.problem import Problem, texts
from featkit.models.task import TASKS
from featkit.table.disk_matrix import Matrix
from featkit.table.sequences.sequences import Sequences

BACKGROUND_ROWS = 30

QUARTILES = (25, 75)
"""Percentiles that bound the usual values of a class."""

DIGEST_BYTES = 8
"""Two of a million rows have the same digest with a probability of 3e-8."""

ROWS_AT_ONCE = 1024
"""Rows whose digests are computed together."""

MANTISSA_BITS = 18
"""Bits of a number that a digest depends on: five digits."""


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """The parts of the training rows that a model keeps.

    Attributes
    ----------
    background : array of float64, shape ``(rows, columns)``
        Some training rows as the pipeline sees them, so normalised if columns are; NaN where a
        value is missing.
    usual : array of float64, shape ``(2, outputs, columns)``
        Lower and upper quartile of each column for each output, such as each class, in the units of
        the table.
    rows : list of bytes
        A digest of each row of the table, of its numbers, or sequences, with target and group.
    numbers : list of bytes
        A digest of each row of the table, of its numbers, or sequences, alone.
    unseen : list of int
        Positions of the rows that were held out.
    """

    background: Array
    usual: Array
    rows: list[bytes]
    numbers: list[bytes]
    unseen: list[int]

    def contains(self, rows: Sequence[bytes], numbers: Sequence[bytes]) -> Array:
        """Return whether the model was trained on each of some rows.

        Numbers that occur more than once, such as those of silence, do not identify a row.

        Parameters
        ----------
        rows, numbers : sequence of bytes
            Digests of the rows, as in the attributes.

        Returns
        -------
        array of bool, shape ``(rows,)``
        """
        unseen = set(self.unseen)
        trained = {row for k, row in enumerate(self.rows) if k not in unseen}
        counts = Counter(self.numbers)
        unique = {n for k, n in enumerate(self.numbers) if counts[n] == 1 and k not in unseen}
        return np.array(
            [row in trained or n in unique for row, n in zip(rows, numbers, strict=True)]
        )

    def to_plain(self) -> dict[str, Any]:
        """Convert to plain data.

        Returns
        -------
        dict
            Arrays as nested lists with None for NaN, digests as Base64.
        """
        return {
            "background": _none_for_nan(self.background.tolist()),
            "usual": _none_for_nan(self.usual.tolist()),
            "rows": base64.b64encode(b"".join(self.rows)).decode(),
            "numbers": base64.b64encode(b"".join(self.numbers)).decode(),
            "unseen": list(self.unseen),
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Read a sample from plain data.

        Parameters
        ----------
        data : mapping
            As `to_plain` gives it.

        Returns
        -------
        TrainingSample

        Raises
        ------
        ModelError
            If something is missing or has the wrong type.
        """
        try:
            return cls(
                background=np.array(data["background"], dtype=np.float64),
                usual=np.array(data["usual"], dtype=np.float64),
                rows=_split_digests(data["rows"]),
                numbers=_split_digests(data["numbers"]),
                unseen=list(map(int, data["unseen"])),
            )
        except (KeyError, TypeError, ValueError, binascii.Error):
            raise ModelError("it has no valid training sample, which explanations need") from None

    def check(self, n_outputs: int, n_columns: int) -> None:
        """Check that the sample fits a model.

        Parameters
        ----------
        n_outputs, n_columns : int
            Numbers of outputs, such as classes, and of columns of the model.

        Raises
        ------
        ModelError
            If it does not.
        """
        if self.background.ndim != 2 or self.background.shape[1] != n_columns:
            raise ModelError("its training rows do not fit its columns")
        if self.usual.shape != (2, n_outputs, n_columns):
            raise ModelError("its quartiles do not fit its columns and classes")
        count = len(self.rows)
        if count != len(self.numbers) or not set(self.unseen) <= set(range(count)):
            raise ModelError("its lists of training rows and held-out rows do not fit together")


def background_rows(X: Matrix, *, seed: int) -> Array:
    """Draw rows at random, and keep their order.

    Parameters
    ----------
    X : array of float64 or DiskMatrix, shape ``(rows, columns)``
        The training rows.
    seed : int
        Seed of the random draw.

    Returns
    -------
    array of float64
        At most `BACKGROUND_ROWS` of the rows.
    """
    rows = np.random.default_rng(seed).permutation(len(X))[:BACKGROUND_ROWS]
    return np.asarray(X[np.sort(rows)])


def sample_training_rows(
    problem: Problem,
    rows: Array,
    normalization: GroupNormalization | None = None,
    *,
    seed: int,
) -> TrainingSample:
    """Take the training sample of a model.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    rows : array of int
        Positions of the training rows; all others were held out.
    normalization : GroupNormalization, optional
        The normalisation of the model.
    seed : int
        Seed of the random draw of the background.

    Returns
    -------
    TrainingSample
    """
    sequences = problem.table.sequences
    inputs = problem.X if problem.columns or sequences is None else sequences
    Z = normalized_rows(normalization, problem.X, problem.normalization_groups, rows)
    return TrainingSample(
        background=background_rows(Z, seed=seed),
        usual=TASKS[problem.task].quartiles(problem, rows),
        rows=digests(inputs, texts(problem.table, problem.target), groups_of(problem)),
        numbers=digests(inputs),
        unseen=np.setdiff1d(np.arange(len(problem)), rows).tolist(),
    )


def column_quartiles(X: Array) -> Array:
    """Compute the quartiles of each column.

    Parameters
    ----------
    X : array of float64, shape ``(rows, columns)``
        Some training rows, NaN where a value is missing.

    Returns
    -------
    array of float64, shape ``(2, columns)``
        See `QUARTILES`; NaN for a column without a value.
    """
    if not X.shape[1]:  # np.nanpercentile loses an axis
        return np.empty((len(QUARTILES), 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        quartiles: Array = np.nanpercentile(X, QUARTILES, axis=0)
    return quartiles


def groups_of(problem: Problem) -> Array:
    """Return the group of each row, or "" where the groups are only row numbers.

    Parameters
    ----------
    problem : Problem
        The table, with groups.

    Returns
    -------
    array of str, shape ``(rows,)``
    """
    row_numbers = np.arange(len(problem)).astype(np.str_)
    grouped = not np.array_equal(problem.bootstrap_groups, row_numbers)
    return problem.bootstrap_groups if grouped else np.full(len(problem), "")


def digests(X: Matrix | Sequences, *texts: Array) -> list[bytes]:
    """Compute a digest of each row: the first bytes of a SHA-256 hash.

    Numbers are rounded to `MANTISSA_BITS` bits, because last digits differ between computers. Those
    of sequences are not: among thousands of numbers, one would always be rounded differently.

    Parameters
    ----------
    X : array of float64 or DiskMatrix, shape ``(rows, columns)``; or Sequences
        Numbers, or sequences, of the rows.
    *texts : array of str, shape ``(rows,)``
        Texts that belong to the rows, such as class and group.

    Returns
    -------
    list of bytes
    """
    columns = [text.tolist() for text in texts]
    labels = zip(*columns, strict=True) if columns else repeat(())
    return [
        hashlib.sha256(row + json.dumps(own).encode()).digest()[:DIGEST_BYTES]
        for row, own in zip(_row_bytes(X), labels, strict=False)
    ]


def _row_bytes(X: Matrix | Sequences) -> Iterator[bytes]:
    """The bytes of the numbers of each row, or a hash of its sequences."""
    if isinstance(X, Sequences):
        yield from X.digests()
    else:
        yield from (row.tobytes() for row in _rounded_rows(X))


def _rounded_rows(X: Matrix) -> Iterator[Array]:
    """The rows with rounded numbers, computed for some rows at a time."""
    for start in range(0, len(X), ROWS_AT_ONCE):
        block = np.asarray(X[start : start + ROWS_AT_ONCE], dtype=np.float64)
        mantissa, exponent = np.frexp(block)
        # Adding 0.0 turns -0.0 into 0.0.
        rounded = np.ldexp(np.rint(mantissa * 2**MANTISSA_BITS), exponent - MANTISSA_BITS) + 0.0
        yield from np.ascontiguousarray(np.where(np.isnan(block), np.nan, rounded), dtype="<f8")


def _split_digests(text: str) -> list[bytes]:
    packed = base64.b64decode(text, validate=True)
    return [packed[k : k + DIGEST_BYTES] for k in range(0, len(packed), DIGEST_BYTES)]


def _none_for_nan(x: Any) -> Any:
    """Nested lists with None for NaN, which JSON lacks."""
    if isinstance(x, list):
        return [_none_for_nan(item) for item in x]
    return None if x != x else x


def match_positions(wanted: Sequence[bytes], available: Sequence[bytes]) -> Array:
    """Find each wanted digest among the available ones.

    Equal digests are matched in their order, each once.

    Parameters
    ----------
    wanted, available : sequence of bytes
        Digests of rows.

    Returns
    -------
    array of int, shape ``(wanted,)``
        Positions among the available; -1 where there is none.
    """
    unused: dict[bytes, list[int]] = {}
    for place in range(len(available) - 1, -1, -1):
        unused.setdefault(available[place], []).append(place)
    positions = [unused[digest].pop() if unused.get(digest) else -1 for digest in wanted]
    return np.array(positions, dtype=np.intp)
