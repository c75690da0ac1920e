"""``featkit evaluate``: trained models on other datasets, beside their scores at home."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted
from featkit.cli._batch import report_failures, show_checkpoint
from featkit.cli._console import (
    no_garbage_collection,
    show_message,
    show_result,
    show_skipped_files,
    show_warnings,
)
from featkit.cli._options import (
    annotation_options,
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
from featkit.cli._progress import show_progress
from featkit.storage.urls import suffix_of
from featkit.storage.writing import check_outputs, replacing

if TYPE_CHECKING:
    from featkit.evaluation.evaluate import EvaluationResult

MODEL_SUFFIX = ".fk"

EPILOG = """
\b
Examples:
  featkit evaluate genre.fk jamendo.parquet
  featkit evaluate genre.fk korean.parquet --label-map map.toml -o scores.json
  featkit evaluate forest.fk xgb.fk korean.parquet --label-map map.toml --report report.html
  featkit evaluate genre.fk jamendo.parquet --label tags --label-separator ";"
  featkit evaluate emotion.fk voices.parquet --by sex --by device --group speaker
  featkit evaluate genre.fk jamendo.parquet --training-table gtzan.parquet --report report.html
  featkit evaluate genre.fk music/ --labels folder --extracted music.parquet
  featkit evaluate birds.fk field/ --annotations tables/ --background noise

MODEL is an output of `featkit train`; arguments that end in .fk are models. TABLE is a table with a
column of labels. SOUND is one folder of recordings, or some files; they are analysed exactly like
the training data. With several models, each pair is compared on the recordings that both predict.

Only rows whose label the model knows are scored; spelling (case, blanks, hyphens, accents) does not
matter, and --label-map sends other labels to common ones. A recording that appears twice counts
once. Recordings that the model was trained on are not scored, unless the table contains the whole
training table: then each is predicted by the model of the fold in which it was a test row. Copies
of them in another format are recognised by name, with --training-table only.

--training-table shows what differs between the training data and the dataset: columns, recording
conditions and feature importance. Copies of training recordings, such as MP3 versions with the same
names, are also predicted by the models of folds.

If some recordings cannot be read, the exit status is 3.
"""


@click.command("evaluate", epilog=EPILOG)
@click.argument("arguments", nargs=-1, required=True, metavar="MODEL... TABLE|SOUND...")
@click.option(
    "--label", metavar="C", help='Column of labels.  [default: that of the model, or "label"]'
)
@click.option("--label-map", metavar="FILE", help="Label map: TOML or CSV; see `featkit labels`.")
@click.option("--secondary-label", metavar="C", help="Column of secondary labels.")
@click.option(
    "--label-separator",
    metavar="S",
    help='Text between several labels of a cell, such as ";": the first known one is the label, the'
    " next one is secondary.",
)
@click.option(
    "--by", multiple=True, metavar="C", help="Also score each value of this column; repeatable."
)
@click.option(
    "--group",
    metavar="C",
    help="Column of groups for the confidence intervals, such as artist or speaker.  [default: that"
    " of the model, or the recordings]",
)
@class_prior_option
@group_from_option
@click.option(
    "--training-table",
    multiple=True,
    metavar="TABLE",
    help="The table that the models were trained with, to show what differs; repeatable.",
)
@sequences_option
@click.option("--labels", metavar="folder[:N]", help="SOUND: use the parent folder as label.")
@click.option("--name-pattern", metavar="PATTERN", help="SOUND: read columns from file names.")
@manifest_options
@annotation_options
@click.option("--extracted", metavar="TABLE", help="SOUND: write the features; a rerun resumes.")
@jobs_option
@cluster_option
@click.option("-o", "--output", metavar="FILE.json", help="Write all scores as JSON.")
@click.option("--report", metavar="FILE.html", help="Write a report.")
@click.option("--predictions", metavar="FILE.csv", help="Write the prediction for each scored row.")
@json_option
@quiet_option
def command(
    arguments: Sequence[str],
    by: Sequence[str],
    training_table: Sequence[str],
    sequences: Sequence[str],
    where: Mapping[str, Sequence[str]],
    jobs: int | None,
    output: str | None,
    report: str | None,
    predictions: str | None,
    **options: Any,
) -> None:
    """Evaluate models on other datasets.

    Scores have confidence intervals. They are shown beside the scores at home (those of the
    training), of always predicting the most common class, and of chance.
    """
    models = [name for name in arguments if suffix_of(name) == MODEL_SUFFIX]
    inputs = [name for name in arguments if suffix_of(name) != MODEL_SUFFIX]
    if not models:
        raise click.UsageError(
            f"No model is given: name at least one model file, which ends in {MODEL_SUFFIX}."
        )
    if not inputs and not options["manifest"]:
        raise click.UsageError("No dataset is given: name a table, a folder or --manifest.")
    others = filter(None, [options["label_map"], options["class_prior"]])
    files = [*arguments, *training_table, *sequences, *others]
    check_outputs({output: ".json", report: ".html", predictions: ".csv"}, inputs=files)
    if options["label_separator"] == "":
        raise click.BadParameter("must not be empty", param_hint="'--label-separator'")
    show_checkpoint(options["extracted"])
    result = _evaluated(
        models,
        inputs,
        by=by,
        training_table=list(training_table) or None,
        sequences=sequence_folders(sequences),
        where=where,
        jobs=jobs,
        **options,
    )
    # Callbacks run in reverse order, and each runs even if another fails: no result is lost.
    with contextlib.ExitStack() as steps:
        steps.callback(_show, result)
        steps.callback(_write_report, result, report)
        steps.callback(_write_predictions, result, predictions)
        steps.callback(_write_scores, result, output)
    show_skipped_files(result.left_out)
    report_failures(result.failures, options["extracted"], max_failures=0)


def _evaluated(
    models: Sequence[str], inputs: Sequence[str], *, jobs: int | None, **options: Any
) -> EvaluationResult:
    with no_garbage_collection():
        from featkit.sound_model import evaluate
    with show_progress() as report:
        return evaluate(
            models,
            inputs,
            n_jobs=jobs,
            progress=report,
            **options,
        )


def _write_scores(result: EvaluationResult, output: str | None) -> None:
    if output is not None:
        content = json.dumps(result.scores, indent=2, ensure_ascii=False)
        with replacing(output) as scratch:
            scratch.write_text(f"{content}\n", "utf-8")


def _write_predictions(result: EvaluationResult, predictions: str | None) -> None:
    from featkit.table.csv_writing import write_csv

    if predictions is not None:
        data = result.predictions
        with replacing(predictions) as scratch:
            write_csv(scratch, data.columns, data.itertuples(index=False))
        show_message(f"{predictions}: {counted(len(data), 'prediction')}")


def _write_report(result: EvaluationResult, report: str | None) -> None:
    from featkit.report.evaluation_page import write_evaluation_report

    if report is not None:
        write_evaluation_report(report, result.evaluation)
        show_message(f"{report}: report")


def _show(result: EvaluationResult) -> None:
    from featkit.cli._evaluation import show_evaluation

    show_warnings(result.warnings)
    show_result(lambda: result.scores, lambda: show_evaluation(result.evaluation))
