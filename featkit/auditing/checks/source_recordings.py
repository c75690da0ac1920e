"""Clips that are cut from one source recording, by names whose sound agrees."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.models.problem import group_texts
from featkit.schema import DATASET
from featkit.table.group_detection import group_similarity, likely_groups

FILE_NAME = "file name"
"""Column of names without folders, whose fields are comparable whatever the folders are called."""

MAX_CLIPS = 20
"""Largest mean number of clips of a source; speakers and sessions have more recordings."""

MIN_LIFT, MIN_Z = 0.3, 6.0
"""Smallest similarity of clips of one source: the part of the nearest neighbours, beyond chance,
that are of the same source, and its number of standard deviations."""

MAX_PLACES = 12


class Sources(NamedTuple):
    """Source recordings by the names of their clips.

    Attributes
    ----------
    stem : str
        Part of the names that identifies a source, such as ``"stem(file name, 1-2)"``.
    clips : dict of str to list of str
        Clips of each source that has several.
    lift : float
        Part of the nearest neighbours, beyond chance, that are of the same source.
    """

    stem: str
    clips: dict[str, list[str]]
    lift: float


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    sources = _sources(dataset)
    if sources is None:
        return
    sizes = sorted(map(len, sources.clips.values()))
    n_clips, n_recordings = sum(sizes), len(set(dataset.row_names.tolist()))
    divided = _divided(dataset, sources, dataset.split_column)
    range_text = f"{sizes[0]} to {sizes[-1]}" if sizes[0] < sizes[-1] else f"{sizes[0]}"
    largest = sorted(sources.clips, key=lambda name: (-len(sources.clips[name]), name))
    message = (
        f"{n_clips:,} of {counted(n_recordings, 'recording')} are cut from"
        f" {counted(len(sizes), 'source recording')} ({range_text} from each), by their names"
        f" (such as {largest[0]!r}), and their sound agrees: beyond chance,"
        f" {sources.lift:.0%} of their nearest neighbours are of the same source"
    )
    if divided:
        message += f"; {counted(len(divided), 'source')} are divided by the split"
    yield Issue(
        check="source_recordings",
        kind="same source",
        severity=_severity(dataset, sources),
        message=message,
        remedy="keep the clips of one source in one group, so that no split divides them",
        places=tuple(Place(path) for name in largest for path in sources.clips[name])[:MAX_PLACES],
        evidence={
            "stem": sources.stem,
            "clips": n_clips,
            "sources": len(sizes),
            "clips_per_source": {
                f"{size} clips": count for size, count in sorted(Counter(sizes).items())
            },
            "similarity": round(sources.lift, 3),
            "divided": len(divided),
        },
        certainty=min(1.0, 0.5 + sources.lift / 2),
        groups=tuple(map(tuple, sources.clips.values())),
    )


def _sources(dataset: AuditedDataset) -> Sources | None:
    """Sources by the stems of names, if their clips are alike and of one class."""
    table = dataset.table
    names = dataset.row_names
    column = np.array([posixpath.basename(name) for name in names.tolist()], object)
    if "path" not in table.keys or table.has_column(FILE_NAME):
        return None
    table = table.with_key(FILE_NAME, column)
    labels = dataset.texts(dataset.label)
    exclude = [name for name in table.keys if name != FILE_NAME]
    for likely in likely_groups(table, table.values, labels, exclude=[*exclude, DATASET]):
        groups = group_texts(table, likely.group)
        clips = _clips(names, groups, labels)
        if not clips or len(names) / len(set(groups.tolist())) > MAX_CLIPS:
            continue
        lift, z = group_similarity(table, table.values, labels, groups)
        if lift >= MIN_LIFT and z >= MIN_Z:
            return Sources(likely.group, clips, lift)
    return None


def _clips(names: Array, groups: Array, labels: Array) -> dict[str, list[str]]:
    """Clips of each source that has several; none if sources are in several classes."""
    members: dict[str, dict[str, None]] = defaultdict(dict)
    classes: dict[str, set[str]] = defaultdict(set)
    for name, group, label in zip(names.tolist(), groups.tolist(), labels.tolist(), strict=True):
        members[group][name] = None
        classes[group].add(label)
    if any(len(own) > 1 for own in classes.values()):
        return {}
    return {group: list(own) for group, own in members.items() if len(own) > 1}


def _divided(dataset: AuditedDataset, sources: Sources, column: str | None) -> list[str]:
    """Sources whose clips have different values in a column."""
    values = dataset.by_recording(column)
    return [name for name, own in sources.clips.items() if len({values[path] for path in own}) > 1]


def _severity(dataset: AuditedDataset, sources: Sources) -> str:
    """``high`` if the published split divides sources, ``low`` if split or groups keep them."""
    if _divided(dataset, sources, dataset.split_column):
        return "high"
    columns = [name for name in (dataset.split_column, dataset.group) if name is not None]
    is_kept = any(not _divided(dataset, sources, column) for column in columns)
    return "low" if is_kept else "medium"


CHECK = Check(
    name="source_recordings",
    title="Clips of one source recording",
    description="Clips cut from one source recording, by parts of their names whose sound agrees.",
    order=22,
    run=_run,
    needs=("features",),
)
