"""``featkit train``: a table to a model, and scores that can be believed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit.cli._columns import exclude_options, named_columns
from featkit.cli._console import jobs_option, quiet_option
from featkit.models import AUTO
from featkit.models.estimator import names

if TYPE_CHECKING:
    from featkit.sound_model import Result

EPILOG = """
\b
Examples:
  featkit train corpus.parquet --label genre -o genre.fk
  featkit train corpus.parquet --label genre --group artist --folds 10 -o genre.fk
  featkit train esc10.parquet --fold fold --model svm -o esc10.fk --scores scores.json
  featkit train features.csv --label label --exclude filename,length --ratio 80/10/10

Rows of one recording (path), and those of one --group, are never on both sides of a split. If no
--group is named, columns and names that may say what belongs together are looked for, and the score
that the likeliest would give is printed first. `auto` compares all models and their parameters
within each fold, and is scored outside: nothing is chosen on what scores it. The same command gives
the same scores.
"""


SHARE = re.compile(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*")
"""A part of a ratio. ``float`` also takes ``6_0`` and ``nan``."""


def _shares(ctx: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    if value is None:
        return None
    shares = value.split("/")
    if not all(map(SHARE.fullmatch, shares)):
        raise click.BadParameter(f"{value!r} is not a ratio such as 60/20/20")
    return tuple(map(float, shares))


@click.command("train", epilog=EPILOG)
@click.argument("table", metavar="TABLE")
@click.option("--label", default="label", show_default=True, metavar="C", help="Column of classes.")
@click.option(
    "--group",
    metavar="C",
    help="Column naming what must stay together: artist, speaker …; or a part of names:"
    ' "stem(name, 1-3)" is their first three fields, "folder(path)" their folder.',
)
@click.option("--fold", metavar="C", help="Column of published folds.")
@click.option(
    "--folds", type=click.IntRange(min=2), metavar="N", help="Make N folds.  [default: 5]"
)
@click.option("--split", metavar="C", help="Column of train, validation and test.")
@click.option(
    "--ratio",
    "shares",
    callback=_shares,
    metavar="A/B/C",
    help="Shares of train, validation and test, as in 60/20/20.",
)
@click.option(
    "--model",
    default="auto",
    show_default=True,
    metavar="NAME",
    help=f"{AUTO}, which is the best of all within each fold, or {', '.join(names())}.",
)
@click.option(
    "--select", type=click.IntRange(min=1), metavar="K", help="Learn from K columns only."
)
@exclude_options
@click.option(
    "--include",
    multiple=True,
    metavar="C,C",
    help="Columns to learn from although they look like identifiers or copies of the class.",
)
@click.option(
    "--split-by-row",
    is_flag=True,
    help="Split row by row, dividing recordings: for comparison only; the scores carry a warning.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@jobs_option
@click.option(
    "-o",
    "--output",
    metavar="MODEL.fk",
    help="Model to write, fitted on all rows it may learn from.",
)
@click.option("--scores", metavar="FILE.json", help="Write all scores, as data.")
@click.option(
    "--predictions", metavar="FILE.csv", help="Write what was predicted for each unseen row."
)
@quiet_option
def command(
    table: str,
    exclude: Sequence[str],
    exclude_from: str | None,
    include: Sequence[str],
    jobs: int | None,
    output: str | None,
    scores: str | None,
    predictions: str | None,
    **how: Any,
) -> None:
    """Train a model on a table of features, and score it on what it has not seen.

    TABLE is what `featkit extract` wrote, or any Parquet file or delimited text (.csv, .tsv, .txt,
    also compressed) with a column of classes and columns of numbers.
    """
    from featkit._utils.io import check_outputs
    from featkit.cli._console import no_garbage_collection
    from featkit.cli._progress import shown_progress

    check_outputs({output: ".fk", scores: ".json", predictions: ".csv"}, inputs=[table])
    with no_garbage_collection():
        from featkit.sound_model import train
    with shown_progress("training", "fits") as report:
        names = named_columns(table, exclude, exclude_from)
        how["include"] = named_columns(table, include, None)
        result = train(table, exclude=names, n_jobs=jobs, progress=report, **how)
    # The last is done first, and each also where another fails: none of the work is lost.
    with contextlib.ExitStack() as steps:
        steps.callback(_show, result)
        steps.callback(_write_predictions, result, predictions)
        steps.callback(_write_scores, result, scores)
        steps.callback(_save_model, result, output)


def _save_model(result: Result, output: str | None) -> None:
    from featkit._utils.counting import counted
    from featkit.cli._console import remark

    if output is not None:
        result.model.save(output)
        about = result.model.training
        remark(f"{output}: {about['candidate']}, fitted on {counted(about['rows'], 'row')}")


def _write_scores(result: Result, scores: str | None) -> None:
    import json

    from featkit._utils.io import replacing

    if scores is not None:
        with replacing(scores) as scratch:
            scratch.write_text(
                json.dumps(_told(result), indent=2, ensure_ascii=False) + "\n", "utf-8"
            )


def _write_predictions(result: Result, predictions: str | None) -> None:
    from featkit._utils.io import replacing
    from featkit.table import delimited

    if predictions is not None:
        with replacing(predictions) as scratch:
            data = result.predictions
            delimited.write(scratch, data.columns, data.itertuples(index=False))


def _show(result: Result) -> None:
    from featkit.cli._console import show_warnings
    from featkit.cli._scores import show_scores

    show_warnings(result.warnings)
    show_scores(result.scores)


def _told(result: Result) -> dict[str, Any]:
    """The scores, and how they came about."""
    about = ("settings", "candidate", "rows", "digest", "versions")
    training = {name: result.model.training[name] for name in about}
    return {**result.scores, "training": training}
