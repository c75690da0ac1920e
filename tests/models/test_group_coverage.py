"""Group coverage: a division with every class in every part is found if one exists."""

import itertools

import numpy as np
import pandas as pd
import pytest

import featkit
from featkit.models._group_coverage import cover_classes
from featkit.models.splits import assign_parts


def rows_of(has):
    """Return the class and group of one row for each class of each group."""
    groups, y = np.nonzero(has)
    return y, groups


def is_complete(part_of, has, parts):
    return all(has[part_of == part].any(axis=0).all() for part in range(parts))


def exists(has, parts):
    """Return whether a division has every class in every part, by trying all."""
    return any(
        is_complete(np.array(division), has, parts)
        for division in itertools.product(range(parts), repeat=len(has))
    )


@pytest.mark.parametrize("parts", [2, 3])
def test_a_complete_division_of_few_groups_is_found_if_one_exists(parts):
    rng = np.random.default_rng(parts)
    for _ in range(200):
        has = rng.random((rng.integers(parts, 8), rng.integers(2, 6))) < rng.uniform(0.2, 0.7)
        has = has[has.any(axis=1)]
        if (has.sum(axis=0) < parts).any():
            continue
        y, groups = rows_of(has)
        part = assign_parts(y, groups, np.full(parts, 1 / parts), seed=0)
        first = np.unique(groups, return_index=True)[1]
        assert is_complete(part[first], has, parts) == exists(has, parts)


def test_the_first_division_stays_if_no_complete_one_exists():
    """Three groups have two of three classes each, so that one of two parts lacks a class."""
    has = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1]])
    assert not exists(has > 0, 2)
    part_of = np.array([0, 1, 0])
    assert cover_classes(part_of, has, np.ones((2, 3))) is part_of


@pytest.mark.parametrize("seed", range(5))
def test_a_complete_division_of_many_groups_is_found(seed):
    """Each part is made of one group of each class, and each group has two or three classes."""
    rng, parts, classes = np.random.default_rng(seed), 5, 24
    groups = []
    for _ in range(parts):
        order = rng.permutation(classes)
        groups += np.split(order, range(2, classes, 3))
    has = np.zeros((len(groups), classes), dtype=bool)
    for row, names in zip(has, groups, strict=True):
        row[names] = True
    has = has[rng.permutation(len(has))]
    y, groups = rows_of(has)
    part = assign_parts(y, groups, np.full(parts, 1 / parts), seed=0)
    assert is_complete(part[np.unique(groups, return_index=True)[1]], has, parts)


def test_a_complete_division_is_returned_unchanged():
    counts = np.ones((6, 2))
    part_of = np.array([0, 0, 0, 0, 0, 1])
    assert cover_classes(part_of, counts, np.full((2, 2), 3.0)) is part_of


def test_parts_stay_near_their_shares():
    """Singers of one to three styles, of which the rarest is sung by three of 40."""
    rng = np.random.default_rng(0)
    counts = rng.integers(1, 9, (40, 6)) * (rng.random((40, 6)) < 0.3)
    counts[:, 5] = 0
    counts[:3, :] = [[9, 0, 0, 0, 0, 1], [0, 9, 0, 0, 0, 1], [0, 0, 9, 0, 0, 1]]
    counts[counts.sum(axis=1) == 0, 0] = 4
    groups, y = (np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape))
    part = assign_parts(y, groups, np.full(3, 1 / 3), seed=0)
    for name in range(6):
        held = np.bincount(part[y == name], minlength=3)
        assert held.min() >= 0.7 * held.mean()


def test_training_finds_folds_with_every_class():
    """Speakers 0 and 1 have all emotions together, and so have the others."""
    emotions = ["acd", "abd", "c", "abcd", "acd"]
    speakers = [(speaker, name) for speaker, names in enumerate(emotions) for name in names]
    rng = np.random.default_rng(0)
    data = pd.DataFrame(speakers * 3, columns=["speaker", "label"])
    data["x"] = rng.normal(size=len(data))
    result = featkit.train(data, group="speaker", folds=2, model="logistic")
    predictions = result.predictions
    assert predictions.groupby("fold")["label"].nunique().tolist() == [4, 4]
    assert predictions.groupby("group")["fold"].nunique().max() == 1
