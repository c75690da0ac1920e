"""Clips that are resampled together are those that are resampled alone, to the bit."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.audio.joint_resampling import CHANNELS, LONGEST, resample_clips
from featkit.audio.streams import resample_blocks, resampled_length

RATES = [(8000.0, 22050.0), (16000.0, 22050.0), (44100.0, 22050.0), (22050.0, 16000.0)]


def alone(y, orig_sr, target_sr):
    return np.concatenate(list(resample_blocks([y], orig_sr, target_sr)))


def noise(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=length).astype(np.float32) for length in lengths]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 9000), min_size=1, max_size=2 * CHANNELS),
    st.one_of(
        st.sampled_from(RATES),
        st.tuples(st.floats(4000, 50_000), st.floats(4000, 50_000)),
    ),
)
def test_clips_are_the_same_together_and_alone(lengths, rates):
    clips = noise(lengths)
    for clip, resampled in zip(clips, resample_clips(clips, *rates), strict=True):
        assert resampled.tobytes() == alone(clip, *rates).tobytes()


def test_a_clip_is_that_of_soxr_itself():
    clips = noise([3000, 3520, 4001])
    for clip, resampled in zip(clips, resample_clips(clips, 8000.0, 22050.0), strict=True):
        expected = soxr.resample(clip, 8000.0, 22050.0, quality="HQ")
        np.testing.assert_allclose(resampled[: len(expected)], expected, atol=1e-6)
        assert len(resampled) == resampled_length(len(clip), 8000.0, 22050.0)


def test_filters_are_designed_once_for_many_short_clips(monkeypatch):
    channels = []
    start = soxr.ResampleStream

    def counted(orig_sr, target_sr, n_channels, **options):
        channels.append(n_channels)
        return start(orig_sr, target_sr, n_channels, **options)

    monkeypatch.setattr(soxr, "ResampleStream", counted)
    resample_clips(noise([900] * (CHANNELS + 2) + [LONGEST + 1]), 8000.0, 16000.0)
    assert channels == [CHANNELS, 2, 1]


@pytest.mark.parametrize("count", [0, 3])
def test_clips_at_the_right_rate_stay_as_they_are(count):
    clips = noise([100] * count)
    assert all(a is b for a, b in zip(resample_clips(clips, 8.0, 8.0), clips, strict=True))
