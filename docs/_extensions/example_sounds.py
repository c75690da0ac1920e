"""The sounds that the pages of descriptors measure: six parts of four seconds, made from a seed."""

import numpy as np

from featkit import signals
from featkit.dsp import synthesis

SR = 22050
"""Sample rate in Hz."""

SECONDS = 4.0
"""Duration of a part."""

VOWELS = {
    "a": ((730, 1090, 2440, 3400), (80, 90, 120, 150)),
    "i": ((270, 2290, 3010, 3500), (60, 90, 150, 200)),
    "u": ((300, 870, 2240, 3300), (60, 90, 120, 150)),
}
"""Formants and their bandwidths in Hz, for an average male voice (Peterson and Barney, 1952)."""


def parts():
    """Return the parts by name.

    Returns
    -------
    dict of str to array of float32, shape ``(SECONDS * SR,)``
    """
    return {
        "glide": _glide(),
        "voice": _voice(),
        "music": synthesis.clip(synthesis.STYLES["house"], np.random.default_rng(3))[
            : len(_time())
        ],
        "clicks": signals.clicks(120.0, SR, SECONDS),
        "noise": _rising_noise(),
        "silence": np.zeros(round(SECONDS * SR), np.float32),
    }


def _time():
    return np.arange(round(SECONDS * SR)) / SR


def _glide():
    """A sine from 200 Hz to 4 kHz, two octaves and more in four seconds."""
    t, octaves = _time(), np.log2(4000 / 200)
    phase = 2 * np.pi * 200 * SECONDS / (octaves * np.log(2)) * np.exp2(octaves * t / SECONDS)
    return (0.5 * np.sin(phase)).astype(np.float32)


def _voice():
    """Three vowels with pauses; the pitch falls from 140 to 100 Hz and has a vibrato."""
    length = round(1.1 * SR)
    silence = np.zeros(round(0.2 * SR), np.float32)
    spoken = []
    for k, (formants, bandwidths) in enumerate(VOWELS.values()):
        t = np.arange(length) / SR
        f0 = 140 - 13 * (k + t / 1.1) + 2 * np.sin(2 * np.pi * 5 * t)
        pulses = np.diff(np.floor(np.cumsum(f0) / SR), prepend=0.0)
        fade = np.minimum(1, np.minimum(t, t[::-1]) / 0.05)
        vowel = signals.vowel(formants, bandwidths, SR, amplitude=0.5, source=pulses)
        spoken += [silence, (vowel * fade).astype(np.float32)]
    y = np.concatenate(spoken)
    return np.pad(y, (0, round(SECONDS * SR) - len(y)))


def _music():
    """Chords and drums at some 125 BPM."""
    y = synthesis.clip(synthesis.STYLES["house"], np.random.default_rng(3))
    return y[: round(SECONDS * SR)]


def _rising_noise():
    """White noise from -60 to -10 dBFS."""
    level = np.linspace(-60, -10, round(SECONDS * SR))
    y = np.random.default_rng(0).standard_normal(len(level)) * 10 ** (level / 20)
    return np.clip(y, -1, 1).astype(np.float32)
