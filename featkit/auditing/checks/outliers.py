"""Outliers: recordings unlike their class, and recordings unlike everything.

- *Unlike everything*: the distance to the nearest recordings of all classes is in the far tail.
- *Unlike its class*: the distance to the nearest recordings of the class, relative to its other
  recordings and to the distance to all recordings, is in the far tail.

About 1 % of the recordings, from `MIN_EXPECTED` to `MAX_EXPECTED`, are expected to be reported by
chance, at most, with low severity. Those beyond the value that a recording exceeds by chance in one
of twenty datasets have medium severity.
See `featkit.auditing.labels.isolation` for the distances.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.labels.isolation import (
    class_space,
    neighbour_distances,
    strangeness,
    tail_threshold,
)
from featkit.auditing.row_places import row_places
from featkit.models.problem import group_texts
from featkit.table.missing_values import without_missing_words

EXPECTED_SHARE = 0.01
MIN_EXPECTED, MAX_EXPECTED = 1.0, 10.0
"""Recordings that each kind reports by chance."""

EXTREME_EXPECTED = 0.05
"""Recordings of medium severity by chance."""

MIN_ROWS = 50
"""Fewest recordings whose distances have a tail."""

MIN_CLASS_ROWS = 10
"""Fewest recordings of a class of which one can be unlike."""

MAX_LISTED = 30
"""Outliers of a kind with an issue of their own; the others are one issue."""

N_FEATURES = 3
"""Features that a message names."""

MAX_DEVIATION = 1000.0
"""Interquartile ranges from which a message gives no number."""

EVERYTHING, CLASS = "unlike everything", "unlike its class"

REMEDY = "listen to it; leave it out if it does not belong to the dataset, or correct its label"


class _Recordings(NamedTuple):
    """Recordings, or annotated intervals, with the mean of the features of their rows."""

    places: list[Place]
    X: Array
    features: list[str]
    labels: Array
    groups: Array


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    recordings = _recordings(dataset)
    if len(recordings.places) < MIN_ROWS:
        return
    classes, y = np.unique(recordings.labels, return_inverse=True)
    groups = np.unique(recordings.groups, return_inverse=True)[1]
    of_classes, of_all = neighbour_distances(class_space(recordings.X, y), y, groups)
    expected = float(np.clip(EXPECTED_SHARE * len(y), MIN_EXPECTED, MAX_EXPECTED))

    usable = np.isfinite(of_all) & (of_all > 0)  # 0: exact copies, which are no outliers
    if usable.sum() < MIN_ROWS:
        return
    everything = _tail(np.flatnonzero(usable), np.log(of_all[usable]), expected)
    yield from _issues(EVERYTHING, everything, recordings, np.zeros_like(y), expected)
    if len(classes) < 2:
        return
    own = of_classes[np.arange(len(y)), y]
    large = np.bincount(y)[y] >= MIN_CLASS_ROWS
    usable &= np.isfinite(own) & (own > 0) & large & (recordings.labels != "")
    rows = np.flatnonzero(usable)
    if len(rows) < MIN_ROWS:
        return
    strange = _tail(rows, strangeness(own[rows], of_all[rows], y[rows]), expected)
    unlike = {row: excess for row, excess in strange.items() if row not in everything}
    of_classes[:, classes == ""] = np.inf  # recordings without a label are no class
    nearest = classes[of_classes.argmin(axis=1)]
    yield from _issues(CLASS, unlike, recordings, y, expected, nearest)


def _recordings(dataset: AuditedDataset) -> _Recordings:
    table = dataset.table
    places = row_places(table)
    labels = without_missing_words(dataset.texts(dataset.label))[0]
    if dataset.group is not None:
        groups = group_texts(table, dataset.group)
    else:
        groups = dataset.texts(dataset.fold)
    names = np.array([f"{one.path}\0{one.start}\0{one.end}" for one in places], dtype=str)
    _, first, member = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    first, member = first[order], place[member]
    # A recording without a group is one of its own.
    groups = np.where(groups == "", np.char.add("\0", names), groups)[first]
    X = np.asarray(table.matrix(table.feature_names), dtype=np.float64)
    X = np.where(np.isfinite(X), X, np.nan)
    sums, counts = np.zeros((len(first), X.shape[1])), np.zeros((len(first), X.shape[1]))
    np.add.at(sums, member, np.where(np.isnan(X), 0, X))
    np.add.at(counts, member, ~np.isnan(X))
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    own = [places[row] for row in first]
    return _Recordings(own, means, list(table.feature_names), labels[first], groups)


def _tail(rows: Array, values: Array, expected: float) -> dict[int, tuple[float, bool]]:
    """Rows in the far tail, the farthest first, with a certainty and whether they are extreme."""
    limit, extreme = tail_threshold(values, expected), tail_threshold(values, EXTREME_EXPECTED)
    order = np.argsort(-values, kind="stable")
    order = order[values[order] > limit]
    top = values[order[0]] if len(order) else 0.0
    return {
        int(rows[k]): (float((values[k] - limit) / (top - limit)), bool(values[k] > extreme))
        for k in order.tolist()
    }


def _issues(
    kind: str,
    outliers: dict[int, tuple[float, bool]],
    recordings: _Recordings,
    y: Array,
    expected: float,
    nearest: Array | None = None,
) -> Iterator[Issue]:
    listed, rest = list(outliers)[:MAX_LISTED], list(outliers)[MAX_LISTED:]
    for row in listed:
        certainty, is_extreme = outliers[row]
        members = np.flatnonzero(y == y[row])
        features, values = _deviations(recordings, row, members)
        place, label = recordings.places[row], str(recordings.labels[row])
        whole = "the dataset" if kind == EVERYTHING else f"its class {label!r}"
        evidence = {
            "label": label,
            "features": features,
            "deviations": values,
            "expected_by_chance": expected,
        }
        message = f"{place.path} is {kind}: {_described(features, values, whole)}"
        if nearest is not None:
            evidence["nearest_class"] = str(nearest[row])
            if nearest[row] != label:
                message += f"; the nearest recordings are of {str(nearest[row])!r}"
        yield Issue(
            check="outliers",
            kind=kind,
            severity="medium" if is_extreme else "low",
            message=message,
            remedy=REMEDY,
            places=(place,),
            evidence=evidence,
            certainty=certainty,
        )
    if rest:
        yield Issue(
            check="outliers",
            kind=f"further recordings {kind}",
            severity="low",
            message=f"{counted(len(rest), 'further recording')} may be {kind}, less clearly",
            remedy="listen to those listed first, then repeat the audit",
            places=tuple(recordings.places[row] for row in rest),
            evidence={"recordings": len(rest), "expected_by_chance": expected},
            certainty=0.0,
        )


def _deviations(
    recordings: _Recordings, row: int, members: Sequence[int] | Array
) -> tuple[list[str], list[float]]:
    """The features that differ most, in interquartile ranges from the median of the members."""
    X = recordings.X[members]
    has_values = ~np.isnan(X).all(axis=0) & ~np.isnan(recordings.X[row])
    columns = np.flatnonzero(has_values)
    low, median, high = np.nanquantile(X[:, columns], [0.25, 0.5, 0.75], axis=0)
    varies = high - low > 1e-12 * np.maximum(np.abs(low), np.abs(high))
    columns, median = columns[varies], median[varies]
    values = (recordings.X[row, columns] - median) / (high - low)[varies]
    order = np.argsort(-np.abs(values), kind="stable")[:N_FEATURES]
    return [recordings.features[columns[k]] for k in order], values[order].tolist()


def _described(features: Sequence[str], values: Sequence[float], whole: str) -> str:
    if not features:
        return f"no single feature differs from {whole}, but their combination does"
    first, *others = zip(features, values, strict=True)
    text = f"its {first[0]} is {_size(first[1])} interquartile ranges"
    text += f" {_side(first[1])} the median of {whole}"
    return ", ".join([text, *(f"{name} {_size(value)} {_side(value)}" for name, value in others)])


def _size(value: float) -> str:
    return f"{abs(value):.1f}" if abs(value) < MAX_DEVIATION else f"over {MAX_DEVIATION:g}"


def _side(value: float) -> str:
    return "above" if value > 0 else "below"


CHECK = Check(
    name="outliers",
    title="Outliers",
    description="Recordings that are far from their class, or from all recordings.",
    order=70,
    run=_run,
    needs=("features",),
)
