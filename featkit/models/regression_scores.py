"""Scores of predicted numbers, with confidence intervals.

Conventions: ``y`` holds the target and ``predicted`` the predictions, both ``(rows,)``, float64.

Values are those of scikit-learn and SciPy over all test rows. The concordance correlation
coefficient [1]_ is ``2 cov(y, p) / (var(y) + var(p) + (mean(y) - mean(p))²)``, with moments that
are divided by the number of rows; it is 0 for a constant prediction. Intervals are percentile
bootstraps over whole groups, as those of `featkit.models.scores`; draws in which a score is not
defined do not count.

References
----------
.. [1] L. I.-K. Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics
   45, 1989.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from featkit._utils.typing import Array
from featkit.models.bootstrap import DRAWS, DRAWS_AT_ONCE, INTERVAL, draws
from featkit.models.problem import Problem
from featkit.models.regression_types import (
    REGRESSION_METRICS,
    ErrorDifference,
    GroupError,
    RegressionEvaluation,
    RegressionMetric,
    RegressionScores,
    RegressionValues,
    Residuals,
    TargetRange,
)
from featkit.models.scores import accuracy_difference

N_RANGES = 5
"""Ranges of the target whose errors are listed."""

MAX_GROUP_ERRORS = 200
"""Groups whose errors are listed."""

MAX_POINTS = 1000
"""Test rows whose target and prediction are stored for charts."""

MANY_ROWS, FEW_BLOCKS = 10_000, 4
"""Rows from which on the interval of the rank correlation, whose ranks are computed for each draw,
is that of the first `FEW_BLOCKS` times `DRAWS_AT_ONCE` draws."""

PERCENTILES = (5, 25, 50, 75, 95)


def evaluate_regression(
    y: Array,
    predicted: Mapping[str, Array],
    groups: Array,
    folds: Array,
    recordings: Array | None,
    *,
    target: str,
    model: str,
    protocol: str,
    unit: str,
    n_rows: int,
    n_groups: int,
    n_columns: int,
    chosen: Mapping[str, str],
) -> RegressionEvaluation:
    """Score all models on the test rows, and the kept model in detail.

    Parameters
    ----------
    y : array of float64, shape ``(rows,)``
        Target of the test rows.
    predicted : mapping of str to array of float64, shape ``(rows,)``
        Predictions by each model.
    groups, folds : array, shape ``(rows,)``
        See `regression_scores`.
    recordings : array of str, shape ``(rows,)``, or None
        The recording of each row; None if no recording has several. The target of a recording is
        the mean over its rows.
    target, protocol, unit, n_rows, n_groups, n_columns, chosen
        As in `RegressionEvaluation`.
    model : str
        Name of the kept model, one of the keys of `predicted`.

    Returns
    -------
    RegressionEvaluation
        Without warnings.
    """
    kept = predicted[model]
    true_values, predicted_values = _drawn_points(y, kept)
    return RegressionEvaluation(
        target=target,
        protocol=protocol,
        unit=unit,
        rows=n_rows,
        groups=n_groups,
        columns=n_columns,
        scored_rows=len(y),
        model=model,
        models={name: regression_scores(y, own, groups, folds) for name, own in predicted.items()},
        mean=float(y.mean()),
        std=float(y.std()),
        low=float(y.min()),
        high=float(y.max()),
        residuals=residual_summary(y, kept),
        ranges=target_ranges(y, kept),
        group_errors=[] if unit in ("row", "recording") else group_errors(y, kept, groups),
        true_values=true_values,
        predicted_values=predicted_values,
        recordings=_recording_scores(y, kept, groups, folds, recordings),
        chosen=chosen,
    )


def _recording_scores(
    y: Array, predicted: Array, groups: Array, folds: Array, recordings: Array | None
) -> RegressionScores | None:
    if recordings is None:
        return None
    means = dict(recording_means(recordings, {"y": y, "predicted": predicted}))
    first = np.sort(np.unique(recordings, return_index=True)[1])
    return regression_scores(means["y"], means["predicted"], groups[first], folds[first])


def regression_scores(
    y: Array, predicted: Array, groups: Array, folds: Array | None
) -> RegressionScores:
    """Compute all metrics of one model, with spread and intervals.

    Parameters
    ----------
    y, predicted : array of float64, shape ``(rows,)``
        Target and prediction.
    groups : array, shape ``(rows,)``
        The group of each row: the bootstrap draws whole groups.
    folds : array, shape ``(rows,)``, or None
        The fold in which each row was a test row; None if there are no folds.

    Returns
    -------
    RegressionScores
    """
    values = regression_values(y, predicted)
    by_fold = {}
    if folds is not None:
        by_fold = {
            str(fold): regression_values(y[folds == fold], predicted[folds == fold])
            for fold in dict.fromkeys(folds.tolist())
        }
    drawn = _bootstrap(y, predicted, groups)
    metrics = {}
    for name in REGRESSION_METRICS:
        low, high = _interval(drawn[name])
        metrics[name] = RegressionMetric(
            value=values[name],
            std=_spread([own[name] for own in by_fold.values()]),
            low=low,
            high=high,
            folds={fold: own[name] for fold, own in by_fold.items()},
        )
    return RegressionScores(**metrics)


def regression_values(y: Array, predicted: Array) -> dict[str, float | None]:
    """Compute all metrics of some rows.

    Parameters
    ----------
    y, predicted : array of float64, shape ``(rows,)``
        Target and prediction.

    Returns
    -------
    dict of str to (float or None)
        None where a metric is not defined; see `RegressionMetric`.
    """
    weights = np.ones((1, len(y)))
    moments = _row_moments(y, predicted)
    values = _metrics(weights @ moments) | {"spearman": _spearman(y, predicted, weights)}
    return {name: _number(values[name][0]) for name in REGRESSION_METRICS}


def compare_regression_splits(
    problem: Problem, rows: Array, P: Array, other_rows: Array, other_P: Array
) -> tuple[RegressionValues, RegressionValues, ErrorDifference]:
    """Compare the scores of one candidate by two splits of a table.

    Parameters
    ----------
    problem : Problem
        The table, with targets and groups.
    rows, other_rows : array of int
        Test rows of each split.
    P, other_P : array of float64, shape ``(rows, 1)``
        Predictions of these rows.

    Returns
    -------
    values, other_values : RegressionValues
        Scores by each split.
    difference : ErrorDifference
        How much higher the mean absolute error by the second split is.
    """
    y, groups = problem.y, problem.bootstrap_groups
    difference = accuracy_difference(
        np.abs(P[:, 0] - y[rows]),
        groups[rows],
        np.abs(other_P[:, 0] - y[other_rows]),
        groups[other_rows],
    )
    return (
        RegressionValues(**regression_values(y[rows], P[:, 0])),
        RegressionValues(**regression_values(y[other_rows], other_P[:, 0])),
        ErrorDifference(value=difference.value, low=difference.low, high=difference.high),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _spread(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.std(defined, ddof=1)) if len(defined) > 1 else None


def _interval(drawn: Array) -> tuple[float | None, float | None]:
    defined = drawn[np.isfinite(drawn)]
    if not len(defined):
        return None, None
    low, high = np.percentile(defined, INTERVAL)
    return float(low), float(high)


def _row_moments(y: Array, predicted: Array) -> Array:
    """What the metrics are sums of, for each row, ``(rows, 8)``.

    Target and prediction are centred on the mean of the target and scaled to about 1, so that
    differences of squares lose no digits.
    """
    scale = float(np.abs(y - y.mean()).max(initial=0)) or 1.0
    t, p = (y - y.mean()) / scale, (predicted - y.mean()) / scale
    residual = predicted - y
    columns = (np.ones(len(y)), np.abs(residual), residual**2, t, p, t * t, p * p, t * p)
    return np.stack(columns, axis=1)


ROUNDING = 1e-14
"""Variance, relative to the mean square, that is rounding error: the values are constant."""


def _metrics(sums: Array) -> dict[str, Array]:
    """Metrics of the sums of `_row_moments` over some rows, ``(draws, 8)``; NaN if undefined."""
    n, absolute, squared, t, p, tt, pp, tp = sums.T
    t, p, tt, pp, tp = (own / n for own in (t, p, tt, pp, tp))
    var_t, var_p = _variance(t, tt), _variance(p, pp)
    covariance = np.where((var_t > 0) & (var_p > 0), tp - t * p, 0.0)
    error = tt - 2 * tp + pp
    spread = var_t + var_p + (t - p) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "mae": absolute / n,
            "rmse": np.sqrt(squared / n),
            "r2": np.where(var_t > 0, 1 - np.maximum(error, 0) / var_t, np.nan),
            "pearson": np.clip(covariance / np.sqrt(var_t * var_p), -1, 1),
            "ccc": np.where(n > 1, 2 * covariance / spread, np.nan),
        }


def _variance(mean: Array, mean_square: Array) -> Array:
    variance = mean_square - mean**2
    return np.where(variance > ROUNDING * mean_square, variance, 0.0)


def _spearman(y: Array, predicted: Array, weights: Array) -> Array:
    """Rank correlation of rows that occur several times, ``(draws,)``; NaN if undefined.

    `weights`, ``(draws, rows)``, says how often each row occurs in a draw.
    """
    codes = [np.unique(x, return_inverse=True)[1] for x in (y, predicted)]
    return np.array([_weighted_spearman(codes, own) for own in weights])


def _weighted_spearman(codes: Sequence[Array], weights: Array) -> float:
    n, spread, ranks = weights.sum(), 1.0, []
    for code in codes:
        ties = np.bincount(code, weights=weights)
        middle = np.cumsum(ties) - (ties - 1) / 2 - (n + 1) / 2  # ranks have the mean (n + 1) / 2
        spread *= float(np.einsum("k,k,k", ties, middle, middle))
        ranks.append(middle[code])
    if not spread > 0:
        return np.nan
    return float(np.clip(np.einsum("k,k,k", weights, *ranks) / np.sqrt(spread), -1, 1))


def _bootstrap(y: Array, predicted: Array, groups: Array) -> dict[str, Array]:
    """Values of each metric in all draws."""
    names, group = np.unique(groups, return_inverse=True)
    moments = _row_moments(y, predicted)
    sums = np.stack([np.bincount(group, weights=own, minlength=len(names)) for own in moments.T])
    drawn: dict[str, list[Array]] = {name: [] for name in REGRESSION_METRICS}
    for times in draws(len(names), DRAWS, at_once=DRAWS_AT_ONCE):
        for name, value in _metrics(times @ sums.T).items():
            drawn[name].append(value)
        if len(y) <= MANY_ROWS or len(drawn["spearman"]) < FEW_BLOCKS:
            drawn["spearman"].append(_spearman(y, predicted, times[:, group].astype(np.float64)))
    return {name: np.concatenate(parts) for name, parts in drawn.items()}


def target_ranges(y: Array, predicted: Array) -> list[TargetRange]:
    """Describe the predictions in ranges of the target with about equal numbers of rows.

    Parameters
    ----------
    y, predicted : array of float64, shape ``(rows,)``
        Target and prediction.

    Returns
    -------
    list of TargetRange
        At most `N_RANGES`; rows with the same target are in the same range.
    """
    edges = np.unique(np.quantile(y, np.linspace(0, 1, N_RANGES + 1)[1:-1]))
    place = np.searchsorted(edges, y, side="left")
    return [_range(y[place == k], predicted[place == k]) for k in np.unique(place)]


def _range(y: Array, predicted: Array) -> TargetRange:
    return TargetRange(
        low=float(y.min()),
        high=float(y.max()),
        rows=len(y),
        target=float(y.mean()),
        predicted=float(predicted.mean()),
        mae=float(np.abs(predicted - y).mean()),
    )


def residual_summary(y: Array, predicted: Array) -> Residuals:
    """Describe the distribution of the residuals.

    Parameters
    ----------
    y, predicted : array of float64, shape ``(rows,)``
        Target and prediction.

    Returns
    -------
    Residuals
    """
    residuals = predicted - y
    quantiles = np.percentile(residuals, PERCENTILES).tolist()
    return Residuals(
        mean=float(residuals.mean()),
        std=float(residuals.std()),
        quantiles={str(q): value for q, value in zip(PERCENTILES, quantiles, strict=True)},
    )


def group_errors(y: Array, predicted: Array, groups: Array) -> list[GroupError]:
    """Describe the errors in each group.

    Parameters
    ----------
    y, predicted : array of float64, shape ``(rows,)``
        Target and prediction.
    groups : array of str, shape ``(rows,)``
        Group of each row.

    Returns
    -------
    list of GroupError
        At most `MAX_GROUP_ERRORS`, the largest mean absolute error first.
    """
    residuals = predicted - y
    errors = []
    for name in np.unique(groups).tolist():
        own = residuals[groups == name]
        mae, bias = float(np.abs(own).mean()), float(own.mean())
        errors.append(GroupError(group=name, rows=len(own), mae=mae, bias=bias))
    return sorted(errors, key=lambda error: -error.mae)[:MAX_GROUP_ERRORS]


def _drawn_points(y: Array, predicted: Array) -> tuple[list[float], list[float]]:
    """Target and prediction of at most `MAX_POINTS` rows, for charts."""
    rows = np.sort(np.random.default_rng(0).permutation(len(y))[:MAX_POINTS])
    return y[rows].tolist(), predicted[rows].tolist()


def recording_means(recordings: Array, columns: Mapping[str, Array]) -> Iterator[tuple[str, Array]]:
    """Average columns of numbers over the rows of each recording.

    Parameters
    ----------
    recordings : array of str, shape ``(rows,)``
        The recording of each row.
    columns : mapping of str to array of float64, shape ``(rows, ...)``
        The columns.

    Yields
    ------
    name : str
        Name of a column.
    means : array of float64, shape ``(recordings, ...)``
        Its means, in order of the first row of each recording.
    """
    _, first, member = np.unique(recordings, return_index=True, return_inverse=True)
    place = np.argsort(np.argsort(first))[member]
    counts = np.bincount(place, minlength=len(first))
    for name, column in columns.items():
        sums = np.zeros((len(first), *column.shape[1:]))
        np.add.at(sums, place, column)
        yield name, sums / counts.reshape(-1, *[1] * (column.ndim - 1))
