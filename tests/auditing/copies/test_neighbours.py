"""Neighbours among many vectors are nearly those of the exact search."""

import numpy as np
import pytest

from featkit.auditing.copies import neighbours


def test_few_vectors_are_searched_exactly() -> None:
    X = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    distance, neighbour = neighbours.nearest(X, 5)
    exact = np.linalg.norm(X[:, None] - X, axis=2)
    np.testing.assert_array_equal(neighbour, np.argsort(exact, axis=1)[:, :5])
    np.testing.assert_allclose(distance, np.sort(exact, axis=1)[:, :5], atol=2e-3)


def test_missing_neighbours_are_marked() -> None:
    distance, neighbour = neighbours.nearest(np.zeros((2, 3), np.float32), 4)
    assert (neighbour[:, 2:] == -1).all()
    assert np.isinf(distance[:, 2:]).all()


def test_cells_miss_few_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).standard_normal((400, 6)).astype(np.float32)
    exact = neighbours.nearest(X, 2)[1]
    monkeypatch.setattr(neighbours, "EXACT", 100)
    near = neighbours.nearest(X, 2)[1]
    assert (near[:, 0] == np.arange(400)).all()
    assert (near[:, 1] == exact[:, 1]).mean() > 0.6
    np.testing.assert_array_equal(near, neighbours.nearest(X, 2)[1])
