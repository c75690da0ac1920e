"""The HTML page of models on other datasets: scores there and at home, errors and shift.

Like the report of a model, the page is one file that needs no network and no script.
"""

from __future__ import annotations

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit.evaluation.result import CrossEvaluation
from featkit.report._context import Folder
from featkit.report._rendering import render, write
from featkit.report.formatting import percent
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
    """The accuracy in words; of several models or datasets, the lowest and the highest."""
    pairs = evaluation.evaluations
    models = dict.fromkeys(pair.model for pair in pairs)
    datasets = dict.fromkeys(pair.dataset for pair in pairs)
    model = isolated(next(iter(models))) if len(models) == 1 else counted(len(models), "model")
    dataset = (
        isolated(next(iter(datasets))) if len(datasets) == 1 else counted(len(datasets), "dataset")
    )
    if not pairs:
        return f"{model} on {dataset}"
    verb = "classifies" if len(models) == 1 else "classify"
    shares = sorted(pair.scores.accuracy.value for pair in pairs)
    low, high = percent(shares[0]), percent(shares[-1])
    share = low if low == high else f"{low} to {high}"
    if len(pairs) > 1:
        return f"{model} {verb} {share} of the recordings of {dataset} correctly"
    recordings = counted(pairs[0].counts.scored_recordings, "recording")
    return f"{model} {verb} {share} of {recordings} of {dataset} correctly"


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
