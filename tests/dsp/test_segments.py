"""Clips among the frames of a stack."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from featkit.dsp.segments import Segments


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.data())
def test_the_clips_in_a_range_of_frames_are_found(lengths, data):
    segments = Segments(lengths)
    start = data.draw(st.integers(0, segments.total - 1))
    stop = data.draw(st.integers(start + 1, segments.total))
    clip_of = np.repeat(np.arange(len(lengths)), lengths)
    frames = [
        (k, frame)
        for k, own in segments.clips_in(slice(start, stop))
        for frame in range(own.start, own.stop)
    ]
    assert frames == [(clip_of[frame], frame) for frame in range(start, stop)]
