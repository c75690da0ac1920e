"""The classifier of the two sides: its AUC is scikit-learn's, and it finds what differs."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from two_datasets import dataset, rows

from featkit.evaluation import domain_classifier as module
from featkit.evaluation._pooled_rows import observed_weights, pool
from featkit.evaluation.domain_classifier import domain_classifier


def classified(home, here, **settings):
    pooled = pool(home, here, [np.arange(len(home)), np.arange(len(here))])
    X = np.concatenate([home.X, here.X])
    return domain_classifier(X, home.columns, pooled, unit="song", **{"seed": 0, **settings})


@pytest.fixture
def unequal():
    home = dataset("home", seed=0, groups=30, segments=3, shares=(0.8, 0.2))
    here = dataset("here", seed=1, groups=40, segments=2, shares=(0.3, 0.7))
    here.X[:, 1] += 1
    return home, here


def test_the_auc_is_that_of_scikit_learn(unequal):
    home, here = unequal
    pooled = pool(home, here, [np.arange(len(home)), np.arange(len(here))])
    rng = np.random.default_rng(0)
    score = np.round(rng.normal(size=len(pooled.here)) + pooled.here, 1)  # with ties
    weights = np.abs(observed_weights(pooled))
    auc = module._auc(score, pooled, weights, seed=0)
    expected = roc_auc_score(pooled.here, score, sample_weight=weights)
    assert auc.value == pytest.approx(expected, abs=1e-12)
    assert auc.low < auc.value < auc.high


def test_the_interval_is_that_of_drawing_groups(unequal, monkeypatch):
    home, here = unequal
    pooled = pool(home, here, [np.arange(len(home)), np.arange(len(here))])
    score = np.random.default_rng(0).normal(size=len(pooled.here)) + pooled.here
    drawn = []

    def noted(*args):
        drawn.append(original(*args))
        return drawn[-1]

    original = module.drawn_weights
    monkeypatch.setattr(module, "DRAWS", 100)
    monkeypatch.setattr(module, "drawn_weights", noted)
    auc = module._auc(score, pooled, np.abs(observed_weights(pooled)), seed=0)
    values = [
        roc_auc_score(pooled.here, score, sample_weight=np.abs(weights))
        for weights in np.concatenate(drawn)
    ]
    assert [auc.low, auc.high] == pytest.approx(np.percentile(values, [2.5, 97.5]).tolist())


def test_equal_datasets_cannot_be_separated():
    own = classified(dataset("home", seed=0, groups=150), dataset("here", seed=1, groups=150))
    assert own.auc.value == pytest.approx(0.5, abs=0.1)
    assert own.auc.low < 0.5 < own.auc.high


def test_the_same_recordings_on_both_sides_give_an_auc_of_half():
    home = dataset("home", seed=0, groups=50)
    assert classified(home, home).auc.value == pytest.approx(0.5, abs=0.02)


def test_datasets_that_do_not_overlap_are_always_separated():
    home, here = dataset("home", seed=0), dataset("here", seed=1)
    here.X[:, 2] += 50
    own = classified(home, here)
    assert (own.auc.value, own.auc.high) == (1, 1)
    assert own.auc.low == pytest.approx(0.025 ** (1 / 40))
    assert own.columns[0].column == "x2"
    assert own.columns[0].share > 0.7
    assert own.candidate == "xgboost (n_estimators=100)"
    assert own.protocol == "5 folds by song"


def test_shares_add_up_to_one_in_order(unequal):
    columns = classified(*unequal).columns
    shares = [column.share for column in columns]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert columns[0].column == "x1"


def test_at_most_twenty_columns_are_listed():
    home, here = dataset("home", seed=0, columns=25), dataset("here", seed=1, columns=25)
    assert len(classified(home, here).columns) == 20


def test_the_same_seed_gives_the_same_bits(unequal):
    assert classified(*unequal) == classified(*unequal)
    assert classified(*unequal) != classified(*unequal, seed=1)


def test_undefined_values_separate(unequal):
    home, here = unequal
    here.X[:, 0] = np.nan
    assert classified(home, here).auc.value == 1


def test_huge_and_infinite_values_are_values(unequal):
    home, here = unequal
    auc = classified(home, here).auc
    home.X[:] *= 1e300
    here.X[:] *= 1e300
    assert classified(home, here).auc == auc
    home.X[np.argmax(home.X[:, 0]), 0] = np.inf
    assert 0.5 < classified(home, here).auc.value <= 1


def test_too_few_groups_have_no_classifier():
    home, here = dataset("home", seed=0), dataset("here", seed=1, groups=4, segments=10)
    assert classified(home, here) is None


def test_a_tiny_unit_does_not_hide_a_difference():
    home, here = dataset("home", seed=0, groups=60), dataset("here", seed=1, groups=60)
    here.X[:, 0] += 3
    tiny = [rows(s.name, 1e3 + 1e-9 * s.X, s.y, s.groups) for s in (home, here)]
    assert classified(*tiny).auc.low > 0.8


def test_draws_without_a_common_class_are_left_out():
    labels = list("abcde")
    home, here = (
        rows(name, np.arange(5.0)[:, None] + k, labels, [f"{name}{g}" for g in range(5)])
        for k, name in enumerate(("home", "here"))
    )
    auc = classified(home, here).auc
    assert 0 <= auc.low <= auc.high <= 1
