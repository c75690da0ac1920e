"""Groups that leak: artists, speakers or sources that a split puts on both sides.

Likely groups come from names and columns (`featkit.table.group_detection`), from tags of the
files, and from clusters of recordings that are far more alike than their class. Each one that the
split divides is scored: the same model is trained on folds that keep its groups together.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from featkit._utils.formatting import counted, plural
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import SEVERITIES, Issue, Place
from featkit.auditing.leaks.group_divisions import divided_groups, is_nested, joined_groups
from featkit.auditing.leaks.recording_tags import tag_columns
from featkit.auditing.leaks.split_scores import (
    METRICS,
    ScoredSplit,
    score_differences,
    score_grouped,
)
from featkit.auditing.leaks.timbre_clusters import timbre_clusters
from featkit.errors import FeatkitError
from featkit.models.problem import group_texts
from featkit.models.score_types import AccuracyDifference
from featkit.schema import DATASET
from featkit.table.group_detection import group_similarity, likely_groups

GROUP_TAGS = ("artist", "album", "date", "originator", "software")
"""Tags that may name an artist, a session or a recorder."""

FILE_NAME = "file name"
"""Column of names without folders, whose fields are comparable whatever the folders are called."""

HIGH_DROP, MEDIUM_DROP = 0.05, 0.01
"""Least drops of the accuracy, with a 95 % interval below 0, of issues of these severities."""

MIN_Z = 3.0
"""Least similarity within groups, in standard deviations beyond chance, of an issue above low: of
forty columns of chance, one has a drop with an interval below 0."""

MIN_CLUSTERED = 0.05
"""Least share of the recordings in clusters; fewer hardly change a score."""

EXPLAINED = 0.9
"""Share of clusters within other likely groups from which they are no issue of their own."""

MAX_SCORED = 4
"""Likely groups that are scored, the most likely first; each takes as long as one model."""

MAX_PLACES = 6
"""Recordings of the largest group that an issue names."""


@dataclass(frozen=True, eq=False)
class _Likely:
    """Likely groups that the split divides.

    Attributes
    ----------
    kind : str
        Kind of the issue.
    title : str
        What they are, such as ``"column 'artist'"``.
    why : str
        The evidence, as a clause.
    group : str
        Column or name stem for ``--group``; "" if the table has none.
    names : array of str, shape ``(rows,)``
        Group of each row; a row without one has its recording's name.
    divided : set of str
        The groups that the split divides.
    """

    kind: str
    title: str
    why: str
    group: str
    names: Array
    divided: set[str]


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    try:
        scored = dataset.scored_split
    except FeatkitError as error:
        yield Issue(
            check="leaking_groups",
            kind="no score",
            severity="low",
            message=f"no model can be scored, so likely groups were not checked: {error}",
            remedy="correct the labels, groups or split",
        )
        return
    dataset = replace(dataset, table=scored.problem.table)
    candidates = [*_named(dataset, scored), *_clustered(dataset, scored)][:MAX_SCORED]
    issues = [(one, _issue(one, dataset, scored)) for one in candidates]
    severe = [(one, issue) for one, issue in issues if issue.rank]
    for one, issue in severe:
        coarser = (other for other, _ in severe if other is not one)
        if not any(_is_covered(one, other, severe) for other in coarser):
            yield issue
    low = [(one, issue) for one, issue in issues if not issue.rank and one.kind != "timbre"]
    yield from (issue for _, issue in low if "accuracy_change" not in issue.evidence)
    if harmless := [one for one, issue in low if "accuracy_change" in issue.evidence]:
        yield _harmless(harmless, scored)


def _is_covered(one: _Likely, other: _Likely, order: Sequence[tuple[_Likely, Issue]]) -> bool:
    """Whether other groups contain these; of equal ones, the first counts."""
    if one.kind == "timbre":
        return _share_within(one.names, other.names) >= EXPLAINED
    if not is_nested(one.names, other.names):
        return False
    ranks = [likely for likely, _ in order]
    return not is_nested(other.names, one.names) or ranks.index(other) < ranks.index(one)


def _share_within(names: Array, others: Array) -> float:
    """Share of the groups of several rows that lie within one of the other groups."""
    groups: dict[str, list[str]] = {}
    for name, other in zip(names.tolist(), others.tolist(), strict=True):
        groups.setdefault(name, []).append(other)
    return float(np.mean([len(set(own)) == 1 for own in groups.values() if len(own) > 1]))


def _named(dataset: AuditedDataset, scored: ScoredSplit) -> Iterator[_Likely]:
    """Likely groups by columns, names and tags."""
    problem, table = scored.problem, dataset.table
    added = {}
    for name, texts in _more_columns(dataset).items():
        title = FILE_NAME if name == FILE_NAME else f"tag {name!r}"
        column = f"{name} of the file" if table.has_column(name) else name
        table, added[column] = table.with_key(column, texts), title
    exclude = [dataset.label, dataset.group, dataset.split, dataset.fold, DATASET]
    exclude += [*scored.settings.exclude, scored.settings.normalize_by]
    for likely in likely_groups(table, problem.X, problem.y, exclude=exclude):
        names = _filled(group_texts(table, likely.group), dataset)
        if divided := divided_groups(names, scored.plan):
            title = added.get(likely.column, f"column {likely.column!r}")
            kind = "column" if likely.group == likely.column else "name"
            if kind == "name":
                title += f" (such as {min(divided)!r})"
            group = "" if likely.column in added else likely.group
            kind = "tag" if title.startswith("tag") else kind
            why = likely.why.removeprefix("and ")
            if likely.group != likely.column:
                why = f"names share stems, {why}"
            yield _Likely(kind, title, why, group, names, divided)


def _more_columns(dataset: AuditedDataset) -> dict[str, Array]:
    """Names of files without their folders, if there are folders, and tags that may be groups."""
    columns = {}
    if "path" in dataset.table.keys:
        paths = dataset.table.column("path").tolist()
        if any("/" in path for path in paths):
            columns[FILE_NAME] = np.array([posixpath.basename(path) for path in paths], object)
    tags = tag_columns(dataset)
    return columns | {name: tags[name] for name in GROUP_TAGS if name in tags}


def _clustered(dataset: AuditedDataset, scored: ScoredSplit) -> Iterator[_Likely]:
    """Clusters of recordings that are far more alike than their class."""
    problem = scored.problem
    _, first, place = np.unique(dataset.row_names, return_index=True, return_inverse=True)
    clusters = timbre_clusters(problem.X[first], problem.y[first], seed=dataset.seed)
    if np.mean(clusters >= 0) < MIN_CLUSTERED:
        return
    numbers = [f"cluster {number + 1}" if number >= 0 else "" for number in clusters.tolist()]
    names = _filled(np.array(numbers, dtype=np.str_)[place], dataset)
    if divided := divided_groups(names, scored.plan):
        why = (
            f"{np.sum(clusters >= 0):,} of {counted(len(clusters), 'recording')} are in"
            f" {counted(int(clusters.max()) + 1, 'cluster')} that are far tighter than their class"
        )
        yield _Likely("timbre", "timbre", why, "", names, divided)


def _filled(names: Array, dataset: AuditedDataset) -> Array:
    """Groups of rows; a row without one is in a group of its recording."""
    return np.where(names == "", dataset.row_names, names).astype(np.str_)


def _issue(likely: _Likely, dataset: AuditedDataset, scored: ScoredSplit) -> Issue:
    joined = joined_groups(likely.names, scored.problem.groups)
    grouped = score_grouped(scored, joined, likely.group or likely.title, executor=dataset.executor)
    differences: Mapping[str, AccuracyDifference] = {}
    if grouped is not None:
        differences = score_differences(scored, grouped, joined, joined)
    severity = _severity(likely, differences)
    if severity != "low" and likely.kind != "timbre":
        problem = scored.problem
        _, z = group_similarity(problem.table, problem.X, problem.y, likely.names)
        severity = severity if z >= MIN_Z else "low"
    members = _members(joined, dataset) if SEVERITIES.index(severity) else ()
    largest = max(_members(likely.names, dataset), key=len, default=())
    return Issue(
        check="leaking_groups",
        kind=f"groups by {likely.kind}",
        severity=severity,
        message=_message(likely, scored, grouped, differences),
        remedy=_remedy(likely),
        places=tuple(Place(path) for path in largest[:MAX_PLACES]),
        evidence=_evidence(likely, scored, grouped, differences),
        certainty=0.5 if likely.kind == "timbre" else 0.9,
        groups=members,
    )


def _severity(likely: _Likely, differences: Mapping[str, AccuracyDifference]) -> str:
    """Severity by the drop; clusters of features lower any score, so that they prove less."""
    change = differences.get("accuracy")
    if change is None or change.high >= 0 or change.value > -MEDIUM_DROP:
        return "low"
    return "high" if change.value <= -HIGH_DROP and likely.kind != "timbre" else "medium"


def _members(names: Array, dataset: AuditedDataset) -> tuple[tuple[str, ...], ...]:
    """The recordings of each group that has several."""
    recordings: dict[str, dict[str, None]] = {}
    for name, path in zip(names.tolist(), dataset.row_names.tolist(), strict=True):
        recordings.setdefault(name, {})[path] = None
    return tuple(tuple(own) for own in recordings.values() if len(own) > 1)


def _message(
    likely: _Likely,
    scored: ScoredSplit,
    grouped: ScoredSplit | None,
    differences: Mapping[str, AccuracyDifference],
) -> str:
    divided, total = len(likely.divided), len(set(likely.names.tolist()))
    text = (
        f"the split ({scored.plan.protocol}) divides {divided:,} of"
        f" {counted(total, 'likely group')} by {likely.title}: {likely.why}"
    )
    if grouped is None:
        unit = scored.problem.unit
        groups = "these" if unit in ("row", "recording") else f"both these and the {plural(unit)}"
        return f"{text}; no split into folds keeps {groups} together"
    change = differences["accuracy"]
    before, after = scored.scores["accuracy"].value, grouped.scores["accuracy"].value
    return (
        f"{text}; if these stay together, the accuracy is {after:.3f} instead of {before:.3f}"
        f" (change {change.value:+.3f}, 95 % interval {change.low:+.3f} to {change.high:+.3f};"
        f" always the most common class: {scored.majority_share:.3f})"
    )


def _remedy(likely: _Likely) -> str:
    if likely.group:
        return f"if recordings of one group belong together, train with the group {likely.group!r}"
    write = "write them (--write-groups groups.csv) and train with --group groups.csv"
    if likely.kind != "timbre":
        return f"if recordings of one group belong together, {write}"
    return f"listen to a cluster; if clusters have one source each, {write}"


def _evidence(
    likely: _Likely,
    scored: ScoredSplit,
    grouped: ScoredSplit | None,
    differences: Mapping[str, AccuracyDifference],
) -> dict[str, object]:
    evidence: dict[str, object] = {
        "group": likely.group or likely.title,
        "groups": len(set(likely.names.tolist())),
        "divided": len(likely.divided),
        "protocol": scored.plan.protocol,
    }
    if grouped is None:
        return evidence
    evidence["grouped_protocol"] = grouped.plan.protocol
    for name in METRICS:
        evidence[name] = scored.scores[name].value
        evidence[f"grouped_{name}"] = grouped.scores[name].value
        change = differences[name]
        evidence[f"{name}_change"] = [change.value, change.low, change.high]
    return evidence


def _harmless(likely: Sequence[_Likely], scored: ScoredSplit) -> Issue:
    """One issue for all likely groups whose division does not lower the score clearly."""
    titles = ", ".join(one.title for one in likely)
    return Issue(
        check="leaking_groups",
        kind="groups without effect",
        severity="low",
        message=(
            f"the split ({scored.plan.protocol}) divides likely groups by {titles}, without a"
            " clear change of the accuracy"
        ),
        remedy="if recordings of one group belong together, train with it",
        evidence={"groups": [one.group or one.title for one in likely]},
        certainty=0.3,
    )


CHECK = Check(
    name="leaking_groups",
    title="Groups that leak",
    description=(
        "Likely artists, speakers or sources, from names, tags and clusters, that the split"
        " divides, and how much lower the score is if they stay together."
    ),
    order=40,
    run=_run,
    needs=("label", "features"),
    measures=("tags",),
)
