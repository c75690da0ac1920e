"""``featkit predict``: predictions for recordings or for the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from featkit._utils.formatting import counted, printable, significant
from featkit._utils.io import check_outputs
from featkit.cli._batch import limit_threads, report_failures, show_batch_progress, show_summary
from featkit.cli._console import no_garbage_collection, show_table, show_warnings
from featkit.cli._options import (
    annotation_options,
    batch_options,
    jobs_option,
    manifest_options,
    quiet_option,
)

if TYPE_CHECKING:
    from featkit.models.predictions import Predictions

EPILOG = """
\b
Examples:
  featkit predict genre.fk song.mp3
  featkit predict genre.fk recordings/ -o predictions.csv
  featkit predict genre.fk corpus.parquet --per segment -o predictions.csv
  featkit predict birds.fk dawn.wav --annotations dawn.Table.1.selections.txt --per segment
  featkit predict genre.fk fma_large/ --manifest tracks.csv --where subset=large -o fma.csv

Recordings are analysed exactly like the training data, including segments. If the manifest has
columns start and end, each of its intervals is predicted.

Recordings that cannot be read, or whose features are all undefined, have no prediction. They are
listed in FILE.csv.failures.csv with stage and reason, and retried by the next run. The exit status
is 3 if more than --max-failures recordings fail.

With -o, the features of finished recordings are saved in FILE.csv.parts. After an interruption, the
same command resumes from there; later it processes only new and changed files. Another model with
the same feature set and excerpt uses the saved features, too; with other ones, the command fails
unless --fresh is given. FILE.csv.parts has no other use and may be deleted after the run.
"""


@click.command("predict", epilog=EPILOG)
@click.argument("model", metavar="MODEL")
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("-o", "--output", metavar="FILE.csv", help="Write the predictions to a CSV file.")
@click.option(
    "--per",
    type=click.Choice(["recording", "segment"]),
    help="Combine the segments of a recording (mean log probability), or predict each one."
    "  [default: recording; segment for annotated intervals]",
)
@manifest_options
@annotation_options
@jobs_option
@batch_options
@quiet_option
def command(
    model: str,
    inputs: Sequence[str],
    output: str | None,
    per: Literal["recording", "segment"] | None,
    jobs: int | None,
    max_failures: int,
    **options: Any,
) -> None:
    """Predict the classes of recordings or of table rows.

    MODEL is an output of `featkit train`. INPUT is one or more audio files or
    folders, or one table.
    """
    if not inputs and not options["manifest"]:
        raise click.UsageError("Missing argument 'INPUT...': give files, folders, or --manifest.")
    check_outputs({output: ".csv"}, inputs=[model, *inputs])
    limit_threads()
    with no_garbage_collection():
        from featkit.sound_model import load_model

        loaded = load_model(model)
    with show_batch_progress(resumable=output is not None) as progress:
        predictions = loaded.predict(
            inputs, per=per, output=output, n_jobs=jobs, progress=progress, **options
        )
    if output is None:
        _show(predictions)
        show_summary(predictions)
    else:
        show_summary(predictions, f"{output}: {counted(predictions.rows, 'prediction')}")
    show_warnings(predictions.warnings)
    report_failures(predictions.failures, output, max_failures)


def _show(predictions: Predictions) -> None:
    columns = list(predictions.data.columns)
    shown = columns[: columns.index("probability") + 1]
    rows = predictions.data[shown].itertuples(index=False)
    show_table(shown, [[printable(significant(value)) for value in row] for row in rows])
