"""The recording of each row of a table, or its part of one."""

from __future__ import annotations

import numpy as np

from featkit.auditing.issue import Place
from featkit.schema import TIME_COLUMNS
from featkit.table.feature_table import FeatureTable


def row_places(table: FeatureTable, *, is_divided: bool | None = None) -> list[Place]:
    """Return the place of each row.

    Parameters
    ----------
    table : FeatureTable
        The rows.
    is_divided : bool, optional
        Whether the rows of a recording count one by one, as annotated intervals do. Otherwise they
        are segments of the same place. By default, the provenance of the table decides.

    Returns
    -------
    list of Place
        Without times, unless the rows of a recording count one by one and several have its path.
    """
    if "path" in table.keys:
        paths = table.column("path").tolist()
    else:
        paths = [table.row_name(row) for row in range(len(table))]
    is_divided = table.is_annotated if is_divided is None else is_divided
    has_times = all(name in table.keys for name in TIME_COLUMNS)
    if not (is_divided and has_times and len(set(paths)) < len(paths)):
        return [Place(path) for path in paths]
    times = [np.asarray(table.keys[name], dtype=np.float64).tolist() for name in TIME_COLUMNS]
    return [Place(*one) for one in zip(paths, *times, strict=True)]
