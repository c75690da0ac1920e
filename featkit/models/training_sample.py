"""What a model remembers of the rows that it learnt from, to explain others by.

A few of them, whose values stand in for a column that is not yet known; for each class between
which values the middle half of its rows lies; and of every row a digest, by which it is known again
in another table.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ModelError
from featkit.models.problem import Problem

BACKGROUND_ROWS = 30

MIDDLE_HALF = (25, 75)
"""Percentiles between which the usual values of a class lie."""


DIGEST = 8
"""Bytes of a row's digest: that any two of a million rows are alike has a chance of 3e-8."""


BITS = 18
"""Of a number that count: some five digits."""


class Reference(NamedTuple):
    """``background``: ``(rows, columns)``; ``usual``: low and high, ``(2, classes, columns)``.

    Of each row of the table that the model was trained on, in its order: ``rows``, a digest of its
    numbers, class and group, and ``numbers``, one of its numbers alone. ``unseen``: the places of
    those that it has not learnt from, for they were held out.
    """

    background: Array
    usual: Array
    rows: list[bytes]
    numbers: list[bytes]
    unseen: list[int]

    def learnt(self, rows: Sequence[bytes], numbers: Sequence[bytes]) -> Array:
        """Whether the model has learnt from each of some rows, ``(rows,)``.

        Numbers that stood there more than once, such as those of silence, tell nothing alone.
        """
        unseen = set(self.unseen)
        known = {row for k, row in enumerate(self.rows) if k not in unseen}
        often = Counter(self.numbers)
        once = {n for k, n in enumerate(self.numbers) if often[n] == 1 and k not in unseen}
        return np.array([row in known or n in once for row, n in zip(rows, numbers, strict=True)])


def background(X: Array, *, seed: int) -> Array:
    """Some of the rows, in their order."""
    rows = np.random.default_rng(seed).permutation(len(X))[:BACKGROUND_ROWS]
    return X[np.sort(rows)]


def reference(problem: Problem, rows: Array, *, seed: int) -> dict[str, Any]:
    """The reference of a model that learnt from these rows, as plain data; None for NaN."""
    X, y = problem.X[rows], problem.y[rows]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a class without a value in a column
        usual = [np.nanpercentile(X[y == name], MIDDLE_HALF, axis=0) for name in problem.classes]
    found = {"background": background(X, seed=seed), "usual": np.stack(usual, axis=1)}
    return {
        **{name: _without_nan(x.tolist()) for name, x in found.items()},
        "rows": _packed(digests(problem.X, problem.y, groups_of(problem))),
        "numbers": _packed(digests(problem.X)),
        "unseen": np.setdiff1d(np.arange(len(problem)), rows).tolist(),
    }


def groups_of(problem: Problem) -> Array:
    """What each row belongs to, "" where that is no more than its place in the table."""
    places = np.arange(len(problem)).astype(np.str_)
    named = not np.array_equal(problem.drawn, places)
    return problem.drawn if named else np.full(len(problem), "")


def digests(X: Array, *texts: Array) -> list[bytes]:
    """The first bytes of the SHA-256 of each row: of its numbers, and of texts beside them.

    Numbers count with `BITS` of their mantissa: another machine may give other last digits.
    """
    mantissa, exponent = np.frexp(np.asarray(X, dtype=np.float64))
    rounded = np.ldexp(np.rint(mantissa * 2**BITS), exponent - BITS) + 0.0  # no -0.0
    rows = np.ascontiguousarray(np.where(np.isnan(X), np.nan, rounded), dtype="<f8")
    found = []
    for k, row in enumerate(rows):
        beside = json.dumps([str(of[k]) for of in texts]).encode()
        found.append(hashlib.sha256(row.tobytes() + beside).digest()[:DIGEST])
    return found


def _packed(each: Sequence[bytes]) -> str:
    return base64.b64encode(b"".join(each)).decode()


def _unpacked(text: str) -> list[bytes]:
    packed = base64.b64decode(text, validate=True)
    return [packed[k : k + DIGEST] for k in range(0, len(packed), DIGEST)]


def _without_nan(x: Any) -> Any:
    """Nested lists with None, which JSON knows, for NaN, which it does not."""
    if isinstance(x, list):
        return [_without_nan(each) for each in x]
    return None if x != x else x


def read_reference(training: Mapping[str, Any], classes: int, columns: int) -> Reference:
    """The reference that a model file holds.

    Raises
    ------
    ModelError
        If it holds none that fits.
    """
    try:
        held = training["reference"]
        rows, usual = (np.array(held[name], dtype=np.float64) for name in ("background", "usual"))
        each, numbers = (_unpacked(held[name]) for name in ("rows", "numbers"))
        unseen = list(map(int, held["unseen"]))
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise ModelError("the model holds no rows to explain others by: train it again") from None
    if rows.ndim != 2 or rows.shape[1] != columns or usual.shape != (2, classes, columns):
        raise ModelError("the rows that the model holds do not fit its columns and classes")
    if not set(unseen) <= set(range(len(each))) or len(each) != len(numbers):
        raise ModelError("the model names rows as held out that it was not given")
    return Reference(rows, usual, each, numbers, unseen)


def places(wanted: Sequence[bytes], there: Sequence[bytes]) -> Array:
    """Where each row wanted is among those that are there; -1 where it is not.

    Rows that are the same are taken in their order, each once.
    """
    left: dict[bytes, list[int]] = {}
    for place in range(len(there) - 1, -1, -1):
        left.setdefault(there[place], []).append(place)
    return np.array([left[each].pop() if left.get(each) else -1 for each in wanted], dtype=np.intp)
