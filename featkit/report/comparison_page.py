"""The HTML page that compares several trainings: scores, paired differences and settings.

Like the report of a model, the page is one file that needs no network and no script.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from featkit._utils.formatting import counted
from featkit.errors import ParameterError
from featkit.explanation.explanation import Explanation
from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.models.result import Result
from featkit.report._comparison import ComparedTraining, Comparison
from featkit.report._context import Context, Folder, ReportedModel
from featkit.report._rendering import render, write
from featkit.report._score_entries import headline
from featkit.report.page import check_paths, own_model

AnyExplanation = Explanation | NetworkExplanation
"""The results of `featkit.explain`."""

MAX_TRAININGS = 12
"""Largest number of trainings on a page."""


def comparison_page(
    models: Mapping[str, ReportedModel | Result],
    explanations: Mapping[str, AnyExplanation] | None = None,
) -> str:
    """Render a page that compares several trainings.

    Parameters
    ----------
    models : mapping of str to Model, Result or ScoresOnly
        The models by name, or their scores only (see `featkit.report.page.read_scores`).
    explanations : mapping of str to Explanation or NetworkExplanation, optional
        The result of `featkit.explain` of each model, by the same names, for the same table. With
        them, the page has paired differences on the same rows, if these and the folds are the same.

    Returns
    -------
    str
        The page as HTML.

    Raises
    ------
    ParameterError
        If there are fewer than two models or more than `MAX_TRAININGS`, if they predict different
        things, or if an explanation is missing.
    """
    comparison = _comparison(models, explanations or {})
    return render(
        "comparison",
        comparison,
        subtitle="featkit report: comparison of trainings",
        title=_title(comparison),
        task=comparison.task,
    )


def write_comparison(
    path: Folder,
    models: Mapping[str, ReportedModel | Result],
    explanations: Mapping[str, AnyExplanation] | None = None,
) -> None:
    """Write the page that compares several trainings atomically.

    Parameters
    ----------
    path : path
        The HTML file.
    models, explanations
        See `comparison_page`.

    Raises
    ------
    ParameterError
        As for `comparison_page`, or if `path` cannot be written.
    WriteError
        If writing fails.
    """
    check_paths(path)
    write(path, comparison_page(models, explanations))


def training_names(files: Sequence[str]) -> list[str]:
    """Return short names of model files that differ from one another.

    Parameters
    ----------
    files : sequence of str
        Paths or URLs.

    Returns
    -------
    list of str
        File names without suffix; whole paths if these are not unique.

    Raises
    ------
    ParameterError
        If a file is named twice.
    """
    if twice := [file for k, file in enumerate(files) if file in files[:k]]:
        raise ParameterError(f"{twice[0]}: is named twice; a comparison needs different models")
    names = [os.path.splitext(os.path.basename(file))[0] for file in files]
    return names if len(set(names)) == len(names) else list(files)


def _comparison(
    models: Mapping[str, ReportedModel | Result], explanations: Mapping[str, AnyExplanation]
) -> Comparison:
    if not 2 <= len(models) <= MAX_TRAININGS:
        raise ParameterError(
            f"a comparison needs 2 to {MAX_TRAININGS} models, and there are {len(models)}"
        )
    if explanations and (missing := models.keys() - explanations.keys()):
        raise ParameterError(
            f"there is no explanation of {sorted(missing)[0]!r}: give one for each"
        )
    trainings = []
    for name, model in models.items():
        explanation = explanations.get(name)
        trainings.append(ComparedTraining(name, Context(own_model(model), explanation)))
    tasks = {training.model.task: training.name for training in trainings}
    if len(tasks) > 1:
        (task, name), (other, other_name) = list(tasks.items())[:2]
        raise ParameterError(
            f"{name!r} is a model for {task} and {other_name!r} for {other}: only models of one"
            " task can be compared"
        )
    return Comparison(trainings)


def _title(comparison: Comparison) -> str:
    """The training with the best score, and whether another one is clearly worse."""
    number = counted(len(comparison.trainings), "training")
    scored = {own.name: own.model.evaluation for own in comparison.trainings}
    evaluations = {name: own for name, own in scored.items() if own is not None}
    if len(evaluations) < len(scored) or comparison.differences_of_training:
        return f"{number} compared"
    name, title, _ = headline(next(iter(evaluations.values())))
    values = {own: scores.kept[name].value or 0.0 for own, scores in evaluations.items()}
    is_error = name == "mae"
    best = (min if is_error else max)(values, key=lambda own: values[own])
    if not comparison.paired:
        return f"{number} compared by {title.lower()}"
    others = [own for own in comparison.paired if best in (own.first, own.second)]
    is_clear = all(own.difference.low > 0 or own.difference.high < 0 for own in others)
    lead = f" of {number}" if is_clear else ", without a clear lead"
    return f"{best} has the {'lowest' if is_error else 'highest'} {title.lower()}{lead}"
