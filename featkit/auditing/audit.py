"""Audit a dataset: find the faults that make scores doubtful."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from featkit._utils.formatting import counted
from featkit._utils.parameters import check_parameter, unknown
from featkit._utils.progress import Activity, ProgressCallback, ProgressOption, reporting
from featkit.auditing.check import CHECKS, Check
from featkit.auditing.dataset import NEEDS, AuditedDataset
from featkit.auditing.groups import check_paths
from featkit.auditing.inputs import SoundOptions, read_input
from featkit.auditing.issue import Issue
from featkit.auditing.result import Audit, sorted_issues
from featkit.auditing.scan import scan_recordings
from featkit.errors import ParameterError
from featkit.executors.executor import check_timeout
from featkit.executors.opening import open_executor
from featkit.features.sets.loading import DEFAULT
from featkit.models.problem import group_texts, name_list
from featkit.storage.writing import sibling
from featkit.table.feature_table import FeatureTable
from featkit.table.name_stems import group_column, parse_stem

if TYPE_CHECKING:
    import pandas as pd

    from featkit.features.sets.loading import FeatureSet

    Path = str | os.PathLike[str]

DEFAULT_LABEL = "label"

FAILURE_CHECK = "files"
"""The check whose issues are the recordings that fail."""


def audit(
    inputs: FeatureTable | pd.DataFrame | Path | Sequence[Path] | None = None,
    *,
    label: str | None = None,
    group: str | None = None,
    split: str | None = None,
    fold: str | None = None,
    sound: Path | None = None,
    checks: Sequence[str] | None = None,
    skip: Sequence[str] = (),
    labels: str | None = None,
    name_pattern: str | None = None,
    manifest: Path | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet = DEFAULT,
    extracted: Path | None = None,
    checkpoint: Path | None = None,
    fresh: bool = False,
    needs_paths: bool = False,
    needs_features: bool = False,
    n_jobs: int | None = 1,
    cluster: Any = None,
    timeout: float | None = None,
    seed: int = 0,
    progress: ProgressOption = None,
) -> Audit:
    """Find the faults of a dataset.

    Parameters
    ----------
    inputs : FeatureTable, DataFrame, path or sequence of paths, optional
        A table of features, also of another program: in memory, or a file as for
        `FeatureTable.read`. Or recordings: files, and folders that are searched at every depth.
        With a manifest: omitted, or the folder that its paths are relative to.
    label : str, optional
        Column of the labels; by default ``label``, if there is one.
    group : str, optional
        Column of groups that a split must not divide, such as artist or speaker; or part of a name,
        as for `featkit.train`.
    split, fold : str, optional
        Column of a published split, with the values ``train``, ``validation`` and ``test``, or of
        published folds.
    sound : path, optional
        For a table: the folder that the paths of its recordings are relative to. Recordings of the
        table that it lacks, and recordings that the table lacks, are issues.
    checks : sequence of str, optional
        Names of the checks to run; by default all. See `featkit.auditing.check.CHECKS`.
    skip : sequence of str
        Names of checks not to run.
    labels, name_pattern, manifest, where
        For recordings: sources of labels and other columns, and a selection, as for
        `featkit.extract`.
    features : str, path, mapping or FeatureSet
        For recordings: the feature set, for checks that need features.
    extracted : path, optional
        For recordings: the table of features to write, as the output of `featkit.extract`.
    checkpoint : path, optional
        Finished measurements are stored at once in ``<checkpoint>.parts``, and finished features in
        ``<checkpoint>.features.parts``, from which another call resumes; by convention the file
        that the result is written to. With `extracted` and without `checkpoint`, these are
        ``<extracted>.audit.parts`` and ``<extracted>.parts``.
    fresh : bool
        Whether to discard the results of earlier runs.
    needs_paths : bool
        Whether to refuse a table without the column ``path`` before any work is done, because
        `featkit.auditing.groups.write_groups` needs it.
    needs_features : bool
        Whether to compute the features of recordings even if no check needs them, because the
        cleaned table does (`Audit.cleaning`).
    n_jobs : int or None
        Number of worker processes; -1 or None for one per processor. The result does not depend
        on it.
    cluster : str, path or distributed.Client, optional
        A Dask cluster to use instead of local processes, as for `featkit.extract`.
    timeout : float, optional
        Seconds for each recording; one that takes longer is an issue.
    seed : int
        Seed of random choices, from 0 to 2**32 - 1.
    progress : callable, bool or None
        Receives a `featkit.Progress` as recordings are finished, with the activity ``"extracting"``
        or ``"measuring"``, and before each check, with ``"checking"``; True shows a bar, False
        nothing, and None a bar in notebooks.

    Returns
    -------
    Audit
        The issues, the checks that ran, and those that were skipped because the dataset lacks what
        they need, such as sound or labels.

    Raises
    ------
    ParameterError
        If there is nothing to audit, no check can run, a check or a column does not exist, an
        option does not fit the inputs, or a parameter is out of range. A recording that cannot be
        read is an issue, not an error.
    TableError
        If the table or the manifest is invalid.
    WriteError
        If the table of features or a checkpoint cannot be written.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> X = np.random.default_rng(0).normal(size=(40, 4))
    >>> X[39] = X[0]
    >>> table = pd.DataFrame(X, columns=["a", "b", "c", "d"]).assign(label=["x", "y"] * 20)
    >>> result = audit(table, checks=["exact_copies"])
    >>> result.table["recordings"].map(list).tolist()
    [['row 1', 'row 40']]
    """
    chosen = _chosen_checks(checks, skip)
    check_timeout(timeout)
    if split is not None and fold is not None:
        raise ParameterError("split and fold exclude each other: name one column")
    check_parameter("seed", seed, int, at_least=0, at_most=2**32 - 1)
    columns = [group_column(name) for name in (label, group, split, fold) if name is not None]
    if checkpoint is None and extracted is not None:
        checkpoint = sibling(extracted, ".audit")
    with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
        options = SoundOptions(
            labels=labels,
            name_pattern=name_pattern,
            manifest=manifest,
            where=where,
            features=features,
            extracted=extracted,
            checkpoint=None if checkpoint is None else sibling(checkpoint, ".features"),
            fresh=fresh,
            executor=executor,
            timeout=timeout,
            progress=report,
        )
        source = read_input(
            inputs,
            keys=columns,
            sound=sound,
            options=options,
            needs_features=needs_features or any("features" in check.needs for check in chosen),
        )
        dataset = AuditedDataset(
            source.name,
            source.table,
            source.recordings,
            failures=source.failures,
            missing=source.missing,
            unlisted=source.unlisted,
            remarks=source.remarks,
            left_out=source.left_out,
            label=label,
            group=group,
            split=split,
            fold=fold,
            executor=executor,
            n_jobs=n_jobs,
            cluster=cluster,
            seed=seed,
        )
        dataset = _with_columns(dataset, columns)
        if needs_paths:
            check_paths(dataset)
        skipped = {check.name: reason for check in chosen if (reason := _obstacle(check, dataset))}
        running = [check for check in chosen if check.name not in skipped]
        if not running:
            reasons = "; ".join(dict.fromkeys(skipped.values()))
            raise ParameterError(f"no check can run: {reasons}")
        dataset = _with_measures(
            dataset,
            running,
            checkpoint=checkpoint,
            fresh=fresh,
            timeout=timeout,
            progress=report,
        )
        dataset = _with_limits(_with_failures(dataset, running), running)
        issues, seconds = _run_checks(running, dataset, report)
    return Audit(dataset, sorted_issues(issues), [*seconds], skipped, seconds)


def _with_columns(dataset: AuditedDataset, columns: Sequence[str]) -> AuditedDataset:
    """The dataset with its default label and with groups from names; `columns` must exist."""
    table, group = dataset.table, dataset.group
    if dataset.label is None and table.has_column(DEFAULT_LABEL):
        dataset = replace(dataset, label=DEFAULT_LABEL)
    for name in columns:
        if not table.has_column(name):
            raise ParameterError(unknown("column", name, list(table.keys)))
    if group is not None and parse_stem(group):
        dataset = replace(dataset, table=table.with_key(group, group_texts(table, group)))
    return dataset


def _run_checks(
    checks: Sequence[Check],
    dataset: AuditedDataset,
    progress: ProgressCallback | None,
) -> tuple[list[Issue], dict[str, float]]:
    """The issues of some checks, and the seconds that each check takes."""
    issues: list[Issue] = []
    seconds: dict[str, float] = {}
    activity = Activity("checking", "checks", progress)
    for number, check in enumerate(checks):
        activity.report(number, len(checks), check.title.lower())
        start = time.perf_counter()
        issues += _without_repeated(check, check.run(dataset), issues)
        seconds[check.name] = time.perf_counter() - start
    return issues, seconds


def _chosen_checks(names: Sequence[str] | None, skip: Sequence[str]) -> list[Check]:
    for option, value in (("checks", names), ("skip", skip)):
        if isinstance(value, str):
            raise ParameterError(f"{option} must be a list of names, got {value!r}")
    for name in (*(names or ()), *skip):
        if name not in CHECKS:
            raise ParameterError(unknown("check", name, CHECKS.names))
    chosen = [CHECKS[name] for name in CHECKS if name not in skip]
    if names is not None:
        chosen = [check for check in chosen if check.name in names]
    if not chosen:
        raise ParameterError("no check is left to run: name fewer checks to skip")
    return sorted(chosen, key=lambda check: (check.order, check.name))


def _obstacle(check: Check, dataset: AuditedDataset) -> str:
    """Why a check cannot run; "" if it can."""
    missing: Collection[str] = [name for name in check.needs if name not in dataset.has]
    if missing:
        return "; ".join(NEEDS[name] for name in missing)
    # Recordings that cannot be read are the faults of a dataset without rows.
    if not len(dataset.table) and check.needs != ("sound",):
        return "the table has no rows"
    return ""


def _without_repeated(
    check: Check, issues: Iterable[Issue], before: Sequence[Issue]
) -> list[Issue]:
    """The issues of a check whose recordings are not all in one issue of a check that says more."""
    stronger = [set(_recordings(issue)) for issue in before if issue.check in check.weaker_than]
    of_recording: dict[str, list[set[str]]] = defaultdict(list)
    for cluster in stronger:
        for name in cluster:
            of_recording[name].append(cluster)
    kept = []
    for issue in issues:
        names = _recordings(issue)
        if not names or not any(cluster.issuperset(names) for cluster in of_recording[names[0]]):
            kept.append(issue)
    return kept


def _recordings(issue: Issue) -> list[str]:
    return [place.path for place in issue.places]


def _with_measures(
    dataset: AuditedDataset,
    checks: Sequence[Check],
    *,
    checkpoint: Path | None,
    fresh: bool,
    timeout: float | None,
    progress: ProgressCallback | None,
) -> AuditedDataset:
    """The dataset with the measures that some checks read, and the recordings that fail.

    The recordings are decoded if a check needs the sound, even if it needs no measure.
    """
    measures = list(dict.fromkeys(name for check in checks for name in check.measures))
    needs_sound = bool(measures) or any("sound" in check.needs for check in checks)
    if not needs_sound or not dataset.recordings:
        return dataset
    scan = scan_recordings(
        dataset.recordings,
        sorted(measures),
        checkpoint=checkpoint,
        fresh=fresh,
        executor=dataset.executor,
        timeout=timeout,
        progress=progress,
    )
    failed = {one.path for one in dataset.failures}
    return replace(
        dataset,
        measured=scan.measured,
        durations=scan.durations,
        failures=[*dataset.failures, *(one for one in scan.failures if one.path not in failed)],
        remarks=[*dataset.remarks, *scan.remarks],
    )


def _with_failures(dataset: AuditedDataset, checks: Sequence[Check]) -> AuditedDataset:
    """The dataset with a remark on recordings that failed, if no check makes them issues."""
    failed = list(dict.fromkeys(one.path for one in dataset.failures))
    if not failed or any(check.name == FAILURE_CHECK for check in checks):
        return dataset
    remark = (
        f"{counted(len(failed), 'recording')} could not be read and checked:"
        f" {name_list(failed)}; the check {FAILURE_CHECK!r} gives the reasons"
    )
    return replace(dataset, remarks=[*dataset.remarks, remark])


def _with_limits(dataset: AuditedDataset, checks: Sequence[Check]) -> AuditedDataset:
    """The dataset with remarks on the parts of checks that it has no data for."""
    limits = [check.limits(dataset) for check in checks if check.limits is not None]
    return replace(dataset, remarks=[*dataset.remarks, *filter(None, limits)])
