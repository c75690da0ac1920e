"""``featkit extract``: recordings to a table of features."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted, printable, rounded
from featkit._utils.workers import ONE_THREAD
from featkit.cli._console import show_failures, show_message, show_skipped_files
from featkit.cli._options import jobs_option, quiet_option
from featkit.cli._progress import show_extraction_progress
from featkit.errors import ParameterError

if TYPE_CHECKING:
    from featkit.batch.extraction import Extraction, Progress

EPILOG = """
\b
Examples:
  featkit extract song.wav -o song.csv
  featkit extract corpus/ -o corpus.parquet --labels folder
  featkit extract corpus/ -o corpus.parquet --features genre75 --jobs 4
  featkit extract corpus/ -o segments.parquet --segment 3 --segment-hop 1.5
  featkit extract clips/ -o clips.parquet --duration 5 --pad
  featkit extract digits/ -o digits.parquet --name-pattern "{label}_{speaker}_{index}"
  featkit extract voices/ -o voices.parquet --name-pattern "{speaker}/{label}/{take}"
  featkit extract machines/ -o machines.parquet --name-pattern "id_{machine}/{label}/"
  featkit extract music/ -o music.parquet --labels folder:2
  featkit extract --manifest corpus.csv -o corpus.parquet
  featkit extract fma_medium/ --manifest tracks.csv --where subset=small,medium -o fma.parquet
  featkit extract --manifest mirdata:gtzan_genre -o gtzan.parquet

Folders are searched recursively. Audio files are recognised by their extension or, if it is
unknown, by their first bytes. The summary counts the skipped files by extension.

--labels and --name-pattern match the end of a path. For genre/artist/song.mp3, --labels folder:2
gives the genre, and --name-pattern "{label}/{group}/{title}" the genre and the artist. Folders
above INPUT are ignored; INPUT itself is used only if no file in it is nested deeply enough.

A manifest is a CSV file with a column path and any other columns, such as label, group, split or
fold. The index files of some published datasets also work: esc50.csv of ESC-50, tracks.csv of FMA,
autotagging.tsv of MTG-Jamendo or one of its splits. Paths are relative to INPUT or, without INPUT,
to the folder of the manifest.

Files that cannot be read are skipped, listed in OUT.failures.csv with stage and reason, and retried
by the next run. The exit status is 3 if more than --max-failures files fail.

Finished recordings are saved in OUT.parts. After an interruption, the same command resumes from
there; later it processes only new and changed files. With other settings, the command fails unless
--fresh is given. OUT.parts has no other use and may be deleted after the run.
"""


@click.command("extract", epilog=EPILOG)
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option(
    "-o", "--output", required=True, metavar="OUT", help="Table to write: OUT.parquet or OUT.csv."
)
@click.option(
    "--features",
    default="standard",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="Feature set: a name from `featkit features`, or a file.",
)
@click.option(
    "--labels",
    metavar="folder[:N]",
    help="Use the name of the parent folder as label; with folder:2, that of the folder above it.",
)
@click.option(
    "--name-pattern",
    metavar="PATTERN",
    help='Read columns from file and folder names: "{fold}-{take}", "{speaker}/{label}/{take}" or,'
    ' for folders only, "{machine}-{label}/".',
)
@click.option(
    "--manifest", metavar="FILE|mirdata:NAME", help="List of the recordings and their metadata."
)
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE[,VALUE...]",
    help="Keep only recordings with one of these values; repeatable.",
)
@jobs_option
@click.option("--offset", type=float, default=0.0, metavar="S", help="Skip S seconds at the start.")
@click.option("--duration", type=float, metavar="S", help="Read at most S seconds of each file.")
@click.option("--pad", is_flag=True, help="Pad shorter files with zeros to --duration.")
@click.option("--segment", type=float, metavar="S", help="One row per segment of S seconds.")
@click.option(
    "--segment-hop",
    type=float,
    metavar="S",
    help="Seconds between the starts of segments.  [default: --segment]",
)
@click.option(
    "--segment-tail",
    type=click.Choice(["drop", "keep", "pad"]),
    default="drop",
    show_default=True,
    help="Treatment of a shorter last segment. With drop, a file shorter than one segment fails.",
)
@click.option("--timeout", type=float, metavar="S", help="Fail a file that takes over S seconds.")
@click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Accept up to N failures before exit status 3.",
)
@click.option("--fresh", is_flag=True, help="Discard earlier results.")
@quiet_option
def command(
    inputs: Sequence[str],
    output: str,
    jobs: int | None,
    where: Sequence[str],
    max_failures: int,
    **options: Any,
) -> None:
    """Extract features from recordings to a table.

    INPUT is one or more audio files or folders. Each row holds the path of its recording (relative
    to INPUT), the start and end in seconds, the metadata, and the features.
    """
    if "numpy" not in sys.modules:  # one thread suffices, and workers fork only without others
        os.environ |= ONE_THREAD
    from featkit.batch.extraction import extract
    from featkit.table.table_files import failures_file

    if not inputs and not options["manifest"]:
        raise click.UsageError("Missing argument 'INPUT...': give files, folders, or --manifest.")
    _check_labels(options["labels"])
    accepted = _accepted_values(where)
    latest: Progress | None = None

    def report(progress: Progress) -> None:
        nonlocal latest
        latest = progress
        show(progress)

    try:
        with show_extraction_progress() as show:
            extraction = extract(
                inputs, output=output, where=accepted, n_jobs=jobs, progress=report, **options
            )
    except KeyboardInterrupt:
        if latest and latest.files > latest.failures:
            _show_resume_hint(latest)
        raise
    _show_summary(extraction, output)
    show_failures(extraction.failures, list_file=os.fspath(failures_file(output)))
    if len(extraction.failures) > max_failures:
        raise click.exceptions.Exit(3)


def _check_labels(labels: str | None) -> None:
    from featkit.datasets.files import label_level

    try:
        label_level(labels)
    except ParameterError:
        message = f"{labels!r} is not folder, folder:2 and so on."
        raise click.BadParameter(message, param_hint="'--labels'") from None


def _accepted_values(conditions: Sequence[str]) -> dict[str, list[str]]:
    """Parse the values of ``--where``: accepted values by column."""
    accepted: dict[str, list[str]] = {}
    for condition in conditions:
        column, equals, values = condition.partition("=")
        if not column or not equals:
            message = f"{condition!r} is not COLUMN=VALUE"
            raise click.BadParameter(message, param_hint="'--where'")
        accepted.setdefault(column, []).extend(values.split(","))
    return accepted


def _show_resume_hint(progress: Progress) -> None:
    finished = progress.files - progress.failures
    click.echo(
        f"{finished:,} of {progress.total:,} files are finished; run the same command to resume",
        err=True,
    )


def _show_summary(extraction: Extraction, output: str) -> None:
    for text in extraction.remarks:
        click.echo(printable(text), err=True)
    rows, features = counted(extraction.rows, "row"), counted(extraction.columns, "feature")
    work = []
    if extraction.resumed:
        work.append(f"{counted(extraction.resumed, 'file')} from earlier runs")
    if extraction.seconds:
        rate = extraction.seconds / max(extraction.elapsed, 1e-9)
        work.append(
            f"{rounded(extraction.seconds, 1)} s of audio in {extraction.elapsed:.2f} s"
            f" ({rounded(rate)} s of audio per second)"
        )
    show_message("; ".join(filter(None, [f"{output}: {rows}, {features}", ", ".join(work)])))
    show_skipped_files(extraction.left_out)
    if len(extraction.failures) > 1:
        stages = Counter(failure.stage for failure in extraction.failures)
        counts = ", ".join(f"{stage} {count:,}" for stage, count in stages.most_common())
        show_message(f"failures by stage: {counts}")
