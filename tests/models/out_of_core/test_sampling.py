"""Samples of whole recordings that keep the shares of classes and groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.errors import ParameterError
from featkit.models.out_of_core.sampling import MIN_GROUPS, sample_rows


def corpus(recordings=2000, segments=3, classes=4, groups=100):
    """Return class, group and recording of each row."""
    recording = np.repeat(np.arange(recordings), segments)
    y = np.array([f"c{k}" for k in range(classes)])[recording * classes // recordings]
    group = np.array([f"g{k}" for k in range(groups)])[recording % groups]
    return y, group, np.array([f"r{k:05d}" for k in range(recordings)])[recording]


@given(count=st.integers(400, 5000), seed=st.integers(0, 5), segments=st.integers(1, 5))
def test_a_sample_has_whole_recordings_and_the_shares_of_classes(count, seed, segments):
    y, groups, recordings = corpus(segments=segments)
    rows = sample_rows(y, groups, recordings, min(count, len(y)), seed=seed)
    chosen = np.unique(recordings[rows])
    assert len(rows) == np.isin(recordings, chosen).sum() <= count
    assert np.all(np.diff(rows) > 0)
    assert len(rows) >= min(count, len(y)) - 2 * segments
    shares = np.unique(y[rows], return_counts=True)[1] / len(rows)
    np.testing.assert_allclose(shares, 0.25, atol=0.04)


def test_every_group_keeps_its_share_of_recordings():
    y, groups, recordings = corpus(groups=5)
    rows = sample_rows(y, groups, recordings, 1500, seed=0)
    counts = np.unique(groups[rows], return_counts=True)[1]
    np.testing.assert_allclose(counts / len(rows), 0.2, atol=0.02)


def test_a_rare_class_keeps_its_groups():
    y, groups, recordings = corpus(groups=2000)
    y = y.astype(object)
    y[-3 * 30 :] = "rare"
    y = y.astype(str)
    rows = sample_rows(y, groups, recordings, 900, seed=0)
    assert len(set(groups[rows][y[rows] == "rare"])) >= MIN_GROUPS
    assert len(rows) <= 900


def test_numbers_keep_their_distribution():
    _, groups, recordings = corpus()
    y = np.repeat(np.random.default_rng(0).gamma(2, size=2000), 3)
    rows = sample_rows(y, groups, recordings, 1500, seed=0)
    quantiles = [np.quantile(values, [0.1, 0.5, 0.9]) for values in (y, y[rows])]
    np.testing.assert_allclose(quantiles[1], quantiles[0], rtol=0.03)


def test_numbers_need_not_all_be_in_the_sample():
    _, groups, recordings = corpus(recordings=400)
    y = np.repeat(np.random.default_rng(0).normal(size=400), 3)
    assert 590 <= len(sample_rows(y, groups, recordings, 600, seed=0)) <= 600


def test_rare_labels_keep_their_groups_and_rare_combinations_do_not():
    _, groups, recordings = corpus(groups=2000)
    labels = np.random.default_rng(0).random((2000, 12)) < 0.3
    labels[:, 0] = np.arange(2000) % 150 == 0
    y = np.repeat(labels, 3, axis=0)
    rows = sample_rows(y, groups, recordings, 900, seed=0)
    assert len(set(groups[rows][y[rows, 0]])) >= MIN_GROUPS
    assert len(rows) <= 900


def test_a_sample_without_room_for_its_classes_is_refused():
    with pytest.raises(ParameterError, match="max_memory holds 60 rows of features, too few"):
        sample_rows(*corpus(), 60, seed=0)


def test_the_seed_decides():
    first, again, other = (sample_rows(*corpus(), 900, seed=seed) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
