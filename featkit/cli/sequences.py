"""``featkit sequences``: recordings to arrays of frames, for networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.data_sizes import data_size
from featkit._utils.formatting import counted
from featkit.cli._batch import (
    check_labels,
    limit_threads,
    report_failures,
    show_batch_progress,
    show_extraction,
)
from featkit.cli._options import (
    annotation_options,
    batch_options,
    cluster_option,
    jobs_option,
    json_option,
    manifest_options,
    name_options,
    offset_option,
    quiet_option,
    segment_options,
)

if TYPE_CHECKING:
    from featkit.batch.outcomes import Extraction

EPILOG = """
\b
Examples:
  featkit sequences corpus/ -o corpus-mel/ --labels folder
  featkit sequences corpus/ -o corpus-series/ --features series4 --jobs 4
  featkit sequences corpus/ -o corpus-small/ --features mel64,mfcc40 --seconds 3
  featkit sequences corpus/ -o corpus-small/ --features mel --frames 256 --dtype float16
  featkit sequences music/ -o segments/ --segment 3 --labels folder
  featkit sequences corpus/ -o corpus-own/ --features own.toml
  featkit sequences --manifest corpus.csv -o corpus-mel/
  featkit train corpus-mel/ --model cnn

The folder DIR holds one array for each kind of sequence, such as mel.npy, with the shape
(rows, channels, frames), and index.parquet with the path, label and other columns of each row and
its true number of frames. NumPy and pandas read them. A folder of the same name is replaced in one
step, if it holds nothing else.

\b
--features is one of
  logmel128   mel spectrogram in dB, 128 bands, 128 frames of exactly 5 s   (the default)
  series4     mel, 40 MFCC, 24 chroma and a wavelet series
  NAME,NAME   kinds, such as mel, mel64, mfcc40, chroma24, wavelet, rms
  FILE.toml   a definition of kinds with their parameters

Without --frames and --seconds, and if the set states none, all recordings get the frames of the
longest one. Shorter sequences are padded at the end with the values of silence, longer ones are
cut.

Manifests, annotations, names, failures and resuming work as for featkit extract: files that cannot
be read are skipped, listed in DIR.failures.csv and retried by the next run; finished recordings are
saved in DIR.parts, from which the same command resumes. With other settings, the command fails
unless --fresh is given. DIR.parts may be deleted after the run. The exit status is 3 if more than
--max-failures files fail.
"""


@click.command("sequences", epilog=EPILOG)
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder to write.")
@click.option(
    "--features",
    default="logmel128",
    show_default=True,
    metavar="NAME|NAME,NAME|FILE.toml",
    help="Sequence set: a preset, names of kinds, or a file.",
)
@click.option(
    "--frames",
    type=click.IntRange(min=1),
    metavar="N",
    help="Frames of each sequence; longer ones are cut, shorter ones padded.",
)
@click.option(
    "--seconds",
    type=float,
    metavar="S",
    help="Seconds of each recording, or segment; longer ones are cut, shorter ones padded.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float32", "float16"]),
    help="Type of the stored values.  [default: float32, or that of the set]",
)
@name_options
@manifest_options
@annotation_options
@jobs_option
@cluster_option
@offset_option
@segment_options
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
    """Compute sequences of recordings, for networks.

    INPUT is one or more audio files or folders. A sequence is a descriptor frame by frame, such as
    a mel spectrogram.
    """
    limit_threads()
    from featkit.batch.sequence_extraction import sequences

    if not inputs and not options["manifest"]:
        raise click.UsageError("Missing argument 'INPUT...': give files, folders, or --manifest.")
    check_labels(options["labels"])
    with show_batch_progress(resumable=True) as progress:
        extraction = sequences(inputs, output=output, n_jobs=jobs, progress=progress, **options)
    show_extraction(extraction, output, _content(extraction))
    report_failures(extraction.failures, output, max_failures)


def _content(extraction: Extraction) -> str:
    """Rows, kinds with their shapes, and size of the folder that was written."""
    written = extraction.table.sequences
    if written is None:
        raise AssertionError("the folder holds sequences")
    kinds = [f"{name} {channels} × {frames}" for name, (channels, frames) in written.shapes.items()]
    size = sum(
        len(written) * kind.shape[0] * kind.shape[1] * kind.dtype.itemsize
        for kind in written.kinds.values()
    )
    return f"{counted(extraction.rows, 'row')}, {', '.join(kinds)}, {data_size(size)}"
