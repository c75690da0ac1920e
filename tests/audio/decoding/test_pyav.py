"""Formats of the extra ``av``: length, content, tracks, damage, and files it must not open."""

import os
import shutil
import subprocess

import numpy as np
import pytest
import soundfile
from damage import ENCODED, encode

from featkit import extract, signals
from featkit.audio import loading
from featkit.audio.decoding import reader
from featkit.audio.decoding.conversion import to_float32
from featkit.audio.excerpt import Excerpt
from featkit.datasets import files
from featkit.errors import AudioError

av = pytest.importorskip("av")

SR = 48000

PRIMED = ("aac", "ac3")
"""Extensions of files that do not state the delay of the encoder."""

CASES = [pytest.param(*case, id=f"{case[1]}.{case[0]}") for case in ENCODED]


def tones(seconds=2.0):
    """A tone in each channel, faded in and out."""
    y = np.stack([signals.sine(f, SR, seconds, amplitude=0.4) for f in (440.0, 1000.0)])
    return y * np.hanning(y.shape[1]).astype(np.float32)


def frequency(y, sr):
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y))))
    return np.argmax(spectrum) * sr / len(y)


@pytest.mark.parametrize(("ending", "codec", "video"), CASES)
def test_recordings_keep_their_length_position_and_pitch(tmp_path, capfd, ending, codec, video):
    y = tones()
    encode(tmp_path / f"a.{ending}", y, SR, codec, video)
    loaded = loading.read(tmp_path / f"a.{ending}")
    assert capfd.readouterr() == ("", "")
    assert (loaded.sr, loaded.source.channels, loaded.source.decoder) == (SR, 2, "PyAV")
    assert not loaded.source.truncated
    # The delay of the encoder, and the padding of its last packet.
    late = 2048 if ending in PRIMED else 0
    assert y.shape[1] - 960 <= len(loaded.y) <= y.shape[1] + late + 1536
    left, right = loaded.samples.T
    assert frequency(left, SR) == pytest.approx(440, abs=1)
    assert frequency(right, SR) == pytest.approx(1000, abs=1)
    shift = int(np.argmax(np.correlate(loaded.y, y.mean(axis=0)[40000:56000])) - 40000)
    assert 0 <= shift <= late if late else abs(shift) <= 1


@pytest.mark.parametrize(("ending", "codec", "video"), CASES)
def test_samples_are_those_of_ffmpeg(tmp_path, ending, codec, video):
    if not shutil.which("ffmpeg"):
        pytest.skip("there is no ffmpeg to compare with")
    path = tmp_path / f"a.{ending}"
    encode(path, tones(), SR, codec, video)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-f", "f32le", "-c:a", "pcm_f32le"]
    subprocess.run([*command, tmp_path / "a.raw"], check=True)
    expected = np.fromfile(tmp_path / "a.raw", np.float32).reshape(-1, 2)
    samples = loading.read(path).samples
    np.testing.assert_allclose(to_float32(samples), expected, rtol=0, atol=1e-5)


def test_lossless_codecs_are_exact(tmp_path):
    y = np.rint(tones() * 2**15) / 2**15
    for ending, codec, video in (("m4a", "alac", None), ("mkv", "flac", "mpeg4")):
        encode(tmp_path / f"a.{ending}", y, SR, codec, video)
        samples = loading.read(tmp_path / f"a.{ending}").samples
        np.testing.assert_array_equal(to_float32(samples), y.T)


@pytest.mark.parametrize(("ending", "codec", "video"), CASES)
@pytest.mark.parametrize("sr", [None, 22050])
def test_blocks_and_excerpts_are_parts_of_the_whole(tmp_path, ending, codec, video, sr):
    path = tmp_path / f"a.{ending}"
    encode(path, tones(6.0), SR, codec, video)
    loaded = loading.read(path, sr=sr)
    with loading.stream(path, sr=sr) as recording:
        blocks = list(recording.blocks())
    assert len(blocks) > 2
    np.testing.assert_array_equal(np.concatenate(blocks), loaded.y)
    assert recording.quality() == loaded.quality()
    excerpt = loading.read(path, excerpt=Excerpt(offset=1.5, duration=0.25))
    np.testing.assert_array_equal(excerpt.samples, loading.read(path).samples[72000:84000])


def test_the_first_of_several_tracks_is_decoded(tmp_path):
    path = tmp_path / "a.mka"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("flac", rate=SR, layout="mono") for _ in range(2)]
        for stream, hz in zip(streams, (440.0, 1000.0), strict=True):
            y = signals.sine(hz, SR, 1.0)[None]
            frame = av.AudioFrame.from_ndarray(y, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = SR, 0
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    y, sr = loading.load(path)
    assert frequency(y, sr) == pytest.approx(440, abs=2)


def test_a_video_without_sound_is_an_error(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("mpeg4", rate=10)
        video.width = video.height = 64
        video.pix_fmt = "yuv420p"
        black = np.zeros((64, 64, 3), np.uint8)
        out.mux(video.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
        out.mux(video.encode(None))
    with pytest.raises(AudioError, match="decode: no audio track"):
        loading.load(path)


def test_the_content_decides_and_not_the_extension(tmp_path):
    encode(tmp_path / "a.m4a", tones(), SR, "aac")
    soundfile.write(tmp_path / "b.m4a", tones().T, SR, format="WAV")
    os.replace(tmp_path / "a.m4a", tmp_path / "a.wav")
    assert loading.read(tmp_path / "a.wav").source.decoder == "PyAV"
    assert loading.read(tmp_path / "b.m4a").source.decoder == "libsndfile"


def test_a_damaged_wav_file_is_not_passed_to_ffmpeg(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, tones().T, SR)
    path.write_bytes(b"LIFF" + path.read_bytes()[4:])
    with pytest.raises(AudioError, match="libsndfile cannot decode"):
        loading.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{0}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {0}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        "these are not samples\n" * 100,
    ],
)
def test_no_list_or_text_opens_other_files(tmp_path, text):
    encode(tmp_path / "secret.ts", tones(), SR, "aac")
    path = tmp_path / "a.m4a"
    path.write_text(text.format("secret.ts"))
    with pytest.raises(AudioError, match="decode: FFmpeg cannot decode this file"):
        loading.load(path)


def test_a_file_whose_name_is_not_utf8_or_an_address_is_decoded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    encode(tmp_path / "a.m4a", tones(), SR, "aac")
    for name in (os.fsdecode(b"caf\xe9.m4a"), "http:x.m4a", "-y.m4a", "concat:a|b.m4a"):
        try:
            shutil.copy("a.m4a", name)
        except OSError:
            continue
        np.testing.assert_array_equal(loading.load(name)[0], loading.load("a.m4a")[0])


@pytest.mark.parametrize(
    ("ending", "codec", "start"),
    [("aac", "aac", None), ("webm", "libopus", None), ("m4a", "alac", "faststart")],
)
def test_a_truncated_file_gives_the_remaining_samples(tmp_path, ending, codec, start):
    path = tmp_path / f"a.{ending}"
    encode(path, tones(), SR, codec, movflags=start)
    whole = loading.read(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(0.6 * len(data))])
    cut = loading.read(path)
    assert cut.source.truncated
    assert 0.3 * len(whole.y) < len(cut.y) < 0.8 * len(whole.y)
    same = len(cut.y) - 2048
    np.testing.assert_allclose(cut.y[:same], whole.y[:same], rtol=0, atol=1e-6)


def test_an_mp4_without_its_index_is_a_failure(tmp_path):
    path = tmp_path / "a.m4a"
    encode(path, tones(), SR, "aac")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(AudioError, match="decode: FFmpeg cannot decode this file"):
        loading.load(path)


def test_a_batch_finds_and_reads_all_formats(tmp_path):
    for ending, codec, video in ENCODED:
        encode(tmp_path / f"{codec}.{ending}", tones(), SR, codec, video)
    recordings = files.find([tmp_path])
    assert len(recordings) == len(ENCODED)
    extraction = extract(tmp_path, features="genre75")
    assert not extraction.failures
    assert len(extraction.table) == len(ENCODED)


def test_the_versions_of_the_decoders_are_known():
    versions = reader.versions()
    assert versions["libsndfile"] == soundfile.__libsndfile_version__
    assert versions["PyAV"] == av.__version__
