"""``featkit report``: an HTML report on a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import counted
from featkit.cli._console import no_garbage_collection, show_message, show_result
from featkit.cli._options import (
    cluster_option,
    group_from_option,
    jobs_option,
    json_option,
    quiet_option,
)
from featkit.cli._progress import show_progress
from featkit.storage.urls import suffix_of
from featkit.storage.writing import check_outputs

if TYPE_CHECKING:
    from featkit.explanation.explained_rows import ExplainedRows
    from featkit.models.model import Model

MODEL_SUFFIXES = (".fk", ".json")
"""Suffixes of models and of scores; other files are tables."""

EPILOG = """
\b
Examples:
  featkit report genre.fk corpus.parquet -o report.html
  featkit report genre.fk corpus.parquet --sound recordings/ -o report.html
  featkit report genre.fk corpus.parquet --csv tables/ -o report.html
  featkit report genre.fk corpus.parquet --rows 500 -o report.html
  featkit report genre.fk gtzan.parquet jamendo.parquet -o report.html
  featkit report genre.fk corpus.parquet --group groups.csv -o report.html
  featkit report cnn.fk sequences/ --sound recordings/ -o report.html
  featkit report cnn.fk corpus.parquet --sequences sequences/ --beside genre.fk -o report.html
  featkit report scores.json -o scores.html
  featkit report svm.fk xgboost.fk corpus.parquet -o comparison.html

Several models are compared: scores, differences on the same rows, classes, importances and
settings.

The report is one self-contained file that needs no network. With --sound it contains a few seconds
of some recordings: check their licence before you share it.

For a network (pip install 'featkit[deep]'), the page shows spectrograms with Grad-CAM maps and
integrated gradients instead of SHAP values. Training rows are explained by the networks of the
folds, which are trained again first: this takes about as long as the training did.
"""


@click.command("report", epilog=EPILOG)
@click.argument("model", metavar="MODEL|SCORES...")
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("-o", "--output", required=True, metavar="FILE.html", help="Report to write.")
@click.option(
    "--sequences",
    multiple=True,
    metavar="DIR",
    help="For a network: folder of sequences, joined to the rows of TABLE; once for all tables, or"
    " once for each.",
)
@click.option(
    "--beside",
    metavar="MODEL",
    help="For a network: model of columns whose SHAP values are shown beside it.",
)
@click.option("--csv", metavar="DIR", help="Also write the numbers as CSV files to DIR.")
@click.option("--sound", metavar="FOLDER", help="Embed short excerpts of the recordings in FOLDER.")
@click.option(
    "--rows", type=click.IntRange(min=1), metavar="N", help="Explain N rows, chosen at random."
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    metavar="S",
    help="Time limit for explanations, in seconds; further rows are skipped.",
)
@click.option(
    "--steps",
    type=click.IntRange(1, 10_000),
    default=32,
    show_default=True,
    metavar="N",
    help="For a network: gradients for each row; more are slower and more exact.",
)
@click.option("--group", metavar="FILE", help="File of the groups that the model was trained with.")
@group_from_option
@jobs_option
@cluster_option
@json_option
@quiet_option
def command(
    model: str,
    tables: Sequence[str],
    output: str,
    sequences: Sequence[str],
    beside: str | None,
    csv: str | None,
    sound: str | None,
    rows: int | None,
    budget: float,
    steps: int,
    group: str | None,
    group_from: str | None,
    jobs: int | None,
    cluster: str | None,
) -> None:
    """Write an HTML report on a model: scores, errors, features.

    MODEL (.fk) is an output of `featkit train`; SCORES (.json) is a file from `featkit train
    --scores`. TABLE holds the training data or new data, or is a folder of sequences for a network;
    without it, the report does not explain predictions. If the model was trained on several tables,
    give all of them. With several models, the page compares them.
    """
    others, tables = _divided(tables)
    if others:
        used = {
            "--sequences": sequences,
            "--beside": beside,
            "--csv": csv,
            "--sound": sound,
            "--group": group,
        }
        _check_comparison(list(filter(used.get, used)), [model, *others], tables)
        _compare(
            [model, *others],
            tables,
            output,
            rows=rows,
            budget=budget,
            steps=steps,
            group_from=group_from,
            n_jobs=jobs,
            cluster=cluster,
        )
        return
    from featkit.report.page import check_paths, read_scores, shown_beside, write_report

    check_outputs(
        {output: ".html"}, inputs=[model, *tables, *sequences, *filter(None, [group, beside])]
    )
    check_paths(output, sound=sound, csv=csv)
    if suffix_of(model) == ".json":
        if tables or sequences or any((sound, rows, group, group_from, beside)):
            raise click.UsageError(
                "TABLE, --sequences, --beside, --sound, --rows, --group and --group-from need a"
                " model (.fk) instead of scores."
            )
        write_report(output, model=read_scores(model), csv=csv)
        show_message(f"{output}: scores only; give the model and its table for explanations")
        _show_document(output, None)
        return
    with no_garbage_collection():
        from featkit.explanation import explain
        from featkit.sound_model import load_model

        loaded = load_model(model)
    _check_network_options(loaded, tables, sequences, beside)
    features = explanation = compared = None
    if tables:
        features = loaded.read(
            tables, group_from=group_from, groups=group, sequences=sequences or None
        )
        with show_progress() as report:
            explanation = explain(
                loaded,
                features,
                rows=rows,
                budget=budget,
                group_from=group_from,
                steps=steps,
                n_jobs=jobs,
                cluster=cluster,
                progress=report,
            )
        if beside is not None:
            with show_progress() as report:
                compared = shown_beside(
                    load_model(beside),
                    tables,
                    explanation,
                    groups=group,
                    n_jobs=jobs,
                    cluster=cluster,
                    progress=report,
                )
    with show_progress() as report:
        write_report(
            output,
            model=loaded,
            explanation=explanation,
            table=features,
            sound=sound,
            csv=csv,
            beside=compared,
            progress=report,
        )
    _show_summary(output, explanation)
    _show_document(output, explanation)


def _divided(files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Further models or scores, which have the suffixes ``.fk`` and ``.json``, and the tables."""
    others = [file for file in files if suffix_of(file) in MODEL_SUFFIXES]
    return others, [file for file in files if file not in others]


def _check_comparison(options: Sequence[str], models: Sequence[str], tables: Sequence[str]) -> None:
    if options:
        raise click.UsageError(
            f"{' and '.join(options)} cannot be used with several models: write a report on one"
            " model, too."
        )
    scores = [file for file in models if suffix_of(file) == ".json"]
    if scores and tables:
        raise click.UsageError(
            f"{scores[0]} has scores only, which cannot predict the rows of {tables[0]}: give all"
            " models as .fk files, or omit the table."
        )


def _compare(
    files: Sequence[str],
    tables: Sequence[str],
    output: str,
    *,
    group_from: str | None,
    **how: Any,
) -> None:
    """Write the page that compares several trainings."""
    from featkit.report.comparison_page import training_names, write_comparison
    from featkit.report.page import check_paths, read_scores

    check_outputs({output: ".html"}, inputs=[*files, *tables])
    check_paths(output)
    names = training_names(files)
    with no_garbage_collection():
        from featkit.explanation import explain
        from featkit.sound_model import load_model

    is_scores = [suffix_of(file) == ".json" for file in files]
    loaded = {
        name: load_model(file)
        for name, file, scores in zip(names, files, is_scores, strict=True)
        if not scores
    }
    models = {
        name: read_scores(file) if scores else loaded[name]
        for name, file, scores in zip(names, files, is_scores, strict=True)
    }
    explanations = {}
    for name, own in loaded.items() if tables else ():
        with show_progress() as report:
            explanations[name] = explain(own, tables, group_from=group_from, progress=report, **how)
    write_comparison(output, models, explanations)
    shown = "without differences on the same rows; give the table to include them"
    if explanations:
        shown = f"{counted(max(map(len, explanations.values())), 'row')} explained by each"
    show_message(f"{output}: {counted(len(files), 'training')} compared, {shown}")
    explained = {name: len(own) for name, own in explanations.items()}
    show_result(
        lambda: {"output": output, "trainings": names, "explained": explained}, lambda: None
    )


def _check_network_options(
    model: Model, tables: Sequence[str], sequences: Sequence[str], beside: str | None
) -> None:
    """Refuse options of networks that have no use."""
    if model.reads_sequences:
        if (sequences or beside) and not tables:
            raise click.UsageError(
                "--sequences and --beside need TABLE; a folder of sequences can be TABLE itself."
            )
        return
    used = [name for name, value in (("--sequences", sequences), ("--beside", beside)) if value]
    if used:
        raise click.UsageError(
            f"{' and '.join(used)} cannot be used: the model is {model.name}, which reads columns."
        )


def _show_document(output: str, explanation: ExplainedRows | None) -> None:
    """With ``--json``, print the file and the number of rows."""
    show_result(
        lambda: {
            "output": output,
            "rows": None if explanation is None else explanation.rows_there,
            "explained": 0 if explanation is None else len(explanation),
            "notes": [] if explanation is None else explanation.notes,
        },
        lambda: None,
    )


def _show_summary(output: str, explanation: ExplainedRows | None) -> None:
    if explanation is None:
        show_message(f"{output}: without explanations; give a table to include them")
        return
    total, explained = explanation.rows_there, len(explanation)
    sampled = f"{explained:,} of " if explained < total else ""
    show_message(f"{output}: {sampled}{counted(total, 'row')} explained")
    for note in explanation.notes:
        show_message(note)
    if explanation.learnt is not None and explanation.learnt.any():
        show_message(
            "Some rows are explained by a model that was trained on them. To explain every row by a"
            " model that was not, give the whole training table with its labels and groups."
        )
