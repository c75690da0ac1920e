"""Short recordings in several formats, some of them broken."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import soundfile

from featkit.dsp import synthesis

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import damage

FORMATS = (
    ("wav", "WAV", "PCM_16"),
    ("flac", "FLAC", "PCM_16"),
    ("ogg", "OGG", "VORBIS"),
    ("wav", "WAV", "FLOAT"),
    ("mp3", "MP3", "MPEG_LAYER_III"),
    ("aiff", "AIFF", "PCM_24"),
    ("opus", "OGG", "OPUS"),
)
"""Extension, format and subtype of the files."""

RATES = (22050, 16000, 44100)

SHORTEST, LONGEST = 0.3, 3.0
"""Seconds of a recording."""

BROKEN_EVERY = 50
"""One file of so many is broken."""


def write_corpus(folder: Path, count: int) -> None:
    """Write recordings of different lengths, formats and rates, a hundred in a folder."""
    rng = np.random.default_rng(0)
    styles = list(synthesis.STYLES.values())
    music = np.concatenate([synthesis.clip(style, rng) for style in styles])
    for k in range(count):
        ending, form, subtype = FORMATS[k % len(FORMATS)]
        sr = 48000 if subtype == "OPUS" else RATES[k % len(RATES)]
        samples = round(rng.uniform(SHORTEST, LONGEST) * sr)
        first = int(rng.integers(len(music) - samples))
        y = rng.uniform(0.2, 1.0) * music[first : first + samples]
        file = folder / f"{k // 100:02d}" / f"{k:04d}.{ending}"
        file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(file, y, sr, format=form, subtype=subtype)
        if k % BROKEN_EVERY == BROKEN_EVERY - 1:
            kind = damage.KINDS[k // BROKEN_EVERY % len(damage.KINDS)]
            file.write_bytes(damage.damaged(file.read_bytes(), kind, rng))
