"""Logistic regression by stochastic gradient descent, one class against the others.

For tables that are too long for `logistic`. The weights are averaged over the steps.

References
----------
Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim.
30(4), 1992.
"""

from __future__ import annotations

from typing import Any

from sklearn.linear_model import SGDClassifier

from featkit.models._linear_models import check_coefficients, linear_contributions
from featkit.models._model_validation import check_parts
from featkit.models.estimator import LOG_ODDS, Estimator, in_one_vs_rest_log_odds


class Sgd(SGDClassifier):  # type: ignore[misc]
    """scikit-learn's classifier, stored without its loss function.

    A fitted model does not need the loss, whose type has different names in other versions.
    """

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_loss_function_"}


def _build(seed: int) -> Sgd:
    return Sgd(
        loss="log_loss", alpha=1e-2, average=True, class_weight="balanced", random_state=seed
    )


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, Sgd)
    if model.loss != "log_loss":
        raise ValueError("the model was fitted with another loss than the logarithmic loss")
    check_coefficients(model, n_columns, n_classes)


ESTIMATOR = Estimator(
    name="sgd",
    title="logistic regression by stochastic gradient descent",
    build=_build,
    grid={"alpha": (1e-2, 1e-3, 1e-1)},
    ranges={"alpha": (1e-8, 1e3)},
    check=_check,
    contributions=linear_contributions,
    scale=LOG_ODDS,
    meaning=in_one_vs_rest_log_odds,
    types=frozenset({f"{__name__}.Sgd"}),
)
