"""Types of the scores of a regression: how well a model predicts a number.

A `RegressionEvaluation` is made by `featkit.train` with a `target`, stored in model files and by
``featkit train --scores``, and read by the report, the plots and the command line. Errors are in
units of the target.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from featkit.models.score_types import NormalizationSummary
from featkit.schema import LikelyGroup

RANKED_BY = "rmse"
"""The score by which models are ranked, the lowest first."""

REGRESSION_METRICS = {
    "mae": "mean absolute difference of prediction and target; lower is better",
    "rmse": "root of the mean squared difference of prediction and target; lower is better",
    "r2": "share of the variance of the target that the predictions explain; at most 1, and below 0"
    " if the mean of the target would be a better prediction",
    "pearson": "correlation of predictions and target",
    "spearman": "correlation of their ranks",
    "ccc": "concordance correlation coefficient: the correlation, reduced by differences in mean"
    " and spread (Lin 1989)",
}
"""Name and definition of each metric."""


@dataclass(frozen=True, kw_only=True)
class RegressionMetric:
    """One metric of one model.

    A metric is None where it is not defined: R² with fewer than two rows or a constant target, and
    correlations with fewer than two rows or constant values.

    Attributes
    ----------
    value : float or None
        The score over all test rows.
    std : float or None
        Standard deviation over the folds in which the score is defined (ddof 1); None if there are
        fewer than two.
    low, high : float or None
        Ends of the 95 % confidence interval.
    folds : mapping of str to (float or None)
        The score in each fold.
    """

    value: float | None
    std: float | None
    low: float | None
    high: float | None
    folds: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class RegressionScores:
    """All metrics of one model; ``scores[name]`` is the metric with that name.

    Attributes
    ----------
    mae, rmse, r2, pearson, spearman, ccc : RegressionMetric
        See `REGRESSION_METRICS`.
    """

    mae: RegressionMetric
    rmse: RegressionMetric
    r2: RegressionMetric
    pearson: RegressionMetric
    spearman: RegressionMetric
    ccc: RegressionMetric

    def __getitem__(self, metric: str) -> RegressionMetric:
        score: RegressionMetric = getattr(self, metric)
        return score


@dataclass(frozen=True, kw_only=True)
class RegressionValues:
    """Values of all metrics, without intervals; ``values[name]`` is the one with that name.

    Attributes
    ----------
    mae, rmse, r2, pearson, spearman, ccc : float or None
        See `REGRESSION_METRICS`.
    """

    mae: float | None
    rmse: float | None
    r2: float | None
    pearson: float | None
    spearman: float | None
    ccc: float | None

    def __getitem__(self, metric: str) -> float | None:
        value: float | None = getattr(self, metric)
        return value


@dataclass(frozen=True, kw_only=True)
class ErrorDifference:
    """Difference of two mean absolute errors.

    Attributes
    ----------
    value : float
        The second minus the first.
    low, high : float
        Ends of its 95 % confidence interval.
    """

    value: float = field(metadata={"key": "mae"})
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class RegressionRowSplit:
    """Comparison of the split that was used with a row-wise split, which divides groups.

    Attributes
    ----------
    candidate : str
        The estimator and parameters that were scored by both splits.
    grouped : RegressionValues
        Its scores by the split that was used.
    row_wise : RegressionValues
        Its scores by the row-wise split.
    difference : ErrorDifference
        How much higher the mean absolute error of the row-wise split is.
    """

    candidate: str
    grouped: RegressionValues
    row_wise: RegressionValues
    difference: ErrorDifference


@dataclass(frozen=True, kw_only=True)
class TargetRange:
    """Predictions of the rows whose target is in one range.

    Attributes
    ----------
    low, high : float
        Smallest and largest target of these rows.
    rows : int
        Number of rows.
    target, predicted : float
        Means of target and prediction.
    mae : float
        Mean absolute error.
    """

    low: float
    high: float
    rows: int
    target: float
    predicted: float
    mae: float


@dataclass(frozen=True, kw_only=True)
class GroupError:
    """Errors of the rows of one group.

    Attributes
    ----------
    group : str
        Name of the group.
    rows : int
        Number of rows.
    mae : float
        Mean absolute error.
    bias : float
        Mean of prediction minus target.
    """

    group: str
    rows: int
    mae: float
    bias: float


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """Distribution of the residuals: prediction minus target.

    Attributes
    ----------
    mean, std : float
        Mean, and standard deviation (ddof 0).
    quantiles : mapping of str to float
        Percentiles 5, 25, 50, 75 and 95, by their number.
    """

    mean: float
    std: float
    quantiles: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class RegressionEvaluation:
    """Scores of all models that were compared, and details of the one that is kept.

    Attributes
    ----------
    target : str
        Column that is predicted.
    protocol : str
        The split, such as ``"5 folds by recording"``.
    unit : str
        The unit that it never divides: ``"row"``, ``"recording"`` or the name of a group.
    rows, groups, columns : int
        Size of the table: rows, groups in them and feature columns.
    scored_rows : int
        Test rows: those that the scores are computed from.
    model : str
        Name of the kept model, one of the keys of `models`.
    models : mapping of str to RegressionScores
        Scores of each model.
    mean, std, low, high : float
        Mean, standard deviation (ddof 0), minimum and maximum of the target in the test rows.
    residuals : Residuals
        Of the kept model.
    ranges : sequence of TargetRange
        Its predictions in ranges of the target with about equal numbers of rows.
    group_errors : sequence of GroupError
        Its errors in each group, the largest first, if a group column was named; the first
        `MAX_GROUP_ERRORS` only.
    true_values, predicted_values : sequence of float
        Target and prediction of test rows, at most `MAX_POINTS`, drawn at random.
    recordings : RegressionScores or None
        Scores of the kept model when the segments of a recording are combined by their mean; None
        if no recording has several.
    by_row : RegressionRowSplit or None
        Comparison with a row-wise split; None if there is nothing to divide.
    chosen : mapping of str to str
        The estimator and parameters that were used in each fold; empty if nothing was trained.
    datasets : mapping of str to int
        Rows of each dataset; empty unless several were joined.
    likely_groups : sequence of LikelyGroup
        Columns and stems that may identify groups, if no group was named.
    normalization : NormalizationSummary or None
        Normalisation within groups; None without it.
    warnings : sequence of str
        Reasons to doubt the scores.
    """

    target: str
    protocol: str
    unit: str
    rows: int
    groups: int
    columns: int
    scored_rows: int = field(metadata={"key": "judged"})
    model: str
    models: Mapping[str, RegressionScores]
    mean: float
    std: float
    low: float
    high: float
    residuals: Residuals
    ranges: Sequence[TargetRange]
    group_errors: Sequence[GroupError] = ()
    true_values: Sequence[float]
    predicted_values: Sequence[float]
    recordings: RegressionScores | None = None
    by_row: RegressionRowSplit | None = None
    chosen: Mapping[str, str]
    datasets: Mapping[str, int] = field(default_factory=dict)
    likely_groups: Sequence[LikelyGroup] = ()
    normalization: NormalizationSummary | None = None
    warnings: Sequence[str] = ()

    @property
    def kept(self) -> RegressionScores:
        """Scores of the kept model."""
        return self.models[self.model]

    @property
    def classes(self) -> list[str]:
        """The outputs of the model: the target."""
        return [self.target]

    @property
    def dataset_scores(self) -> dict[str, RegressionValues]:
        """Scores of the kept model for each dataset, if each was left out once; else empty."""
        if not self.datasets or self.kept.mae.folds.keys() != self.datasets.keys():
            return {}
        return {
            name: RegressionValues(
                **{metric: self.kept[metric].folds[name] for metric in REGRESSION_METRICS}
            )
            for name in self.datasets
        }

    @property
    def ranking(self) -> list[tuple[str, RegressionScores]]:
        """Name and scores of each model, the best first."""
        return sorted(self.models.items(), key=lambda item: item[1][RANKED_BY].value or 0.0)

    def check(self) -> None:
        """Check that all parts are about the same model, and complete.

        Raises
        ------
        ValueError
            If they are not.
        """
        if self.model not in self.models:
            raise ValueError("its scores belong to another model")
        if len(self.true_values) != len(self.predicted_values):
            raise ValueError("its lists of targets and predictions differ in length")
        if not self.true_values or not self.ranges:
            raise ValueError("its scores hold no predictions")
        if not {"5", "95"} <= self.residuals.quantiles.keys():
            raise ValueError("its residuals have no percentiles")
        numbers = [*self.true_values, *self.predicted_values, *self.residuals.quantiles.values()]
        for one in self.ranges:
            numbers += [one.low, one.high, one.target, one.predicted, one.mae]
        if not all(map(math.isfinite, [*numbers, self.mean, self.std, self.low, self.high])):
            raise ValueError("its scores hold numbers that are not finite")
