"""Sets of labels become matrices, and matrices sets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MultiLabelBinarizer

from featkit.errors import ParameterError
from featkit.models.label_sets import (
    JOINT,
    indicators,
    label_names,
    label_sets,
    read_label_sets,
    without_labels,
)

CELLS = np.array(["rock;live", "", "live", " live ; rock ; rock"])


def test_labels_are_read_in_any_order_with_blanks_and_repetitions():
    y = read_label_sets("tags", CELLS, ";")
    assert y.tolist() == [f"live{JOINT}rock", "", "live", f"live{JOINT}rock"]
    assert label_names(y.tolist()) == ["live", "rock"]
    assert indicators(y, ["live", "rock"]).tolist() == [[1, 1], [0, 0], [1, 0], [1, 1]]


def test_a_separator_that_no_cell_has_is_an_error_that_names_another():
    with pytest.raises(ParameterError, match=r"(?s)'tags'.*';'.*cells contain '\|'"):
        read_label_sets("tags", np.array(["rock|live", "live"]), ";")


def test_a_column_of_single_labels_is_an_error():
    with pytest.raises(ParameterError, match="one class per row"):
        read_label_sets("tags", np.array(["rock", "live"]), ";")


def test_labels_can_be_left_out():
    y = read_label_sets("tags", CELLS, ";")
    assert without_labels(y, {"live"}).tolist() == ["rock", "", "", "rock"]


def test_sets_are_joined_by_any_separator():
    Y = np.array([[True, True], [False, False], [False, True]])
    assert label_sets(Y, ["a", "b;c"], "|").tolist() == ["a|b;c", "", "b;c"]


@given(st.lists(st.sets(st.sampled_from("abcdef")), min_size=1))
def test_the_matrix_is_that_of_scikit_learn(sets):
    y = np.array([JOINT.join(sorted(own)) for own in sets])
    labels = list("abcdef")
    expected = MultiLabelBinarizer(classes=labels).fit_transform(sets).astype(bool)
    assert np.array_equal(indicators(y, labels), expected)
    assert label_sets(expected, labels).tolist() == y.tolist()
