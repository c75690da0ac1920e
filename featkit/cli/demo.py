"""``featkit demo``: all steps from audio to report on a synthetic corpus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import rounded, significant
from featkit.cli._console import show_result, show_table
from featkit.cli._options import is_json, jobs_option, json_option, quiet_option
from featkit.cli._progress import show_progress
from featkit.errors import ParameterError
from featkit.storage.urls import is_url, shown

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

CONTRASTING_COLUMNS = (
    "tempo",
    "spectral_centroid_mean",
    "onset_strength_mean",
    "zero_crossing_rate_mean",
    "rms_std",
    "dwt_entropy",
)
"""Columns in which the styles differ."""

FIRST_ROW_COLUMNS = ["path", "start", "end", "tempo", "rms_std", "dwt_entropy"]

N_FIRST_ROWS = 5

N_FOLDS = 3

EXPLANATION_BUDGET = 8.0
"""Seconds for SHAP values, if they have to be estimated by sampling."""

EPILOG = """
\b
Examples:
  featkit demo
  featkit demo --clips 40 --seed 7 -o bigger-demo
"""


@click.command("demo", epilog=EPILOG)
@click.option(
    "-o",
    "--output",
    default="featkit-demo",
    show_default=True,
    metavar="FOLDER",
    help="Folder for all results.",
)
@click.option(
    "--clips", default=12, show_default=True, type=click.IntRange(min=6), help="Clips per style."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Seed of the synthesis.",
)
@jobs_option
@json_option
@quiet_option
def command(output: str, clips: int, seed: int, jobs: int | None) -> None:
    """Extract, train and report on a small synthetic corpus.

    The corpus contains clips of four musical styles that differ in tempo, harmony, timbre and
    drums. FOLDER receives the clips (corpus/), their features (features.parquet), a classifier of
    the styles (style.fk) and a report (report.html).
    """
    from featkit.batch.extraction import extract
    from featkit.cli._scores import show_leaderboard
    from featkit.datasets.synthetic import write_corpus
    from featkit.dsp.synthesis import STYLES
    from featkit.explanation import explain
    from featkit.report.page import write_report
    from featkit.sound_model import train

    if is_url(output):
        raise ParameterError(f"{shown(output)}: the demo writes to a folder of this machine")
    folder = Path(output)
    corpus, table_file = folder / "corpus", folder / "features.parquet"
    model_file, page = folder / "style.fk", folder / "report.html"

    _echo(f"synthesising {clips * len(STYLES)} clips of {len(STYLES)} styles in {corpus}")
    with show_progress() as report:
        write_corpus(corpus, clips_per_style=clips, seed=seed, progress=report)
    with show_progress() as report:
        extraction = extract(corpus, labels="folder", n_jobs=jobs, progress=report)
    table = extraction.table
    table.write(table_file)
    rate = extraction.seconds / extraction.elapsed
    _echo(
        f"{extraction.seconds:.0f} s of audio analysed in {extraction.elapsed:.2f} s:"
        f" {rounded(rate)} s of audio per second, {len(table.feature_names)} features"
    )
    if not is_json():
        _show_first_rows(table)
        _show_medians(table)
    _echo("\nclassification of the styles:")
    with show_progress() as report:
        result = train(table, folds=N_FOLDS, n_jobs=jobs, progress=report)
    if not is_json():
        show_leaderboard(result.evaluation, result.effort)
    model = result.model
    model.save(model_file)
    with show_progress() as report:
        explanation = explain(model, table, n_jobs=jobs, budget=EXPLANATION_BUDGET, progress=report)
    write_report(page, model=model, explanation=explanation, table=table, sound=corpus)
    files = {"corpus": corpus, "table": table_file, "model": model_file, "report": page}
    show_result(lambda: {**files, "scores": result.scores}, lambda: _show_files(files))


def _echo(text: str) -> None:
    """Print a line about a step, unless the result is printed as JSON."""
    if not is_json():
        click.echo(text)


def _show_files(files: Mapping[str, Path]) -> None:
    lines = [f"{name}: {path}" for name, path in files.items() if name != "corpus"]
    click.echo("\n" + "\n".join(lines))
    click.echo(f"to classify your own recording:\n  featkit predict {files['model']} song.wav")


def _show_first_rows(table: FeatureTable) -> None:
    first = table.data[FIRST_ROW_COLUMNS].head(N_FIRST_ROWS)
    click.echo(f"\nthe first {len(first)} of {len(table)} rows, some columns:")
    rows = first.itertuples(index=False)
    show_table(FIRST_ROW_COLUMNS, [[significant(value) for value in row] for row in rows])


def _show_medians(table: FeatureTable) -> None:
    from featkit.features.sets.column_description import describe

    click.echo("\nmedian of each style, some columns:")
    medians = table.data.groupby("label")[list(CONTRASTING_COLUMNS)].median()
    show_table(
        ["column", "unit", *medians.index],
        [
            [name, describe(name).unit, *map(significant, medians[name])]
            for name in CONTRASTING_COLUMNS
        ],
    )
