"""Regression: the target of each row is a number, and models predict it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.formatting import counted, shell_word
from featkit._utils.typing import Array
from featkit.errors import ParameterError, TableError
from featkit.models.estimator import Candidate
from featkit.models.outer_folds import SplitPlan
from featkit.models.probabilities import rows_at_once
from featkit.models.problem import Problem, name_list, rows_with_target, texts
from featkit.models.regression_scores import (
    compare_regression_splits,
    evaluate_regression,
    recording_means,
)
from featkit.models.regression_types import (
    REGRESSION_METRICS,
    RegressionEvaluation,
    RegressionRowSplit,
)
from featkit.models.regressor import REGRESSORS
from featkit.models.settings import Settings
from featkit.models.task import REGRESSION, Task
from featkit.models.training_sample import column_quartiles
from featkit.table.disk_matrix import sampled_rows
from featkit.table.feature_table import FeatureTable
from featkit.table.missing_values import without_missing_words

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from featkit.models._leaking_columns import Leaks

N_STRATA = 10
"""Greatest number of strata of a split."""

LARGEST = 1e100
"""Largest absolute value of a target; squares of larger ones overflow."""

FEW_VALUES = 10
"""Greatest number of distinct whole numbers that may be classes."""

ROWS_PER_VALUE = 5
"""Least number of rows for each of them, on average."""


def _read_target(
    table: FeatureTable, settings: Settings, warnings: list[str]
) -> tuple[FeatureTable, Array]:
    column = settings.target_column
    table = rows_with_target(table, column, warnings, thing="a number")
    cells = texts(table, column).tolist()
    y = np.array([_number(cell) for cell in cells], dtype=np.float64)
    if len(wrong := np.flatnonzero(np.isnan(y))):
        first = int(wrong[0])
        more = f" ({counted(len(wrong), 'such row')})" if len(wrong) > 1 else ""
        raise TableError(
            f"{table.row_name(first)}: the target {column!r} is {cells[first]!r}, which is no"
            f" number{more}: correct it, or leave the cell empty; if the column contains classes,"
            f" use --label {shell_word(column)} (in Python: label={column!r})"
        )
    if len(large := np.flatnonzero(np.abs(y) > LARGEST)):
        first = int(large[0])
        raise TableError(
            f"{table.row_name(first)}: the target {column!r} is {cells[first]}, which is infinite"
            f" or beyond {LARGEST:g}: correct it, or leave the cell empty"
        )
    if (y == y[0]).all():
        raise ParameterError(
            f"the target {column!r} has the same value, {y[0]:g}, in all {len(y)} rows: nothing can"
            " be predicted; name another column"
        )
    return table, y


def _number(cell: str) -> float:
    """The number in a cell; NaN if there is none."""
    try:
        return float(cell) if "_" not in cell else np.nan
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(cell.strip().lower(), np.nan)


def _outputs(y: Array, column: str) -> list[str]:
    return [column]


def _strata(y: Array, groups: Array, n_parts: int) -> Array:
    """Quantile bins of the mean target of each group.

    Each bin has at least as many groups as there are parts, if there are so many.
    """
    names, member = np.unique(groups, return_inverse=True)
    means = np.bincount(member, weights=y) / np.bincount(member)
    n_strata = max(1, min(N_STRATA, len(names) // n_parts))
    rank = np.empty(len(names), dtype=np.intp)
    rank[np.argsort(means, kind="stable")] = np.arange(len(names))
    return (rank * n_strata // len(names))[member]


def _predict(pipeline: Pipeline, X: Array, outputs: Sequence[str]) -> Array:
    # Blocks, for the same reasons as in `featkit.models.probabilities`.
    at_once = rows_at_once(pipeline, X)
    blocks = [np.empty(0)]
    blocks += [pipeline.predict(X[k : k + at_once]) for k in range(0, len(X), at_once)]
    return np.concatenate(blocks)[:, None]


def _combine(recordings: Array, P: Array) -> tuple[Array, Array]:
    """The mean over the rows of each recording."""
    names, first = np.unique(recordings, return_index=True)
    ((_, means),) = recording_means(recordings, {"predicted": P})
    return names[np.argsort(first)], means


def _prediction_arrays(
    P: Array,
    outputs: Sequence[str],
    *,
    decision: None = None,
    added: Mapping[str, Array] = MappingProxyType({}),
) -> dict[str, Array]:
    return {"predicted": P[:, 0], **added}


def _target_values(y: Array) -> Array:
    return y


def _mean_squared_error(y: Array, P: Array, outputs: Sequence[str]) -> float:
    return float(np.mean((P[:, 0] - y) ** 2))


def _training_mean(problem: Problem, train: Array, n_rows: int) -> Array:
    return np.full((n_rows, 1), problem.y[train].mean())


def _evaluate(
    problem: Problem,
    plan: SplitPlan,
    P: Mapping[str, Array],
    model: str,
    chosen: Mapping[str, Candidate],
) -> RegressionEvaluation:
    rows = plan.test_rows
    return evaluate_regression(
        problem.y[rows],
        {name: own[:, 0] for name, own in P.items()},
        problem.bootstrap_groups[rows],
        plan.test_folds,
        problem.recordings[rows] if problem.has_segments else None,
        target=problem.target,
        model=model,
        protocol=plan.protocol,
        unit=problem.unit,
        n_rows=len(problem),
        n_groups=len(set(problem.groups.tolist())),
        n_columns=len(problem.columns),
        chosen={name: str(candidate) for name, candidate in chosen.items()},
    )


def _quartiles(problem: Problem, rows: Array) -> Array:
    rows = sampled_rows(problem.X, rows)
    return column_quartiles(np.asarray(problem.X[rows]))[:, None]


def _leaking_columns(problem: Problem, settings: Settings) -> Leaks:
    # Predictions load this module, too, and need no checks of columns.
    from featkit.models._target_leaks import target_leaks

    return target_leaks(problem, settings)


def _data_warnings(problem: Problem, settings: Settings) -> Iterator[str]:
    y = problem.y
    distinct = np.unique(y)
    whole = bool((distinct == np.round(distinct)).all())
    if whole and len(distinct) <= FEW_VALUES and len(y) >= ROWS_PER_VALUE * len(distinct):
        values = name_list([f"{value:g}" for value in distinct.tolist()])
        yield (
            f"the target {problem.target!r} has {len(distinct)} distinct whole numbers ({values}):"
            f" if they denote classes, use --label {shell_word(problem.target)} (in Python:"
            f" label={problem.target!r})"
        )


def _known_numbers(cells: Array, outputs: Sequence[str]) -> tuple[Array | None, list[str]]:
    filled, _ = without_missing_words(cells)
    y = np.array([_number(cell) for cell in filled.tolist()], dtype=np.float64)
    y[np.abs(y) > LARGEST] = np.nan
    unusable = [cell for cell in filled[np.isnan(y)].tolist() if cell.strip()]
    notes = []
    if unusable:
        names = name_list(list(dict.fromkeys(map(repr, unusable))))
        notes.append(
            f"{counted(len(unusable), 'row has', 'rows have')} no finite number in"
            f" {outputs[0]!r} ({names}). Such rows are not scored."
        )
    return (y if np.isfinite(y).any() else None), notes


def _score_warnings(evaluation: RegressionEvaluation) -> list[str]:
    r2 = evaluation.kept.r2.value
    if r2 is None or r2 > 0:
        return []
    return [f"R² is {r2:.3f}: the predictions are no better than the mean of {evaluation.target!r}"]


TASK = Task(
    name=REGRESSION,
    has_classes=False,
    estimators=REGRESSORS,
    evaluation_type=RegressionEvaluation,
    metrics=REGRESSION_METRICS,
    read_target=_read_target,
    outputs=_outputs,
    strata=_strata,
    predict=_predict,
    combine=_combine,
    prediction_arrays=_prediction_arrays,
    true_column="target",
    target_values=_target_values,
    loss=_mean_squared_error,
    baseline=_training_mean,
    evaluate=_evaluate,
    quartiles=_quartiles,
    leaking_columns=_leaking_columns,
    data_warnings=_data_warnings,
    known_targets=_known_numbers,
    score_warnings=_score_warnings,
    compare_splits=compare_regression_splits,
    row_split_type=RegressionRowSplit,
)
