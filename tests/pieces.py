"""Synthetic pieces of music and their versions: other timbre, tempo, key and tuning.

A piece is a melody over a progression of chords, drawn from a seed. A version renders it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SR = 22050

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)


@dataclass(frozen=True)
class Piece:
    """Notes of a piece: onset and length in beats, and pitch in semitones (MIDI numbers)."""

    notes: tuple[tuple[float, float, int], ...]
    beats: float


@dataclass(frozen=True, kw_only=True)
class Version:
    """How a piece is rendered: tempo in BPM, transposition in semitones, and sound."""

    tempo: float = 100.0
    transposition: float = 0.0
    partials: int = 8
    slope: float = 1.2
    attack: float = 0.01
    decay: float = 1.5
    drums: float = 0.1
    melody: float = 1.0


def draw_piece(seed: int, beats: int = 48) -> Piece:
    """Draw a melody and chords of one major key."""
    rng = np.random.default_rng(seed)
    key = int(rng.integers(48, 60))
    notes: list[tuple[float, float, int]] = []
    for bar in range(0, beats, 4):
        root = int(rng.integers(7))
        notes += [(bar, 4.0, key + _degree(root + step)) for step in (0, 2, 4)]
        notes.append((bar, 4.0, key - 12 + _degree(root)))
    beat, degree = 0.0, 7
    while beat < beats:
        length = float(rng.choice([0.5, 1.0, 1.5, 2.0], p=[0.35, 0.4, 0.1, 0.15]))
        degree = int(np.clip(degree + rng.choice([-4, -2, -1, -1, 1, 1, 2, 3]), 3, 16))
        notes.append((beat, length, key + 12 + _degree(degree)))
        beat += length
    return Piece(tuple(notes), float(beats))


def _degree(step: int) -> int:
    return 12 * (step // 7) + MAJOR_SCALE[step % 7]


def draw_version(seed: int) -> Version:
    """Draw tempo (0.8 to 1.25 times 100 BPM), transposition and sound of a version."""
    rng = np.random.default_rng(seed)
    return Version(
        tempo=100 * float(np.exp(rng.uniform(np.log(0.8), np.log(1.25)))),
        transposition=int(rng.integers(-5, 7)) + float(rng.uniform(-0.2, 0.2)),
        partials=int(rng.integers(3, 20)),
        slope=float(rng.uniform(0.7, 2.0)),
        attack=float(rng.uniform(0.003, 0.06)),
        decay=float(rng.uniform(0.5, 3.0)),
        drums=float(rng.uniform(0.0, 0.3)),
        melody=float(rng.uniform(0.6, 1.5)),
    )


def render(piece: Piece, version: Version, *, seconds: float | None = None, seed: int = 0):
    """Render a piece as float32 samples at `SR`; cut to `seconds` if given."""
    rng = np.random.default_rng(seed)
    beat = 60 / version.tempo
    y = np.zeros(round(SR * piece.beats * beat) + SR)
    for place, (onset, length, pitch) in enumerate(piece.notes):
        start = round(onset * beat * SR)
        t = np.arange(min(len(y) - start, round((length * beat + 0.05) * SR))) / SR
        hz = 440 * 2 ** ((pitch + version.transposition - 69) / 12)
        envelope = np.minimum(t / version.attack, 1) * np.exp(-t / version.decay)
        envelope *= np.clip((t[-1] - t) / 0.03, 0, 1)
        level = 0.5 if place < 4 * piece.beats / 4 else version.melody
        tone = sum(
            order**-version.slope * np.sin(2 * np.pi * hz * order * t + rng.uniform(0, 2 * np.pi))
            for order in range(1, version.partials + 1)
            if hz * order < 0.45 * SR
        )
        y[start : start + len(t)] += level * envelope * tone
    t = np.arange(round(0.1 * SR)) / SR
    for onset in np.arange(0, piece.beats, 1.0):
        start = round(onset * beat * SR)
        hit = rng.standard_normal(len(t)) * np.exp(-50 * t)
        y[start : start + len(t)] += version.drums * 4 * hit
    y += 0.003 * rng.standard_normal(len(y))
    if seconds is not None:
        y = y[: round(seconds * SR)]
    return (0.8 * y / np.abs(y).max()).astype(np.float32)
