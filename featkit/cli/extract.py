"""``featkit extract``: recordings to a table of features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from featkit._utils.formatting import counted
from featkit.cli._batch import (
    check_labels,
    limit_threads,
    report_failures,
    show_batch_progress,
    show_checkpoint,
    show_extraction,
)
from featkit.cli._options import (
    annotation_options,
    batch_options,
    calibration_options,
    cluster_option,
    jobs_option,
    json_option,
    manifest_options,
    name_options,
    offset_option,
    quiet_option,
    recorder_option,
    segment_options,
)

EPILOG = """
\b
Examples:
  featkit extract song.wav -o song.csv
  featkit extract corpus/ -o corpus.parquet --labels folder
  featkit extract corpus/ -o corpus.parquet --features genre75 --jobs 4
  featkit extract corpus/ -o segments.parquet --segment 3 --segment-hop 1.5
  featkit extract marsh/ -o marsh.parquet --sensitivity -35 --gain 26 --full-scale-voltage 1.25
  featkit extract marsh/ -o marsh.parquet --recorder audiomoth
  featkit extract clips/ -o clips.parquet --duration 5 --pad
  featkit extract digits/ -o digits.parquet --name-pattern "{label}_{speaker}_{index}"
  featkit extract voices/ -o voices.parquet --name-pattern "{speaker}/{label}/{take}"
  featkit extract machines/ -o machines.parquet --name-pattern "id_{machine}/{label}/"
  featkit extract music/ -o music.parquet --labels folder:2
  featkit extract --manifest corpus.csv -o corpus.parquet
  featkit extract field/ --manifest calls.csv --background noise -o calls.parquet
  featkit extract field/ --annotations tables/ --background noise -o calls.parquet
  featkit extract speech/ --annotations grids/ --tier words -o words.parquet
  featkit extract fma_medium/ --manifest tracks.csv --where subset=small,medium -o fma.parquet
  featkit extract --manifest mirdata:gtzan_genre -o gtzan.parquet
  featkit extract s3://bucket/corpus/ -o corpus.parquet
  featkit extract corpus/ -o corpus.parquet --cluster tcp://scheduler:8786
  featkit extract corpus/ -o shards/3.parquet --shard 3/40
  featkit extract corpus/ -o table/

INPUT, OUT and all other files may be URLs, such as s3://bucket/corpus/ or sftp://host/corpus/.

Folders are searched recursively. Audio files are recognised by their extension or, if it is
unknown, by their first bytes. The summary counts the skipped files by extension.

With --sensitivity, --gain or --full-scale-voltage, levels are sound pressure levels in dB re
20 µPa; an option that is missing is 0 dB, 0 dB or 1 V. If the feature set has no such levels, sound
levels (LAeq, LCeq, Leq, percentiles) and levels of third-octave bands are added to it. The values
are those of one recorder: extract recordings of others separately, and join the tables.

--labels and --name-pattern match the end of a path. For genre/artist/song.mp3, --labels folder:2
gives the genre, and --name-pattern "{label}/{group}/{title}" the genre and the artist. Folders
above INPUT are ignored; INPUT itself is used only if no file in it is nested deeply enough.

--recorder adds the columns recorded_at (start of the file, with the offset from UTC if it is
stated), recorder, recorder_id, site, latitude, longitude, temperature (°C), battery (V) and
recorder_gain. What a file does not state is empty. Models do not use these columns.

A manifest is a CSV file with a column path and any other columns, such as label, group, split or
fold. The index files of some published datasets also work: esc50.csv of ESC-50, tracks.csv of FMA,
autotagging.tsv of MTG-Jamendo or one of its splits. Paths are relative to INPUT or, without INPUT,
to the folder of the manifest.

With columns start and end, in seconds, each row of a manifest is an interval of its file, analysed
as if it were a file of its own. Intervals may overlap. An empty start is the beginning of the file,
an empty end its end. --background adds the time between intervals, except in files whose intervals
are all outside the file or reversed. Columns low_hz and high_hz are copied. Intervals outside their
file, reversed or shorter than a frame are failures of their own.

--annotations reads intervals from selection tables of Raven, labels of Audacity, TextGrids of
Praat, tables of audformat and results of BirdNET, recognised by their content. Files belong to the
recordings that they name, or that have their name: dawn.wav has dawn.TextGrid or
dawn.Table.1.selections.txt. Recordings without annotations are left out or, with --background, are
background.

Files that cannot be read are skipped, listed in OUT.failures.csv with stage and reason, and retried
by the next run. The exit status is 3 if more than --max-failures files fail.

Finished recordings are saved in OUT.parts. After an interruption, the same command resumes from
there; later it processes only new and changed files. With other settings, the command fails unless
--fresh is given. OUT.parts has no other use and may be deleted after the run. If OUT is a URL,
OUT.parts is in the current folder: run the same command there.

With --shard 3/40, one of 40 jobs extracts its share of the recordings, chosen by a hash of their
paths. All jobs are given the same recordings and options, and an OUT of their own; they need not
know each other. featkit merge joins their tables to the table of one run. An empty share is a
shard, too.
"""


@click.command("extract", epilog=EPILOG)
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="Table to write: OUT.parquet, OUT.csv, or OUT/ for a folder of Parquet files.",
)
@click.option(
    "--features",
    default="standard",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="Feature set: a name from `featkit features`, or a file.",
)
@calibration_options
@name_options
@recorder_option
@manifest_options
@annotation_options
@jobs_option
@cluster_option
@offset_option
@click.option("--duration", type=float, metavar="S", help="Read at most S seconds of each file.")
@click.option("--pad", is_flag=True, help="Pad shorter files with zeros to --duration.")
@segment_options
@click.option(
    "--shard",
    metavar="K/N",
    help="Extract only share K of N, as OUT.parquet for featkit merge.",
)
@batch_options
@json_option
@quiet_option
def command(
    inputs: Sequence[str],
    output: str,
    jobs: int | None,
    max_failures: int,
    **options: Any,
) -> None:
    """Extract features from recordings to a table.

    INPUT is one or more audio files or folders. Each row holds the path of its recording (relative
    to INPUT), the start and end in seconds, the metadata, and the features.
    """
    limit_threads()
    from featkit.batch.extraction import extract

    if not inputs and not options["manifest"]:
        raise click.UsageError("Missing argument 'INPUT...': give files, folders, or --manifest.")
    check_labels(options["labels"])
    show_checkpoint(output)
    with show_batch_progress(resumable=True) as progress:
        extraction = extract(inputs, output=output, n_jobs=jobs, progress=progress, **options)
    rows, features = counted(extraction.rows, "row"), counted(extraction.columns, "feature")
    shard = f", shard {options['shard']}" if options["shard"] else ""
    show_extraction(extraction, output, f"{rows}, {features}{shard}")
    report_failures(extraction.failures, output, max_failures)
