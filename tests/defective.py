"""Helpers of the tests of defects: clean sound, pieces, and findings."""

import numpy as np
import scanning

from featkit.auditing.defect import DEFECTS

SR = 22050


def voice(seconds=3.0, sr=SR, seed=0):
    """Sound like speech: syllables of harmonics and of noise, with a quiet background."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * sr)) / sr
    pitch = 140 + 20 * np.sin(2 * np.pi * 0.7 * t) + 5 * np.sin(2 * np.pi * 5.1 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / sr
    tones = sum(np.sin(k * phase + k * k) / k**1.5 for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * t) + 0.3 * np.sin(2 * np.pi * 1.1 * t), 0, None)
    y = 0.2 * syllables**2 * (tones + 0.1 * rng.standard_normal(len(t)))
    return y + 0.0005 * rng.standard_normal(len(t))


def to_int16(y):
    return np.clip(np.rint(32768 * np.asarray(y)), -32768, 32767).astype(np.int16)


def piece_of(samples, sr=SR, **options):
    """A piece of a recording; floats become 16 bits, except float32."""
    samples = np.asarray(samples)
    if samples.dtype == np.float64:
        samples = to_int16(samples)
    return scanning.piece_of(samples, sr, **options)


def findings(name, samples, sr=SR, **options):
    return list(DEFECTS[name].find(piece_of(samples, sr, **options)))


def only_finding(name, samples, sr=SR, **options):
    (finding,) = findings(name, samples, sr, **options)
    return finding
