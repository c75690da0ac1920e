"""Spectra of speech: quantities with values known from theory."""

import numpy as np
import pytest

from featkit import signals
from featkit.dsp.speech_spectra import SpeechSpectra
from featkit.errors import ParameterError

SR = 16000
RATES = [8000, 16000, 22050, 44100]


def shaped_noise(level, sr=SR, seconds=20.0, seed=0):
    """Noise whose power spectrum in dB is `level` of the frequency in Hz."""
    noise = np.random.default_rng(seed).standard_normal(round(sr * seconds))
    hz = np.fft.rfftfreq(len(noise), 1 / sr)
    spectrum = np.fft.rfft(noise) * 10 ** (level(np.maximum(hz, 1)) / 20)
    y = np.fft.irfft(spectrum, len(noise))
    return (0.1 * y / np.std(y)).astype(np.float32)


def shape_of(y, sr=SR):
    return SpeechSpectra([y], sr).shape


@pytest.mark.parametrize("sr", RATES)
def test_frames_of_20_ms_begin_with_the_clip(sr):
    spectra = SpeechSpectra([signals.noise(sr, 0.5), signals.noise(sr, 0.01)], sr)
    assert list(spectra.segments.lengths) == [49, 1]
    assert spectra.n_fft >= 0.02 * sr
    assert np.isnan(spectra.shape.bands[:, -1]).all()
    assert np.isnan(spectra.loudness.values[-1])
    assert np.isfinite(spectra.loudness.values[:-1]).all()


def test_a_rate_below_that_of_telephones_is_refused():
    with pytest.raises(ParameterError, match="at least 8000 Hz, got 4000 Hz"):
        SpeechSpectra([signals.noise(4000)], 4000)


@pytest.mark.parametrize("slope", [-0.02, 0.0, 0.01])
def test_slopes_of_noise_whose_level_is_linear_in_frequency(slope):
    y = shaped_noise(lambda hz: slope * np.minimum(hz, 2000))
    low, middle, _ = np.mean(shape_of(y).slopes, axis=1)
    # Noise has a lower mean level in dB at 0 Hz than elsewhere, where a bin has two components.
    white, _, _ = np.mean(shape_of(shaped_noise(lambda hz: 0 * hz)).slopes, axis=1)
    assert abs(white) < 0.003
    assert low - white == pytest.approx(slope, abs=5e-4)
    assert middle == pytest.approx(slope, abs=5e-4)


@pytest.mark.parametrize("tilt", [-9.0, -3.0, 0.0, 3.0])
def test_tilt_of_noise_whose_level_is_linear_in_octaves(tilt):
    # Noise without its part below 50 Hz, which would leak into the bins above.
    y = shaped_noise(lambda hz: tilt * np.log2(np.maximum(hz, 60) / 1000))
    assert np.mean(shape_of(y).slopes[2]) == pytest.approx(tilt, abs=0.35)


@pytest.mark.parametrize("sr", RATES[1:])
@pytest.mark.parametrize("ratio", [-20.0, 0.0, 15.0])
def test_alpha_ratio_of_two_bands_of_noise(sr, ratio):
    def level(hz):
        low, high = (hz > 300) & (hz < 700), (hz > 1500) & (hz < 4500)
        return np.where(low, 0, np.where(high, ratio, -200.0))

    y = shaped_noise(level, sr)
    spectra = SpeechSpectra([y], sr)
    width = 10 * np.log10(3000 / 400)  # the upper band is wider
    alpha = np.median(spectra.shape.alpha_ratio)
    assert alpha == pytest.approx(ratio + width, abs=0.7)


@pytest.mark.parametrize("ratio", [-20.0, 0.0, 15.0])
def test_hammarberg_index_of_two_bands_of_the_same_width(ratio):
    def level(hz):
        low, high = (hz > 400) & (hz < 1800), (hz > 2600) & (hz < 4000)
        return np.where(low, 0, np.where(high, -ratio, -200.0))

    index = np.mean(shape_of(shaped_noise(level)).hammarberg_index)
    assert index == pytest.approx(ratio, abs=0.5)


def test_flux_of_an_impulse_is_the_change_of_the_window_at_its_place():
    y = np.zeros(SR // 4, dtype=np.float32)
    y[1600] = 0.5
    flux = shape_of(y).flux
    # The impulse is 160 samples into frame 9 and at the first sample of frame 10.
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(320) / 319)
    expected = np.abs(np.diff([0, window[160], window[0], 0])) * 0.5
    np.testing.assert_allclose(flux[9:12], expected, rtol=1e-4)
    assert not flux[:9].any()
    assert not flux[12:].any()


def test_loudness_grows_with_the_power_0_33_of_the_power():
    y = signals.noise(SR)
    once, ten_times = (SpeechSpectra([x], SR).loudness.values for x in (y, 10 * y))
    np.testing.assert_allclose(ten_times / once, 100**0.33, rtol=1e-5)


@pytest.mark.parametrize("sr", RATES[1:])
def test_loudness_does_not_depend_on_the_rate(sr):
    tone = signals.sine(1000.0, sr)
    reference = SpeechSpectra([signals.sine(1000.0, SR)], SR).loudness.values
    assert np.median(SpeechSpectra([tone], sr).loudness.values) == pytest.approx(
        np.median(reference), rel=0.03
    )


def test_bands_are_sums_of_power():
    y = signals.noise(SR, 0.1)
    spectra = SpeechSpectra([y], SR)
    frames = np.lib.stride_tricks.sliding_window_view(y.astype(np.float64), 320)[::160]
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(320) / 319)
    power = np.abs(np.fft.rfft(frames * window, 512)) ** 2
    mels = 2595 * np.log10(1 + np.arange(257) * 31.25 / 700)
    edges = np.linspace(2595 * np.log10(1 + 20 / 700), 2595 * np.log10(1 + 8000 / 700), 28)
    for k in range(26):
        weights = np.interp(mels, edges[k : k + 3], [0, 1, 0])
        weights[:2] = 0
        np.testing.assert_allclose(spectra.shape.bands[k], power @ weights, rtol=2e-5)


def test_spectra_that_are_not_kept_have_the_same_values(monkeypatch):
    y = signals.noise(SR, 25.0)  # two batches
    kept = SpeechSpectra([y, y[:5000]], SR)
    monkeypatch.setattr("featkit.dsp.speech_spectra.KEPT_BYTES", 0)
    again = SpeechSpectra([y, y[:5000]], SR)
    for ours, theirs in zip(kept.shape, again.shape, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for (clip, frames, power), other in zip(kept.powers(), again.powers(), strict=True):
        assert (clip, frames) == other[:2]
        np.testing.assert_array_equal(power, other[2])


def test_slopes_by_the_formula_with_one_bin_fewer():
    y = shaped_noise(lambda hz: -0.01 * np.minimum(hz, 2000), seconds=0.1)
    frames = np.lib.stride_tricks.sliding_window_view(y.astype(np.float64), 320)[::160]
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(320) / 319)
    level = 10 * np.log10(np.abs(np.fft.rfft(frames * window, 512)) ** 2)
    shape = shape_of(y)
    for row, bins in zip(shape.opensmile_slopes, (slice(0, 17), slice(16, 49)), strict=True):
        x, y_bins = 31.25 * np.arange(257)[bins], level[:, bins]
        count = len(x) - 1
        expected = count * y_bins @ x - np.sum(x) * np.sum(y_bins, axis=1)
        expected /= count * np.sum(x**2) - np.sum(x) ** 2
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_silent_frames_have_the_slopes_that_opensmile_printed():
    shape = shape_of(np.zeros(SR, dtype=np.float32))
    np.testing.assert_allclose(shape.opensmile_slopes[0], 0.112, atol=1e-6)
    np.testing.assert_allclose(shape.opensmile_slopes[1], 0.076364, atol=1e-6)
    assert np.isnan(shape.slopes).all()
    assert np.isnan(shape_of(np.zeros(100, dtype=np.float32)).opensmile_slopes).all()


def test_the_alpha_ratio_from_0_hz_counts_two_more_bins():
    y = np.zeros(SR // 10, dtype=np.float32)
    y[480] = 1  # a flat spectrum
    shape = shape_of(y)
    frame = 2
    assert shape.alpha_ratio[frame] == pytest.approx(10 * np.log10(129 / 30), abs=1e-3)
    assert shape.opensmile_alpha_ratio[frame] == pytest.approx(10 * np.log10(129 / 32), abs=1e-3)
