"""The index of landmarks: the pairs that an exhaustive search finds, in bounded memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.auditing.copies import landmark_index
from featkit.auditing.copies.landmark_index import find_candidates, shared_ticks


def fingerprint(size, seed, high=1 << 32):
    rng = np.random.default_rng(seed)
    return (
        np.sort(rng.integers(0, high, size).astype(np.uint32)),
        rng.integers(0, 300, size).astype(np.uint32),
    )


def copy(of, offset, kept=1.0, seed=0):
    hashes, ticks = of
    chosen = np.random.default_rng(seed).random(len(hashes)) < kept
    return hashes[chosen], (ticks[chosen].astype(np.int64) + offset).astype(np.uint32)


def searched(fingerprints, **options):
    found = find_candidates(*zip(*fingerprints, strict=True), **options)
    return [tuple(map(int, row)) for row in zip(*found, strict=True)]


def exhaustive(fingerprints, min_votes):
    """Every pair of recordings, every pair of landmarks."""
    pairs = {}
    for second, (h2, t2) in enumerate(fingerprints):
        for first, (h1, t1) in enumerate(fingerprints[:second]):
            difference = (t2[None].astype(int) - t1[:, None].astype(int))[h1[:, None] == h2[None]]
            votes = [int(np.sum(np.abs(difference - k) <= 1)) for k in np.unique(difference)]
            if max(votes, default=0) >= min_votes:
                pairs[first, second] = max(votes)
    return pairs


def test_copies_are_found_with_offset_and_votes():
    originals = [fingerprint(500, seed) for seed in range(20)]
    copies = [copy(originals[3], 40), copy(originals[7], 0, kept=0.1)]
    first, second = searched([*originals, *copies])
    assert first == (3, 20, 40, 500)
    assert second[:3] == (7, 21, 0)
    assert second[3] == len(copies[1][0])


@settings(max_examples=25)
@given(seeds=st.lists(st.integers(0, 5), min_size=2, max_size=6), high=st.sampled_from([200, 2000]))
def test_pairs_and_votes_are_those_of_an_exhaustive_search(seeds, high):
    fingerprints = [fingerprint(30, seed, high) for seed in seeds]
    # No hash is so common that it is not compared with all others.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landmark_index, "NEIGHBOURS", 1000)
        found = {(a, b): votes for a, b, _, votes in searched(fingerprints)}
    assert found == exhaustive(fingerprints, landmark_index.MIN_VOTES)


def test_blocks_and_parts_do_not_change_the_result(monkeypatch):
    originals = [fingerprint(300, seed, 1 << 14) for seed in range(30)]
    fingerprints = originals + [copy(one, 5, kept=0.5) for one in originals]
    expected = searched(fingerprints)
    monkeypatch.setattr(landmark_index, "BLOCK", 700)
    monkeypatch.setattr(landmark_index, "PART_BYTES", 100)
    assert len(expected) >= 30
    assert searched(fingerprints) == expected


def test_hundreds_of_copies_are_linked_although_their_hashes_are_common():
    original = fingerprint(100, 0)
    found = searched([copy(original, k) for k in range(300)])
    assert {(a, b) for a, b, *_ in found} >= {(k, k + 1) for k in range(299)}
    assert len(found) <= 300 * landmark_index.NEIGHBOURS


def test_large_datasets_use_the_smallest_hashes_only(monkeypatch):
    originals = [fingerprint(1000, seed) for seed in range(10)]
    fingerprints = [*originals, copy(originals[4], 9)]
    monkeypatch.setattr(landmark_index, "MAX_LANDMARKS", 1100)
    ((first, second, offset, votes),) = searched(fingerprints)
    assert (first, second, offset) == (4, 10, 9)
    assert votes == pytest.approx(100, abs=30)


@pytest.mark.parametrize("sizes", [[], [0], [0, 0], [5], [0, 5]])
def test_few_or_no_landmarks_have_no_candidates(sizes):
    assert find_candidates(*([fingerprint(n, n)[k] for n in sizes] for k in (0, 1))).votes.size == 0


def test_repeats_within_a_recording_are_no_pair():
    hashes = np.full(50, 7, np.uint32)
    ticks = np.arange(50, dtype=np.uint32)
    assert searched([(hashes, ticks)]) == []


def test_shared_ticks_are_those_at_the_offset():
    first = np.array([1, 2, 2, 9], np.uint32), np.array([10, 20, 30, 5], np.uint32)
    second = np.array([1, 2, 9], np.uint32), np.array([17, 38, 90], np.uint32)
    assert shared_ticks(first, second, 7).tolist() == [10, 30]
