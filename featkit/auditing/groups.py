"""Groups that no split may divide: recordings that issues join, and the groups of the user.

A file of groups has the columns ``path`` and ``group``, and those that a manifest needs. `train`
reads the groups from it, and `extract` reads it as a manifest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from featkit.auditing.clusters import clusters
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue
from featkit.auditing.result import Audit
from featkit.errors import ParameterError
from featkit.schema import NUMERIC_KEYS
from featkit.storage.writing import replacing
from featkit.table.columns import is_feature_name
from featkit.table.csv_writing import write_csv
from featkit.table.group_files import GROUP
from featkit.table.missing_values import without_missing_words

MAX_NAMES = 3
"""Groups of the user that the name of a joined group lists before it counts the rest."""


def recording_groups(dataset: AuditedDataset, issues: Iterable[Issue]) -> dict[str, str]:
    """Return the group of each recording.

    Recordings are in one group if an issue joins them (`Issue.together` and `Issue.groups`), or if
    they have the same group of the user; an issue that joins recordings of two groups joins these
    groups.

    Parameters
    ----------
    dataset : AuditedDataset
        The dataset, with its column of groups, if any.
    issues : iterable of Issue
        Its issues.

    Returns
    -------
    dict of str to str
        Group of each recording of the table, in the order of the table. A group has the names of
        the groups of the user in it, else that of its first recording.
    """
    names, _ = without_missing_words(dataset.texts(dataset.group))
    own_group: dict[str, str] = {}
    links = []
    for path, name in zip(dataset.row_names.tolist(), names.tolist(), strict=True):
        first = own_group.setdefault(path, name)
        if name != first:  # rows of one recording in two groups
            links += [(("path", path), ("group", name))]
    links += [(("path", path), ("group", name)) for path, name in own_group.items() if name]
    for issue in issues:
        for joined in (issue.together, *issue.groups):
            present = [("path", path) for path in joined if path in own_group]
            links += [(present[0], other) for other in present[1:]]
    paths = [("path", path) for path in own_group]
    nodes = list(dict.fromkeys([*paths, *(node for link in links for node in link)]))
    index = {node: k for k, node in enumerate(nodes)}
    parts = clusters(len(nodes), [(index[a], index[b]) for a, b in links])
    names_of = _unique([_name([nodes[k] for k in part]) for part in parts])
    group_of = {nodes[k]: name for part, name in zip(parts, names_of, strict=True) for k in part}
    return {path: group_of["path", path] for path in own_group}


Node = tuple[str, str]
"""``("path", recording)`` or ``("group", group of the user)``."""


def _name(members: Sequence[Node]) -> str:
    groups = sorted(name for kind, name in members if kind == "group")
    if not groups:
        return members[0][1]
    more = f" + {len(groups) - MAX_NAMES} more" if len(groups) > MAX_NAMES else ""
    return " + ".join(groups[:MAX_NAMES]) + more


def _unique(names: Sequence[str]) -> list[str]:
    """The names; one that occurs before, such as a group named like a recording, gets a number."""
    used: set[str] = set()
    unique = []
    for name in names:
        number, candidate = 1, name
        while candidate in used:
            number += 1
            candidate = f"{name} ({number})"
        used.add(candidate)
        unique.append(candidate)
    return unique


def write_groups(path: str | os.PathLike[str], audit: Audit) -> int:
    """Write the group of each recording to a CSV file, in an atomic write.

    Parameters
    ----------
    path : path
        The file. Its columns are ``path``, ``group``, and every other column of the table that
        describes whole recordings: the label, a published split and so on. `featkit.extract` reads
        it as a manifest, and `featkit.train` as ``group``.
    audit : Audit
        The result of an audit.

    Returns
    -------
    int
        Number of groups.

    Raises
    ------
    ParameterError
        If the table has no column ``path``, so that its recordings have no names.
    WriteError
        If the file cannot be written.
    """
    dataset = audit.dataset
    check_paths(dataset)
    groups = recording_groups(dataset, audit.issues)
    columns = {"path": {name: name for name in groups}, GROUP: groups}
    for name in dataset.table.keys:
        values = _of_recordings(dataset, name) if _is_field(name) else None
        if values is not None:
            columns[name] = values
    with replacing(path) as scratch:
        rows = ([column[name] for column in columns.values()] for name in groups)
        write_csv(scratch, columns, rows)
    return len(set(groups.values()))


def check_paths(dataset: AuditedDataset) -> None:
    """Check that the recordings of a dataset have names.

    Parameters
    ----------
    dataset : AuditedDataset
        The dataset.

    Raises
    ------
    ParameterError
        If its table has no column ``path``.
    """
    if "path" not in dataset.table.keys:
        raise ParameterError(
            f"{dataset.name}: groups are written for recordings, and the table has no column"
            " 'path' that names them: add it"
        )


def _is_field(name: str) -> bool:
    """Whether a manifest can have a column of this name."""
    own = ("path", GROUP, *NUMERIC_KEYS)
    return name not in own and bool(name) and name == name.strip() and not is_feature_name(name)


def _of_recordings(dataset: AuditedDataset, column: str) -> dict[str, str] | None:
    """Value of a column for each recording; None if it differs between the rows of one."""
    values = dataset.by_recording(column)
    rows = zip(dataset.row_names.tolist(), dataset.texts(column).tolist(), strict=True)
    return values if all(values[name] == value for name, value in rows) else None
