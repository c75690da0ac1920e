"""``featkit predict``: predictions for recordings or for the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from featkit._utils.formatting import counted, printable, significant
from featkit._utils.io import check_outputs, replacing
from featkit.cli._console import (
    no_garbage_collection,
    show_failures,
    show_message,
    show_skipped_files,
    show_table,
    show_warnings,
)
from featkit.cli._options import jobs_option, quiet_option
from featkit.cli._progress import show_extraction_progress

if TYPE_CHECKING:
    from featkit.models.predictions import Predictions

EPILOG = """
\b
Examples:
  featkit predict genre.fk song.mp3
  featkit predict genre.fk recordings/ -o predictions.csv
  featkit predict genre.fk corpus.parquet --per segment -o predictions.csv

Recordings are analysed exactly like the training data, including segments.

If a recording cannot be read, or all its features are undefined, it is listed as failed, and the
exit status is 3.
"""


@click.command("predict", epilog=EPILOG)
@click.argument("model", metavar="MODEL")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option("-o", "--output", metavar="FILE.csv", help="Write the predictions to a CSV file.")
@click.option(
    "--per",
    type=click.Choice(["recording", "segment"]),
    default="recording",
    show_default=True,
    help="Combine the segments of a recording (mean log probability), or predict each one.",
)
@jobs_option
@quiet_option
def command(
    model: str,
    inputs: Sequence[str],
    output: str | None,
    per: Literal["recording", "segment"],
    jobs: int | None,
) -> None:
    """Predict the classes of recordings or of table rows.

    MODEL is an output of `featkit train`. INPUT is one or more audio files or
    folders, or one table.
    """
    check_outputs({output: ".csv"}, inputs=[model, *inputs])
    with no_garbage_collection():
        from featkit.sound_model import load_model

        loaded = load_model(model)
    with show_extraction_progress() as progress:
        predictions = loaded.predict(inputs, per=per, n_jobs=jobs, progress=progress)
    if output is None:
        _show(predictions)
    else:
        _write(predictions, output)
    show_skipped_files(predictions.left_out)
    show_warnings(predictions.warnings)
    show_failures(predictions.failures)
    if predictions.failures:
        raise click.exceptions.Exit(3)


def _write(predictions: Predictions, output: str) -> None:
    from featkit.table.csv_writing import write_csv

    data = predictions.data
    with replacing(output) as scratch:
        write_csv(scratch, data.columns, data.itertuples(index=False))
    show_message(f"{output}: {counted(len(data), 'prediction')}")


def _show(predictions: Predictions) -> None:
    columns = list(predictions.data.columns)
    shown = columns[: columns.index("probability") + 1]
    rows = predictions.data[shown].itertuples(index=False)
    show_table(shown, [[printable(significant(value)) for value in row] for row in rows])
