"""Exact copies: recordings with the same file, the same samples or the same features."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit.auditing.check import Check
from featkit.auditing.clusters import clusters
from featkit.auditing.copies.copy_columns import CopyColumns
from featkit.auditing.copies.level_copies import level_copies
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.measure import Values
from featkit.models.problem import name_list

MIN_COLUMNS = 3
"""Fewest columns of nearly unique numbers by which equal rows are copies and no coincidence."""

MIN_DISTINCT = 0.1
"""Smallest number of different values in such a column, as a part of the rows."""

FILE, SAMPLES, LEVEL, FEATURES = range(4)
"""How recordings are equal; the strongest first."""

KINDS = {
    FILE: ("same file", "are the same file"),
    SAMPLES: ("same samples", "have the same samples in different files"),
    LEVEL: ("same samples at another level", "have the same samples at different levels"),
    FEATURES: ("same features", "have exactly the same features"),
}
"""Kind of an issue, and the predicate of its message."""


class Link(NamedTuple):
    """Two equal recordings.

    Attributes
    ----------
    kind : int
        `FILE`, `SAMPLES`, `LEVEL` or `FEATURES`.
    first, second : str
        The recordings.
    gain : float
        Factor from the first to the second.
    rows : int
        Number of equal rows; 0 if the sound was compared.
    """

    kind: int
    first: str
    second: str
    gain: float = 1.0
    rows: int = 0


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    names = list(dict.fromkeys([*dataset.row_names.tolist(), *dataset.measured]))
    index = {name: k for k, name in enumerate(names)}
    content = dataset.measure("content")
    links = list(_sound_links(dataset, content))
    pairs = [(index[link.first], index[link.second]) for link in links]
    cluster_of = {k: n for n, part in enumerate(clusters(len(names), pairs)) for k in part}
    links += (  # unless the sound shows that they are copies
        link
        for link in _row_links(dataset)
        if cluster_of[index[link.first]] != cluster_of[index[link.second]]
    )
    links_of: dict[str, list[Link]] = defaultdict(list)
    for link in links:
        links_of[link.first].append(link)
    pairs = [(index[link.first], index[link.second]) for link in links]
    columns = CopyColumns(dataset)
    rows = Counter(dataset.row_names.tolist())
    for members in clusters(len(names), pairs):
        if len(members) > 1:
            cluster = [names[k] for k in members]
            own = [link for name in cluster for link in links_of[name]]
            yield _issue(cluster, own, columns, rows, content)


# Links


def _sound_links(dataset: AuditedDataset, content: Mapping[str, Values]) -> Iterator[Link]:
    """Yield links between recordings with the same file or samples; a constant is no copy."""
    sounding = {path: own for path, own in content.items() if not own["is_constant"][0]}
    links = list(_equal(FILE, {path: own["file"].tobytes() for path, own in sounding.items()}))
    yield from links
    copies = {link.second for link in links}
    rest = {path: own for path, own in sounding.items() if path not in copies}
    links = list(_equal(SAMPLES, {path: own["samples"].tobytes() for path, own in rest.items()}))
    yield from links
    copies = {link.second for link in links}
    rest = {path: own for path, own in rest.items() if path not in copies}
    files = {one.path: one.file for one in dataset.recordings}
    for copy in level_copies(rest, files):
        yield Link(LEVEL, copy.first, copy.second, copy.gain)


def _equal(kind: int, digests: Mapping[str, Hashable]) -> Iterator[Link]:
    """Yield a link from the first recording with a digest to each other one."""
    first: dict[Hashable, str] = {}
    for path, digest in digests.items():
        if (other := first.setdefault(digest, path)) != path:
            yield Link(kind, other, path)


def _row_links(dataset: AuditedDataset) -> Iterator[Link]:
    """Yield links between recordings with bit-equal rows; silent rows are no copies."""
    table = dataset.table
    X = np.ascontiguousarray(table.values)
    if _distinctive_columns(X) < MIN_COLUMNS:
        return
    names = dataset.row_names.tolist()
    first: dict[bytes, str] = {}
    equal_rows: Counter[tuple[str, str]] = Counter()
    usable = ~table.is_silent & ~np.isnan(X).all(axis=1)
    for row in np.flatnonzero(usable).tolist():
        other = first.setdefault(X[row].tobytes(), names[row])
        if other != names[row]:
            equal_rows[other, names[row]] += 1
    for (one, other), count in equal_rows.items():
        yield Link(FEATURES, one, other, rows=count)


def _distinctive_columns(X: Any) -> int:
    """Number of columns whose values are nearly unique, so that equal rows are no coincidence."""
    least = max(2.0, MIN_DISTINCT * len(X))
    return sum(len(np.unique(column)) >= least for column in X.T)


# Issues


def _issue(
    cluster: list[str],
    links: Sequence[Link],
    columns: CopyColumns,
    rows: Mapping[str, int],
    content: Mapping[str, Values],
) -> Issue:
    # A recording of the test part comes first: it is the one to keep.
    cluster = sorted(cluster, key=lambda name: not columns.is_test(name))
    differences = columns.differences(cluster)
    kind = max(link.kind for link in links)
    title, predicate = KINDS[kind]
    message = f"{counted(len(cluster), 'recording')} {predicate}{_how(links, rows)}"
    message = "; ".join([f"{message}: {name_list(cluster)}", *differences])
    rates = sorted({float(content[name]["rate"][0]) for name in cluster if name in content})
    if len(rates) > 1 and kind != FEATURES:
        listed = " and ".join(f"{rate:g}" for rate in rates)
        message += f"; their headers state different sample rates, {listed} Hz"
    gains = [20 * float(np.log10(abs(link.gain))) for link in links if link.kind == LEVEL]
    return Issue(
        check="exact_copies",
        kind=title,
        severity="high" if differences else "medium",
        message=message,
        remedy=columns.remedy(cluster),
        places=tuple(map(Place, cluster)),
        evidence={
            "copies": len(cluster),
            "labels": dict(columns.labels(cluster)),
            "parts": dict(columns.parts(cluster)),
            "gains": gains,
            "inverted": any(link.gain < 0 for link in links),
            "rows": sum(link.rows for link in links),
        },
        remove=columns.superfluous(cluster),
        together=tuple(cluster),
    )


def _how(links: Sequence[Link], n_rows: Mapping[str, int]) -> str:
    """Levels of the copies, or the number of equal rows."""
    gains = [link.gain for link in links if link.kind == LEVEL]
    if gains:
        inverted = ", with inverted polarity" if any(gain < 0 for gain in gains) else ""
        decibels = 20 * np.log10(np.abs(gains))
        lowest, highest = (f"{value:+.1f}" for value in (decibels.min(), decibels.max()))
        levels = lowest if lowest == highest else f"{lowest} to {highest}"
        return f" ({levels} dB{inverted})"
    several = [link for link in links if link.kind == FEATURES and n_rows[link.first] > 1]
    if several:
        return f" in {counted(sum(link.rows for link in several), 'row')}"
    return ""


CHECK = Check(
    name="exact_copies",
    title="Exact copies",
    description=(
        "Recordings with the same file, the same samples in any lossless format and at any level,"
        " or bit-equal rows of features."
    ),
    order=10,
    run=_run,
    measures=("content",),
)
