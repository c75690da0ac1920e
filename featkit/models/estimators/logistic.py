"""Logistic regression: multinomial, with an L2 penalty."""

from __future__ import annotations

from typing import Any

from sklearn.linear_model import LogisticRegression

from featkit.models._linear_models import check_coefficients, linear_contributions
from featkit.models._model_validation import check_parts
from featkit.models.estimator import LOG_ODDS, Estimator, in_log_odds


def _build(seed: int) -> LogisticRegression:
    return LogisticRegression(C=0.1, class_weight="balanced", max_iter=5000, random_state=seed)


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, LogisticRegression)
    check_coefficients(model, n_columns, n_classes)


ESTIMATOR = Estimator(
    name="logistic",
    title="logistic regression",
    build=_build,
    grid={"C": (0.1, 0.01, 1.0, 10.0)},
    ranges={"C": (1e-6, 1e6)},
    check=_check,
    contributions=linear_contributions,
    scale=LOG_ODDS,
    meaning=in_log_odds,
    path="C",
    types=frozenset({"sklearn.linear_model._logistic.LogisticRegression"}),
)
