"""The contract of defects: whatever the samples, findings are within the piece."""

import numpy as np
import pytest
from defective import SR, findings, voice
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.auditing.defect import DEFECTS, Finding, join_findings
from featkit.auditing.issue import SEVERITIES

ODD = {
    "one sample": (np.array([0.5]), SR),
    "two samples": (np.array([1.0, -1.0]), SR),
    "zeros": (np.zeros(SR), SR),
    "lowest code": (np.full(SR, -32768, np.int16), SR),
    "square wave": (np.where(np.arange(SR) % 100 < 50, 1.0, -1.0), SR),
    "8 channels": (0.1 * np.random.default_rng(0).standard_normal((SR, 8)), SR),
    "8 kHz": (voice(1.0, 8000), 8000),
    "192 kHz": (voice(0.5, 192000), 192000),
    "extreme": (np.array([1e9, -1e9, 0] * 5000, np.float32), SR),
    "tiny": (1e-30 * np.random.default_rng(0).standard_normal(SR).astype(np.float32), SR),
    "two channels of one frame": (np.zeros((1, 2)), SR),
}


def check_findings(name, samples, sr, first=0):
    defect = DEFECTS[name]
    for one in findings(name, samples, sr, first=first):
        begin, end = first / sr, (first + len(samples)) / sr
        assert begin - 1e-9 <= one.start <= one.end <= end + 1e-9
        assert one.strength >= 1
        assert np.isfinite(one.value)
        assert defect.message(one.value)
        assert defect.severity(0.1, one.value) in SEVERITIES


@pytest.mark.parametrize("name", DEFECTS.names)
@pytest.mark.parametrize("kind", ODD)
def test_odd_recordings_are_examined(name, kind):
    check_findings(name, *ODD[kind])


@pytest.mark.parametrize("name", DEFECTS.names)
def test_a_clean_recording_has_no_defect(name):
    assert not findings(name, voice())


@pytest.mark.parametrize("name", DEFECTS.names)
@settings(max_examples=15)
@given(
    frames=st.integers(1, 3000),
    channels=st.integers(1, 3),
    levels=st.lists(st.sampled_from([0, 1, 300, 20000, 60000]), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_findings_are_within_the_piece(name, frames, channels, levels, seed):
    noise = np.random.default_rng(seed).standard_normal((frames, channels))
    noise *= np.repeat(levels, -(-frames // len(levels)))[:frames, None]
    samples = np.clip(noise, -32768, 32767).astype(np.int16)
    check_findings(name, samples if channels > 1 else samples[:, 0], 4000, first=1000)


def test_findings_are_joined_by_channel():
    parts = [Finding(2, 3, 1.0), Finding(0, 1, 1.0, channel=1), Finding(0, 2, 5.0, 2.0)]
    assert join_findings(parts) == [Finding(0, 3, 5.0, 2.0), Finding(0, 1, 1.0, channel=1)]


def test_a_finding_within_another_is_joined():
    parts = [Finding(0, 9, 1.0), Finding(2, 3, 1.0), Finding(8, 10, 1.0)]
    assert join_findings(parts) == [Finding(0, 10, 1.0)]


def test_findings_further_apart_than_the_gap_are_kept():
    parts = [Finding(0, 1, 1.0), Finding(1.6, 2, 1.0)]
    assert join_findings(parts, gap=0.5) == parts
    assert len(join_findings(parts, gap=0.6)) == 1


@pytest.mark.parametrize("name", DEFECTS.names)
@pytest.mark.parametrize("sr", [1, 10])
def test_very_low_sample_rates_are_accepted(name, sr):
    sound = 0.3 * np.random.default_rng(0).standard_normal((1000, 2))
    for length in (1, 17, len(sound)):
        for one in findings(name, sound[:length], sr):
            assert 0 <= one.start <= one.end
            assert one.strength >= 1
