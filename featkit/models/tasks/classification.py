"""Classification: each row has one class, and models give the probability of each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.registry import JoinedRegistry
from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models.absent_classes import unpredictable_warnings
from featkit.models.calibration_scores import calibration_names, uncalibrated_scores
from featkit.models.estimator import ESTIMATORS
from featkit.models.networks.estimators import NETWORKS
from featkit.models.outer_folds import SplitPlan
from featkit.models.probabilities import of_recordings, prediction_arrays, probabilities
from featkit.models.problem import Problem, name_list, rows_with_target, texts
from featkit.models.recipes import Recipe
from featkit.models.reliability import calibration_warnings
from featkit.models.result import evaluate_conditions, evaluate_plan, evaluate_sets
from featkit.models.score_types import METRICS, Evaluation
from featkit.models.scores import balanced_log_loss, compare_splits
from featkit.models.settings import Settings
from featkit.models.task import CLASSIFICATION, Task
from featkit.models.training_sample import column_quartiles
from featkit.table.disk_matrix import sampled_rows
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import ambiguous_word_warnings, without_missing_words

if TYPE_CHECKING:
    from featkit.models._leaking_columns import Leaks


def _read_target(
    table: FeatureTable, settings: Settings, warnings: list[str]
) -> tuple[FeatureTable, Array]:
    label = settings.label
    table = rows_with_target(table, label, warnings, thing="a class")
    y = texts(table, label)
    warnings += ambiguous_word_warnings(label, y.tolist())
    if len(set(y.tolist())) < 2:
        only = str(y[0])
        raise ParameterError(f"column {label!r} has one class, {only!r}: at least two are needed")
    return table, y


def _classes(y: Array, column: str) -> list[str]:
    return sorted(set(y.tolist()))


def _strata(y: Array, groups: Array, n_parts: int) -> Array:
    return y


def _class_shares(problem: Problem, train: Array, n_rows: int) -> Array:
    """Shares of the classes in the whole table, for each of some rows.

    If classes are equally common, the most common class of the training rows is the rarest of the
    test rows. With shares of the training rows, the baseline would be worse than chance.
    """
    shares = [np.mean(problem.y == name) for name in problem.classes]
    return np.tile(shares, (n_rows, 1))


def _quartiles(problem: Problem, rows: Array) -> Array:
    rows = sampled_rows(problem.X, rows)
    X, y = np.asarray(problem.X[rows]), problem.y[rows]
    return np.stack([column_quartiles(X[y == name]) for name in problem.classes], axis=1)


def _prediction_arrays(
    P: Array,
    classes: Sequence[str],
    *,
    decision: None = None,
    added: Mapping[str, Array] = MappingProxyType({}),
) -> dict[str, Array]:
    return prediction_arrays(P, classes, added=added)


def _labels(y: Array) -> Array:
    return y.astype(object)


# Predictions load this module, too: what only training needs is imported where it is used.


def _leaking_columns(problem: Problem, settings: Settings) -> Leaks:
    from featkit.models._leaking_columns import leaking_columns

    return leaking_columns(problem, settings)


def _data_warnings(problem: Problem, settings: Settings) -> Iterator[str]:
    from featkit.models._data_checks import class_warnings

    yield from class_warnings(problem, settings)


def _known_classes(cells: Array, outputs: Sequence[str]) -> tuple[Array | None, list[str]]:
    labels, _ = without_missing_words(cells)
    y = np.where(np.isin(labels, outputs), labels, "")
    new_classes = sorted(set(labels.tolist()) - {"", *outputs})
    notes = []
    if new_classes:
        count = int(np.sum((labels != "") & (y == "")))
        notes.append(
            f"{counted(count, 'row has', 'rows have')} a class that the model was not trained on"
            f" ({name_list(new_classes)}). Such rows are not scored."
        )
    return (y if (y != "").any() else None), notes


def _score_recipes(
    problem: Problem, plan: SplitPlan, output: Array, P: Array, recipes: Mapping[str, Recipe]
) -> dict[str, Any]:
    """Scores before calibration, the calibration of each fold, and scores of prediction sets."""
    scores: dict[str, Any] = evaluate_sets(problem, plan, P, recipes)
    calibrators = {name: recipe.calibrator for name, recipe in recipes.items()}
    if any(calibrator is not None for calibrator in calibrators.values()):
        scores["uncalibrated"] = uncalibrated_scores(problem, plan, output)
        scores["calibrations"] = calibration_names(calibrators)
    return scores


def _score_warnings(evaluation: Evaluation) -> list[str]:
    return [
        *unpredictable_warnings(evaluation.unpredictable),
        *calibration_warnings(evaluation.calibration),
    ]


TASK = Task(
    name=CLASSIFICATION,
    has_classes=True,
    estimators=JoinedRegistry("model", ESTIMATORS, NETWORKS),
    evaluation_type=Evaluation,
    metrics=METRICS,
    read_target=_read_target,
    outputs=_classes,
    strata=_strata,
    predict=probabilities,
    combine=of_recordings,
    prediction_arrays=_prediction_arrays,
    true_column="label",
    target_values=_labels,
    loss=balanced_log_loss,
    baseline=_class_shares,
    evaluate=evaluate_plan,
    quartiles=_quartiles,
    leaking_columns=_leaking_columns,
    data_warnings=_data_warnings,
    known_targets=_known_classes,
    score_warnings=_score_warnings,
    compare_splits=compare_splits,
    score_conditions=evaluate_conditions,
    score_recipes=_score_recipes,
)
