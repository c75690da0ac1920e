"""What training gives: scores as plain data, predictions, and how the model came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models._outer_folds import Plan, Round
from featkit.models.classifier import Classifier, of_recordings, prediction_columns
from featkit.models.estimator import Candidate
from featkit.models.problem import Problem, of_two_classes
from featkit.models.scores import METRICS, difference, judged, metrics, predicted, scores
from featkit.models.settings import Settings
from featkit.models.training_sample import reference

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "baseline"
"""The model that always predicts the commonest class of the table, as surely as it is common."""

RANKED_BY = "balanced_accuracy"
"""The score by which models are listed: no class counts for more because it is common."""


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
        ``warnings``, and the counts of rows, groups and columns. ``likely_groups``: what may say
        which rows belong together, if no group was named, and ``by_group``: the score of the kept
        candidate with the first of them as group, or None.
    model : Classifier
        Fitted on everything it may see.
    predictions : pandas.DataFrame
        What the kept model predicted for rows that it had not seen: ``row``, the number of the row
        in the table, counted from 1 (a CSV file's header does not count); ``path``, ``start``,
        ``end`` and ``group`` where there are such, ``fold``, ``label``, ``predicted``,
        ``probability``, and ``p_<class>`` of each class.
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


def ranked(scores: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Name and metrics of each model that was scored, the best first."""
    return sorted(scores["models"].items(), key=lambda item: -item[1][RANKED_BY]["value"])


def scored(problem: Problem, plan: Plan, P: Mapping[str, Array], kept: str) -> dict[str, Any]:
    """All scores, as plain data."""
    rows, folds = judged_rows(plan)
    found: dict[str, Any] = {
        "protocol": plan.protocol,
        "unit": problem.unit,
        "rows": len(problem),
        "groups": len(set(problem.groups.tolist())),
        "columns": len(problem.columns),
        **judged(problem.y[rows], P, kept, problem.classes, problem.drawn[rows], folds),
        "recordings": None,
    }
    if problem.in_parts:
        found["recordings"] = scores_of_recordings(
            problem.y[rows],
            P[kept],
            problem.classes,
            problem.recordings[rows],
            problem.drawn[rows],
            folds,
        )
    return found


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


def by_row(
    problem: Problem,
    plan: Plan,
    honest: Array,
    rounds: Sequence[Round],
    P: Array,
    candidate: Candidate,
) -> dict[str, Any]:
    """What a split by row would have promised of a candidate, and how much more that is.

    Its probabilities by the plan are `honest`, those by the `rounds` of the split by row `P`.
    """
    rows, _ = judged_rows(plan)
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


def judged_rows(plan: Plan) -> tuple[Array, Array]:
    """The rows that were judged, round after round, and the round of each."""
    rows = np.concatenate([of.test for of in plan.rounds])
    return rows, np.concatenate([np.full(len(of.test), of.name, object) for of in plan.rounds])


def predictions(problem: Problem, plan: Plan, P: Array) -> pd.DataFrame:
    """What was predicted for each row that was judged, in the order of the table."""
    import pandas as pd

    rows, folds = judged_rows(plan)
    keys = {"row": problem.table.row_numbers[rows]}
    for key in ("path", "start", "end"):
        if key in problem.table.keys:
            keys[key] = np.asarray(problem.table.keys[key])[rows]
    if (problem.drawn != problem.recordings).any():
        keys["group"] = problem.drawn[rows]
    about = pd.DataFrame({**keys, "fold": folds, "label": problem.y[rows].astype(object)})
    data = pd.concat([about, prediction_columns(P, problem.classes)], axis=1)
    return data.iloc[np.argsort(rows, kind="stable")].reset_index(drop=True)


def origin(
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
