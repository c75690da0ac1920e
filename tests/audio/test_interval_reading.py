"""Intervals: the frames of each, in one pass over the file, in bounded memory."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.audio import loading, streams
from featkit.audio.decoding.reader import Reader
from featkit.audio.excerpt import WHOLE, Excerpt
from featkit.audio.interval_reading import Interval, read_intervals
from featkit.errors import AudioError

SR = 8000
N_FRAMES = 3 * SR


@pytest.fixture(scope="module", params=["wav", "flac", "ogg"])
def file(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("intervals") / f"a.{request.param}"
    y = np.stack([signals.noise(SR, 3.0, seed=k, amplitude=0.3) for k in range(2)], axis=1)
    soundfile.write(path, y, SR)
    return path


def read(file, intervals, *, sr=SR, excerpt=WHOLE):
    """Place, number of frames and samples of each interval, in the order in which they come."""
    with loading.open_checked(file) as reader:
        found = []
        for place, n_frames, sound in read_intervals(
            reader, str(file), sr, intervals, [excerpt] * len(intervals)
        ):
            if isinstance(sound, streams.Stream):
                with sound.samples() as samples:
                    found.append((place, n_frames, samples[:], sound.quality()))
            else:
                found.append((place, n_frames, sound.y, sound.quality()))
        return found


INTERVALS = st.lists(
    st.tuples(st.integers(0, N_FRAMES - 2), st.integers(2, N_FRAMES)).map(
        lambda pair: Interval(pair[0], min(N_FRAMES, pair[0] + pair[1]))
    ),
    max_size=12,
)


@pytest.mark.parametrize("sr", [SR, 11025])
@pytest.mark.parametrize("longest", [2**23, 5000])
@settings(max_examples=8, deadline=None)
@given(intervals=INTERVALS)
def test_each_interval_has_the_samples_of_its_frames_alone(file, sr, longest, intervals):
    whole = loading.read(file).samples
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("featkit.audio.interval_reading.BLOCK", 1000)
        patch.setattr(streams, "LONGEST_HELD", longest)
        found = read(file, intervals, sr=sr)
    assert sorted(place for place, *_ in found) == [*range(len(intervals))]
    for place, n_frames, y, quality in found:
        first, last, _ = intervals[place]
        part = whole[first:last]
        alone = loading.read((part.T, SR), sr=sr)
        assert n_frames == last - first
        np.testing.assert_array_equal(y, alone.y)
        np.testing.assert_equal(quality, alone.quality())


def test_the_last_frame_may_exceed_the_end_by_the_slack_only(file):
    n = len(loading.read(file).samples)
    intervals = [
        Interval(n - 500, n + 10, slack=10),
        Interval(n - 500, n + 11, slack=10),
        Interval(n, None),
        Interval(n - 1, None),
        Interval(n + 5, n + 9, slack=100),
    ]
    assert [(place, n_frames) for place, n_frames, *_ in read(file, intervals)] == [
        (0, 500),
        (3, 1),
    ]


def test_intervals_in_memory_come_in_the_order_of_their_ends(file):
    intervals = [Interval(0, 20000), Interval(100, 300), Interval(50, 9000), Interval(0, None)]
    assert [place for place, *_ in read(file, intervals)] == [1, 2, 0, 3]


def test_a_file_is_decoded_once_and_only_forward(file, monkeypatch):
    starts = []
    blocks = Reader.blocks

    def counted(reader, *args):
        starts.append(reader.decoded_frames)
        return blocks(reader, *args)

    monkeypatch.setattr(Reader, "blocks", counted)
    read(file, [Interval(9000, 12000), Interval(0, 24000), Interval(10000, 11000)])
    assert starts == [0]


def test_the_buffer_holds_only_what_intervals_need(tmp_path, monkeypatch):
    file = tmp_path / "a.wav"
    soundfile.write(file, signals.noise(SR, 30.0), SR)
    monkeypatch.setattr("featkit.audio.interval_reading.BLOCK", 1000)
    held = []
    discard = streams.SampleBuffer.discard

    def measured(buffer, before):
        discard(buffer, before)
        held.append(buffer.end - buffer.start)

    monkeypatch.setattr(streams.SampleBuffer, "discard", measured)
    intervals = [Interval(first, first + 3000) for first in range(0, 230_000, 500)]
    assert len(read(file, intervals)) == len(intervals)
    assert max(held) <= 4000


def test_a_long_interval_of_a_compressed_file_leaves_no_temporary_file(tmp_path, monkeypatch):
    file = tmp_path / "a.flac"
    soundfile.write(file, signals.noise(SR, 3.0), SR)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(streams, "LONGEST_HELD", 1000)
    ((_, n_frames, y, _),) = read(file, [Interval(4000, 12000)])
    assert n_frames == len(y) == 8000
    assert [path.name for path in Path(tmp_path).iterdir()] == ["a.flac"]


def test_a_stream_of_an_interval_measures_the_quality_of_its_segments(file, monkeypatch):
    excerpt = Excerpt(segment=0.25)
    monkeypatch.setattr(streams, "LONGEST_HELD", 1000)
    whole = loading.read(file).samples
    alone = loading.read((whole[4000:12000].T, SR))
    with loading.open_checked(file) as reader:
        for _, _, stream in read_intervals(reader, "a", SR, [Interval(4000, 12000)], [excerpt]):
            for _ in stream.blocks():
                pass
            assert stream.quality(2000, 4000) == alone.quality(2000, 4000)


def test_a_sample_that_is_not_finite_is_an_error_wherever_it_is(tmp_path):
    y = signals.noise(SR, 1.0)
    y[-1] = np.nan
    soundfile.write(tmp_path / "a.wav", y, SR, subtype="FLOAT")
    with pytest.raises(AudioError, match="sample 7999 is nan"):
        read(tmp_path / "a.wav", [Interval(0, 100)])
