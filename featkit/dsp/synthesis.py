"""Synthetic clips of music in four audibly different styles, made from a seed.

The styles differ in tempo, harmony, timbre and drums. Within a style, the clips differ in tempo,
key, brightness and arrangement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featkit._utils.typing import Array

SR = 22050
"""Sample rate of the clips in Hz."""

SECONDS = 6.0
"""Duration of a clip in seconds."""

MAJOR, MINOR, FIFTH, SEVENTH = (0, 4, 7), (0, 3, 7), (0, 7, 12), (0, 4, 7, 10)
"""Chords, in semitones above their root."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """The distribution of the clips of a style; a pair is the range of a random value.

    Attributes
    ----------
    tempo : (float, float)
        BPM.
    chord : sequence of int
        Semitones above the root.
    progression : sequence of int
        Root of each bar, in semitones above the key.
    octave : (int, int)
        Octave of the key.
    partials : (int, int)
        Number of partials of a tone.
    slope : (float, float)
        Exponent by which the level of partials falls with their order.
    attack : (float, float)
        Attack time of a tone in seconds.
    notes_per_beat : float
    kick, snare, hat : str
        Patterns in sixteenths, with ``x`` for a hit.
    drums, hiss : (float, float)
        Levels of the drums and of the noise.
    """

    tempo: tuple[float, float]
    chord: Sequence[int]
    progression: Sequence[int]
    octave: tuple[int, int]
    partials: tuple[int, int]
    slope: tuple[float, float]
    attack: tuple[float, float]
    notes_per_beat: float
    kick: str
    snare: str
    hat: str
    drums: tuple[float, float]
    hiss: tuple[float, float]


STYLES = {
    "ambient": Style(
        tempo=(56, 70),
        chord=MAJOR,
        progression=(0, 5, 9, 7),
        octave=(3, 4),
        partials=(4, 8),
        slope=(1.6, 2.4),
        attack=(0.6, 1.2),
        notes_per_beat=0.25,
        kick="",
        snare="",
        hat="",
        drums=(0.0, 0.0),
        hiss=(0.002, 0.012),
    ),
    "house": Style(
        tempo=(120, 130),
        chord=MINOR,
        progression=(0, 0, 8, 10),
        octave=(3, 4),
        partials=(12, 24),
        slope=(0.8, 1.2),
        attack=(0.005, 0.02),
        notes_per_beat=1.0,
        kick="x...x...x...x...",
        snare="....x.......x...",
        hat="..x...x...x...x.",
        drums=(0.6, 1.0),
        hiss=(0.0005, 0.002),
    ),
    "rock": Style(
        tempo=(92, 116),
        chord=FIFTH,
        progression=(0, 5, 7, 5),
        octave=(2, 3),
        partials=(24, 40),
        slope=(0.4, 0.7),
        attack=(0.002, 0.008),
        notes_per_beat=2.0,
        kick="x.....x.x.......",
        snare="....x.......x...",
        hat="x.x.x.x.x.x.x.x.",
        drums=(0.5, 0.9),
        hiss=(0.001, 0.006),
    ),
    "swing": Style(
        tempo=(150, 190),
        chord=SEVENTH,
        progression=(0, 9, 2, 7),
        octave=(4, 5),
        partials=(3, 8),
        slope=(1.2, 1.9),
        attack=(0.01, 0.03),
        notes_per_beat=0.5,
        kick="x.......x.......",
        snare="............x...",
        hat="x...x..xx...x..x",
        drums=(0.2, 0.45),
        hiss=(0.001, 0.004),
    ),
}
"""The styles of the corpus by name."""


def clip(style: Style, rng: np.random.Generator) -> Array:
    """Make one clip of a style.

    Parameters
    ----------
    style : Style
    rng : Generator
        Random generator.

    Returns
    -------
    array of float32, shape ``(SECONDS * SR,)``
        Its peak is 0.9.
    """
    beat = 60 / rng.uniform(*style.tempo)
    y = _harmony(style, beat, rng)
    y += rng.uniform(*style.drums) * _drums(style, beat, rng)
    y += rng.uniform(*style.hiss) * rng.standard_normal(len(y))
    return np.asarray(0.9 * y / np.abs(y).max(), dtype=np.float32)


def _harmony(style: Style, beat: float, rng: np.random.Generator) -> Array:
    """A chord on every note, and a progression of chords over bars of four beats."""
    y = np.zeros(round(SR * SECONDS))
    key = 12 * (1 + rng.integers(*style.octave, endpoint=True)) + rng.integers(12)
    slope = rng.uniform(*style.slope)
    partials = int(rng.integers(*style.partials, endpoint=True))
    attack = rng.uniform(*style.attack)
    length = beat / style.notes_per_beat
    for onset in np.arange(0, SECONDS, length):
        bar = int(onset / (4 * beat))
        root = key + style.progression[bar % len(style.progression)]
        start = round(onset * SR)
        t = np.arange(min(len(y) - start, round(1.2 * length * SR))) / SR
        envelope = np.minimum(t / attack, 1) * np.exp(-1.5 * t / length)
        for semitones in style.chord:
            pitch = 440 * 2 ** ((root + semitones - 69 + rng.normal(0, 0.03)) / 12)
            y[start : start + len(t)] += envelope * _tone(pitch, partials, slope, t, rng)
    return np.asarray(0.25 * y / np.sqrt(np.mean(y**2)))


def _tone(pitch: float, partials: int, slope: float, t: Array, rng: np.random.Generator) -> Array:
    """Partials of decreasing level and random phase, none above 10 kHz."""
    order = np.arange(1, min(partials, int(10000 / pitch)) + 1)[:, None]
    phase = rng.uniform(0, 2 * np.pi, order.shape).astype(np.float32)
    turns = (pitch * order * t % 1).astype(np.float32)
    levels = (order**-slope).astype(np.float32)
    return np.asarray(np.sum(levels * np.sin(np.float32(2 * np.pi) * turns + phase), axis=0))


def _drums(style: Style, beat: float, rng: np.random.Generator) -> Array:
    """The drum patterns, with hits of random strength and a few left out."""
    y = np.zeros(round(SR * SECONDS))
    t = np.arange(round(0.25 * SR)) / SR
    noise = rng.standard_normal(len(t))
    sounds = {
        style.kick: np.sin(2 * np.pi * (48 * t + 6 * (1 - np.exp(-40 * t)))) * np.exp(-14 * t),
        style.snare: (0.6 * noise + 0.4 * np.sin(2 * np.pi * 190 * t)) * np.exp(-22 * t),
        style.hat: 0.35 * np.diff(noise, prepend=0) * np.exp(-70 * t),
    }
    for pattern, sound in sounds.items():
        for step in range(int(SECONDS / (beat / 4))):
            if pattern and pattern[step % len(pattern)] == "x" and rng.random() > 0.06:
                start = round(step * beat / 4 * SR)
                length = min(len(sound), len(y) - start)
                y[start : start + length] += rng.uniform(0.7, 1.0) * sound[:length]
    return y
