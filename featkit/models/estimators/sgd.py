"""Logistic regression by stochastic gradient descent: one class against the others.

For tables too long for `logistic`; the weights are averaged over the steps (Polyak and Juditsky,
SIAM J. Control Optim. 30(4), 1992).
"""

from __future__ import annotations

from typing import Any

from sklearn.linear_model import SGDClassifier

from featkit.models._model_validation import check_parts
from featkit.models.estimator import LOG_ODDS, Estimator, in_log_odds_of_each
from featkit.models.estimators.logistic import check_coefficients, contributions


class Sgd(SGDClassifier):  # type: ignore[misc]
    """scikit-learn's, written without its loss.

    A fitted one needs it no more, and its type is called otherwise in other versions.
    """

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_loss_function_"}


def build(seed: int) -> Sgd:
    return Sgd(
        loss="log_loss", alpha=1e-2, average=True, class_weight="balanced", random_state=seed
    )


def check(model: Any, columns: int, classes: int) -> None:
    """Refuse coefficients that do not fit the columns and classes."""
    check_parts(model, Sgd)
    if model.loss != "log_loss":
        raise ValueError("it was fitted with another loss than the logarithmic")
    check_coefficients(model, columns, classes)


ESTIMATOR = Estimator(
    name="sgd",
    title="logistic regression by stochastic gradient descent",
    build=build,
    grid={"alpha": (1e-2, 1e-3, 1e-1)},
    check=check,
    contributions=contributions,
    scale=LOG_ODDS,
    meaning=in_log_odds_of_each,
    types=frozenset({f"{__name__}.Sgd"}),
)
