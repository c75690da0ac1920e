"""Shared sound: verification of candidates on short and long recordings."""

import numpy as np
import pytest
import soundfile

from featkit.auditing.copies import shared_sound
from featkit.auditing.copies.landmark_index import Candidates, find_candidates
from featkit.auditing.copies.shared_sound import verify
from featkit.dsp.landmarks import SR, TICK, landmarks
from featkit.executors.opening import local_executor


def noise(seconds, seed):
    y = np.random.default_rng(seed).standard_normal(round(seconds * SR))
    return (0.1 * y).astype(np.float32)


def verified(folder, signals, candidates=None):
    files = [str(folder / f"{k}.wav") for k in range(len(signals))]
    for file, y in zip(files, signals, strict=True):
        soundfile.write(file, y, SR, subtype="FLOAT")
    found = [landmarks(y) for y in signals]
    hashes = [own for own, _ in found]
    ticks = [np.rint(times / TICK).astype(np.uint32) for _, times in found]
    candidates = candidates or find_candidates(hashes, ticks)
    return verify(
        candidates, files, [len(y) / SR for y in signals], hashes, ticks, executor=local_executor()
    )


def test_a_clip_of_a_long_recording_is_found_with_its_place(tmp_path):
    long = noise(100, 0)
    (pair,) = verified(tmp_path, [long, -2 * long[70 * SR : 75 * SR]])
    assert pair.offset == pytest.approx(-70, abs=0.001)
    assert (pair.start, pair.end) == pytest.approx((70, 75), abs=0.1)
    assert pair.level == pytest.approx(6.02, abs=0.1)
    assert pair.is_inverted
    assert pair.is_whole


def test_the_common_part_of_long_recordings_is_longer_than_the_part_that_is_compared(tmp_path):
    common = noise(50, 0)
    first = np.concatenate([noise(20, 1), common, noise(20, 2)])
    second = np.concatenate([noise(5, 3), common, noise(30, 4)])
    (pair,) = verified(tmp_path, [first, second])
    assert pair.offset == pytest.approx(-15, abs=0.001)
    assert (pair.start, pair.end) == pytest.approx((20, 70), abs=1)
    assert not pair.is_whole


def test_candidates_without_common_sound_are_refused(tmp_path):
    click = 5 * noise(0.03, 9)
    signals = [noise(4, 5), noise(4, 6)]
    for y in signals:  # several landmarks at one time, as a click or a chord has them
        y[SR : SR + len(click)] += click
    candidate = Candidates(*(np.array([value]) for value in (0, 1, 0, 50)))
    assert verified(tmp_path, signals, candidate) == []


def test_a_repeated_phrase_in_other_noise_is_no_copy_but_common_sound(tmp_path):
    phrase = 8 * noise(1, 7)
    first, second = noise(5, 8), noise(5, 9)
    first[SR : 2 * SR] += phrase
    second[3 * SR : 4 * SR] += phrase
    (pair,) = verified(tmp_path, [first, second])
    assert pair.offset == pytest.approx(2, abs=0.001)
    assert (pair.start, pair.end) == pytest.approx((1, 2), abs=0.1)
    assert not pair.is_whole


def test_a_file_that_can_no_longer_be_read_has_no_pair(tmp_path, monkeypatch):
    y = noise(3, 1)
    monkeypatch.setattr(shared_sound, "_samples", _unreadable)
    assert verified(tmp_path, [y, y]) == []


def _unreadable(file, start, duration):
    raise shared_sound.AudioError(file, "open", "is gone")


def test_few_landmarks_at_one_time_are_no_candidate(tmp_path):
    y = noise(3, 2)
    candidate = Candidates(*(np.array([value]) for value in (0, 1, 5000, 5)))
    assert verified(tmp_path, [y, y], candidate) == []
