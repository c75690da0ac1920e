"""Shared by the commands that work on many recordings: start, progress, summary, exit status."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted, printable, rounded
from featkit._utils.workers import ONE_THREAD, join
from featkit.cli._console import (
    show_failures,
    show_message,
    show_result,
    show_skipped_files,
)
from featkit.cli._options import is_quiet
from featkit.cli._progress import show_progress, show_resume_hint
from featkit.errors import ParameterError
from featkit.storage.urls import is_url

if TYPE_CHECKING:
    from featkit._utils.progress import Progress, ProgressCallback
    from featkit.batch.extraction import Failure
    from featkit.batch.outcomes import BatchResult, Extraction
    from featkit.models.predictions import Predictions


SEARCH_SECONDS = 2.0
"""Seconds after which a search for recordings that goes on is mentioned."""


def limit_threads() -> None:
    """Let numerical libraries use one thread, unless they are already loaded.

    One thread suffices, and workers fork only from a process without others.
    """
    if "numpy" not in sys.modules:
        os.environ |= ONE_THREAD


def check_labels(labels: str | None) -> None:
    """Check the value of ``--labels``."""
    from featkit.datasets.files import label_level

    try:
        label_level(labels)
    except ParameterError:
        message = f"{labels!r} is not folder, folder:2 and so on."
        raise click.BadParameter(message, param_hint="'--labels'") from None


@contextmanager
def show_batch_progress(*, resumable: bool) -> Iterator[ProgressCallback]:
    """Show the progress of a batch and, if it is interrupted, how to resume it."""
    latest: Progress | None = None

    def report(progress: Progress) -> None:
        nonlocal latest
        if latest is None:
            end_search()
        latest = progress
        show(progress)

    try:
        with _search_message() as end_search, show_progress() as show:
            yield report
    except KeyboardInterrupt:
        if resumable and latest and latest.done > latest.failed:
            _show_resume_hint(latest)
        raise


@contextmanager
def _search_message() -> Iterator[Callable[[], None]]:
    """Print a line if the search for recordings takes long; yield a function that ends this.

    Its thread has ended then, so that workers can fork.
    """
    if is_quiet():
        yield lambda: None
        return
    text = "looking for recordings"
    timer = threading.Timer(SEARCH_SECONDS, lambda: click.echo(text, err=True))
    timer.daemon = True
    timer.start()

    def end() -> None:
        timer.cancel()
        join(timer)

    try:
        yield end
    finally:
        end()


def show_checkpoint(table: str | None) -> None:
    """Print where finished rows are saved, if that is not next to the table."""
    if table is not None and is_url(table):
        from featkit.batch.checkpoint import checkpoint_path

        name = checkpoint_path(table)
        show_message(f"finished recordings are saved in {name}, in the current folder")


def _show_resume_hint(progress: Progress) -> None:
    finished = progress.done - progress.failed
    show_resume_hint(f"{finished:,} of {progress.total:,} files are finished")


def show_summary(
    result: BatchResult | Predictions, written: str | None = None, *, work: bool = True
) -> None:
    """Print the file that a batch has written, if any, and its work."""
    for text in result.remarks:
        click.echo(printable(text), err=True)
    if written:
        show_message("; ".join(filter(None, [written, _work(result) if work else ""])))
    show_skipped_files(result.left_out)


def show_extraction(
    extraction: Extraction, output: str, content: str, *, work: bool = True
) -> None:
    """Print the summary of an extraction or a merge and, with ``--json``, all its numbers.

    Parameters
    ----------
    extraction : Extraction
        The result.
    output : str
        Name of the table or folder.
    content : str
        Its content in words.
    work : bool
        Whether to print the files of earlier runs and the speed, which a merge does not have.
    """
    show_summary(extraction, f"{output}: {content}", work=work)
    show_result(lambda: _extraction_document(extraction, output), lambda: None)


def _extraction_document(extraction: Extraction, output: str) -> dict[str, Any]:
    return {"output": output, "columns": extraction.columns, **batch_document(extraction)}


def batch_document(result: BatchResult | Predictions) -> dict[str, Any]:
    """Return the numbers of a batch, its failures and remarks, as ``--json`` prints them.

    Parameters
    ----------
    result : BatchResult or Predictions
        The result.

    Returns
    -------
    dict
    """
    return {
        "rows": result.rows,
        "files": result.files,
        "resumed": result.resumed,
        "audio_seconds": result.seconds,
        "seconds": result.elapsed,
        "failures": result.failures,
        "skipped_files": result.left_out,
        "remarks": result.remarks,
    }


def _work(result: BatchResult | Predictions) -> str:
    work = []
    if result.resumed:
        work.append(f"{counted(result.resumed, 'file')} from earlier runs")
    if result.seconds:
        rate = result.seconds / max(result.elapsed, 1e-9)
        work.append(
            f"{rounded(result.seconds, 1)} s of audio in {result.elapsed:.2f} s"
            f" ({rounded(rate)} s of audio per second)"
        )
    return ", ".join(work)


def report_failures(failures: Sequence[Failure], output: str | None, max_failures: int) -> None:
    """Print failures, and exit with status 3 if there are too many."""
    from featkit.table.table_files import failures_file

    if len(failures) > 1:
        stages = Counter(failure.stage for failure in failures)
        counts = ", ".join(f"{stage} {count:,}" for stage, count in stages.most_common())
        show_message(f"failures by stage: {counts}")
    list_file = None if output is None else os.fspath(failures_file(output))
    show_failures(failures, list_file=list_file)
    if len(failures) > max_failures:
        raise click.exceptions.Exit(3)
