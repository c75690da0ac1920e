"""Versions of the same piece of music: candidates from patches of chroma, verified by alignment.

Candidates are recordings with similar patches. A patch is a few seconds of chroma, at several
lengths for other tempos, stretched to the same number of columns; the magnitude of its
two-dimensional Fourier transform does not depend on the key, and hardly on where it begins [1]_.
The alignment of two recordings is the longest path of similar moments (Qmax), which follows changes
of the tempo and skips ornaments [2]_. Its score is the length of the path in steps, as a share of
the shorter recording.

References
----------
.. [1] T. Bertin-Mahieux and D. P. W. Ellis, "Large-scale cover song recognition using the 2D
   Fourier transform magnitude", ISMIR 2012.
.. [2] J. Serrà, X. Serra and R. G. Andrzejak, "Cross recurrence quantification for cover song
   identification", New Journal of Physics 11, 2009.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.copies.neighbours import nearest

SR, N_FFT, HOP = 11025, 4096, 1024
"""Sample rate in Hz, frame and hop in samples of the chroma."""

POOLED = 2
"""Frames of chroma that are averaged to a step."""

STEP = POOLED * HOP / SR
"""Seconds from one step to the next: 0.19."""

SHORTEST = 5.1
"""Recordings below this duration in seconds are not compared."""

PATCH_LENGTHS = np.round(24 * 2 ** (np.arange(11) / 4)).astype(int)
"""Lengths of the patches in steps: 4.5 s to 25 s, each longer than the one before by 19 %."""

COLUMNS = 32
"""Columns to which a patch is stretched."""

DIMENSIONS = 48
"""Principal components of the patches."""

NEIGHBOURS = 8
"""Nearest neighbours of a patch."""

TEMPO_RANGE = 1.5
"""Patches whose lengths differ by more than this factor are not compared."""

CANDIDATES = 5
"""Recordings that are aligned with each recording."""

EMBEDDED = 5
"""Steps that are compared together, about a second."""

RECURRENCE = 0.1
"""Share of the moments of the other recording that count as similar to a moment; Serrà et al.
use 0.1."""

GAP = 0.5
"""Loss of a path in steps for each moment that it skips, as in Serrà et al."""

KEYS = 4
"""Transpositions that are tried, those in which the mean chroma of two recordings is most alike;
Serrà et al. try two."""

LEAST_VARIETY = 0.4
"""Least mean distance, one minus the cosine, between the moments of a recording. By measurement at
least 0.6 in music, below 0.3 in steady tones."""

LEAST_SIMILARITY = 0.55
"""Least mean cosine of the chroma along the path. By measurement at least 0.65 in versions."""

LONGEST = 400
"""Steps of a recording that are aligned; longer recordings are averaged further."""


class Alignment(NamedTuple):
    """How two recordings correspond.

    Attributes
    ----------
    score : float
        From 0 to 1: similar moments in order, as a share of the shorter recording.
    transposition : int
        Semitones, -5 to 6, by which the second recording is higher.
    tempo : float
        Tempo of the second recording over that of the first.
    first, second : (float, float)
        Beginning and end of the corresponding parts in seconds.
    similarity : float
        Mean cosine of the chroma along the path.
    """

    score: float
    transposition: int
    tempo: float
    first: tuple[float, float]
    second: tuple[float, float]
    similarity: float

    @property
    def speed(self) -> float | None:
        """The speed that would explain key and tempo together; None if they differ."""
        speed = 2 ** (self.transposition / 12)
        return float(speed) if abs(self.tempo / speed - 1) < SPEED_TOLERANCE else None


SPEED_TOLERANCE = 0.1
"""A quarter tone and the error of the tempo."""


def candidates(chroma: Mapping[str, Array], *, seed: int = 0) -> list[tuple[str, str]]:
    """Find pairs of recordings that may be versions of a piece.

    Parameters
    ----------
    chroma : mapping of str to array, shape ``(steps, 12)``
        By recording.
    seed : int
        Seed of the search among many patches.

    Returns
    -------
    list of (str, str)
        Pairs in the order of `chroma`, each once.
    """
    from scipy.sparse import coo_array
    from sklearn.decomposition import PCA

    names = list(chroma)
    if len(names) < 2:
        return []
    parts = [_patches(chroma[name]) for name in names]
    X = np.concatenate([spectra for spectra, _ in parts])
    length = np.concatenate([lengths for _, lengths in parts])
    owner = np.repeat(np.arange(len(names)), [len(lengths) for _, lengths in parts])
    components = min(DIMENSIONS, *X.shape)
    projected = PCA(components, svd_solver="covariance_eigh").fit_transform(X).astype(np.float32)
    _, neighbour = nearest(projected, NEIGHBOURS + 1, seed=seed)
    query = np.repeat(np.arange(len(X)), neighbour.shape[1])
    other = neighbour.ravel()
    ratio = length[query] / length[other]
    wanted = (other >= 0) & (owner[query] != owner[other])
    wanted &= (ratio < TEMPO_RANGE) & (ratio > 1 / TEMPO_RANGE)
    query, other = query[wanted], other[wanted]
    # Longer patches are less likely to be alike by chance. A patch votes once for a recording.
    ballots = np.unique(np.stack([query, owner[other]], axis=1), axis=0)
    weight = length[ballots[:, 0]] / np.bincount(owner, length, len(names))[owner[ballots[:, 0]]]
    shape = (len(names), len(names))
    votes = coo_array((weight, (owner[ballots[:, 0]], ballots[:, 1])), shape=shape).tocsr()
    votes = votes + votes.T
    pairs = set()
    for row in range(len(names)):
        start, end = votes.indptr[row : row + 2]
        others, counts = votes.indices[start:end], votes.data[start:end]
        for best in others[np.lexsort((others, -counts))[:CANDIDATES]].tolist():
            pairs.add((min(row, best), max(row, best)))
    return [(names[one], names[two]) for one, two in sorted(pairs)]


def _patches(chroma: Array) -> tuple[Array, Array]:
    """Spectra of the patches of a recording, ``(patches, 224)``, and their lengths in steps."""
    spectra, lengths = [np.empty((0, 7 * COLUMNS), np.float32)], [np.empty(0, int)]
    for length in PATCH_LENGTHS.tolist():
        if length > len(chroma):
            break
        starts = np.arange(0, len(chroma) - length + 1, length // 2)
        place = np.clip((np.arange(COLUMNS) + 0.5) * length / COLUMNS - 0.5, 0, length - 1)
        before = np.minimum(place.astype(int), length - 2)
        share = (place - before).astype(np.float32)[:, None]
        values = chroma.astype(np.float32)
        patch = values[starts[:, None] + before] * (1 - share)
        patch += values[starts[:, None] + before + 1] * share
        spectrum = np.abs(np.fft.fft2(patch.transpose(0, 2, 1)))[:, :7]
        spectrum[:, 0, 0] = 0  # the mean
        flat = np.sqrt(spectrum).reshape(len(starts), -1)
        norm = np.linalg.norm(flat, axis=1, keepdims=True)
        spectra.append((flat / np.where(norm > 0, norm, 1)).astype(np.float32))
        lengths.append(np.full(len(starts), length))
    return np.concatenate(spectra), np.concatenate(lengths)


def align(one: Array, two: Array) -> Alignment:
    """Align two recordings in the transposition in which they are most alike.

    Parameters
    ----------
    one, two : array, shape ``(steps, 12)``
        Chroma of at least `EMBEDDED` steps.

    Returns
    -------
    Alignment
    """
    pooled = -(-max(len(one), len(two)) // LONGEST)
    A, B = _pooled(one, pooled), _pooled(two, pooled)
    first, width = _embedded(A), min(len(A), len(B)) - EMBEDDED + 1
    best: tuple[float, int, Array, Array] | None = None
    shifts = np.argsort([-np.dot(A.mean(0), np.roll(B.mean(0), -k)) for k in range(12)])
    for shift in shifts[:KEYS].tolist():
        similarity = first @ _embedded(np.roll(B, -shift, axis=1)).T
        paths = _paths(_recurrence(similarity))
        if best is None or paths.max() > best[0]:
            best = float(paths.max()), shift, paths, similarity
    assert best is not None
    longest, shift, paths, similarity = best
    path = _trace(paths)
    step = STEP * pooled
    (a0, b0), (a1, b1) = path[0].tolist(), path[-1].tolist()
    tempo = max(a1 - a0, 1) / max(b1 - b0, 1)
    return Alignment(
        score=min(1.0, longest / width),
        transposition=shift if shift <= 6 else shift - 12,
        tempo=tempo,
        first=(a0 * step, (a1 + EMBEDDED) * step),
        second=(b0 * step, (b1 + EMBEDDED) * step),
        similarity=float(np.mean(similarity[path[:, 0], path[:, 1]])),
    )


def _pooled(chroma: Array, count: int) -> Array:
    steps = len(chroma) // count
    pooled = chroma[: steps * count].reshape(steps, count, 12).mean(axis=1)
    return np.asarray(pooled, dtype=np.float32)


def _embedded(chroma: Array) -> Array:
    """Consecutive steps side by side, without their mean, of norm 1: ``(moments, 60)``."""
    count = len(chroma) - EMBEDDED + 1
    moments = np.concatenate([chroma[k : k + count] for k in range(EMBEDDED)], axis=1)
    moments = moments - moments.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(moments, axis=1, keepdims=True)
    return np.asarray(moments / np.where(norm > 1e-6, norm, 1))


def _recurrence(similarity: Array) -> Array:
    """Whether two moments are among the most similar ones of each other, ``(rows, columns)``."""
    rows, columns = similarity.shape
    per_row, per_column = max(1, int(RECURRENCE * columns)), max(1, int(RECURRENCE * rows))
    # More similar than the next one: the moments of a lasting tone are equal, and no match.
    by_row = np.partition(similarity, -per_row - 1, axis=1)[:, -per_row - 1]
    by_column = np.partition(similarity, -per_column - 1, axis=0)[-per_column - 1]
    alike = (similarity > by_row[:, None]) & (similarity > by_column)
    return np.asarray(alike & (similarity > 0))


def _paths(alike: Array) -> Array:
    """Length of the best path that ends at each pair of moments, with two rows and columns of 0.

    A path goes on by one moment in both recordings, or by two in one of them.
    """
    rows, columns = alike.shape
    Q = np.zeros((rows + 2, columns + 2), dtype=np.float32)
    for row in range(2, rows + 2):
        before = np.maximum(np.maximum(Q[row - 1, 1:-1], Q[row - 2, 1:-1]), Q[row - 1, :-2])
        Q[row, 2:] = np.where(alike[row - 2], before + 1, np.maximum(before - GAP, 0))
    return Q


def _trace(Q: Array) -> Array:
    """The longest path backwards from its end: pairs of moments in order, ``(length, 2)``."""
    row, column = np.unravel_index(int(np.argmax(Q)), Q.shape)
    path = []
    while Q[row, column] > 0:
        path.append((row - 2, column - 2))
        steps = [(row - 1, column - 1), (row - 2, column - 1), (row - 1, column - 2)]
        row, column = max(steps, key=lambda place: Q[place])
    return np.array(path[::-1])


def has_harmony(chroma: Array) -> bool:
    """Return whether the chroma of a recording changes enough to be compared.

    A tone that lasts, such as a hum or a siren, would match any other.

    Parameters
    ----------
    chroma : array, shape ``(steps, 12)``

    Returns
    -------
    bool
    """
    if len(chroma) < PATCH_LENGTHS[0]:
        return False
    moments = _embedded(_pooled(chroma, 1))
    moments = moments[moments.any(axis=1)]  # the others are silent
    if len(moments) < PATCH_LENGTHS[0] - EMBEDDED:
        return False
    return bool(1 - np.sum(moments.mean(axis=0) ** 2) >= LEAST_VARIETY)


def threshold(seconds: float) -> float:
    """Return the score from which two recordings are versions.

    Parameters
    ----------
    seconds : float
        Duration of the shorter recording.

    Returns
    -------
    float
        0.84 for 5.2 s, 0.76 for 8 s, 0.64 for 30 s: short recordings match more often by chance.
    """
    return 0.6 + 1.25 / seconds


def find_versions(
    chroma: Mapping[str, Array], *, seed: int = 0
) -> list[tuple[str, str, Alignment]]:
    """Find versions of the same piece; copies of one recording are among them.

    Parameters
    ----------
    chroma : mapping of str to array, shape ``(steps, 12)``
        By recording; see `featkit.auditing.measures.chroma`.
    seed : int
        Seed of the search among many patches.

    Returns
    -------
    list of (str, str, Alignment)
        Pairs in the order of `chroma`, each once.
    """
    comparable = {name: values for name, values in chroma.items() if has_harmony(values)}
    pairs = []
    for one, two in candidates(comparable, seed=seed):
        alignment = align(comparable[one], comparable[two])
        seconds = STEP * min(len(comparable[one]), len(comparable[two]))
        if alignment.score >= threshold(seconds) and alignment.similarity >= LEAST_SIMILARITY:
            pairs.append((one, two, alignment))
    return pairs
