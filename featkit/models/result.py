"""The result of a training: scores, model and predictions, and their assembly."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.overview import Overview, Overviewed
from featkit._utils.typing import Array
from featkit.models.absent_classes import fold_classes, unpredictable_rows
from featkit.models.budget_use import BudgetUse
from featkit.models.cost_scores import cost_scores
from featkit.models.curves import evaluate_curves, inner_threshold
from featkit.models.decisions import decision_arrays
from featkit.models.estimator import Candidate
from featkit.models.fit_summary import Effort
from featkit.models.group_normalization import GroupNormalization
from featkit.models.label_decision import LabelDecision
from featkit.models.leaderboard_types import learning_curve_table
from featkit.models.model import Model
from featkit.models.outer_folds import OuterFold, SplitPlan
from featkit.models.problem import Problem
from featkit.models.recipes import Recipe
from featkit.models.recording_conditions import RecordingConditions, score_conditions
from featkit.models.score_types import ConditionsScores, Evaluation
from featkit.models.scores import evaluate, recording_arrays
from featkit.models.serialization import to_dict
from featkit.models.set_scores import score_sets
from featkit.models.set_types import SetScores
from featkit.models.settings import Settings
from featkit.models.task import CLASSIFICATION, TASKS
from featkit.models.training_metadata import TrainingMetadata
from featkit.models.training_sample import sample_training_rows
from featkit.schema import DATASET

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "baseline"
"""The model whose probabilities are always the shares of the classes in the table."""

PACKAGES = ("featkit", "numpy", "scipy", "scikit-learn", "xgboost")
"""Packages that the numbers of a model depend on."""


@dataclass(frozen=True, eq=False, repr=False)
class Result(Overviewed):
    """The result of a training.

    The scores exist twice: as the typed `evaluation`, which featkit itself reads, and as plain
    data, `scores`, with the keys of the JSON files.

    Attributes
    ----------
    evaluation : Evaluation or RegressionEvaluation
        The scores; the type depends on the task.
    model : Model
        Fitted on all rows that are not held out.
    predictions : pandas.DataFrame
        Predictions of the kept model for the test rows: ``row``, the number of the row in the
        table, counted from 1 (the header of a CSV file does not count); ``dataset``, ``path``,
        ``start``, ``end`` and ``group`` where they exist, ``fold``, ``label``, ``predicted``,
        ``probability``, and ``p_<class>`` of each class. A regression has ``target`` and
        ``predicted`` instead.
    effort : mapping of str to Effort
        Time and size of each model on the outer folds. Times differ from run to run, and are not
        part of the scores.
    """

    evaluation: Evaluation
    model: Model
    predictions: pd.DataFrame
    effort: Mapping[str, Effort] = field(default_factory=dict)

    def _overview(self) -> Overview:
        from featkit.models._overviews import result_overview

        return result_overview(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the result to a file, atomically; `featkit.load_result` reads it.

        Parameters
        ----------
        path : path
            The file, usually with the extension ``.fkr``. It holds scores, predictions, efforts
            and the model.

        Raises
        ------
        ModelError
            If the model is larger than a model file can be.
        WriteError
            If the file cannot be written.
        """
        from featkit.models.result_file import write_result

        write_result(self, path)

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
        """Scores of each model, the best first, with time and size.

        ``processor_seconds``, ``seconds`` and ``model_bytes`` are those of `Effort`, NaN for the
        baseline.
        """
        import pandas as pd

        rows = {
            name: {metric: scores[metric].value for metric in TASKS[self.model.task].metrics}
            | (self.effort[name]._asdict() if name in self.effort else {})
            for name, scores in self.evaluation.ranking
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    @property
    def learning_curves(self) -> pd.DataFrame:
        """Losses and accuracies of networks after each epoch of each outer fold.

        See `featkit.models.leaderboard_types.learning_curve_table` for the columns; without
        networks, there are no rows.
        """
        return learning_curve_table(getattr(self.evaluation, "learning_curves", None) or ())


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
    unpredictable = unpredictable_rows(problem, plan.outer)
    evaluation = evaluate(
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
        unpredictable=unpredictable,
        costs=problem.costs,
    )
    y, groups = problem.y[rows], problem.bootstrap_groups[rows]
    costs = None
    if problem.costs is not None:
        costs = cost_scores(y, P[model], problem.classes, groups, problem.costs)
    return replace(
        evaluation,
        curves=evaluate_curves(y, P[model], problem.classes, groups, unpredictable),
        costs=costs,
        leave_one_group_out=plan.by_group,
        fold_classes=fold_classes(problem.y, plan.outer, problem.classes),
    )


def with_inner_threshold(
    evaluation: Evaluation,
    problem: Problem,
    plan: SplitPlan,
    P: Array,
    recipes: Sequence[Recipe],
) -> Evaluation:
    """Add the threshold of two classes that inner folds choose, if there are any.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    P : array of float64, shape ``(rows, classes)``
        Probabilities of the test rows by the kept model, one fold after the other.
    recipes : sequence of Recipe
        The kept model of each outer fold.

    Returns
    -------
    Evaluation
    """
    curves, classes = evaluation.curves, problem.classes
    inner = [(own, own.out_of_fold) for own in recipes]
    if curves is None or len(classes) != 2 or any(own is None for _, own in inner):
        return evaluation
    positive = curves.classes[0].name
    k = classes.index(positive)
    validation = [
        (problem.y[own.rows], recipe.probabilities(own.P)[:, k])
        for recipe, own in inner
        if own is not None
    ]
    if any(not np.any(y == positive) for y, _ in validation):
        return evaluation
    ends = np.cumsum([len(fold.test) for fold in plan.outer])
    folds = np.split(np.arange(ends[-1]), ends[:-1])
    threshold = inner_threshold(problem.y[plan.test_rows], P[:, k], folds, validation, positive)
    return replace(evaluation, curves=replace(curves, inner_threshold=threshold))


def evaluate_sets(
    problem: Problem, plan: SplitPlan, P: Array, recipes: Mapping[str, Recipe]
) -> dict[str, SetScores]:
    """Score the prediction sets of the kept model for the test rows of a plan.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    P : array of float64, shape ``(rows, classes)``
        Probabilities of the test rows by the kept model, one fold after the other.
    recipes : mapping of str to Recipe
        What was fitted on the inner folds of each outer fold.

    Returns
    -------
    dict of str to SetScores
        ``prediction_sets`` and, if recordings have several rows, ``recording_prediction_sets``:
        fields of `Evaluation`. Empty if there were no inner folds.
    """
    sets = {name: recipe.sets for name, recipe in recipes.items() if recipe.sets is not None}
    if len(sets) < len(recipes):
        return {}
    rows, folds = plan.test_rows, plan.test_folds
    y, groups = problem.y[rows], problem.bootstrap_groups[rows]
    classes, costs = problem.classes, problem.costs
    of_rows = score_sets(y, P, classes, groups, folds, sets, per="segment", costs=costs)
    scores = {"prediction_sets": of_rows}
    if problem.has_segments:
        y, P, groups, folds = recording_arrays(y, P, problem.recordings[rows], groups, folds)
        scores["recording_prediction_sets"] = score_sets(
            y, P, classes, groups, folds, sets, per="recording", costs=costs
        )
    return scores


def compare_row_split(
    problem: Problem,
    plan: SplitPlan,
    P: Array,
    row_wise: Sequence[OuterFold],
    row_wise_P: Array,
    candidate: Candidate,
) -> Any:
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
    RowSplit or RegressionRowSplit
    """
    task, other = TASKS[problem.task], np.concatenate([fold.test for fold in row_wise])
    assert task.compare_splits is not None  # otherwise there are no such folds
    # Only classes can be absent from training rows.
    absent = [unpredictable_rows(problem, plan.outer)] if problem.has_classes else []
    grouped, row_wise_values, difference = task.compare_splits(
        problem, plan.test_rows, P, other, row_wise_P, *absent
    )
    return task.row_split_type(
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


def prediction_table(
    problem: Problem, plan: SplitPlan, P: Array, recipes: Sequence[Recipe]
) -> pd.DataFrame:
    """Make the table of predictions for the test rows.

    Parameters
    ----------
    problem : Problem
        The table, with classes and groups.
    plan : SplitPlan
        Its outer folds.
    P : array of float64, shape ``(rows, classes)``
        Probabilities of the test rows, one fold after the other.
    recipes : sequence of Recipe
        The recipe of the kept model in each fold.

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
    task = TASKS[problem.task]
    decisions = [recipe.decision for recipe in recipes if recipe.decision is not None]
    sizes = [len(fold.test) for fold in plan.outer]
    options = {"decision": LabelDecision.by_row(decisions, sizes)} if decisions else {}
    keys |= {"fold": folds, task.true_column: task.target_values(problem.y[rows], **options)}
    columns = task.prediction_arrays(P, problem.outputs, **options)
    if problem.costs is not None:
        columns |= decision_arrays(P, problem.outputs, problem.costs)
    data = pd.DataFrame({**keys, **columns})
    return data.iloc[np.argsort(rows, kind="stable")].reset_index(drop=True)


def training_metadata(
    problem: Problem,
    plan: SplitPlan,
    settings: Settings,
    chosen: Mapping[str, Candidate],
    kept: Candidate,
    normalization: GroupNormalization | None = None,
    budget: BudgetUse | None = None,
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
    normalization : GroupNormalization, optional
        Its normalisation.
    budget : BudgetUse, optional
        Candidates that a search within a budget did not try.

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
        sample=sample_training_rows(problem, plan.final.train, normalization, seed=settings.seed),
        versions={name: version(name) for name in PACKAGES},
        class_rows=_class_rows(problem, plan.final.train),
        memory=problem.memory,
        budget=budget,
    )


def _class_rows(problem: Problem, rows: Array) -> dict[str, int]:
    """Number of rows of each class; empty for other tasks."""
    if problem.task != CLASSIFICATION:
        return {}
    return dict(sorted(Counter(problem.y[rows].tolist()).items()))
