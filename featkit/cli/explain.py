"""``featkit explain``: what spoke for and against a class, in one recording."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit.cli._console import jobs_option, quiet_option

if TYPE_CHECKING:
    import pandas as pd

    from featkit.explanation import Explanation

BAR = 24
"""Characters of the longest bar."""

EPILOG = """
\b
Examples:
  featkit explain genre.fk song.mp3
  featkit explain genre.fk song.mp3 --of-class jazz --top 20
  featkit explain genre.fk song.mp3 -o song.html
"""


@click.command("explain", epilog=EPILOG)
@click.argument("model", metavar="MODEL")
@click.argument("file", metavar="FILE")
@click.option("--of-class", metavar="C", help="Explain this class.  [default: the one it says]")
@click.option(
    "--top", type=click.IntRange(min=1), default=12, show_default=True, help="Columns to show."
)
@click.option("-o", "--output", metavar="FILE.html", help="Write a page that shows it, too.")
@jobs_option
@quiet_option
def command(
    model: str, file: str, of_class: str | None, top: int, output: str | None, jobs: int | None
) -> None:
    """Say what a sound file is, and what spoke for and against it.

    Each bar is a contribution of one column, with its value in its own unit: to the right for the
    class, to the left against it. The segments of a recording are shown by their mean.
    """
    from featkit._utils.io import check_outputs
    from featkit._utils.parameters import unknown
    from featkit.cli._console import no_garbage_collection, remark, show_failures
    from featkit.cli._progress import shown_explaining
    from featkit.errors import ParameterError

    check_outputs({output: ".html"}, inputs=[model, file])
    if not os.path.isfile(file):
        raise ParameterError(f"{file}: no such file: give one sound file")
    with no_garbage_collection():
        from featkit.explanation import explain
        from featkit.sound_model import load_model

        loaded = load_model(model)
    if of_class is not None and of_class not in loaded.classes:
        raise ParameterError(unknown("class", of_class, loaded.classes))
    extraction = loaded.extract([file])
    if extraction.failures:
        show_failures(extraction.failures)
        raise click.exceptions.Exit(1)
    said = loaded.predict_table(extraction.table).iloc[0]
    with shown_explaining() as report:
        explanation = explain(loaded, extraction.table, n_jobs=jobs, progress=report)
    _show_probabilities(said, loaded.classes)
    _show_contributions(explanation, of_class or str(said["predicted"]), top)
    if output is not None:
        from featkit.report.page import write_recording

        folder = os.path.dirname(os.path.abspath(file))
        write_recording(
            output,
            model=loaded,
            explanation=explanation,
            sound=folder,
            of_class=of_class,
            top=top,
        )
        remark(f"{output} shows it, and lets it be heard")


def _show_probabilities(said: pd.Series[Any], classes: Sequence[str]) -> None:
    from featkit.cli._console import printable, show_table

    click.echo(f"{printable(said['path'])}: {printable(said['predicted'])}\n")
    order = sorted(classes, key=lambda name: -said[f"p_{name}"])
    show_table(
        ["class", "probability", ""],
        [
            [printable(name), f"{said[f'p_{name}']:.3f}", "█" * round(BAR * said[f"p_{name}"])]
            for name in order
        ],
    )


def _show_contributions(explanation: Explanation, name: str, top: int) -> None:
    """The largest contributions to a class, the mean over the segments of the recording."""
    from featkit.cli._console import printable, show_table
    from featkit.explanation import contributions

    whole = explanation.mean()
    found = contributions(whole, 0, name, top=top)
    longest = max(float(found["shap"].abs().max()), 1e-12)
    segments = f", mean of {len(explanation)} segments" if len(explanation) > 1 else ""
    click.echo(
        f"\nwhat spoke for and against {printable(name)}, in {explanation.scale}{segments}"
        f" ({explanation.method}):"
    )
    rows = [
        [
            printable(feature),
            "undefined"
            if value != value
            else f"{value:.4g} {unit if unit != '1' else ''}".rstrip(),
            f"{low:.4g} to {high:.4g}" if low == low else "",
            f"{shap:+.3f}",
            _bar(shap / longest),
        ]
        for feature, value, unit, shap, low, high in found.to_numpy().tolist()
    ]
    show_table(["column", "here", f"usual for {printable(name)}", "spoke", "against │ for"], rows)
    place = (0, whole.classes.index(name))
    base, output = float(whole.base[place]), float(whole.output[place])
    others = float(whole.values[0, :, place[1]].sum() - found["shap"].sum())
    click.echo(f"base {base:+.3f}, all other columns {others:+.3f}, together {output:+.3f}")
    if explanation.error is not None:
        error = float(explanation.error[:, :, place[1]].max())
        click.echo(f"sampled: the standard error of a contribution is {error:.1g} at most")
    for note in explanation.notes:
        click.echo(printable(note))


def _bar(share: float) -> str:
    """A bar from the middle: to the left if it is against."""
    half = BAR // 2
    bar = "█" * max(1, round(half * abs(share)))
    return f"{bar:>{half}}│" if share < 0 else f"{'':{half}}│{bar}"
