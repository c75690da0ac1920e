"""Fits of several candidates of one estimator on the same rows, which share their preprocessing.

Columns are imputed, scaled and selected once. Candidates that differ in the number of boosted trees
only are read from one model. Along a path, such as the penalty of logistic regression, each fit
starts from the last solution. Predictions thus need less time, and differ from those of fits alone
by no more than the tolerance of the solver of a path; all others are the same, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from featkit._utils.typing import Array
from featkit.models.estimator import Candidate, Estimator, group_options, pipeline

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

TREES = "n_estimators"
"""Parameter of the number of trees."""

Family = tuple[Candidate, ...]
"""Candidates that differ in the number of trees only."""


def families(candidates: Sequence[Candidate], estimator: Estimator) -> list[Family]:
    """Divide candidates into those that one fit gives.

    Parameters
    ----------
    candidates : sequence of Candidate
        Candidates of one estimator.
    estimator : Estimator
        The estimator.

    Returns
    -------
    list of tuple of Candidate
        In the order of their first members.
    """
    if estimator.prefix is None:
        return [(candidate,) for candidate in candidates]
    members: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        other = {name: own for name, own in candidate.parameters.items() if name != TREES}
        members.setdefault(repr(sorted(other.items())), []).append(candidate)
    return [tuple(family) for family in members.values()]


def fitted_families(
    candidates: Sequence[Candidate],
    X: Array,
    y: Array,
    *,
    estimators: Mapping[str, Estimator],
    seed: int,
    select: int | None = None,
    groups: Array | None = None,
    max_trees: int | None = None,
) -> Iterator[list[tuple[Candidate, Pipeline]]]:
    """Fit candidates of one estimator.

    Parameters
    ----------
    candidates : sequence of Candidate
        Candidates of one estimator that learns from columns.
    X : array of float64, shape ``(rows, columns)``
        Training rows; NaN where missing.
    y : array, shape ``(rows,)``
        Their targets.
    estimators : mapping of str to Estimator
        The estimators of the task.
    seed : int
        Seed of each fit.
    select : int, optional
        Number of columns to keep.
    groups : array, shape ``(rows,)``, optional
        Group of each row.
    max_trees : int, optional
        Most trees of a model; by default as many as the candidate has.

    Yields
    ------
    list of (Candidate, sklearn.pipeline.Pipeline)
        The candidates that one fit gives, each with its pipeline, which is valid until the next
        ones are asked for. The fits are not in the order of the candidates.
    """
    from sklearn.pipeline import Pipeline

    name = candidates[0].name
    estimator = estimators[name]
    empty = pipeline(name, select=select, seed=seed, estimators=estimators)
    *steps, _ = empty.steps
    options = {key.removeprefix("model__"): x for key, x in group_options(empty, groups).items()}
    preprocessing = Pipeline(steps) if steps else None
    Z = X if preprocessing is None else preprocessing.fit_transform(X, y)
    last: Any = None
    for model, family in _unfitted_models(candidates, estimator, seed, max_trees):
        if last is not None and estimator.path is not None:
            model = last.set_params(**{estimator.path: model.get_params()[estimator.path]})
        last = model.fit(Z, y, **options)
        parts = [_part(model, candidate, estimator) for candidate in family]
        fitted = [Pipeline([*steps, ("model", part)]) for part in parts]
        yield list(zip(family, fitted, strict=True))


def _unfitted_models(
    candidates: Sequence[Candidate], estimator: Estimator, seed: int, max_trees: int | None
) -> list[tuple[Any, Family]]:
    """A model for each family, with the most trees within the limit; a path in its order."""
    models = []
    for family in families(candidates, estimator):
        own = [estimator.build(seed).set_params(**one.parameters) for one in family]
        model = max(own, key=lambda one: one.get_params().get(TREES, 0))
        if max_trees is not None:
            model.set_params(**{TREES: min(max_trees, model.get_params()[TREES])})
        models.append((model, family))
    path = estimator.path
    if path is None:
        return models
    for model, _ in models:
        model.set_params(warm_start=True)
    return sorted(models, key=lambda pair: pair[0].get_params()[path])


def _part(model: Any, candidate: Candidate, estimator: Estimator) -> Any:
    """The fitted model of a member of a family."""
    trees = candidate.parameters.get(TREES)
    if estimator.prefix is None or trees is None or trees >= model.get_params()[TREES]:
        return model
    return estimator.prefix(model, trees)
