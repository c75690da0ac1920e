"""Segments: their positions, tails, and rounding to whole samples."""

from fractions import Fraction

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.audio.excerpt import Excerpt
from featkit.audio.segmentation import SampleBuffer, split_into_segments
from featkit.errors import AudioError, FeatkitError

SR = 22050

LEVEL = {"sample_rate": SR, "features": [{"family": "rms", "statistics": ["mean"]}]}


RATE = 100


def cut(samples, size, step, tail):
    y = np.arange(1, samples + 1, dtype=np.float32)
    excerpt = Excerpt(segment=size / RATE, segment_hop=step / RATE, segment_tail=tail)
    return y, list(split_into_segments([y], RATE, excerpt, name="the recording"))


@pytest.mark.parametrize(
    ("samples", "size", "step", "tail", "expected"),
    [
        (700, 300, 300, "drop", [(0, 300), (300, 600)]),
        (700, 300, 300, "keep", [(0, 300), (300, 600), (600, 700)]),
        (700, 300, 300, "pad", [(0, 300), (300, 600), (600, 700)]),
        (700, 300, 150, "drop", [(0, 300), (150, 450), (300, 600)]),
        (700, 300, 150, "keep", [(0, 300), (150, 450), (300, 600), (450, 700)]),
        (600, 300, 150, "keep", [(0, 300), (150, 450), (300, 600)]),
        (600, 300, 300, "pad", [(0, 300), (300, 600)]),
        (300, 300, 300, "drop", [(0, 300)]),
        (299, 300, 300, "keep", [(0, 299)]),
        (299, 300, 300, "pad", [(0, 299)]),
        (1000, 300, 400, "drop", [(0, 300), (400, 700)]),
        (1000, 300, 400, "keep", [(0, 300), (400, 700), (800, 1000)]),
        (750, 300, 400, "keep", [(0, 300), (400, 700)]),
    ],
)
def test_segments_are_those_computed_by_hand(samples, size, step, tail, expected):
    y, parts = cut(samples, size, step, tail)
    assert [(start, end) for start, end, _ in parts] == expected
    for start, end, part in parts:
        np.testing.assert_array_equal(part[: end - start], y[start:end])
        assert not part[end - start :].any()
        assert len(part) == (end - start if tail == "keep" else size)


@given(
    samples=st.integers(1, 300),
    size=st.integers(1, 60),
    step=st.integers(1, 80),
    tail=st.sampled_from(["drop", "keep", "pad"]),
)
def test_segments_cover_a_recording_once_and_in_order(samples, size, step, tail):
    if tail == "drop" and samples < size:
        with pytest.raises(AudioError, match="shorter than one segment"):
            cut(samples, size, step, tail)
        return
    y, parts = cut(samples, size, step, tail)
    starts = [start for start, _, _ in parts]
    ends = [end for _, end, _ in parts]
    assert starts == [k * step for k in range(len(parts))]
    assert len(set(ends)) == len(parts)
    assert max(ends) <= samples
    for start, end, part in parts:
        np.testing.assert_array_equal(part[: end - start], y[start:end])
        assert not part[end - start :].any()
    lengths = [len(part) for _, _, part in parts]
    if tail == "keep":
        assert lengths[:-1] == [size] * (len(parts) - 1)
        assert 0 < lengths[-1] <= size
    else:
        assert lengths == [size] * len(parts)
    covered = {at for start, end, _ in parts for at in range(start, end)}
    if tail == "drop":
        whole = [k for k in range(0, samples, step) if k + size <= samples]
        assert starts == whole
    else:
        assert covered == {at for at in range(samples) if at % step < size}


def test_a_recording_shorter_than_a_segment_is_refused_with_a_remedy():
    with pytest.raises(AudioError, match=r"2 s is shorter than one segment of 3 s") as caught:
        cut(200, 300, 300, "drop")
    assert caught.value.stage == "segment"
    assert caught.value.source == "the recording"
    assert "pad or keep" in caught.value.cause


@pytest.mark.parametrize("tail", ["drop", "keep", "pad"])
def test_segments_of_less_than_a_sample_are_refused(tail):
    with pytest.raises(FeatkitError, match="sample"):
        list(split_into_segments([], SR, Excerpt(segment=1e-6, segment_tail=tail), name="x"))


def parts_of(samples, *, length, hop, tail, sr=SR):
    blocks = np.array_split(np.arange(samples), 7)
    excerpt = Excerpt(segment=length, segment_hop=hop, segment_tail=tail)
    return list(split_into_segments(blocks, sr, excerpt, name="x"))


@given(
    rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]),
    hop=st.integers(1, 2000).map(lambda milliseconds: Fraction(milliseconds, 1000)),
    rows=st.integers(1, 50),
)
def test_each_segment_starts_at_the_sample_nearest_to_its_time(rate, hop, rows):
    length = 5e-3
    samples = round((rows - 1) * hop * rate) + round(length * rate)
    parts = parts_of(samples, length=length, hop=float(hop), tail="drop", sr=rate)
    assert len(parts) == rows
    for k, (start, end, clip) in enumerate(parts):
        assert abs(start - k * hop * rate) <= Fraction(1, 2)
        assert end - start == len(clip) == round(length * rate)
        assert clip[0] == start


@pytest.mark.parametrize(("segment", "hop", "rows"), [(0.05, None, 1200), (0.1, 0.05, 1199)])
def test_starts_in_a_table_do_not_drift(tmp_path, segment, hop, rows):
    soundfile.write(tmp_path / "a.wav", signals.noise(SR, 60.0), SR)
    table = featkit.extract(
        tmp_path / "a.wav", features=LEVEL, segment=segment, segment_hop=hop
    ).table.data
    np.testing.assert_allclose(table["start"], 0.05 * np.arange(rows), atol=0.5001 / SR)
    lengths = np.round((table["end"] - table["start"]) * SR)
    assert set(lengths) == {round(segment * SR)}


@pytest.mark.parametrize("tail", ["keep", "pad"])
def test_a_sample_lost_to_rounding_is_not_a_tail(tail):
    # 0.15 s are 3307.5 samples; two segments of 0.1 s, 0.05 s apart, end there.
    parts = parts_of(3308, length=0.1, hop=0.05, tail=tail)
    assert [part[:2] for part in parts] == [(0, 2205), (1102, 3307)]
    assert len(parts_of(3310, length=0.1, hop=0.05, tail=tail)) == 3


def test_a_hop_of_less_than_a_sample_is_refused():
    with pytest.raises(AudioError, match="less than one sample"):
        parts_of(100, length=0.001, hop=0.6 / SR, tail="drop")
    starts = [part[0] for part in parts_of(100, length=50 / SR, hop=1 / SR, tail="drop")]
    assert starts == list(range(51))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9), st.data())
def test_a_sample_buffer_returns_samples_by_their_position(sizes, data):
    buffer, whole = SampleBuffer(), np.arange(sum(sizes) + 1)
    buffer.append(whole[:1])
    at = 1
    for size in sizes:
        buffer.append(whole[at : at + size])
        at += size
    first = data.draw(st.integers(0, buffer.end - 1))
    last = data.draw(st.integers(first + 1, buffer.end))
    buffer.discard(first)
    np.testing.assert_array_equal(buffer.range(first, last), whole[first:last])
