"""Pieces of recordings with spectral defects, for tests."""

import io

import numpy as np
import pytest
import soundfile
from scanning import piece_of


def piece(samples, sr=44100, *, form="WAV PCM_16", first=0):
    """A piece of a recording; it is the last one."""
    samples = np.asarray(samples, dtype=np.float32)
    return piece_of(samples, sr, form=form, first=first, full_scale=1.0)


def noise(seconds=5.0, sr=44100, *, level=-30.0, seed=0):
    """White noise at a level in dBFS, rounded to 16 bits."""
    rng = np.random.default_rng(seed)
    return rounded(10 ** (level / 20) * rng.standard_normal(round(seconds * sr)))


def rounded(y):
    return np.rint(np.clip(y, -1, 1) * 32767) / 32768


def tones(frequencies, seconds=5.0, sr=44100, *, level=-40.0):
    """Sines of equal amplitude, together at a level in dBFS (a sine of full scale has 0 dB)."""
    t = np.arange(round(seconds * sr)) / sr
    sines = [np.sin(2 * np.pi * f * t + f) for f in frequencies]
    return 10 ** (level / 20) / np.sqrt(len(sines)) * np.sum(sines, axis=0)


def voice(f0, seconds=5.0, sr=44100, *, depth=0.03, level=-20.0):
    """Partials of a fundamental that wanders by a share of itself, with pauses."""
    t = np.arange(round(seconds * sr)) / sr
    knots = np.random.default_rng(1).standard_normal(round(4 * seconds) + 1)
    frequency = f0 * (1 + depth * np.interp(t, np.arange(len(knots)) / 4, knots))
    phase = 2 * np.pi * np.cumsum(frequency) / sr
    sound = sum(np.sin(k * phase) / k for k in range(1, 9))
    sound *= (t % 1.5) < 1.2
    return 10 ** (level / 20) * sound


def decoded_from_mp3(samples, sr, *, compression=0.6):
    """Samples after MP3 at a constant bit rate; the compression is from 0 to 1."""
    file = io.BytesIO()
    options = {"bitrate_mode": "CONSTANT", "compression_level": compression}
    try:
        soundfile.write(file, samples, sr, format="MP3", **options)
    except TypeError:
        pytest.skip("soundfile 0.12 cannot set the bit rate of MP3")
    file.seek(0)
    return rounded(soundfile.read(file)[0])
