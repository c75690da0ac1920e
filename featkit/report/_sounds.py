"""A few seconds of a recording, and its picture, as parts of the page.

What is played is what the model heard: mono, at the rate of its feature set, and without loss. A
path comes from the table, and leads no further than the folder that was named; links within that
folder are its owner's, and are followed.
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

SECONDS = 5.0
"""Longest sound in the page."""

USUAL_RATE = 22050.0
"""Rate in Hz where the model does not say its own; more is not put into the page."""

SPECTRA = {"n_fft": 1024, "n_mels": 96, "top_db": 70.0}
"""Of the picture: the last is how far below the loudest all is black, the one before its height."""

FRAMES = 420
"""About the width of the picture."""


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
        picture=_address("image/png", _png(picture)),
        width=picture.width,
        height=picture.height,
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


def spectrogram(y: Array, sr: float) -> Image:
    """Mel bands in dB, the highest first: the quietest black, the loudest bright yellow."""
    from matplotlib import colormaps
    from PIL.Image import fromarray

    from featkit.features.spectra import SpectraParameters, Stack

    settings = SPECTRA | {"hop_length": max(1, len(y) // FRAMES)}
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
