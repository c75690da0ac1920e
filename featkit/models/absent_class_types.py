"""Types of the classes that folds lack; `featkit.models.absent_classes` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FoldClasses:
    """Test rows of one fold, and the classes that its two parts lack.

    Attributes
    ----------
    fold : str
        Name of the fold.
    rows : int
        Its test rows.
    not_in_training : sequence of str
        Classes of test rows that no training row has.
    unpredictable_rows : int
        Test rows of these classes.
    not_in_test : sequence of str
        Classes that no test row has: scores of the fold are of the others.
    """

    fold: str
    rows: int
    not_in_training: Sequence[str]
    unpredictable_rows: int
    not_in_test: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class UnpredictableRows:
    """Test rows whose class no training row of their fold has, over all folds.

    Attributes
    ----------
    classes : sequence of str
        Their classes.
    rows : int
        Their number. Accuracy counts them as errors; the log loss leaves them out.
    balanced_accuracy, macro_f1 : float
        Scores of the kept model with 0 for these classes. The scores elsewhere leave them out.
    """

    classes: Sequence[str]
    rows: int
    balanced_accuracy: float
    macro_f1: float
