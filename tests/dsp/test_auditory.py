"""Mel bands as in HTK, and the sensitivity of hearing."""

import numpy as np

from featkit.dsp.auditory import equal_loudness, htk_mel_edges, htk_mel_filters

SR, N_FFT = 16000, 512


def test_edges_are_evenly_spaced_in_mel():
    mels = 2595 * np.log10(1 + htk_mel_edges(26, 20, 8000) / 700)
    np.testing.assert_allclose(np.diff(mels), (mels[-1] - mels[0]) / 27)
    np.testing.assert_allclose(htk_mel_edges(26, 20, 8000)[[0, -1]], [20, 8000])
    np.testing.assert_allclose(2595 * np.log10(1 + 1000 / 700), 1000, atol=0.1)  # by definition


def test_neighbouring_triangles_add_up_to_one():
    edges = htk_mel_edges(26, 20, 8000)
    hz = np.fft.rfftfreq(N_FFT, 1 / SR)
    inside = (hz >= edges[1]) & (hz <= edges[-2])
    weights = htk_mel_filters(SR, N_FFT, 26, 20.0, 8000.0).toarray()
    np.testing.assert_allclose(weights.sum(axis=0)[inside], 1, atol=1e-5)
    assert weights.min() == 0
    assert weights.max() <= 1


def test_the_first_bin_is_that_after_the_closest_to_the_lower_edge():
    weights = htk_mel_filters(SR, N_FFT, 26, 20.0, 8000.0).toarray()
    assert not weights[:, :2].any()  # 0 and 31.25 Hz; the latter is closest to 20 Hz
    assert weights[0, 2] > 0


def test_hearing_is_most_sensitive_at_a_few_khz():
    centres, sensitivity = htk_mel_edges(26, 20, 8000)[1:-1], equal_loudness(26, 20.0, 8000.0)
    assert 2500 < centres[np.argmax(sensitivity)] < 4500
    rising = centres < centres[np.argmax(sensitivity)]
    assert (np.diff(sensitivity[rising]) > 0).all()
    assert (np.diff(sensitivity[~rising]) < 0).all()
    at_100_hz, at_1_khz = (np.interp(f, centres, sensitivity) for f in (100, 1000))
    # The curves of equal loudness at 40 phon of ISO 226 differ by 22 dB between 100 Hz and 1 kHz.
    assert 16 < 10 * np.log10(at_1_khz / at_100_hz) < 28
