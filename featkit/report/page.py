"""The report: one page that a reader opens by a double click, understands, hears and checks.

It needs no network and no program but a browser: style, script, charts, sound and pictures are part
of the file. It is complete without its script, which adds what a hand can do: choose a class, look
at a dot, sort a table. Each module here makes what one section shows, as plain data; the templates
in ``page/`` lay it out; `assets` says how it is kept safe.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from featkit._utils.io import check_regular, check_writable, replacing
from featkit.errors import ParameterError, TableError
from featkit.explanation.explanation import Explanation
from featkit.models.result import Result
from featkit.report._assets import environment, policy, script, style
from featkit.report._class_panels import data_of
from featkit.report._csv_files import write_files
from featkit.report._held_out import held_out
from featkit.report._recording_page import recording
from featkit.report._subject import Scored, Subject
from featkit.report.sections.errors import errs
from featkit.report.sections.importance import why
from featkit.report.sections.overview import asked
from featkit.report.sections.performance import good
from featkit.report.sections.recordings import CONTRIBUTIONS, singles
from featkit.report.sections.reproducibility import again
from featkit.table.feature_table import FeatureTable

Folder = str | os.PathLike[str]

CONTENTS = [
    ("asked", "What was asked"),
    ("good", "How good"),
    ("errs", "Where it goes wrong"),
    ("why", "Why"),
    ("single", "Single recordings"),
    ("again", "How to reproduce this"),
]

OF_RECORDING = [
    ("what", "What it is taken for"),
    ("why", "What spoke for and against"),
    ("trust", "How far to trust it"),
    ("again", "How to reproduce this"),
]

TITLES = ["On the table that it was trained on", "On rows that it was not trained on"]

REPORT = "featkit report MODEL.fk TABLE.parquet --sound RECORDINGS -o report.html"


def page(
    *,
    model: Subject | Result,
    explanation: Explanation | None = None,
    table: FeatureTable | None = None,
    sound: Folder | None = None,
) -> str:
    """The report as a text of HTML.

    Parameters
    ----------
    model : Classifier, Result or Scored
        What is reported on: a model, what training gave, or its scores alone (`read_scores`).
    explanation : Explanation, optional
        What its columns said of some rows; left out, the page says how to get it.
    table : FeatureTable, optional
        The table of these rows, for what only it knows.
    sound : path, optional
        Folder that the ``path`` of rows is in, for sound and spectrograms of single recordings.

    Raises
    ------
    ParameterError
        If `sound` is no folder.
    """
    _check_sound(sound)
    model = _subject(model)
    return _page(model, _judged(model, explanation), explanation, table, sound)


def _page(
    model: Subject,
    judged: Sequence[Mapping[str, Any]],
    explanation: Explanation | None,
    table: FeatureTable | None,
    sound: Folder | None,
) -> str:
    titled = list(zip(TITLES if len(judged) > 1 else [""], judged, strict=False))
    return _rendered(
        "page.html.j2",
        model,
        explanation,
        kind="featkit report",
        title=f"{len(model.classes)} classes by {model.name}",
        contents=CONTENTS,
        commands=[_command(model, explanation)],
        asked=asked(model, explanation, table),
        good=[(title, good(scores)) for title, scores in titled],
        errs=[(title, errs(scores)) for title, scores in titled],
        why=None if explanation is None else why(explanation),
        data={} if explanation is None else data_of(explanation),
        singles=None if explanation is None else singles(explanation, sound, _rate(model)),
    )


def _subject(model: Subject | Result) -> Subject:
    return model.model if isinstance(model, Result) else model


def _judged(model: Subject, explanation: Explanation | None) -> list[Mapping[str, Any]]:
    """The scores of training, and those of other rows that are explained."""
    held = None if explanation is None else held_out(model, explanation)
    return [scores for scores in (model.scores, held) if scores]


def recording_page(
    *,
    model: Subject,
    explanation: Explanation,
    sound: Folder | None = None,
    of_class: str | float | None = None,
    top: int = CONTRIBUTIONS,
) -> str:
    """The page of one recording as a text of HTML.

    Parameters
    ----------
    model : Classifier
        What has listened.
    explanation : Explanation
        Of the rows of the recording.
    sound : path, optional
        Folder that it is in.
    of_class : str or number, optional
        For which class columns are shown; left out, for the one that it was given.
    top : int
        How many columns are shown.

    Raises
    ------
    ParameterError
        If `sound` is no folder, or there is no such class.
    """
    _check_sound(sound)
    one = recording(
        model, explanation, sound=sound, sample_rate=_rate(model), of_class=of_class, top=top
    )
    return _rendered(
        "recording.html.j2",
        model,
        explanation,
        kind=f"featkit explain, by a model of {len(model.classes)} classes ({model.name})",
        title=one.name,
        contents=OF_RECORDING,
        commands=["featkit explain MODEL.fk RECORDING -o page.html"],
        shown=[of.name for of in one.whole.contributions],
        data={},
        one=one,
    )


def _rendered(
    template: str,
    model: Subject,
    explanation: Explanation | None,
    *,
    contents: Sequence[tuple[str, str]],
    commands: Sequence[str],
    shown: Sequence[str] = (),
    **given: Any,
) -> str:
    """A page: what its sections show, and what every page has."""
    schema = {of["name"]: of for of in model.provenance.get("columns", [])}
    if explanation is not None:
        schema |= explanation.schema
    columns = shown or (model.columns if explanation is None else explanation.columns)
    known = [name for name in columns if name in schema]
    return (
        environment()
        .get_template(template)
        .render(
            policy=policy(),
            style=style(),
            script=script(),
            number={name: k for k, name in enumerate(known, start=1)},
            contents=contents,
            steps=len(contents),
            again=again(model, known, schema, commands),
            **given,
        )
    )


def _command(model: Subject, explanation: Explanation | None) -> str:
    """The command of the report; with the number of rows, where they were drawn."""
    if isinstance(model, Scored):
        return "featkit report SCORES.json -o report.html"
    if explanation is None:
        return "featkit report MODEL.fk -o report.html"
    drawn = len(explanation) < explanation.rows_there
    return REPORT + (f" --rows {len(explanation)}" if drawn else "")


def _rate(model: Subject) -> float | None:
    """Rate in Hz at which the model listens; None if it is each recording's own, or not known."""
    rate = model.provenance.get("feature_set", {}).get("sample_rate")
    return None if rate == "native" else rate


def read_scores(path: Folder) -> Scored:
    """The scores that ``featkit train --scores`` wrote, to report on them.

    Raises
    ------
    TableError
        If the file holds no such scores.
    """
    name = os.fspath(path)
    try:
        check_regular(path)
        scores = json.loads(Path(path).read_text("utf-8"))
        found = Scored(
            str(scores["model"]),
            [str(of) for of in scores["classes"]],
            scores,
            training=dict(scores.pop("training", {})),
        )
        asked(found), good(scores), errs(scores)
    except OSError as error:
        raise TableError(f"{name}: cannot read it: {error.strerror}") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        cause = "holds no scores as `featkit train --scores` writes them"
        raise TableError(f"{name}: {cause}") from None
    return found


def write_report(
    path: Folder,
    *,
    model: Subject | Result,
    explanation: Explanation | None = None,
    table: FeatureTable | None = None,
    sound: Folder | None = None,
    csv: Folder | None = None,
) -> None:
    """Write the report, whole or not at all.

    Parameters
    ----------
    path : path
        The HTML file.
    model, explanation, table, sound
        See `page`.
    csv : path, optional
        Folder for what the page shows, as CSV files; made if there is none.

    Raises
    ------
    ParameterError
        If `sound` is no folder, or `path` cannot be written.
    WriteError
        If a file cannot be written.
    """
    check_asked(path, sound=sound, csv=csv)
    model = _subject(model)
    judged = _judged(model, explanation)
    _write(path, _page(model, judged, explanation, table, sound))
    if csv is not None:
        write_files(csv, judged, explanation)


def write_recording(
    path: Folder,
    *,
    model: Subject,
    explanation: Explanation,
    sound: Folder | None = None,
    of_class: str | float | None = None,
    top: int = CONTRIBUTIONS,
) -> None:
    """Write the page of one recording, whole or not at all; see `recording_page`.

    Raises
    ------
    ParameterError
        If `sound` is no folder, there is no such class, or `path` cannot be written.
    WriteError
        If it cannot be written.
    """
    check_asked(path, sound=sound)
    text = recording_page(
        model=model, explanation=explanation, sound=sound, of_class=of_class, top=top
    )
    _write(path, text)


def _write(path: Folder, text: str) -> None:
    with replacing(path) as scratch:
        scratch.write_text(text, "utf-8", errors="backslashreplace")


def check_asked(path: Folder, *, sound: Folder | None = None, csv: Folder | None = None) -> None:
    """Refuse what could not be written or heard, before anything is computed.

    Raises
    ------
    ParameterError
        If it could not.
    """
    check_writable(path)
    _check_sound(sound)
    if csv is not None and Path(csv).exists() and not Path(csv).is_dir():
        raise ParameterError(f"{os.fspath(csv)}: is a file, not a folder for CSV files")


def _check_sound(folder: Folder | None) -> None:
    if folder is not None and not Path(folder).is_dir():
        raise ParameterError(f"{os.fspath(folder)}: there is no such folder of sound")
