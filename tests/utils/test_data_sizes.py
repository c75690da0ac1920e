"""Sizes of data with units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit._utils.data_sizes import data_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1),
        ("2000", 2000),
        ("4GB", 4 * 10**9),
        ("4 gb", 4 * 10**9),
        ("1.5GiB", 3 * 2**29),
        (".5KB", 500),
    ],
)
def test_units_are_read(text, size):
    assert parse_size("max_memory", text) == size


@given(st.integers(1, 10**15))
def test_a_written_size_is_read_again(size):
    assert parse_size("max_memory", size) == size
    assert parse_size("max_memory", data_size(size)) == pytest.approx(size, rel=0.01)
