"""Several trainings beside one another: whether a comparison is fair, and paired differences.

Scores of two trainings can be compared row by row only if both predict the same rows, with the same
truth, and if each row is predicted by models that did not learn from the same other rows: the folds
must be the same. Otherwise the page says so, and has no paired numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.explanation.explained_rows import NO_FOLD, ExplainedRows
from featkit.explanation.explanation import Explanation
from featkit.models.model_differences import mcnemar_p_value
from featkit.models.score_types import AccuracyDifference
from featkit.models.scores import accuracy_difference
from featkit.models.task import CLASSIFICATION, REGRESSION
from featkit.report._context import Context, ReportedModel
from featkit.report.formatting import enumerated, quoted


@dataclass(frozen=True, eq=False)
class ComparedTraining:
    """A training of a comparison.

    Attributes
    ----------
    name : str
        Name of its file, different from those of the others.
    context : Context
        The model, and its explanation of the rows of the table, if there is a table.
    """

    name: str
    context: Context

    @property
    def model(self) -> ReportedModel:
        """The model, or its scores only."""
        return self.context.model

    @property
    def rows(self) -> ExplainedRows | None:
        """The explained rows; None without a table."""
        return self.context.explanation


@dataclass(frozen=True)
class PairedDifference:
    """Two trainings on the same rows.

    Attributes
    ----------
    first, second : str
        Their names.
    count : int
        Number of rows.
    values : pair of float
        Score of each: accuracy, mean absolute error, or share of correct label decisions.
    difference : AccuracyDifference
        Score of the second minus that of the first, with the interval by drawing groups.
    only_first, only_second : int
        Rows that only one of the two predicts correctly; 0 for numbers.
    p_value : float or None
        Of McNemar's exact test; None for other tasks than classification.
    """

    first: str
    second: str
    count: int
    values: tuple[float, float]
    difference: AccuracyDifference
    only_first: int
    only_second: int
    p_value: float | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """The inputs of the page that compares trainings."""

    trainings: Sequence[ComparedTraining]

    @property
    def task(self) -> str:
        """The task of all models."""
        return self.trainings[0].model.task

    @property
    def names(self) -> list[str]:
        """Names of the trainings."""
        return [training.name for training in self.trainings]

    @cached_property
    def refusals(self) -> list[str]:
        """Why there are no paired numbers; empty if there are."""
        if any(training.rows is None for training in self.trainings):
            return [
                "Paired differences need the predictions of all models for the same rows: give the"
                " models (.fk) with their table."
            ]
        first, *others = self.trainings
        reasons = {other.name: _refusal(self._own(first), self._own(other)) for other in others}
        return [
            f"{quoted(first.name)} and {quoted(name)}: {reason}"
            for name, reason in reasons.items()
            if reason
        ]

    @cached_property
    def differences_of_training(self) -> list[str]:
        """How the trainings differ in their rows and splits; empty if they do not."""
        texts = []
        evaluations = {own.name: own.model.evaluation for own in self.trainings}
        protocols = {name: own.protocol for name, own in evaluations.items() if own is not None}
        if len(set(protocols.values())) > 1:
            texts.append(f"The splits differ: {_by_name(protocols)}.")
        counts = {name: own.scored_rows for name, own in evaluations.items() if own is not None}
        if len(set(counts.values())) > 1:
            texts.append(
                "The numbers of test rows differ:"
                f" {_by_name({name: f'{count:,}' for name, count in counts.items()})}."
            )
        metadata = [own.model.training_metadata for own in self.trainings]
        digests = {own.digest for own in metadata if own is not None and own.digest}
        if len(digests) > 1:
            texts.append("The training tables differ: in their rows, columns or labels.")
        classes = {tuple(sorted(own.model.classes)) for own in self.trainings}
        if len(classes) > 1:
            texts.append("The models predict different classes.")
        return texts

    @cached_property
    def rows(self) -> dict[str, ExplainedRows]:
        """The rows that all trainings predict, in the same order; empty if refused."""
        if self.refusals:
            return {}
        own = [self._own(training) for training in self.trainings]
        shared = own[0].keys["row"]
        for rows in own[1:]:
            shared = np.intersect1d(shared, rows.keys["row"])
        return {
            name: rows.of_rows(np.searchsorted(rows.keys["row"], shared))
            for name, rows in zip(self.names, own, strict=True)
        }

    @cached_property
    def hits(self) -> dict[str, Array]:
        """For each training, whether rows are predicted correctly, or the errors of numbers."""
        return {name: row_scores(rows) for name, rows in self.rows.items()}

    @cached_property
    def paired(self) -> list[PairedDifference]:
        """Each pair of trainings; empty if refused."""
        return self.paired_of(None)

    def paired_of(self, own: Array | None) -> list[PairedDifference]:
        """Each pair of trainings on some rows of `rows`, or on all."""
        if not self.rows:
            return []
        some = next(iter(self.rows.values()))
        places = np.arange(len(some)) if own is None else np.flatnonzero(own)
        if not len(places):
            return []
        groups = some.groups[places]
        return [
            _paired(
                first,
                second,
                self.hits[first][places],
                self.hits[second][places],
                groups,
                self.task,
            )
            for first, second in combinations(self.names, 2)
        ]

    def _own(self, training: ComparedTraining) -> ExplainedRows:
        """The rows of known truth, sorted by their number in the table."""
        rows = training.rows
        assert rows is not None
        if rows.y is None:
            return rows.of_rows(np.array([], dtype=np.intp))
        known_truth = np.isfinite(rows.y) if rows.predicts_number else rows.y != ""
        places = np.flatnonzero(known_truth)
        return rows.of_rows(places[np.argsort(rows.keys["row"][places], kind="stable")])


def row_scores(rows: ExplainedRows) -> Array:
    """Whether each row is right, its absolute error, or its share of correct label decisions."""
    assert rows.y is not None
    if rows.predicts_number:
        return np.asarray(np.abs(rows.probabilities[:, 0] - rows.y))
    if rows.decision is not None:
        own = rows.decision.labels(rows.probabilities)
        truth = np.array(
            [
                [name in str(labels).split(rows.decision.separator) for name in rows.classes]
                for labels in rows.y
            ]
        )
        return np.asarray((own == truth).mean(axis=1))
    return np.asarray(rows.predicted == rows.y, dtype=float)


def _refusal(first: ExplainedRows, other: ExplainedRows) -> str:
    """Why two trainings have no paired numbers; "" if they have."""
    if not len(first) or not len(other):
        return "a row without a known truth cannot be compared."
    shared, own, others = np.intersect1d(first.keys["row"], other.keys["row"], return_indices=True)
    if not len(shared):
        return "no row is predicted by both."
    first, other = first.of_rows(own), other.of_rows(others)
    if not np.array_equal(np.asarray(first.y), np.asarray(other.y)):
        return "the same rows have different classes or targets."
    for rows in (first, other):
        if rows.learnt is not None and rows.learnt.any():
            number = counted(int(rows.learnt.sum()), "row")
            return (
                f"{number} would be predicted by a model that was trained on them: give the whole"
                " training table of both."
            )
    if not same_partition(first.folds, other.folds):
        return (
            "the rows are the same, but the folds are not. The models of the folds learned from"
            " different rows: train both with the same split and seed."
        )
    return ""


def same_partition(folds: Array, other: Array) -> bool:
    """Whether two arrays of folds divide the rows alike, whatever the names of folds."""
    if not np.array_equal(folds == NO_FOLD, other == NO_FOLD):
        return False
    pairs = set(zip(folds.tolist(), other.tolist(), strict=True))
    return len(pairs) == len(set(folds.tolist())) == len(set(other.tolist()))


def _paired(
    first: str, second: str, hits: Array, others: Array, groups: Array, task: str
) -> PairedDifference:
    is_right = task != REGRESSION
    counts = (
        int(np.sum(hits > others)) if is_right else 0,
        int(np.sum(others > hits)) if is_right else 0,
    )
    return PairedDifference(
        first=first,
        second=second,
        count=len(hits),
        values=(float(hits.mean()), float(others.mean())),
        difference=accuracy_difference(hits, groups, others, groups),
        only_first=counts[0],
        only_second=counts[1],
        p_value=mcnemar_p_value(*counts) if task == CLASSIFICATION else None,
    )


def shap_of(training: ComparedTraining) -> Explanation | None:
    """The SHAP values of a training; None without a table, and for networks."""
    return training.context.shap


def _by_name(texts: Mapping[str, str]) -> str:
    return enumerated([f"{name} {text}" for name, text in texts.items()])
