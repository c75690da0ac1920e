"""HTML pages of a model: its report, and the page of a single recording.

A page is one file. Style, script, charts, sounds and pictures are part of it, so that it needs no
network. It is complete without its script, which only adds interaction: the choice of a class,
tooltips and sorting.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.progress import ProgressCallback, ProgressOption, reporting
from featkit.errors import ParameterError, TableError
from featkit.explanation.explained_rows import ExplainedRows
from featkit.explanation.explanation import Explanation
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.explanation.same_rows import explain_same_rows
from featkit.models.model import Model
from featkit.models.result import Result
from featkit.models.serialization import from_dict
from featkit.models.task import CLASSIFICATION, TASKS
from featkit.models.training_metadata import TrainingSummary
from featkit.report._answer_text import answer_title, outputs_text
from featkit.report._context import (
    N_CONTRIBUTIONS,
    Beside,
    Context,
    Folder,
    ReportedModel,
    ScoresOnly,
)
from featkit.report._page_data import script_data
from featkit.report._rendering import render, write
from featkit.report._row_selection import selected_rows
from featkit.storage.names import join_name
from featkit.storage.reading import is_folder, local_copy
from featkit.storage.urls import is_url, shown
from featkit.storage.writing import check_regular, check_writable
from featkit.table.feature_table import FeatureTable

if TYPE_CHECKING:
    from featkit.models.training_tables import Tables


def page(
    *,
    model: ReportedModel | Result,
    explanation: Explanation | NetworkExplanation | None = None,
    table: FeatureTable | None = None,
    sound: Folder | None = None,
    beside: tuple[Model, Explanation] | None = None,
) -> str:
    """Render the report of a model.

    Parameters
    ----------
    model : Model, Result or ScoresOnly
        The model, the result of training, or its scores only (see `read_scores`).
    explanation : Explanation or NetworkExplanation, optional
        The result of `featkit.explain` for some rows. Without it, the page shows how to get it.
    table : FeatureTable, optional
        The table of these rows.
    sound : path, optional
        Folder that contains the recordings. The page then contains some sounds and spectrograms.
    beside : (Model, Explanation), optional
        A model of columns, and its explanation of the rows of the network that the page shows; see
        `shown_beside`.

    Returns
    -------
    str
        The page as HTML.

    Raises
    ------
    ParameterError
        If `sound` is not a folder.
    """
    _check_sound(sound)
    context = Context(own_model(model), explanation, table, sound, beside=_beside(beside))
    return _model_page(context)


def own_model(model: ReportedModel | Result) -> ReportedModel:
    """Return the model of a result.

    Parameters
    ----------
    model : Model, Result or ScoresOnly
        The model, or the result of a training.

    Returns
    -------
    Model or ScoresOnly
    """
    return model.model if isinstance(model, Result) else model


def shown_beside(
    model: Model,
    table: Tables,
    explanation: ExplainedRows,
    *,
    groups: str | None = None,
    n_jobs: int | None = 1,
    cluster: Any = None,
    progress: ProgressOption = None,
) -> tuple[Model, Explanation]:
    """Explain by a model of columns the rows of a network that its report shows.

    Parameters
    ----------
    model : Model
        The model of columns.
    table : FeatureTable, DataFrame, path, sequence of paths, or mapping
        With the columns of the model, for the rows of the network.
    explanation : NetworkExplanation
        That of the network.
    groups, n_jobs, cluster, progress
        See `featkit.explanation.same_rows.explain_same_rows`.

    Returns
    -------
    Model, Explanation
        For `page`.

    Raises
    ------
    ParameterError, TableError
        As for `featkit.explanation.same_rows.explain_same_rows`.
    """
    rows = sorted({row for _, rows in selected_rows(explanation) for row in rows})
    own = explain_same_rows(
        model,
        table,
        explanation.of_rows(np.array(rows, dtype=np.intp)),
        groups=groups,
        n_jobs=n_jobs,
        cluster=cluster,
        progress=progress,
    )
    return model, own


def _beside(beside: tuple[Model, Explanation] | None) -> Beside | None:
    return None if beside is None else Beside(*beside)


def _model_page(context: Context, report: ProgressCallback | None = None) -> str:
    return render(
        context.page,
        context,
        subtitle=f"featkit report: {context.model.name} model of {outputs_text(context.model)}",
        title=answer_title(context.model),
        columns=context.schema,
        task=context.model.task,
        model_inputs=context.inputs,
        script_data=script_data(context),
        report=report,
    )


def recording_page(
    *,
    model: ReportedModel,
    explanation: Explanation,
    sound: Folder | None = None,
    of_class: str | float | None = None,
    against: str | float | None = None,
    top: int = N_CONTRIBUTIONS,
) -> str:
    """Render the page of one recording.

    Parameters
    ----------
    model : Model
        The model.
    explanation : Explanation
        SHAP values of the rows of the recording.
    sound : path, optional
        Folder that contains the recording.
    of_class : str or number, optional
        Class whose contributions are shown; by default, the predicted one.
    against : str or number, optional
        Class that it is contrasted with; by default, the most probable other class.
    top : int
        Maximum number of columns.

    Returns
    -------
    str
        The page as HTML.

    Raises
    ------
    ParameterError
        If `sound` is not a folder, or `of_class` or `against` is unknown.
    """
    _check_sound(sound)
    context = Context(
        model,
        explanation,
        sound=sound,
        page="recording",
        of_class=of_class,
        against=against,
        top=top,
    )
    return render(
        context.page,
        context,
        subtitle=f"featkit explain: {model.name} model of {outputs_text(model)}",
        title=str(explanation.keys["path"][0]),
        columns=context.schema,
        task=model.task,
    )


def read_scores(path: Folder) -> ScoresOnly:
    """Read the scores that ``featkit train --scores`` wrote, for a report without a model.

    Parameters
    ----------
    path : path
        The JSON file.

    Returns
    -------
    ScoresOnly
        The scores.

    Raises
    ------
    TableError
        If the file cannot be read, or does not contain scores.
    """
    name = shown(path)
    try:
        with local_copy(path) as file:
            check_regular(file)
            scores = json.loads(file.read_text("utf-8"))
        training = scores.pop("training", None) if isinstance(scores, dict) else None
        summary = from_dict(TrainingSummary, training) if training else None
        task = summary.settings.task if summary else CLASSIFICATION
        evaluation = from_dict(TASKS[task].evaluation_type, scores)
        evaluation.check()
        model = ScoresOnly(
            evaluation.model, list(evaluation.classes), evaluation, summary, task=task
        )
    except OSError as error:
        raise TableError(f"{name}: cannot read it: {error.strerror}") from None
    except ValueError:
        cause = "not a file of scores that `featkit train --scores` wrote"
        raise TableError(f"{name}: {cause}") from None
    return model


def write_report(
    path: Folder,
    *,
    model: ReportedModel | Result,
    explanation: Explanation | NetworkExplanation | None = None,
    table: FeatureTable | None = None,
    sound: Folder | None = None,
    csv: Folder | None = None,
    beside: tuple[Model, Explanation] | None = None,
    progress: ProgressOption = None,
) -> None:
    """Write the report of a model atomically.

    Parameters
    ----------
    path : path
        The HTML file.
    model, explanation, table, sound, beside
        See `page`.
    csv : path, optional
        Folder for the numbers of the page as CSV files; created if it does not exist.
    progress : callable, bool or None
        Receives a `featkit.Progress` as sections of the page are finished; True shows a bar, False
        nothing, and None a bar in notebooks.

    Raises
    ------
    ParameterError
        If `sound` is not a folder, or `path` or `csv` cannot be written.
    WriteError
        If writing fails.
    """
    check_paths(path, sound=sound, csv=csv)
    context = Context(own_model(model), explanation, table, sound, beside=_beside(beside))
    with reporting(progress) as report:
        write(path, _model_page(context, report))
    if csv is not None:
        # Imported where needed, because it imports pandas.
        from featkit.report._csv_files import write_files

        write_files(csv, context.evaluations, explanation)


def write_recording(
    path: Folder,
    *,
    model: ReportedModel,
    explanation: Explanation,
    sound: Folder | None = None,
    of_class: str | float | None = None,
    against: str | float | None = None,
    top: int = N_CONTRIBUTIONS,
) -> None:
    """Write the page of one recording atomically.

    Parameters
    ----------
    path : path
        The HTML file.
    model, explanation, sound, of_class, against, top
        See `recording_page`.

    Raises
    ------
    ParameterError
        If `sound` is not a folder, `of_class` is unknown, or `path` cannot be written.
    WriteError
        If writing fails.
    """
    check_paths(path, sound=sound)
    text = recording_page(
        model=model,
        explanation=explanation,
        sound=sound,
        of_class=of_class,
        against=against,
        top=top,
    )
    write(path, text)


def check_paths(path: Folder, *, sound: Folder | None = None, csv: Folder | None = None) -> None:
    """Check paths before anything is computed.

    Parameters
    ----------
    path : path
        The HTML file to write.
    sound : path, optional
        Folder that contains the recordings.
    csv : path, optional
        Folder for CSV files; it need not exist.

    Raises
    ------
    ParameterError
        If `path` cannot be written, `sound` is not a folder, or `csv` is a file.
    """
    check_writable(path)
    _check_sound(sound)
    if csv is not None and is_url(csv):
        check_writable(join_name(csv, "scores.csv"))
    elif csv is not None and Path(csv).exists() and not Path(csv).is_dir():
        raise ParameterError(f"{os.fspath(csv)}: is a file, but must be a folder for CSV files")


def _check_sound(folder: Folder | None) -> None:
    if folder is not None and not is_folder(folder):
        raise ParameterError(f"{shown(folder)}: there is no such folder of recordings")
