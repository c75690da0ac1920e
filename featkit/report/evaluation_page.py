"""The HTML page of models on other datasets: scores there and at home, errors and shift.

Like the report of a model, the page is one file that needs no network and no script.
"""

from __future__ import annotations

from featkit._utils.formatting import counted
from featkit.evaluation.result import CrossEvaluation
from featkit.report._context import Folder
from featkit.report._rendering import render, write
from featkit.report.page import check_paths


def evaluation_page(evaluation: CrossEvaluation) -> str:
    """Render the report of an evaluation on other datasets.

    Parameters
    ----------
    evaluation : CrossEvaluation
        Scores of one or several models on one or several datasets.

    Returns
    -------
    str
        The page as HTML.
    """
    return render("evaluation", evaluation, subtitle="featkit evaluate", title=_title(evaluation))


def _title(evaluation: CrossEvaluation) -> str:
    models = dict.fromkeys(scores.model for scores in evaluation.evaluations)
    datasets = dict.fromkeys(scores.dataset for scores in evaluation.evaluations)
    model = next(iter(models)) if len(models) == 1 else counted(len(models), "model")
    dataset = next(iter(datasets)) if len(datasets) == 1 else counted(len(datasets), "dataset")
    return f"{model} on {dataset}"


def write_evaluation_report(path: Folder, evaluation: CrossEvaluation) -> None:
    """Write the report of an evaluation on other datasets atomically.

    Parameters
    ----------
    path : path
        The HTML file.
    evaluation : CrossEvaluation
        See `evaluation_page`.

    Raises
    ------
    ParameterError
        If `path` cannot be written.
    WriteError
        If writing fails.
    """
    check_paths(path)
    write(path, evaluation_page(evaluation))
