"""The folder for the features of a table that does not fit in memory, and how such a table is used.

Estimators with `fit_blocks` are trained on all rows. All others, and options that need the rows of
a fit at once, use a sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from featkit.models.estimator import AUTO, COLUMNS, Estimator
from featkit.models.out_of_core.memory import MemoryShortage
from featkit.models.settings import Settings
from featkit.models.task import TASKS
from featkit.storage.scratch import scratch_folder
from featkit.table.disk_matrix import check_space


class Scratch(NamedTuple):
    """Where the features of a table are, if they do not fit in memory.

    Attributes
    ----------
    folder : Path
        Folder for temporary files.
    limit : int
        Bytes that features may take in memory.
    """

    folder: Path
    limit: int


@contextmanager
def open_scratch(shortage: MemoryShortage | None) -> Iterator[Scratch | None]:
    """Make a folder for the features of a table, and remove it at the end.

    Parameters
    ----------
    shortage : MemoryShortage or None
        Size and limit of the features; None if they fit in memory.

    Yields
    ------
    Scratch or None
        None without a shortage.

    Raises
    ------
    StoreError
        If the folder for temporary files cannot be written to.
    WriteError
        If it has too little space.
    """
    if shortage is None:
        yield None
        return
    with scratch_folder() as folder:
        check_space(folder.parent, shortage.size)
        yield Scratch(folder, shortage.limit)


def sample_reason(settings: Settings) -> str:
    """Return why a training needs its rows in memory, and uses a sample if they do not fit.

    Parameters
    ----------
    settings : Settings
        Settings of the training.

    Returns
    -------
    str
        A clause; "" if the estimator can be fitted to blocks of rows.
    """
    estimators = TASKS[settings.task].estimators
    if AUTO in settings.models:
        return f"{AUTO} compares models that need their training rows in memory"
    for name in settings.models:
        if name in estimators and _needs_matrix(estimators[name]):
            return f"{name} needs its training rows in memory"
    if settings.select is not None:
        return "feature selection needs its training rows in memory"
    if settings.normalize_by is not None:
        return "normalisation within groups needs all rows of a group in memory"
    return ""


def _needs_matrix(estimator: Estimator) -> bool:
    return estimator.inputs == COLUMNS and estimator.fit_blocks is None
