"""An index of landmarks: pairs of recordings that share landmarks at a constant offset.

All landmarks are sorted by their hash, which brings equal ones together, as an inverted index does.
Each pair of equal landmarks of two recordings is a vote for these recordings and the difference of
their times. Copies share many votes with the same difference; other recordings share hardly any.

Work and memory grow in proportion to the landmarks, not to the pairs of recordings: a landmark
votes with the next `NEIGHBOURS` of the same hash only. In a common hash these are chance
neighbours; many copies of one recording are neighbours in all of their hashes, each a link of a
chain. Landmarks are sorted in blocks of a range of hashes, and votes are counted in parts of the
pairs, so that memory is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

import numpy as np

from featkit._utils.typing import Array

NEIGHBOURS = 8
"""Landmarks of the same hash with which a landmark votes."""

MIN_VOTES = 4
"""Fewest votes of a pair of recordings for one offset, within a tick on each side."""

BLOCK = 1 << 23
"""Landmarks that are sorted at a time."""

SAMPLE = 1000
"""Recordings from which the ranges of hashes are derived."""

PART_BYTES = 1 << 24
"""Largest part of the votes that is held in memory rather than in a temporary file."""

MAX_LANDMARKS = 1 << 27
"""Landmarks in all. Of a larger dataset, only the smallest hashes are used."""


class Candidates(NamedTuple):
    """Pairs of recordings that may share sound, sorted by `first`, then by `second`.

    Attributes
    ----------
    first, second : array of int64, shape ``(pairs,)``
        Positions of the recordings; `first` is smaller.
    offset : array of int64, shape ``(pairs,)``
        Time in the second recording minus time in the first, in ticks.
    votes : array of int64, shape ``(pairs,)``
        Landmarks that agree on the offset.
    """

    first: Array
    second: Array
    offset: Array
    votes: Array


def find_candidates(
    hashes: Sequence[Array], ticks: Sequence[Array], *, min_votes: int = MIN_VOTES
) -> Candidates:
    """Find pairs of recordings that share landmarks.

    Parameters
    ----------
    hashes : sequence of array of uint32
        Of each recording, in ascending order.
    ticks : sequence of array of uint32
        Times of the landmarks.
    min_votes : int
        Fewest landmarks that agree on an offset.

    Returns
    -------
    Candidates
        Each pair once, with the offset that has most votes.
    """
    bits = max(1, (len(hashes) - 1).bit_length())
    total = min(sum(map(len, hashes)), MAX_LANDMARKS)
    n_blocks = max(1, -(-total // BLOCK))
    with ExitStack() as stack:
        parts = [stack.enter_context(SpooledTemporaryFile(PART_BYTES)) for _ in range(n_blocks)]
        for block in _blocks(hashes, ticks, n_blocks):
            for first, second, offsets in _votes(*block):
                keys = _packed(first, second, offsets, bits)
                part = (first + second) % n_blocks
                for k in range(n_blocks):
                    parts[k].write(keys[part == k].tobytes())
        best = [_best_offsets(_read(part), bits, min_votes) for part in parts]
    joined = [np.concatenate(column) for column in zip(*best, strict=True)]
    order = np.lexsort(joined[1::-1])
    return Candidates(*(column[order] for column in joined))


def _read(part: IO[bytes]) -> Array:
    part.seek(0)
    return np.frombuffer(part.read(), np.uint64)


def shared_ticks(first: tuple[Array, Array], second: tuple[Array, Array], offset: int) -> Array:
    """Find the landmarks that two recordings share at an offset.

    Parameters
    ----------
    first, second : tuple of array
        Hashes in ascending order, and ticks, of each recording.
    offset : int
        Time in the second recording minus time in the first, in ticks; one tick more or less is
        allowed.

    Returns
    -------
    array of int64, shape ``(landmarks,)``
        Times in the first recording in ticks, in ascending order.
    """
    low = np.searchsorted(second[0], first[0], "left")
    count = np.searchsorted(second[0], first[0], "right") - low
    own = np.repeat(np.arange(len(count)), count)
    other = np.arange(count.sum()) + np.repeat(low - np.cumsum(count) + count, count)
    ticks = first[1][own].astype(np.int64)
    difference = second[1][other].astype(np.int64) - ticks
    return np.sort(ticks[np.abs(difference - offset) <= 1])


def _blocks(
    hashes: Sequence[Array], ticks: Sequence[Array], n_blocks: int
) -> Iterator[tuple[Array, Array, Array]]:
    """Landmarks of all recordings, a range of hashes at a time: hashes, recordings, times."""
    edges = _edges(hashes, n_blocks)
    places = np.array([np.searchsorted(own, edges) for own in hashes]).reshape(-1, n_blocks + 1)
    for k in range(n_blocks):
        spans = [slice(*span) for span in places[:, k : k + 2].tolist()]
        sizes = places[:, k + 1] - places[:, k]
        if sizes.any():
            yield (
                np.concatenate([own[span] for own, span in zip(hashes, spans, strict=True)]),
                np.repeat(np.arange(len(sizes)), sizes),
                np.concatenate([own[span] for own, span in zip(ticks, spans, strict=True)]),
            )


def _edges(hashes: Sequence[Array], n_blocks: int) -> Array:
    """Hashes that divide the landmarks into blocks of about the same size, by a sample of them."""
    total = sum(map(len, hashes))
    sample = np.concatenate([np.empty(0, np.uint32), *hashes[:: 1 + len(hashes) // SAMPLE]])
    shares = np.linspace(0, min(1, MAX_LANDMARKS / max(total, 1)), n_blocks + 1)
    edges = np.quantile(sample, shares) if len(sample) else shares
    edges[0] = 0
    if shares[-1] == 1:
        edges[-1] = 1 << 32
    return np.ceil(edges).astype(np.uint64)


def _votes(hashes: Array, files: Array, ticks: Array) -> Iterator[tuple[Array, Array, Array]]:
    """Pairs of equal landmarks, a neighbour at a time: first and second recording, offset."""
    entries = np.arange(len(hashes), dtype=np.uint64)
    entries = np.sort((hashes.astype(np.uint64) << np.uint64(32)) | entries)
    hashes = entries >> np.uint64(32)
    same = hashes[1:] == hashes[:-1]
    repeated = np.append(same, False) | np.insert(same, 0, False)
    hashes = hashes[repeated]
    order = (entries[repeated] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    files, ticks = files[order], ticks[order].astype(np.int64)
    for step in range(1, NEIGHBOURS + 1):
        equal = hashes[step:] == hashes[:-step]
        if not equal.any():
            return
        low = np.flatnonzero(equal & (files[step:] != files[:-step]))
        high = low + step
        yield files[low], files[high], ticks[high] - ticks[low]


def _packed(first: Array, second: Array, offsets: Array, bits: int) -> Array:
    """One number for a pair and an offset, in the order of the pairs, then of the offsets."""
    room = 64 - 2 * bits
    half = 1 << (room - 1)
    offsets = (np.clip(offsets, 2 - half, half - 2) + half).astype(np.uint64)
    pairs = (first.astype(np.uint64) << np.uint64(bits)) | second.astype(np.uint64)
    packed: Array = (pairs << np.uint64(room)) | offsets
    return packed


def _best_offsets(keys: Array, bits: int, min_votes: int) -> Candidates:
    """The offset of each pair that has most votes, with those of the ticks beside it."""
    room = 64 - 2 * bits
    keys, counts = np.unique(keys, return_counts=True)
    votes = counts.copy()
    adjacent = keys[1:] - keys[:-1] == 1
    votes[1:] += np.where(adjacent, counts[:-1], 0)
    votes[:-1] += np.where(adjacent, counts[1:], 0)
    enough = votes >= min_votes
    keys, votes, counts = keys[enough], votes[enough], counts[enough]
    pairs = keys >> np.uint64(room)
    order = np.lexsort((-counts, -votes, pairs))
    _, first_of_pair = np.unique(pairs[order], return_index=True)
    best = order[first_of_pair]
    offset = (keys[best] & np.uint64((1 << room) - 1)).astype(np.int64) - (1 << (room - 1))
    first = (pairs[best] >> np.uint64(bits)).astype(np.int64)
    second = (pairs[best] & np.uint64((1 << bits) - 1)).astype(np.int64)
    return Candidates(first, second, offset, votes[best])
