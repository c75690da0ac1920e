"""Training: candidates compared inside, scored outside, one model made of all that may be seen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit.errors import ParameterError
from featkit.models import AUTO
from featkit.models.classifier import Classifier, of_recordings, prediction_columns
from featkit.models.estimators import Candidate, candidates, names
from featkit.models.fitting import Fit, Fits
from featkit.models.plan import Plan, Round, plan_by_row
from featkit.models.problem import Problem, of_two_classes
from featkit.models.reference import reference
from featkit.models.scores import (
    METRICS,
    balanced_log_loss,
    difference,
    judged,
    metrics,
    predicted,
    scores,
)
from featkit.models.settings import Settings
from featkit.parameters import unknown
from featkit.segments import Array
from featkit.table import FeatureTable

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "baseline"
"""The model that always says the commonest class, as surely as it is common."""

RANKED_BY = "balanced_accuracy"
"""The score by which models are listed: no class counts for more because it is common."""

Compared = Mapping[str, Sequence[Candidate]]


@dataclass(frozen=True, eq=False)
class Result:
    """What training gave.

    Attributes
    ----------
    scores : dict
        Plain data. ``models``: for each model compared, its metrics (see
        `featkit.models.scores.scores`); ``model``: the name of the one that is kept, whose
        ``per_class``, ``confusion``, ``calibration`` and ``by_row`` follow; ``recordings``: its
        metrics when segments of a recording are put together; ``protocol``, ``chosen``,
        ``warnings``, and the counts of rows, groups and columns.
    model : Classifier
        Fitted on everything it may see.
    predictions : pandas.DataFrame
        What the kept model said of rows that it had not seen: ``path``, ``start``, ``end`` and
        ``group`` where there are such, ``fold``, ``label``, ``predicted``, ``probability``, and
        ``p_<class>`` of each class.
    """

    scores: dict[str, Any]
    model: Classifier
    predictions: pd.DataFrame

    @property
    def warnings(self) -> list[str]:
        """What makes the scores doubtful."""
        found: list[str] = self.scores["warnings"]
        return found

    @property
    def leaderboard(self) -> pd.DataFrame:
        """Each model's scores, the best first."""
        import pandas as pd

        rows = {name: {m: of[m]["value"] for m in METRICS} for name, of in ranked(self.scores)}
        return pd.DataFrame.from_dict(rows, orient="index")


def ranked(described: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Name and metrics of each model that was scored, the best first."""
    return sorted(described["models"].items(), key=lambda item: -item[1][RANKED_BY]["value"])


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
    seed: int = 0,
    n_jobs: int | None = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> Result:
    """Train a model, and score it on rows that it has not seen.

    Parameters
    ----------
    table : FeatureTable, pandas.DataFrame or path
        Features, with a label for each row; of a DataFrame, or a file that somebody else made, all
        columns of numbers are features, but those named here.
    label : str
        The column that holds the classes.
    group : str, optional
        The column of what must not be divided, such as artist or speaker. Rows of one recording
        (``path``) never are.
    fold, split : str, optional
        A column of published folds, or of ``train``, ``validation`` and ``test``.
    folds : int, optional
        How many folds to make; 5 if nothing is said.
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
        seed=seed,
    )
    compared = _compared(model)
    problem = settings.problem(table)
    plan = settings.plan(problem)
    by_row = plan_by_row(problem, plan, seed=seed)
    fitted = _counted(progress, plan, compared, len(by_row))
    fits = Fits(problem, select=select, seed=seed, n_jobs=n_jobs, fitted=fitted)

    *best, final = _choose(fits, problem, [*plan.rounds, plan.final], compared)
    P = _judge(fits, problem, plan.rounds, best)
    chosen = {of.name: each[model] for of, each in zip(plan.rounds, best, strict=True)}
    described = _described(problem, plan, P, model)
    described["chosen"] = {name: str(candidate) for name, candidate in chosen.items()}
    honest = P[model]
    if model == AUTO and by_row:  # compared are splits, not the kept candidate with the chosen
        honest = _said(fits, final[model], plan.rounds, "scoring")
    described["by_row"] = _by_row(fits, problem, plan, by_row, final[model], honest)
    (pipeline,) = fits.pipelines([(final[model], plan.final.train)])
    described["warnings"] = [*problem.warnings, *fits.warnings]
    return Result(
        scores=described,
        model=Classifier(
            pipeline=pipeline,
            name=final[model].name,
            classes=[str(name) for name in pipeline.classes_],
            columns=problem.columns,
            provenance=problem.table.provenance,
            training=_origin(problem, plan, settings, chosen, final[model]),
            scores=described,
        ),
        predictions=_predictions(problem, plan, P[model]),
    )


def _compared(model: str) -> dict[str, Sequence[Candidate]]:
    """The candidates of each estimator that is looked at."""
    if model == AUTO:
        return {name: candidates(name) for name in names()}
    if model not in names():
        raise ParameterError(unknown("model", model, [AUTO, *names()]))
    return {model: [Candidate(model)]}


def _counted(
    progress: Callable[[int, int, str], None] | None, plan: Plan, compared: Compared, by_row: int
) -> Callable[[str], None]:
    """What is called after each fit."""
    every = sum(map(len, compared.values()))
    inner = every * sum(len(of.inner) for of in [*plan.rounds, plan.final])
    honest = len(plan.rounds) if by_row and len(compared) > 1 else 0
    total = inner + len(plan.rounds) * len(compared) + honest + by_row + 1
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
        said = {name: next(P) for name in own}
        if AUTO in chosen:
            said[AUTO] = said[chosen[AUTO].name]
        for name, each in (said | {BASELINE: _commonest(problem, of)}).items():
            judged.setdefault(name, []).append(each)
    return {name: np.concatenate(parts) for name, parts in judged.items()}


def _commonest(problem: Problem, of: Round) -> Array:
    shares = [np.mean(problem.y[of.train] == name) for name in problem.classes]
    return np.tile(shares, (len(of.test), 1))


def _described(problem: Problem, plan: Plan, P: Mapping[str, Array], kept: str) -> dict[str, Any]:
    """All scores, as plain data."""
    rows, folds = _judged(plan)
    described: dict[str, Any] = {
        "protocol": plan.protocol,
        "unit": problem.unit,
        "rows": len(problem),
        "groups": len(set(problem.groups.tolist())),
        "columns": len(problem.columns),
        **judged(problem.y[rows], P, kept, problem.classes, problem.drawn[rows], folds),
        "recordings": None,
    }
    if problem.in_parts:
        described["recordings"] = scores_of_recordings(
            problem.y[rows],
            P[kept],
            problem.classes,
            problem.recordings[rows],
            problem.drawn[rows],
            folds,
        )
    return described


def scores_of_recordings(
    y: Array,
    P: Array,
    classes: Sequence[str],
    recordings: Array,
    groups: Array,
    folds: Array,
) -> dict[str, Any]:
    """Scores of recordings of one class, the probabilities of the rows of each put together."""
    of_one = ~np.isin(recordings, list(of_two_classes(recordings, y)))
    y, P, recordings, groups, folds = (x[of_one] for x in (y, P, recordings, groups, folds))
    names, joint = of_recordings(recordings, P)
    first = dict(zip(recordings[::-1].tolist(), range(len(y))[::-1], strict=True))
    at = np.array([first[name] for name in names.tolist()])
    return scores(y[at], joint, classes, groups[at], folds[at])


def _by_row(
    fits: Fits,
    problem: Problem,
    plan: Plan,
    rounds: Sequence[Round],
    candidate: Candidate,
    honest: Array,
) -> dict[str, Any] | None:
    """What a split by row would have promised of the kept candidate, and how much more that is."""
    if not rounds:
        return None
    P = _said(fits, candidate, rounds, "splitting by row")
    rows, _ = _judged(plan)
    other = np.concatenate([of.test for of in rounds])
    y, classes = problem.y, problem.classes
    more, low, high = difference(
        predicted(honest, classes) == y[rows],
        problem.drawn[rows],
        predicted(P, classes) == y[other],
        problem.drawn[other],
    )
    return {
        "candidate": str(candidate),
        "honest": metrics(y[rows], honest, classes),
        "scores": metrics(y[other], P, classes),
        "difference": {"accuracy": more, "low": low, "high": high},
    }


def _said(fits: Fits, candidate: Candidate, rounds: Sequence[Round], doing: str) -> Array:
    """What one candidate says of the test rows of all rounds, one after the other."""
    tasks = [Fit(candidate, of.train, of.test) for of in rounds]
    return np.concatenate(list(fits.probabilities(tasks, doing)))


def _judged(plan: Plan) -> tuple[Array, Array]:
    """The rows that were judged, round after round, and the round of each."""
    rows = np.concatenate([of.test for of in plan.rounds])
    return rows, np.concatenate([np.full(len(of.test), of.name, object) for of in plan.rounds])


def _predictions(problem: Problem, plan: Plan, P: Array) -> pd.DataFrame:
    """What was said of each row that was judged, in the order of the table."""
    import pandas as pd

    rows, folds = _judged(plan)
    keys = {
        key: np.asarray(problem.table.keys[key])[rows]
        for key in ("path", "start", "end")
        if key in problem.table.keys
    }
    if (problem.drawn != problem.recordings).any():
        keys["group"] = problem.drawn[rows]
    about = pd.DataFrame({**keys, "fold": folds, "label": problem.y[rows].astype(object)})
    said = pd.concat([about, prediction_columns(P, problem.classes)], axis=1)
    return said.iloc[np.argsort(rows, kind="stable")].reset_index(drop=True)


def _origin(
    problem: Problem,
    plan: Plan,
    settings: Settings,
    chosen: Mapping[str, Candidate],
    kept: Candidate,
) -> dict[str, Any]:
    """How the model came about, so that it can be made again, and the models of each round, too."""
    packages = ("featkit", "numpy", "scipy", "scikit-learn", "xgboost")
    return {
        "settings": settings.as_dict(),
        "candidate": str(kept),
        "kept": asdict(kept),
        "chosen": {name: asdict(candidate) for name, candidate in chosen.items()},
        "unit": problem.unit,
        "protocol": plan.protocol,
        "rows": len(plan.final.train),
        "digest": problem.digest,
        "reference": reference(problem, plan.final.train, seed=settings.seed),
        "versions": {name: version(name) for name in packages},
    }
