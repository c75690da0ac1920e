"""Names of formats: container, and codec or sample format, of every kind of file."""

import numpy as np
import pytest
import soundfile
from damage import encode

import featkit
from featkit import signals
from featkit.audio import loading
from featkit.audio.excerpt import Excerpt

SR = 48000

NAMES = {
    ("m4a", "aac"): "MP4 AAC",
    ("m4a", "alac"): "MP4 ALAC",
    ("mp4", "aac"): "MP4 AAC",
    ("mp4", "libmp3lame"): "MP4 MP3",
    ("mov", "pcm_s16be"): "MP4 PCM_S16BE",
    ("aac", "aac"): "AAC",
    ("ac3", "ac3"): "AC3",
    ("webm", "libopus"): "MATROSKA OPUS",
    ("mkv", "flac"): "MATROSKA FLAC",
    ("wv", "wavpack"): "WAVPACK",
    ("tta", "tta"): "TTA",
    ("wma", "wmav2"): "ASF WMAV2",
    ("avi", "libmp3lame"): "AVI MP3",
}
"""Names of files that PyAV writes, by extension and codec."""


def format_of(path, **excerpt):
    return loading.read(path, excerpt=Excerpt(**excerpt)).source.format


def sndfile_formats():
    for form in ("WAV", "WAVEX", "W64", "RF64", "AIFF", "AU", "CAF", "FLAC", "OGG", "NIST"):
        for subtype in soundfile.available_subtypes(form):
            if "MPEG" not in subtype:
                yield form, subtype


@pytest.mark.parametrize(("form", "subtype"), [*sndfile_formats()])
def test_libsndfile_names_container_and_sample_format(tmp_path, form, subtype):
    y = signals.noise(SR, 0.3) if subtype == "OPUS" else signals.noise(16000, 0.5)
    rate = SR if subtype == "OPUS" else 16000
    try:
        soundfile.write(tmp_path / "a", y, rate, format=form, subtype=subtype)
    except soundfile.LibsndfileError as error:
        pytest.skip(f"this libsndfile does not write it: {error.error_string}")
    assert format_of(tmp_path / "a") == f"{form} {subtype}"


@pytest.mark.parametrize("layer", [2, 3])
def test_mpeg_audio_is_named_by_its_layer(tmp_path, layer):
    av = pytest.importorskip("av")
    codec = {2: "mp2", 3: "libmp3lame"}[layer]
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    for ending, name in ((f"mp{layer}", f"MP{layer}"), ("wav", f"WAV MP{layer}")):
        encode(tmp_path / f"a.{ending}", signals.noise(SR, 0.5)[None], SR, codec)
        assert format_of(tmp_path / f"a.{ending}") == name


@pytest.mark.parametrize(("ending", "codec"), [*NAMES])
def test_pyav_names_container_and_codec(tmp_path, ending, codec):
    av = pytest.importorskip("av")
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    path = tmp_path / f"a.{ending}"
    encode(path, np.stack([signals.noise(SR, 0.5)] * 2), SR, codec)
    assert format_of(path) == NAMES[ending, codec]
    assert format_of(path, offset=0.2, duration=0.1) == NAMES[ending, codec]


def test_an_array_has_no_format():
    assert loading.read((signals.noise(SR, 0.1), SR)).source.format == ""


def test_tables_name_the_format_of_each_recording(tmp_path):
    y = signals.noise(8000, 0.5)
    for name, form, subtype in (
        ("a.wav", "WAV", "PCM_16"),
        ("b.flac", "FLAC", "PCM_24"),
        ("c.ogg", "OGG", "VORBIS"),
        ("d.wav", "WAV", "ULAW"),
    ):
        soundfile.write(tmp_path / name, y, 8000, format=form, subtype=subtype)
    expected = ["WAV PCM_16", "FLAC PCM_24", "OGG VORBIS", "WAV ULAW"]
    table = featkit.extract(tmp_path, features="genre75", segment=0.25).table
    assert table.quality["quality_format"].tolist() == [name for name in expected for _ in range(2)]
