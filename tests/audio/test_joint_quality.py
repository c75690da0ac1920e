"""The quality of many clips at once is that of each alone, to the bit."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.audio import joint_quality
from featkit.audio.joint_quality import ClipSource, measure_qualities
from featkit.audio.quality import measure_quality

FULL_SCALE = 32767 / 32768


def alone(source):
    return measure_quality(
        source.samples, source.rate, full_scale=source.full_scale, truncated=source.truncated
    )


def as_bytes(quality):
    return np.array(quality, dtype=np.float64).tobytes()  # NaN equals itself


@st.composite
def clips(draw):
    """Noise with pauses of any level, some of it clipped, equal channels, or all zeros."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    channels = draw(st.integers(1, 3))
    n_frames = draw(st.integers(1, 9000))
    y = rng.normal(size=(n_frames, channels)) * 10 ** draw(st.floats(-6, 1))
    y[rng.random(n_frames) < draw(st.sampled_from([0.0, 0.5, 1.0]))] = 0
    if draw(st.booleans()):
        y[:] = y[:, :1]
    y = np.clip(y, -1, 1)
    samples = np.rint(y * 32767).astype(np.int16) if draw(st.booleans()) else np.float32(y)
    rate = draw(st.sampled_from([100.0, 8000.0, 22050.0]))
    samples = samples[:, 0] if channels == 1 else samples
    return ClipSource(samples, rate, FULL_SCALE, draw(st.booleans()))


@settings(max_examples=30, deadline=None)
@given(st.lists(clips(), max_size=8))
def test_clips_have_the_same_quality_together_and_alone(sources):
    sources = [*sources, *sources]  # each group has at least two clips
    together = [as_bytes(quality) for quality in measure_qualities(sources)]
    assert together == [as_bytes(alone(source)) for source in sources]


def test_only_clips_that_differ_too_much_are_measured_alone(monkeypatch):
    measured = []

    def counted(samples, rate, **options):
        measured.append(len(samples))
        return measure_quality(samples, rate, **options)

    monkeypatch.setattr(joint_quality, "measure_quality", counted)
    noise = np.random.default_rng(0).normal(size=100_000).astype(np.float32) / 10
    lengths = [3000, 100_000, 4000, 100_000]
    measure_qualities([ClipSource(noise[:n], 22050.0, FULL_SCALE, False) for n in lengths])
    assert measured == [100_000, 100_000]
    loud = np.clip(40 * noise[:5000], -1, 1)  # runs of clipped samples are counted
    measure_qualities([ClipSource(y, 22050.0, FULL_SCALE, False) for y in (loud, noise[:5000])])
    assert measured[2:] == [5000]
