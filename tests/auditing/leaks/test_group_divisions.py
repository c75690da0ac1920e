"""Groups of rows: joined, divided and nested."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.auditing.leaks.group_divisions import divided_groups, is_nested, joined_groups

DIVISIONS = st.integers(1, 8).flatmap(
    lambda rows: st.tuples(*[st.lists(st.sampled_from("abcd"), min_size=rows, max_size=rows)] * 2)
)


@settings(max_examples=30)
@given(DIVISIONS)
def test_joined_groups_contain_the_groups_of_both_and_are_the_finest_that_do(pair):
    first, second = map(np.array, pair)
    joined = joined_groups(first, second)
    assert is_nested(first, joined)
    assert is_nested(second, joined)
    label = np.arange(len(first))  # by repeated propagation
    for _ in label:
        for division in (first, second):
            for name in set(division.tolist()):
                label[division == name] = label[division == name].min()
    assert is_nested(joined, label.astype(str))
    assert is_nested(label.astype(str), joined)


def test_divided_groups_have_training_and_test_rows_in_one_fold():
    groups = np.array(["a", "a", "b", "b", "c", "c"])
    fold = SimpleNamespace(train=np.array([0, 2, 3]), test=np.array([1, 4, 5]))
    assert divided_groups(groups, SimpleNamespace(outer=[fold])) == {"a"}
