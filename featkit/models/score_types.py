"""Types of the scores: everything that is known about how well a model predicts.

An `Evaluation` is made by `featkit.train`, stored in model files and by ``featkit train --scores``,
and read by the report, the plots and the command line. Shares, probabilities and scores are from 0
to 1, except the log loss and the Brier score. `featkit.models.serialization` converts to plain
data; the keys there are those of the fields unless a field names another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from featkit.models.absent_class_types import FoldClasses, UnpredictableRows
from featkit.models.costs import CostScores
from featkit.models.curve_types import Curves
from featkit.models.leaderboard_types import LearningCurve, ModelDifference
from featkit.models.set_types import SetScores
from featkit.schema import LikelyGroup

RANKED_BY = "balanced_accuracy"
"""The score by which models are ranked: every class counts the same, common or rare."""


@dataclass(frozen=True, kw_only=True)
class MetricScore:
    """One metric of one model.

    Attributes
    ----------
    value : float
        The score over all test rows.
    std : float or None
        Standard deviation over folds (ddof 1); None if there is one fold.
    low, high : float
        Ends of the 95 % confidence interval.
    folds : mapping of str to float
        The score in each fold; without folds that have no row to score.
    """

    value: float
    std: float | None
    low: float
    high: float
    folds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ModelScores:
    """All metrics of one model; ``scores[name]`` is the metric with that name.

    Attributes
    ----------
    accuracy, balanced_accuracy, macro_f1, log_loss : MetricScore
        See `METRICS`.
    """

    accuracy: MetricScore
    balanced_accuracy: MetricScore
    macro_f1: MetricScore
    log_loss: MetricScore

    def __getitem__(self, metric: str) -> MetricScore:
        score: MetricScore = getattr(self, metric)
        return score


@dataclass(frozen=True, kw_only=True)
class MetricValues:
    """Values of all metrics, without intervals; ``values[name]`` is the one with that name.

    Attributes
    ----------
    accuracy, balanced_accuracy, macro_f1, log_loss : float
        See `METRICS`.
    """

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    log_loss: float

    def __getitem__(self, metric: str) -> float:
        value: float = getattr(self, metric)
        return value


METRICS = {
    "accuracy": "share of rows that are classified correctly",
    "balanced_accuracy": "mean over classes of the recall",
    "macro_f1": "mean over classes of the harmonic mean of precision and recall",
    "log_loss": "mean of -log of the probability of the true class; lower is better",
}
"""Name and definition of each metric."""


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Scores of the kept model for one class.

    Attributes
    ----------
    name : str
        The class.
    precision : float or None
        None if the class was never predicted.
    recall, f1 : float or None
        None if no row is of the class, or no model could predict one; see
        `featkit.models.absent_classes`.
    support : int
        Rows of the class.
    predicted : int
        Rows for which it was predicted.
    """

    name: str = field(metadata={"key": "class"})
    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Predictions whose probability is in one bin.

    Attributes
    ----------
    low, high : float
        Edges of the bin.
    rows : int
        Predictions in it.
    confidence : float
        Their mean probability.
    accuracy : float
        Share of them that is correct.
    """

    low: float = field(metadata={"key": "from"})
    high: float = field(metadata={"key": "to"})
    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class ClassCalibration:
    """Calibration of the probability of one class.

    Attributes
    ----------
    name : str
        The class.
    probability : float
        Its mean probability.
    share : float
        Share of the rows that belong to the class.
    expected_error : float
        Expected calibration error of its probability over all rows.
    brier : float
        Its part of the Brier score.
    """

    name: str = field(metadata={"key": "class"})
    probability: float
    share: float
    expected_error: float
    brier: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Agreement between probabilities and observed frequencies.

    Attributes
    ----------
    brier : float
        Mean over rows of the squared distance between the probabilities and the truth, summed over
        classes, from 0 to 2 [1]_.
    expected_error : float
        Mean distance between the probability of the predicted class and the share of correct
        predictions, over bins of probability, weighted by rows [2]_.
    reliability : sequence of ReliabilityBin
        Those bins; empty bins are left out.
    classes : sequence of ClassCalibration
        One for each class.
    classwise_error : float
        Mean of the expected errors of the classes [3]_.

    References
    ----------
    .. [1] G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly
       Weather Review 78, 1950.
    .. [2] M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining well calibrated probabilities using
       Bayesian binning", AAAI 2015.
    .. [3] M. Kull et al., "Beyond temperature scaling", NeurIPS 2019.
    """

    brier: float
    expected_error: float
    reliability: Sequence[ReliabilityBin]
    classes: Sequence[ClassCalibration]
    classwise_error: float


@dataclass(frozen=True, kw_only=True)
class UncalibratedScores:
    """Scores of the kept model before its probabilities are calibrated.

    Attributes
    ----------
    metrics : MetricValues
        Scores of the test rows.
    calibration : Calibration
        Of their probabilities.
    recordings : MetricValues or None
        Scores when the segments of a recording are combined; None if no recording has several.
    recording_calibration : Calibration or None
        Of the probabilities of these recordings.
    """

    metrics: MetricValues
    calibration: Calibration
    recordings: MetricValues | None = None
    recording_calibration: Calibration | None = None


@dataclass(frozen=True, kw_only=True)
class AccuracyDifference:
    """Difference of two accuracies.

    Attributes
    ----------
    value : float
        The second minus the first.
    low, high : float
        Ends of its 95 % confidence interval.
    """

    value: float = field(metadata={"key": "accuracy"})
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class RowSplit:
    """Comparison of the split that was used with a row-wise split, which divides groups.

    Attributes
    ----------
    candidate : str
        The estimator and parameters that were scored by both splits.
    grouped : MetricValues
        Its scores by the split that was used.
    row_wise : MetricValues
        Its scores by the row-wise split.
    difference : AccuracyDifference
        How much higher the accuracy of the row-wise split is.
    """

    candidate: str
    grouped: MetricValues = field(metadata={"key": "honest"})
    row_wise: MetricValues = field(metadata={"key": "scores"})
    difference: AccuracyDifference


@dataclass(frozen=True, kw_only=True)
class GroupSplit:
    """Comparison of the split that was used with a split by a detected group.

    Attributes
    ----------
    group : str
        The group, as in `featkit.schema.LikelyGroup`.
    unit : str
        Name of one group, such as ``"patient"``.
    groups : int
        Number of groups.
    protocol : str
        The split by the group.
    candidate : str
        The estimator and parameters that were scored by both splits.
    used : MetricValues
        Its scores by the split that was used.
    grouped : MetricValues
        Its scores by the split by the group.
    difference : AccuracyDifference
        The accuracy of the split by the group minus that of the split that was used.
    majority_share : float
        Share of the commonest class: the accuracy of a model that always predicts it.
    """

    group: str
    unit: str
    groups: int
    protocol: str
    candidate: str
    used: MetricValues = field(metadata={"key": "own"})
    grouped: MetricValues = field(metadata={"key": "scores"})
    difference: AccuracyDifference
    majority_share: float = field(metadata={"key": "commonest"})


@dataclass(frozen=True, kw_only=True)
class ConditionsScores:
    """Prediction of the label from recording conditions alone, such as native rate and level.

    The split is the one that scores the models. If recording conditions predict the label clearly
    better than chance, a model may recognise them instead of the content.

    Attributes
    ----------
    candidate : str
        The estimator and parameters that were used in each fold.
    protocol : str
        The split.
    columns : mapping of str to float
        The recording conditions, the most important first, with their share of the contributions.
    rows : int
        Test rows.
    accuracy, balanced_accuracy : MetricScore
        Scores of the test rows.
    chance : float
        Balanced accuracy by chance: 1 divided by the number of classes.
    majority : float
        Accuracy of always predicting the most common class.
    give_label_away : bool
        Whether the balanced accuracy is clearly above chance.
    """

    candidate: str
    protocol: str
    columns: Mapping[str, float]
    rows: int
    accuracy: MetricScore
    balanced_accuracy: MetricScore
    chance: float
    majority: float
    give_label_away: bool


@dataclass(frozen=True, kw_only=True)
class NormalizationSummary:
    """How columns were normalised within groups; see `featkit.models.group_normalization`.

    Attributes
    ----------
    by : str
        Column or name stem of the groups.
    method : str
        ``"standard"`` or ``"robust"``.
    min_rows : int
        Fewest values of a column for which a group has statistics of its own.
    groups, small_groups : int
        Number of groups in the table, and of those with fewer rows.
    note : str
        What this means for the scores and for predictions, in one sentence.
    """

    by: str
    method: str
    min_rows: int
    groups: int
    small_groups: int
    note: str


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Scores of all models that were compared, and details of the one that is kept.

    Attributes
    ----------
    likely_groups : sequence of LikelyGroup
        Columns and stems that may identify groups, if no group was named.
    by_group : GroupSplit or None
        Scores with the first of them as group.
    protocol : str
        The split, such as ``"5 folds by recording"``.
    unit : str
        The unit that it never divides: ``"row"``, ``"recording"`` or the name of a group.
    rows, groups, columns : int
        Size of the table: rows, groups in them and feature columns.
    scored_rows : int
        Test rows: those that the scores are computed from.
    datasets : mapping of str to int
        Rows of each dataset; empty unless several were joined.
    classes : sequence of str
        In alphabetical order.
    model : str
        Name of the kept model, one of the keys of `models`.
    models : mapping of str to ModelScores
        Scores of each model.
    per_class : sequence of ClassScores
        Scores of the kept model for each class.
    confusion : sequence of sequence of int
        Its confusion matrix: a row for each true class, a column for each predicted class.
    calibration : Calibration
        Of its probabilities.
    recordings : ModelScores or None
        Its scores when the segments of a recording are combined; None if no recording has several.
    recording_confusion : sequence of sequence of int or None
        The confusion matrix of these recordings; None like `recordings`, and in models of earlier
        versions.
    recording_calibration : Calibration or None
        Of the probabilities of these recordings; None like `recording_confusion`.
    chosen : mapping of str to str
        The estimator and parameters that were used in each fold; empty if nothing was trained.
    by_row : RowSplit or None
        Comparison with a row-wise split; None if there is nothing to divide.
    conditions : ConditionsScores or None
        Prediction from recording conditions alone; None without quality columns.
    warnings : sequence of str
        Reasons to doubt the scores.
    normalization : NormalizationSummary or None
        Normalisation within groups; None without it.
    uncalibrated : UncalibratedScores or None
        Scores before calibration; all others are those of calibrated probabilities. None without
        calibration.
    calibrations : mapping of str to str
        Method of calibration in each fold; ``"none"`` where ``auto`` selected none. Empty without
        calibration.
    prediction_sets : SetScores or None
        Prediction sets and abstention of the kept model; None without inner folds.
    recording_prediction_sets : SetScores or None
        The same for recordings; None like `recordings`.
    leave_one_group_out : bool
        Whether each fold leaves out one group, and has its name.
    fold_classes : sequence of FoldClasses
        Test rows of each fold, and the classes that it lacks; empty in models of earlier versions.
    unpredictable : UnpredictableRows or None
        Test rows whose class no training row of their fold has; None if there are none.
    curves : Curves or None
        ROC and precision-recall curves of the kept model; None in models of earlier versions.
    costs : CostScores or None
        Costs of its decisions; None without a cost matrix.
    differences : sequence of ModelDifference or None
        The kept model beside each other one; None unless several models were named.
    learning_curves : sequence of LearningCurve or None
        Of networks in each outer fold; None without networks.
    """

    likely_groups: Sequence[LikelyGroup] = ()
    by_group: GroupSplit | None = None
    protocol: str
    unit: str
    rows: int
    groups: int
    columns: int
    scored_rows: int = field(metadata={"key": "judged"})
    datasets: Mapping[str, int] = field(default_factory=dict)
    classes: Sequence[str]
    model: str
    models: Mapping[str, ModelScores]
    per_class: Sequence[ClassScores]
    confusion: Sequence[Sequence[int]]
    calibration: Calibration
    recordings: ModelScores | None = None
    recording_confusion: Sequence[Sequence[int]] | None = None
    recording_calibration: Calibration | None = None
    chosen: Mapping[str, str]
    by_row: RowSplit | None = None
    conditions: ConditionsScores | None = None
    warnings: Sequence[str]
    normalization: NormalizationSummary | None = None
    uncalibrated: UncalibratedScores | None = None
    calibrations: Mapping[str, str] = field(default_factory=dict)
    prediction_sets: SetScores | None = None
    recording_prediction_sets: SetScores | None = None
    leave_one_group_out: bool = False
    fold_classes: Sequence[FoldClasses] = ()
    unpredictable: UnpredictableRows | None = None
    curves: Curves | None = None
    costs: CostScores | None = None
    differences: Sequence[ModelDifference] | None = field(default=None, metadata={"optional": True})
    learning_curves: Sequence[LearningCurve] | None = field(
        default=None, metadata={"optional": True}
    )

    @property
    def kept(self) -> ModelScores:
        """Scores of the kept model."""
        return self.models[self.model]

    @property
    def dataset_scores(self) -> dict[str, MetricValues]:
        """Scores of the kept model for each dataset, if each was left out once; else empty."""
        folds = [self.kept[metric].folds.keys() for metric in METRICS]
        if not self.datasets or any(names != self.datasets.keys() for names in folds):
            return {}
        return {
            name: MetricValues(**{metric: self.kept[metric].folds[name] for metric in METRICS})
            for name in self.datasets
        }

    @property
    def fold_scores(self) -> dict[str, dict[str, float | None]]:
        """Scores of the kept model in each fold; None where a fold has no row to score."""
        return {
            own.fold: {metric: self.kept[metric].folds.get(own.fold) for metric in METRICS}
            for own in self.fold_classes
        }

    @property
    def ranking(self) -> list[tuple[str, ModelScores]]:
        """Name and scores of each model, the best first."""
        return sorted(self.models.items(), key=lambda item: -item[1][RANKED_BY].value)

    def check(self) -> None:
        """Check that all parts are about the same classes and the same model.

        Raises
        ------
        ValueError
            If they are not.
        """
        if self.model not in self.models:
            raise ValueError("its scores belong to another model")
        class_lists = [
            [own.name for own in self.per_class],
            [own.name for own in self.calibration.classes],
        ]
        sizes = {len(self.confusion), *map(len, self.confusion)}
        if any(names != list(self.classes) for names in class_lists) or sizes != {
            len(self.classes)
        }:
            raise ValueError("its scores belong to other classes")
        absent = [*(self.unpredictable.classes if self.unpredictable else ())]
        for own in self.fold_classes:
            absent += [*own.not_in_training, *own.not_in_test]
            if not 0 <= own.unpredictable_rows <= own.rows <= self.scored_rows:
                raise ValueError("its folds have more rows than the table")
        if not {*absent} <= {*self.classes}:
            raise ValueError("the classes that its folds lack are other classes")
        if self.curves is not None:
            self.curves.check(self.classes)
        if self.costs is not None:
            self.costs.matrix.of(self.classes)
        for difference in self.differences or ():
            if difference.model not in self.models:
                raise ValueError("its differences are of other models")
        for curve in self.learning_curves or ():
            curve.check()
