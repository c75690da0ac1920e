"""Versions of the same piece of music."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from featkit._utils.formatting import counted
from featkit.auditing.check import Check
from featkit.auditing.clusters import clusters
from featkit.auditing.copies.copy_columns import CopyColumns
from featkit.auditing.copies.landmark_index import find_candidates
from featkit.auditing.copies.speed_copies import matched_at_speed
from featkit.auditing.copies.versions import Alignment, find_versions
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.measure import Values
from featkit.models.problem import name_list

Pair = tuple[str, str, Alignment]


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    chroma = {path: values["chroma"] for path, values in dataset.measure("chroma").items()}
    landmarks = dataset.measure("landmarks")
    files = {one.path: one.file for one in dataset.recordings}
    pairs = [
        pair
        for pair in find_versions(chroma, seed=dataset.seed)
        if not _share_sound(*(landmarks[name] for name in pair[:2]))
        and not _is_speed_copy(pair, files)
    ]
    columns = CopyColumns(dataset)
    for cluster in _clusters(pairs):
        yield _issue(columns, cluster)


def _share_sound(one: Values, two: Values) -> bool:
    """Whether landmarks agree on an offset: these are near copies, and no other performance."""
    shared = find_candidates([one["hash"], two["hash"]], [one["tick"], two["tick"]])
    return bool(len(shared.votes))


def _is_speed_copy(pair: Pair, files: Mapping[str, str]) -> bool:
    """Whether one is a copy of the other at another speed, which another check reports."""
    one, two, alignment = pair
    if alignment.speed is None:
        return False
    return matched_at_speed(files[one], files[two], alignment.speed) is not None


def _clusters(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Pairs that are connected, in the order of their first pair."""
    names = list(dict.fromkeys(name for pair in pairs for name in pair[:2]))
    number = {name: k for k, name in enumerate(names)}
    for cluster in clusters(len(names), [(number[one], number[two]) for one, two, _ in pairs]):
        members = {names[k] for k in cluster}
        yield [pair for pair in pairs if pair[0] in members]


def _issue(columns: CopyColumns, pairs: Sequence[Pair]) -> Issue:
    best = max(pairs, key=lambda pair: pair[2].score)
    names = list(dict.fromkeys([*best[:2], *(name for pair in pairs for name in pair[:2])]))
    differences = columns.differences(names)
    one, two, alignment = best
    message = f"{counted(len(names), 'recording')} seem to be versions of one piece: "
    message += f"{two} sounds like {one} {_relation(alignment)}"
    message += f", with a score of {alignment.score:.2f} of 1"
    if len(names) > 2:
        message += f"; also {name_list(names[2:])}"
    return Issue(
        check="versions",
        kind="versions of one piece",
        severity="medium" if differences else "low",
        message="; ".join([message, *differences]),
        remedy="listen to them; if they are one piece, keep them in one group",
        places=tuple(_places(names, pairs)),
        evidence={
            "score": round(alignment.score, 3),
            "lowest_score": round(min(pair[2].score for pair in pairs), 3),
            "transposition": alignment.transposition,
            "tempo": round(alignment.tempo, 3),
            "similarity": round(alignment.similarity, 3),
        },
        certainty=min(pair[2].score for pair in pairs),
        together=tuple(names),
    )


def _relation(alignment: Alignment) -> str:
    shift = alignment.transposition
    key = f"{abs(shift)} semitone{'s' * (abs(shift) > 1)} {'higher' if shift > 0 else 'lower'}"
    return f"{key if shift else 'in the same key'} and at {alignment.tempo:.2f} times the tempo"


def _places(names: Sequence[str], pairs: Sequence[Pair]) -> Iterator[Place]:
    """The recordings with the part that corresponds, in the best pair of each."""
    parts: dict[str, tuple[float, float]] = {}
    for one, two, alignment in sorted(pairs, key=lambda pair: -pair[2].score):
        parts.setdefault(one, alignment.first)
        parts.setdefault(two, alignment.second)
    for name in names:
        yield Place(name, *(round(seconds, 2) for seconds in parts[name]))


CHECK = Check(
    name="versions",
    title="Versions of the same piece",
    description=(
        "Recordings of the same piece of music by other players, in another key or tempo: by chroma"
        " (recordings of at least 5.1 s whose harmony changes). A hint to be checked by ear."
    ),
    order=25,
    run=_run,
    needs=("sound",),
    measures=("chroma", "landmarks"),
)
