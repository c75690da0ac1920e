"""What the benchmarks share: librosa's numbers, times taken in turn, tables, bars.

Run as a script with a sound file and a table to write, it is the fresh process that `speed.py`
holds beside ``featkit extract``: it imports no more than librosa needs.
"""

from __future__ import annotations

import os

# Thread pools take their size when they are loaded, hence before NumPy.
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
"""Sample rate of everything here, in Hz."""


def librosa_row(y: Array, sr: float = SR) -> Array:
    """The 75 columns of genre75 as notebooks compute them: every function from the samples."""
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
    """The same, as somebody who knows librosa would: one STFT and one mel spectrogram for all."""
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
            # Of samples: that of a windowed spectrum is another number.
            feature.rms(y=y),
        ],
        feature.tempo(onset_envelope=librosa.onset.onset_strength(S=log_mel, sr=sr), sr=sr),
    )


def _row(mfcc: Array, chroma: Array, others: Sequence[Array], tempo: Array) -> Array:
    descriptors = [mfcc, chroma, *others]
    return np.concatenate([*map(mean_and_std, descriptors), np.ravel(tempo)])


def mean_and_std(rows: Array) -> Array:
    """Means over frames of all rows, then standard deviations."""
    rows = np.atleast_2d(rows)
    return np.concatenate([np.mean(rows, axis=1), np.std(rows, axis=1)])


def music(seconds: float = 30.0) -> Array:
    """Something like music, style after style."""
    from featkit.dsp import synthesis

    styles = list(synthesis.STYLES.values())
    count = int(np.ceil(seconds / synthesis.SECONDS))
    clips = [
        synthesis.clip(styles[k % len(styles)], np.random.default_rng(k)) for k in range(count)
    ]
    return np.concatenate(clips)[: round(seconds * SR)]


def sounds(folder: str, sr: float | None) -> Iterator[tuple[Recording, Array, float]]:
    """Every recording of a folder with its samples and their rate, decoded once for all.

    What is not sound is said and left out.
    """
    import featkit
    from featkit.datasets.files import find

    for recording in find([folder]):
        try:
            y, rate = featkit.load(recording.file, sr=sr)
        except featkit.AudioError as error:
            print(f"left out: {error}")
            continue
        yield recording, y, rate


def interleaved(
    functions: Mapping[str, Callable[[], object]], *, rounds: int, twice: bool = True
) -> dict[str, Array]:
    """Seconds of each call, ``(rounds,)``: A B C, A B C …: a busy machine is fair.

    Each is called `twice` in its turn and the second call counts, since the first pays for the
    caches and the memory that the one before it left behind.
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


def ratio(slower: Array, faster: Array) -> float:
    """How many times faster: the median of the rounds, each compared within itself."""
    return float(np.median(slower / faster))


def difference(values: Array, reference: Array) -> Array:
    """How far values are from their reference, relative to it: ``(rows, columns)``.

    Relative to a hundredth of the column's scale, its largest absolute value over the rows, where
    the reference is nearer to 0 than that: 1e-4 is then a millionth of the scale. No difference
    where both are NaN.
    """
    size = np.abs(reference)
    scale = np.max(size, axis=0, initial=0, where=np.isfinite(size))
    apart = np.where(values == reference, 0, np.abs(values - reference))
    apart[np.isnan(values) & np.isnan(reference)] = 0
    whole = np.fmax(size, scale / 100)
    return np.where(whole > 0, apart / np.where(whole > 0, whole, 1), apart)


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table that Markdown reads, too; the first column is text, others are numbers."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    print(f"\n{title}\n")
    for row in (header, rule, *rows):
        print("| " + " | ".join(map(str.ljust, row, widths)) + " |")


def times_faster(title: str, rows: Mapping[str, Callable[[], object]], *, rounds: int) -> float:
    """Print the times of featkit, the first, and of another; how many times faster it is."""
    seconds = interleaved(rows, rounds=rounds)
    featkit, other = seconds.values()
    show(
        title,
        ["", "ms", "featkit is faster by"],
        [
            [name, f"{1000 * np.median(taken):.1f}", f"{ratio(taken, featkit):.1f}"]
            for name, taken in seconds.items()
        ],
    )
    return ratio(other, featkit)


@dataclass(frozen=True)
class Bar:
    """What is promised of a measured value: at least, or at most, so much."""

    what: str
    value: float | None
    """None if it was not tried, for want of what it needs."""
    least: float = -np.inf
    most: float = np.inf

    @property
    def promise(self) -> str:
        """In words."""
        bounds = {"at least": self.least, "at most": self.most}
        said = [f"{words} {bound:g}" for words, bound in bounds.items() if np.isfinite(bound)]
        return f"{self.what}, {' and '.join(said)}"

    @property
    def missed(self) -> bool:
        """Whether it was tried and not kept."""
        return self.value is not None and not self.least <= self.value <= self.most


def missed(bars: Sequence[Bar]) -> bool:
    """Print which bars were not tried and which are missed; whether one is."""
    tried = [bar for bar in bars if bar.value is not None]
    failed = [bar for bar in tried if bar.missed]
    print()
    for bar in bars:
        if bar.value is None:
            print(f"not tried: {bar.promise}")
    for bar in failed:
        print(f"missed: {bar.promise}: {bar.value:.4g}")
    print(f"bars tried: {len(tried)}, missed: {len(failed) or 'none'}")
    return bool(failed)


def _write_librosa_row(source: str, target: str) -> None:
    import librosa

    y, sr = librosa.load(source, sr=SR)
    row = ",".join(map(repr, librosa_row(y, sr).tolist()))
    Path(target).write_text(f"{row}\n", "utf-8")


if __name__ == "__main__":
    _write_librosa_row(*sys.argv[1:])
