"""Sounds and spectrograms of recordings, as ``data:`` addresses.

The sound of a row is the input of the model: mono, at the sample rate of its feature set, lossless.
Its path comes from the table and cannot leave the given folder. Symbolic links in that folder are
followed. Pages with many sounds compress them.
"""

from __future__ import annotations

import base64
import inspect
import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.loading import load
from featkit.datasets.files import as_name
from featkit.dsp.decibels import decibels
from featkit.errors import AudioError
from featkit.storage.names import join_name
from featkit.storage.urls import is_url

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_SECONDS = 5.0
"""Maximum duration of a sound."""

MAX_RATE = 22050.0
"""Maximum sample rate in Hz, and the rate if that of the model is unknown."""

N_ROWS = 96
"""Height of a spectrogram in pixels: mel bands, or groups of linear bins."""

N_FFTS = (1024, 2048)
"""Frame length, and that of long recordings, so that frames leave no gaps up to 40 s."""

TOP_DB = 70.0
"""Levels that are this much below the loudest are black."""

WHITENED_ROWS, WHITENED_DB = 11, (-5.0, 25.0)
"""Rows whose median is the background of a frequency, and the range of levels relative to it."""

MP3_OPTIONS = {"bitrate_mode": "VARIABLE", "compression_level": 0.7}
"""About 4 kB per second at 22 kHz; versions of soundfile before 0.13 write 5.6 kB."""

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
        file = _url_in(folder, path) if is_url(folder) else _file_in(Path(folder), path)
        y, sr = load(file, sr=rate, offset=max(start, 0.0), duration=duration)
    except AudioError as error:
        return Sound(error=f"{path}: {error.stage}: {error.cause}")
    except (OSError, ValueError) as error:
        return Sound(error=f"{path}: {error}")
    picture = coloured(spectrogram(y, sr))
    return Sound(
        audio=data_address("audio/flac", _encoded(y, round(sr), "FLAC", "PCM_16")),
        picture=data_address("image/png", png(picture)),
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


def _url_in(folder: str | os.PathLike[str], path: str) -> str:
    if ".." in path.split("/") or is_url(path):
        raise AudioError(path, "open", "the path is outside the folder of recordings")
    return join_name(folder, path)


def compressed(y: Array, sr: int) -> str:
    """A sound as the address of an MP3 file, which every browser plays.

    FLAC, which is several times as large, replaces it if libsndfile is older than version 1.1.
    """
    import soundfile

    if "MP3" not in soundfile.available_formats():
        return data_address("audio/flac", _encoded(y, sr, "FLAC", "PCM_16"))
    has_levels = "compression_level" in inspect.signature(soundfile.write).parameters
    options = MP3_OPTIONS if has_levels else {}
    return data_address("audio/mpeg", _encoded(y, sr, "MP3", "MPEG_LAYER_III", **options))


def _encoded(y: Array, sr: int, file_format: str, subtype: str, **options: Any) -> bytes:
    import soundfile

    file = io.BytesIO()
    y = np.clip(y, -1, 1)
    soundfile.write(file, y, sr, format=file_format, subtype=subtype, **options)
    return file.getvalue()


def data_address(media_type: str, data: bytes) -> str:
    """The ``data:`` address of a file."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def spectrogram(
    y: Array,
    sr: float,
    *,
    is_mel: bool = True,
    is_whitened: bool = False,
    hop_length: int | None = None,
) -> Array:
    """Levels from 0 to 1 of a spectrogram in dB, ``(N_ROWS, frames)``, high frequencies first.

    If it is whitened, a level is relative to that of the frequencies around it, which shows steady
    lines such as hum.
    """
    from featkit.features.spectra.parameters import SpectraParameters
    from featkit.features.spectra.stack import Stack

    hop_length = hop_length or max(1, len(y) // N_FRAMES)
    settings = {
        "n_fft": N_FFTS[hop_length > N_FFTS[0]],
        "hop_length": hop_length,
        "n_mels": N_ROWS,
        "top_db": TOP_DB,
    }
    parameters = SpectraParameters.from_mapping(settings, where="picture")
    blocks = Stack([y], sr, parameters).blocks()
    levels = [block.log_mel if is_mel else _linear_rows(block.power) for block in blocks]
    db = np.concatenate(levels, axis=1)[::-1]
    if is_whitened:
        return _whitened(db)
    db = np.maximum(db, db.max() - TOP_DB)
    normalized: Array = (db - db.min()) / max(np.ptp(db), 1)
    return normalized


def _whitened(db: Array) -> Array:
    from scipy.ndimage import median_filter

    background = median_filter(np.median(db, axis=1), size=WHITENED_ROWS, mode="nearest")
    low, high = WHITENED_DB
    levels: Array = np.clip((db - background[:, None] - low) / (high - low), 0, 1)
    return levels


def _linear_rows(power: Array) -> Array:
    """The strongest bin in each of `N_ROWS` equal bands, in dB."""
    edges = np.linspace(0, len(power), N_ROWS + 1).astype(int)[:-1]
    return decibels(np.maximum.reduceat(power, edges, axis=0))


def coloured(levels: Array, n_colours: int = 256) -> Image:
    """A picture of levels from 0 (dark) to 1 (bright); NaN is transparent."""
    from matplotlib import colormaps
    from PIL.Image import fromarray

    is_blank = np.isnan(levels)
    steps = np.rint(np.where(is_blank, 0, levels) * (n_colours - 1)).astype(np.uint8)
    if is_blank.any():
        steps = np.where(is_blank, n_colours, steps).astype(np.uint8)
    picture = fromarray(steps)
    colours = colormaps["inferno"](np.linspace(0, 1, n_colours), bytes=True)[:, :3]
    picture.putpalette(np.concatenate([colours, np.zeros((1, 3), np.uint8)])[:256].tobytes())
    if is_blank.any():
        picture.info["transparency"] = n_colours
    return picture


def png(picture: Image) -> bytes:
    """A picture as a PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
