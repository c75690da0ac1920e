"""Seconds of sound per core-hour, by format and feature set: the cost of a large extraction.

Clips of ESC-10 (5 s, 44.1 kHz) and pieces of 30 s made of them are written in several formats, and
analysed in this process with one thread. CPU time is counted, so that a busy machine matters
little. Usage, with FFmpeg installed::

    FEATKIT_DATA=... python benchmarks/cost_model.py
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import _common  # noqa: F401  (one thread, before NumPy is loaded)
import numpy as np
import soundfile

from featkit.audio.excerpt import Excerpt
from featkit.batch._tasks import analyse_recordings
from featkit.datasets.files import Recording, find
from featkit.features.sets.loading import feature_set

SETS = ("genre75", "gtzan57", "standard", "fma518")

FORMATS = {
    "WAV, 16 bits": ("wav", ["-c:a", "pcm_s16le"]),
    "FLAC": ("flac", ["-c:a", "flac"]),
    "Ogg Vorbis": ("ogg", ["-c:a", "libvorbis", "-q:a", "4"]),
    "MP3, 128 kbit/s": ("mp3", ["-c:a", "libmp3lame", "-b:a", "128k"]),
    "M4A, AAC": ("m4a", ["-c:a", "aac", "-b:a", "128k"]),
}
"""Suffix of a file, and options of FFmpeg."""

CLIPS = 24
"""Clips of 5 s, which give a sixth as many of 30 s."""

STACK = 8
"""Recordings that a worker takes at a time."""

ROUNDS = 3


def write_clips(data: Path, folder: Path) -> None:
    """Write clips of 5 s, and stereo pieces of 30 s at 44.1 kHz, in every format."""
    clips = [
        soundfile.read(recording.file)[0] for recording in find([data / "esc10"])[:: 400 // CLIPS]
    ]
    clips = [clip[: 5 * 44100] for clip in clips[:CLIPS]]
    long = [np.concatenate(clips[k : k + 6]) for k in range(0, CLIPS, 6)]
    stereo = [np.stack([piece, np.roll(piece, 441)], axis=1) for piece in long]
    for length, sounds in (("5 s, mono", clips), ("30 s, stereo", stereo)):
        for title, (suffix, options) in FORMATS.items():
            target = folder / length / title
            target.mkdir(parents=True)
            for k, sound in enumerate(sounds):
                source = folder / "source.wav"
                soundfile.write(source, sound, 44100)
                command = ["ffmpeg", "-loglevel", "error", "-y", "-i", str(source), *options]
                subprocess.run([*command, str(target / f"{k}.{suffix}")], check=True)


def cpu_seconds(recordings: list[Recording], name: str) -> tuple[float, float]:
    """CPU seconds for the recordings, and their duration in seconds."""
    features, sound = feature_set(name), 0.0
    start = time.process_time()
    for k in range(0, len(recordings), STACK):
        outcomes = analyse_recordings(
            recordings[k : k + STACK],
            lambda *_: None,
            features=features,
            excerpt=Excerpt(),
            identify=True,
        )
        assert not any(outcome.failure for outcome in outcomes)
        sound += sum(outcome.seconds for outcome in outcomes)
    return time.process_time() - start, sound


def main() -> None:
    data = Path(os.environ["FEATKIT_DATA"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_clips(data, folder)
        print("Thousands of seconds of sound per core-hour (median of", ROUNDS, "rounds)")
        print(f"{'':14}{'':18}" + "".join(f"{name:>10}" for name in SETS))
        for length in ("5 s, mono", "30 s, stereo"):
            for title in FORMATS:
                recordings = find([folder / length / title])
                rates = []
                for name in SETS:
                    cpu_seconds(recordings[:2], name)
                    runs = [cpu_seconds(recordings, name) for _ in range(ROUNDS)]
                    rates.append(float(np.median([3.6 * sound / cpu for cpu, sound in runs])))
                print(
                    f"{length:14}{title:18}" + "".join(f"{rate:>10.0f}" for rate in rates),
                    flush=True,
                )


if __name__ == "__main__":
    main()
