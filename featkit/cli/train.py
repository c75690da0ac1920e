"""``featkit train``: a table to a model with cross-validated scores."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted
from featkit.cli._columns import named_columns
from featkit.cli._console import (
    no_garbage_collection,
    show_message,
    show_result,
    show_warnings,
)
from featkit.cli._options import (
    cluster_option,
    exclude_options,
    jobs_option,
    json_option,
    label_map_option,
    quiet_option,
    sequence_folders,
    sequences_option,
)
from featkit.cli._progress import show_progress
from featkit.models import AUTO
from featkit.models.estimator import ENSEMBLE, ESTIMATORS
from featkit.models.networks.estimators import NETWORKS
from featkit.models.regressor import REGRESSORS
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.models.training_options import CALIBRATIONS, METHODS, MIN_ROWS, STANDARD
from featkit.storage.writing import check_outputs, replacing
from featkit.table.label_cells import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

    from featkit.models.result import Result

EPILOG = """
\b
Examples:
  featkit train corpus.parquet --label genre -o genre.fk
  featkit train corpus.parquet --label genre --group artist --folds 10 -o genre.fk
  featkit train corpus.parquet --label genre --group groups.csv -o genre.fk
  featkit train emodb.parquet --label emotion --group speaker --leave-one-group-out -o emotion.fk
  featkit train esc10.parquet --fold fold --model svm -o esc10.fk --scores scores.json
  featkit train corpus.parquet --model random_forest --set n_estimators=500 -o genre.fk
  featkit train emotions.parquet --group speaker --normalize-by speaker -o emotion.fk
  featkit train sequences/ --label genre --model cnn -o genre.fk
  featkit train corpus.parquet --sequences sequences/ --model cnn,logistic,auto -o genre.fk
  featkit train features.csv --label label --exclude filename,length --ratio 80/10/10
  featkit train voices.parquet --target valence --group speaker -o valence.fk
  featkit train jamendo.parquet --multilabel tags --group group --split split -o tags.fk
  featkit train corpus.parquet --label genre --budget 60 -o genre.fk
  featkit train features/ --label genre --model sgd --max-memory 4GB -o genre.fk
  featkit train gtzan.parquet jamendo.parquet --label-map map.toml --leave-one-dataset-out -o m.fk

TABLE is an output of `featkit extract`, or any Parquet file or delimited text file (.csv, .tsv,
.txt, also compressed) with a column of classes and numeric columns. Several tables are several
datasets, named like their files; the same recording or group name in two of them denotes two.
`featkit labels` shows their labels and makes a label map.

Rows of one recording (path) or one --group are never split between training and test. Without
--group, featkit searches the columns and the file names for possible groups, and prints the score
with the most likely one first.

Recording conditions, such as sample rate, format and level, are also scored alone. If they predict
the label, the first line warns of it: a model may recognise them instead of the content.

--normalize-by removes differences between speakers, recorders or sites. Test rows are normalised by
the unlabelled test rows of their group, so `featkit predict` needs to know which recordings belong
together, too: from the same column, or by --group-from.

`auto` selects the model and its parameters in inner folds, and outer folds estimate its
performance (nested cross-validation). The first inner fold scores all candidates, and the others
the best third of each estimator.

--budget leaves out candidates that there is no time for, in all folds alike: first those other than
the defaults, then the slowest estimators. The outer folds and the final fit have their part of the
time. The first lines list the candidates that were not tried. Times are estimated from one fit of
each estimator, so that the result depends on the speed of the machine and on other programs; the
training may take somewhat longer. Without --budget, the same command gives the same result on each
machine.

Several models, such as --model cnn,logistic,auto, are scored on the same outer folds. The first one
is kept, and the others are compared with it: differences of the accuracy, seconds of training and
sizes. Networks (pip install 'featkit[deep]') learn from the sequences that `featkit sequences`
wrote: give the folder as --sequences beside the table, or as TABLE if all models are networks.
Networks stop early on a part of the training groups; no test row takes part.

--calibrate fits a calibration of the probabilities on inner folds by group, so that no test row
takes part. Scores are those after calibration; the calibration error, log loss and accuracy before
it are shown, too. A temperature keeps all predicted classes; sigmoid and isotonic also learn how
common the classes are.

--max-memory limits the feature values and their copies, not the whole process: libraries take some
350 MB (and again in each worker process), and each row some hundreds of bytes for its path, label
and predictions. If the features need more than an eighth of it, they are kept in the folder for
temporary files (TMPDIR), which needs their size once, and again for each fit at a time. Then sgd
and xgboost are trained on all rows in blocks. All other models, auto, --select, --normalize-by and
--multilabel use a sample of whole recordings that keeps the shares of classes and groups; a warning
states its size, and scores are those of the sample. Text files (.csv, .tsv, .txt) are read into
memory at once, so use Parquet. `predict`, `evaluate`, `explain` and `report` read whole tables.

The same command gives the same scores.
"""

RATIO_PART = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*")
"""A part of a ratio; ``float`` would also accept ``6_0`` and ``nan``."""


def _parse_ratio(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    parts = value.split("/")
    if not all(map(RATIO_PART.fullmatch, parts)):
        raise click.BadParameter(f"{value!r} is not a ratio such as 60/20/20")
    return tuple(map(float, parts))


def _parse_parameters(ctx: click.Context, parameter: click.Parameter, values: Any) -> Any:
    parsed: dict[str, Any] = {}
    for text in values:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise click.BadParameter(f"{text!r} is not NAME=VALUE, such as n_estimators=500")
        if name in parsed:
            raise click.BadParameter(f"{name!r} is given twice")
        parsed[name] = _number(value)
    return parsed


def _number(text: str) -> bool | int | float | str:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


@click.command("train", epilog=EPILOG)
@click.argument("tables", nargs=-1, required=True, metavar="TABLE...")
@click.option("--label", default="label", show_default=True, metavar="C", help="Column of classes.")
@click.option("--target", metavar="C", help="Column of numbers to predict instead of classes.")
@click.option("--multilabel", metavar="C", help="Column of several labels, such as tags.")
@click.option(
    "--label-separator",
    metavar="TEXT",
    default=SEPARATOR,
    show_default=True,
    help="Text between the labels of a cell.",
)
@click.option(
    "--empty-is-no-label",
    is_flag=True,
    help="A row with an empty cell has none of the labels; by default, it is left out.",
)
@label_map_option
@click.option(
    "--group",
    metavar="C",
    help="Column of groups to keep together, such as artist or speaker; or part of a name:"
    ' "stem(name, 1-3)" is its first three fields, "folder(path)" its folder; or a file of groups,'
    " from `featkit audit --write-groups`.",
)
@click.option("--fold", metavar="C", help="Column of predefined folds.")
@click.option(
    "--folds", type=click.IntRange(min=2), metavar="N", help="Number of folds.  [default: 5]"
)
@click.option("--split", metavar="C", help="Column with the values train, validation and test.")
@click.option(
    "--ratio",
    "shares",
    callback=_parse_ratio,
    metavar="A/B/C",
    help="Ratio of training, validation and test rows, such as 60/20/20.",
)
@click.option(
    "--leave-one-group-out",
    is_flag=True,
    help="Test each group with a model of the others; so do as many --folds as there are groups.",
)
@click.option(
    "--leave-one-dataset-out",
    is_flag=True,
    help="Test each dataset (table, or value of the column dataset) with a model of the others.",
)
@click.option(
    "--split-by-row",
    is_flag=True,
    help="Allow rows of one recording in training and test: for comparison only.",
)
@click.option(
    "--model",
    default="auto",
    show_default=True,
    metavar="NAME",
    help=f"{AUTO} (the best model in each fold), {', '.join(ESTIMATORS)}; with --target:"
    f" {', '.join(REGRESSORS)}; networks: {', '.join(NETWORKS)}. Several, separated by commas: the"
    " first is kept.",
)
@sequences_option
@click.option(
    "--set",
    "parameters",
    multiple=True,
    callback=_parse_parameters,
    metavar="NAME=VALUE",
    help="Parameter of the named model, such as n_estimators=500; of several models, with the name"
    " before it, such as cnn.epochs=20; repeatable.",
)
@click.option(
    "--ensemble/--no-ensemble",
    default=True,
    help=f"Whether {AUTO} may combine models by a weighted mean.  [default: yes]",
)
@click.option(
    "--select", type=click.IntRange(min=1), metavar="K", help="Use only the K best features."
)
@exclude_options
@click.option(
    "--include",
    multiple=True,
    metavar="C,C",
    help="Use these columns even if they look like identifiers or copies of the class.",
)
@click.option(
    "--normalize-by",
    metavar="C",
    help="Standardise each column within each group of this column, such as speaker; or a part of a"
    " name, as for --group.",
)
@click.option(
    "--normalization",
    type=click.Choice(METHODS),
    default=STANDARD,
    show_default=True,
    help="Mean and standard deviation, or median and interquartile range.",
)
@click.option(
    "--normalize-min-rows",
    type=click.IntRange(min=2),
    default=MIN_ROWS,
    show_default=True,
    metavar="N",
    help="Smaller groups are normalised by the statistics of all training rows.",
)
@click.option(
    "--calibrate",
    type=click.Choice(CALIBRATIONS),
    help="Calibrate the probabilities on inner folds; auto selects a method by the log loss.",
)
@click.option(
    "--prediction-sets",
    is_flag=True,
    help="Fit prediction sets (`featkit predict --coverage`) for a named model, too.",
)
@click.option(
    "--cost",
    "costs",
    metavar="FILE.csv",
    help="Cost of each wrong prediction: a row per true, a column per predicted class.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Seed of the random numbers.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help=f"Time that a training with {AUTO} should take; candidates that it leaves out depend on"
    " the machine, and are printed.",
)
@click.option(
    "--max-memory",
    metavar="SIZE",
    help="Memory for feature values and their copies (not for the whole process), such as 4GB; see"
    " below.  [default: three quarters of the memory]",
)
@click.option(
    "--compare-splits/--no-compare-splits",
    default=True,
    help="Whether the kept model is also scored by a split by row, which takes as many fits again."
    "  [default: yes]",
)
@jobs_option
@cluster_option
@click.option("-o", "--output", metavar="MODEL.fk", help="Model file to write.")
@click.option("--scores", metavar="FILE.json", help="Write all scores as JSON.")
@click.option("--predictions", metavar="FILE.csv", help="Write the prediction for each test row.")
@click.option(
    "--learning-curves",
    "curves",
    metavar="FILE.csv",
    help="Write losses and accuracies of networks after each epoch of each fold.",
)
@json_option
@quiet_option
def command(
    tables: Sequence[str],
    exclude: Sequence[str],
    exclude_from: str | None,
    include: Sequence[str],
    jobs: int | None,
    output: str | None,
    scores: str | None,
    predictions: str | None,
    curves: str | None,
    sequences: Sequence[str],
    **settings: Any,
) -> None:
    """Train a model and score it on held-out rows.

    The scores come from cross-validation or a held-out test set, without leakage between
    recordings or groups.
    """
    files = [settings[name] for name in ("label_map", "costs", "group")]
    inputs = [*tables, *sequences, *(name for name in files if name is not None)]
    outputs = {output: ".fk", scores: ".json", predictions: ".csv", curves: ".csv"}
    check_outputs(outputs, inputs=inputs)
    settings["sequences"] = sequence_folders(sequences)
    with no_garbage_collection():
        from featkit.sound_model import train
    with show_progress() as report:
        settings["exclude"] = named_columns(tables, exclude, exclude_from)
        settings["include"] = named_columns(tables, include)
        result = train(tables, n_jobs=jobs, progress=report, **settings)
    written: list[str] = []
    # Callbacks run in reverse order, and each runs even if another fails: no result is lost.
    with contextlib.ExitStack() as steps:
        steps.callback(_show, result, written)
        steps.callback(_show_memory, result)
        steps.callback(_show_budget, result)
        steps.callback(_write_table, result.predictions, predictions, written)
        steps.callback(_write_table, result.learning_curves, curves, written)
        steps.callback(_write_scores, result, scores, written)
        steps.callback(_save_model, result, output, written)


def _save_model(result: Result, output: str | None, written: list[str]) -> None:
    """Write the model; it and the next two functions add the name of their file to `written`."""
    if output is not None:
        result.model.save(output)
        written.append(output)
        training = result.model.training
        rows = counted(training["rows"], "row")
        show_message(f"{output}: {training['candidate']}, fitted on {rows}")


def _show_memory(result: Result) -> None:
    memory = result.model.trained.memory
    if memory is not None and not memory.is_sample:  # a sample is among the warnings
        show_message(memory.summary)


def _show_budget(result: Result) -> None:
    budget = result.model.trained.budget
    if budget is not None and budget.is_complete:  # else it is among the warnings
        show_message(budget.summary)


def _document(result: Result) -> dict[str, Any]:
    """All scores, as ``--scores`` writes them and ``--json`` prints them."""
    from featkit.models.serialization import to_dict
    from featkit.models.training_metadata import TrainingSummary

    return {**result.scores, "training": to_dict(result.model.trained, TrainingSummary)}


def _write_scores(result: Result, scores: str | None, written: list[str]) -> None:
    if scores is not None:
        content = json.dumps(_document(result), indent=2, ensure_ascii=False)
        with replacing(scores) as scratch:
            scratch.write_text(f"{content}\n", "utf-8")
        written.append(scores)


def _write_table(data: pd.DataFrame, file: str | None, written: list[str]) -> None:
    from featkit.table.csv_writing import write_csv

    if file is not None:
        with replacing(file) as scratch:
            write_csv(scratch, data.columns, data.itertuples(index=False))
        written.append(file)


def _show(result: Result, files: Sequence[str]) -> None:
    show_warnings(result.warnings)
    show_result(lambda: _document(result), lambda: _show_scores(result, files))


def _show_scores(result: Result, files: Sequence[str]) -> None:
    from featkit.cli._scores import show_normalization
    from featkit.cli._verdict import show_verdict

    SHOW_SCORES[result.model.task](result)
    if result.model.name == ENSEMBLE:
        from featkit.explanation.ensembles import members_text

        click.echo(f"\nmembers of the ensemble and their weights: {members_text(result.model)}")
    show_normalization(result.evaluation)
    show_verdict(result, files)


def _show_classification(result: Any) -> None:
    from featkit.cli._scores import show_scores

    show_scores(result.evaluation, result.effort)


def _show_labels(result: Any) -> None:
    from featkit.cli._label_scores import show_label_scores

    show_label_scores(result.evaluation, result.effort)


def _show_regression(result: Any) -> None:
    from featkit.cli._regression_scores import show_regression_scores

    show_regression_scores(result.evaluation, result.effort)


SHOW_SCORES = {
    CLASSIFICATION: _show_classification,
    MULTILABEL: _show_labels,
    REGRESSION: _show_regression,
}
"""The function that prints the scores of each task."""
