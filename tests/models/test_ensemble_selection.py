"""Greedy selection of ensembles."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from featkit.models.ensemble_selection import MAX_ADDITIONS, greedy_weights


def library(seed, candidates=4, rows=30, classes=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=rows)
    y[:classes] = np.arange(classes)
    P = rng.dirichlet(np.ones(classes), size=(candidates, rows))
    P[:, np.arange(rows), y] += rng.uniform(0, 2, size=(candidates, 1))
    return list(P / P.sum(axis=2, keepdims=True)), lambda own: -np.log(own[range(rows), y]).mean()


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_an_ensemble_is_never_worse_than_its_best_candidate(seed, candidates):
    P, loss = library(seed, candidates)
    weights = greedy_weights(P, loss)
    assert weights.sum() == 1 or np.isclose(weights.sum(), 1)
    assert (weights >= 0).all()
    assert loss(np.tensordot(weights, P, 1)) <= min(map(loss, P)) + 1e-12


@given(st.integers(0, 2**32 - 1))
def test_weights_are_those_of_the_published_algorithm_step_by_step(seed):
    P, loss = library(seed)
    added, history = [], []
    for _ in range(MAX_ADDITIONS):
        scores = [loss(np.mean([P[k] for k in [*added, extra]], axis=0)) for extra in range(len(P))]
        added.append(int(np.argmin(np.round(scores, 12))))
        history.append(min(scores))
    best = added[: int(np.argmin(np.round(history, 12))) + 1]
    expected = np.bincount(best, minlength=len(P)) / len(best)
    own = greedy_weights(P, lambda p: round(loss(p), 12))
    np.testing.assert_allclose(own, expected)


def test_equal_candidates_leave_all_weight_to_the_first():
    P, loss = library(0, candidates=1)
    assert greedy_weights([P[0], P[0], P[0]], loss).tolist() == [1, 0, 0]
