"""``featkit demo``: the whole path, on sound that it makes itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from featkit.cli._console import jobs_option, quiet_option

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

TELLING = (
    "tempo",
    "spectral_centroid_mean",
    "onset_strength_mean",
    "zero_crossing_rate_mean",
    "rms_std",
    "dwt_entropy",
)
"""Columns in which the styles differ."""

SHOWN_ROWS = 5

FOLDS = 3

EXPLAINING = 8.0
"""Seconds that contributions may take, if the model is one whose are sampled."""

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
    help="Folder for the clips and the table.",
)
@click.option(
    "--clips", default=12, show_default=True, type=click.IntRange(min=6), help="Clips per style."
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="The same seed gives the same clips.",
)
@jobs_option
@quiet_option
def command(output: str, clips: int, seed: int, jobs: int | None) -> None:
    """Make a small labelled corpus, extract its features, train a model, and report on it.

    Four styles of music-like clips that differ in tempo, harmony, timbre and drums are written to
    FOLDER/corpus, to be listened to, their features to FOLDER/features.parquet, a model that knows
    the styles to FOLDER/style.fk, and a page that shows what decided to FOLDER/report.html.
    """
    from featkit.batch.extraction import extract
    from featkit.cli._console import rough
    from featkit.cli._progress import shown_batch, shown_explaining, shown_progress
    from featkit.cli._scores import show_leaderboard
    from featkit.datasets.synthetic import write_corpus
    from featkit.dsp.synthesis import STYLES
    from featkit.explanation import explain
    from featkit.report.page import write_report
    from featkit.sound_model import train

    corpus = Path(output) / "corpus"
    click.echo(f"making {clips * len(STYLES)} clips of {len(STYLES)} styles in {corpus}")
    with shown_progress("making") as report:
        write_corpus(corpus, clips_per_style=clips, seed=seed, progress=report)
    with shown_batch() as progress:
        extraction = extract(corpus, labels="folder", n_jobs=jobs, progress=progress)
    target = Path(output) / "features.parquet"
    extraction.table.write(target)
    rate = extraction.seconds / extraction.elapsed
    click.echo(
        f"{extraction.seconds:.0f} s of sound analysed in {extraction.elapsed:.2f} s:"
        f" {rough(rate)} s of sound per second, {len(extraction.table.feature_names)} features"
    )
    _show_first_rows(extraction.table)
    _show_styles(extraction.table)
    click.echo("\nmodels that learn the styles:")
    with shown_progress("training", "fits") as report:
        result = train(extraction.table, folds=FOLDS, n_jobs=jobs, progress=report)
    show_leaderboard(result.scores)
    model = Path(output) / "style.fk"
    result.model.save(model)
    with shown_explaining() as report:
        explanation = explain(
            result.model, extraction.table, n_jobs=jobs, budget=EXPLAINING, progress=report
        )
    page = Path(output) / "report.html"
    write_report(
        page, model=result.model, explanation=explanation, table=extraction.table, sound=corpus
    )
    click.echo(
        f"\nwhat decided, to look at and to listen to: {page}\n"
        f"the table is {target}, the model {model}; try it on a recording of your own:\n"
        f"  featkit predict {model} song.wav"
    )


def _show_first_rows(table: FeatureTable) -> None:
    from featkit.cli._console import short, show_table

    shown = ["path", "start", "end", "tempo", "rms_std", "dwt_entropy"]
    click.echo(f"\nthe first {min(SHOWN_ROWS, len(table))} of {len(table)} rows, some columns:")
    rows = table.data[shown].head(SHOWN_ROWS).itertuples(index=False)
    show_table(shown, [[short(value) for value in row] for row in rows])


def _show_styles(table: FeatureTable) -> None:
    from featkit.cli._console import short, show_table
    from featkit.features.sets.registry import describe

    click.echo("\nthe median of each style in a few telling columns:")
    medians = table.data.groupby("label")[list(TELLING)].median()
    show_table(
        ["column", "unit", *medians.index],
        [[name, describe(name).unit, *map(short, medians[name])] for name in TELLING],
    )
