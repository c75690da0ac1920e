"""Near copies: the same recording in another codec, rate, level, cut or offset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from featkit.auditing.check import Check
from featkit.auditing.clusters import clusters
from featkit.auditing.copies.copy_columns import CopyColumns
from featkit.auditing.copies.landmark_index import find_candidates
from featkit.auditing.copies.shared_sound import SharedSound, verify
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.models.problem import name_list

MAX_PAIRS = 20
"""Pairs of a cluster that the evidence lists, the best first."""


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    file_of = {one.path: one.file for one in dataset.recordings}
    landmarks = dataset.measure("landmarks")
    paths = [path for path in landmarks if path in file_of]
    hashes = [landmarks[path]["hash"] for path in paths]
    ticks = [landmarks[path]["tick"] for path in paths]
    pairs = verify(
        find_candidates(hashes, ticks),
        [file_of[path] for path in paths],
        [dataset.durations[path] for path in paths],
        hashes,
        ticks,
        executor=dataset.executor,
    )
    columns = CopyColumns(dataset)
    rates = [float(landmarks[path]["rate"][0]) for path in paths]
    whole = [pair for pair in pairs if pair.is_whole]
    copies = _cluster_of(len(paths), whole)
    for cluster in _by_cluster(copies, whole):
        yield _copies(dataset, columns, paths, cluster, rates)
    partial = [pair for pair in pairs if copies[pair.first] != copies[pair.second]]
    for cluster in _by_cluster(_cluster_of(len(paths), pairs), partial):
        yield _overlaps(columns, paths, cluster)


def _cluster_of(count: int, pairs: Sequence[SharedSound]) -> dict[int, int]:
    """Number of the cluster of each recording."""
    components = clusters(count, [(pair.first, pair.second) for pair in pairs])
    return {k: number for number, part in enumerate(components) for k in part}


def _by_cluster(
    cluster_of: Mapping[int, int], pairs: Sequence[SharedSound]
) -> list[list[SharedSound]]:
    """The pairs of each cluster, the best match first."""
    members: dict[int, list[SharedSound]] = defaultdict(list)
    for pair in pairs:
        members[cluster_of[pair.first]].append(pair)
    return [sorted(own, key=lambda pair: -pair.score) for own in members.values()]


def _members(pairs: Sequence[SharedSound]) -> list[int]:
    return sorted({end for pair in pairs for end in (pair.first, pair.second)})


def _copies(
    dataset: AuditedDataset,
    columns: CopyColumns,
    paths: Sequence[str],
    pairs: list[SharedSound],
    rates: Sequence[float],
) -> Issue:
    members = _members(pairs)
    kept = _best_copy(dataset, columns, paths, pairs, rates)
    names = [paths[kept], *(paths[k] for k in members if k != kept)]
    return _issue(
        columns,
        paths,
        pairs,
        kind="near copies",
        names=names,
        what="are copies of one recording" if len(names) > 2 else "are copies",
        remedy=columns.remedy(names),
        remove=columns.superfluous(names),
    )


def _best_copy(
    dataset: AuditedDataset,
    columns: CopyColumns,
    paths: Sequence[str],
    pairs: list[SharedSound],
    rates: Sequence[float],
) -> int:
    """One of the test part, the longest, of the highest rate, or the one most like the others."""
    scores: dict[int, list[float]] = defaultdict(list)
    for pair in pairs:
        scores[pair.first].append(pair.score)
        scores[pair.second].append(pair.score)

    def quality(k: int) -> tuple[bool, float, float, float, int]:
        return (
            columns.is_test(paths[k]),
            round(dataset.durations[paths[k]], 1),
            rates[k],
            round(float(np.mean(scores[k])), 2),
            -k,
        )

    return max(scores, key=quality)


def _overlaps(columns: CopyColumns, paths: Sequence[str], pairs: list[SharedSound]) -> Issue:
    return _issue(
        columns,
        paths,
        pairs,
        kind="common sound",
        names=[paths[k] for k in _members(pairs)],
        what="have a part in common",
        remedy="keep them in one group, so that no split divides them",
        remove=(),
    )


def _issue(
    columns: CopyColumns,
    paths: Sequence[str],
    pairs: list[SharedSound],
    *,
    kind: str,
    names: list[str],
    what: str,
    remedy: str,
    remove: tuple[str, ...],
) -> Issue:
    first = next(k for k in _members(pairs) if paths[k] == names[0])
    if len(pairs) == 1 and pairs[0].first != first:
        pairs = [pairs[0].swapped]  # the message compares the second recording with the first
    differences = columns.differences(names)
    scores = [pair.score for pair in pairs]
    subject = f"{names[0]} and {names[1]}" if len(names) == 2 else f"{len(names):,} recordings"
    lowest, highest = (f"{score:.2f}" for score in (scores[-1], scores[0]))
    details = [f"match {lowest}" if lowest == highest else f"match {lowest} to {highest}"]
    if len(pairs) == 1:
        details += _pair_details(pairs[0], paths)
    listed = "" if len(names) == 2 else f": {name_list(names)}"
    message = f"{subject} {what} ({', '.join(details)}){listed}"
    return Issue(
        check="near_copies",
        kind=kind,
        severity="high" if differences else "medium",
        message="; ".join([message, *differences]),
        remedy=remedy,
        places=tuple(_places(paths, pairs, first)),
        evidence=_evidence(paths, pairs),
        certainty=float(np.mean(scores)),
        remove=remove,
        together=tuple(names),
    )


def _pair_details(pair: SharedSound, paths: Sequence[str]) -> list[str]:
    """The common duration, and how the second recording differs from the first."""
    changes = []
    if abs(pair.offset) >= 0.05:
        changes.append(f"{abs(pair.offset):.2f} s {'later' if pair.offset > 0 else 'earlier'}")
    if abs(pair.level) >= 1:
        changes.append(f"{abs(pair.level):.0f} dB {'louder' if pair.level > 0 else 'quieter'}")
    if pair.is_inverted:
        changes.append("inverted")
    common = f"{pair.end - pair.start:.1f} s in common"
    return [common, f"in {paths[pair.second]} {', '.join(changes)}"] if changes else [common]


def _places(paths: Sequence[str], pairs: list[SharedSound], first: int) -> Iterator[Place]:
    """The common part of each recording, as its best pair has it; the given recording first."""
    parts: dict[int, tuple[float, float]] = {}
    for pair in sorted(pairs, key=lambda pair: first not in (pair.first, pair.second)):
        parts.setdefault(pair.first, (pair.start, pair.end))
        parts.setdefault(pair.second, (pair.start + pair.offset, pair.end + pair.offset))
    for k in sorted(parts, key=lambda k: (k != first, k)):
        yield Place(paths[k], round(max(0.0, parts[k][0]), 3), round(parts[k][1], 3))


def _evidence(paths: Sequence[str], pairs: list[SharedSound]) -> dict[str, object]:
    rows = [
        {
            "first": paths[pair.first],
            "second": paths[pair.second],
            "score": round(pair.score, 3),
            "offset": round(pair.offset, 4),
            "common_duration": round(pair.end - pair.start, 3),
            "level": round(pair.level, 1),
            "inverted": pair.is_inverted,
            "landmarks": pair.landmarks,
        }
        for pair in pairs[:MAX_PAIRS]
    ]
    if len(pairs) == 1:
        return {name: value for name, value in rows[0].items() if name not in ("first", "second")}
    return {"recordings": len(_members(pairs)), "pairs": rows}


CHECK = Check(
    name="near_copies",
    title="Near copies",
    description=(
        "The same recording in another codec, rate, level, cut or offset, and recordings that"
        " have a part in common."
    ),
    order=20,
    run=_run,
    needs=("sound",),
    measures=("landmarks",),
    weaker_than=("exact_copies",),
)
