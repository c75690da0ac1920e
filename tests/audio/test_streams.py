"""Streams: blocks equal the loaded samples to the bit, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding.reader import BLOCK
from featkit.audio.excerpt import Excerpt
from featkit.audio.segmentation import split_into_segments
from featkit.errors import AudioError, ParameterError

SR = 22050

FORMATS = [
    ("wav", "PCM_16"),
    ("wav", "PCM_24"),
    ("wav", "FLOAT"),
    ("flac", "PCM_16"),
    ("ogg", "VORBIS"),
    ("mp3", "MPEG_LAYER_III"),
]


@pytest.fixture(scope="module")
def long_files(tmp_path_factory):
    """Stereo recordings of two and a half blocks, one in each format."""
    folder = tmp_path_factory.mktemp("long")
    y = np.stack([signals.noise(44100, 2.5 * BLOCK / 44100, seed=k) for k in range(2)], axis=1)
    for ending, subtype in FORMATS:
        soundfile.write(folder / f"{subtype}.{ending}", y, 44100, subtype=subtype)
    return {subtype: folder / f"{subtype}.{ending}" for ending, subtype in FORMATS}


def streamed(path, *, sr=None, **excerpt):
    with loading.stream(path, sr=sr, excerpt=Excerpt(**excerpt)) as recording:
        return list(recording.blocks()), recording


@pytest.mark.parametrize("subtype", [subtype for _, subtype in FORMATS])
@pytest.mark.parametrize("sr", [None, 22050, 48000])
@pytest.mark.parametrize(
    "excerpt", [{}, {"offset": 1.2345}, {"duration": 4.1}, {"offset": 3.3, "duration": 0.5}]
)
def test_blocks_together_equal_the_loaded_samples_to_the_bit(long_files, subtype, sr, excerpt):
    loaded = loading.read(long_files[subtype], sr=sr, excerpt=Excerpt(**excerpt))
    blocks, recording = streamed(long_files[subtype], sr=sr, **excerpt)
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    assert max(map(len, blocks)) < 1.2 * BLOCK
    np.testing.assert_array_equal(np.concatenate(blocks), loaded.y)
    assert recording.sr == loaded.sr
    assert recording.source == loaded.source
    assert recording.quality() == loaded.quality()


@given(
    st.integers(1, 3000),
    st.sampled_from([100, 8000, 11025, 22050, 44100, 48000, 192000, 8000.5]),
    st.sampled_from([100, 8000, 16000, 22050, 44100, 96000, 22049.5]),
    st.lists(st.integers(1, 999), min_size=1, max_size=9),
)
def test_resampling_does_not_depend_on_the_size_of_blocks(samples, native, rate, sizes):
    import soxr

    y = signals.noise(samples, 1.0)
    ends = np.cumsum(sizes)
    blocks = [block for block in np.split(y, ends[ends < samples]) if len(block)]
    resampled = np.concatenate(list(loading.streams.resample_blocks(blocks, native, rate)))
    length = int(np.ceil(samples * (float(rate) / native)))
    expected = soxr.resample(y, native, rate, quality="HQ")[:length] if native != rate else y
    assert len(resampled) == length
    np.testing.assert_array_equal(resampled[: len(expected)], expected)
    assert not resampled[len(expected) :].any()


def test_memory_does_not_grow_with_length(tmp_path):
    peaks = []
    for blocks in (4, 24):
        path = tmp_path / f"{blocks}.wav"
        with soundfile.SoundFile(path, "w", 44100, 1, "PCM_16") as file:
            for k in range(blocks):
                file.write(signals.noise(BLOCK, 1.0, seed=k))
        with loading.stream(path, sr=22050) as recording:
            sum(
                len(block) for block in recording.blocks()
            )  # loads modules before memory is measured
        tracemalloc.start()
        with loading.stream(path, sr=22050) as recording:
            assert sum(len(block) for block in recording.blocks()) == blocks * BLOCK // 2
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("tail", ["drop", "keep", "pad"])
@pytest.mark.parametrize(("length", "hop"), [(1.0, 1.0), (0.5, 0.21), (0.3, 0.7), (0.05, 1 / 7)])
@pytest.mark.parametrize("sr", [None, 16000])
def test_segments_and_their_quality_are_those_of_the_whole(long_files, tail, length, hop, sr):
    excerpt = Excerpt(segment=length, segment_hop=hop, segment_tail=tail)
    loaded = loading.read(long_files["PCM_16"], sr=sr)
    expected = list(split_into_segments([loaded.y], loaded.sr, excerpt, name="x"))
    with loading.stream(long_files["PCM_16"], sr=sr, excerpt=excerpt) as recording:
        segments = []
        blocks = recording.blocks()
        for start, end, clip in split_into_segments(blocks, recording.sr, excerpt, name="x"):
            assert recording.quality(start, end) == loaded.quality(start, end)
            segments.append((start, end, clip))
    assert [part[:2] for part in segments] == [part[:2] for part in expected]
    for part, whole in zip(segments, expected, strict=True):
        np.testing.assert_array_equal(part[2], whole[2])


def test_a_wrong_sample_of_a_late_block_is_named(tmp_path):
    y = signals.noise(SR, 2.2 * BLOCK / SR)
    y[2 * BLOCK + 7] = np.nan
    soundfile.write(tmp_path / "a.wav", y, SR, subtype="FLOAT")
    with pytest.raises(AudioError, match=f"sample {2 * BLOCK + 7} is nan"):
        loading.load(tmp_path / "a.wav")
    with loading.stream(tmp_path / "a.wav") as recording:
        blocks = recording.blocks()
        assert len(next(blocks)) == len(next(blocks)) == BLOCK
        with pytest.raises(AudioError, match=f"sample {2 * BLOCK + 7} is nan"):
            next(blocks)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"sr": 0}, ParameterError, "sr must be a sample rate"),
        ({"offset": -1}, ParameterError, "offset must be"),
        ({"offset": 5}, AudioError, "samples: no samples after the offset of 5 s"),
    ],
)
def test_errors_are_those_of_load(tmp_path, parameters, error, message):
    soundfile.write(tmp_path / "a.wav", signals.noise(SR, 0.1), SR)
    with pytest.raises(error, match=message):
        streamed(tmp_path / "a.wav", **parameters)
    with pytest.raises(AudioError, match="open: no such file"):
        streamed(tmp_path / "no.wav")


def test_standard_error_is_silenced_only_while_an_mp3_is_decoded(long_files, capfd):
    import os

    with loading.stream(long_files["MPEG_LAYER_III"]) as recording:
        for _ in recording.blocks():
            os.write(2, b"written")
    assert capfd.readouterr().err == "written" * 3
