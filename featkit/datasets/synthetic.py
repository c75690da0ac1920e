"""A small labelled corpus of synthetic music clips, for the demo, tests and experiments.

Four styles differ in tempo, harmony, timbre and drums. Within a style, each clip has its own tempo,
key, brightness and arrangement. The classes can be heard, and features can be compared with the
parameters of the synthesis.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from featkit._utils.progress import Activity, ProgressCallback
from featkit.dsp.synthesis import SR, STYLES, clip
from featkit.storage.writing import replacing


def write_corpus(
    folder: str | os.PathLike[str],
    *,
    clips_per_style: int = 12,
    seed: int = 0,
    progress: ProgressCallback | None = None,
) -> list[Path]:
    """Write the corpus as 16-bit WAV files, ``<style>/<style>_<number>.wav``.

    Clips that a larger corpus left in the folder are removed.

    Parameters
    ----------
    folder : path
        The folder; it is created if it does not exist.
    clips_per_style : int
        Number of clips of each style.
    seed : int
        Seed; the same seed gives the same bytes.
    progress : callable, optional
        Receives a `featkit.Progress` after each clip.

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

    files, activity = [], Activity("synthesising", "files", progress)
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
            activity.report(len(files), len(STYLES) * clips_per_style)
    return files
