"""Shared by the benchmarks: librosa references, timing, tables, targets.

Run as a script with an audio file and a table to write, it is the process that `speed.py` compares
with ``featkit extract``; it imports only the requirements of librosa.
"""

from __future__ import annotations

import os

# Thread pools read their size when they are loaded, so this comes before NumPy.
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["NUMBA_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from featkit.datasets.files import Recording

Array = np.ndarray[Any, np.dtype[Any]]

SR = 22050
"""Sample rate of the benchmarks, in Hz."""


def librosa_row(y: Array, sr: float = SR) -> Array:
    """Compute the 75 columns of genre75 as notebooks do: each function from the samples."""
    from librosa import feature

    return _row(
        feature.mfcc(y=y, sr=sr, n_mfcc=20),
        feature.chroma_stft(y=y, sr=sr),
        [
            feature.spectral_centroid(y=y, sr=sr),
            feature.spectral_bandwidth(y=y, sr=sr),
            feature.spectral_rolloff(y=y, sr=sr),
            feature.zero_crossing_rate(y),
            feature.rms(y=y),
        ],
        feature.tempo(y=y, sr=sr),
    )


def librosa_shared_row(y: Array, sr: float = SR) -> Array:
    """Compute the same columns from one shared STFT and one shared mel spectrogram."""
    import librosa
    from librosa import feature

    S = np.abs(librosa.stft(y))
    power = S**2
    log_mel = librosa.power_to_db(feature.melspectrogram(S=power, sr=sr))
    centroid = feature.spectral_centroid(S=S, sr=sr)
    return _row(
        feature.mfcc(S=log_mel, sr=sr, n_mfcc=20),
        feature.chroma_stft(S=power, sr=sr),
        [
            centroid,
            feature.spectral_bandwidth(S=S, sr=sr, centroid=centroid),
            feature.spectral_rolloff(S=S, sr=sr),
            feature.zero_crossing_rate(y),
            # From samples, since the RMS of a windowed spectrum differs.
            feature.rms(y=y),
        ],
        feature.tempo(onset_envelope=librosa.onset.onset_strength(S=log_mel, sr=sr), sr=sr),
    )


def _row(mfcc: Array, chroma: Array, others: Sequence[Array], tempo: Array) -> Array:
    descriptors = [mfcc, chroma, *others]
    return np.concatenate([*map(mean_and_std, descriptors), np.ravel(tempo)])


def mean_and_std(rows: Array) -> Array:
    """Means over the frames of all rows, then their standard deviations."""
    rows = np.atleast_2d(rows)
    return np.concatenate([np.mean(rows, axis=1), np.std(rows, axis=1)])


def synthetic_music(seconds: float = 30.0) -> Array:
    """Concatenate synthetic clips of all styles, up to a duration in seconds."""
    from featkit.dsp import synthesis

    styles = list(synthesis.STYLES.values())
    count = int(np.ceil(seconds / synthesis.SECONDS))
    clips = [
        synthesis.clip(styles[k % len(styles)], np.random.default_rng(k)) for k in range(count)
    ]
    return np.concatenate(clips)[: round(seconds * SR)]


def bare_fft(y: Array) -> Callable[[], Array]:
    """Return a function that computes a bare FFT pass, the unit of the speed targets.

    It transforms all frames of a clip in single precision, by SciPy, and nothing else.
    """
    import scipy.fft

    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, 1024), 2048)[::512]
    return lambda: np.asarray(scipy.fft.rfft(frames, axis=1))


def load_all(folder: str, sr: float | None) -> Iterator[tuple[Recording, Array, float]]:
    """Yield the recordings of a folder with their samples and sample rate.

    Files that cannot be decoded are printed and skipped.
    """
    import featkit
    from featkit.datasets.files import find

    for recording in find([folder]):
        try:
            y, rate = featkit.load(recording.file, sr=sr)
        except featkit.AudioError as error:
            print(f"skipped: {error}")
            continue
        yield recording, y, rate


def interleaved(
    functions: Mapping[str, Callable[[], object]], *, rounds: int, twice: bool = True
) -> dict[str, Array]:
    """Time functions in turn, A B C, A B C …, so that a busy machine slows all of them.

    With `twice`, each function is called twice in its turn and the second call counts: the first
    call refills the caches after the previous function.

    Returns
    -------
    dict of str to array, shape (rounds,)
        Seconds of each call, by the name of the function.
    """
    seconds = np.empty((rounds, len(functions)))
    for row in seconds:
        for k, function in enumerate(functions.values()):
            if twice:
                function()
            begin = time.perf_counter()
            function()
            row[k] = time.perf_counter() - begin
    return dict(zip(functions, seconds.T, strict=True))


def speedup(slower: Array, faster: Array) -> float:
    """Return the median over the rounds of the ratio of two times."""
    return float(np.median(slower / faster))


def relative_difference(values: Array, reference: Array) -> Array:
    """Return relative differences, shape ``(rows, columns)``.

    The scale of a column is its largest absolute value over the rows. Where the reference is below
    a hundredth of the scale, the difference is relative to that hundredth instead, so that 1e-4 is
    a millionth of the scale. Two NaN do not differ.
    """
    magnitude = np.abs(reference)
    scale = np.max(magnitude, axis=0, initial=0, where=np.isfinite(magnitude))
    differences = np.where(values == reference, 0, np.abs(values - reference))
    differences[np.isnan(values) & np.isnan(reference)] = 0
    unit = np.fmax(magnitude, scale / 100)
    return np.where(unit > 0, differences / np.where(unit > 0, unit, 1), differences)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    print(f"\n{title}\n")
    for row in (header, rule, *rows):
        print("| " + " | ".join(map(str.ljust, row, widths)) + " |")


def print_speedup(title: str, rows: Mapping[str, Callable[[], object]], *, rounds: int) -> float:
    """Print the times of featkit, the first function, and of another; return the speedup."""
    seconds = interleaved(rows, rounds=rounds)
    featkit, other = seconds.values()
    print_table(
        title,
        ["", "ms", "featkit is faster by"],
        [
            [name, f"{1000 * np.median(taken):.1f}", f"{speedup(taken, featkit):.1f}"]
            for name, taken in seconds.items()
        ],
    )
    return speedup(other, featkit)


@dataclass(frozen=True)
class Target:
    """A target for a measured value: a lower bound, an upper bound, or both."""

    name: str
    value: float | None
    """None if it was not measured because a program or a data set is missing."""
    at_least: float = -np.inf
    at_most: float = np.inf

    @property
    def description(self) -> str:
        """Name and bounds."""
        bounds = {"at least": self.at_least, "at most": self.at_most}
        finite = [f"{text} {bound:g}" for text, bound in bounds.items() if np.isfinite(bound)]
        return f"{self.name}, {' and '.join(finite)}"

    @property
    def missed(self) -> bool:
        """Whether the value was measured and is outside the bounds."""
        return self.value is not None and not self.at_least <= self.value <= self.at_most


def any_missed(targets: Sequence[Target]) -> bool:
    """Print the targets that were not measured or are missed; return whether any is missed."""
    measured = [target for target in targets if target.value is not None]
    failed = [target for target in measured if target.missed]
    print()
    for target in targets:
        if target.value is None:
            print(f"not measured: {target.description}")
    for target in failed:
        print(f"missed: {target.description}: {target.value:.4g}")
    print(f"targets measured: {len(measured)}, missed: {len(failed) or 'none'}")
    return bool(failed)


def _write_librosa_row(source: str, target: str) -> None:
    import librosa

    y, sr = librosa.load(source, sr=SR)
    row = ",".join(map(repr, librosa_row(y, sr).tolist()))
    Path(target).write_text(f"{row}\n", "utf-8")


if __name__ == "__main__":
    _write_librosa_row(*sys.argv[1:])
