"""Shapes of envelopes by the compiled core equal those by NumPy, and those of simple envelopes."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp import _compiled
from featkit.dsp.envelopes import envelope_shapes


@given(
    lengths=st.lists(st.integers(1, 80), min_size=1, max_size=5),
    scale=st.sampled_from([1e-60, 1.0, 1e60]),
    seed=st.integers(0, 99),
)
def test_shapes_equal_those_of_numpy(lengths, scale, seed):
    rng = np.random.default_rng(seed)
    energy = [scale * rng.random(n) ** 8 for n in lengths]
    energy[-1] = np.zeros_like(energy[-1])
    ours = assert_same_bits_everywhere(lambda: envelope_shapes(energy))
    with without_core():
        theirs = envelope_shapes(energy)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert np.isnan(ours[:, -1]).all()
    for k, own in enumerate(energy):
        np.testing.assert_array_equal(envelope_shapes([own])[:, 0], ours[:, k])


def test_a_single_hop_has_a_rectangular_envelope():
    """It is within five windows, and crosses any threshold within a hop of its ends."""
    attack, centroid, duration, decay = envelope_shapes([np.ones(1)])[:, 0]
    assert attack == pytest.approx(0.9 - 0.2)
    assert decay == pytest.approx(0.9 - 0.2)
    assert duration == 5
    assert centroid == pytest.approx(0.5)


@needs_core
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"edges": np.array([0, 4])}, "out of range"),
        ({"edges": np.array([1, 3])}, "out of range"),
        ({"edges": np.array([], dtype=np.int64)}, "out of range"),
        ({"steps": 0}, "out of range"),
        ({"low": 0.0}, "out of range"),
        ({"low": np.nan}, "out of range"),
        ({"high": 1.1}, "out of range"),
        ({"shape": np.zeros(3)}, "4 elements"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, error):
    arguments = {
        "energy": np.ones(3),
        "edges": np.array([0, 3]),
        "steps": 5,
        "low": 0.2,
        "high": 0.9,
        "present": 0.4,
        "shape": np.zeros(4),
    }
    with pytest.raises(ValueError, match=error):
        _compiled.core.envelopes(*(arguments | change).values())


@needs_core
@pytest.mark.parametrize("energy", [np.full(3, np.nan), np.full(3, np.inf), np.full(3, -1.0)])
def test_energy_that_is_none_gives_no_shape(energy):
    shape = np.zeros(4)
    _compiled.core.envelopes(energy, np.array([0, 3]), 5, 0.2, 0.9, 0.4, shape)
    assert np.isnan(shape).all()


@needs_core
@pytest.mark.parametrize(
    ("begin", "first", "last", "length"),
    [(0, 0, 4, 2.5), (3, 1, 2, 2.5), (0, -1, 2, 2.5), (0, 2, 1, 2.5), (0, 0, 2, np.nan)],
)
def test_intervals_beyond_the_samples_are_refused(begin, first, last, length):
    x, out = np.zeros(9, dtype=np.float32), np.zeros(max(0, last - first))
    with pytest.raises(ValueError, match="not within x"):
        _compiled.core.intervals(x, begin, first, last, length, out)
