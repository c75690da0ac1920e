"""``featkit report``: a page that says how good a model is, where it goes wrong, and why."""

from __future__ import annotations

import click

from featkit.cli._console import jobs_option, quiet_option

EPILOG = """
\b
Examples:
  featkit report genre.fk corpus.parquet -o report.html
  featkit report genre.fk corpus.parquet --sound recordings/ -o report.html
  featkit report genre.fk corpus.parquet --csv tables/ -o report.html
  featkit report genre.fk corpus.parquet --rows 500 -o report.html
  featkit report scores.json -o scores.html

The page is one file, needs no network, and can be sent to anybody. With --sound it holds a few
seconds of the recordings that it shows: mind whose they are.
"""


@click.command("report", epilog=EPILOG)
@click.argument("model", metavar="MODEL|SCORES")
@click.argument("table", metavar="[TABLE]", required=False)
@click.option("-o", "--output", required=True, metavar="FILE.html", help="Page to write.")
@click.option("--csv", metavar="DIR", help="Write what the page shows as CSV files, too.")
@click.option(
    "--sound", metavar="FOLDER", help="Where the recordings are: some of them can then be heard."
)
@click.option(
    "--rows", type=click.IntRange(min=1), metavar="N", help="Explain N rows, drawn at random."
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    metavar="S",
    help="Seconds that explaining may take, before rows are left out.",
)
@jobs_option
@quiet_option
def command(
    model: str,
    table: str | None,
    output: str,
    csv: str | None,
    sound: str | None,
    rows: int | None,
    budget: float,
    jobs: int | None,
) -> None:
    """Write a page about a model: how good it is, where it goes wrong, and why.

    MODEL is what `featkit train` wrote, or the scores alone, as its --scores wrote them. TABLE is
    what the model was trained on, or a table that it has not seen; without it the page cannot say
    why.
    """
    from featkit._utils.counting import counted
    from featkit._utils.io import check_outputs
    from featkit.cli._console import no_garbage_collection, printable, remark
    from featkit.cli._progress import shown_explaining
    from featkit.report.page import check_asked, read_scores, write_report

    check_outputs({output: ".html"}, inputs=[name for name in (model, table) if name])
    check_asked(output, sound=sound, csv=csv)
    if model.lower().endswith(".json"):
        if table is not None or sound is not None or rows is not None:
            raise click.UsageError("scores alone explain no rows: name the model (.fk) instead.")
        write_report(output, model=read_scores(model), csv=csv)
        remark(f"{output}: scores alone; with the model and its table it says why")
        return
    with no_garbage_collection():
        from featkit.explanation import explain
        from featkit.sound_model import load_model

        loaded = load_model(model)
    features = explanation = None
    if table is not None:
        features = loaded.read(table)
        with shown_explaining() as report:
            explanation = explain(
                loaded, features, rows=rows, budget=budget, n_jobs=jobs, progress=report
            )
    write_report(
        output, model=loaded, explanation=explanation, table=features, sound=sound, csv=csv
    )
    if explanation is None:
        remark(f"{output}: nothing is explained without a table")
        return
    drawn = len(explanation) < explanation.rows_there
    some = f"{len(explanation):,} of " if drawn else ""
    remark(f"{output}: {some}{counted(explanation.rows_there, 'row')} explained")
    for note in explanation.notes:
        remark(printable(note))
    if explanation.learnt is not None and explanation.learnt.any():
        remark(
            "To have every row explained by a model that has not seen it, give the whole table that"
            " the model was trained on, with its labels and groups."
        )
