"""Scores of a model on the rows of one dataset, by recording and by segment.

The segments of a recording are combined by the mean of their log probabilities, as in
`Model.predict`, after the probabilities of merged classes have been added.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.formatting import counted, plural
from featkit._utils.typing import Array
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.result import RowCounts
from featkit.models.probabilities import of_recordings
from featkit.models.problem import name_list
from featkit.models.score_types import ClassScores, MetricValues
from featkit.models.scores import metric_values

FEW_GROUPS = 10
"""Number of groups below which intervals are doubtful."""

OVERPREDICTION = 2.0
"""Ratio of predicted to true rows above which a class is named in a warning."""

MIN_EXCESS = 5
"""Fewest surplus predictions of such a class."""

MANY_UNKNOWN = 0.5
"""Share of the labelled rows with unknown labels above which a warning says so."""


class RecordingArrays(NamedTuple):
    """Arrays by recording, in the order in which recordings first appear.

    Attributes
    ----------
    names, y, groups : array of str, shape ``(recordings,)``
        Recording, common class and group.
    P : array of float64, shape ``(recordings, classes)``
        Probabilities.
    secondary : array of str, shape ``(recordings,)``, or None
        Second common class, "" for none.
    subgroups : dict of str to array of str, shape ``(recordings,)``
        Values of each column by which scores are split.
    first : array of int, shape ``(recordings,)``
        The first row of each recording.
    """

    names: Array
    y: Array
    groups: Array
    P: Array
    secondary: Array | None
    subgroups: dict[str, Array]
    first: Array


def by_recording(rows: DatasetRows, P: Array) -> RecordingArrays:
    """Combine the segments of each recording.

    Parameters
    ----------
    rows : DatasetRows
        Rows of a dataset; those of one recording have one class.
    P : array of float64, shape ``(rows, classes)``
        Their probabilities.

    Returns
    -------
    RecordingArrays
        Groups, secondary labels and subgroups are those of the first row of each recording.
    """
    names, joint = of_recordings(rows.recordings, P)
    _, first = np.unique(rows.recordings, return_index=True)
    first = np.sort(first)
    return RecordingArrays(
        names=names,
        y=rows.y[first],
        groups=rows.groups[first],
        P=joint if len(names) < len(P) else P,
        secondary=None if rows.secondary is None else rows.secondary[first],
        subgroups={name: values[first] for name, values in rows.subgroups.items()},
        first=first,
    )


def majority_scores(y: Array, classes: Sequence[str]) -> MetricValues:
    """Score the most common class, with the class frequencies as probabilities.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        True classes.
    classes : sequence of str
        All classes, in order.

    Returns
    -------
    MetricValues
    """
    counts = np.array([np.sum(y == name) for name in classes])
    return metric_values(y, np.tile(counts / len(y), (len(y), 1)), classes)


def chance_scores(y: Array, classes: Sequence[str]) -> MetricValues:
    """Return the expected scores of classes that are drawn with equal probability.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        True classes.
    classes : sequence of str
        All classes, in order.

    Returns
    -------
    MetricValues

    Notes
    -----
    Let n be the number of rows, n_c that of class c, and K that of the classes. The F1 of c is
    ``2 h / (n_c + p)`` with h hits and p predictions of c. The rows are alike, so that its
    expectation is ``2 n_c / K`` times the expectation of ``1 / (n_c + 1 + B)``, where B is
    binomial: n - 1 trials of probability 1 / K.
    """
    from scipy.stats import binom

    n, share = len(y), 1 / len(classes)
    _, counts = np.unique(y, return_counts=True)
    others = np.arange(n)
    probability = binom.pmf(others, n - 1, share)
    f1 = [2 * count * share * np.sum(probability / (count + 1 + others)) for count in counts]
    return MetricValues(
        accuracy=share,
        balanced_accuracy=share,
        macro_f1=float(np.mean(f1)),
        log_loss=float(np.log(len(classes))),
    )


def unpredictable_row_warnings(unpredictable: Array) -> list[str]:
    """State the rule for recordings whose class the model of their fold was not trained on.

    Parameters
    ----------
    unpredictable : array of bool, shape ``(recordings,)``
        Whether each recording is such a one; see `featkit.models.absent_classes`.

    Returns
    -------
    list of str
        Empty, or one warning.
    """
    number = int(unpredictable.sum())
    if not number:
        return []
    return [
        f"{counted(number, 'recording')} of a class that the model of the fold was not trained on:"
        " errors of the accuracy, left out of balanced accuracy, macro F1 and log loss"
    ]


def score_warnings(
    counts: RowCounts, per_class: Sequence[ClassScores], unit: str, n_groups: int
) -> Iterator[str]:
    """List the reasons to doubt scores on a dataset.

    Parameters
    ----------
    counts : RowCounts
        Rows that are scored, and others.
    per_class : sequence of ClassScores
        Scores of each class.
    unit : str
        Name of one group.
    n_groups : int
        Number of groups.

    Yields
    ------
    str
    """
    unknown = sum(counts.unknown.values())
    if unknown > MANY_UNKNOWN * (counts.rows - counts.unlabelled):
        yield (
            f"{unknown:,} of {counted(counts.rows, 'row')} have a label that the model does not"
            " know, and are not scored: the scores say nothing about them"
        )
    if n_groups == 1:
        yield f"all scored rows are of one {unit}: the intervals say nothing"
    elif n_groups < FEW_GROUPS:
        yield f"only {counted(n_groups, unit, plural(unit))}: the intervals are too narrow"
    present = [own.name for own in per_class if own.support]
    if len(present) == 1:
        yield f"all scored rows are of one class, {present[0]!r}"
    elif absent := [own.name for own in per_class if not own.support]:
        yield (
            f"{counted(len(absent), 'class', 'classes')} of the model"
            f" {'does' if len(absent) == 1 else 'do'} not occur: {name_list(absent)}; means over"
            " classes leave them out, and predictions of them are errors"
        )
    excess = {own.name: own for own in per_class if own.support and _is_overpredicted(own)}
    if excess:
        largest = sorted(excess.values(), key=lambda own: own.support - own.predicted)
        listed = [f"{own.name} ({own.predicted:,} times, true {own.support:,})" for own in largest]
        yield f"predicted more than twice as often as it is true: {name_list(listed)}"


def _is_overpredicted(own: ClassScores) -> bool:
    excess = own.predicted - own.support
    return own.predicted > OVERPREDICTION * own.support and excess >= MIN_EXCESS
