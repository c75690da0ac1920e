"""``featkit audit``: faults of a dataset, before a model is trained on it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted, printable
from featkit.cli._batch import limit_threads, show_checkpoint
from featkit.cli._console import (
    no_garbage_collection,
    show_message,
    show_result,
    show_skipped_files,
)
from featkit.cli._options import (
    cluster_option,
    command_executor,
    jobs_option,
    json_option,
    manifest_options,
    quiet_option,
)
from featkit.cli._progress import show_audit_progress, show_progress
from featkit.errors import FeatkitError
from featkit.storage.writing import check_distinct, check_no_input, check_outputs

if TYPE_CHECKING:
    from featkit.auditing.result import Audit

NEVER = "never"

EPILOG = """
\b
Examples:
  featkit audit corpus.parquet
  featkit audit recordings/ --labels folder --report audit.html
  featkit audit corpus.parquet --sound recordings/ --group artist --report audit.html
  featkit audit recordings/ --name-pattern "{speaker}_{label}_{take}" --group speaker
  featkit audit --manifest corpus.csv --split split -o audit.parquet
  featkit audit recordings/ --labels folder --extracted corpus.parquet --write-groups groups.csv
  featkit train corpus.parquet --group groups.csv -o model.fk
  featkit audit corpus.parquet --check exact_copies,label_errors --json
  featkit audit corpus.parquet --cleaned cleaned.parquet --fail-on medium

INPUT is one or more folders or files of recordings; TABLE is an output of `featkit extract` or any
other table. Some checks need the sound: audit the recordings, or name the folder of a table's
recordings with --sound. Checks that need something that the dataset lacks are skipped, and listed
with the reason.

An issue is of high severity if scores are wrong or a recording is unusable, of medium severity if
scores are probably affected, and of low severity if it is worth knowing. The exit status is 1 if an
issue is at least as severe as --fail-on.

--write-groups puts recordings that belong together, such as copies, in one group; the groups of
--group are kept, and joined where they share recordings. `featkit train --group groups.csv` and
`featkit extract --manifest groups.csv` read the file.

With -o or --extracted, finished measurements are saved in OUT.parts and OUT.features.parts. After
an interruption, the same command resumes from there; later it measures only new and changed files.
These files may be deleted after the run.
"""


def _split(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> list[str]:
    """Names from options that are repeated or have several names, separated by commas."""
    names = [name.strip() for value in values for name in value.split(",")]
    return [name for name in names if name]


def _show_catalogue(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from featkit.auditing.catalogue import page

        click.echo(page(), nl=False)
        context.exit()


@click.command("audit", epilog=EPILOG)
@click.argument("inputs", nargs=-1, metavar="INPUT...|TABLE")
@click.option("--label", metavar="C", help='Column of labels.  [default: "label", if it exists]')
@click.option(
    "--group", metavar="C", help="Column of groups to keep together, such as artist or speaker."
)
@click.option("--split", metavar="C", help="Column of a published split: train, test.")
@click.option("--fold", metavar="C", help="Column of published folds.")
@click.option("--sound", metavar="FOLDER", help="TABLE: folder that its paths are relative to.")
@click.option(
    "--labels",
    metavar="folder[:N]",
    help="INPUT: use the name of the parent folder as label; with folder:2, of the one above.",
)
@click.option("--name-pattern", metavar="PATTERN", help="INPUT: read columns from file names.")
@manifest_options
@click.option(
    "--features",
    default="standard",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="INPUT: feature set of the checks that need features.",
)
@click.option("--extracted", metavar="TABLE", help="INPUT: write the features; a rerun resumes.")
@click.option(
    "--check",
    "checks",
    multiple=True,
    callback=_split,
    metavar="NAME,...",
    help="Run these only; --catalogue lists all.",
)
@click.option(
    "--skip", multiple=True, callback=_split, metavar="NAME,...", help="Do not run these checks."
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, help="Random seed.")
@jobs_option
@cluster_option
@click.option("--timeout", type=float, metavar="S", help="Fail a file that takes over S seconds.")
@click.option("--fresh", is_flag=True, help="Discard earlier measurements.")
@click.option("-o", "--output", metavar="OUT.parquet|csv|json", help="Write the issues.")
@click.option("--report", metavar="FILE.html", help="Write a page on which one can listen.")
@click.option("--write-groups", metavar="FILE.csv", help="Write a group for each recording.")
@click.option("--cleaned", metavar="TABLE", help="Write the table without its faults.")
@click.option(
    "--fail-on",
    type=click.Choice(["low", "medium", "high", NEVER]),
    default="high",
    show_default=True,
    help="Severity from which on an issue gives exit status 1.",
)
@click.option(
    "--catalogue",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_catalogue,
    help="Print all checks and defects as Markdown, and exit.",
)
@json_option
@quiet_option
def command(
    inputs: Sequence[str],
    checks: Sequence[str],
    where: Mapping[str, Sequence[str]],
    jobs: int | None,
    cluster: str | None,
    output: str | None,
    report: str | None,
    write_groups: str | None,
    cleaned: str | None,
    fail_on: str,
    **options: Any,
) -> None:
    """Find the faults of a dataset.

    Checks for copies, wrong labels, groups that leak, recording conditions that give the label
    away, defects of recordings, outliers and balance.
    """
    if not inputs and not options["manifest"]:
        raise click.UsageError(
            "Missing argument 'INPUT...|TABLE': give recordings, a table, or --manifest."
        )
    files = [*inputs, *filter(None, [options["manifest"], options["extracted"]])]
    check_outputs({report: ".html", write_groups: ".csv"}, inputs=files)
    check_distinct([output, report, write_groups, cleaned, options["extracted"]])
    limit_threads()
    with no_garbage_collection():
        from featkit.auditing.audit import audit
        from featkit.auditing.issue_table import check_issue_file
        from featkit.table.table_files import check_table_target
    for path, check in ((output, check_issue_file), (cleaned, check_table_target)):
        if path is not None:
            check_no_input(path, files)
            check(path)
    executor = command_executor(jobs, cluster)  # also of the score of the cleaned table
    for path in (output, options["extracted"]):
        show_checkpoint(path)
    with show_audit_progress(resumable=bool(output or options["extracted"])) as progress:
        result = audit(
            list(inputs),
            checks=list(checks) or None,
            where=where,
            n_jobs=jobs,
            cluster=executor,
            checkpoint=output,
            needs_paths=write_groups is not None,
            needs_features=cleaned is not None,
            progress=progress,
            **options,
        )
    # Callbacks run in reverse order, and each runs even if another fails: no result is lost.
    with contextlib.ExitStack() as steps:
        score_change = cleaned is not None or report is not None
        steps.callback(_run, _show, result, output, cleaned, score_change=score_change)
        steps.callback(_run, _write_report, result, report)
        steps.callback(_run, _write_issues, result, output, score_change=score_change)
        if score_change:
            steps.callback(_run, _score_change, result)
        steps.callback(_run, _write_cleaned, result, cleaned)
        steps.callback(_run, _write_groups, result, write_groups)
    show_skipped_files(result.dataset.left_out)
    if fail_on != NEVER and result.is_as_severe_as(fail_on):
        raise click.exceptions.Exit(1)


def _run(step: Callable[..., None], *arguments: Any, **options: Any) -> None:
    """Run a step, and print its error at once, because other steps follow and may fail, too."""
    try:
        step(*arguments, **options)
    except FeatkitError as error:
        click.echo(f"Error: {printable(str(error))}", err=True)
        raise click.exceptions.Exit(1) from error


def _score_change(result: Audit) -> None:
    """Compute how the cleaned table changes the score, for all outputs, with progress."""
    cleaning = result.cleaning
    with show_progress() as progress:
        cleaning.progress = progress
        try:
            _ = cleaning.change
        except BaseException:  # the other outputs must not train again
            cleaning.change = "the computation was interrupted"
            raise


def _write_issues(result: Audit, output: str | None, *, score_change: bool) -> None:
    if output is not None:
        result.write(output, score_change=score_change)
        show_message(f"{output}: {counted(len(result.issues), 'issue')}")


def _write_groups(result: Audit, write_groups: str | None) -> None:
    if write_groups is not None:
        from featkit.auditing import groups

        n_groups = groups.write_groups(write_groups, result)
        show_message(f"{write_groups}: {counted(n_groups, 'group')}")


def _write_cleaned(result: Audit, cleaned: str | None) -> None:
    if cleaned is not None:
        result.write_cleaned(cleaned)
        show_message(f"{cleaned}: {counted(len(result.cleaning.table), 'row')}")


def _write_report(result: Audit, report: str | None) -> None:
    if report is not None:
        from featkit.report.audit_page import write_audit_report

        with show_progress() as progress:
            write_audit_report(report, result, progress=progress)
        show_message(f"{report}: report")


def _show(
    result: Audit,
    output: str | None,
    cleaned: str | None,
    *,
    score_change: bool,
) -> None:
    from featkit.cli._audit import show_audit

    for text in result.dataset.remarks:
        click.echo(printable(text), err=True)
    files = {"issue_file": output, "cleaned_file": cleaned}
    show_result(
        lambda: result.as_dict(score_change=score_change),
        lambda: show_audit(result, **files, score_change=score_change),
    )
