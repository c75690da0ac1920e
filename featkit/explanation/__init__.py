"""Which features decided: SHAP values of every estimator, and what follows from them."""

from __future__ import annotations

from featkit.explanation._computation import explain
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import (
    contributions,
    correlated,
    direction,
    grid,
    importance,
    importance_by_fold,
)

__all__ = [
    "Explanation",
    "contributions",
    "correlated",
    "direction",
    "explain",
    "grid",
    "importance",
    "importance_by_fold",
]
