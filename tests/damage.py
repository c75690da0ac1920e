"""Recordings in every format that can be written here, and seeded damage to files."""

import struct
from importlib.util import find_spec

import numpy as np
import soundfile

WRITTEN = (
    ("wav", "WAV", "PCM_U8"),
    ("wav", "WAV", "PCM_16"),
    ("wav", "WAV", "PCM_24"),
    ("wav", "WAV", "PCM_32"),
    ("wav", "WAV", "FLOAT"),
    ("wav", "WAV", "IMA_ADPCM"),
    ("wav", "WAVEX", "PCM_16"),
    ("w64", "W64", "PCM_16"),
    ("rf64", "RF64", "PCM_24"),
    ("flac", "FLAC", "PCM_16"),
    ("flac", "FLAC", "PCM_24"),
    ("ogg", "OGG", "VORBIS"),
    ("opus", "OGG", "OPUS"),
    ("mp3", "MP3", "MPEG_LAYER_III"),
    ("aiff", "AIFF", "PCM_16"),
    ("aif", "AIFF", "FLOAT"),
    ("au", "AU", "PCM_16"),
    ("au", "AU", "ULAW"),
    ("caf", "CAF", "PCM_16"),
    ("caf", "CAF", "ALAC_16"),
)
"""Extension, format and subtype of files that soundfile writes, if its libsndfile can."""

ENCODED = (
    ("m4a", "aac", None),
    ("m4a", "alac", None),
    ("aac", "aac", None),
    ("mp4", "aac", "mpeg4"),
    ("webm", "libopus", None),
    ("mkv", "flac", "mpeg4"),
    ("ac3", "ac3", None),
    ("wv", "wavpack", None),
)
"""Extension, audio codec and video codec of files that PyAV writes, if it is installed."""

KINDS = ("cut", "flipped", "header", "zeros")


def encode(path, y, sr, codec, video=None, movflags=None):
    """Write samples of shape ``(channels, samples)`` with PyAV, optionally with a black video."""
    import av

    layout = "mono" if len(y) == 1 else "stereo"
    options = {"movflags": movflags} if movflags else {}
    with av.open(str(path), "w", options=options) as out:
        pictures = out.add_stream(video, rate=10) if video else None
        if pictures:
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p"
        sound = out.add_stream(codec, rate=sr, layout=layout)
        if codec == "wmav2":  # it has no default bit rate
            sound.bit_rate = 128000
        if pictures:
            black = np.zeros((64, 64, 3), np.uint8)
            for _ in range(5):
                out.mux(pictures.encode(av.VideoFrame.from_ndarray(black, format="rgb24")))
            out.mux(pictures.encode(None))
        samples = np.ascontiguousarray(y, dtype=np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = sr, 0
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))


def write_all(folder, name, y, sr):
    """Write samples of shape ``(channels, samples)`` in every format; return the files."""
    files = []
    for ending, form, subtype in WRITTEN:
        if subtype in soundfile.available_subtypes(form):
            files.append(folder / f"{name}-{subtype.lower()}-{form.lower()}.{ending}")
            rate = 48000 if subtype == "OPUS" else sr
            soundfile.write(files[-1], y.T, rate, format=form, subtype=subtype)
    for ending, codec, video in ENCODED if find_spec("av") else ():
        files.append(folder / f"{name}-{codec}.{ending}")
        encode(files[-1], y, 48000, codec, video)
    return files


def state_size(data, form, size):
    """Change the size in bytes that the header of a file of soundfile states for the samples.

    0 and -1 mean a size that was never filled in.
    """
    data = bytearray(data)
    more = size if size <= 0 else size + {"W64": 24, "AIFF": 8, "CAF": 4}.get(form, 0)
    if form in ("WAV", "WAVEX"):
        struct.pack_into("<I", data, data.index(b"data") + 4, more % 2**32)
    elif form == "RF64":
        struct.pack_into("<Q", data, data.index(b"ds64") + 16, more % 2**64)
    elif form == "W64":
        struct.pack_into("<Q", data, data.index(b"data\xf3\xac\xd3\x11") + 16, more % 2**64)
    elif form == "AIFF":
        struct.pack_into(">I", data, data.index(b"COMM") + 10, 0)
        struct.pack_into(">I", data, data.index(b"SSND") + 4, more % 2**32)
    elif form == "AU":
        struct.pack_into(">I", data, 8, more % 2**32)
    elif form == "CAF":
        struct.pack_into(">q", data, data.index(b"data") + 4, more)
    elif form == "FLAC":
        field = int.from_bytes(data[21:26], "big") >> 36 << 36 | max(0, size)
        data[21:42] = field.to_bytes(5, "big") + bytes(16)
    return data


def damaged(data, kind, rng):
    """The bytes of a file with random damage of one kind."""
    data = bytearray(data)
    if kind == "cut":
        return bytes(data[: rng.integers(1, len(data))])
    if kind == "flipped":
        within = len(data) if rng.random() < 0.5 else min(512, len(data))
        for at in rng.integers(within, size=rng.integers(1, 64)):
            data[at] ^= 1 << rng.integers(8)
    elif kind == "header":
        size = int(rng.integers(4, 128))
        data[:size] = rng.bytes(size) if rng.random() < 0.5 else bytes(size)
    elif kind == "zeros":
        at = int(rng.integers(len(data)))
        data[at:at] = bytes(int(rng.integers(1, 4096)))
    return bytes(data)


def write_damaged(files, folder, count, seed=0):
    """Write damaged variants of files, each kind of damage in turn; return the kind by name."""
    rng = np.random.default_rng(seed)
    kinds = {}
    for k in range(count):
        file, kind = files[k // len(KINDS) % len(files)], KINDS[k % len(KINDS)]
        name = f"{k:04d}-{kind}-{file.name}"
        (folder / name).write_bytes(damaged(file.read_bytes(), kind, rng))
        kinds[name] = kind
    return kinds
