"""Versions of a piece of music are found, whatever key and tempo; other sounds are not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from pieces import SR, draw_piece, draw_version, render
from scanning import piece_of

from featkit.auditing.copies import versions
from featkit.auditing.copies.versions import align, find_versions, has_harmony
from featkit.auditing.measures.chroma import MEASURE

Array = np.ndarray


@cache
def chroma_of_version(piece: int, version: int) -> Array:
    y = render(draw_piece(piece, beats=20), draw_version(version), seed=version)
    return MEASURE.compute(piece_of(y, SR))["chroma"]


def chroma_of(y: Array, sr: float = SR) -> Array:
    return MEASURE.compute(piece_of(y, sr))["chroma"]


def test_versions_of_a_piece_are_found_among_other_pieces() -> None:
    chroma = {
        f"{piece}-{k}": chroma_of_version(piece, 10 * piece + k)
        for piece in range(3)
        for k in (0, 1)
    }
    pairs = find_versions(chroma)
    assert [(one, two) for one, two, _ in pairs] == [(f"{k}-0", f"{k}-1") for k in range(3)]


@pytest.mark.parametrize("semitones", [-5, -1, 3, 6])
def test_the_transposition_is_that_of_the_second_recording(semitones: int) -> None:
    sound = draw_version(3)
    one = chroma_of(render(draw_piece(1, beats=16), replace(sound, transposition=0)))
    two = chroma_of(render(draw_piece(1, beats=16), replace(sound, transposition=semitones)))
    assert align(one, two).transposition == semitones
    assert align(two, one).transposition == (-semitones if semitones != 6 else 6)


def test_the_tempo_is_that_of_the_second_recording_relative_to_the_first() -> None:
    sound = draw_version(3)
    slow, fast = (
        chroma_of(render(draw_piece(2, beats=20), replace(sound, tempo=tempo)))
        for tempo in (84.0, 105.0)
    )
    assert align(slow, fast).tempo == pytest.approx(105 / 84, rel=0.06)
    assert align(fast, slow).tempo == pytest.approx(84 / 105, rel=0.06)


def test_the_parts_that_correspond_are_located() -> None:
    chroma = chroma_of_version(5, 50)
    found = align(chroma[:70], chroma[30:])
    assert found.first[0] == pytest.approx(30 * versions.STEP, abs=0.5)
    assert found.second[0] == pytest.approx(0, abs=0.5)
    assert found.transposition == 0


def test_unrelated_pieces_score_low() -> None:
    found = [
        align(chroma_of_version(one, 10 * one), chroma_of_version(two, 10 * two))
        for one, two in [(0, 1), (1, 2), (2, 3)]
    ]
    assert max(one.score for one in found) < 0.6


def test_a_lasting_tone_and_noise_have_no_harmony_or_no_version() -> None:
    t = np.arange(10 * SR) / SR
    tones = [np.sin(2 * np.pi * hz * t).astype(np.float32) for hz in (220, 330)]
    noise = [
        np.random.default_rng(k).standard_normal(10 * SR).astype(np.float32) / 8 for k in range(4)
    ]
    assert not any(has_harmony(chroma_of(tone)) for tone in tones)
    sounds = {f"{k}": chroma_of(y) for k, y in enumerate([*tones, *noise])}
    assert find_versions(sounds) == []


def test_short_recordings_are_not_compared() -> None:
    y = np.zeros(5 * SR, np.float32)
    assert chroma_of(y).shape == (0, 12)
    assert find_versions({"a": chroma_of(y), "b": chroma_of(y)}) == []
    assert find_versions({}) == []


@pytest.mark.parametrize("samples", [1, 100, 6 * 8000])
def test_silence_of_any_length_has_chroma_without_harmony(samples: int) -> None:
    chroma = chroma_of(np.zeros(samples, np.float32), 8000)
    assert not has_harmony(chroma)
    assert chroma.dtype == np.uint8
