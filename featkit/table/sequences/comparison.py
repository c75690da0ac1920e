"""Differences between the sequences of two tables, read in blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from featkit._utils.typing import Array
from featkit.table.sequences.sequences import ROWS_AT_ONCE, SequenceArray, Sequences

COLUMNS = ("kind", "a", "b", "rows", "max_absolute", "worst")


def sequence_differences(
    a: Sequences | None,
    b: Sequences | None,
    names: Sequence[str],
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
) -> pd.DataFrame:
    """Compare the sequences of the same rows of two tables.

    Parameters
    ----------
    a, b : Sequences or None
        Sequences of the rows; None for a table without.
    names : sequence of str
        Names of the rows.
    rtol, atol : float
        Relative and absolute tolerance: ``atol + rtol * max(|a|, |b|)``.

    Returns
    -------
    DataFrame
        Kinds that differ: ``kind``, ``a`` and ``b`` (type and shape, "" if missing), ``rows`` (that
        differ in values or true frames; all of them if the shapes differ), ``max_absolute``, and
        ``worst``, the row of this value. NaN and "" where values cannot be compared.
    """
    kinds_a, kinds_b = ({} if one is None else one.kinds for one in (a, b))
    rows: list[tuple[Any, ...]] = []
    for kind in {**kinds_a, **kinds_b}:
        one, two = kinds_a.get(kind), kinds_b.get(kind)
        forms = [_form(one), _form(two)]
        if one is None or two is None or one.shape != two.shape:
            rows.append((kind, *forms, len(names), np.nan, ""))
            continue
        count, largest, worst = _compare(one, two, rtol, atol)
        if count:
            rows.append((kind, *forms, count, largest, names[worst]))
    return pd.DataFrame(rows, columns=[*COLUMNS])


def _form(kind: SequenceArray | None) -> str:
    return "" if kind is None else f"{kind.dtype} {' × '.join(map(str, kind.shape))}"


def _compare(
    one: SequenceArray, two: SequenceArray, rtol: float, atol: float
) -> tuple[int, float, int]:
    """Number of rows that differ, the largest difference, and its row."""
    count, largest, worst = 0, -1.0, 0
    for start in range(0, len(one), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(one)))
        x, y = (kind.rows(rows).read().astype(np.float64) for kind in (one, two))
        difference = np.abs(x - y)
        far = difference > atol + rtol * np.maximum(np.abs(x), np.abs(y))
        differs: Array = far.any(axis=(1, 2)) | (one.lengths[rows] != two.lengths[rows])
        count += int(differs.sum())
        largest_here = np.where(differs, difference.max(axis=(1, 2), initial=0.0), -1.0)
        if largest_here.max() > largest:
            largest, worst = float(largest_here.max()), start + int(np.argmax(largest_here))
    return count, largest, worst
