"""Types of the scores of models that predict several labels for each row.

The conventions are those of `featkit.models.score_types`. A score of a label is None where it is
undefined: without a test row that has the label, or, for the area under the ROC curve, without one
that lacks it. Means over labels leave such labels out, and `MultilabelEvaluation.absent_labels`
lists them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from featkit.models.score_types import MetricScore, NormalizationSummary
from featkit.schema import LikelyGroup

RANKED_BY = "mean_average_precision"
"""The score by which models are ranked: it needs no threshold, and every label counts the same."""

METRICS = {
    "mean_average_precision": "mean over labels of the area under the precision-recall curve",
    "macro_roc_auc": "mean over labels of the area under the ROC curve",
    "micro_roc_auc": "area under the ROC curve of all pairs of row and label",
    "macro_f1": "mean over labels of the harmonic mean of precision and recall",
    "micro_f1": "harmonic mean of precision and recall over all pairs of row and label",
    "samples_f1": "mean over rows of the harmonic mean of precision and recall of their labels",
    "macro_precision": "mean over labels of the precision; 0 for a label that is never predicted",
    "micro_precision": "share of the predicted labels that is correct",
    "macro_recall": "mean over labels of the recall",
    "micro_recall": "share of the true labels that is predicted",
    "hamming_loss": "share of wrong pairs of row and label; lower is better",
    "subset_accuracy": "share of rows whose labels are all predicted, and no other",
}
"""Name and definition of each metric."""


@dataclass(frozen=True, kw_only=True)
class MultilabelScores:
    """All metrics of one model; ``scores[name]`` is the metric with that name.

    Attributes
    ----------
    mean_average_precision, macro_roc_auc, micro_roc_auc, macro_f1, micro_f1, samples_f1, \
macro_precision, micro_precision, macro_recall, micro_recall, hamming_loss, subset_accuracy : \
MetricScore
        See `METRICS`. A fold in which the score is undefined is left out of ``folds``.
    """

    mean_average_precision: MetricScore
    macro_roc_auc: MetricScore
    micro_roc_auc: MetricScore
    macro_f1: MetricScore
    micro_f1: MetricScore
    samples_f1: MetricScore
    macro_precision: MetricScore
    micro_precision: MetricScore
    macro_recall: MetricScore
    micro_recall: MetricScore
    hamming_loss: MetricScore
    subset_accuracy: MetricScore

    def __getitem__(self, metric: str) -> MetricScore:
        score: MetricScore = getattr(self, metric)
        return score


@dataclass(frozen=True, kw_only=True)
class LabelScores:
    """Scores of the kept model for one label.

    Attributes
    ----------
    name : str
        The label.
    support : int
        Test rows that have it.
    predicted : int
        Test rows for which it was predicted.
    missed : int
        Test rows that have it, and for which it was not predicted.
    added : int
        Test rows that lack it, and for which it was predicted.
    average_precision : float or None
        Area under the precision-recall curve; None without a row that has the label.
    roc_auc : float or None
        None also without a row that lacks the label.
    precision : float or None
        None if the label was never predicted.
    recall, f1 : float or None
        None without a row that has the label.
    threshold : float
        Threshold of the final model. Each fold has its own.
    """

    name: str = field(metadata={"key": "label"})
    support: int
    predicted: int
    missed: int
    added: int
    average_precision: float | None
    roc_auc: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    threshold: float


@dataclass(frozen=True, kw_only=True)
class PrecisionDifference:
    """Difference of two mean average precisions.

    Attributes
    ----------
    value : float
        The second minus the first.
    low, high : float
        Ends of its 95 % confidence interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class LabelRowSplit:
    """Comparison of the split that was used with a row-wise split, which divides groups.

    Attributes
    ----------
    candidate : str
        The estimator and parameters that were scored by both splits.
    grouped, row_wise : float
        Mean average precision by the split that was used, and by the row-wise split.
    difference : PrecisionDifference
        How much higher that of the row-wise split is.
    """

    candidate: str
    grouped: float
    row_wise: float
    difference: PrecisionDifference


@dataclass(frozen=True, kw_only=True)
class MultilabelEvaluation:
    """Scores of all models that were compared, and details of the one that is kept.

    Attributes
    ----------
    protocol, unit, rows, groups, columns, scored_rows, datasets, model, chosen, warnings, \
likely_groups
        As in `featkit.models.score_types.Evaluation`.
    target : str
        Column of the labels.
    labels : sequence of str
        In alphabetical order.
    labels_per_row : float
        Mean number of labels of the test rows.
    models : mapping of str to MultilabelScores
        Scores of each model.
    per_label : sequence of LabelScores
        Scores of the kept model for each label.
    co_occurrence : sequence of sequence of int
        Test rows with both labels of each pair: a row and a column for each label, the number of
        rows with the label itself in the diagonal.
    absent_labels : mapping of str to int
        For each fold, the number of labels that no test row has; only folds with such labels.
    recordings : MultilabelScores or None
        Scores of the kept model when the segments of a recording are combined; None if no recording
        has several.
    normalization : NormalizationSummary or None
        Normalisation within groups; None without it.
    by_row : LabelRowSplit or None
        Comparison with a row-wise split; None if there is nothing to divide.
    """

    protocol: str
    unit: str
    rows: int
    groups: int
    columns: int
    scored_rows: int
    target: str
    labels: Sequence[str]
    labels_per_row: float
    model: str
    models: Mapping[str, MultilabelScores]
    per_label: Sequence[LabelScores]
    co_occurrence: Sequence[Sequence[int]]
    absent_labels: Mapping[str, int]
    recordings: MultilabelScores | None = None
    chosen: Mapping[str, str]
    by_row: LabelRowSplit | None = None
    normalization: NormalizationSummary | None = None
    datasets: Mapping[str, int] = field(default_factory=dict)
    likely_groups: Sequence[LikelyGroup] = ()
    warnings: Sequence[str]

    @property
    def kept(self) -> MultilabelScores:
        """Scores of the kept model."""
        return self.models[self.model]

    @property
    def classes(self) -> Sequence[str]:
        """The labels, one for each output of the model."""
        return self.labels

    @property
    def ranking(self) -> list[tuple[str, MultilabelScores]]:
        """Name and scores of each model, the best first."""
        return sorted(self.models.items(), key=lambda item: -item[1][RANKED_BY].value)

    def check(self) -> None:
        """Check that all parts are about the same labels and the same model.

        Raises
        ------
        ValueError
            If they are not.
        """
        if self.model not in self.models:
            raise ValueError("its scores belong to another model")
        sizes = {len(self.co_occurrence), *map(len, self.co_occurrence)}
        names = [own.name for own in self.per_label]
        if names != list(self.labels) or sizes != {len(self.labels)}:
            raise ValueError("its scores belong to other labels")
