"""Files: recordings that cannot be read, are missing, or are in no table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from featkit._utils.formatting import counted
from featkit.auditing.check import Check
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.models.problem import name_list
from featkit.schema import Failure

INTERVAL_STAGES = ("interval", "segment")
"""Stages of failures of single intervals, whose recordings can be read."""


def _run(dataset: AuditedDataset) -> Iterator[Issue]:
    """Yield an issue for each reason why recordings cannot be read, and for each kind of others."""
    yield from _intervals([one for one in dataset.failures if one.stage in INTERVAL_STAGES])
    by_reason: dict[tuple[str, str, str], list[Failure]] = defaultdict(list)
    for failure in dataset.failures:
        if failure.stage in INTERVAL_STAGES:
            continue
        by_reason[failure.stage, failure.error, failure.message].append(failure)
    for (stage, error, message), failures in by_reason.items():
        yield Issue(
            check="files",
            kind="unreadable recording",
            severity="high",
            message=f"{_subject([one.path for one in failures])} cannot be read: {message}",
            remedy="replace the file, or leave it out",
            places=tuple(Place(one.path) for one in failures),
            evidence={"recordings": len(failures), "stage": stage, "error": error},
            remove=tuple(dict.fromkeys(one.path for one in failures)),
        )
    yield from _missing(dataset)
    yield from _unlisted(dataset)


def _intervals(failures: Sequence[Failure]) -> Iterator[Issue]:
    """Yield an issue if annotated intervals do not fit their recordings."""
    if not failures:
        return
    paths = list(dict.fromkeys(one.path for one in failures))
    number = counted(len(failures), "annotated interval")
    yield Issue(
        check="files",
        kind="unusable interval",
        severity="medium",
        message=(
            f"{number} of {_subject(paths)} cannot be analysed: {failures[0].message}"
            + (", for example" if len(failures) > 1 else "")
        ),
        remedy="correct the times, or check that the annotations belong to these recordings",
        places=tuple(map(Place, paths)),
        evidence={"intervals": len(failures), "recordings": len(paths)},
    )


def _missing(dataset: AuditedDataset) -> Iterator[Issue]:
    if missing := dataset.missing:
        n_listed = len(set(dataset.row_names.tolist()))
        yield Issue(
            check="files",
            kind="missing recording",
            severity="high",
            message=(
                f"{len(missing):,} of the {counted(n_listed, 'recording')} in the table"
                f" {'is' if len(missing) == 1 else 'are'} not in the folder:"
                f" {name_list(list(missing))}"
            ),
            remedy="restore the file, or remove its rows, which nobody can check",
            places=tuple(map(Place, missing)),
            evidence={"recordings": len(missing), "listed": n_listed},
        )


def _unlisted(dataset: AuditedDataset) -> Iterator[Issue]:
    if unlisted := dataset.unlisted:
        yield Issue(
            check="files",
            kind="recording without rows",
            severity="low",
            message=(
                f"{counted(len(unlisted), 'recording')} in the folder"
                f" {'has' if len(unlisted) == 1 else 'have'} no row in the table:"
                f" {name_list(list(unlisted))}"
            ),
            remedy="extract the features again, unless these recordings are left out on purpose",
            places=tuple(map(Place, unlisted)),
            evidence={"recordings": len(unlisted)},
        )


def _subject(paths: list[str]) -> str:
    if len(paths) == 1:
        return paths[0]
    return f"{len(paths):,} recordings ({name_list(paths)})"


CHECK = Check(
    name="files",
    title="Missing and unreadable files",
    description=(
        "Recordings that cannot be opened, decoded or analysed; with a table, also recordings whose"
        " file is missing, and files without a row."
    ),
    order=0,
    run=_run,
    needs=("sound",),
)
