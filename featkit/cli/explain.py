"""``featkit explain``: the prediction for one recording and its SHAP values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from featkit._utils.formatting import printable, significant
from featkit._utils.parameters import unknown
from featkit.cli._console import (
    no_garbage_collection,
    show_failures,
    show_message,
    show_result,
    show_table,
)
from featkit.cli._group_files import folder_of, group_files, table_group, with_group
from featkit.cli._options import (
    cluster_option,
    command_executor,
    group_from_option,
    jobs_option,
    json_option,
    quiet_option,
)
from featkit.cli._progress import show_progress
from featkit.errors import ParameterError
from featkit.models.task import CLASSIFICATION, MULTILABEL, REGRESSION
from featkit.storage.reading import exists, is_folder
from featkit.storage.urls import shown
from featkit.storage.writing import check_outputs
from featkit.table.sequences.folder import is_sequence_folder

if TYPE_CHECKING:
    import pandas as pd

    from featkit.explanation import Explanation
    from featkit.models.model import Model

BAR_WIDTH = 24
"""Cells of the longest bar."""

UNUSUAL = "unusually"
"""Heading of the column that marks values outside of the usual range as low or high."""

EPILOG = """
\b
Examples:
  featkit explain genre.fk song.mp3
  featkit explain genre.fk song.mp3 --of-class jazz --top 20
  featkit explain genre.fk song.mp3 --against blues
  featkit explain genre.fk song.mp3 -o song.html
  featkit explain emotion.fk ann/take1.wav --group-from folder
"""


@click.command("explain", epilog=EPILOG)
@click.argument("model", metavar="MODEL")
@click.argument("file", metavar="FILE")
@click.option("--of-class", metavar="C", help="Class to explain.  [default: the predicted class]")
@click.option("--against", metavar="C", help="Contrast the class with class C.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help="Number of columns to show.",
)
@click.option("--member", metavar="NAME", help="Explain one member of an ensemble, such as svm.")
@click.option("-o", "--output", metavar="FILE.html", help="Also write an HTML page.")
@group_from_option
@jobs_option
@cluster_option
@json_option
@quiet_option
def command(
    model: str,
    file: str,
    of_class: str | None,
    against: str | None,
    top: int,
    member: str | None,
    output: str | None,
    group_from: str | None,
    jobs: int | None,
    cluster: str | None,
) -> None:
    """Explain the prediction for one recording.

    Each bar is the contribution (SHAP value) of one column: bars to the right support the class,
    bars to the left oppose it. The usual values are the interquartile range of the column in the
    training rows of the class; an unusually low or high value lies more than 1.5 interquartile
    ranges outside. If the model predicts a number, bars to the right raise it. If the recording has
    several segments, all numbers are means over them.

    With --against, a bar is the contribution to the class less that to the other class.

    If the model normalises columns within groups, such as speakers, the other recordings of the
    group in the folder of FILE are analysed, too.
    """
    check_outputs({output: ".html"}, inputs=[model, file])
    if not exists(file) or (is_folder(file) and not is_sequence_folder(file)):
        raise ParameterError(f"{shown(file)}: no such file, or a folder: give one audio file")
    with no_garbage_collection():
        from featkit.explanation.computation import explain_rows
        from featkit.sound_model import load_model

        loaded = load_model(model)
    if loaded.reads_sequences:
        raise ParameterError(
            f"{loaded.name} is a network, whose evidence is a picture: write the sequences of the"
            " recording with `featkit sequences FILE -o DIR`, and a page with `featkit report MODEL"
            " DIR --sound FOLDER -o page.html`"
        )
    if is_folder(file):
        raise ParameterError(
            f"{shown(file)}: is a folder of sequences, which {loaded.name} does not read: give one"
            " audio file"
        )
    for name, option in ((of_class, "--of-class"), (against, "--against")):
        if name is not None and loaded.task == REGRESSION:
            number = repr(loaded.classes[0])
            raise ParameterError(f"the model predicts a number, {number}: omit {option}")
        if name is not None and name not in loaded.classes:
            raise ParameterError(unknown("class", name, loaded.classes))
    executor = command_executor(jobs, cluster)
    extraction = loaded.extract(group_files(loaded, file, group_from), cluster=executor)
    show_failures(extraction.failures)
    table, own = with_group(loaded, extraction.table, file)
    if not own.any():
        raise click.exceptions.Exit(1)
    predictions = loaded.predict_table(table, group_from=table_group(loaded))
    prediction = predictions[predictions["path"] == table.column("path")[own][0]].iloc[0]
    explained = of_class or _main_class(loaded, prediction)
    if against is not None and against == explained:
        raise ParameterError(f"--against: {against!r} is the explained class: name another one")
    with show_progress() as report:
        explanation = explain_rows(
            loaded,
            table,
            own,
            group_from=table_group(loaded),
            member=member,
            executor=executor,
            progress=report,
        )
    show_result(
        lambda: _document(loaded, prediction, explanation, explained, against, top),
        lambda: _show(loaded, prediction, explanation, explained, against, top),
    )
    if output is not None:
        from featkit.report.page import write_recording

        write_recording(
            output,
            model=loaded,
            explanation=explanation,
            sound=folder_of(file),
            of_class=of_class if loaded.task == CLASSIFICATION else explained,
            against=against,
            top=top,
        )
        show_message(f"{output}: explanation of the recording, with sound")


def _main_class(model: Model, prediction: pd.Series[Any]) -> str:
    """The class to explain unless one is named: the predicted one, or the likeliest label."""
    if model.task == REGRESSION:
        return model.classes[0]
    if model.task == MULTILABEL:
        return max(model.classes, key=lambda name: float(prediction[f"p_{name}"]))
    return str(prediction["predicted"])


def _document(
    model: Model,
    prediction: pd.Series[Any],
    explanation: Explanation,
    of_class: str,
    against: str | None,
    top: int,
) -> dict[str, Any]:
    """The prediction and its contributions, as ``--json`` prints them."""
    from featkit.explanation import contrast, contributions

    mean = explanation.mean()
    k = mean.classes.index(of_class)
    probabilities = {
        name: float(prediction[f"p_{name}"]) for name in model.classes if model.task != REGRESSION
    }
    compared: dict[str, Any] = {}
    if against is not None:
        compared = {"against": against, "contrast": contrast(mean, 0, of_class, against, top=top)}
    return {
        "path": prediction["path"],
        "predicted": prediction["predicted"],
        "probabilities": probabilities,
        "class": of_class,
        "scale": explanation.scale,
        "method": explanation.method,
        "segments": len(explanation),
        "base": mean.base[0, k],
        "output": mean.output[0, k],
        "contributions": contributions(mean, 0, of_class, top=top),
        "notes": explanation.notes,
        **compared,
    }


def _show(
    model: Model,
    prediction: pd.Series[Any],
    explanation: Explanation,
    of_class: str,
    against: str | None,
    top: int,
) -> None:
    if model.task == REGRESSION:
        click.echo(
            f"{printable(prediction['path'])}: {printable(of_class)}"
            f" {significant(float(prediction['predicted']))}"
        )
    else:
        _show_probabilities(prediction, model.classes, model.task)
    if against is None:
        _show_contributions(explanation, of_class, top)
    else:
        _show_contrast(explanation, of_class, against, top)


def _show_probabilities(prediction: pd.Series[Any], classes: Sequence[str], task: str) -> None:
    click.echo(f"{printable(prediction['path'])}: {printable(prediction['predicted'])}\n")
    probabilities = {name: float(prediction[f"p_{name}"]) for name in classes}
    show_table(
        ["class" if task == CLASSIFICATION else "label", "probability", ""],
        [
            [printable(name), f"{p:.3f}", "█" * round(BAR_WIDTH * p)]
            for name, p in sorted(probabilities.items(), key=lambda item: -item[1])
        ],
    )


def _show_contributions(explanation: Explanation, class_name: str, top: int) -> None:
    """Show the largest contributions to a class, averaged over the segments."""
    from featkit.explanation import contributions

    mean = explanation.mean()
    largest = contributions(mean, 0, class_name, top=top)
    scale = max(float(largest["shap"].abs().max()), 1e-12)
    name = printable(class_name)
    signed = _signed if explanation.predicts_number else "{:+.3f}".format
    segments = f", mean of {len(explanation)} segments" if len(explanation) > 1 else ""
    click.echo(
        f"\ncontributions to {name}, in {explanation.scale}{segments} ({explanation.method}):"
    )
    rows = [
        [
            printable(row["feature"]),
            _with_unit(row["value"], row["unit"]),
            _range(row["usual_low"], row["usual_high"]),
            signed(row["shap"]),
            _bar(row["shap"] / scale),
            row["unusual"],
        ]
        for row in largest.to_dict("records")
    ]
    usual, sides = f"usual for {name}", "against │ for"
    if explanation.predicts_number:
        usual, sides = "usual", "lower │ higher"
    show_table(["column", "value", usual, "contribution", sides, UNUSUAL], rows)
    k = mean.classes.index(class_name)
    base, output = float(mean.base[0, k]), float(mean.output[0, k])
    others = float(mean.values[0, :, k].sum() - largest["shap"].sum())
    click.echo(
        f"base value {signed(base)}, other columns {signed(others)}, output {signed(output)}"
    )
    _show_caveats(explanation, [k])


def _show_contrast(explanation: Explanation, of_class: str, against: str, top: int) -> None:
    """Show the columns that speak for one class rather than another, averaged over the segments."""
    from featkit.explanation import contrast

    mean = explanation.mean()
    largest = contrast(mean, 0, of_class, against, top=top)
    scale = max(float(largest["shap"].abs().max()), 1e-12)
    one, other = printable(of_class), printable(against)
    segments = f", mean of {len(explanation)} segments" if len(explanation) > 1 else ""
    click.echo(
        f"\n{one} rather than {other}, in {explanation.scale}{segments} ({explanation.method}):"
    )
    rows = [
        [
            printable(row["feature"]),
            _with_unit(row["value"], row["unit"]),
            _range(row["usual_low"], row["usual_high"]),
            _range(row["against_low"], row["against_high"]),
            f"{row['shap']:+.3f}",
            _bar(row["shap"] / scale),
            row["unusual"],
        ]
        for row in largest.to_dict("records")
    ]
    usual = [f"usual for {one}", f"usual for {other}"]
    titles = ["column", "value", *usual, "difference", f"{other} │ {one}", UNUSUAL]
    show_table(titles, rows)
    k, j = (mean.place_of_class(name) for name in (of_class, against))
    difference = mean.values[0, :, k] - mean.values[0, :, j]
    base, output = (float(x[0, k] - x[0, j]) for x in (mean.base, mean.output))
    others = float(difference.sum() - largest["shap"].sum())
    click.echo(f"base value {base:+.3f}, other columns {others:+.3f}, output {output:+.3f}")
    _show_caveats(explanation, [k, j])


def _show_caveats(explanation: Explanation, places: Sequence[int]) -> None:
    """Show the standard error of contributions to some classes, and the notes."""
    if explanation.error is not None:
        error = float(explanation.error[:, :, list(places)].max())
        click.echo(f"estimated by sampling: standard error of a contribution at most {error:.1g}")
    for note in explanation.notes:
        click.echo(printable(note))


def _range(low: float, high: float) -> str:
    return f"{low:.4g} to {high:.4g}" if low == low else ""


def _signed(value: float) -> str:
    """A contribution in units of the target, which may have any size."""
    return f"{value:+.4g}"


def _with_unit(value: float, unit: str) -> str:
    if value != value:
        return "undefined"
    return f"{value:.4g} {unit if unit != '1' else ''}".rstrip()


def _bar(share: float) -> str:
    """Draw a bar from the middle: to the left for a negative share, to the right otherwise."""
    half = BAR_WIDTH // 2
    bar = "█" * max(1, round(half * abs(share)))
    return f"{bar:>{half}}│" if share < 0 else f"{'':{half}}│{bar}"
