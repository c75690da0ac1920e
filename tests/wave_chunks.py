"""WAV files with chunks of metadata, byte by byte, for tests."""

import struct

import numpy as np

from featkit import signals


def chunk(name, content, size=None):
    """A chunk; `size` is what its header states, if it is not the truth."""
    stated = len(content) if size is None else size
    return name + struct.pack("<I", stated) + content + b"\0" * (len(content) % 2)


def info(**tags):
    """The chunk of tags, such as ``ICMT="..."``."""
    texts = (chunk(name.encode(), value.encode() + b"\0") for name, value in tags.items())
    return chunk(b"LIST", b"INFO" + b"".join(texts))


def wamd(items, version=1):
    """The chunk of Wildlife Acoustics, from texts by number."""
    content = struct.pack("<HIH", 0, 2, version)
    for number, value in items.items():
        data = value if isinstance(value, bytes) else value.encode()
        content += struct.pack("<HI", number, len(data)) + data
    return chunk(b"wamd", content)


def guano(text):
    """The chunk of GUANO."""
    return chunk(b"guan", text.encode())


def write_wav(path, *chunks, before=(), sr=8000, seconds=0.3, seed=0, data_size=None):
    """Write a WAV file with chunks before and after its samples."""
    samples = np.round(signals.noise(sr, seconds, seed=seed) * 32767).astype("<i2").tobytes()
    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, sr, 2 * sr, 2, 16))
    parts = [form, *before, chunk(b"data", samples, data_size), *chunks]
    content = b"WAVE" + b"".join(parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(content)) + content)
    return path
