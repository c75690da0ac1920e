"""The classes in which a model and a dataset are compared.

Without a label map, these are the classes of the model. A label map may send several of them to one
common class: their probabilities are then added, and the scores at home are those of the merged
confusion matrix. A class of the model that the map drops, or does not name, stays as it is. No row
of the dataset can then be of a dropped class, so that each prediction of it is an error.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.evaluation.result import HomeScores, ValueInterval
from featkit.models.score_types import METRICS, Calibration, ClassScores, Evaluation, ModelScores
from featkit.models.scores import metrics_of_confusions

if TYPE_CHECKING:
    from featkit.table.label_map import LabelMap


@dataclass(frozen=True)
class CommonClasses:
    """Classes of a model, and the common class of each.

    Attributes
    ----------
    own : sequence of str
        Classes of the model, in the order of its probabilities.
    common : sequence of str
        The common class of each.
    """

    own: Sequence[str]
    common: Sequence[str]

    @property
    def names(self) -> list[str]:
        """The common classes, in alphabetical order."""
        return sorted(set(self.common))

    @property
    def merged(self) -> bool:
        """Whether several classes of the model have the same common class."""
        return len(set(self.common)) < len(self.own)

    @property
    def positions(self) -> Array:
        """Position in `names` of the common class of each class of the model."""
        return np.searchsorted(self.names, self.common)

    def merge(self, P: Array) -> Array:
        """Add the probabilities of classes with the same common class.

        Parameters
        ----------
        P : array of float64, shape ``(rows, classes of the model)``
            Probabilities.

        Returns
        -------
        array of float64, shape ``(rows, common classes)``
        """
        merged = np.zeros((len(P), len(self.names)))
        for k, position in enumerate(self.positions.tolist()):
            merged[:, position] += P[:, k]
        return merged / merged.sum(axis=1, keepdims=True) if self.merged else merged

    def merge_costs(self, costs: Array | None) -> Array | None:
        """Return a cost matrix in common classes.

        Parameters
        ----------
        costs : array of float64, shape ``(classes of the model, classes of the model)``, or None
            Costs; see `featkit.models.decisions.decide`.

        Returns
        -------
        array of float64, shape ``(common classes, common classes)``, or None
            None without costs, and if classes are merged: their costs may differ.
        """
        if costs is None or self.merged:
            return None
        order = np.argsort(self.positions)
        return costs[np.ix_(order, order)]

    def of_labels(self, labels: Array) -> Array:
        """Return the common class of each label of the model.

        Parameters
        ----------
        labels : array of str, shape ``(rows,)``
            Classes of the model, or other text.

        Returns
        -------
        array of str, shape ``(rows,)``
            "" for other text.
        """
        common = dict(zip(self.own, self.common, strict=True))
        return np.array([common.get(label, "") for label in labels.tolist()], dtype=np.str_)


def common_classes(model: str, classes: Sequence[str], label_map: LabelMap | None) -> CommonClasses:
    """Return the common class of each class of a model.

    Parameters
    ----------
    model : str
        Name of the model: rules of the map for a dataset of this name hold for its classes.
    classes : sequence of str
        Classes of the model.
    label_map : LabelMap or None
        The label map of the user.

    Returns
    -------
    CommonClasses

    Raises
    ------
    ParameterError
        If all classes of the model become one.
    """
    if label_map is None:
        return CommonClasses(list(classes), list(classes))
    mapped = label_map.apply(np.array(classes, dtype=np.str_), model).labels.tolist()
    targets = {*label_map.targets}
    common = [
        name if name in targets else target or name
        for name, target in zip(classes, mapped, strict=True)
    ]
    if len(set(common)) == 1:
        raise ParameterError(
            f"the label map sends all classes of the model {model!r} to {common[0]!r}: every"
            " prediction would be correct"
        )
    return CommonClasses(list(classes), common)


def home_scores(
    evaluation: Evaluation | None, classes: CommonClasses, present: Collection[str]
) -> HomeScores | None:
    """Return the scores of a model at home, in common classes.

    Parameters
    ----------
    evaluation : Evaluation or None
        Scores of the training.
    classes : CommonClasses
        Classes of the model.
    present : collection of str
        Common classes that occur in the evaluated dataset.

    Returns
    -------
    HomeScores or None
        None if the model has no scores.
    """
    if evaluation is None:
        return None
    by_recording = evaluation.recording_confusion is not None
    confusion = evaluation.recording_confusion or evaluation.confusion
    unpredictable = _unpredictable_classes(evaluation, classes)
    per_class = [
        dataclasses.replace(own, recall=None, f1=None) if own.name in unpredictable else own
        for own in _class_scores(_merged_confusion(confusion, classes), classes.names)
    ]
    recalls = [own.recall for own in per_class if own.name in present and own.recall is not None]
    if classes.merged:
        metrics = _merged_metrics(evaluation.confusion, classes, unpredictable)
        recording_metrics = None
        if by_recording:
            recording_metrics = _merged_metrics(confusion, classes, unpredictable)
        home_calibration = None
    else:
        metrics = _intervals(evaluation.kept)
        recordings = evaluation.recordings
        recording_metrics = None if recordings is None else _intervals(recordings)
        home_calibration = _renamed(
            evaluation.recording_calibration or evaluation.calibration, classes
        )
    return HomeScores(
        protocol=evaluation.protocol,
        rows=evaluation.scored_rows,
        merged=classes.merged,
        metrics=metrics,
        recording_metrics=recording_metrics,
        by_recording=by_recording,
        same_classes_balanced_accuracy=float(np.mean(recalls)) if recalls else None,
        per_class=per_class,
        calibration=home_calibration,
    )


def _merged_confusion(confusion: Sequence[Sequence[int]], classes: CommonClasses) -> Array:
    """A confusion matrix at home, in common classes."""
    size, positions = len(classes.names), classes.positions
    merged = np.zeros((size, size), dtype=np.int64)
    np.add.at(merged, (positions[:, None], positions[None, :]), np.array(confusion))
    return merged


def _unpredictable_classes(evaluation: Evaluation, classes: CommonClasses) -> set[str]:
    """Common classes that no model of a fold could predict at home, for their test rows."""
    if evaluation.unpredictable is None:
        return set()
    pairs = list(zip(classes.own, classes.common, strict=True))
    predictable = {name for own, name in pairs if own not in evaluation.unpredictable.classes}
    return {name for _, name in pairs} - predictable


def _merged_metrics(
    confusion: Sequence[Sequence[int]], classes: CommonClasses, unpredictable: Collection[str]
) -> dict[str, ValueInterval]:
    """Metrics of the merged confusion matrix; the log loss is not known."""
    counts = _merged_confusion(confusion, classes).astype(np.float64)
    left_out = np.isin(classes.names, list(unpredictable))
    scored = np.where(left_out[:, None], 0, counts)
    beyond = counts[left_out].sum(axis=0, keepdims=True)
    values = metrics_of_confusions(np.concatenate([scored, beyond]))
    return {name: ValueInterval(value=float(value)) for name, value in values.items()}


def _intervals(scores: ModelScores) -> dict[str, ValueInterval]:
    return {
        name: ValueInterval(value=scores[name].value, low=scores[name].low, high=scores[name].high)
        for name in METRICS
    }


def _class_scores(confusion: Array, names: Sequence[str]) -> list[ClassScores]:
    """Scores of each class from a confusion matrix; None where they are 0 / 0."""
    hits, support, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return [
        ClassScores(
            name=name,
            precision=float(hits[k] / predicted[k]) if predicted[k] else None,
            recall=float(hits[k] / support[k]) if support[k] else None,
            f1=float(2 * hits[k] / (support[k] + predicted[k])) if support[k] else None,
            support=int(support[k]),
            predicted=int(predicted[k]),
        )
        for k, name in enumerate(names)
    ]


def _renamed(calibration: Calibration, classes: CommonClasses) -> Calibration:
    """A calibration in common classes, each of which is one class of the model."""
    common = dict(zip(classes.own, classes.common, strict=True))
    renamed = [
        dataclasses.replace(own, name=common.get(own.name, own.name)) for own in calibration.classes
    ]
    return dataclasses.replace(calibration, classes=sorted(renamed, key=lambda own: own.name))
