"""Short frames: their number, place and content."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from featkit.dsp import disk_array
from featkit.dsp.short_frames import ShortFrames


@given(
    st.integers(0, 5000),
    st.sampled_from([8000.0, 11025.0, 16000.0, 22050.0]),
    st.integers(1, 900),
    st.sampled_from(["start", "middle"]),
)
@example(111, 11025.0, 1, "start")  # the second frame would begin at 110.25 samples
def test_frames_lie_within_the_clip_and_as_many_as_fit(samples, sr, length, placement):
    y = np.arange(samples, dtype=np.float32)
    frames = ShortFrames([y], sr, length=length, hop=0.01, placement=placement)
    starts = frames.starts(0)
    assert len(starts) == frames.counts[0]
    if samples < length:
        assert frames.counts == [0]
        return
    assert starts[0] >= 0
    assert starts[-1] + length <= samples
    first = ShortFrames([y], sr, length=length, hop=0.01).starts(0)
    assert len(first) * 0.01 * sr + length > samples  # the next one, before it is rounded
    assert np.abs(first / sr - np.arange(len(first)) * 0.01).max() <= 0.5 / sr + 1e-12


@pytest.mark.parametrize("piece", [1, 700, 2**20])
def test_batches_hold_the_samples_of_their_frames(piece, monkeypatch):
    monkeypatch.setattr(disk_array, "PIECE_SAMPLES", piece)
    y = np.arange(3000, dtype=np.float32)
    frames = ShortFrames([y], 22050, length=441, hop=0.01)
    joined = np.concatenate([batch for _, batch in frames.batches(0)])
    np.testing.assert_array_equal(joined, frames.starts(0)[:, None] + np.arange(441))
    assert next(s.start for s, _ in frames.batches(0)) == 0


def test_frames_in_the_middle_leave_as_much_before_as_after():
    frames = ShortFrames(
        [np.zeros(1000, np.float32)], 8000, length=300, hop=0.01, placement="middle"
    )
    starts = frames.starts(0)
    assert abs(starts[0] - (1000 - starts[-1] - 300)) <= 1


def test_a_clip_without_frames_has_one_in_the_segments():
    clips = [np.zeros(10, np.float32), np.zeros(400, np.float32)]
    frames = ShortFrames(clips, 8000, length=200, hop=0.01)
    assert frames.counts == [0, 3]
    assert frames.segments.lengths.tolist() == [1, 3]
