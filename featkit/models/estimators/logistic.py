"""Logistic regression: multinomial, with an L2 penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.linear_model import LogisticRegression

from featkit.models._linear_models import (
    both_classes,
    check_coefficients,
    linear_contributions,
    scores_to_onnx,
)
from featkit.models._model_validation import check_parts
from featkit.models.estimator import LOG_ODDS, Estimator, in_log_odds

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor


def _build(seed: int) -> LogisticRegression:
    return LogisticRegression(C=0.1, class_weight="balanced", max_iter=5000, random_state=seed)


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, LogisticRegression)
    check_coefficients(model, n_columns, n_classes)


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    scores = scores_to_onnx(model, Z)
    return both_classes(scores.sigmoid()) if len(model.classes_) == 2 else scores.softmax()


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
    to_onnx=_to_onnx,
)
