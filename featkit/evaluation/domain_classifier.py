"""A classifier that separates training rows from rows of another dataset.

Boosted trees [1]_ are trained and tested on folds of whole groups. Each class has the same share on
both sides, and both sides have the same weight, so that the area under the ROC curve (AUC) of two
datasets that differ only in their class frequencies is 0.5. Groups of the same name on both sides
are in the same fold, because a copy of a test row among the training rows would be of the other
side. The interval of the AUC comes from drawing the groups of the test rows; it does not include
that other training rows would give other trees, so that it is somewhat too narrow near 0.5.

References
----------
.. [1] T. Chen, C. Guestrin, "XGBoost: A scalable tree boosting system", KDD 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.evaluation._distances import DIGITS
from featkit.evaluation._pooled_rows import PooledRows, drawn_weights, observed_weights
from featkit.evaluation.result import ColumnShare, DomainClassifier, ValueInterval
from featkit.explanation.column_clusters import ranked
from featkit.models.bootstrap import INTERVAL, exact_lower_end
from featkit.models.estimator import Candidate
from featkit.models.splits import GroupFolds, min_groups_per_class

FOLDS = 5
"""Folds, and fewest groups of each side."""

TREES = 100

SETTINGS = {
    "objective": "binary:logistic",
    "base_score": 0.5,
    "tree_method": "hist",
    "learning_rate": 0.1,
    "max_depth": 3,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "max_bin": 32,
    "nthread": 1,
}
"""As for the estimator ``xgboost``, with one tree for both sides."""

TOP = 20
"""Most columns that are listed."""

DRAWS, DRAWS_AT_ONCE = 500, 50
"""Draws of the bootstrap of the AUC, and those in one array."""


class _TestRows(NamedTuple):
    """Predictions by the model of the fold, ``(rows,)``, and contributions, ``(rows, columns)``."""

    score: Array
    contributions: Array


def domain_classifier(
    X: Array, names: Sequence[str], pooled: PooledRows, *, unit: str, seed: int
) -> DomainClassifier | None:
    """Train and test a classifier of the side of each row.

    Parameters
    ----------
    X : array of float64, shape ``(rows, columns)``
        Values of the pooled rows; NaN where undefined.
    names : sequence of str
        Names of the columns. The contributions of columns with the same name are added up.
    pooled : PooledRows
        Sides, classes and groups of the rows.
    unit : str
        Name of one group.
    seed : int
        Seed of the folds, the trees and the bootstrap.

    Returns
    -------
    DomainClassifier or None
        None without columns, or with fewer than `FOLDS` groups on one side.
    """
    if not names or min_groups_per_class(pooled.here, pooled.names) < FOLDS:
        return None
    weights = np.abs(observed_weights(pooled))
    tested = _test_rows(X, pooled, weights, seed)
    names, contributions = _by_name(names, tested.contributions)
    sizes = np.average(np.abs(contributions), axis=0, weights=weights)
    shares = sizes / max(sizes.sum(), np.finfo(np.float64).tiny)
    order = np.argsort(-shares, kind="stable")[:TOP].tolist()
    return DomainClassifier(
        candidate=str(Candidate("xgboost", {"n_estimators": TREES})),
        protocol=f"{FOLDS} folds by {unit}",
        auc=_auc(tested.score, pooled, weights, seed),
        columns=[ColumnShare(column=names[k], share=float(shares[k])) for k in order if shares[k]],
    )


def _test_rows(X: Array, pooled: PooledRows, weights: Array, seed: int) -> _TestRows:
    """Predict and explain each row by the trees of the fold in which it is a test row."""
    import xgboost
    from threadpoolctl import threadpool_limits

    weights = weights * len(X) / weights.sum()
    # Trees depend on the order of the values only, and any rank fits in single precision.
    ranks = ranked(X)
    score, contributions = np.empty(len(X)), np.empty(X.shape)
    folds = GroupFolds(FOLDS, seed=seed).split(X, pooled.here, pooled.names)
    with threadpool_limits(1):
        for train, test in folds:
            rows = xgboost.DMatrix(
                ranks[train], pooled.here[train], weight=weights[train], nthread=1
            )
            trees = xgboost.train({**SETTINGS, "seed": seed}, rows, num_boost_round=TREES)
            rows = xgboost.DMatrix(ranks[test], nthread=1)
            values = trees.predict(rows, pred_contribs=True)
            contributions[test] = values[:, :-1]
            score[test] = trees.predict(rows, output_margin=True)
    return _TestRows(score, contributions)


def _by_name(names: Sequence[str], contributions: Array) -> tuple[list[str], Array]:
    """Distinct names, and the summed contributions of the columns of each, ``(rows, names)``."""
    distinct = list(dict.fromkeys(names))
    if len(distinct) == len(names):
        return distinct, contributions
    columns = np.array(names)
    summed = [contributions[:, columns == name].sum(axis=1) for name in distinct]
    return distinct, np.stack(summed, axis=1)


def _auc(score: Array, pooled: PooledRows, weights: Array, seed: int) -> ValueInterval:
    """AUC of all test rows, with an interval by drawing groups of each side with replacement."""
    signed = np.where(pooled.here, -weights, weights)[None]
    value = float(_weighted_auc(score, signed)[0])
    rng = np.random.default_rng(seed)
    drawn = np.concatenate(
        [
            _weighted_auc(score, drawn_weights(pooled, DRAWS_AT_ONCE, rng))
            for _ in range(DRAWS // DRAWS_AT_ONCE)
        ]
    )
    low, high = np.percentile(drawn, INTERVAL).tolist()
    if low == high == 1:
        low = exact_lower_end(pooled.fewest_groups)
    return ValueInterval(value=value, low=low, high=high)


def _weighted_auc(score: Array, signed: Array) -> Array:
    """AUC of each draw, with signed weights ``(draws, rows)``: positive at home, negative here.

    Draws without a class on both sides are left out.
    """
    order = np.argsort(score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    signed = signed[signed.any(axis=1)][:, order]
    home, here = (np.cumsum(np.maximum(side, 0), axis=1)[:, last] for side in (signed, -signed))
    area = np.diff(here, axis=1, prepend=0) * (home - np.diff(home, axis=1, prepend=0) / 2)
    values: Array = area.sum(axis=1) / (home[:, -1] * here[:, -1])
    return values.clip(0, 1).round(DIGITS)
