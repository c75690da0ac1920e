"""Clusters of recordings that are far more alike than their class."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from featkit.auditing.leaks.timbre_clusters import timbre_clusters


def correlated(rng, rows, columns=20):
    mixing = np.eye(columns) + 0.4 * rng.standard_normal((columns, columns))
    return rng.standard_normal((rows, columns)) @ mixing


@pytest.mark.parametrize("seed", range(10))
def test_homogeneous_classes_have_no_clusters_whatever_the_scale(seed):
    rng = np.random.default_rng(seed)
    X = np.exp(correlated(rng, 120))  # skewed, as features are
    assert (timbre_clusters(X, np.repeat(["a", "b"], 60)) == -1).all()


def test_takes_of_one_source_are_one_cluster():
    rng = np.random.default_rng(0)
    source = np.repeat(np.arange(30), 4)
    X = correlated(rng, 30)[source] + 0.3 * rng.standard_normal((120, 20))
    label = np.array(["a", "b"])[source % 2]
    clusters = timbre_clusters(X, label)
    assert (clusters >= 0).mean() > 0.95
    assert adjusted_rand_score(source, clusters) > 0.95


def test_clusters_lie_within_classes_and_are_the_same_in_every_run():
    rng = np.random.default_rng(1)
    source = np.repeat(np.arange(20), 5)
    X = correlated(rng, 20)[source] + 0.3 * rng.standard_normal((100, 20))
    label = rng.choice(["a", "b"], 100)
    clusters = timbre_clusters(X, label)
    assert (clusters == timbre_clusters(X, label)).all()
    for number in range(clusters.max() + 1):
        assert len(set(label[clusters == number])) == 1


@pytest.mark.parametrize("X", [np.zeros((30, 3)), np.full((30, 3), np.nan), np.empty((30, 0))])
def test_features_without_values_have_no_clusters(X):
    assert (timbre_clusters(X, np.full(30, "a")) == -1).all()


def test_copies_are_no_clusters_and_are_in_the_cluster_of_their_original():
    rng = np.random.default_rng(0)
    X = correlated(rng, 60)
    assert (timbre_clusters(np.vstack([X, X[:20]]), np.full(80, "a")) == -1).all()
    source = np.repeat(np.arange(15), 4)
    X = correlated(rng, 15)[source] + 0.3 * rng.standard_normal((60, 20))
    clusters = timbre_clusters(np.vstack([X, X[:20]]), np.full(80, "a"))
    assert (clusters[60:] == clusters[:20]).all()
    assert (clusters >= 0).mean() > 0.9


def test_a_recording_without_values_does_not_hide_the_others():
    rng = np.random.default_rng(0)
    source = np.repeat(np.arange(15), 4)
    X = correlated(rng, 15)[source] + 0.3 * rng.standard_normal((60, 20))
    X[7] = np.nan
    clusters = timbre_clusters(X, np.full(60, "a"))
    assert (clusters >= 0).mean() > 0.9
