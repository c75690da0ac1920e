"""Types of ROC and precision-recall curves, one class against all others.

Rows whose probability of the class is at least a threshold are predicted to be of the class. At
each threshold, *true positives* are such rows of the class, *false positives* such rows of other
classes. Both curves follow from these counts: the true positive rate (recall) is the share of the
rows of the class, the false positive rate the share of the other rows, and the precision the share
of the predicted rows that are of the class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class AreaScore:
    """An area under a curve.

    Attributes
    ----------
    value : float
        The area, 0 to 1.
    low, high : float
        Ends of the 95 % confidence interval, by drawing groups with replacement.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """What a threshold of the probability of a class gives.

    Attributes
    ----------
    goal : str
        Why this threshold is listed, such as ``"F1"`` (the greatest), ``"recall 0.9"`` (the
        greatest threshold that reaches it) or ``"precision 0.9"`` (the smallest).
    threshold : float
        The threshold.
    precision, recall, f1, false_positive_rate : float
        Scores of all test rows at the threshold.
    predicted : int
        Rows whose probability is at least the threshold.
    """

    goal: str
    threshold: float
    precision: float
    recall: float
    f1: float
    false_positive_rate: float
    predicted: int


@dataclass(frozen=True, kw_only=True)
class Curve:
    """ROC and precision-recall curve of one class, or of all classes pooled.

    Attributes
    ----------
    name : str
        The class; ``"micro average"`` for all pairs of row and class.
    positives, negatives : int
        Rows of the class, and of other classes.
    roc_auc, average_precision : AreaScore
        Areas under the two curves, computed from all thresholds.
    thresholds : sequence of float
        Decreasing thresholds. The curve is exact at each; there are at most 200.
    true_positives, false_positives : sequence of int
        Rows of the class, and of other classes, at each threshold.
    points : sequence of OperatingPoint
        Selected thresholds.
    """

    name: str = field(metadata={"key": "class"})
    positives: int
    negatives: int
    roc_auc: AreaScore
    average_precision: AreaScore
    thresholds: Sequence[float]
    true_positives: Sequence[int]
    false_positives: Sequence[int]
    points: Sequence[OperatingPoint]

    @property
    def recall(self) -> list[float]:
        """Recall (true positive rate) at each threshold."""
        return [count / self.positives for count in self.true_positives]

    @property
    def false_positive_rate(self) -> list[float]:
        """False positive rate at each threshold."""
        return [count / self.negatives for count in self.false_positives]

    @property
    def precision(self) -> list[float]:
        """Precision at each threshold."""
        pairs = zip(self.true_positives, self.false_positives, strict=True)
        return [true / (true + false) for true, false in pairs]

    def check(self) -> None:
        """Check that the counts are those of a curve.

        Raises
        ------
        ValueError
            If they are not.
        """
        lists = [self.thresholds, self.true_positives, self.false_positives]
        if not self.thresholds or len({*map(len, lists)}) > 1:
            raise ValueError(f"the curve of {self.name!r} has lists of different length")
        for area in (self.roc_auc, self.average_precision):
            if not all(0 <= end <= 1 for end in (area.value, area.low, area.high)):
                raise ValueError(f"an area of the curve of {self.name!r} is not from 0 to 1")
        if not all(math.isfinite(threshold) for threshold in self.thresholds):
            raise ValueError(f"a threshold of the curve of {self.name!r} is not finite")
        counts = [*zip(self.true_positives, self.false_positives, strict=True)]
        limits = (self.positives, self.negatives)
        if min(limits) < 1 or counts[-1] != limits or (0, 0) in counts or min(counts[0]) < 0:
            raise ValueError(f"the counts of the curve of {self.name!r} are not those of its rows")
        if any(a > c or b > d for (a, b), (c, d) in pairwise(counts)):
            raise ValueError(f"the counts of the curve of {self.name!r} decrease")


@dataclass(frozen=True, kw_only=True)
class InnerThreshold:
    """A threshold of two classes that was chosen on inner folds, for each outer fold.

    Attributes
    ----------
    name : str
        The positive class.
    goal : str
        What the threshold maximises on the inner folds: ``"F1"``.
    thresholds : sequence of float
        The threshold of each fold, in the order of the folds.
    precision, recall, f1, accuracy, balanced_accuracy : float
        Scores of all test rows, each with the threshold of its fold.
    """

    name: str = field(metadata={"key": "class"})
    goal: str
    thresholds: Sequence[float]
    precision: float
    recall: float
    f1: float
    accuracy: float
    balanced_accuracy: float


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Curves of the kept model over all test rows, whose probabilities are pooled over folds.

    Attributes
    ----------
    classes : sequence of Curve
        One for each class; of two classes, only the positive one. Classes are left out if no test
        row has them, if all have them, or if no model could predict them
        (`featkit.models.absent_classes`).
    macro_roc_auc, macro_average_precision : AreaScore
        Means over these classes.
    micro : Curve or None
        All pairs of row and class pooled; None for two classes.
    inner_threshold : InnerThreshold or None
        The threshold that inner folds choose; None without inner folds, or if there are not two
        classes.
    """

    classes: Sequence[Curve]
    macro_roc_auc: AreaScore
    macro_average_precision: AreaScore
    micro: Curve | None = None
    inner_threshold: InnerThreshold | None = None

    def check(self, classes: Sequence[str]) -> None:
        """Check that the curves are of some classes, and their counts those of curves.

        Parameters
        ----------
        classes : sequence of str
            All classes.

        Raises
        ------
        ValueError
            If they are not.
        """
        if not self.classes or not {curve.name for curve in self.classes} <= {*classes}:
            raise ValueError("its curves belong to other classes")
        for curve in [*self.classes, *([] if self.micro is None else [self.micro])]:
            curve.check()
