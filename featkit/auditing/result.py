"""The result of an audit: issues, what was checked, and what follows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from featkit._utils.overview import Overview, Overviewed
from featkit.auditing.check import CHECKS
from featkit.auditing.cleaning_text import cleaning_data
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import SEVERITIES, Issue
from featkit.auditing.issue_table import issue_data, issue_table, write_issues

if TYPE_CHECKING:
    import pandas as pd

    from featkit.auditing.cleaning import Cleaning


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Overviewed):
    """The result of an audit.

    Attributes
    ----------
    dataset : AuditedDataset
        What was checked.
    issues : list of Issue
        The most severe first, then in the order of the checks, then by kind, then the most certain
        first. The kind with the most certain issue is the first of its check.
    checked : list of str
        Names of the checks that ran, in order.
    skipped : mapping of str to str
        Names of the checks that did not run, with the reason.
    seconds : mapping of str to float
        Duration of each check.
    """

    dataset: AuditedDataset
    issues: list[Issue]
    checked: list[str]
    skipped: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def _overview(self) -> Overview:
        from featkit.auditing._overview import audit_overview

        return audit_overview(self)

    @property
    def counts(self) -> dict[str, int]:
        """Number of issues by severity, the most severe first."""
        counts = Counter(issue.severity for issue in self.issues)
        return {name: counts[name] for name in reversed(SEVERITIES)}

    @cached_property
    def kinds(self) -> list[list[int]]:
        """Places in `issues` of the issues of each severity, check and kind."""
        kinds: dict[tuple[str, str, str], list[int]] = {}
        for place, issue in enumerate(self.issues):
            kinds.setdefault((issue.severity, issue.check, issue.kind), []).append(place)
        return list(kinds.values())

    def is_as_severe_as(self, severity: str) -> bool:
        """Return whether an issue has at least a severity.

        Parameters
        ----------
        severity : {"low", "medium", "high"}
            The severity.

        Returns
        -------
        bool
        """
        return any(issue.rank >= SEVERITIES.index(severity) for issue in self.issues)

    @cached_property
    def table(self) -> pd.DataFrame:
        """The issues, one row each, with the columns `featkit.auditing.issue_table.COLUMNS`."""
        return issue_table(self.issues)

    @cached_property
    def cleaning(self) -> Cleaning:
        """The cleaned table, and the change of the score."""
        from featkit.auditing.cleaning import clean

        return clean(self.dataset, self.issues)

    def write_cleaned(self, path: str | os.PathLike[str]) -> None:
        """Write the cleaned table; see `featkit.auditing.cleaning`.

        Parameters
        ----------
        path : path
            A Parquet or a CSV file.

        Raises
        ------
        ParameterError, WriteError
            As for `FeatureTable.write`.
        """
        self.cleaning.write(path)

    def as_dict(self, *, score_change: bool = False) -> dict[str, Any]:
        """Return the result as data that JSON can hold.

        Parameters
        ----------
        score_change : bool
            Whether to train models to compute the change of the score by the cleaned table.

        Returns
        -------
        dict
            With these keys:

            - ``dataset``: its name;
            - ``rows``, ``recordings``: number of rows of its table, and of its recordings;
            - ``seconds``: duration of the recordings that were read; None without sound;
            - ``label``, ``group``, ``split``, ``fold``: its columns; None if there is none;
            - ``counts``: number of issues by severity;
            - ``checked``: names of the checks that ran;
            - ``skipped``: names of the other checks, with the reason;
            - ``remarks``: sentences on the input, and on parts of checks that it has no data for;
            - ``cleaning``: the cleaned table, with the keys ``removed`` (recordings), ``joined``
              (number of recordings that were apart from others of their group), ``group`` (column),
              ``command`` (which trains on it), ``change`` (of the score; None if unknown) and
              ``reason`` (why it is unknown, or that it was not asked for);
            - ``issues``: the issues, with the attributes of `featkit.auditing.issue.Issue`.

            Numbers that are not finite are None.
        """
        dataset = self.dataset
        return {
            "dataset": dataset.name,
            "rows": len(dataset.table),
            "recordings": len(set(dataset.row_names.tolist())),
            "seconds": float(sum(dataset.durations.values())) if dataset.durations else None,
            "label": dataset.label,
            "group": dataset.group,
            "split": dataset.split,
            "fold": dataset.fold,
            "counts": self.counts,
            "checked": list(self.checked),
            "skipped": dict(self.skipped),
            "remarks": list(dataset.remarks),
            "cleaning": cleaning_data(self.cleaning, score_change=score_change),
            "issues": [issue_data(issue) for issue in self.issues],
        }

    def write(self, path: str | os.PathLike[str], *, score_change: bool = False) -> None:
        """Write the issues to a file atomically.

        Parameters
        ----------
        path : path
            A file that ends in ``.parquet`` or ``.csv`` for `table`, or in ``.json`` for `as_dict`.
            CSV files hold lists as JSON arrays.
        score_change : bool
            As for `as_dict`; tables do not hold it.

        Raises
        ------
        ParameterError
            If the suffix is another, or the file is not writable.
        TableError
            If a text cannot be stored in UTF-8.
        WriteError
            If writing fails.
        """
        write_issues(path, self.table, partial(self.as_dict, score_change=score_change))


def sorted_issues(issues: Sequence[Issue]) -> list[Issue]:
    """Sort issues as `Audit.issues` describes.

    Parameters
    ----------
    issues : sequence of Issue
        The issues.

    Returns
    -------
    list of Issue
    """
    best: dict[tuple[str, str, str], float] = {}
    for issue in issues:
        key = (issue.severity, issue.check, issue.kind)
        best[key] = max(issue.certainty, best.get(key, issue.certainty))

    def order(issue: Issue) -> tuple[float, int, float, str, float]:
        kind = best[issue.severity, issue.check, issue.kind]
        return -issue.rank, CHECKS[issue.check].order, -kind, issue.kind, -issue.certainty

    return sorted(issues, key=order)
