"""Whether a table fits in memory, from the numbers of its rows and columns, before it is read.

Training a table in memory takes several copies of its features: the table, the matrix of the
problem, and in each fit the training rows before and after imputation and scaling.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from featkit._utils.data_sizes import parse_size
from featkit._utils.parameters import check_parameter
from featkit.schema import is_reserved
from featkit.table.arrow import frame_names
from featkit.table.disk_matrix import VALUE_BYTES
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import column_names, copy_of_table, readable_format, row_count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from featkit.models.training_tables import Table

SHARE_OF_MEMORY = 0.75
"""Share of the memory of this process that feature values may take by default. The rest is for the
keys, the predictions and the libraries."""

COPIES = 8
"""Copies of the features in memory: two of the table, and three in each of two fits."""

FITS_IN_MEMORY = 2
"""Fits of a sample that run at a time, so that `COPIES` holds."""

FITS_OVER_BLOCKS = 4
"""Fits over blocks that run at a time."""

CGROUP_LIMITS = (
    "/sys/fs/cgroup/memory.max",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",
)
"""Files with the memory limit of a container, for both versions of control groups."""


MIN_LIMIT = 10**6
"""Smallest limit in bytes."""


class MemoryShortage(NamedTuple):
    """Features that do not fit in memory.

    Attributes
    ----------
    limit : int
        Bytes that they may take in memory.
    size : int
        Bytes of all of them.
    """

    limit: int
    size: int


def memory_shortage(tables: Iterable[Table], max_memory: int | str | None) -> MemoryShortage | None:
    """Return the size of the features and of the memory for them, if they do not fit.

    Parameters
    ----------
    tables : iterable of FeatureTable, DataFrame or path
        The tables of a training.
    max_memory : int or str, optional
        Bytes, or a size such as ``"4GB"``; by default `SHARE_OF_MEMORY` of the memory of this
        process.

    Returns
    -------
    MemoryShortage or None
        None if the values of all tables fit `COPIES` times.

    Raises
    ------
    ParameterError
        If `max_memory` is no size, or below `MIN_LIMIT`.
    """
    limit = default_limit()
    if max_memory is not None:
        limit = parse_size("max_memory", max_memory)
        check_parameter("max_memory", limit, int, at_least=MIN_LIMIT)
    if limit is None:
        return None
    size = sum(map(feature_bytes, tables))
    return MemoryShortage(limit, size) if size * COPIES > limit else None


def default_limit() -> int | None:
    """Return the default limit in bytes, or None if this system does not report its memory.

    Returns
    -------
    int or None
        `SHARE_OF_MEMORY` of the memory of this machine or container.
    """
    memory = process_memory()
    return None if memory is None else int(SHARE_OF_MEMORY * memory)


def process_memory() -> int | None:
    """Return the bytes of memory that this process may use.

    Returns
    -------
    int or None
        The memory of the machine, or the limit of its container if that is less; None if the system
        reports neither.
    """
    sizes = []
    with suppress(AttributeError, OSError, ValueError):  # not on Windows
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in CGROUP_LIMITS:
        with suppress(OSError, ValueError):  # "max" without a limit
            sizes.append(int(Path(path).read_text("ascii")))
    return min((size for size in sizes if size > 0), default=None)


def feature_bytes(table: Table) -> int:
    """Return the bytes of the features of a table, without reading its rows.

    Parameters
    ----------
    table : FeatureTable, DataFrame or path

    Returns
    -------
    int
        Of 8 bytes for each value. In a file, all columns count that are no keys or quality columns.
        A text file counts with its size, compressed or not.
    """
    if isinstance(table, FeatureTable):
        return len(table) * len(table.feature_names) * VALUE_BYTES
    if not isinstance(table, str | os.PathLike):
        rows = table.num_rows if hasattr(table, "num_rows") else len(table)  # type: ignore[arg-type]
        return rows * len(frame_names(table)) * VALUE_BYTES
    if readable_format(table).row_count is None:
        with copy_of_table(table) as file:
            return os.path.getsize(file)
    names = [name for name in column_names(table) if not is_reserved(name)]
    return row_count(table) * len(names) * VALUE_BYTES
