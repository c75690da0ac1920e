"""Balance: classes, groups within classes, durations, languages, and the parts of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted, duration, percent
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.leaks.languages import (
    class_counts,
    cramers_v,
    most_common_values,
    recording_languages,
)
from featkit.auditing.leaks.recording_tags import tag_columns
from featkit.models.problem import name_list
from featkit.models.splits import PART_SYNONYMS, TEST
from featkit.schema import QUALITY_PREFIX
from featkit.table.missing_values import without_missing_words

LOW_RATIO, MEDIUM_RATIO = 3.0, 10.0
"""Largest class over smallest class from which classes are unbalanced."""

MAX_GROUP_SHARE = 1 / 3
"""Share of a class that one group may make; if a class has few groups, twice their mean share."""

MIN_CLASS_ROWS = 6
"""Fewest recordings of a class for which the share of a group is judged."""

ARTIST_TAG = "artist"

MIN_ASSOCIATION = 0.3
"""Bias-corrected Cramér's V of class and language that is a medium association (Cohen's w)."""

MIN_KNOWN = 0.5
"""Least share of recordings whose language or script must be known."""

CLEAR_AUC = 0.9
"""Area under the ROC curve of the duration of a class against the others that is a clear one."""

EXTREME_FACTOR = 10.0
"""Factor between a duration and the median of all from which it is extreme."""

MAX_PLACES = 20
"""Recordings that an issue names."""


class _Recordings(NamedTuple):
    """The recordings with a label; in a table of annotated intervals, its rows.

    Attributes
    ----------
    paths : list of str
        Names of the recordings.
    y : array of str, shape ``(recordings,)``
        Their classes.
    unit : str
        ``"recording"`` or ``"interval"``.
    """

    paths: list[str]
    y: Array
    unit: str


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    recordings = _labelled(dataset)
    yield from _extreme_durations(dataset)
    if len(set(recordings.y.tolist())) < 2:
        return
    yield from _class_sizes(dataset, recordings)
    yield from _large_groups(dataset, recordings)
    if not dataset.table.is_annotated:
        yield from _class_durations(dataset, recordings)
    yield from _languages(dataset, recordings)
    yield from _split_parts(dataset, recordings)


def _labelled(dataset: AuditedDataset) -> _Recordings:
    if dataset.table.is_annotated:
        paths, labels = dataset.row_names.tolist(), dataset.texts(dataset.label).tolist()
    else:
        by_recording = dataset.by_recording(dataset.label)
        paths, labels = [*by_recording], [*by_recording.values()]
    names, _ = without_missing_words(np.array(labels, dtype=np.str_))
    kept = [path for path, name in zip(paths, names.tolist(), strict=True) if name]
    unit = "interval" if dataset.table.is_annotated else "recording"
    return _Recordings(kept, names[names != ""], unit)


# Classes


def _class_sizes(dataset: AuditedDataset, recordings: _Recordings) -> Iterator[Issue]:
    counts = Counter(recordings.y.tolist()).most_common()
    (largest, most), (smallest, fewest) = counts[0], counts[-1]
    if most < LOW_RATIO * fewest:
        return
    majority = most / len(recordings.y)
    chance = 1 / len(counts)
    text = (
        f"classes differ in size: {largest!r} has {counted(most, recordings.unit)},"
        f" {smallest!r} has {fewest:,}; always predicting {largest!r} has an accuracy of"
        f" {majority:.3f}, and a balanced accuracy of {chance:.3f}"
    )
    evidence = {"classes": dict(counts), "majority": majority, "chance": chance}
    groups = _groups(dataset)
    if groups is not None:
        by_group = _group_majority(recordings, groups.by_path)
        text += f"; the majority of each {groups.unit} has {by_group:.3f}"
        evidence["majority_by_group"] = by_group
    yield Issue(
        check="balance",
        kind="class sizes",
        severity="medium" if most >= MEDIUM_RATIO * fewest else "low",
        message=text,
        remedy="report balanced accuracy or macro F1, or add recordings of the rare classes",
        evidence=evidence,
    )


class _Groups(NamedTuple):
    """Groups of recordings: the name of one group in messages, and the group by path."""

    unit: str
    by_path: Mapping[str, str]


def _groups(dataset: AuditedDataset) -> _Groups | None:
    """The groups of the user, or else the artists of the tags."""
    if dataset.group is not None:
        return _Groups(dataset.group, dataset.by_recording(dataset.group))
    artists = tag_columns(dataset).get(ARTIST_TAG)
    if artists is None:
        return None
    rows = zip(dataset.row_names.tolist(), artists.tolist(), strict=True)
    return _Groups(f"{ARTIST_TAG} of the tags", {path: name for path, name in rows if name})


def _group_majority(recordings: _Recordings, group_of: Mapping[str, str]) -> float:
    """Accuracy of predicting the most common class of each group."""
    classes: dict[str, Counter[str]] = {}
    for path, label in zip(recordings.paths, recordings.y.tolist(), strict=True):
        classes.setdefault(group_of.get(path) or path, Counter())[label] += 1
    hits = sum(counts.most_common(1)[0][1] for counts in classes.values())
    return hits / len(recordings.y)


def _large_groups(dataset: AuditedDataset, recordings: _Recordings) -> Iterator[Issue]:
    groups = _groups(dataset)
    if groups is None:
        return
    large = []
    for label in sorted(set(recordings.y.tolist())):
        own = [p for p, name in zip(recordings.paths, recordings.y, strict=True) if name == label]
        counts = Counter(groups.by_path[path] for path in own if groups.by_path.get(path))
        limit = max(MAX_GROUP_SHARE, 2 / max(1, len(counts)))
        for group, count in counts.most_common(1):
            if len(own) >= MIN_CLASS_ROWS and count >= limit * len(own):
                large.append((count / len(own), label, group, count, len(own)))
    if not large:
        return
    large.sort(key=lambda one: (-one[0], one[1]))
    listed = name_list(
        [
            f"{group!r} makes {percent(share)} of {label!r} ({count:,} of {size:,})"
            for share, label, group, count, size in large
        ]
    )
    first = [
        path
        for path, label in zip(recordings.paths, recordings.y.tolist(), strict=True)
        if label == large[0][1] and groups.by_path.get(path) == large[0][2]
    ]
    yield Issue(
        check="balance",
        kind="groups within classes",
        severity="medium",
        message=f"one {groups.unit} makes a large part of a class: {listed}",
        remedy="keep groups together in the split, and add recordings of others or drop some",
        places=tuple(Place(path) for path in first[:MAX_PLACES]),
        evidence={"shares": {label: [group, share] for share, label, group, *_ in large}},
    )


# Durations


def _durations(dataset: AuditedDataset) -> dict[str, float]:
    """Duration in seconds by recording: of its file, or of its rows together."""
    if dataset.durations:
        return dict(dataset.durations)
    seconds = dataset.table.quality.get(f"{QUALITY_PREFIX}duration")
    totals: dict[str, float] = {}
    if seconds is not None:
        values = np.asarray(seconds, dtype=np.float64).tolist()
        for path, value in zip(dataset.row_names.tolist(), values, strict=True):
            totals[path] = totals.get(path, 0.0) + value
    return {path: value for path, value in totals.items() if np.isfinite(value)}


def _extreme_durations(dataset: AuditedDataset) -> Iterator[Issue]:
    seconds = _durations(dataset)
    if not seconds:
        return
    middle = float(np.median([*seconds.values()]))
    ratio = {path: value / middle if middle else 1.0 for path, value in seconds.items()}
    short = sorted((p for p in ratio if ratio[p] < 1 / EXTREME_FACTOR), key=lambda p: ratio[p])
    long = sorted((p for p in ratio if ratio[p] > EXTREME_FACTOR), key=lambda p: -ratio[p])
    for kind, paths in (("short", short), ("long", long)):
        if paths:
            most = duration(seconds[paths[0]])
            yield Issue(
                check="balance",
                kind=f"very {kind} recordings",
                severity="low",
                message=(
                    f"{counted(len(paths), 'recording')} more than {EXTREME_FACTOR:g} times as"
                    f" {kind} as the median of {duration(middle)}; {paths[0]} has {most}"
                ),
                remedy="check that these are whole, single recordings",
                places=tuple(Place(path) for path in paths[:MAX_PLACES]),
                evidence={"median": middle, "seconds": {p: seconds[p] for p in paths[:MAX_PLACES]}},
            )


def _class_durations(dataset: AuditedDataset, recordings: _Recordings) -> Iterator[Issue]:
    from scipy.stats import rankdata

    seconds = _durations(dataset)
    values = np.array([seconds.get(path, np.nan) for path in recordings.paths])
    y, values = recordings.y[~np.isnan(values)], values[~np.isnan(values)]
    if not len(values) or np.ptp(values) == 0:
        return
    ranks = rankdata(values)
    clear = []
    for label in sorted(set(y.tolist())):
        own = y == label
        n, m = int(own.sum()), int((~own).sum())
        if n < MIN_CLASS_ROWS or m < MIN_CLASS_ROWS:
            continue
        auc = float((ranks[own].sum() - n * (n + 1) / 2) / (n * m))
        if max(auc, 1 - auc) >= CLEAR_AUC:
            medians = float(np.median(values[own])), float(np.median(values[~own]))
            clear.append((max(auc, 1 - auc), label, medians))
    if not clear:
        return
    clear.sort(key=lambda one: (-one[0], one[1]))
    if len(set(y.tolist())) == 2:  # the second class is the first one's mirror image
        clear = clear[:1]
    listed = name_list(
        [
            f"{label!r} {duration(own)} in the median, all others {duration(other)}"
            for _, label, (own, other) in clear
        ]
    )
    yield Issue(
        check="balance",
        kind="class durations",
        severity="low",
        message=f"durations distinguish classes: {listed}",
        remedy="cut all recordings to one duration, if duration is not a part of the class",
        evidence={"classes": {label: {"auc": auc, "medians": m} for auc, label, m in clear}},
    )


# Languages


def _languages(dataset: AuditedDataset, recordings: _Recordings) -> Iterator[Issue]:
    source, languages = recording_languages(dataset)
    values = np.array([languages.get(path, "") for path in recordings.paths], dtype=np.str_)
    y, values = recordings.y[values != ""], values[values != ""]
    if len(values) < MIN_KNOWN * len(recordings.y) or len(set(values.tolist())) < 2:
        return
    association = cramers_v(y, values)
    if association < MIN_ASSOCIATION:
        return
    counts = class_counts(y, values)
    yield Issue(
        check="balance",
        kind="languages",
        severity="medium",
        message=(
            f"classes differ in language, by the {source} (Cramér's V {association:.2f}):"
            f" {most_common_values(counts)}; a model may learn the language"
        ),
        remedy="balance languages within classes, or use the language as the group",
        evidence={"source": source, "association": association, "classes": counts},
        certainty=0.8 if "script" not in source else 0.5,
    )


# Parts of a split


def _split_parts(dataset: AuditedDataset, recordings: _Recordings) -> Iterator[Issue]:
    column = dataset.split_column
    if column is None:
        return
    part_of = dataset.by_recording(column)
    parts = np.array([part_of[path].strip() for path in recordings.paths], dtype=np.str_)
    if dataset.split is not None:
        words = [word.lower() for word in parts.tolist()]
        parts = np.array([PART_SYNONYMS.get(word, word) for word in words], dtype=np.str_)
    classes = sorted(set(recordings.y.tolist()))
    present = {
        part: set(recordings.y[parts == part].tolist())
        for part in sorted(set(parts.tolist()) - {""})
    }
    missing = {part: [name for name in classes if name not in own] for part, own in present.items()}
    missing = {part: names for part, names in missing.items() if names}
    if not missing or len(present) < 2:
        return
    untrained = _untrained(dataset, present, classes)
    listed = name_list([f"{part!r} has no {_quoted(own)}" for part, own in missing.items()])
    text = f"parts of column {column!r} lack classes: {listed}"
    if untrained:
        text += f"; {_quoted(untrained)} cannot be learned where it is tested"
    yield Issue(
        check="balance",
        kind="classes of parts",
        severity="high" if untrained else "medium",
        message=text,
        remedy="use another split, or leave these classes out",
        evidence={"missing": missing, "untrained": untrained},
    )


def _untrained(
    dataset: AuditedDataset, present: Mapping[str, set[str]], classes: Sequence[str]
) -> list[str]:
    """Classes that are tested, but not in the training part of that test."""
    if dataset.split is not None:
        train = set().union(*(own for part, own in present.items() if part != TEST))
        return sorted(present.get(TEST, set()) - train)
    return [name for name in classes if sum(name in own for own in present.values()) == 1]


def _quoted(names: Sequence[str]) -> str:
    return name_list([repr(name) for name in names])


CHECK = Check(
    name="balance",
    title="Balance",
    description=(
        "Classes of different size, groups that make a large part of a class, durations and"
        " languages that differ between classes, and parts of a split that lack classes."
    ),
    order=80,
    run=_run,
    measures=("tags",),
)
