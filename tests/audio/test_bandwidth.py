"""Bandwidth: the frequency up to which there is sound, at once or block by block."""

import numpy as np
import pytest
import scipy.signal
import soundfile
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.audio import bandwidth, loading
from featkit.audio.bandwidth import BandwidthMeter

BAND = 1 / 128
"""Width of a band in sample rates."""

KINDS = ("float", "int16", "dithered")


def measured(samples, sr):
    meter = BandwidthMeter(sr)
    meter.add(samples)
    return meter.bandwidth()


def stored(y, kind):
    """Samples as a file holds them: floats, or 16 bits with or without dither."""
    if kind == "float":
        return y.astype(np.float32)
    rng = np.random.default_rng(5)
    dither = rng.uniform(-0.5, 0.5, (2, *y.shape)).sum(axis=0) if kind == "dithered" else 0
    return np.rint(y * 2**15 + dither).clip(-(2**15), 2**15 - 1).astype(np.int16)


def low_passed_noise(sr, cutoff, seconds=2.0, level=0.1, seed=0):
    """White noise below a cutoff, with nothing above it."""
    taps = scipy.signal.firwin(1023, cutoff, fs=sr, window=("kaiser", 14))
    noise = signals.noise(sr, seconds + 1022 / sr, amplitude=level, seed=seed)
    return np.convolve(noise, taps, mode="valid")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sr", [8000, 22050, 48000, 96000])
@pytest.mark.parametrize("fraction", [0.1, 0.34, 0.425])
def test_low_passed_noise_ends_at_the_cutoff(kind, sr, fraction):
    y = low_passed_noise(sr, fraction * sr)
    # Half of the transition of the filter, and the band in which the noise ends.
    transition = 0.01 * sr
    found = measured(stored(y, kind), sr)
    assert fraction * sr - transition < found <= fraction * sr + transition + BAND * sr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.5, 3.0, 40.0])
@pytest.mark.parametrize("sr", [8000, 44100])
def test_full_band_noise_ends_at_half_of_the_sample_rate(kind, seconds, sr):
    assert measured(stored(signals.noise(sr, seconds), kind), sr) == sr / 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_level_does_not_change_it(kind):
    for decibels in (0, -20, -40):
        y = low_passed_noise(44100, 11025, level=0.3 * 10 ** (decibels / 20))
        assert measured(stored(y, kind), 44100) == pytest.approx(11025, abs=600), decibels


@pytest.mark.parametrize("kind", KINDS)
def test_resampling_from_a_lower_rate_is_seen(kind):
    y = soxr.resample(signals.noise(8000, 4.0, amplitude=0.2), 8000, 44100, quality="HQ")
    # Above 4 kHz is the transition of the filter.
    assert 4000 <= measured(stored(y, kind), 44100) < 4500


@pytest.mark.parametrize("kind", KINDS)
def test_a_telephone_band_is_seen(kind):
    band = scipy.signal.firwin(511, [300, 3400], pass_zero=False, fs=16000, window=("kaiser", 10))
    y = np.convolve(signals.noise(16000, 4.0, amplitude=0.3), band, mode="valid")
    assert 3400 <= measured(stored(y, kind), 16000) < 3750


@pytest.mark.parametrize(
    ("compression", "low", "high"), [(0.95, 10_000, 13_000), (0.8, 19_000, 21_000)]
)
def test_the_limit_of_mp3_remains_after_conversion_to_wav(tmp_path, compression, low, high):
    if "MP3" not in soundfile.available_formats():
        pytest.skip("this libsndfile does not write MP3")
    y = signals.noise(44100, 4.0, amplitude=0.2)
    how = {"format": "MP3", "bitrate_mode": "CONSTANT", "compression_level": compression}
    try:
        soundfile.write(tmp_path / "a.mp3", y, 44100, **how)
    except TypeError:
        pytest.skip("soundfile 0.12 cannot set the bit rate of MP3")
    decoded = loading.read(tmp_path / "a.mp3")
    soundfile.write(tmp_path / "a.wav", decoded.y, 44100, subtype="PCM_16")
    first, second = decoded.quality(), loading.read(tmp_path / "a.wav").quality()
    assert low < first.bandwidth < high
    assert second.bandwidth == first.bandwidth


def test_a_short_event_in_digital_silence_is_measured_alone():
    y = np.zeros(10 * 44100)
    y[100_000:118_000] = low_passed_noise(44100, 8000, seconds=1.0)[:18_000]
    assert measured(stored(y, "float"), 44100) == pytest.approx(8000, abs=600)


def test_a_clipped_frame_in_twenty_does_not_count():
    y = low_passed_noise(44100, 8000, seconds=10.0)
    y[44100:44400] = np.sign(y[44100:44400])
    assert measured(stored(y, "int16"), 44100) == pytest.approx(8000, abs=600)


def test_channels_are_averaged_and_not_mixed():
    y = low_passed_noise(44100, 8000)
    opposite = np.stack([y, -y], axis=1).astype(np.float32)
    assert measured(opposite, 44100) == measured(stored(y, "float"), 44100)
    one_silent = np.stack([np.zeros_like(y), y], axis=1).astype(np.float32)
    assert measured(one_silent, 44100) == pytest.approx(8000, abs=600)


@pytest.mark.parametrize("samples", [1, 100, 2048, 50_000])
def test_it_is_undefined_without_sound(samples):
    assert np.isnan(measured(np.zeros(samples, np.int16), 8000))
    faint = signals.noise(8000, samples / 8000, amplitude=1e-6)
    assert np.isnan(measured(stored(faint, "float"), 8000))


def test_an_offset_is_no_sound_above_the_first_bands():
    assert measured(np.full(50_000, 0.5, np.float32), 44100) < 2000


# Blocks


@settings(max_examples=30)
@given(
    st.integers(1, 3),
    st.integers(1, 40_000),
    st.lists(st.integers(1, 9000), min_size=1, max_size=9),
    st.sampled_from(["float", "int16"]),
)
def test_blocks_of_any_size_give_the_same_spectra(channels, frames, sizes, kind):
    rng = np.random.default_rng(frames)
    noise = rng.standard_normal((frames, channels))
    y = stored(noise[:, 0] if channels == 1 else noise, kind)
    sr = 1000.0
    whole, parts = BandwidthMeter(sr), BandwidthMeter(sr)
    whole.add(y)
    start = k = 0
    while start < frames:
        parts.add(y[start : start + sizes[k % len(sizes)]])
        start, k = start + sizes[k % len(sizes)], k + 1
    np.testing.assert_array_equal(np.array(whole._spectra), np.array(parts._spectra))
    assert whole.bandwidth() == pytest.approx(parts.bandwidth(), rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize(
    ("seconds", "count", "spacing"),
    [(0.2, 1, 0.25), (7.0, 28, 0.25), (10.0, 20, 0.5), (30.0, 30, 1.0), (1000.0, 1000, 1.0)],
)
def test_frames_of_long_recordings_are_further_apart(seconds, count, spacing):
    sr = 16000
    meter = BandwidthMeter(sr)
    for _ in range(round(seconds * 10)):
        meter.add(np.ones(sr // 10, np.int16))
    meter.bandwidth()
    assert (len(meter._spectra), meter._spacing) == (count, spacing * sr)


def test_the_number_of_frames_is_limited(monkeypatch):
    monkeypatch.setattr(bandwidth, "MAX_FRAMES", 64)
    meter = BandwidthMeter(1000.0)
    for _ in range(500):
        meter.add(np.ones(1000, np.int16))
    assert (len(meter._spectra), meter._spacing) == (63, 8000)
    assert len(meter._pending) < bandwidth.N_FFT
