"""``featkit extract``: recordings to a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from featkit.batch import Extraction

SHOWN_FAILURES = 5

EPILOG = """
\b
Examples:
  featkit extract song.wav -o song.csv
  featkit extract corpus/ -o corpus.parquet --labels folder
  featkit extract corpus/ -o corpus.parquet --features genre75 --jobs 4
  featkit extract corpus/ -o segments.parquet --segment 3 --segment-hop 1.5
  featkit extract clips/ -o clips.parquet --duration 5 --pad

A recording that cannot be read does not stop the others: it stands in OUT.failures.csv with the
stage and the reason, and the exit status is 3.
"""


@click.command(epilog=EPILOG)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
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
    type=click.Choice(["folder"]),
    help="Write the name of the folder that a file lies in as its label.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Worker processes.  [default: one a processor]"
)
@click.option(
    "--offset", type=float, default=0.0, metavar="S", help="Seconds to leave out at first."
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
    help="What becomes of a last segment that is shorter. Dropping them, a file shorter than one"
    " segment fails.",
)
def command(inputs: Sequence[str], output: str, jobs: int | None, **options: Any) -> None:
    """Extract the features of files, and of all sound files in folders, to a table.

    A row says which file it is of (path, relative to the folder given) and which part of it (start
    and end, in seconds); the columns of the feature set follow.
    """
    from featkit.batch import extract
    from featkit.cli._console import shown_batch
    from featkit.table import check_target

    check_target(output)
    with shown_batch() as progress:
        extraction = extract(inputs, n_jobs=jobs, progress=progress, **options)
    extraction.write(output)
    _summarise(extraction, output)
    if extraction.failures:
        raise click.exceptions.Exit(3)


def _summarise(extraction: Extraction, output: str) -> None:
    from featkit.cli._console import printable

    rows, columns = len(extraction.table), len(extraction.table.feature_names)
    rate = extraction.seconds / max(extraction.elapsed, 1e-9)
    click.echo(
        f"{output}: {rows} rows, {columns} features; {extraction.seconds:.1f} s of sound"
        f" in {extraction.elapsed:.2f} s ({rate:.0f} s of sound per second)",
        err=True,
    )
    if not extraction.failures:
        return
    click.echo(f"{len(extraction.failures)} failed, see {output}.failures.csv:", err=True)
    for failure in extraction.failures[:SHOWN_FAILURES]:
        line = f"{failure.path}: {failure.stage}: {failure.message}"
        click.echo(f"  {printable(line)}", err=True)
    if len(extraction.failures) > SHOWN_FAILURES:
        click.echo(f"  and {len(extraction.failures) - SHOWN_FAILURES} more", err=True)
