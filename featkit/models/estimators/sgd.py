"""Logistic regression by stochastic gradient descent, one class against the others.

For tables that are too long for `logistic`. The weights are averaged over the steps.

Rows that do not fit in memory are divided at random into parts on disk, each of which does. An
epoch takes the parts in random order, and the rows of a part in random order. The first epoch thus
sees all rows in an order of which each is equally probable, however the table is sorted.

References
----------
Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim.
30(4), 1992.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.utils.class_weight import compute_class_weight

from featkit._utils.typing import Array
from featkit.models._linear_models import (
    both_classes,
    check_coefficients,
    linear_contributions,
    scores_to_onnx,
)
from featkit.models._model_validation import check_parts
from featkit.models.estimator import LOG_ODDS, Estimator, in_one_vs_rest_log_odds

if TYPE_CHECKING:
    from pathlib import Path

    from featkit.models.onnx_export.tensor import Tensor
    from featkit.models.out_of_core.block_fitting import TrainingBlocks

TOLERANCE = 1e-4
"""Smallest decrease of the mean loss that counts as an improvement of the averaged weights.

scikit-learn counts 1e-3 of the weights of single steps, whose loss varies more between epochs.
"""

MEANS_PER_EPOCH = 50
MIN_STEPS, MAX_STEPS = 256, 4096
"""If rows do not fit in memory, the weights enter their mean after so many steps: some 50 times in
an epoch. The mean over all steps takes five times as long and gives no better model."""


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


def _fit_blocks(model: Sgd, rows: TrainingBlocks) -> None:
    """Fit by epochs until no class improves, as scikit-learn does for rows in memory."""
    settings = model.get_params()
    classes, codes = np.unique(rows.y, return_inverse=True)
    weights = compute_class_weight("balanced", classes=classes, y=rows.y)
    # In scikit-learn, averages of several calls of partial_fit have wrong intercepts.
    model.set_params(
        average=False, shuffle=False, class_weight=dict(zip(classes, weights, strict=True))
    )
    rng = np.random.default_rng(settings["random_state"])
    parts = _random_parts(rows, codes, rng)
    n_problems = len(classes) if len(classes) > 2 else 1
    best, stalled = np.full(n_problems, np.inf), np.zeros(n_problems)
    mean, n_epochs = _Mean(), 0
    steps = int(np.clip(len(rows) // MEANS_PER_EPOCH, MIN_STEPS, MAX_STEPS))
    while n_epochs < settings["max_iter"] and (stalled < settings["n_iter_no_change"]).any():
        n_epochs += 1
        total = np.zeros(n_problems)
        for place in rng.permutation(len(parts)):
            Z, y = _read_part(*parts[place])
            order = rng.permutation(len(y))
            Z, y = Z[order], y[order]
            total += mean.losses(Z, y, n_problems)
            for start in range(0, len(y), steps):
                own = slice(start, start + steps)
                model.partial_fit(Z[own], classes[y[own]], classes=classes)
                mean.add(np.hstack([model.coef_, model.intercept_[:, None]]), len(y[own]))
        losses = total / len(rows)
        stalled = np.where(losses > best - TOLERANCE, stalled + 1, 0)
        best = np.minimum(best, losses)
    if n_epochs == settings["max_iter"]:
        warnings.warn("no convergence", ConvergenceWarning, stacklevel=1)
    model.coef_, model.intercept_ = mean.weights[:, :-1].copy(), mean.weights[:, -1].copy()
    model.n_iter_ = n_epochs
    model.set_params(**settings)


class _Mean:
    """The mean over all steps of the weights of each class, with the intercept as last column."""

    def __init__(self) -> None:
        self.weights: Array = np.zeros((1, 1))
        self._steps = 0

    def add(self, weights: Array, steps: int) -> None:
        """Add the weights after some steps, which stand for all of them."""
        self._steps += steps
        self.weights = self.weights + (weights - self.weights) * (steps / self._steps)

    def losses(self, Z: Array, y: Array, n_problems: int) -> Array:
        """Sum over rows of the loss of each class against the others, before they are learned."""
        positive = y[:, None] == (np.arange(n_problems) if n_problems > 1 else [1])
        decisions = np.zeros(positive.shape)
        if self._steps:
            decisions = Z @ self.weights[:, :-1].T + self.weights[:, -1]
        losses: Array = np.logaddexp(0, np.where(positive, -decisions, decisions)).sum(axis=0)
        return losses


def _random_parts(
    rows: TrainingBlocks, codes: Array, rng: np.random.Generator
) -> list[tuple[Path, Path]]:
    """Files with features and classes of random parts of the rows, each as large as a block."""
    parts: list[tuple[Path, Path]] = []
    start = 0
    for Z, y in rows:
        if not parts:
            count = -(-len(rows) // rows.rows_at_once(Z.shape[1]))
            names = [rows.folder / f"part-{k}" for k in range(count)]
            parts = [(name.with_suffix(".f8"), name.with_suffix(".i8")) for name in names]
        drawn = rng.integers(len(parts), size=len(y))
        own = codes[start : start + len(y)].astype(np.int64)
        for k, (features, targets) in enumerate(parts):
            with features.open("ab") as file:
                file.write(Z[drawn == k].tobytes())
            with targets.open("ab") as file:
                file.write(own[drawn == k].tobytes())
        start += len(y)
    return [part for part in parts if part[1].stat().st_size]


def _read_part(features: Path, targets: Path) -> tuple[Array, Array]:
    y = np.fromfile(targets, dtype=np.int64)
    return np.fromfile(features).reshape(len(y), -1), y


def _check(model: Any, n_columns: int, n_classes: int) -> None:
    check_parts(model, Sgd)
    if model.loss != "log_loss":
        raise ValueError("the model was fitted with another loss than the logarithmic loss")
    check_coefficients(model, n_columns, n_classes)


def _to_onnx(model: Any, Z: Tensor) -> Tensor:
    """Probabilities of each class against the others, scaled to a sum of 1; equal if all are 0."""
    P = scores_to_onnx(model, Z).sigmoid()
    if len(model.classes_) == 2:
        return both_classes(P)
    return P.normalized().where(~(P.sum() > 0.0), 1 / len(model.classes_))


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
    fit_blocks=_fit_blocks,
    to_onnx=_to_onnx,
)
