"""``featkit extract``: recordings to a table."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.workers import ONE_THREAD
from featkit.cli._console import jobs_option, quiet_option

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

--labels and --name-pattern are held to the end of a path: genre/artist/song.mp3 has its genre by
--labels folder:2, and its artist, too, by --name-pattern "{label}/{group}/{title}". Folders above
INPUT do not count, and INPUT itself only if no file in it lies deep enough.

A manifest is a CSV file with a column path and any others, such as label, group, split or fold, or
the index that a dataset was published with: esc50.csv of ESC-50, tracks.csv of FMA, autotagging.tsv
of MTG-Jamendo or one of its splits. INPUT is then the folder that its paths are relative to; left
out, the folder of the manifest.

Folders are searched at every depth. A file is sound by its ending or, if that tells nothing, by its
first bytes; the summary counts by ending what was left out.

A recording that cannot be read does not stop the others: it stands in OUT.failures.csv with the
stage and the reason, and the exit status is 3 if there are more than --max-failures. It is tried
again by the next run.

What is finished is kept in OUT.parts as it comes: stopped or killed at any moment, the same command
goes on from there, and later does only what is new or was changed. Other settings are refused,
unless --fresh starts over. OUT.parts is of no other use, and may be deleted.
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
    help="Feature set: a name that `featkit features` lists, or a file.",
)
@click.option(
    "--labels",
    metavar="folder[:N]",
    help="Write the name of the folder that a file lies in as its label; with :2 that of the folder"
    " above it, and so on.",
)
@click.option(
    "--name-pattern",
    metavar="PATTERN",
    help='What the names of files and folders say, such as "{fold}-{take}",'
    ' "{speaker}/{label}/{take}" or, of a folder alone, "{machine}-{label}/": a column for each.',
)
@click.option(
    "--manifest",
    metavar="FILE|mirdata:NAME",
    help="List of the recordings and what is known about each.",
)
@click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE[,VALUE...]",
    help="Only recordings with one of these values; may be given several times.",
)
@jobs_option
@click.option(
    "--offset", type=float, default=0.0, metavar="S", help="Seconds to skip at the start."
)
@click.option("--duration", type=float, metavar="S", help="Seconds to take of each file at most.")
@click.option("--pad", is_flag=True, help="Fill shorter files up to --duration with zeros.")
@click.option("--segment", type=float, metavar="S", help="A row for each segment of S seconds.")
@click.option(
    "--segment-hop",
    type=float,
    metavar="S",
    help="Seconds from one segment to the next.  [default: --segment]",
)
@click.option(
    "--segment-tail",
    type=click.Choice(["drop", "keep", "pad"]),
    default="drop",
    show_default=True,
    help="What to do with a shorter last segment. With drop, a file shorter than one fails.",
)
@click.option(
    "--timeout",
    type=float,
    metavar="S",
    help="Seconds that a file may take; one that takes longer is a failure.",
)
@click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Recordings that may fail before the exit status is 3.",
)
@click.option("--fresh", is_flag=True, help="Forget what an earlier run finished.")
@quiet_option
def command(
    inputs: Sequence[str],
    output: str,
    jobs: int | None,
    where: Sequence[str],
    max_failures: int,
    **options: Any,
) -> None:
    """Extract the features of files, and of all sound files in folders, to a table.

    A row says which file it is of (path, relative to the folder given) and which part of it (start
    and end, in seconds) and what is known about it; the columns of the feature set follow.
    """
    if "numpy" not in sys.modules:  # no other thread is needed, and beside one nothing is forked
        os.environ |= ONE_THREAD
    from featkit.batch.extraction import extract
    from featkit.cli._console import show_failures
    from featkit.cli._progress import shown_batch
    from featkit.table.feature_table import failures_file

    if not inputs and not options["manifest"]:
        raise click.UsageError("Missing argument 'INPUT...': files, folders, or --manifest.")
    _check_labels(options["labels"])
    allowed = _allowed(where)
    last: Progress | None = None

    def note(progress: Progress) -> None:
        nonlocal last
        last = progress
        show(progress)

    try:
        with shown_batch() as show:
            extraction = extract(
                inputs, output=output, where=allowed, n_jobs=jobs, progress=note, **options
            )
    except KeyboardInterrupt:
        if last and last.files > last.failures:
            _tell_how_far(last)
        raise
    _summarise(extraction, output)
    show_failures(extraction.failures, beside=os.fspath(failures_file(output)))
    if len(extraction.failures) > max_failures:
        raise click.exceptions.Exit(3)


def _check_labels(labels: str | None) -> None:
    from featkit.datasets.files import label_level
    from featkit.errors import ParameterError

    try:
        label_level(labels)
    except ParameterError:
        rule = f"{labels!r} is not folder, folder:2 and so on."
        raise click.BadParameter(rule, param_hint="'--labels'") from None


def _tell_how_far(progress: Progress) -> None:
    click.echo(
        f"{progress.files - progress.failures:,} of {progress.total:,} files are finished:"
        " the same command goes on from there",
        err=True,
    )


def _allowed(words: Sequence[str]) -> dict[str, list[str]]:
    """The values that each column may have."""
    allowed: dict[str, list[str]] = {}
    for word in words:
        column, equals, values = word.partition("=")
        if not column or not equals:
            raise click.BadParameter(f"{word!r} is not COLUMN=VALUE", param_hint="'--where'")
        allowed.setdefault(column, []).extend(values.split(","))
    return allowed


def _summarise(extraction: Extraction, output: str) -> None:
    from featkit._utils.counting import counted
    from featkit.cli._console import printable, remark, rough, show_left_out

    for text in extraction.remarks:
        click.echo(printable(text), err=True)
    took = extraction.elapsed
    earlier = counted(extraction.resumed, "file")
    done = [f"{earlier} from earlier runs"] if extraction.resumed else []
    if extraction.seconds:
        rate = extraction.seconds / max(took, 1e-9)
        sound = f"{rough(extraction.seconds, 1)} s of sound in {took:.2f} s"
        done.append(f"{sound} ({rough(rate)} s of sound per second)")
    rows, columns = counted(extraction.rows, "row"), counted(extraction.columns, "feature")
    made = f"{output}: {rows}, {columns}"
    remark("; ".join([made, *([", ".join(done)] if done else [])]))
    show_left_out(extraction.left_out)
    if len(extraction.failures) > 1:
        stages = Counter(failure.stage for failure in extraction.failures)
        told = ", ".join(f"{count} in {stage}" for stage, count in stages.most_common())
        remark(f"failed by stage: {told}")
