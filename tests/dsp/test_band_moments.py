"""Moments of wavelet bands equal those of PyWavelets' coefficients, in any pieces."""

import numpy as np
import pytest
import pywt
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp import _compiled, disk_array
from featkit.dsp.band_moments import N_MOMENTS, frame_powers, symmetric_moments
from featkit.dsp.dwt import dwt, max_level, wavelet_filters

WAVELETS = ("haar", "db2", "db3", "db4", "db8")


def table(clips, wavelet, level):
    """Moments of the bands, ``(5, clips, bands)``."""
    m = symmetric_moments(clips, wavelet, level)
    return np.stack([m.count, m.mean, m.std, m.mean_abs, m.mean_square])


def expected_table(y, wavelet, level):
    bands = pywt.wavedec(y.astype(np.float64), wavelet, level=level)
    moments = [(len(c), c.mean(), c.std(), np.abs(c).mean(), np.mean(c**2)) for c in bands]
    return np.array(moments).T


@given(
    wavelet=st.sampled_from(WAVELETS),
    level=st.integers(1, 6),
    more=st.integers(0, 9000),
    scale=st.sampled_from([1e-36, 1.0, 1e15]),
    seed=st.integers(0, 99),
)
def test_moments_equal_those_of_pywavelets(wavelet, level, more, scale, seed):
    shortest = (pywt.Wavelet(wavelet).dec_len - 1) * 2**level
    rng = np.random.default_rng(seed)
    y = (scale * rng.normal(0.1, 1, shortest + more)).astype(np.float32)
    too_short = y[: shortest - 1]
    ours = assert_same_bits_everywhere(lambda: table([y, too_short, y], wavelet, level))
    expected = expected_table(y, wavelet, level)
    np.testing.assert_allclose(ours[:, 0], expected, rtol=1e-9, atol=1e-12 * scale)
    np.testing.assert_array_equal(ours[:, 2], ours[:, 0])
    assert np.isnan(ours[:, 1]).all()
    with without_core():
        theirs = table([y], wavelet, level)[:, 0]
    np.testing.assert_allclose(ours[:, 0], theirs, rtol=1e-9, atol=1e-12 * scale)


@pytest.mark.parametrize("piece", [1, 7, 1000, 4096])
@pytest.mark.parametrize("wavelet", WAVELETS)
def test_moments_do_not_depend_on_the_pieces(wavelet, piece, monkeypatch):
    y = np.random.default_rng(3).standard_normal(5001).astype(np.float32)
    whole = table([y], wavelet, 5)
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", piece)
    np.testing.assert_allclose(table([y], wavelet, 5), whole, rtol=1e-11, atol=1e-13)


def test_a_constant_has_no_deviation():
    moments = symmetric_moments([np.full(9000, 0.25, dtype=np.float32)], "db4", 7)
    np.testing.assert_allclose(moments.std, 0, atol=1e-12)
    np.testing.assert_allclose(moments.mean[0], [0.25 * 2**3.5] + 7 * [0], atol=1e-12)


@given(wavelet=st.sampled_from(WAVELETS), n=st.integers(1, 80), rows=st.integers(1, 3))
def test_a_level_equals_that_of_pywavelets_even_if_shorter_than_the_filter(wavelet, n, rows):
    x = np.random.default_rng(n).standard_normal((rows, n))
    ours = assert_same_bits_everywhere(lambda: np.stack(dwt(x, wavelet)))
    np.testing.assert_allclose(ours, np.stack(pywt.dwt(x, wavelet)), atol=1e-13)


def test_powers_of_frames_equal_those_without_the_core():
    y = np.random.default_rng(0).standard_normal(9000).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(y, 700)[::50]
    ours = frame_powers(frames, "db3", 4)
    with without_core():
        np.testing.assert_allclose(ours, frame_powers(frames, "db3", 4), rtol=1e-12)


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_the_deepest_level_is_that_of_pywavelets(wavelet):
    lengths = range(1, 400)
    expected = [pywt.dwt_max_level(n, wavelet) for n in lengths]
    assert [max_level(n, wavelet) for n in lengths] == expected


@needs_core
@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"x": np.zeros(7, np.float32)}, "rows of one length"),
        ({"x": np.zeros(0, np.float32)}, "rows of one length"),
        ({"x": np.zeros(8)}, "kind 'f'"),
        ({"levels": 33}, "levels"),
        ({"levels": 0}, "levels"),
        ({"low": np.zeros(3)}, "even number"),
        ({"low": np.zeros(66), "high": np.zeros(66)}, "even number"),
        ({"high": np.zeros(4)}, "2 elements"),
        ({"kept": np.zeros(7)}, "8 elements"),
        ({"held": np.full(4, 2)}, "held"),
        ({"held": np.full(4, -3)}, "held"),
        ({"moments": np.zeros(29)}, "30 elements"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, error):
    low, high = wavelet_filters("haar")
    arguments = {
        "x": np.zeros(8, dtype=np.float32),
        "rows": 2,
        "levels": 2,
        "last": True,
        "low": low,
        "high": high,
        "kept": np.zeros(8),
        "held": np.full(4, -1),
        "moments": np.zeros(6 * N_MOMENTS),
    }
    with pytest.raises((ValueError, TypeError), match=error):
        _compiled.core.bands(*(arguments | change).values())


@needs_core
def test_a_signal_that_ends_before_the_filter_is_refused():
    low, high = wavelet_filters("db4")
    x, held = np.zeros(6, dtype=np.float32), np.full(1, -1)
    with pytest.raises(ValueError, match="shorter than the filter"):
        _compiled.core.bands(x, 1, 1, True, low, high, np.zeros(8), held, np.zeros(10))
