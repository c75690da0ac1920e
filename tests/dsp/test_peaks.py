"""Peaks of spectra by the compiled core are those by NumPy, to the bit."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp import _compiled
from featkit.dsp.filters import frequencies
from featkit.dsp.peaks import HIGHEST, LOWEST, spectral_peaks


@given(
    frames=st.integers(1, 70),
    levels=st.sampled_from([0, 2, 5]),
    sr=st.sampled_from([400, 8000, 22050]),
    seed=st.integers(0, 99),
)
def test_peaks_equal_those_of_numpy(frames, levels, sr, seed):
    S = np.random.default_rng(seed).random((129, frames)).astype(np.float32)
    S = np.round(S * levels) if levels else S  # neighbours that are equal
    loudest = S.max(axis=0)
    ours = assert_same_bits_everywhere(lambda: np.stack(spectral_peaks(S, loudest, sr)))
    with without_core():
        theirs = np.stack(spectral_peaks(S, loudest, sr))
    np.testing.assert_array_equal(ours, theirs)


def test_a_peak_is_refined_by_a_parabola():
    hz = frequencies(22050, 2048)
    S = np.maximum(0, 1 - ((hz - 1003.0) / 50) ** 2)[:, None].astype(np.float32)
    frame, frequency, height = spectral_peaks(np.repeat(S, 3, axis=1), np.ones(3), 22050)
    np.testing.assert_array_equal(frame, [0, 1, 2])
    np.testing.assert_allclose(frequency, 1003.0, atol=1e-3)
    np.testing.assert_allclose(height, 1.0, atol=1e-6)


def test_peaks_outside_the_range_are_left_out():
    S = np.zeros((1025, 1), dtype=np.float32)
    hz = frequencies(22050, 2048)
    low, high = np.searchsorted(hz, [LOWEST, HIGHEST])
    S[[low - 1, high]] = 1
    assert not len(spectral_peaks(S, np.ones(1, np.float32), 22050)[0])


@needs_core
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"bins": 6}, "not within S"),
        ({"low": 0}, "not within S"),
        ({"high": 5}, "not within S"),
        ({"low": 4, "high": 3}, "not within S"),
        ({"limit": np.zeros(3, np.float32)}, "2 elements"),
        ({"frame": np.zeros(3, np.int64)}, "4 elements"),
        ({"height": np.zeros(4, np.float32)}, "kind 'd'"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, error):
    arguments = {
        "S": np.zeros((5, 2), dtype=np.float32),
        "bins": 5,
        "limit": np.zeros(2, dtype=np.float32),
        "low": 1,
        "high": 4,
        "sr": 8.0,
        "n_fft": 8.0,
        "frame": np.zeros(4, dtype=np.int64),
        "frequency": np.zeros(4),
        "height": np.zeros(4),
    }
    with pytest.raises((ValueError, TypeError), match=error):
        _compiled.core.peaks(*(arguments | change).values())
