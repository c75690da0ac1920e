"""Energy and zero crossings of frames equal sums over their samples."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp import _compiled
from featkit.dsp.framing import Grid
from featkit.dsp.segments import Segments


def grid_of(clips, n_fft, hop_length, pad_mode="constant"):
    segments = Segments([1 + len(clip) // hop_length for clip in clips])
    framing = {"n_fft": n_fft, "hop_length": hop_length, "window": "hann", "pad_mode": pad_mode}
    return Grid(clips, segments, **framing), segments


def energy_and_crossings(signal):
    return np.stack([signal.frame_energy(), signal.frame_crossings(0.1)])


def expected_values(y, n_fft, hop_length):
    """The same for one clip, frame by frame; the clip is padded with zeros or its edge values."""
    half = n_fft // 2
    padded, edges = np.pad(y.astype(np.float64), half), np.pad(y, half, mode="edge") < -0.1
    starts = range(0, 1 + len(y), hop_length)
    energy = [np.sum(padded[k : k + n_fft] ** 2) for k in starts]
    crossings = [np.count_nonzero(np.diff(edges[k : k + n_fft])) for k in starts]
    return np.array([energy, crossings])


@given(
    lengths=st.lists(st.integers(1, 900), min_size=1, max_size=4),
    sizes=st.sampled_from([(64, 16), (64, 64), (100, 30), (62, 31), (32, 7)]),
    seed=st.integers(0, 99),
)
def test_frames_have_the_energy_and_the_crossings_of_their_samples(lengths, sizes, seed):
    rng = np.random.default_rng(seed)
    clips = [rng.standard_normal(n).astype(np.float32) for n in lengths]
    grid, segments = grid_of(clips, *sizes)
    whole = grid.signal(slice(0, segments.total))
    ours = assert_same_bits_everywhere(lambda: energy_and_crossings(whole))
    expected = np.concatenate([expected_values(y, *sizes) for y in clips], axis=1)
    np.testing.assert_allclose(ours[0], expected[0], rtol=1e-5)
    np.testing.assert_array_equal(ours[1], expected[1])
    with without_core():
        theirs = energy_and_crossings(whole)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    np.testing.assert_array_equal(ours[1], theirs[1])
    middle = segments.total // 2
    parts = [grid.signal(slice(0, middle))] if middle else []
    parts.append(grid.signal(slice(middle, segments.total)))
    in_parts = np.concatenate([energy_and_crossings(part) for part in parts], axis=1)
    np.testing.assert_array_equal(in_parts, ours)


def test_a_mirrored_end_has_no_crossings_of_its_own():
    y = np.tile(np.array([1, -1], dtype=np.float32), 200)
    grid, segments = grid_of([y], 64, 16, pad_mode="reflect")
    crossings = grid.signal(slice(0, segments.total)).frame_crossings(0.1)
    np.testing.assert_array_equal(crossings, expected_values(y, 64, 16)[1])


@needs_core
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"starts": np.array([0, 65])}, "not within y"),
        ({"starts": np.array([-16, 0])}, "not within y"),
        ({"starts": np.array([16, 0])}, "in order"),
        ({"starts": np.array([0, 8])}, "whole pieces"),
        ({"piece": 0}, "divide"),
        ({"piece": 3}, "divide"),
        ({"n_fft": -64}, "divide"),
        ({"y": np.zeros(127, np.float32)}, "divide"),
        ({"begins": np.zeros(2, np.int64)}, "2 elements"),
        ({"out": np.zeros(2, np.int32)}, "kind 'f'"),
        ({"out": np.zeros(1, np.float32)}, "2 elements"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, error):
    arguments = {
        "y": np.zeros(128, dtype=np.float32),
        "starts": np.array([0, 64]),
        "n_fft": 64,
        "piece": 16,
        "begins": np.zeros(1, dtype=np.int64),
        "ends": np.full(1, 128),
        "zero": 0.0,
        "of_energy": True,
        "out": np.zeros(2, dtype=np.float32),
    }
    with pytest.raises((ValueError, TypeError), match=error):
        _compiled.core.frames(*(arguments | change).values())
