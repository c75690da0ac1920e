"""Types of the scores of models on other datasets than that of their training.

`CrossEvaluation` is the result of `featkit.evaluate`; ``featkit evaluate -o`` writes it as JSON,
and the report shows it. Shares, probabilities, scores and distances are from 0 to 1, except the log
loss and the Brier score. Intervals are 95 % confidence intervals, by drawing groups with
replacement. `featkit.models.serialization` converts to plain data; the keys there are those of the
fields unless a field names another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from featkit.models.score_types import (
    Calibration,
    ClassScores,
    ConditionsScores,
    MetricValues,
    ModelScores,
)
from featkit.models.set_types import SetScores


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """Which rows of a table are scored, and why others are not.

    Attributes
    ----------
    rows, recordings : int
        Rows of the table, and recordings in them.
    scored_rows, scored_recordings : int
        Those that are scored.
    unlabelled : int
        Rows without a label.
    dropped : mapping of str to int
        Rows of each label that the label map drops.
    unknown : mapping of str to int
        Rows of each label, after mapping, that the model does not know.
    repeated : int
        Further rows of a recording, or of a segment, that occurs more than once: the first counts.
    trained : int
        Rows of recordings that the model was trained on; they are not scored.
    undefined : int
        Rows for which no prediction is possible: without a value in any column of the model, or
        with an infinite one.
    failed : int
        Sound files that could not be read.
    """

    rows: int
    recordings: int
    scored_rows: int
    scored_recordings: int
    unlabelled: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)
    repeated: int = 0
    trained: int = 0
    undefined: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class ValueInterval:
    """A value with a confidence interval.

    Attributes
    ----------
    value : float
        The value.
    low, high : float or None
        Ends of the interval; None if it cannot be computed.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class HomeScores:
    """Scores at home: by cross-validation or on held-out rows of the training table.

    Attributes
    ----------
    protocol : str
        The split of the training, such as ``"5 folds by recording"``.
    rows : int
        Number of test rows.
    merged : bool
        Whether the label map merges classes of the model. The scores are then those of the merged
        confusion matrix, without intervals, log loss and calibration.
    metrics : mapping of str to ValueInterval
        The metrics of `featkit.models.score_types.METRICS` by row.
    recording_metrics : mapping of str to ValueInterval or None
        The same with the segments of each recording combined; None if that was not scored.
    by_recording : bool
        Whether the following scores are by recording, as those of the evaluated dataset; otherwise,
        they are by row.
    same_classes_balanced_accuracy : float or None
        Mean recall at home of the classes that occur in the evaluated dataset; None if none of them
        has test rows at home.
    per_class : sequence of ClassScores
        Scores of each class at home.
    calibration : Calibration or None
        None if classes are merged.
    """

    protocol: str
    rows: int
    merged: bool
    metrics: Mapping[str, ValueInterval]
    recording_metrics: Mapping[str, ValueInterval] | None = None
    by_recording: bool = False
    same_classes_balanced_accuracy: float | None = None
    per_class: Sequence[ClassScores]
    calibration: Calibration | None = None


@dataclass(frozen=True, kw_only=True)
class SecondaryLabelScores:
    """Scores of rows with several labels: the first is primary, the second secondary.

    Attributes
    ----------
    rows : int
        Scored rows.
    with_secondary : int
        Rows with a secondary label.
    share : float
        Their share of all scored rows.
    primary_accuracy : ValueInterval
        Share of rows whose primary label is predicted.
    either_accuracy : ValueInterval
        Share of rows whose primary or secondary label is predicted.
    gain : ValueInterval
        The second minus the first.
    errors : int
        Rows whose primary label is not predicted.
    rescued : int
        Errors whose secondary label is predicted.
    rescue_rate : float or None
        Share of all errors that the secondary label rescues; None without errors.
    rescue_rate_with_secondary : float or None
        The same among the errors that have a secondary label; None if there are none.
    """

    rows: int
    with_secondary: int
    share: float
    primary_accuracy: ValueInterval
    either_accuracy: ValueInterval
    gain: ValueInterval
    errors: int
    rescued: int
    rescue_rate: float | None
    rescue_rate_with_secondary: float | None


@dataclass(frozen=True, kw_only=True)
class SubgroupScores:
    """Scores of the rows with one value of a column.

    Attributes
    ----------
    value : str
        The value; "" for rows without one.
    rows, recordings, groups : int
        Their number.
    metrics : mapping of str to ValueInterval
        The metrics of `featkit.models.score_types.METRICS`.
    """

    value: str
    rows: int
    recordings: int
    groups: int
    metrics: Mapping[str, ValueInterval]


@dataclass(frozen=True, kw_only=True)
class SubgroupComparison:
    """Scores by the values of one column, such as sex or device.

    Attributes
    ----------
    column : str
        The column.
    subgroups : sequence of SubgroupScores
        In natural order of the values, the missing one last.
    highest, lowest : str
        Values with the highest and the lowest accuracy.
    difference : ValueInterval
        Accuracy of `highest` minus that of `lowest`.
    small : sequence of str
        Values with too few groups for an interval that can be trusted; they take no part in the
        difference, unless fewer than two others are left.
    """

    column: str
    subgroups: Sequence[SubgroupScores]
    highest: str
    lowest: str
    difference: ValueInterval
    small: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ModelComparison:
    """Comparison of two models on the recordings of one dataset that both predict.

    Attributes
    ----------
    dataset : str
        The dataset.
    first, second : str
        Names of the models.
    recordings : int
        Recordings that both models predict.
    first_accuracy, second_accuracy : float
        Accuracy of each on these recordings.
    difference : ValueInterval
        Accuracy of the second minus that of the first, with the interval by drawing groups.
    only_first, only_second : int
        Recordings that only one of the two predicts correctly.
    p_value : float
        McNemar's exact test, two-sided [1]_: the probability of such a difference, or a larger one,
        if both were equally accurate.

    References
    ----------
    .. [1] Q. McNemar, "Note on the sampling error of the difference between correlated proportions
       or percentages", Psychometrika 12, 1947.
    """

    dataset: str
    first: str
    second: str
    recordings: int
    first_accuracy: float
    second_accuracy: float
    difference: ValueInterval
    only_first: int
    only_second: int
    p_value: float


@dataclass(frozen=True, kw_only=True)
class ColumnShift:
    """Difference of one column between the training table and the evaluated dataset.

    Attributes
    ----------
    column : str
        The column.
    family : str
        Feature family; "" if unknown.
    unit : str
        Unit of its values; "" if unknown.
    distance : ValueInterval
        Kolmogorov-Smirnov distance of the two distributions: 0 if they are equal, 1 if they do not
        overlap. Each class has the same share on both sides; undefined values count as smaller
        than all others.
    differs : bool
        Whether the distance is above what chance explains.
    home_median, median : float or None
        Median in the training table and in the evaluated dataset, with the same shares of the
        classes; None if no value is defined.
    """

    column: str
    family: str
    unit: str
    distance: ValueInterval
    differs: bool
    home_median: float | None
    median: float | None


@dataclass(frozen=True, kw_only=True)
class FamilyShift:
    """Difference of the columns of one feature family.

    Attributes
    ----------
    family : str
        The family; "" if unknown.
    columns, differing : int
        Number of its columns, and of those that differ.
    distance : ValueInterval
        Mean distance of its columns.
    """

    family: str
    columns: int
    differing: int
    distance: ValueInterval


@dataclass(frozen=True, kw_only=True)
class ColumnShare:
    """Share of a column in the contributions to a classifier.

    Attributes
    ----------
    column : str
        The column.
    share : float
        Its mean absolute contribution, as a share of the sum over all columns.
    """

    column: str
    share: float


@dataclass(frozen=True, kw_only=True)
class DomainClassifier:
    """A classifier that separates training rows from rows of the evaluated dataset.

    Attributes
    ----------
    candidate : str
        Estimator and parameters.
    protocol : str
        The split, such as ``"5 folds by recording"``.
    auc : ValueInterval
        Area under the ROC curve for test rows: 0.5 if it cannot separate the two, 1 if it
        always does. The interval is that of these classifiers for other groups.
    columns : sequence of ColumnShare
        The columns that it uses, the most important first.
    """

    candidate: str
    protocol: str
    auc: ValueInterval
    columns: Sequence[ColumnShare]


@dataclass(frozen=True, kw_only=True)
class FormatShare:
    """Shares of a file format in the training table and in the evaluated dataset.

    Attributes
    ----------
    format : str
        The format.
    home, here : float
        Its share of the rows of each.
    """

    format: str
    home: float
    here: float


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Differences between the training table and the evaluated dataset.

    Attributes
    ----------
    home_rows, rows : int
        Rows that are compared, at most `featkit.evaluation.shift.MAX_ROWS` of each.
    classes : sequence of str
        Classes that occur in both, which are compared.
    threshold : float
        Distance above which a feature differs: in 5 % of cases, chance alone gives a larger one in
        any of the columns that do not differ.
    columns : sequence of ColumnShift
        Features, the most different first.
    families : sequence of FamilyShift
        Feature families, the most different first.
    conditions : sequence of ColumnShift
        Recording conditions, such as native rate, duration, level and bandwidth.
    formats : sequence of FormatShare
        File formats; empty if unknown.
    classifier : DomainClassifier or None
        By features; None if there are too few groups.
    conditions_classifier : DomainClassifier or None
        By recording conditions alone; None without quality columns, or with too few groups.
    notes : sequence of str
        Caveats.
    """

    home_rows: int
    rows: int
    classes: Sequence[str]
    threshold: float
    columns: Sequence[ColumnShift]
    families: Sequence[FamilyShift]
    conditions: Sequence[ColumnShift] = ()
    formats: Sequence[FormatShare] = ()
    classifier: DomainClassifier | None = None
    conditions_classifier: DomainClassifier | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ImportancePair:
    """Importance of a column, or of a family, at home and in the evaluated dataset.

    Attributes
    ----------
    name : str
        The column or the family.
    home, here : ValueInterval
        Its share of the mean absolute SHAP values of all columns.
    """

    name: str
    home: ValueInterval
    here: ValueInterval


@dataclass(frozen=True, kw_only=True)
class ImportanceComparison:
    """Importances at home and in the evaluated dataset, side by side.

    Attributes
    ----------
    home_rows, rows : int
        Rows that are explained.
    rank_correlation : float or None
        Spearman's correlation of the importances of all columns; None with fewer than three.
    columns, families : sequence of ImportancePair
        The most important at home first.
    notes : sequence of str
        Caveats.
    """

    home_rows: int
    rows: int
    rank_correlation: float | None
    columns: Sequence[ImportancePair]
    families: Sequence[ImportancePair]
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class DatasetEvaluation:
    """Scores of one model on one dataset.

    Attributes
    ----------
    dataset, model : str
        Names of the dataset and of the model.
    counts : RowCounts
        Rows that are scored, and others.
    classes : sequence of str
        Common classes of the model, in alphabetical order; some may not occur in the dataset.
    unit : str
        Unit of the groups that intervals are drawn by, such as ``"recording"`` or ``"artist"``.
    groups : int
        Number of these groups.
    scores : ModelScores
        Scores of recordings, whose segments are combined. Without several segments in a recording,
        a recording is a row.
    segment_scores : ModelScores or None
        Scores of each segment; None if no recording has several.
    majority : MetricValues
        Scores of the most common class of the dataset, with the class frequencies as probabilities.
    chance : MetricValues
        Expected scores of a class drawn with equal probability for all classes of the model.
    home : HomeScores or None
        Scores at home; None if the model has none.
    per_class : sequence of ClassScores
        Scores of each class, by recording.
    confusion : sequence of sequence of int
        Recordings by true class (rows) and predicted class (columns).
    calibration : Calibration
        Of the probabilities, by recording.
    secondary : SecondaryLabelScores or None
        None without secondary labels.
    subgroups : sequence of SubgroupComparison
        One for each column.
    conditions : ConditionsScores or None
        How well recording conditions alone predict the label within this dataset; None without
        quality columns.
    shift : Shift or None
        Differences from the training table; None if that is not given.
    importances : ImportanceComparison or None
        None if the training table is not given.
    warnings : sequence of str
        Reasons to doubt the scores.
    class_prior : sequence of str
        Shares of the classes that the probabilities are for, as texts; empty if they are those of
        the model.
    prediction_sets : SetScores or None
        Prediction sets and abstention, by recording, with the thresholds of the model; None if it
        has none, its classes are merged, or class shares are given.
    """

    dataset: str
    model: str
    counts: RowCounts
    classes: Sequence[str]
    unit: str
    groups: int
    scores: ModelScores
    segment_scores: ModelScores | None = None
    majority: MetricValues
    chance: MetricValues
    home: HomeScores | None = None
    per_class: Sequence[ClassScores]
    confusion: Sequence[Sequence[int]]
    calibration: Calibration
    secondary: SecondaryLabelScores | None = None
    subgroups: Sequence[SubgroupComparison] = ()
    conditions: ConditionsScores | None = None
    shift: Shift | None = None
    importances: ImportanceComparison | None = None
    warnings: Sequence[str] = ()
    class_prior: Sequence[str] = ()
    prediction_sets: SetScores | None = None


@dataclass(frozen=True, kw_only=True)
class CrossEvaluation:
    """Scores of one or several models on one or several datasets.

    Attributes
    ----------
    evaluations : sequence of DatasetEvaluation
        One for each dataset and model: all models on the first dataset, then on the second.
    comparisons : sequence of ModelComparison
        Each pair of models, on each dataset.
    label_map : mapping or None
        The label map, as plain data; None without one.
    versions : mapping of str to str
        Versions of featkit and of the packages that the numbers depend on.
    """

    evaluations: Sequence[DatasetEvaluation]
    comparisons: Sequence[ModelComparison] = ()
    label_map: Mapping[str, Any] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
