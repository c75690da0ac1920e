"""A small labelled corpus of music-like clips, made from a seed: for the demo, for tests and
trials.

Four styles differ in tempo, harmony, timbre and drums, and within a style every clip has a tempo, a
key, a brightness and an arrangement of its own. It is no music; it is sound whose classes a reader
can hear, and whose features can be checked against how it was made.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from featkit._utils.io import replacing
from featkit.dsp.synthesis import SR, STYLES, clip


def write_corpus(
    folder: str | os.PathLike[str],
    *,
    clips_per_style: int = 12,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write the corpus as 16-bit WAV files, ``<style>/<style>_<number>.wav``.

    Clips that a larger corpus left in the folder are removed.

    Parameters
    ----------
    folder : path
        Where; made if it is not there.
    clips_per_style : int
        How many of each.
    seed : int
        The same seed gives the same bytes.
    progress : callable, optional
        Called with the number of clips that are written, and that will be.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    WriteError
        If a file cannot be written.
    """
    import soundfile

    files = []
    for index, (name, style) in enumerate(STYLES.items()):
        (Path(folder) / name).mkdir(parents=True, exist_ok=True)
        for old in (Path(folder) / name).glob(f"{name}_[0-9]*.wav"):
            old.unlink()
        for number in range(clips_per_style):
            file = Path(folder) / name / f"{name}_{number + 1:02d}.wav"
            y = clip(style, np.random.default_rng([seed, index, number]))
            encoded = io.BytesIO()
            soundfile.write(encoded, y, SR, format="WAV", subtype="PCM_16")
            with replacing(file) as scratch:
                scratch.write_bytes(encoded.getvalue())
            files.append(file)
            if progress:
                progress(len(files), len(STYLES) * clips_per_style)
    return files
