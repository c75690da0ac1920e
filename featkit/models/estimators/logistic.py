"""Logistic regression: multinomial, with an L2 penalty."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from featkit._utils.typing import Array
from featkit.models._model_validation import check_parts, is_array
from featkit.models.estimator import LOG_ODDS, Contributions, Estimator, in_log_odds


def contributions(model: Any, Z: Array) -> Contributions:
    """Coefficient times distance from the mean, which `StandardScaler` has put at 0: in log odds.

    Of two classes there is one score, for the second; for the first it is the opposite.
    """
    values = Z[:, :, None] * model.coef_.T
    base, output = model.intercept_, Z @ model.coef_.T + model.intercept_
    if len(model.classes_) == 2:
        values, base, output = (np.concatenate([-x, x], axis=-1) for x in (values, base, output))
    return Contributions(values, base, output)


def build(seed: int) -> LogisticRegression:
    return LogisticRegression(C=0.1, class_weight="balanced", max_iter=5000, random_state=seed)


def check(model: Any, columns: int, classes: int) -> None:
    """Refuse coefficients that do not fit the columns and classes."""
    check_parts(model, LogisticRegression)
    check_coefficients(model, columns, classes)


def check_coefficients(model: Any, columns: int, classes: int) -> None:
    """Refuse a linear model with coefficients of another shape."""
    rows = 1 if classes == 2 else classes
    if not is_array(model.coef_, rows, columns, kinds="f"):
        raise ValueError("coefficients of another shape than columns and classes")
    if not is_array(model.intercept_, rows, kinds="f"):
        raise ValueError("intercepts of another shape than the classes")


ESTIMATOR = Estimator(
    name="logistic",
    title="logistic regression",
    build=build,
    grid={"C": (0.1, 0.01, 1.0, 10.0)},
    check=check,
    contributions=contributions,
    scale=LOG_ODDS,
    meaning=in_log_odds,
    types=frozenset({"sklearn.linear_model._logistic.LogisticRegression"}),
)
