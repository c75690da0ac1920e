"""Quality: measured on the samples before resampling, at once or block by block."""

import math

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from featkit import signals
from featkit.audio import loading
from featkit.audio.bandwidth import BandwidthMeter
from featkit.audio.excerpt import Excerpt
from featkit.audio.quality import Quality, QualityMeter, measure_quality
from featkit.schema import (
    CLIPPED_RUN,
    MEASURED_QUALITY,
    SHORT_DURATION,
    SILENCE_LEVEL,
    SILENCE_WINDOW,
)

SR = 8000
FULL = 32767 / 32768


def quality_of(y, sr=SR, **kwargs):
    return measure_quality(np.asarray(y, dtype=np.float32), sr, **kwargs)


def integers(y):
    return np.rint(np.asarray(y) * 2**15).clip(-(2**15), 2**15 - 1).astype(np.int16)


def test_every_column_is_a_value_of_the_row_in_its_order_and_type():
    assert [column.name for column in MEASURED_QUALITY] == [
        f"quality_{name}" for name in Quality._fields
    ]
    row = quality_of(signals.noise(SR, 0.5))
    for column, value in zip(MEASURED_QUALITY, row, strict=True):
        assert np.array(value).dtype == column.dtype, column.name
        assert column.definition


def test_the_quality_of_a_sine_is_known():
    row = quality_of(signals.sine(400.0, SR, 0.5, amplitude=0.25))
    assert row == Quality(
        duration=0.5,
        sample_rate=8000.0,
        channels=1,
        peak=0.25,
        clipped_share=0.0,
        silence_share=0.0,
        silent=False,
        clipped=False,
        short=False,
        truncated=False,
        mono_as_stereo=False,
        level=pytest.approx(20 * math.log10(0.25) - 3.0103, abs=1e-4),
        bandwidth=row.bandwidth,  # see test_bandwidth.py
    )


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kind", ["int16", "float"])
def test_the_peak_is_the_largest_absolute_sample_of_any_channel(sign, kind):
    y = np.stack([signals.sine(100, SR, amplitude=0.1)] * 2, axis=1)
    y[1234, 1] = sign * 0.5
    samples = integers(y) if kind == "int16" else y
    assert measure_quality(samples, SR).peak == 0.5


# Level


def level_by_definition(samples):
    y = samples / 2**15 if samples.dtype == np.int16 else samples.astype(np.float64)
    power = math.fsum((y**2).ravel()) / y.size
    return 10 * math.log10(power) if power else math.nan


@pytest.mark.parametrize("kind", ["int16", "float"])
@pytest.mark.parametrize("sr", [8000, 44100, 96000])
def test_levels_of_known_signals(kind, sr):
    make = integers if kind == "int16" else np.float32
    t = np.arange(2 * sr) / sr
    square = np.where(t % 0.01 < 0.005, 0.5, -0.5)
    cases = {
        20 * math.log10(0.5): square,
        20 * math.log10(0.5) - 10 * math.log10(2): 0.5 * np.sin(2 * np.pi * 100 * t),
        20 * math.log10(0.25): np.full(len(t), 0.25),
        20 * math.log10(0.5) - 10 * math.log10(3): np.linspace(-0.5, 0.5, len(t)),
        -20.0: np.random.default_rng(0).standard_normal(len(t)) * 0.1,
    }
    for level, y in cases.items():
        tolerance = 0.03 if level == -20 else 1e-3
        assert measure_quality(make(y), sr).level == pytest.approx(level, abs=tolerance)


def test_the_level_of_a_full_scale_square_wave_is_zero():
    y = np.tile([1.0, -1.0], SR)
    assert quality_of(y).level == pytest.approx(0, abs=1e-5)
    assert measure_quality(np.tile(np.int16([-32768, -32768]), SR), SR).level == 0


def test_the_level_is_that_of_all_channels():
    y = np.stack([np.full(SR, 0.5), np.zeros(SR)], axis=1)
    assert quality_of(y).level == pytest.approx(20 * math.log10(0.5) - 10 * math.log10(2), abs=1e-5)


@pytest.mark.parametrize("samples", [1, 100, SR])
def test_digital_silence_has_no_level(samples):
    row = measure_quality(np.zeros((samples, 2), np.int16), SR)
    assert np.isnan([row.level, row.bandwidth]).all()
    assert (row.silent, row.peak) == (True, 0.0)


def test_one_step_of_16_bits_is_not_silence():
    y = np.zeros(SR, np.int16)
    y[5000] = 1
    assert measure_quality(y, SR).level == pytest.approx(-90.309 - 10 * math.log10(SR), abs=1e-3)


# Clipping


def runs(*lengths, level=1.0, between=5):
    """Runs at a level, with quieter samples between them."""
    parts = [[0.1] * between + [level] * length for length in lengths]
    return np.concatenate([*parts, [0.1] * between])


@pytest.mark.parametrize("level", [1.0, -1.0, FULL, -FULL, 1.7])
def test_runs_of_three_and_more_at_full_scale_are_clipped(level):
    y = runs(1, 2, 3, 4, 1, 7, 2, level=level)
    row = quality_of(y)
    assert row.clipped
    assert row.clipped_share == (3 + 4 + 7) / len(y)


def test_shorter_runs_and_lower_levels_are_not_clipped():
    assert not quality_of(runs(1, 2, 2, 1)).clipped
    assert quality_of(runs(50, level=FULL - 1e-4)).clipped_share == 0


def test_a_run_lies_within_one_channel():
    y = np.zeros((12, 2))
    y[[3, 4], 0] = y[[5, 6], 1] = 1
    assert not quality_of(y).clipped
    y[5, 0] = 1
    assert quality_of(y).clipped_share == 3 / 24


def test_the_clipped_share_of_a_loud_sine_is_that_of_theory():
    y = signals.sine(100.0, 48000, 1.0, amplitude=2.0)
    share = quality_of(np.clip(y, -1, 1), 48000).clipped_share
    # |cos| is above a half for two thirds of the time.
    assert share == pytest.approx(2 / 3, abs=0.01)
    assert not quality_of(y / 2.001, 48000).clipped


def test_a_single_peak_at_full_scale_is_not_clipping():
    y = integers(signals.sine(440.0, 44100, 1.0, amplitude=1.0))
    assert measure_quality(y, 44100).peak == pytest.approx(1, abs=1e-4)
    assert not measure_quality(y, 44100).clipped


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "PCM_U8"),
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("WAV", "ULAW"),
        ("WAV", "ALAW"),
        ("FLAC", "PCM_S8"),
        ("AIFF", "PCM_16"),
        ("AU", "PCM_32"),
    ],
)
def test_clipping_is_detected_in_every_sample_format(tmp_path, form, subtype):
    y = np.clip(signals.sine(100.0, 44100, 0.5, amplitude=2.0), -1, 1)
    soundfile.write(tmp_path / "loud", y, 44100, format=form, subtype=subtype)
    soundfile.write(tmp_path / "fair", y * 0.9, 44100, format=form, subtype=subtype)
    # The quantisation steps of µ-law and A-law are a few percent at this level.
    assert loading.read(tmp_path / "loud").quality().clipped_share == pytest.approx(2 / 3, abs=0.02)
    assert not loading.read(tmp_path / "fair").quality().clipped


# Silence


def test_silence_is_measured_in_windows():
    window = round(SILENCE_WINDOW * SR)
    y = np.concatenate([signals.sine(500, SR, 10 * SILENCE_WINDOW), np.zeros(30 * window)])
    row = quality_of(y)
    assert row.silence_share == 30 / 40
    assert not row.silent


@pytest.mark.parametrize(
    ("amplitude", "silent"), [(0.99 * SILENCE_LEVEL, True), (1.1 * SILENCE_LEVEL, False)]
)
@pytest.mark.parametrize("offset", [0.0, -0.25])
def test_a_signal_below_minus_60_db_is_silent(amplitude, silent, offset):
    row = quality_of(offset + signals.sine(1000.0, SR, 0.3, amplitude=amplitude))
    assert (row.silent, row.silence_share) == (silent, float(silent))


def test_the_last_samples_are_not_a_window_of_their_own():
    window = round(SILENCE_WINDOW * SR)
    # One sample after the last whole window: alone it would be silent.
    assert quality_of(signals.sine(1000.0, SR, 1.0)[: 10 * window + 1]).silence_share == 0


# Flags


@pytest.mark.parametrize(("samples", "short"), [(1, True), (799, True), (800, False)])
def test_a_tenth_of_a_second_is_no_longer_short(samples, short):
    assert quality_of(np.full(samples, 0.5)).short is short


@pytest.mark.parametrize("kind", ["int16", "float"])
def test_channels_that_are_all_equal_are_mono_as_stereo(kind):
    y = np.stack([signals.noise(SR, 1.0)] * 3, axis=1)
    make = integers if kind == "int16" else np.asarray
    assert measure_quality(make(y), SR).mono_as_stereo
    y[-1, 2] += 0.01
    assert not measure_quality(make(y), SR).mono_as_stereo
    assert not measure_quality(make(y[:, 0]), SR).mono_as_stereo


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_mono_as_stereo_is_detected_in_every_format(tmp_path, ending):
    y = signals.noise(44100, 0.5)
    soundfile.write(tmp_path / f"a.{ending}", np.stack([y, y], axis=1), 44100)
    soundfile.write(tmp_path / f"b.{ending}", np.stack([y, y[::-1]], axis=1), 44100)
    assert loading.read(tmp_path / f"a.{ending}").quality().mono_as_stereo
    assert not loading.read(tmp_path / f"b.{ending}").quality().mono_as_stereo


# Parts of recordings


def test_a_part_is_measured_by_itself_before_resampling(tmp_path):
    y = np.concatenate([signals.noise(44100, 1.0), np.zeros(44100), runs(*[3] * 6000)[:44100]])
    soundfile.write(tmp_path / "a.wav", np.stack([y, y], axis=1), 44100)
    loaded = loading.read(tmp_path / "a.wav", sr=22050)
    first, second, third = (loaded.quality(22050 * k, 22050 * (k + 1)) for k in range(3))
    assert [part.duration for part in (first, second, third)] == [1.0] * 3
    assert [part.silent for part in (first, second, third)] == [False, True, False]
    assert [part.clipped for part in (first, second, third)] == [False, False, True]
    assert third.peak == pytest.approx(FULL)
    assert {(part.sample_rate, part.channels) for part in (first, second, third)} == {(44100.0, 2)}


@pytest.mark.parametrize("sr", [8000, 44100, 48000])
def test_padding_is_not_measured(sr):
    loaded = loading.read(
        (signals.noise(SR, 0.5), SR), sr=sr, excerpt=Excerpt(duration=1.0, pad=True)
    )
    assert len(loaded.y) == sr
    assert loaded.quality().duration == 0.5
    assert loaded.quality(0, sr // 2).duration == 0.5
    assert loaded.quality().silence_share == 0


@given(
    st.sampled_from([4000, 8000, 22050, 96000]),
    st.integers(1, 3000),
    st.integers(0, 8000),
    st.integers(1, 8000),
)
def test_a_part_of_any_row_has_samples(sr, samples, start, length):
    loaded = loading.read((np.full(samples, 0.5, np.float32), SR), sr=sr)
    start %= len(loaded.y)
    end = min(start + length, len(loaded.y))
    assert loaded.quality(start, end).duration > 0


# Any samples, however they come


@st.composite
def recordings(draw):
    """Samples of 1 to 3 channels, int16 or float32, with silence and full scale."""
    channels = draw(st.integers(1, 3))
    frames = draw(st.integers(1, 2000))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    loud = draw(st.sampled_from([1e-5, 0.01, 0.7, 3.0]))
    y = rng.standard_normal((frames, channels)).astype(np.float32) * loud
    if draw(st.booleans()):
        y = np.repeat(y[:, :1], channels, axis=1)
    a, b = sorted(rng.integers(0, frames + 1, 2))
    y[a:b] *= draw(st.sampled_from([0.0, 1.0, 100.0]))
    y = np.clip(y, -1, 1)
    samples = integers(y) if draw(st.booleans()) else y
    return samples[:, 0].copy() if channels == 1 else samples


def by_definition(samples, sr):
    """Quality by its definitions, computed directly."""
    y = samples / 2**15 if samples.dtype == np.int16 else samples.astype(np.float64)
    y = y.reshape(len(y), -1)
    clipped = 0
    for channel in (np.abs(y) >= FULL).T:
        run = 0
        for loud in [*channel, False]:
            clipped += run if not loud and run >= CLIPPED_RUN else 0
            run = run + 1 if loud else 0
    size = round(SILENCE_WINDOW * sr)
    ends = [*range(size, max(len(y) - size, 0) + 1, size), len(y)]
    silent, start = 0, 0
    for end in ends:
        part = y[start:end]
        silent += len(part) if (part.max() - part.min()) / 2 < SILENCE_LEVEL else 0
        start = end
    return Quality(
        duration=len(y) / sr,
        sample_rate=sr,
        channels=y.shape[1],
        peak=np.abs(y).max(),
        clipped_share=clipped / y.size,
        silence_share=silent / len(y),
        silent=silent == len(y),
        clipped=clipped > 0,
        short=len(y) / sr < SHORT_DURATION,
        truncated=False,
        mono_as_stereo=y.shape[1] > 1 and bool((y == y[:, :1]).all()),
        level=pytest.approx(level_by_definition(samples), abs=1e-4, nan_ok=True),
        bandwidth=pytest.approx(measured_alone(samples, sr), rel=0, abs=0, nan_ok=True),
    )


def measured_alone(samples, sr):
    meter = BandwidthMeter(sr)
    meter.add(samples)
    return meter.bandwidth()


@given(recordings(), st.sampled_from([100.0, 8000.0, 22050.5]))
def test_quality_follows_its_definitions_and_only_level_and_bandwidth_can_be_undefined(samples, sr):
    row = measure_quality(samples, sr)
    assert row == by_definition(samples, sr)
    assert np.isfinite(row[:-2]).all()
    assert not np.isinf(row[-2:]).any()


@given(recordings(), st.lists(st.integers(1, 700), min_size=1, max_size=20))
def test_blocks_of_any_size_give_the_same(samples, sizes):
    meter = QualityMeter(SR, 1 if samples.ndim == 1 else samples.shape[1], FULL)
    at = k = 0
    while at < len(samples):
        meter.add(samples[at : at + sizes[k % len(sizes)]])
        at, k = at + sizes[k % len(sizes)], k + 1
    np.testing.assert_array_equal(meter.quality(truncated=False), measure_quality(samples, SR))
