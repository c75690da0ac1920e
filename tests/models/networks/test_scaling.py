"""Standardisation of sequences: from true frames only, in double precision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_sequences import frames, tiny_sequences

from featkit.models.networks import scaling
from featkit.models.networks.scaling import fit_scale, standardised
from featkit.table.sequences.sequences import SequenceArray


@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 9), st.integers(0, 99))
def test_scales_are_those_of_all_true_frames(n_rows, channels, n_frames, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(-300, rng.uniform(1e-2, 100), (n_rows, channels, n_frames))
    lengths = rng.integers(1, n_frames + 1, n_rows)
    array = SequenceArray.of(values.astype(np.float32), lengths)
    true = np.concatenate([row[:, :n] for row, n in zip(array.read(), lengths, strict=True)], 1)
    true = true.astype(np.float64)
    scale = fit_scale(array)
    np.testing.assert_allclose(scale.mean, true.mean(axis=1), rtol=1e-6)
    if true.shape[1] > 1:
        np.testing.assert_allclose(scale.deviation, true.std(axis=1), rtol=1e-4)
    shared = fit_scale(array, shared=True)
    np.testing.assert_allclose(shared.mean, np.full(channels, true.mean()), rtol=1e-6)
    if true.size > 1:
        np.testing.assert_allclose(shared.deviation, np.full(channels, true.std()), rtol=1e-4)


def test_scales_do_not_depend_on_the_size_of_blocks(monkeypatch):
    X, _ = tiny_sequences(40)
    whole = fit_scale(X.kinds["mel"])
    monkeypatch.setattr(scaling, "ROWS_AT_ONCE", 7)
    blocks = fit_scale(X.kinds["mel"])
    np.testing.assert_allclose(blocks.mean, whole.mean, rtol=1e-7)
    np.testing.assert_allclose(blocks.deviation, whole.deviation, rtol=1e-6)


def test_small_differences_from_a_large_mean_are_not_lost():
    values = 1e4 + np.random.default_rng(0).normal(size=(300, 1, 50)).astype(np.float32)
    scale = fit_scale(SequenceArray.of(values, np.full(300, 50)))
    assert scale.deviation[0] == pytest.approx(values.std(dtype=np.float64), rel=1e-5)


def test_true_frames_have_mean_0_and_variance_1_and_padding_is_0():
    X, _ = tiny_sequences()
    array = X.kinds["mel"]
    Z = standardised(array, fit_scale(array))
    true = np.concatenate([row[:, :n] for row, n in zip(Z, array.lengths, strict=True)], axis=1)
    np.testing.assert_allclose(true.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(true.std(axis=1), 1, atol=1e-5)
    assert all((row[:, n:] == 0).all() for row, n in zip(Z, array.lengths, strict=True))
    assert Z.dtype == np.float32


def test_a_constant_channel_becomes_0():
    values = np.random.default_rng(0).normal(size=(5, 3, 4)).astype(np.float32)
    values[:, 1] = 0.1
    values[:, 2] = 0.0
    array = SequenceArray.of(values, np.full(5, 4))
    scale = fit_scale(array)
    assert scale.deviation[1:].tolist() == [1, 1]
    np.testing.assert_allclose(standardised(array, scale)[:, 1:], 0, atol=1e-7)


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_missing_values_are_left_out_and_become_0(missing):
    X, _ = tiny_sequences()
    true, values = frames(X)
    values[3, 2, 1] = missing
    values[:, 5] = missing
    array = SequenceArray.of(values, X.kinds["mel"].lengths)
    scale = fit_scale(array)
    own = np.concatenate([row[2] for row in true], dtype=np.float64)
    own = np.delete(own, sum(len(row[2]) for row in true[:3]) + 1)
    assert scale.mean[2] == pytest.approx(own.mean(), rel=1e-6)
    assert scale.deviation[2] == pytest.approx(own.std(), rel=1e-5)
    assert (scale.mean[5], scale.deviation[5]) == (0, 1)
    Z = standardised(array, scale)
    assert Z[3, 2, 1] == 0
    assert (Z[:, 5] == 0).all()


def test_rows_without_true_frames_do_not_count():
    values = np.full((3, 2, 4), -80, dtype=np.float32)
    values[0] = [[1, 2, 3, 4], [5, 5, 6, 6]]
    scale = fit_scale(SequenceArray.of(values, np.array([4, 0, 0])))
    np.testing.assert_allclose(scale.mean, [2.5, 5.5])
