"""Rows for early stopping: whole groups, with a share of every class."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from featkit.models.networks.validation_part import MIN_GROUPS, validation_part


@st.composite
def problems(draw):
    """Draw rows of groups of one class or several; some classes have few groups."""
    groups, y = [], []
    for name in range(draw(st.integers(2, 4))):
        for group in range(draw(st.integers(1, 12))):
            size = draw(st.integers(1, 4))
            groups += [f"{name}-{group}"] * size
            y += [f"class {name}"] * size
    if draw(st.booleans()):
        groups += ["mixed"] * 2
        y += ["class 0", "class 1"]
    return np.array(y), np.array(groups)


@given(problems(), st.floats(0.05, 0.5), st.integers(0, 3))
def test_groups_are_whole_and_each_class_is_on_both_sides_or_only_trained(problem, share, seed):
    y, groups = problem
    rows, warning = validation_part(y, groups, share, seed=seed)
    assert not set(groups[rows]) & set(groups[~rows])
    assert set(y[~rows]) == set(y)
    counts = {name: len(set(groups[y == name])) for name in set(y.tolist())}
    rare = {name for name, count in counts.items() if count < MIN_GROUPS}
    assert not rare & set(y[rows])
    assert all(repr(name) in warning for name in rare) or not rows.any()
    if not rare:
        assert set(y[rows]) == set(y)
        assert warning == ""
    elif not rows.any():
        assert "fewer than two classes" in warning


@given(problems(), st.integers(0, 3))
def test_the_same_seed_gives_the_same_rows(problem, seed):
    first, second = (validation_part(*problem, 0.2, seed=seed) for _ in range(2))
    assert (first.rows == second.rows).all()


def test_each_class_has_its_share():
    y = np.repeat(["a", "b"], [100, 40])
    rows, warning = validation_part(y, np.arange(140), 0.2, seed=0)
    assert [int(rows[y == name].sum()) for name in ("a", "b")] == [20, 8]
    assert warning == ""


def test_a_share_of_0_sets_nothing_aside():
    part = validation_part(np.array(["a", "b"]), np.array([0, 1]), 0.0, seed=0)
    assert (part.rows.any(), part.warning) == (False, "")


def test_groups_of_a_rare_class_stay_in_training():
    y = np.array(["rare", "a", *"aaaaaaaa", *"bbbbbbbb"])
    groups = np.array([0, 0, *range(1, 17)])
    rows, warning = validation_part(y, groups, 0.25, seed=0)
    assert not rows[:2].any()
    assert set(y[rows]) == {"a", "b"}
    assert "1 class with fewer than 4 groups of training rows: 'rare'" in warning


def test_with_one_class_to_validate_there_is_no_validation():
    y = np.array([*"aaaaaa", *"bbb"])
    rows, warning = validation_part(y, np.arange(9), 0.25, seed=0)
    assert not rows.any()
    assert warning.startswith("no early stopping, all epochs were trained")
