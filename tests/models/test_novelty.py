"""Distance to the training data: by hand, for unseen groups, and read from files."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from learning import problem_of

from featkit.errors import ModelError
from featkit.models.novelty import (
    MAX_PROJECTION,
    MAX_SHARES,
    DistanceShares,
    Novelty,
    fit_novelty,
    fit_projection,
)
from featkit.models.serialization import from_dict, to_dict


def grouped(groups=40, takes=5, columns=8, seed=0):
    """The problem of rows in groups; the rows of a group resemble each other."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), takes)
    X = rng.normal(size=(groups, columns))[group] + 0.1 * rng.normal(size=(len(group), columns))
    data = pd.DataFrame(X, columns=[f"x{k}" for k in range(columns)])
    data["label"] = np.where(group % 2, "odd", "even")
    data["person"] = [f"p{k}" for k in group]
    return problem_of(data, group="person")


def test_the_distance_is_the_mean_of_those_to_the_nearest_training_rows():
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(0)
    X, new = rng.normal(3, 5, size=(100, 6)), rng.normal(size=(10, 6))
    nearest = NearestNeighbors(n_neighbors=5).fit(X / X.std(axis=0))
    expected = nearest.kneighbors(new / X.std(axis=0))[0].mean(axis=1)
    assert fit_projection(X, seed=0).distances(new) == pytest.approx(expected, rel=1e-5)


def test_what_the_components_leave_out_is_added():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 1)) * np.ones(100) + 0.01 * rng.normal(size=(200, 100))
    aside = np.median(X, axis=0, keepdims=True) + np.where(np.arange(100) < 50, 1, -1)
    projection = fit_projection(X, seed=0)
    assert projection.distances(aside)[0] == pytest.approx(10 / X.std(), rel=0.05)


def test_missing_values_count_as_the_mean_and_constant_columns_do_not_count():
    rng = np.random.default_rng(0)
    X = rng.normal(5, 1, size=(50, 3))
    X[:, 2] = 0.1
    X[3, 1] = np.nan
    projection = fit_projection(X, seed=0)
    means = np.nanmean(X, axis=0)
    one, other = np.array([[4.0, np.nan, 0.1]]), np.array([[4.0, means[1], 1e9]])
    assert projection.distances(one) == pytest.approx(projection.distances(other), rel=1e-6)
    assert np.isfinite(projection.distances(np.full((1, 3), 3e38))).all()


def test_rows_of_unseen_groups_have_a_uniform_novelty_and_those_of_training_groups_a_small_one():
    problem = grouped(groups=200)
    seen = np.flatnonzero(np.arange(len(problem)) < 500)
    fitted = fit_novelty(problem, seen, seed=0)
    unseen = fitted.novelty(fitted.projection.distances(problem.X[500:]), "segment")
    assert unseen.mean() == pytest.approx(0.5, abs=0.07)
    assert np.mean(unseen > 0.9) == pytest.approx(0.1, abs=0.07)
    assert fitted.novelty(fitted.projection.distances(problem.X[seen]), "segment").max() < 0.1


def test_rows_unlike_all_training_rows_have_novelty_1():
    problem = grouped()
    fitted = fit_novelty(problem, np.arange(len(problem)), seed=0)
    far = problem.X[:5] + 100
    assert fitted.novelty(fitted.projection.distances(far), "segment").tolist() == [1.0] * 5


def test_recordings_have_their_own_distribution():
    rng = np.random.default_rng(0)
    data = pd.DataFrame(rng.normal(size=(200, 4)), columns=list("abcd"))
    data["label"], data["path"] = np.repeat(["x", "y"], 100), np.arange(200) // 5
    data["path"] = data["path"].astype(str)
    fitted = fit_novelty(problem_of(data), np.arange(200), seed=0)
    spread = [np.ptp(shares.distances) for shares in (fitted.rows, fitted.recordings)]
    assert spread[1] < spread[0]  # means of five rows vary less
    middle = np.array([np.median(fitted.recordings.distances)])
    assert fitted.novelty(middle, "recording") == pytest.approx(0.5, abs=0.05)
    alone = dataclasses.replace(fitted, recordings=None)
    assert alone.novelty(middle, "recording") == alone.novelty(middle, "segment")


def test_the_data_of_a_wide_table_are_bounded_and_come_back_from_json():
    problem = grouped(groups=12, columns=3500)
    fitted = fit_novelty(problem, np.arange(len(problem)), seed=0)
    projection = fitted.projection
    assert sum(map(len, projection.components)) <= MAX_PROJECTION
    assert len(projection.components) == 28
    assert len(fitted.rows.distances) <= MAX_SHARES
    plain = json.loads(json.dumps(to_dict(fitted), allow_nan=False))
    back = from_dict(Novelty, plain)
    back.check(3500)
    assert (back.projection.distances(problem.X) == projection.distances(problem.X)).all()


def test_blocks_do_not_change_a_bit():
    problem = grouped(groups=10)
    projection = fit_projection(problem.X, seed=0)
    X = np.random.default_rng(1).normal(size=(3000, 8))
    parts = [projection.distances(X[start : start + 1024]) for start in range(0, 3000, 1024)]
    assert (projection.distances(X) == np.concatenate(parts)).all()


@pytest.mark.parametrize(
    "change",
    [
        {"means": (0.0,)},
        {"deviations": (1.0, -1.0)},
        {"deviations": (1.0, float("nan"))},
        {"components": ()},
        {"components": ((1.0,),)},
        {"rows": ()},
        {"rows": ((1.0, 2.0, 3.0),)},
        {"rows": ((float("inf"), 1.0),)},
        {"rows": ((0.0, 1.0),) * 501},
    ],
)
def test_a_projection_that_does_not_fit_is_refused(change):
    good = fit_projection(np.random.default_rng(0).normal(size=(9, 2)), seed=0)
    good.check(2)
    with pytest.raises(ModelError, match=r"training rows|components|deviations"):
        dataclasses.replace(good, **change).check(2)


@pytest.mark.parametrize(
    ("distances", "shares"),
    [
        ((), ()),
        ((1.0,), ()),
        ((1.0, 1.0), (0.5, 1.0)),
        ((1.0, 2.0), (0.5, 0.4)),
        ((-1.0, 2.0), (0.5, 1.0)),
        ((1.0, float("nan")), (0.5, 1.0)),
        ((1.0, 2.0), (0.5, 1.5)),
    ],
)
def test_distances_that_do_not_fit_are_refused(distances, shares):
    with pytest.raises(ModelError, match="distances to the training data"):
        DistanceShares(distances=distances, shares=shares).check()
