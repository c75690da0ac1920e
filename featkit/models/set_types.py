"""Types of the scores of prediction sets and of abstention, as measured on test rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean over rows with its interval.

    Attributes
    ----------
    value : float
        The mean.
    low, high : float
        Ends of the 95 % confidence interval, by drawing groups with replacement.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class ClassCoverage:
    """Prediction sets of the rows of one class.

    Attributes
    ----------
    name : str
        The class.
    rows : int
        Test rows of the class.
    coverage : float or None
        Share of them whose set contains the class; None without rows.
    size : float or None
        Mean number of classes in their sets; None without rows.
    """

    name: str = field(metadata={"key": "class"})
    rows: int
    coverage: float | None
    size: float | None


@dataclass(frozen=True, kw_only=True)
class CoverageScores:
    """Prediction sets at one nominal coverage.

    Attributes
    ----------
    nominal : float
        The coverage that was asked for.
    coverage : Estimate
        Share of the rows whose set contains the true class.
    group_mean : float
        Mean over groups of the coverage in each group.
    group_std : float or None
        Standard deviation of these coverages (ddof 1); None if no group has two rows, or there is
        one group.
    size : Estimate
        Mean number of classes in a set.
    answered : Estimate
        Share of the rows whose set has exactly one class. All other rows abstain.
    accuracy : Estimate or None
        Share of the answered rows whose class is correct; None if no row is answered.
    empty : float
        Share of the rows whose set has no class.
    full : float
        Share of the rows whose set has all classes.
    classes : sequence of ClassCoverage
        One for each class.
    """

    nominal: float
    coverage: Estimate
    group_mean: float
    group_std: float | None
    size: Estimate
    answered: Estimate
    accuracy: Estimate | None
    empty: float
    full: float
    classes: Sequence[ClassCoverage]


@dataclass(frozen=True, kw_only=True)
class AnswerScores:
    """Abstention below a probability that was fitted for a wanted accuracy.

    Attributes
    ----------
    wanted : float
        The accuracy that was asked for.
    answered : Estimate
        Share of the rows that are answered.
    accuracy : Estimate or None
        Share of the answered rows whose class is correct; None if no row is answered.
    unreachable : int
        Folds in which no probability reached the wanted accuracy; their rows are not answered.
    """

    wanted: float
    answered: Estimate
    accuracy: Estimate | None
    unreachable: int


@dataclass(frozen=True, kw_only=True)
class RiskPoint:
    """A point of the risk-coverage curve: the most confident rows are answered.

    Attributes
    ----------
    answered : float
        Share of the rows that are answered.
    probability : float
        Least probability of a predicted class that is answered.
    accuracy : float
        Share of the answered rows whose class is correct.
    """

    answered: float
    probability: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class SetScores:
    """Prediction sets and abstention of the kept model on its test rows.

    The thresholds of each outer fold are fitted on its inner folds, so that no test row takes part.

    Attributes
    ----------
    rows, groups : int
        Scored rows or recordings, and groups among them.
    coverages : sequence of CoverageScores
        Sets at several nominal coverages.
    answers : sequence of AnswerScores
        Abstention for several wanted accuracies.
    curve : sequence of RiskPoint
        Accuracy by the share of answered rows.
    """

    rows: int
    groups: int
    coverages: Sequence[CoverageScores]
    answers: Sequence[AnswerScores]
    curve: Sequence[RiskPoint]
