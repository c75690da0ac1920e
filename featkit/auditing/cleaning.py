"""The table without the faults that an audit found, and the change of the score.

Recordings that an issue removes, such as the second of two copies, are left out. Recordings that
an issue joins, such as near copies or those of one artist, get a common group. Labels that are
probably wrong stay as they are: to drop what a model gets wrong raises every score.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.groups import recording_groups
from featkit.auditing.issue import Issue
from featkit.auditing.leaks.group_divisions import is_nested
from featkit.auditing.leaks.split_scores import (
    ScoredSplit,
    moved_groups,
    score_differences,
    score_grouped,
    score_split,
    score_without,
    similar_folds,
)
from featkit.errors import FeatkitError
from featkit.executors.opening import open_executor
from featkit.models.score_types import AccuracyDifference, MetricScore
from featkit.table.feature_table import FeatureTable
from featkit.table.group_files import GROUP
from featkit.table.missing_values import without_missing_words

CLEANED = "cleaned.parquet"
"""File name in the command for users."""

N_SCORED = 3
"""Splits that are scored for the change: before, without removed recordings, and after."""


@dataclass(frozen=True)
class ScoreChange:
    """Scores of one model before and after cleaning.

    Attributes
    ----------
    model : str
        Name of the estimator.
    before, after : dict of str to MetricScore
        ``balanced_accuracy`` and ``accuracy`` with 95 % intervals.
    before_protocol, after_protocol : str
        The splits.
    total : dict of str to AccuracyDifference
        `after` minus `before`.
    removal : dict of str to AccuracyDifference
        The part that is due to removed recordings, by the folds of `before` without them.
    grouping : dict of str to AccuracyDifference
        The part that is due to groups that are kept together.
    """

    model: str
    before: dict[str, MetricScore]
    after: dict[str, MetricScore]
    before_protocol: str
    after_protocol: str
    total: dict[str, AccuracyDifference]
    removal: dict[str, AccuracyDifference]
    grouping: dict[str, AccuracyDifference]


@dataclass(eq=False, repr=False)
class Cleaning:
    """A cleaned table; see `clean`.

    Attributes
    ----------
    dataset : AuditedDataset
        The dataset as it is.
    table : FeatureTable
        The cleaned table, with the column `group`.
    group : str
        Name of the column of groups.
    removed : tuple of str
        Recordings that are left out, in the order of the table.
    groups : dict of str to str
        Group of each recording of the dataset, also of those that are left out.
    progress : callable, optional
        Receives a `featkit.Progress` as splits are scored for `change`.
    """

    dataset: AuditedDataset
    table: FeatureTable
    group: str
    removed: tuple[str, ...]
    groups: dict[str, str]
    progress: ProgressCallback | None = None

    @cached_property
    def _group_before(self) -> dict[str, tuple[str, str]]:
        """Column and group of each recording as it is; a recording without one is its own."""
        own = self.dataset.by_recording(self.dataset.group)
        names, _ = without_missing_words(np.array([*own.values()], dtype=np.str_))
        return {
            path: ("group", name) if name else ("path", path)
            for path, name in zip(own, names.tolist(), strict=True)
        }

    @property
    def n_joined(self) -> int:
        """Number of recordings that are left, and were apart from others of their group."""
        removed = set(self.removed)
        left = {path: group for path, group in self.groups.items() if path not in removed}
        parts: dict[str, set[tuple[str, str]]] = {}
        for path, group in left.items():
            parts.setdefault(group, set()).add(self._group_before[path])
        return sum(len(parts[group]) > 1 for group in left.values())

    @property
    def changes_nothing(self) -> bool:
        """Whether no recording is removed, and the groups are those of the dataset as it is."""
        return not self.removed and not self.n_joined

    def command(self, path: str | os.PathLike[str] = CLEANED) -> str:
        """Return the command that trains on the cleaned table.

        Parameters
        ----------
        path : path
            The file of the cleaned table.

        Returns
        -------
        str
            For a shell. It names the published split, unless that divides a group.
        """
        dataset = self.dataset
        words = ["featkit", "train", os.fspath(path), "--label", dataset.label or "label"]
        words += ["--group", self.group]
        if dataset.split_column is not None and self.keeps_split:
            words += ["--split" if dataset.split is not None else "--fold", dataset.split_column]
        return shlex.join(words)

    @cached_property
    def keeps_split(self) -> bool:
        """Whether the published split divides no group of the cleaned table."""
        column = self.dataset.split_column
        if column is None:
            return False
        return is_nested(self.table.column(self.group), self.table.column(column))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the cleaned table.

        Parameters
        ----------
        path : path
            A Parquet or a CSV file.

        Raises
        ------
        ParameterError, WriteError
            As for `FeatureTable.write`.
        """
        self.table.write(path)

    @cached_property
    def change(self) -> ScoreChange | str:
        """The change of the score, or the reason why there is none.

        It trains models, on the executor of the audit, which is opened again.
        """
        if self.dataset.label is None:
            return "without labels there is no score"
        if not self.dataset.table.feature_names:
            return "without features there is no score"
        if self.changes_nothing:
            return "the cleaned table is the table as it is"
        try:
            with open_executor(self.dataset.n_jobs, self.dataset.cluster) as self.dataset.executor:
                return _score_change(self)
        except FeatkitError as error:
            return str(error)


def clean(dataset: AuditedDataset, issues: Iterable[Issue]) -> Cleaning:
    """Return the table without the faults that issues name.

    Parameters
    ----------
    dataset : AuditedDataset
        The dataset.
    issues : iterable of Issue
        Its issues: `Issue.remove`, `Issue.together` and `Issue.groups` are applied.

    Returns
    -------
    Cleaning
        Its column of groups is ``group``; if the table has another column of this name,
        ``audit_group``.
    """
    issues = list(issues)
    groups = recording_groups(dataset, issues)
    remove = _superfluous(issues)
    names = dataset.row_names.tolist()
    column = GROUP
    if dataset.table.has_column(GROUP) and dataset.group != GROUP:
        column = f"audit_{GROUP}"
    table = dataset.table.with_key(column, np.array([groups[name] for name in names], dtype=object))
    table = table.rows(np.array([name not in remove for name in names], dtype=bool))
    removed = tuple(path for path in groups if path in remove)
    return Cleaning(dataset, table, column, removed, groups)


def _superfluous(issues: Sequence[Issue]) -> set[str]:
    """Recordings that issues remove; of copies that an issue keeps one of, one stays.

    Two issues may keep different ones of the same copies.
    """
    remove = {path for issue in issues for path in issue.remove}
    faulty = {
        path for one in issues for path in one.remove if not set(one.together) - {*one.remove}
    }
    for issue in issues:
        left = [path for path in issue.together if path not in faulty]
        if issue.remove and left and remove.issuperset(issue.together):
            remove.remove(left[0])
    return remove


def _score_change(cleaning: Cleaning) -> ScoreChange:
    dataset = cleaning.dataset
    arguments = dataset.training_arguments
    activity = Activity("scoring", "splits", cleaning.progress)
    activity.report(0, N_SCORED)
    before = dataset.scored_split
    activity.report(1, N_SCORED)
    kept = before
    if cleaning.removed:
        removed = np.isin(_row_names(before, cleaning), cleaning.removed)
        kept = score_without(before, removed, executor=dataset.executor)
    activity.report(2, N_SCORED)
    after = _score_cleaned(cleaning, kept)
    activity.report(N_SCORED, N_SCORED)
    splits = before, kept, after
    first, second, third = (_drawn_groups(scored, cleaning) for scored in splits)
    return ScoreChange(
        model=str(arguments["model"]),
        before=before.scores,
        after=after.scores,
        before_protocol=before.plan.protocol,
        after_protocol=after.plan.protocol,
        total=score_differences(before, after, first, third),
        removal=score_differences(before, kept, first, second),
        grouping=score_differences(kept, after, second, third),
    )


def _score_cleaned(cleaning: Cleaning, kept: ScoredSplit) -> ScoredSplit:
    """Scores with the groups of the cleaned table: by the same folds, if few rows must move."""
    dataset, groups = cleaning.dataset, _drawn_groups(kept, cleaning)
    if moved_groups(kept.plan, groups, kept.problem.y) is not None:
        grouped = score_grouped(kept, groups, cleaning.group, executor=dataset.executor)
        assert grouped is not None  # the folds are there
        return grouped
    arguments = dataset.training_arguments | {"group": cleaning.group}
    if dataset.split_column is not None:  # it divides groups
        arguments |= {"split": None, "fold": None, "folds": similar_folds(kept.plan)}
    return score_split(cleaning.table, arguments, executor=dataset.executor)


def _row_names(scored: ScoredSplit, cleaning: Cleaning) -> Array:
    """The recording of each row of a split."""
    return replace(cleaning.dataset, table=scored.problem.table).row_names


def _drawn_groups(scored: ScoredSplit, cleaning: Cleaning) -> Array:
    """The group in the cleaned table of each row of a split."""
    names = _row_names(scored, cleaning).tolist()
    return np.array([cleaning.groups[name] for name in names], dtype=np.str_)
