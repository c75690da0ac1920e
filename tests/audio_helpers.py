"""Helpers of the audio tests: files in memory, loading errors, and FFmpeg as a reference."""

import contextlib
import io

import numpy as np
import pytest
import soundfile

from featkit.audio import loading
from featkit.audio.excerpt import Excerpt
from featkit.errors import AudioError


def integers_in_range(bits, samples=2000):
    """Both ends of the range of signed integers, the values around 0, and random ones."""
    full = 2 ** (bits - 1)
    ends = [-full, full - 1, -1, 0, 1]
    between = np.random.default_rng(bits).integers(-full, full, samples - len(ends))
    return np.concatenate([ends, between])


def file_bytes(form, subtype, y, sr, **options):
    """The bytes of a file that soundfile writes."""
    file = io.BytesIO()
    soundfile.write(file, y, sr, format=form, subtype=subtype, **options)
    return file.getvalue()


def read_bytes(path, data, **excerpt):
    """Write a file and read an excerpt of it."""
    path.write_bytes(data)
    return loading.read(path, excerpt=Excerpt(**excerpt))


def loading_error(source, **kwargs):
    """The error that loading a source raises."""
    with pytest.raises(AudioError) as caught:
        loading.load(source, **kwargs)
    return caught.value


def decode_with_ffmpeg(path):
    """Samples of shape ``(frames, channels)``, as the ``ffmpeg`` command decodes them.

    Packets that FFmpeg cannot decode are skipped.
    """
    av = pytest.importorskip("av")
    blocks = []
    with av.open(str(path)) as container:
        for packet in container.demux(audio=0):
            with contextlib.suppress(av.FFmpegError):
                blocks += [samples_of(frame) for frame in packet.decode()]
    return np.concatenate(blocks)


def samples_of(frame):
    """Samples of a frame of PyAV, of shape ``(frames, channels)``."""
    array = frame.to_ndarray()
    return array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
