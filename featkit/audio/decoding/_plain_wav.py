"""Short WAV files of 16 bits whose header is plain and correct: their samples need no decoder.

libsndfile takes longer to open such a file than to copy its samples. All other files, and all whose
sizes do not agree, are left to it.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.decoding._file_parts import FilePart, file_part

HEADER = struct.Struct("<4sI8sIHHIIHH4sI")
"""RIFF header, a format chunk of 16 bytes, and the head of the data chunk."""

MAX_CHANNELS = 64

RATES = range(1000, 400_000)
"""Rates in Hz that are certainly not a mistake of the header."""


class PlainWavDecoder:
    """A short WAV file in memory; see `featkit.audio.decoding.reader.Decoder`.

    It has the name of libsndfile, which gives the same samples.

    Parameters
    ----------
    samples : array of int16, shape ``(frames,)`` or ``(frames, channels)``
    rate : int
        Sample rate in Hz.
    """

    name = "libsndfile"
    format = "WAV PCM_16"
    full_scale = 32767 / 32768
    tolerance = 0
    truncated = False
    uncompressed = True

    def __init__(self, samples: Array, rate: int) -> None:
        self.rate = float(rate)
        self.channels = 1 if samples.ndim == 1 else samples.shape[1]
        self.stated_frames: int | None = len(samples)
        self._samples = samples

    def blocks(self, start: int, size: int) -> Iterator[Array]:
        """Yield the samples; see `Decoder.blocks`.

        Parameters
        ----------
        start : int
            First frame.
        size : int
            Largest number of frames in a block.

        Yields
        ------
        array of int16, shape ``(frames,)`` or ``(frames, channels)``
        """
        for position in range(start, len(self._samples), size):
            yield self._samples[position : position + size]

    def read(self, start: int, stop: int) -> Array:
        """Return some frames.

        Parameters
        ----------
        start, stop : int
            First frame, and the one after the last.

        Returns
        -------
        array of int16, shape ``(frames,)`` or ``(frames, channels)``
        """
        return self._samples[start:stop]


def plain_wav(content: bytes) -> PlainWavDecoder | None:
    """Open a WAV file, if it is plain and correct.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    PlainWavDecoder or None
    """
    if len(content) <= HEADER.size:
        return None
    riff, size, wave, fmt_size, *fmt, data, data_size = HEADER.unpack_from(content)
    codec, channels, rate, byte_rate, align, bits = fmt
    is_plain = (
        (riff, wave, data) == (b"RIFF", b"WAVEfmt ", b"data")
        and (fmt_size, codec, bits) == (16, 1, 16)
        and 1 <= channels <= MAX_CHANNELS
        and rate in RATES
        and align == 2 * channels
        and byte_rate == align * rate
        and size == len(content) - 8
        and 0 < data_size <= len(content) - HEADER.size
        and data_size % align == 0
    )
    if not is_plain or file_part(io.BytesIO(content), 0, len(content)) != AS_IT_IS:
        return None
    samples = np.frombuffer(content, "<i2", data_size // 2, HEADER.size)
    if samples.dtype != np.int16:  # a processor of another byte order
        samples = samples.astype(np.int16)
    return PlainWavDecoder(samples.reshape(-1, channels) if channels > 1 else samples, rate)


AS_IT_IS = FilePart(recognised=True)
"""The part of a file whose sizes agree."""
