"""A few seconds of a recording and its spectrogram, as ``data:`` addresses.

The sound is the input of the model: mono, at the sample rate of its feature set, lossless. Paths
come from the table and cannot leave the given folder. Symbolic links in that folder are followed.
"""

from __future__ import annotations

import base64
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.loading import load
from featkit.datasets.files import as_name
from featkit.errors import AudioError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SECONDS = 5.0
"""Maximum duration of a sound."""

MAX_RATE = 22050.0
"""Maximum sample rate in Hz, and the rate if that of the model is unknown."""

SPECTRA = {"n_fft": 1024, "n_mels": 96, "top_db": 70.0}
"""Parameters of the mel spectrogram; levels more than ``top_db`` below the loudest are black."""

N_FRAMES = 420
"""Approximate width of the spectrogram in frames, which is its width in pixels."""


@dataclass(frozen=True)
class Sound:
    """Sound and spectrogram as ``data:`` addresses; ``error`` is the reason if they are missing."""

    audio: str = ""
    picture: str = ""
    width: int = 0
    height: int = 0
    caption: str = ""
    error: str = ""


def load_sound(
    folder: str | os.PathLike[str],
    path: str,
    *,
    start: float = 0.0,
    end: float | None = None,
    sample_rate: float | None = None,
) -> Sound:
    """The first seconds of a segment of a recording.

    Parameters
    ----------
    folder : path
        Folder of the recordings.
    path : str
        Path of the recording in this folder.
    start, end : float
        Start and end of the segment in seconds.
    sample_rate : float, optional
        Sample rate in Hz of the sound, at most `MAX_RATE`.
    """
    rate = min(sample_rate or MAX_RATE, MAX_RATE)
    duration = MAX_SECONDS if end is None else min(MAX_SECONDS, max(end - start, 0.01))
    try:
        file = _file_in(Path(folder), path)
        y, sr = load(file, sr=rate, offset=max(start, 0.0), duration=duration)
    except AudioError as error:
        return Sound(error=f"{path}: {error.stage}: {error.cause}")
    except (OSError, ValueError) as error:
        return Sound(error=f"{path}: {error}")
    picture = spectrogram(y, sr)
    return Sound(
        audio=_address("audio/flac", _flac(y, round(sr))),
        picture=_address("image/png", _png(picture)),
        width=picture.width,
        height=picture.height,
        caption=f"{len(y) / sr:.1f} s from {start:.1f} s, mel scale from 0 to {sr / 2000:.3g} kHz",
    )


def _file_in(folder: Path, path: str) -> Path:
    """The file; an error if it is not in the folder."""
    if "\0" in path:
        raise AudioError(path, "open", "invalid file name")
    name = Path(as_name(path))
    file = Path(os.path.normpath(folder / name))
    if not file.is_relative_to(os.path.normpath(folder)) or ".." in name.parts:
        raise AudioError(path, "open", "the path is outside the folder of recordings")
    if not file.is_file():
        raise AudioError(path, "open", f"no such file in the folder {folder}")
    return file


def _flac(y: Array, sr: int) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.clip(y, -1, 1), sr, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _address(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def spectrogram(y: Array, sr: float) -> Image:
    """A mel spectrogram in dB, high frequencies at the top: brighter is louder."""
    from matplotlib import colormaps
    from PIL.Image import fromarray

    from featkit.features.spectra.parameters import SpectraParameters
    from featkit.features.spectra.stack import Stack

    settings = SPECTRA | {"hop_length": max(1, len(y) // N_FRAMES)}
    parameters = SpectraParameters.from_mapping(settings, where="picture")
    blocks = Stack([y], sr, parameters).blocks()
    db = np.concatenate([block.log_mel for block in blocks], axis=1)[::-1]
    levels = np.rint(255 * (db - db.min()) / max(np.ptp(db), 1))
    picture = fromarray(levels.astype(np.uint8))
    picture.putpalette(colormaps["inferno"](range(256), bytes=True)[:, :3].tobytes())
    return picture


def _png(picture: Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
