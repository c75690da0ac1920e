"""``featkit predict``: what a model predicts for sound, or for a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import click

from featkit.cli._console import jobs_option, quiet_option

if TYPE_CHECKING:
    from featkit.sound_model import Predictions

EPILOG = """
\b
Examples:
  featkit predict genre.fk song.mp3
  featkit predict genre.fk recordings/ -o predictions.csv
  featkit predict genre.fk corpus.parquet --per segment -o predictions.csv

Sound is analysed exactly as the model's training data was, segments included. A file that cannot be
read, or of which no feature has a value, is named, and nothing is predicted for it; the exit status
is then 3.
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
    help="Whether segments of a recording are put together (mean of their log probabilities).",
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
    """Predict what sound files are, by a model that `featkit train` wrote.

    INPUT is sound files and folders of them, or one table.
    """
    from featkit._utils.counting import counted
    from featkit._utils.io import check_outputs, replacing
    from featkit.cli._console import (
        no_garbage_collection,
        remark,
        show_failures,
        show_left_out,
        show_warnings,
    )
    from featkit.cli._progress import shown_batch
    from featkit.table import delimited

    check_outputs({output: ".csv"}, inputs=[model, *inputs])
    with no_garbage_collection():
        from featkit.sound_model import load_model

        loaded = load_model(model)
    with shown_batch() as progress:
        predictions = loaded.predict(inputs, per=per, n_jobs=jobs, progress=progress)
    if output is None:
        _show(predictions)
    else:
        with replacing(output) as scratch:
            data = predictions.data
            delimited.write(scratch, data.columns, data.itertuples(index=False))
        remark(f"{output}: {counted(len(data), 'prediction')}")
    show_left_out(predictions.left_out)
    show_warnings(predictions.warnings)
    show_failures(predictions.failures)
    if predictions.failures:
        raise click.exceptions.Exit(3)


def _show(predictions: Predictions) -> None:
    from featkit.cli._console import printable, short, show_table

    columns = list(predictions.data.columns)
    shown = columns[: columns.index("probability") + 1]
    rows = predictions.data[shown].itertuples(index=False)
    show_table(shown, [[printable(short(value)) for value in row] for row in rows])
