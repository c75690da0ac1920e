"""Differences between sequences and the arrays of librosa and PyWavelets, and their time.

    python benchmarks/sequence_values.py FOLDER [--every N]

Each array is compared value by value, frame by frame: `librosa` with its defaults, and PyWavelets
in double precision. A value is outside if it differs by more than 1e-4 of the reference and by more
than 1e-6 of the largest value of its kind. The time of the preset series4 is compared with that of
the same families with statistics, as in the features of a table, and with librosa. The exit status
is 1 if a value is outside, or if sequences take more than 1.1 times as long as features.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from functools import partial

import _common  # before NumPy, since it sets the number of threads
import librosa
import numpy as np
import pywt
from _common import SR, Array, Target, print_table
from librosa import feature

import featkit

TOLERANCE = 1e-4

ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="folder of audio files")
    parser.add_argument("--every", type=int, default=1, help="compare every Nth file only")
    arguments = parser.parse_args()
    recordings = list(_common.load_all(arguments.folder, SR))[:: arguments.every]
    clips = [y for _, y, _ in recordings]
    outside = compare(clips)
    ratio = compare_times(clips[:40])
    targets = [
        Target("values outside", outside, at_most=0),
        Target("time of sequences over that of features", ratio, at_most=1.1),
    ]
    if _common.any_missed(targets):
        raise SystemExit(1)


def reference_arrays(y: Array) -> dict[str, Array]:
    """Arrays of librosa and PyWavelets, ``(channels, frames)``, by the name of the kind."""
    return series4_arrays(y) | {
        "chroma": feature.chroma_stft(y=y, sr=SR),
        "zero_crossing_rate": feature.zero_crossing_rate(y),
        "rms": feature.rms(y=y),
        "spectral_centroid": feature.spectral_centroid(y=y, sr=SR),
        "spectral_bandwidth": feature.spectral_bandwidth(y=y, sr=SR),
        "spectral_rolloff": feature.spectral_rolloff(y=y, sr=SR),
        "spectral_flatness": feature.spectral_flatness(y=y),
        "spectral_contrast": feature.spectral_contrast(y=y, sr=SR),
        "onset_strength": librosa.onset.onset_strength(y=y, sr=SR)[None],
    }


def series4_arrays(y: Array) -> dict[str, Array]:
    """The kinds of series4."""
    return {
        "mel": librosa.power_to_db(feature.melspectrogram(y=y, sr=SR)),
        "mfcc40": feature.mfcc(y=y, sr=SR, n_mfcc=40),
        "chroma24": feature.chroma_stft(y=y, sr=SR, n_chroma=24),
        "wavelet": wavelet_levels(y),
    }


def wavelet_levels(y: Array) -> Array:
    """Level in dB of the coefficients of each band of each frame."""
    frames = librosa.util.frame(np.pad(y, 1024), frame_length=2048, hop_length=512)
    bands = pywt.wavedec(frames.astype(np.float64), "db4", level=7, axis=0)
    powers = np.stack([np.mean(c**2, axis=0) for c in bands])
    return 10 * np.log10(np.maximum(powers, 1e-10))


def compare(clips: Sequence[Array]) -> int:
    """Print the differences of each kind; return the number of values outside."""
    names = list(reference_arrays(clips[0]))
    values = [featkit.sequences_of([y], SR, names)[0].values for y in clips]
    references = [list(reference_arrays(y).values()) for y in clips]
    rows, n_outside = [], 0
    for name, ours, theirs in zip(
        names, zip(*values, strict=True), zip(*references, strict=True), strict=True
    ):
        ours, theirs = (
            np.concatenate(arrays, axis=1, dtype=np.float64) for arrays in (ours, theirs)
        )
        magnitude = np.abs(theirs)
        difference = np.abs(ours - theirs)
        outside = int((difference > TOLERANCE * np.fmax(magnitude, magnitude.max() / 100)).sum())
        of_largest = difference.max() / magnitude.max()
        rows.append(
            [name, f"{difference.max():.1e}", f"{of_largest:.1e}", str(outside), f"{theirs.size:,}"]
        )
        n_outside += outside
    header = ["kind", "largest difference", "of the largest value", "values outside", "values"]
    print_table(f"Differences over {len(clips)} files", header, rows)
    return n_outside


def compare_times(clips: Sequence[Array]) -> float:
    """Print times of the four kinds of series4; return sequences over features."""
    entries = [{**kind, "statistics": ["mean", "std"]} for kind in kinds_of("series4")]
    features = featkit.feature_set({"features": entries})
    functions = {
        "featkit, sequences": partial(featkit.sequences_of, clips, SR, "series4"),
        "featkit, the same families with mean and std": partial(
            featkit.analyse, clips, SR, features
        ),
        "librosa and PyWavelets": lambda: [series4_arrays(y) for y in clips],
    }
    seconds = _common.interleaved(functions, rounds=ROUNDS, twice=False)
    ours, with_statistics, _ = seconds.values()
    sound = sum(map(len, clips)) / SR
    print_table(
        f"Time of series4 for {len(clips)} files, {sound:.0f} s of sound, on one thread",
        ["", "s", "featkit is faster by"],
        [
            [name, f"{np.median(taken):.2f}", f"{_common.speedup(taken, ours):.1f}"]
            for name, taken in seconds.items()
        ],
    )
    return _common.speedup(ours, with_statistics)


def kinds_of(name: str) -> list[dict[str, object]]:
    """Families and parameters of a preset."""
    kinds = featkit.sequence_set(name).as_dict()["kinds"]
    return [{k: v for k, v in kind.items() if k != "name"} for kind in kinds]


if __name__ == "__main__":
    # librosa warns of silence and of clips shorter than a frame.
    warnings.simplefilter("ignore")
    main()
