"""Joined files, chained Ogg, interleaved streams, and offsets into all of them."""

import io

import numpy as np
import pytest
import soxr
from audio_helpers import file_bytes, read_bytes
from damage import encode, state_size

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding import _ogg
from featkit.audio.excerpt import Excerpt

SR = 48000


def tone(hz, seconds, sr=SR):
    return signals.sine(hz, sr, seconds, amplitude=0.3) + signals.noise(sr, seconds, amplitude=0.01)


def written(form, subtype, y, sr=SR):
    return file_bytes(form, subtype, y, sr)


KINDS = [("OGG", "VORBIS", "ogg"), ("OGG", "OPUS", "opus"), ("FLAC", "PCM_16", "flac")]
KINDS += [("FLAC", "PCM_24", "flac")]


@pytest.mark.parametrize(("form", "subtype", "ending"), KINDS)
def test_joined_files_are_decoded_one_after_the_other(tmp_path, form, subtype, ending):
    path = tmp_path / f"a.{ending}"
    links = [written(form, subtype, tone(*how)) for how in ((440, 1.3), (880, 0.7), (660, 1.1))]
    parts = [read_bytes(path, link).y for link in links]
    for which in ((0, 1), (1, 0), (0, 0), (0, 1, 2), (2, 1, 0)):
        loaded = read_bytes(path, b"".join(links[k] for k in which))
        expected = np.concatenate([parts[k] for k in which])
        np.testing.assert_array_equal(loaded.y, expected)
        assert not loaded.source.truncated
        assert loaded.source.decoded_frames == len(expected)
        for offset in (0.25, 1.0, 1.5):
            part = loading.read(path, excerpt=Excerpt(offset=offset, duration=0.9))
            start = round(offset * SR)
            np.testing.assert_array_equal(part.y, expected[start : start + round(0.9 * SR)])
        with loading.stream(path) as recording:
            np.testing.assert_array_equal(np.concatenate(list(recording.blocks())), expected)


def converted(y, rate, to):
    """The samples, resampled at once, up to the last whole sample."""
    wanted = soxr.resample(y.astype(np.float32), rate, to, quality="HQ") if rate != to else y
    return wanted[: len(y) * to // rate]


@pytest.mark.parametrize(("form", "subtype", "ending"), KINDS)
def test_links_of_other_rates_and_channels_are_converted_to_the_first(
    tmp_path, form, subtype, ending
):
    path = tmp_path / f"a.{ending}"
    first = written(form, subtype, tone(440, 0.5))
    stereo = np.stack([tone(880, 0.5, 24000), tone(550, 0.5, 24000)], axis=1)
    second = written(form, subtype, stereo, 24000)
    parts = [read_bytes(path, data) for data in (first, second)]
    for one, other in ((0, 1), (1, 0)):
        to, rate = int(parts[one].sr), int(parts[other].sr)
        expected = np.concatenate([parts[one].y, converted(parts[other].y, rate, to)])
        loaded = read_bytes(path, (first, second)[one] + (second, first)[one])
        assert (loaded.sr, loaded.source.channels) == (to, one + 1)
        assert not loaded.source.truncated
        np.testing.assert_allclose(loaded.y, expected, atol=1e-5)
        with loading.stream(path) as recording:
            np.testing.assert_array_equal(np.concatenate(list(recording.blocks())), loaded.y)
        np.testing.assert_array_equal(
            loading.read(path, excerpt=Excerpt(offset=0.625)).y, loaded.y[5 * to // 8 :]
        )


def test_links_of_other_sample_widths_have_one_scale(tmp_path):
    path, y = tmp_path / "a.flac", tone(440, 0.4)
    narrow, wide = written("FLAC", "PCM_16", y), written("FLAC", "PCM_24", y)
    for data in (narrow + wide, wide + narrow):
        np.testing.assert_allclose(read_bytes(path, data).y, np.concatenate([y, y]), atol=4e-5)


@pytest.mark.parametrize(("form", "subtype", "ending"), KINDS)
def test_a_truncated_link_is_reported_and_its_samples_are_read(tmp_path, form, subtype, ending):
    path = tmp_path / f"a.{ending}"
    first, second = (written(form, subtype, tone(hz, 3)) for hz in (440, 880))
    cut = read_bytes(path, first + second[: len(second) * 3 // 4])
    assert cut.source.truncated
    assert len(cut.y) > 3.2 * SR or form == "OGG"
    whole = read_bytes(path, first).y
    np.testing.assert_array_equal(cut.y[: len(whole)], whole)
    assert read_bytes(path, first[: len(first) * 3 // 4] + second).source.truncated


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("channels", [1, 2])
def test_an_offset_into_ogg_gives_the_samples_of_the_whole(tmp_path, subtype, channels):
    path = tmp_path / "a.ogg"
    y = np.stack([tone(440 + k, 6) for k in range(channels)], axis=1)
    whole = read_bytes(path, written("OGG", subtype, y)).samples
    end = len(whole)
    for start in (*range(1, end, 37000), *(end - k for k in (6000, 4000, 2000, 1000, 300, 10, 1))):
        part = loading.read(path, excerpt=Excerpt(offset=start / SR))
        np.testing.assert_array_equal(part.samples, whole[start:])
        assert not part.source.truncated


def test_a_damaged_page_of_ogg_means_truncation(tmp_path):
    path = tmp_path / "a.ogg"
    data = bytearray(written("OGG", "VORBIS", tone(440, 5)))
    pages = [page.start for page in _ogg.read_pages(io.BytesIO(data), 0, len(data))]
    assert len(pages) > 5
    data[pages[-3] + 300] ^= 1
    assert read_bytes(path, data).source.truncated
    whole = written("OGG", "VORBIS", tone(440, 5))
    missing = whole[: pages[-3]] + whole[pages[-2] :]
    assert read_bytes(path, missing).source.truncated
    assert not read_bytes(path, whole).source.truncated


def opus_of_later(data, samples):
    """The stream with the positions of all pages but the headers increased by `samples`."""
    moved = bytearray()
    for page in _ogg.read_pages(io.BytesIO(data), 0, len(data)):
        content = bytearray(data[page.start : page.end])
        if page.granule > 0:
            content[6:14] = (page.granule + samples).to_bytes(8, "little")
        content[22:26] = _ogg.page_checksum(bytes(content))
        moved += content
    return bytes(moved)


def test_opus_cut_out_of_a_longer_stream_is_decoded_alike(tmp_path):
    """The delay of the encoder is removed in both (RFC 7845, 4.3)."""
    path = tmp_path / "a.opus"
    data = written("OGG", "OPUS", tone(440, 5))
    assert opus_of_later(data, 0) == data
    expected = read_bytes(path, data)
    late = read_bytes(path, opus_of_later(data, 7 * SR))
    np.testing.assert_array_equal(late.y, expected.y)
    assert not late.source.truncated


def test_the_first_of_interleaved_streams_is_decoded(tmp_path):
    path = tmp_path / "a.ogg"
    one, other = (written("OGG", "VORBIS", tone(hz, 3)) for hz in (440, 880))
    expected = read_bytes(path, one).y
    pages = [
        [data[page.start : page.end] for page in _ogg.read_pages(io.BytesIO(data), 0, len(data))]
        for data in (one, other)
    ]
    count = max(map(len, pages))
    turns = b"".join(b"".join(stream[k : k + 1]) for k in range(count) for stream in pages)
    loaded = read_bytes(path, turns)
    np.testing.assert_array_equal(loaded.y, expected)
    assert not loaded.source.truncated
    joined = read_bytes(path, turns + turns)
    np.testing.assert_array_equal(joined.y, np.concatenate([expected, expected]))


def test_flac_in_ogg_is_read(tmp_path):
    pytest.importorskip("av")
    y = np.rint(tone(440, 6)[None] * 2**15) / 2**15
    encode(tmp_path / "a.ogg", y, SR, "flac")
    data = (tmp_path / "a.ogg").read_bytes()
    np.testing.assert_array_equal(loading.read(tmp_path / "a.ogg").y, y[0].astype(np.float32))
    joined = read_bytes(tmp_path / "b.oga", data + data)
    np.testing.assert_array_equal(joined.y, np.tile(y[0], 2).astype(np.float32))
    assert read_bytes(tmp_path / "b.oga", data[: len(data) // 2]).source.truncated


def with_length(data, samples):
    return bytes(state_size(data, "FLAC", samples))


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("length", [0, 1000, 100_000])
def test_flac_of_an_unknown_or_too_small_length_is_read_to_its_end(tmp_path, subtype, length):
    path = tmp_path / "a.flac"
    data = written("FLAC", subtype, tone(440, 3))
    expected = read_bytes(path, data).y
    for before in (b"", b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)):
        loaded = read_bytes(path, before + with_length(data, length))
        np.testing.assert_array_equal(loaded.y, expected)
        assert loaded.source.stated_frames == len(expected)
        assert not loaded.source.truncated
        part = loading.read(path, excerpt=Excerpt(offset=2.5))
        np.testing.assert_array_equal(part.y, expected[round(2.5 * SR) :])


def test_cut_flac_of_an_unknown_length_is_truncated(tmp_path):
    path = tmp_path / "a.flac"
    data = with_length(written("FLAC", "PCM_16", tone(440, 3)), 0)
    whole = read_bytes(path, data).y
    for share in (0.5, 0.77, 0.9):
        cut = read_bytes(path, data[: int(len(data) * share)])
        assert cut.source.truncated
        assert share - 0.1 < len(cut.y) / len(whole) < share + 0.1
        np.testing.assert_array_equal(cut.y, whole[: len(cut.y)])


def test_joined_flac_of_unknown_length_is_read(tmp_path):
    path = tmp_path / "a.flac"
    one, other = (written("FLAC", "PCM_16", tone(hz, 1.7)) for hz in (440, 880))
    expected = np.concatenate([read_bytes(path, one).y, read_bytes(path, other).y])
    for first, second in ((0, 0), (0, 81600), (81600, 0), (1000, 1000)):
        loaded = read_bytes(path, with_length(one, first) + with_length(other, second))
        np.testing.assert_array_equal(loaded.y, expected)
        assert not loaded.source.truncated


def test_flac_with_a_tag_at_its_end_is_complete(tmp_path):
    data = written("FLAC", "PCM_16", tone(440, 1))
    loaded = read_bytes(tmp_path / "a.flac", data + b"TAG" + bytes(125))
    assert len(loaded.y) == SR
    assert not loaded.source.truncated
