"""MPEG audio for tests: encoding, splitting into frames, and the tags around it in files."""

import io
import struct

import numpy as np
import soundfile

RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Bit rates in kbit/s, by the index in a header of MPEG-1, layer 3."""


def sound(seconds=1.0, sr=44100, channels=1, seed=0):
    """Tones with a little noise; shape ``(samples, channels)``."""
    time = np.arange(round(seconds * sr))[:, None] / sr
    tones = 0.3 * np.sin(2 * np.pi * np.array([440.0, 1000.0])[:channels] * time)
    return tones + 0.02 * np.random.default_rng(seed).normal(size=tones.shape)


COMPRESSION_LEVEL, BITRATE_MODE = 0x1301, 0x1305
"""Commands of libsndfile for which the oldest supported soundfile has no parameters."""

MODES = {"CONSTANT": 0, "VARIABLE": 2}


def mp3(y, sr=44100, mode="CONSTANT", level=0.5):
    """Encode with LAME in libsndfile, whose first frame states the length and the padding."""
    data, command, new = io.BytesIO(), soundfile._snd.sf_command, soundfile._ffi.new
    kind = {"format": "MP3", "subtype": "MPEG_LAYER_III"}
    with soundfile.SoundFile(data, "w", sr, y.shape[1], **kind) as file:
        assert command(file._file, COMPRESSION_LEVEL, new("double*", level), 8)
        assert command(file._file, BITRATE_MODE, new("int*", MODES[mode]), 4)
        file.write(y)
    return data.getvalue()


def frames(data, sr=44100):
    """The frames of MPEG-1, layer 3, by the arithmetic of the standard (ISO 11172-3, 2.4.3.1)."""
    result, at = [], 0
    while at + 4 <= len(data):
        size = 144000 * RATES[data[at + 2] >> 4] // sr + (data[at + 2] >> 1 & 1)
        result.append(data[at : at + size])
        at += size
    return result


def with_count(data, count, size=None):
    """Change the number of frames in the tag, and optionally that of bytes."""
    at = max(data.find(b"Xing"), data.find(b"Info"))
    stated = struct.unpack(">I", data[at + 12 : at + 16])[0]
    numbers = struct.pack(">II", count, stated if size is None else size)
    return data[: at + 8] + numbers + data[at + 16 :]


def vbri(count):
    """The first frame of the encoder of Fraunhofer, with a VBRI tag: 128 kbit/s, mono."""
    frame = bytearray(b"\xff\xfb\x90\xc4" + bytes(413))
    frame[36:54] = b"VBRI" + struct.pack(">HHHII", 1, 1201, 75, 417 * count, count)
    return bytes(frame)


def _seven_bits(number):
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def id3v2(body=bytes(100), footer=False):
    head = bytes([4, 0, 0x10 if footer else 0]) + _seven_bits(len(body))
    return b"ID3" + head + body + (b"3DI" + head if footer else b"")


def id3v1():
    return b"TAG" + b"t" * 125


def ape(header=True):
    items = b"\xff\xfb\x90\x64" * 20

    def part(flags):
        return b"APETAGEX" + struct.pack("<4I", 2000, len(items) + 32, 1, flags) + bytes(8)

    return (part(0xA0000000) if header else b"") + items + part(0x80000000 if header else 0)


def lyrics():
    text = b"LYRICSBEGIN" + b"IND0000210LYR00005hello"
    return text + b"%06dLYRICS200" % len(text)


def cover():
    """Bytes that look like frames, as in a cover picture: five in a row, and random bytes."""
    return (b"\xff\xfb\x90\x64" + bytes(413)) * 5 + np.random.default_rng(3).bytes(1_200_000)


def wav(data, tag=0x55, sr=44100, channels=1, size=None, fact=None):
    """Wrap MPEG audio in a WAV file."""
    fmt = struct.pack("<HHIIHHHHIHHH", tag, channels, sr, 16000, 1, 0, 12, 1, 2, 417, 1, 0)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    if fact is not None:
        body += b"fact" + struct.pack("<II", 4, fact)
    body += b"data" + struct.pack("<I", len(data) if size is None else size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body
