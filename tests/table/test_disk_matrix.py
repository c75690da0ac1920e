"""Matrices on disk: the values of an array, and never more of them than the limit."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featkit.errors import FeatkitError, WriteError
from featkit.table import disk_matrix
from featkit.table.disk_matrix import blocks, sampled_rows, stacked, write_matrix

ROWS, COLUMNS = 500, 7
X = np.random.default_rng(0).normal(size=(ROWS, COLUMNS))
X[3, 2] = np.nan


@pytest.fixture
def matrix(tmp_path):
    return write_matrix(tmp_path, np.array_split(X, 3), COLUMNS, 10**6)


def test_it_is_indexed_like_an_array(matrix):
    rows, mask = np.array([7, 3, 3, 499]), X[:, 0] > 0
    assert matrix.shape == X.shape
    np.testing.assert_array_equal(matrix, X)
    np.testing.assert_array_equal(matrix[rows], X[rows])
    np.testing.assert_array_equal(matrix[mask][:, [4, 1]][5:9], X[mask][:, [4, 1]][5:9])
    np.testing.assert_array_equal(matrix[:, 2], X[:, 2])
    np.testing.assert_array_equal(matrix[rows, 5], X[rows, 5])
    np.testing.assert_array_equal(matrix[12], X[12])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(matrix[rows])), X[rows])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.integers(0, ROWS - 1), max_size=60), at_once=st.integers(1, 70))
def test_any_rows_are_read_in_any_blocks(matrix, rows, at_once):
    rows = np.array(rows, dtype=int)
    parts = list(blocks(matrix[rows], at_once))
    assert all(len(part) <= at_once for part in parts)
    np.testing.assert_array_equal(np.concatenate([X[:0], *parts]), X[rows])


@pytest.mark.parametrize(("gap", "span"), [(1, 56), (56, 560), (10**6, 10**6)])
def test_reads_of_any_size_give_the_same_values(matrix, monkeypatch, gap, span):
    monkeypatch.setattr(disk_matrix, "GAP_BYTES", gap)
    monkeypatch.setattr(disk_matrix, "SPAN_BYTES", span)
    rows = np.random.default_rng(1).integers(0, ROWS, 90)
    np.testing.assert_array_equal(matrix[rows], X[rows])
    np.testing.assert_array_equal(matrix[rows][:, 6], X[rows, 6])


def test_more_than_the_limit_is_never_in_memory(tmp_path):
    matrix = write_matrix(tmp_path, [X], COLUMNS, 20 * COLUMNS * 8)
    assert np.asarray(matrix[:20]).shape == (20, COLUMNS)
    with pytest.raises(FeatkitError, match=r"needs 1.18 KB of feature values.*raise max_memory"):
        np.isnan(matrix[:21])
    rows = sampled_rows(matrix, np.arange(ROWS))
    assert len(rows) == 2
    assert len(sampled_rows(X, np.arange(ROWS))) == ROWS


def test_matrices_are_stacked_with_arrays(matrix):
    np.testing.assert_array_equal(stacked([matrix[10:30], X[:5]]), np.vstack([X[10:30], X[:5]]))
    assert isinstance(stacked([X, X]), np.ndarray)


def test_a_truncated_file_is_an_error(matrix):
    os.truncate(matrix.path, 1000)
    with pytest.raises(FeatkitError, match="was truncated"):
        np.asarray(matrix)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(WriteError, match=r"missing: cannot write temporary files.*TMPDIR"):
        write_matrix(tmp_path / "missing", [X], COLUMNS, 10**6)
