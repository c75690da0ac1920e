"""``featkit merge``: one table from the shards of an extraction."""

from __future__ import annotations

from collections.abc import Sequence

import click

from featkit._utils.formatting import counted
from featkit.cli._batch import report_failures, show_extraction
from featkit.cli._options import json_option, max_failures_option, quiet_option
from featkit.cli._progress import show_progress

EPILOG = """
\b
Examples:
  mkdir shards
  featkit extract corpus/ -o shards/1.parquet --shard 1/3
  featkit extract corpus/ -o shards/2.parquet --shard 2/3
  featkit extract corpus/ -o shards/3.parquet --shard 3/3
  featkit merge shards/ -o corpus.parquet
  featkit merge shards/1.parquet shards/2.parquet shards/3.parquet -o corpus.csv

SHARD is a table of featkit extract --shard, or a folder of them. The order does not matter. Other
tables in a folder are left out.

The table and OUT.failures.csv have the same bytes as those of one run of featkit extract without
--shard. Memory does not grow with the number of rows or shards. Uncompressed rows are stored for a
while in the folder of OUT if there are more than 32 shards.

All shards must have been extracted from the same recordings with the same options and versions. If
shards are missing, doubled, damaged or different, all problems are named, and nothing is written:
extract the named shards again, and merge again.

Exit status: 0 for success; 1 if the shards cannot be merged; 2 for wrong usage; 3 if more than
--max-failures recordings of all shards failed.
"""


@click.command("merge", epilog=EPILOG)
@click.argument("shards", nargs=-1, required=True, metavar="SHARD...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="Table to write: OUT.parquet, OUT.csv, or OUT/ for a folder of Parquet files.",
)
@max_failures_option
@json_option
@quiet_option
def command(shards: Sequence[str], output: str, max_failures: int) -> None:
    """Merge the shards of an extraction to one table."""
    from featkit.batch.shards.merging import merge

    with show_progress() as progress:
        extraction = merge(shards, output, progress=progress)
    rows, features = counted(extraction.rows, "row"), counted(extraction.columns, "feature")
    files = counted(extraction.files, "file")
    show_extraction(extraction, output, f"{rows} of {files}, {features}", work=False)
    report_failures(extraction.failures, output, max_failures)
