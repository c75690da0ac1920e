"""The recordings of the group of one file, for models that normalise columns within groups."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from featkit.storage.names import is_same_file
from featkit.storage.urls import is_url, join_url, name_of

if TYPE_CHECKING:
    from featkit._utils.typing import Array
    from featkit.models.model import Model
    from featkit.table.feature_table import FeatureTable

GROUP = "group of the recording"
"""Column of the table that says that all of its rows belong together."""


def group_files(model: Model, file: str, group_from: str | None) -> list[str]:
    """Find the recordings that belong to the group of a file, in its folder.

    Parameters
    ----------
    model : Model
        The model.
    file : str
        The recording.
    group_from : str or None
        Source of the groups; see `Model.predict`.

    Returns
    -------
    list of str
        The file, then the others; the file alone if the model does not normalise within groups.

    Raises
    ------
    ParameterError
        If the source has no use, needs a table, or refers to folders above that of the file.
    ModelError
        If no source is given, and the names of recordings do not suffice.
    """
    import numpy as np

    from featkit.datasets.files import find
    from featkit.errors import ParameterError
    from featkit.models.row_groups import (
        FOLDER_RULE,
        NO_GROUPS,
        check_source_of_sound,
        row_groups,
    )
    from featkit.table.feature_table import FeatureTable

    if model.normalization is None:
        if group_from is not None:
            raise ParameterError(NO_GROUPS)
        return [file]
    check_source_of_sound(model.normalization, group_from, has_manifest=False)
    nearby = [one.file for one in find([folder_of(file)]) if "/" not in one.path]
    others = [other for other in nearby if not is_same_file(other, file)]
    if group_from is not None and (level := FOLDER_RULE.fullmatch(group_from)):
        if level[1] not in (None, "1"):
            raise ParameterError(
                f"group_from {group_from!r}: only the folder of the file is searched for recordings"
                " of its group: use `folder`, or make a table and a report of it"
            )
        return [file, *others]
    names = np.array([name_of(one) for one in (file, *others)])
    table = FeatureTable({"path": names}, [], np.empty((len(names), 0)))
    groups = row_groups(table, model.normalization, group_from, None).names
    return [file, *(others[k] for k in np.flatnonzero(groups[1:] == groups[0]))]


def folder_of(file: str) -> str:
    """Return the folder that contains a file.

    Parameters
    ----------
    file : path or URL
        The file.

    Returns
    -------
    str
        Its absolute path, or URL.
    """
    return join_url(file, "..") if is_url(file) else os.path.dirname(os.path.abspath(file))


def with_group(model: Model, table: FeatureTable, file: str) -> tuple[FeatureTable, Array]:
    """Mark the rows of a table as one group, and find those of a file.

    Parameters
    ----------
    model : Model
        The model.
    table : FeatureTable
        Rows of recordings in the folder of the file.
    file : str
        The recording.

    Returns
    -------
    table : FeatureTable
        With the column `GROUP`, if the model normalises within groups.
    own : array of bool, shape ``(rows,)``
        Whether each row belongs to the file.
    """
    import numpy as np

    own = table.column("path") == name_of(file)
    if model.normalization is not None:
        table = table.with_key(GROUP, np.full(len(table), "1", dtype=object))
    return table, np.asarray(own)


def table_group(model: Model) -> str | None:
    """Source of the groups of the table that `with_group` returns.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    str or None
    """
    return None if model.normalization is None else GROUP
