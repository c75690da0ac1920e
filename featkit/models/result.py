"""The result of a training: scores, model and predictions, and their assembly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.models.estimator import Candidate
from featkit.models.model import Model
from featkit.models.outer_folds import OuterFold, SplitPlan
from featkit.models.probabilities import prediction_columns
from featkit.models.problem import Problem
from featkit.models.recording_conditions import RecordingConditions, score_conditions
from featkit.models.score_types import METRICS, ConditionsScores, Evaluation, RowSplit
from featkit.models.scores import compare_splits, evaluate
from featkit.models.serialization import to_dict
from featkit.models.settings import Settings
from featkit.models.training_metadata import TrainingMetadata
from featkit.models.training_sample import sample_training_rows
from featkit.schema import DATASET

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "baseline"
"""The model whose probabilities are always the shares of the classes in the table."""

PACKAGES = ("featkit", "numpy", "scipy", "scikit-learn", "xgboost")
"""Packages that the numbers of a model depend on."""


@dataclass(frozen=True, eq=False)
class Result:
    """The result of a training.

    The scores exist twice: as the typed `evaluation`, which featkit itself reads, and as plain
    data, `scores`, with the keys of the JSON files.

    Attributes
    ----------
    evaluation : Evaluation
        The scores.
    model : Model
        Fitted on all rows that are not held out.
    predictions : pandas.DataFrame
        Predictions of the kept model for the test rows: ``row``, the number of the row in the
        table, counted from 1 (the header of a CSV file does not count); ``dataset``, ``path``,
        ``start``, ``end`` and ``group`` where they exist, ``fold``, ``label``, ``predicted``,
        ``probability``, and ``p_<class>`` of each class.
    """

    evaluation: Evaluation
    model: Model
    predictions: pd.DataFrame

    @cached_property
    def scores(self) -> dict[str, Any]:
        """The scores as plain data: dictionaries and lists, with the keys of the JSON files.

        ``models`` holds the metrics of each model, such as
        ``scores["models"]["svm"]["accuracy"]["value"]``; ``model`` is the name of the kept one, to
        which ``per_class``, ``confusion`` and ``calibration`` belong. `Evaluation` lists all keys.
        """
        return to_dict(self.evaluation)

    @property
    def warnings(self) -> list[str]:
        """Reasons to doubt the scores."""
        return list(self.evaluation.warnings)

    @property
    def leaderboard(self) -> pd.DataFrame:
        """Scores of each model, the best first."""
        import pandas as pd

        rows = {
            name: {metric: scores[metric].value for metric in METRICS}
            for name, scores in self.evaluation.ranking
        }
        return pd.DataFrame.from_dict(rows, orient="index")


def evaluate_plan(
    problem: Problem,
    plan: SplitPlan,
    P: Mapping[str, Array],
    model: str,
    chosen: Mapping[str, Candidate],
) -> Evaluation:
    """Score the predictions of all models for the test rows of a plan.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    P : mapping of str to array of float64, shape ``(rows, classes)``
        Probabilities of the test rows by each model, one fold after the other.
    model : str
        Name of the kept model.
    chosen : mapping of str to Candidate
        The kept model in each fold.

    Returns
    -------
    Evaluation
        Without comparisons with other splits, and without warnings.
    """
    rows, folds = plan.test_rows, plan.test_folds
    return evaluate(
        problem.y[rows],
        P,
        problem.classes,
        problem.bootstrap_groups[rows],
        folds,
        problem.combined_recordings(rows),
        model=model,
        protocol=plan.protocol,
        unit=problem.unit,
        n_rows=len(problem),
        n_groups=len(set(problem.groups.tolist())),
        n_columns=len(problem.columns),
        chosen={name: str(candidate) for name, candidate in chosen.items()},
    )


def compare_row_split(
    problem: Problem,
    plan: SplitPlan,
    P: Array,
    row_wise: Sequence[OuterFold],
    row_wise_P: Array,
    candidate: Candidate,
) -> RowSplit:
    """Compare the scores of a candidate with those by a row-wise split.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        The split that was used.
    P : array of float64, shape ``(rows, classes)``
        Probabilities by that split.
    row_wise : sequence of OuterFold
        The folds of the row-wise split.
    row_wise_P : array of float64, shape ``(rows, classes)``
        Probabilities by the row-wise split.
    candidate : Candidate
        The estimator and parameters.

    Returns
    -------
    RowSplit
    """
    other = np.concatenate([fold.test for fold in row_wise])
    grouped, row_wise_values, difference = compare_splits(
        problem, plan.test_rows, P, other, row_wise_P
    )
    return RowSplit(
        candidate=str(candidate),
        grouped=grouped,
        row_wise=row_wise_values,
        difference=difference,
    )


def evaluate_conditions(
    problem: Problem, plan: SplitPlan, conditions: RecordingConditions, *, seed: int
) -> ConditionsScores:
    """Score how well recording conditions alone predict the label, by the split of the models.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        The split that was used.
    conditions : RecordingConditions
        Recording conditions of its rows.
    seed : int
        Seed of the model.

    Returns
    -------
    ConditionsScores
    """
    return score_conditions(
        conditions,
        problem.y,
        problem.bootstrap_groups,
        problem.classes,
        [(fold.train, fold.test) for fold in plan.outer],
        [fold.name for fold in plan.outer],
        plan.protocol,
        seed=seed,
    )


def prediction_table(problem: Problem, plan: SplitPlan, P: Array) -> pd.DataFrame:
    """Make the table of predictions for the test rows.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    P : array of float64, shape ``(rows, classes)``
        Probabilities of the test rows, one fold after the other.

    Returns
    -------
    pandas.DataFrame
        In the order of the table; see `Result`.
    """
    import pandas as pd

    rows, folds = plan.test_rows, plan.test_folds
    keys = {"row": problem.table.row_numbers[rows]}
    if problem.datasets is not None:
        keys[DATASET] = problem.datasets[rows].astype(object)
    for key in ("path", "start", "end"):
        if key in problem.table.keys:
            keys[key] = np.asarray(problem.table.keys[key])[rows]
    if (problem.bootstrap_groups != problem.recordings).any():
        keys["group"] = problem.bootstrap_groups[rows]
    about = pd.DataFrame({**keys, "fold": folds, "label": problem.y[rows].astype(object)})
    data = pd.concat([about, prediction_columns(P, problem.classes)], axis=1)
    return data.iloc[np.argsort(rows, kind="stable")].reset_index(drop=True)


def training_metadata(
    problem: Problem,
    plan: SplitPlan,
    settings: Settings,
    chosen: Mapping[str, Candidate],
    kept: Candidate,
) -> TrainingMetadata:
    """Record how a model was trained.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    settings : Settings
        Parameters of the training.
    chosen : mapping of str to Candidate
        The kept model in each fold.
    kept : Candidate
        The estimator and parameters of the final model.

    Returns
    -------
    TrainingMetadata
    """
    return TrainingMetadata(
        settings=settings,
        candidate=str(kept),
        kept=kept,
        chosen=chosen,
        unit=problem.unit,
        protocol=plan.protocol,
        rows=len(plan.final.train),
        digest=problem.digest,
        sample=sample_training_rows(problem, plan.final.train, seed=settings.seed),
        versions={name: version(name) for name in PACKAGES},
    )
