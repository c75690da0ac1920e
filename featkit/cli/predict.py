"""``featkit predict``: predictions for recordings or for the rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

from featkit._utils.formatting import counted, printable, significant
from featkit.cli._batch import (
    batch_document,
    limit_threads,
    report_failures,
    show_batch_progress,
    show_checkpoint,
    show_summary,
)
from featkit.cli._console import (
    no_garbage_collection,
    show_message,
    show_result,
    show_table,
    show_warnings,
)
from featkit.cli._options import (
    annotation_options,
    batch_options,
    class_prior_option,
    cluster_option,
    group_from_option,
    jobs_option,
    json_option,
    manifest_options,
    quiet_option,
    sequence_folders,
    sequences_option,
)
from featkit.cli._standard_input import NAME as STANDARD_INPUT
from featkit.cli._standard_input import given_inputs
from featkit.models.costs import SETS_IGNORE_COSTS
from featkit.storage.writing import check_outputs

if TYPE_CHECKING:
    from featkit.models.predictions import Predictions

EPILOG = """
\b
Examples:
  featkit predict genre.fk song.mp3
  ffmpeg -i film.mkv -f wav - | featkit predict genre.fk -
  featkit predict genre.fk recordings/ -o predictions.csv
  featkit predict genre.fk corpus.parquet --per segment -o predictions.csv
  featkit predict birds.fk dawn.wav --annotations dawn.Table.1.selections.txt --per segment
  featkit predict genre.fk recordings/ --coverage 0.9 --novelty -o predictions.csv
  featkit predict emotion.fk recordings/ --group-from folder -o emotions.csv
  featkit predict emotion.fk recordings/ --group-from "{speaker}_{take}" -o emotions.csv
  featkit predict genre.fk fma_large/ --manifest tracks.csv --where subset=large -o fma.csv
  featkit predict alarm.fk field/ --class-prior shares.csv -o alarms.csv

An INPUT of - reads one sound file, or one table, from standard input. Nothing of it is saved.

Recordings are analysed exactly like the training data, including segments. If the manifest has
columns start and end, each of its intervals is predicted.

With --coverage 0.9, prediction_set is a JSON list of classes that contains the true class for 90 %
of new recordings, and abstain is True unless it has exactly one class. With --accuracy 0.9, abstain
is True where the model is not certain enough. With --novelty, novelty is the share of the training
data that is nearer to the rest: above 0.99, the recording is unlike anything seen in training.

A model of `featkit train --normalize-by` compares each recording with the others of its speaker (or
recorder, or site). Predict all recordings of a speaker together, and say which belong together:
--group-from takes a column of the table or manifest, `folder` (the name of the folder that
contains the file; `folder:2` for the one above) or a pattern of names. Without it, the column of
the training is used if there is one. The features of all recordings are then held in memory.

Recordings that cannot be read, or whose features are all undefined, have no prediction. They are
listed in FILE.csv.failures.csv with stage and reason, and retried by the next run. The exit status
is 3 if more than --max-failures recordings fail.

Probabilities assume that all classes are equally common, or, if the model is calibrated by sigmoid
or isotonic, as common as in training. --class-prior changes that. A CSV file has the columns class
and share; a TOML file has lines such as speech = 0.7.

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
    help="Combine the segments of a recording (mean log probability, or mean number), or predict"
    " each one.  [default: recording; segment for annotated intervals]",
)
@group_from_option
@class_prior_option
@click.option(
    "--coverage",
    type=float,
    metavar="SHARE",
    help="Add prediction sets that contain the true class with this probability, such as 0.9.",
)
@click.option(
    "--accuracy",
    type=float,
    metavar="SHARE",
    help="Abstain so that this share of the other predictions is correct, such as 0.9.",
)
@sequences_option
@click.option("--novelty", is_flag=True, help="Add the distance to the training data, 0 to 1.")
@manifest_options
@annotation_options
@jobs_option
@cluster_option
@batch_options
@json_option
@quiet_option
def command(
    model: str,
    inputs: Sequence[str],
    output: str | None,
    per: Literal["recording", "segment"] | None,
    jobs: int | None,
    max_failures: int,
    sequences: Sequence[str],
    **options: Any,
) -> None:
    """Predict classes or numbers of recordings or of table rows.

    MODEL is an output of `featkit train`. INPUT is one or more audio files or
    folders, or one table.
    """
    if not inputs and not options["manifest"]:
        raise click.UsageError("Missing argument 'INPUT...': give files, folders, or --manifest.")
    prior = filter(None, [options["class_prior"]])
    check_outputs({output: ".csv"}, inputs=[model, *inputs, *sequences, *prior])
    limit_threads()
    with no_garbage_collection():
        from featkit.sound_model import load_model
        from featkit.table.table_files import is_table

        loaded = load_model(model)
    resumable = output is not None and STANDARD_INPUT not in inputs
    if resumable and not any(map(is_table, inputs)):
        show_checkpoint(output)
    with given_inputs(inputs) as given, show_batch_progress(resumable=resumable) as progress:
        predictions = loaded.predict(
            given,
            per=per,
            output=output,
            sequences=sequence_folders(sequences),
            n_jobs=jobs,
            progress=progress,
            **options,
        )
    if loaded.costs is not None:
        show_message("predicted: the class with the least expected cost, by the model's costs")
        if options["coverage"] is not None or options["accuracy"] is not None:
            show_message(SETS_IGNORE_COSTS)
    if output is None:
        show_result(lambda: _document(predictions), lambda: _show(predictions))
        show_summary(predictions)
    else:
        show_summary(predictions, f"{output}: {counted(predictions.rows, 'prediction')}")
        show_result(lambda: {"output": output, **batch_document(predictions)}, lambda: None)
    show_warnings(predictions.warnings)
    report_failures(predictions.failures, output, max_failures)


def _document(predictions: Predictions) -> dict[str, Any]:
    """The predictions, failures and numbers, as ``--json`` prints them."""
    return {
        "predictions": predictions.data,
        "warnings": predictions.warnings,
        **batch_document(predictions),
    }


def _show(predictions: Predictions) -> None:
    # The columns of the classes are the last ones.
    shown = [name for name in predictions.columns if not name.startswith("p_")]
    rows = zip(*(predictions.columns[name].tolist() for name in shown), strict=True)
    show_table(shown, [[printable(significant(value)) for value in row] for row in rows])
