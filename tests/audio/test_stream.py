"""Long recordings: what comes in blocks is what comes as a whole, to the bit."""

import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding.reader import BLOCK
from featkit.audio.rolling import Rolling, segments_of
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
    """Stereo of two and a half blocks in each format."""
    folder = tmp_path_factory.mktemp("long")
    y = np.stack([signals.noise(44100, 2.5 * BLOCK / 44100, seed=k) for k in range(2)], axis=1)
    for ending, subtype in FORMATS:
        soundfile.write(folder / f"{subtype}.{ending}", y, 44100, subtype=subtype)
    return {subtype: folder / f"{subtype}.{ending}" for ending, subtype in FORMATS}


def streamed(path, **kwargs):
    with loading.stream(path, **kwargs) as recording:
        return list(recording.blocks()), recording


@pytest.mark.parametrize("subtype", [subtype for _, subtype in FORMATS])
@pytest.mark.parametrize("sr", [None, 22050, 48000])
@pytest.mark.parametrize(
    "excerpt", [{}, {"offset": 1.2345}, {"duration": 4.1}, {"offset": 3.3, "duration": 0.5}]
)
def test_blocks_are_the_whole_to_the_bit(long_files, subtype, sr, excerpt):
    loaded = loading.read(long_files[subtype], sr=sr, **excerpt)
    blocks, recording = streamed(long_files[subtype], sr=sr, **excerpt)
    assert {block.dtype for block in blocks} == {np.dtype(np.float32)}
    assert max(map(len, blocks)) < 1.2 * BLOCK
    np.testing.assert_array_equal(np.concatenate(blocks), loaded.y)
    assert recording.sr == loaded.sr
    assert recording.native == loaded.native
    assert recording.quality() == loaded.quality()


@given(
    st.integers(1, 3000),
    st.sampled_from([100, 8000, 11025, 22050, 44100, 48000, 192000, 8000.5]),
    st.sampled_from([100, 8000, 16000, 22050, 44100, 96000, 22049.5]),
    st.lists(st.integers(1, 999), min_size=1, max_size=9),
)
def test_a_resampled_recording_does_not_depend_on_how_it_comes(samples, native, rate, sizes):
    import soxr

    y = signals.noise(samples, 1.0)
    ends = np.cumsum(sizes)
    blocks = [block for block in np.split(y, ends[ends < samples]) if len(block)]
    resampled = np.concatenate(list(loading.streams.resampled(blocks, native, rate)))
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
            sum(len(block) for block in recording.blocks())  # what is loaded once is no growth
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
    how = {"length": length, "hop": hop, "tail": tail, "name": "x"}
    loaded = loading.read(long_files["PCM_16"], sr=sr)
    expected = list(segments_of([loaded.y], loaded.sr, **how))
    with loading.stream(long_files["PCM_16"], sr=sr, rolling=True) as recording:
        found = []
        for start, end, clip in segments_of(recording.blocks(), recording.sr, **how):
            assert recording.quality(start, end) == loaded.quality(start, end)
            found.append((start, end, clip))
    assert [part[:2] for part in found] == [part[:2] for part in expected]
    for part, whole in zip(found, expected, strict=True):
        np.testing.assert_array_equal(part[2], whole[2])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9), st.data())
def test_what_rolls_has_each_sample_at_its_place(sizes, data):
    held, whole = Rolling(), np.arange(sum(sizes) + 1)
    held.add(whole[:1])
    at = 1
    for size in sizes:
        held.add(whole[at : at + size])
        at += size
    first = data.draw(st.integers(0, held.end - 1))
    last = data.draw(st.integers(first + 1, held.end))
    held.forget(first)
    np.testing.assert_array_equal(held.part(first, last), whole[first:last])


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


def test_only_the_mp3_decoder_is_silenced_between_blocks_anybody_may_speak(long_files, capfd):
    import os

    with loading.stream(long_files["MPEG_LAYER_III"]) as recording:
        for _ in recording.blocks():
            os.write(2, b"heard")
    assert capfd.readouterr().err == "heard" * 3
