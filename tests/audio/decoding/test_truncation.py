"""Truncation in PyAV's formats: time stamps that begin late or have gaps, and missing ends."""

from fractions import Fraction

import numpy as np
import pytest
from damage import encode

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding import truncation
from featkit.audio.excerpt import Excerpt
from featkit.errors import AudioError

av = pytest.importorskip("av")

SR = 48000

FRAME = 4800


def write(path, frames, codec="flac", options=None, late=0, gap=0):
    """Write frames of a tenth of a second, the first one late, and with a gap in the middle."""
    y = np.int16(9000 * signals.sine(440, SR, frames * FRAME / SR))
    options = {"avoid_negative_ts": "disabled", **(options or {})}
    with av.open(str(path), "w", options=options) as out:
        stream = out.add_stream(codec, rate=SR, layout="mono")
        for k in range(frames):
            samples = y[None, k * FRAME : (k + 1) * FRAME]
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.time_base = SR, Fraction(1, SR)
            frame.pts = round(late * SR) + k * FRAME + (round(gap * SR) if k >= frames // 2 else 0)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return y / np.float32(2**15)


@pytest.mark.parametrize("timing", [{"late": 1.5}, {"late": 100.0}, {"gap": 2.0}], ids=str)
@pytest.mark.parametrize("codec", ["flac", "pcm_s16le"])
def test_a_late_beginning_and_gaps_are_not_truncation(tmp_path, codec, timing):
    path = tmp_path / "a.mka"
    y = write(path, 30, codec, **timing)
    loaded = loading.read(path)
    np.testing.assert_array_equal(loaded.y, y)
    assert not loaded.source.truncated
    assert loaded.source.stated_frames in (None, len(y))
    part = loading.read(path, excerpt=Excerpt(offset=0.5))
    np.testing.assert_array_equal(part.y, y[SR // 2 :])
    assert not part.source.truncated
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 7 // 10])
    cut = loading.read(path)
    assert cut.source.truncated
    np.testing.assert_array_equal(cut.y, y[: len(cut.y)])


def test_truncation_of_matroska_without_sizes_is_detected(tmp_path):
    path = tmp_path / "a.mka"
    y = write(path, 30, "pcm_s16le", {"live": "1"})
    data = path.read_bytes()
    segment = data.index(b"\x18S\x80g")
    assert data[segment + 4 : segment + 12] == b"\x01" + b"\xff" * 7  # RFC 8794, 6.2: unknown
    loaded = loading.read(path)
    np.testing.assert_array_equal(loaded.y, y)
    assert not loaded.source.truncated
    path.write_bytes(data[: len(data) * 7 // 10])
    assert loading.read(path).source.truncated


@pytest.mark.parametrize("flags", [None, "frag_keyframe+empty_moov", "faststart"])
def test_mp4_is_read_wherever_its_index_is(tmp_path, flags):
    path = tmp_path / "a.m4a"
    y = np.rint(signals.sine(440, SR, 3.0)[None] * 2**15) / 2**15
    encode(path, y, SR, "alac", movflags=flags)
    loaded = loading.read(path)
    np.testing.assert_allclose(loaded.y, y[0], atol=2**-15)
    assert not loaded.source.truncated
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    if flags is None:  # nothing can be read without the index
        with pytest.raises(AudioError, match="truncated: shorter than its headers state"):
            loading.read(path)
    else:
        cut = loading.read(path)
        assert cut.source.truncated
        np.testing.assert_array_equal(cut.y, loaded.y[: len(cut.y)])
    path.write_bytes(data + data)
    assert loading.read(path).source.truncated


def test_encoder_padding_at_a_low_rate_is_not_truncation(tmp_path):
    path = tmp_path / "a.m4a"
    encode(path, signals.sine(440, 8000, 2.0)[None], 8000, "aac")
    assert not loading.read(path).source.truncated


@pytest.mark.parametrize("codec", ["ac3", "eac3"])
@pytest.mark.parametrize("rate", [32000, 44100, 48000])
def test_a_packet_of_ac3_has_as_many_bytes_as_its_header_states(tmp_path, codec, rate):
    """ETSI TS 102 366, table 4.13; the encoder of FFmpeg writes complete frames."""
    path = tmp_path / f"a.{codec}"
    encode(path, signals.sine(440, rate, 0.5)[None], rate, codec)
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    assert all(truncation.is_complete(codec, packet) for packet in packets)
    assert not any(truncation.is_complete(codec, packet[:-1]) for packet in packets)
