"""A few seconds of a recording, and its picture, as parts of the page.

What is played is what the model heard: mono, at the rate of its feature set, and without loss. A
path comes from the table, and leads no further than the folder that was named; links within that
folder are its owner's, and are followed.
"""

from __future__ import annotations

import base64
import io
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from featkit.audio import load
from featkit.errors import AudioError
from featkit.files import as_name
from featkit.filters import fft_window, mel_filters
from featkit.segments import Array

SECONDS = 5.0
"""Longest sound in the page."""

USUAL_RATE = 22050.0
"""Rate in Hz where the model does not say its own; more is not put into the page."""

N_FFT, BANDS, FRAMES = 1024, 96, 420
"""Of the picture: samples of a transform, its height, and about its width."""

FLOOR = -70.0
"""dB below the loudest that are black."""

PALETTE = np.array(
    [(0, 0, 4), (40, 11, 84), (101, 21, 110), (159, 42, 99), (212, 72, 66), (245, 125, 21),
     (250, 193, 39), (252, 255, 164)], dtype=float
)  # fmt: skip
"""Inferno (Smith and van der Walt 2015), which grows evenly lighter, at eight places."""


@dataclass(frozen=True)
class Heard:
    """Sound and picture as ``data:`` addresses; or what was wrong."""

    sound: str = ""
    picture: str = ""
    width: int = 0
    height: int = 0
    about: str = ""
    wrong: str = ""


def hear(
    folder: str | os.PathLike[str],
    path: str,
    *,
    start: float = 0.0,
    end: float | None = None,
    sample_rate: float | None = None,
) -> Heard:
    """The beginning of a part of a recording.

    Parameters
    ----------
    folder : path
        Where recordings are.
    path : str
        Of the recording, within it.
    start, end : float
        The part, in seconds.
    sample_rate : float, optional
        Rate in Hz of what is played; at most `USUAL_RATE`.
    """
    rate = min(sample_rate or USUAL_RATE, USUAL_RATE)
    duration = SECONDS if end is None else min(SECONDS, max(end - start, 0.01))
    try:
        file = _inside(Path(folder), path)
        y, sr = load(file, sr=rate, offset=max(start, 0.0), duration=duration)
    except AudioError as error:
        return Heard(wrong=f"{path}: {error.stage}: {error.cause}")
    except (OSError, ValueError) as error:
        return Heard(wrong=f"{path}: {error}")
    picture = spectrogram(y, sr)
    seconds = len(y) / sr
    return Heard(
        sound=_address("audio/flac", _flac(y, round(sr))),
        picture=_address("image/png", png(picture)),
        width=picture.shape[1],
        height=picture.shape[0],
        about=f"{seconds:.1f} s from {start:.1f} s on, 0 to {sr / 2000:.3g} kHz on the mel scale",
    )


def _inside(folder: Path, path: str) -> Path:
    """The file; an error if it is not below the folder."""
    if "\0" in path:
        raise AudioError(path, "open", "no file can have this name")
    name = Path(as_name(path))
    file = Path(os.path.normpath(folder / name))
    if not file.is_relative_to(os.path.normpath(folder)) or ".." in name.parts:
        raise AudioError(path, "open", "is outside of the folder of sound")
    if not file.is_file():
        raise AudioError(path, "open", f"there is no such file below {folder}")
    return file


def _flac(y: Array, sr: int) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(y, -1, 1), sr, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def spectrogram(y: Array, sr: float) -> Array:
    """Levels of mel bands, the highest first: ``(bands, frames)`` from 0 to 255."""
    hop = max(1, len(y) // FRAMES)
    padded = np.pad(y, N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::hop]
    power = np.abs(np.fft.rfft(frames * fft_window("hann", N_FFT), axis=1)) ** 2
    bands = mel_filters(float(sr), N_FFT, BANDS, 0.0, None) @ power.T
    loudest = max(float(bands.max(initial=0)), 1e-10)
    level = 10 * np.log10(np.maximum(bands / loudest, 1e-10))
    picture: Array = np.rint(np.clip(1 - level / FLOOR, 0, 1) * 255).astype(np.uint8)[::-1]
    return picture


def png(picture: Array) -> bytes:
    """A picture of 256 colours (PNG, ISO/IEC 15948)."""
    height, width = picture.shape
    at = np.linspace(0, len(PALETTE) - 1, 256)
    colours = np.stack([np.interp(at, range(len(PALETTE)), c) for c in PALETTE.T], axis=1)
    lines = np.pad(picture, ((0, 0), (1, 0))).astype(np.uint8).tobytes()  # 0: no filter
    parts = [
        (b"IHDR", struct.pack(">2I5B", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", np.rint(colours).astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
