"""Files with unknown extensions: audio is recognised by its content, others are counted."""

import io
import os

import av
import hypothesis
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.audio.signatures import is_audio, mpeg_frame_size
from featkit.cli._main import main
from featkit.datasets.files import find
from featkit.datasets.skipped_files import SkippedFiles, format_counts
from featkit.errors import ParameterError

SR = 16000

LEVEL = {"sample_rate": "native", "features": [{"family": "rms", "statistics": ["max"]}]}

SNDFILE = ["AIFF", "AU", "AVR", "CAF", "FLAC", "HTK", "IRCAM", "MP3", "NIST", "OGG", "PAF", "PVF"]
SNDFILE += ["RF64", "SDS", "SVX", "VOC", "W64", "WAV", "WAVEX", "WVE", "XI"]
"""Formats of libsndfile with a signature; RAW, MAT, MPC2K and SD2 have none for audio."""

CONTAINERS = [
    *(("mp2", "mp2"), ("adts", "aac"), ("ac3", "ac3"), ("eac3", "eac3"), ("matroska", "aac")),
    *(("webm", "libopus"), ("mp4", "aac"), ("mov", "aac"), ("flv", "aac"), ("asf", "wmav2")),
    *(("avi", "mp2"), ("mpeg", "mp2"), ("vob", "mp2"), ("tta", "tta"), ("wv", "wavpack")),
]
"""Containers and codecs that FFmpeg writes."""


def sound():
    return signals.sine(440.0, SR, 0.5)


def written(path, kind):
    subtypes = soundfile.available_subtypes(kind)
    for subtype in ("PCM_16", "PCM_S8", "ALAW", "VORBIS", "MPEG_LAYER_III", "DPCM_16"):
        if subtype in subtypes:
            soundfile.write(path, sound(), SR, subtype, format=kind)
            return


def encoded(container, codec, rate=44100):
    """A second of a tone, by FFmpeg."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as file:
        rate = 48000 if codec == "libopus" else rate
        track = file.add_stream(codec, rate=rate)
        formats = [sample_format.name for sample_format in track.codec_context.codec.audio_formats]
        y = (signals.sine(440.0, rate, 1.0) * 8000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(y, format="s16", layout="mono")
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            format=formats[0], layout="mono", rate=rate, frame_size=track.codec_context.frame_size
        )
        track.codec_context.layout = "mono"
        track.bit_rate = 64000
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            part.pts = None
            file.mux(track.encode(part))
        file.mux(track.encode(None))
    return stream.getvalue()


def paths(folder):
    return [recording.path for recording in find([folder])]


# Audio


@pytest.mark.parametrize("kind", SNDFILE)
@pytest.mark.parametrize("name", ["a", "a.dat", "00001.5"])
def test_formats_of_libsndfile_are_recognised_under_any_name(tmp_path, kind, name):
    if kind not in soundfile.available_formats():
        pytest.skip("this libsndfile does not know it")
    written(tmp_path / name, kind)
    assert paths(tmp_path) == [name]
    (row,) = featkit.extract(tmp_path, features=LEVEL).table.values
    assert np.isfinite(row).all()


@pytest.mark.parametrize(("container", "codec"), CONTAINERS)
def test_formats_of_ffmpeg_are_recognised_without_an_extension(tmp_path, container, codec):
    try:
        data = encoded(container, codec)
    except (av.FFmpegError, ValueError) as error:
        pytest.skip(f"this FFmpeg does not write it: {error}")
    (tmp_path / "a").write_bytes(data)
    assert paths(tmp_path) == ["a"]
    extraction = featkit.extract(tmp_path, features=LEVEL)
    assert not extraction.failures
    assert np.isfinite(extraction.table.values).all()


@pytest.mark.parametrize(
    ("rate", "container", "codec"),
    [
        *((rate, "mp3", "libmp3lame") for rate in (44100, 48000, 32000, 22050, 24000, 16000)),
        *((rate, "mp3", "libmp3lame") for rate in (11025, 12000, 8000)),
        *((rate, "mp2", "mp2") for rate in (44100, 48000, 32000, 22050, 16000)),
    ],
)
def test_frames_of_mpeg_audio_follow_each_other_to_the_end(rate, container, codec):
    data = encoded(container, codec, rate)
    if data.startswith(b"ID3"):
        *_, a, b, c, d = data[:10]
        data = data[10 + (a << 21 | b << 14 | c << 7 | d) :]
    position, count = 0, 0
    while position < len(data):
        length = mpeg_frame_size(data[position : position + 4])
        assert length
        position, count = position + length, count + 1
    assert position == len(data)
    assert count >= rate / 1152


# Other files


@hypothesis.given(
    text=st.text(max_size=300),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"]),
    start=st.sampled_from(
        [
            *("", "ID3", "ID3 tags", "MAC ", "MAC address", "TTA1 ", "wvpk", "FORM", "FLV", "RIFF"),
            *(".snd", "OggS", "fLaC", "caff", "2BIT", "NIST", "PVF", " paf", "#!", "#!AMR "),
        ]
    ),
)
def test_text_is_not_audio(tmp_path_factory, text, encoding, start):
    text = "".join(c for c in text if c.isprintable() or c in "\r\n\t")
    path = tmp_path_factory.getbasetemp() / "text"
    path.write_bytes(f"{start}{text}".encode(encoding, "replace"))
    assert not is_audio(path)


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"RIFF\x24\x00\x00\x00WEBPVP8 ",
        b"RIFF\x24\x00\x00\x00RMID",
        b"FORM\x00\x00\x00\x24ILBMBMHD",
        b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
        b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00",
        b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01",
        b"II*\x00",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"\x1f\x8b\x08\x00",
        b"\x93NUMPY\x01\x00",
        b"MATLAB 5.0 MAT-file",
        b"SQLite format 3\x00",
        b"MThd\x00\x00\x00\x06",
        b"\x7fELF",
        b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ",  # AppleDouble
        b"\xff\xfb\x90\xc4",  # one header of MPEG audio, and no frame
        b"\xff\xff\xff\xff" * 9,
        b"",
    ],
)
def test_other_files_are_not_audio(tmp_path, head):
    (tmp_path / "a").write_bytes(head + bytes(5000) if head else head)
    assert not is_audio(tmp_path / "a")


def test_a_header_by_chance_is_not_audio(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, 20000, dtype=np.uint8).tobytes()
    for header in (b"\xff\xfb\x90\xc4", b"\xff\xf1\x50\x80\x20\x1f\xfc", b"\x0bw\x00\x00\x14\x40"):
        (tmp_path / "a").write_bytes(header + noise)
        assert not is_audio(tmp_path / "a")


@pytest.mark.parametrize("name", ["a.wav.part", "a.wav.crdownload", "a.wav~", "a.wav.bak", "a.txt"])
def test_partial_downloads_and_backup_copies_are_skipped(tmp_path, name):
    written(tmp_path / name, "WAV")
    written(tmp_path / "b.wav", "WAV")
    assert paths(tmp_path) == ["b.wav"]


def test_a_named_pipe_is_skipped(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes with a name")
    written(tmp_path / "b.wav", "WAV")
    os.mkfifo(tmp_path / "pipe")
    assert paths(tmp_path) == ["b.wav"]


def test_an_audio_extension_is_enough(tmp_path):
    names = ["c.sph", "d.weba", "e.AIFC", "f.oga", "g.voc", "h.mpeg"]
    for name in names:
        (tmp_path / name).touch()
    assert paths(tmp_path) == names


# Counts of skipped files


def corpus(folder):
    folder.mkdir()
    written(folder / "a.wav", "WAV")
    os.makedirs(folder / "x" / ".hidden")
    for name in ("1.txt", "2.TXT", "x/3.txt", "cover.jpg", "README", "Mr. Smith", "take.00001"):
        (folder / name).write_text("no sound")
    hidden = (".DS_Store", "._a.wav", "x/.hidden/4.txt", "x/._b")
    for name in hidden:
        (folder / name).write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ")
    return folder


EXPECTED = {".txt": 3, "": 3, ".jpg": 1}


def test_skipped_files_are_counted_by_extension(tmp_path):
    extraction = featkit.extract(corpus(tmp_path / "c"), features=LEVEL)
    assert extraction.left_out == EXPECTED
    assert not extraction.failures


def test_a_folder_searched_twice_is_counted_once(tmp_path):
    folder = corpus(tmp_path / "c")
    counted = SkippedFiles()
    find([folder, folder / "x", folder, folder / "a.wav"], skipped=counted)
    assert counted.counts == EXPECTED


def test_given_files_and_manifests_skip_nothing(tmp_path):
    folder = corpus(tmp_path / "c")
    assert featkit.extract(folder / "a.wav", features=LEVEL).left_out == {}
    (tmp_path / "list.csv").write_text("path\nc/a.wav\n")
    assert featkit.extract(manifest=tmp_path / "list.csv", features=LEVEL).left_out == {}


def test_a_search_without_audio_lists_the_skipped_files(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ParameterError, match=r"looked for .*\.wav.*; skipped: 1 \.txt"):
        find([tmp_path])


def test_the_summary_does_not_count_files_of_featkit(tmp_path, monkeypatch):
    folder = corpus(tmp_path / "c")
    written(folder / "b.wav", "WAV")
    (folder / "bad.wav").write_text("no sound")
    monkeypatch.chdir(folder)
    words = ["extract", ".", "--features", "genre75", "--jobs", "1", "-o"]
    for output in ("t.csv", "u.parquet", "t.csv"):  # the last next to files of the others
        done = CliRunner().invoke(main, [*words, output])
        assert done.exit_code == 3, done.output
        assert "skipped: 3 without suffix, 3 .txt, 1 .jpg\n" in done.stderr
    assert {"t.csv.parts", "t.csv.failures.csv", "u.parquet.parts"} <= {*os.listdir(".")}


def test_the_table_is_not_counted_in_the_folder_of_its_recording(tmp_path, monkeypatch):
    written(tmp_path / "a.wav", "WAV")
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert featkit.extract(".", features=LEVEL, output="t.csv").left_out == {}


def test_files_next_to_a_table_in_a_folder_of_a_store_are_not_counted():
    counted = SkippedFiles("s3://bucket/corpus/features/")
    names = ["features.failures.csv", "other.csv"]
    counted.add("s3://bucket/corpus", names, names=names)
    assert counted.counts == {".csv": 1}


def test_a_summary_names_the_most_common_extensions():
    counts = {f".e{k}": 20 - k for k in range(10)}
    assert format_counts({".wav~": 1}) == "1 .wav~"
    assert format_counts(counts).startswith("20 .e0, 19 .e1, ")
    assert format_counts(counts).endswith("13 .e7, 23 others")
