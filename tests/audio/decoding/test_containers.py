"""Every container and codec: complete, truncated, in parts, of unknown length, and joined.

The samples are those of FFmpeg (through PyAV), or the outcome reports missing ones: an error, or a
truncated recording. FFmpeg is no reference in these cases:

- It keeps the padding of the last packet of Vorbis, and loses the first packets after a joint.
- It loses the end of ALAC in CAF as libsndfile writes it.
- G.721 and G.723 of libsndfile are not the G.726 that FFmpeg decodes, and it has no NMS ADPCM.
- It keeps seven more bits between blocks of IMA ADPCM in AIFF, and rounds MS ADPCM differently; its
  Opus decoder differs from libopus by a few parts in 1e4.
"""

import functools

import numpy as np
import pytest
import soundfile
from audio_helpers import samples_of
from damage import encode, state_size

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding.conversion import to_float32
from featkit.audio.excerpt import Excerpt
from featkit.errors import AudioError

av = pytest.importorskip("av")

ENDINGS = {"WAV": "wav", "WAVEX": "wav", "W64": "w64", "RF64": "rf64", "AIFF": "aiff", "AU": "au"}
ENDINGS |= {"CAF": "caf", "FLAC": "flac", "OGG": "ogg", "NIST": "sph"}

SIZED = ("WAV", "WAVEX", "W64", "RF64", "AIFF", "AU", "CAF", "FLAC")
"""Formats whose stated length may be unknown."""

NOT_FFMPEG = ("G721_32", "G723_24", "G723_40", "NMS_ADPCM_16", "NMS_ADPCM_24", "NMS_ADPCM_32")
NOT_FFMPEG += ("DWVW_12", "DWVW_16", "DWVW_24")

TOLERANCES = {"MS_ADPCM": 0.01, "IMA_ADPCM": 0.004, "OPUS": 1e-3, "VORBIS": 1e-5}

PACKED = (
    ("m4a", "aac"),
    ("m4a", "alac"),
    ("mp4", "aac"),
    ("mov", "pcm_s16be"),
    ("aac", "aac"),
    ("mka", "flac"),
    ("mka", "aac"),
    ("mkv", "pcm_s16le"),
    ("webm", "libopus"),
    ("webm", "libvorbis"),
    ("wma", "wmav2"),
    ("wv", "wavpack"),
    ("tta", "tta"),
    ("ac3", "ac3"),
    ("eac3", "eac3"),
    ("avi", "pcm_s16le"),
    ("avi", "aac"),
    ("flv", "aac"),
    ("ogg", "flac"),
)
"""Extensions and codecs of the files that PyAV writes."""


def subtypes():
    for form in ENDINGS:
        for subtype in soundfile.available_subtypes(form):
            if "MPEG" not in subtype:
                yield form, subtype


CASES = [pytest.param(*case, id="-".join(case)) for case in (*subtypes(), *PACKED)]


@functools.cache
def sound(sr, seconds):
    return 0.7 * signals.sine(440, sr, seconds) + signals.noise(sr, seconds, amplitude=0.02)


def written(folder, form, codec):
    """A file, its rate, and the tolerance to FFmpeg's samples; None where it is no reference."""
    if form in ENDINGS:
        sr = 48000 if codec == "OPUS" else 16000
        path = folder / f"a.{ENDINGS[form]}"
        try:
            soundfile.write(path, sound(sr, 0.9), sr, format=form, subtype=codec)
        except soundfile.LibsndfileError as error:
            pytest.skip(f"this libsndfile does not write it: {error.error_string}")
        comparable = codec not in NOT_FFMPEG and not codec.startswith("ALAC")
        return path, sr, TOLERANCES.get(codec, 1e-6) if comparable else None
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    path = folder / f"a.{form}"
    encode(path, sound(48000, 1.1)[None], 48000, codec)
    return path, 48000, 1e-6


def by_ffmpeg(path):
    """The samples that FFmpeg decodes, up to an error; None if it cannot open the file."""
    arrays = []
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            for frame in container.decode(container.streams.audio[0]):
                samples = np.ascontiguousarray(samples_of(frame))
                arrays += [centred(samples)]
    except (av.FFmpegError, IndexError):
        if not arrays:
            return None
    return np.concatenate(arrays)[:, 0] if arrays else None


def centred(samples):
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - 128) / 128
    return np.asarray(to_float32(samples), dtype=np.float32)


def outcome(path, **excerpt):
    """Samples, and whether the recording is truncated; None for an error."""
    try:
        loaded = loading.read(path, excerpt=Excerpt(**excerpt))
    except AudioError as error:
        return None if error.stage in ("decode", "samples") else pytest.fail(str(error))
    return loaded.y, loaded.source.truncated


def same(y, expected, tolerance):
    return len(y) == len(expected) and bool(np.all(np.abs(y - expected) <= tolerance))


@pytest.mark.parametrize(("form", "codec"), CASES)
def test_whole_files_are_what_ffmpeg_decodes(tmp_path, form, codec):
    path, _, tolerance = written(tmp_path, form, codec)
    y, truncated = outcome(path)
    assert not truncated
    if tolerance is not None:
        expected = by_ffmpeg(path)
        assert 0 <= len(expected) - len(y) <= (2048 if codec == "VORBIS" else 0)
        assert same(y, expected[: len(y)], tolerance)


@pytest.mark.parametrize(("form", "codec"), CASES)
def test_an_offset_or_blocks_give_the_samples_of_the_whole(tmp_path, form, codec):
    path, sr, _ = written(tmp_path, form, codec)
    y, _ = outcome(path)
    for start in (1, 777, 5001, len(y) - 333, len(y) - 1):
        part, truncated = outcome(path, offset=start / sr)
        np.testing.assert_array_equal(part, y[start:])
        assert not truncated
        part, _ = outcome(path, offset=start / sr, duration=100 / sr)
        np.testing.assert_array_equal(part, y[start : start + 100])
    with loading.stream(path) as recording:
        np.testing.assert_array_equal(np.concatenate(list(recording.blocks())), y)


@pytest.mark.parametrize("share", [0.35, 0.78, 0.999])
@pytest.mark.parametrize(("form", "codec"), CASES)
def test_a_truncated_file_is_reported_and_has_no_invented_samples(tmp_path, form, codec, share):
    path, _, _ = written(tmp_path, form, codec)
    y, _ = outcome(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    result = outcome(path)
    if result is not None:
        assert result[1] or same(result[0], y, 0)
        assert same(result[0], y[: len(result[0])], 0) or len(result[0]) == len(by_ffmpeg(path))


@pytest.mark.parametrize(("form", "codec"), CASES)
def test_a_file_joined_to_itself_is_decoded_twice_or_truncated(tmp_path, form, codec):
    path, _, _ = written(tmp_path, form, codec)
    y, _ = outcome(path)
    path.write_bytes(path.read_bytes() * 2)
    result = outcome(path)
    if result is None:
        return
    if result[1]:
        assert same(result[0][: len(y)], y[: len(result[0])], 0)
    else:
        expected = by_ffmpeg(path)
        assert same(result[0], np.tile(y, 2), 0) or same(result[0], expected, 1e-6)
        assert len(result[0]) > 1.9 * len(y)


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize(("form", "codec"), [case for case in subtypes() if case[0] in SIZED])
def test_a_file_of_unknown_length_is_read_to_its_end(tmp_path, form, codec, size):
    path, _, _ = written(tmp_path, form, codec)
    y, _ = outcome(path)
    path.write_bytes(state_size(path.read_bytes(), form, size))
    result = outcome(path)
    if codec.startswith(("ALAC", "DWVW")):
        assert result is None or result[1] or same(result[0], y, 0)
        return
    assert same(result[0], y, 0)
    assert not result[1]
