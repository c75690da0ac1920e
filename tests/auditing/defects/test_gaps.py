"""Gaps: dropouts, digital silence, repeated blocks, clicks, and truncated files."""

import numpy as np
import pytest
from defective import SR, findings, only_finding, to_int16, voice


def loud():
    """Noise whose level changes slowly, without pauses."""
    t = np.arange(2 * SR) / SR
    return (0.1 + 0.05 * np.sin(3 * t)) * np.random.default_rng(1).standard_normal(len(t))


@pytest.mark.parametrize("fill", ["zeros", "last value"])
@pytest.mark.parametrize("milliseconds", [2, 10, 50])
def test_a_gap_in_sound_is_a_dropout(fill, milliseconds):
    y = loud()
    length = round(milliseconds / 1000 * SR)
    y[SR : SR + length] = 0 if fill == "zeros" else y[SR - 1]
    finding = only_finding("dropouts", y)
    assert (finding.start, finding.end) == pytest.approx((1, 1 + length / SR), abs=2 / SR)
    assert finding.value == pytest.approx(milliseconds, abs=0.2)


def test_a_pause_that_is_faded_is_no_dropout():
    y = loud()
    fade = np.linspace(1, 0, SR // 10) ** 4
    y[SR - len(fade) : SR] *= fade
    y[SR : SR + SR // 50] = 0
    y[SR + SR // 50 : SR + SR // 50 + len(fade)] *= fade[::-1]
    assert not findings("dropouts", y)


def test_the_top_of_a_clipped_wave_is_no_dropout():
    assert not findings("dropouts", np.clip(2 * np.sin(2 * np.pi * 30 * np.arange(SR) / SR), -1, 1))


def test_a_dropout_of_one_channel_is_named():
    y = np.stack([loud(), loud()], axis=1)
    y[SR : SR + 300, 1] = 0
    assert only_finding("dropouts", y).channel == 1


@pytest.mark.parametrize(("begin", "end"), [(0, 0.4), (0.5, 1.2), (1.5, 2.0), (0, 2.0)])
@pytest.mark.parametrize("value", [0.0, 0.25])
def test_samples_that_do_not_change_are_digital_silence(begin, end, value):
    y = loud()
    y[round(begin * SR) : round(end * SR)] = value
    finding = only_finding("digital_silence", y)
    assert (finding.start, finding.end) == pytest.approx((begin, end), abs=2 / SR)
    assert not findings("dropouts", y)


def test_silence_of_one_channel_is_no_digital_silence():
    y = np.stack([loud(), np.zeros(2 * SR)], axis=1)
    assert not findings("digital_silence", y)
    y[: SR // 2, 0] = 0
    assert only_finding("digital_silence", y).end == pytest.approx(0.5, abs=2 / SR)


def test_floats_below_a_step_of_16_bits_are_digital_silence():
    y = loud().astype(np.float32)
    y[:SR] = 1e-6 * np.random.default_rng(0).standard_normal(SR)
    assert only_finding("digital_silence", y).end == pytest.approx(1.0, abs=2 / SR)


@pytest.mark.parametrize("milliseconds", [3, 20, 80])
@pytest.mark.parametrize("convert", [to_int16, np.float32])
def test_a_copied_block_is_found(milliseconds, convert):
    y = loud()
    length = round(milliseconds / 1000 * SR)
    y[SR : SR + length] = y[SR - length : SR]
    finding = only_finding("repeated_blocks", convert(y))
    assert (finding.start, finding.end) == pytest.approx((1, 1 + length / SR), abs=2 / SR)
    assert finding.value == pytest.approx(1000 * length / SR)


def test_synthetic_sound_does_not_repeat_blocks():
    period = np.random.default_rng(0).standard_normal(500)
    assert not findings("repeated_blocks", 0.1 * np.tile(period, 100))


@pytest.mark.parametrize("size", [0.3, -0.3])
def test_a_wrong_sample_is_a_click(size):
    y = voice()
    y[round(0.9 * SR)] += size
    finding = only_finding("clicks", y)
    assert finding.start <= 0.9 <= finding.end
    assert finding.value == pytest.approx(20 * np.log10(0.3), abs=1)


def test_a_jump_is_a_click():
    y = 0.3 * np.sin(2 * np.pi * 200 * np.arange(SR) / SR)
    y = np.concatenate([y[:5000], y[5040:]])
    assert only_finding("clicks", y).start == pytest.approx(5000 / SR, abs=5 / SR)


def test_a_sound_that_begins_suddenly_is_no_click():
    t = np.arange(SR // 4) / SR
    tick = np.exp(-200 * t) * np.sin(2 * np.pi * 1500 * t)
    y = 0.001 * np.random.default_rng(0).standard_normal(SR)
    y[5000 : 5000 + len(tick)] += 0.5 * tick
    assert not findings("clicks", y)


def test_a_truncated_file_lacks_its_end():
    finding = only_finding("truncated", loud(), truncated=True, stated=3 * SR)
    assert (finding.start, finding.end, finding.value) == (2, 3, 1)


def test_truncation_is_reported_in_the_last_piece_only():
    assert not findings("truncated", loud(), truncated=True, stated=3 * SR, is_last=False)
    assert not findings("truncated", loud(), stated=2 * SR)


def test_truncation_of_unknown_extent_is_reported():
    assert only_finding("truncated", loud(), truncated=True).value == 0
