"""``featkit export``: a model as an ONNX file, checked against featkit, and later checks."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from featkit._utils.formatting import counted
from featkit.cli._console import no_garbage_collection, show_fields, show_message, show_result
from featkit.cli._options import json_option, quiet_option
from featkit.storage.writing import check_outputs

if TYPE_CHECKING:
    from featkit.models.onnx_export.checking import OnnxCheck

EPILOG = """
\b
Examples:
  featkit export genre.fk -o genre.onnx
  featkit export emotion.fk -o emotion.onnx --normalized
  featkit export --check genre.onnx
  featkit export --check genre.onnx --test genre.onnx.test.json --json

The ONNX file holds the whole model: missing values, scaling, selection of columns, the estimator
and the calibration. Its input is `features`, double, (rows, columns), with NaN where a value is
missing. Its outputs are `probabilities` and `label`; `probabilities` and `present` if the model
predicts several labels; `prediction` if it predicts a number. The order of the columns, their
units, the classes, the feature set and the scores are metadata of the file.

Before the file is written, onnxruntime computes test rows, and each number must be within 1e-6 of
that of featkit. The rows and their predictions are written to FILE.onnx.test.json. They contain
some training rows. --check compares them again, for example on another machine.

Class priors, prediction sets, novelty and the combination of segments are not in the file. Models
that normalise columns within groups need --normalized: then the input is normalised rows. Networks
cannot be exported, since they read sequences.

The command needs the packages of an extra: pip install 'featkit[onnx]'.
"""


@click.command("export", epilog=EPILOG)
@click.argument("model", required=False, metavar="[MODEL]")
@click.option("-o", "--output", metavar="FILE.onnx", help="The ONNX file to write.")
@click.option(
    "--normalized",
    is_flag=True,
    help="Export the part of the model after the normalisation within groups.",
)
@click.option("--check", metavar="FILE.onnx", help="Compare an exported file with its test rows.")
@click.option(
    "--test",
    metavar="FILE.json",
    help="Test rows of --check.  [default: FILE.onnx.test.json]",
)
@json_option
@quiet_option
def command(
    model: str | None,
    output: str | None,
    normalized: bool,
    check: str | None,
    test: str | None,
) -> None:
    """Write a model to an ONNX file, or check such a file.

    MODEL is an output of `featkit train`. The exit status of --check is 1 if a number differs.
    """
    if check is not None:
        if model is not None or output is not None or normalized:
            raise click.UsageError(
                "--check takes no MODEL, -o or --normalized: it reads two files."
            )
        _check(check, test)
        return
    if model is None or output is None:
        raise click.UsageError("Give MODEL and -o FILE.onnx, or --check FILE.onnx.")
    if test is not None:
        raise click.UsageError("--test belongs to --check; an export writes FILE.onnx.test.json.")
    check_outputs({output: ".onnx"}, inputs=[model])
    with no_garbage_collection():
        from featkit.sound_model import load_model

        loaded = load_model(model)
    exported = loaded.export_onnx(output, normalized=normalized)
    fields = [
        ("file", exported.path),
        ("size", f"{exported.bytes:,} bytes"),
        ("input", f"{counted(len(loaded.columns), 'column')}, double, NaN where missing"),
        ("test rows", exported.test_path),
        *_check_fields(exported.check),
        *(("not in the file", name) for name in exported.not_included),
    ]
    show_result(lambda: dataclasses.asdict(exported), lambda: show_fields(fields))
    show_message(f"to check it elsewhere: featkit export --check {exported.path}")


def _check(path: str, test: str | None) -> None:
    from featkit.models.onnx_export.export import check_onnx

    outcome = check_onnx(path, test)
    show_result(
        lambda: {"path": path, **dataclasses.asdict(outcome)},
        lambda: show_fields([("file", path), *_check_fields(outcome)]),
    )


def _check_fields(outcome: OnnxCheck) -> list[tuple[str, str]]:
    return [
        ("check", f"{counted(outcome.rows, 'row')} in onnxruntime {outcome.runtime}: equal"),
        (
            "largest difference",
            f"{outcome.largest_difference:.2g} (at most {outcome.tolerance:g} is allowed)",
        ),
    ]
