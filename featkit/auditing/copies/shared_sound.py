"""Pairs of recordings with sound in common: candidates of landmarks, verified on the samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from featkit._utils.typing import Array
from featkit.audio.loading import load
from featkit.auditing.copies.landmark_index import Candidates, shared_ticks
from featkit.dsp.alignment import Alignment, align
from featkit.dsp.landmarks import SR, TICK
from featkit.errors import AudioError
from featkit.executors.executor import Crash, Executor

MAX_SECONDS = 30.0
"""Longest part of a pair that is compared; of longer ones, the part around the median landmark."""

MAX_GAP = 10.0
"""Largest gap in seconds between landmarks of one common part, in longer recordings."""

SLACK = 2 * TICK
"""Largest error in seconds of the offset that landmarks give."""

MIN_ANCHORS, SURE_VOTES = 3, 8
"""Fewest different times of the landmarks that agree, unless there are many landmarks: a chord of
a few peaks gives several at one time by chance."""

MIN_SCORE = 0.5
"""Smallest score; noise of the same power as the sound gives 0.55 and more."""

MIN_SUPPORT, MIN_SHARE = 0.4, 0.05
"""Smallest effective duration of the common sound in seconds, and its share of a recording; see
`featkit.dsp.alignment.Alignment`. Phonemes and clicks are shorter, and pauses are quieter."""

SURE_SCORE, SURE_SUPPORT, SURE_SHARE = 0.8, 0.1, 0.5
"""Recordings of a short sound may have less support, if they agree in most of it."""

WHOLE = 0.9
"""Smallest share of a recording that counts as the whole recording."""


@dataclass(frozen=True)
class SharedSound:
    """The sound that two recordings have in common.

    Attributes
    ----------
    first, second : int
        Positions of the recordings.
    offset : float
        Time in the second recording minus time in the first, in seconds.
    start, end : float
        The common part in the first recording, in seconds.
    score : float
        Correlation in the common part, from 0 to 1.
    level : float
        Level of the common sound in the second recording relative to the first, in dB.
    is_inverted : bool
        Whether one of the recordings has inverted polarity.
    is_whole : bool
        Whether practically all of a recording is in the other.
    landmarks : int
        Landmarks that agree.
    """

    first: int
    second: int
    offset: float
    start: float
    end: float
    score: float
    level: float
    is_inverted: bool
    is_whole: bool
    landmarks: int

    @property
    def swapped(self) -> SharedSound:
        """The same, seen from the second recording."""
        return replace(
            self,
            first=self.second,
            second=self.first,
            offset=-self.offset,
            start=self.start + self.offset,
            end=self.end + self.offset,
            level=-self.level,
        )


@dataclass(frozen=True)
class _Comparison:
    """What a worker compares: two files, the parts to read, and what landmarks say."""

    files: tuple[str, str]
    starts: tuple[float, float]
    duration: float | None
    lag: float
    shorter: float


def verify(
    candidates: Candidates,
    files: Sequence[str],
    durations: Sequence[float],
    hashes: Sequence[Array],
    ticks: Sequence[Array],
    *,
    executor: Executor,
) -> list[SharedSound]:
    """Compare the samples of candidate pairs.

    Parameters
    ----------
    candidates : Candidates
        The pairs.
    files : sequence of str
        Files of the recordings.
    durations : sequence of float
        Durations of the recordings in seconds.
    hashes, ticks : sequence of array
        Landmarks of the recordings.
    executor : Executor
        Where the pairs are compared.

    Returns
    -------
    list of SharedSound
        The pairs that have sound in common, in the order of the candidates.
    """
    comparisons, extents, places = [], [], []
    for place, (first, second, offset, votes) in enumerate(zip(*candidates, strict=True)):
        fingerprints = (hashes[first], ticks[first]), (hashes[second], ticks[second])
        anchors = shared_ticks(*fingerprints, offset)
        if len(np.unique(anchors)) < (1 if votes >= SURE_VOTES else MIN_ANCHORS):
            continue
        places.append(place)
        extents.append(_extent(anchors * TICK))
        comparisons.append(
            _comparison(
                (files[first], files[second]),
                (durations[first], durations[second]),
                float(offset * TICK),
                float(np.median(anchors) * TICK),
            )
        )
    candidates = Candidates(*(column[places] for column in candidates))
    alignments: dict[int, Alignment | None] = {}
    suited = executor.suited(len(comparisons), isolate=False)
    chunks = suited.process_places(_compare_all, comparisons, range(len(comparisons)))
    with closing(chunks):
        for chunk in chunks:
            for place, result in chunk:
                alignments[place] = None if isinstance(result, Crash) else result
    shared = [
        _shared_sound(candidates, k, comparisons[k], alignments[k], extents[k])
        for k in range(len(comparisons))
    ]
    return [one for one in shared if one is not None]


def _extent(times: Array) -> tuple[float, float]:
    """First and last time of the largest run without long gaps."""
    runs = np.split(times, np.flatnonzero(np.diff(times) > MAX_GAP) + 1)
    longest = max(runs, key=len)
    return float(longest[0]), float(longest[-1])


def _comparison(
    files: tuple[str, str], durations: tuple[float, float], offset: float, middle: float
) -> _Comparison:
    shorter = min(durations)
    if max(durations) <= MAX_SECONDS:
        return _Comparison(files, (0.0, 0.0), None, offset, shorter)
    begin, end = max(0.0, -offset), min(durations[0], durations[1] - offset)
    begin = max(begin, min(middle - MAX_SECONDS / 2, end - MAX_SECONDS))
    length = max(2 * TICK, min(MAX_SECONDS, end - begin))
    return _Comparison(files, (begin, max(0.0, begin + offset)), length, 0.0, shorter)


def _compare_all(
    comparisons: Iterable[_Comparison], report: Callable[..., None]
) -> list[Alignment | None]:
    alignments = []
    for place, comparison in enumerate(comparisons):
        report(place)
        alignments.append(_compare(comparison))
    return alignments


def _compare(comparison: _Comparison) -> Alignment | None:
    """Align two recordings; None if one of them can no longer be read."""
    try:
        x, y = (
            _samples(file, start, comparison.duration)
            for file, start in zip(comparison.files, comparison.starts, strict=True)
        )
    except AudioError:
        return None
    return align(x, y, SR, round(comparison.lag * SR), round(SLACK * SR))


@lru_cache(maxsize=32)
def _samples(file: str, start: float, duration: float | None) -> Array:
    """Read samples; candidates are sorted, so that a file is read once for its pairs."""
    return load(file, sr=SR, offset=start, duration=duration)[0]


def _shared_sound(
    candidates: Candidates,
    k: int,
    comparison: _Comparison,
    alignment: Alignment | None,
    extent: tuple[float, float],
) -> SharedSound | None:
    if alignment is None or not _is_shared(alignment):
        return None
    offset = comparison.starts[1] - comparison.starts[0] + alignment.lag / SR
    start = comparison.starts[0] + alignment.start / SR
    end = comparison.starts[0] + alignment.end / SR
    is_whole = alignment.share >= WHOLE
    if comparison.duration is not None:
        start, end = min(start, extent[0]), max(end, extent[1])
        is_whole = end - start >= WHOLE * comparison.shorter
    return SharedSound(
        int(candidates.first[k]),
        int(candidates.second[k]),
        offset,
        start,
        end,
        alignment.score,
        20 * float(np.log10(abs(alignment.gain) or 1.0)),
        alignment.gain < 0,
        is_whole,
        int(candidates.votes[k]),
    )


def _is_shared(alignment: Alignment) -> bool:
    """Whether an alignment proves that two recordings share sound."""
    is_long = alignment.support >= MIN_SUPPORT and alignment.share >= MIN_SHARE
    if is_long:
        return alignment.score >= MIN_SCORE
    is_most = alignment.support >= SURE_SUPPORT and alignment.share >= SURE_SHARE
    return is_most and alignment.score >= SURE_SCORE
