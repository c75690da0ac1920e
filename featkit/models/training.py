"""Training: candidates compared inside, scored outside, one model made of all that may be seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models import AUTO
from featkit.models._likely_groups import by_likely_group, group_warnings, plan_by_likely_group
from featkit.models._outer_folds import Plan, Round, plan_by_row
from featkit.models.classifier import Classifier
from featkit.models.estimator import Candidate, candidates, names
from featkit.models.fitting import Fit, Fits
from featkit.models.problem import Problem
from featkit.models.result import BASELINE, Result, by_row, origin, predictions, scored
from featkit.models.scores import balanced_log_loss, warnings_of
from featkit.models.settings import Settings
from featkit.table.feature_table import FeatureTable

if TYPE_CHECKING:
    import pandas as pd

Compared = Mapping[str, Sequence[Candidate]]


def train(
    table: FeatureTable | pd.DataFrame | str | os.PathLike[str],
    *,
    label: str = "label",
    group: str | None = None,
    fold: str | None = None,
    folds: int | None = None,
    split: str | None = None,
    shares: Sequence[float] | None = None,
    split_by_row: bool = False,
    model: str = AUTO,
    select: int | None = None,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    seed: int = 0,
    n_jobs: int | None = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> Result:
    """Train a model, and score it on rows that it has not seen.

    Parameters
    ----------
    table : FeatureTable, pandas.DataFrame or path
        Features, with a label for each row; of a DataFrame, or a file that somebody else made, all
        columns of numbers are features, but those named here. Beside columns of featkit's, others
        are none, which is a warning.
    label : str
        The column that holds the classes.
    group : str, optional
        The column naming what must stay together, such as artist or speaker. Rows of one recording
        (``path``) always do. ``"stem(name, 1-3)"`` takes the first three fields of the names in
        column ``name``, and ``"folder(path)"`` what stands before the last slash: see
        `featkit.table.name_stems`. If none is named, columns and names that may say what belongs
        together are looked for, and the first warning tells the score that they would give.
    fold, split : str, optional
        A column of published folds, or of ``train``, ``validation`` and ``test``.
    folds : int, optional
        How many folds to make; 5 if left out.
    shares : sequence of float, optional
        Of train, validation and test, as in ``(60, 20, 20)``.
    split_by_row : bool
        Divide recordings and groups, and warn: for comparison with scores that were made so.
    model : str
        Name of an estimator, with its default parameters; or ``"auto"``, chosen with its parameters
        within each fold, among all, by the least log loss with classes of equal weight.
    select : int, optional
        Learn from this many columns only, chosen within each fold.
    exclude : sequence of str
        Columns that are not to be learnt from.
    include : sequence of str
        Columns to learn from although they give the class away, number the rows or are called as
        identifiers are: such columns are left out otherwise, with a warning.
    seed : int
        Of all that is random.
    n_jobs : int, optional
        Worker processes; None for one for each processor.
    progress : callable, optional
        Called with the number of fits that are done, their total, and what is being done.

    Returns
    -------
    Result
        ``.scores``, ``.model``, ``.predictions``.

    Raises
    ------
    ParameterError
        If a column is missing, a class has too few groups, or a parameter is wrong.
    TableError
        If the table itself is wrong: an infinite value, a group on both sides of a split.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> label = np.repeat(["low", "high"], 20)
    >>> pitch = np.where(label == "low", 100, 200) + rng.normal(0, 10, 40)
    >>> result = train(pd.DataFrame({"label": label, "pitch": pitch}), model="logistic")
    >>> result.scores["models"]["logistic"]["accuracy"]["value"]
    1.0
    >>> result.scores["models"]["baseline"]["accuracy"]["value"]
    0.5
    """
    settings = Settings(
        label=label,
        group=group,
        fold=fold,
        folds=folds,
        split=split,
        shares=shares,
        split_by_row=split_by_row,
        model=model,
        select=select,
        exclude=exclude,
        include=include,
        seed=seed,
    )
    compared = _compared(model)
    problem = settings.problem(table)
    plan = settings.plan(problem)
    divided = plan_by_row(problem, plan, seed=seed)
    likely = plan_by_likely_group(problem, settings)
    others = len(divided) + (len(likely.rounds) if likely else 0)
    fitted = _counted(progress, plan, compared, others)
    fits = Fits(problem, select=select, seed=seed, n_jobs=n_jobs, fitted=fitted)

    *best, final = _choose(fits, problem, [*plan.rounds, plan.final], compared)
    P = _judge(fits, problem, plan.rounds, best)
    chosen = {of.name: each[model] for of, each in zip(plan.rounds, best, strict=True)}
    kept = final[model]
    scores = scored(problem, plan, P, model)
    scores["chosen"] = {name: str(candidate) for name, candidate in chosen.items()}
    scores["by_row"] = None
    honest = P[model]
    if others and model == AUTO:  # compared are splits, not the kept candidate with the chosen
        honest = _predicted(fits, kept, plan.rounds, "scoring")
    if divided:
        promised = _predicted(fits, kept, divided, "splitting by row")
        scores["by_row"] = by_row(problem, plan, honest, divided, promised, kept)
    by_group = None
    if likely:
        grouped = Fits(likely.problem, select=select, seed=seed, n_jobs=n_jobs, fitted=fitted)
        unseen = _predicted(grouped, kept, likely.rounds, "splitting by likely groups")
        by_group = by_likely_group(likely, plan, honest, unseen, kept)
    scores = {
        "likely_groups": [asdict(each) for each in problem.likely_groups],
        "by_group": by_group,
        **scores,
    }
    (pipeline,) = fits.pipelines([(kept, plan.final.train)])
    doubtful = warnings_of(scores["calibration"])
    told = group_warnings(problem.likely_groups, by_group)
    scores["warnings"] = [*told, *problem.warnings, *fits.warnings, *doubtful]
    return Result(
        scores=scores,
        model=Classifier(
            pipeline=pipeline,
            name=kept.name,
            classes=[str(name) for name in pipeline.classes_],
            columns=problem.columns,
            provenance=problem.table.provenance,
            training=origin(problem, plan, settings, chosen, kept),
            scores=scores,
        ),
        predictions=predictions(problem, plan, P[model]),
    )


def _compared(model: str) -> dict[str, Sequence[Candidate]]:
    """The candidates of each estimator that is looked at."""
    if model == AUTO:
        return {name: candidates(name) for name in names()}
    if model not in names():
        raise ParameterError(unknown("model", model, [AUTO, *names()]))
    return {model: [Candidate(model)]}


def _counted(
    progress: Callable[[int, int, str], None] | None, plan: Plan, compared: Compared, others: int
) -> Callable[[str], None]:
    """What is called after each fit."""
    every = sum(map(len, compared.values()))
    inner = every * sum(len(of.inner) for of in [*plan.rounds, plan.final])
    honest = len(plan.rounds) if others and len(compared) > 1 else 0
    total = inner + len(plan.rounds) * len(compared) + honest + others + 1
    done = iter(range(1, total + 1))

    def fitted(doing: str) -> None:
        if progress:
            progress(next(done), total, doing)

    return fitted


def _choose(
    fits: Fits, problem: Problem, rounds: Sequence[Round], compared: Compared
) -> list[dict[str, Candidate]]:
    """For each round, each estimator's best candidate on its inner splits, and the best of all."""
    everyone = [candidate for of in compared.values() for candidate in of]
    tasks = [
        Fit(candidate, train, test)
        for of in rounds
        for candidate in everyone
        for train, test in of.inner
    ]
    P = fits.probabilities(tasks, "choosing")
    loss = (
        balanced_log_loss(problem.y[task.test], each, problem.classes)
        for task, each in zip(tasks, P, strict=True)
    )
    return [_best(compared, [_mean(loss, len(of.inner)) for _ in everyone]) for of in rounds]


def _mean(values: Iterator[float], count: int) -> float:
    """The mean of the next few."""
    return sum(next(values) for _ in range(count)) / max(count, 1)


def _best(compared: Compared, losses: Sequence[float]) -> dict[str, Candidate]:
    """The least loss, and of equals the first: a grid begins with what is plainest."""
    of = iter(losses)
    best: dict[str, tuple[float, Candidate]] = {}
    for name, tried in compared.items():
        best[name] = min(((next(of), each) for each in tried), key=lambda pair: pair[0])
    if len(compared) > 1:
        best[AUTO] = min(best.values(), key=lambda pair: pair[0])
    return {name: candidate for name, (_, candidate) in best.items()}


def _judge(
    fits: Fits, problem: Problem, rounds: Sequence[Round], best: Sequence[Mapping[str, Candidate]]
) -> dict[str, Array]:
    """What each model says of the test rows of all rounds, one after the other."""
    own = [name for name in best[0] if name != AUTO]
    tasks = [Fit(best[k][name], of.train, of.test) for k, of in enumerate(rounds) for name in own]
    P = fits.probabilities(tasks, "scoring")
    judged: dict[str, list[Array]] = {}
    for of, chosen in zip(rounds, best, strict=True):
        by = {name: next(P) for name in own}
        if AUTO in chosen:
            by[AUTO] = by[chosen[AUTO].name]
        for name, each in (by | {BASELINE: _commonest(problem, of)}).items():
            judged.setdefault(name, []).append(each)
    return {name: np.concatenate(parts) for name, parts in judged.items()}


def _commonest(problem: Problem, of: Round) -> Array:
    """Shares of the classes in the whole table.

    Among those that teach, the commonest of classes that are about equally common would be the
    rarest among those that judge, and worse than chance.
    """
    shares = [np.mean(problem.y == name) for name in problem.classes]
    return np.tile(shares, (len(of.test), 1))


def _predicted(fits: Fits, candidate: Candidate, rounds: Sequence[Round], doing: str) -> Array:
    """What one candidate says of the test rows of all rounds, one after the other."""
    tasks = [Fit(candidate, of.train, of.test) for of in rounds]
    return np.concatenate(list(fits.probabilities(tasks, doing)))
