"""Recordings for the tutorials, made by the computer: songs, sounds, voices and a day at a marsh.

Each function writes 16-bit WAV files to a folder. The same seed gives the same files. The sounds
are simple, but they have the structure of real collections: songs of one artist resemble each
other, speakers differ more than emotions do, and a recorder writes its settings into each file.
"""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from featkit import signals

Array = np.ndarray[Any, np.dtype[Any]]
Generator = np.random.Generator

SR = 22050
"""Sample rate of all recordings but voices, in Hz."""

VOICE_SR = 16000
"""Sample rate of voices in Hz."""


def temporary_folder() -> None:
    """Change to a new temporary folder, which is removed when Python ends.

    The commands of this Python environment, such as ``featkit``, are then found first.
    """
    folder = tempfile.TemporaryDirectory(prefix="featkit-tutorial-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    atexit.register(os.chdir, os.getcwd())  # runs first: some systems keep a folder in use
    os.chdir(folder.name)
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def write(file: Path, y: Array, sr: int = SR, peak: float = 0.5, comment: str = "") -> None:
    """Write samples as a WAV file, scaled to a peak; a peak of 0 keeps the level."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if peak:
        y = y * (peak / max(np.abs(y).max(), 1e-9))
    with soundfile.SoundFile(file, "w", sr, 1, "PCM_16") as output:
        if comment:
            output.comment = comment
        output.write(np.clip(y, -1, 1 - 2**-15).astype(np.float32))


# Building blocks


def noise(rng: Generator, samples: int, low: float, high: float, tilt: float = 0.0) -> Array:
    """Noise between two frequencies in Hz; its level changes by `tilt` dB for each octave."""
    spectrum = rng.standard_normal(samples // 2 + 1) + 1j * rng.standard_normal(samples // 2 + 1)
    frequency = np.fft.rfftfreq(samples, 1 / SR)
    gain = np.maximum(frequency / max(low, 20.0), 0.1) ** (tilt / 6.02)
    y = np.fft.irfft(spectrum * gain * (frequency >= low) * (frequency <= high), samples)
    return np.asarray(y / max(y.std(), 1e-12))


def slow(rng: Generator, samples: int, rate: float) -> Array:
    """A smooth random curve with a mean of 0 and a deviation of 1, `rate` turns per second."""
    knots = max(4, int(samples / SR * rate) + 3)
    y = np.interp(np.linspace(0, knots - 1, samples), np.arange(knots), rng.standard_normal(knots))
    return np.asarray((y - y.mean()) / max(y.std(), 1e-12))


def coloured(rng: Generator, y: Array, depth: float, bands: int = 8) -> Array:
    """The same sound through a random filter, as of a room or a mixing desk: `depth` is in dB."""
    frequency = np.fft.rfftfreq(len(y), 1 / SR)
    place = np.log2(np.maximum(frequency, 60) / 60) / np.log2(SR / 2 / 60) * (bands - 1)
    gain = np.interp(place, np.arange(bands), rng.normal(0, depth, bands))
    return np.asarray(np.fft.irfft(np.fft.rfft(y) * 10 ** (gain / 20), len(y)))


def add(y: Array, sound: Array, second: float) -> None:
    """Add a sound to `y`, from a time on; what lasts longer than `y` is cut."""
    start = round(second * SR)
    part = sound[: max(0, len(y) - start)]
    y[start : start + len(part)] += part


def decay(seconds: float, rate: float) -> Array:
    """An envelope that falls by the factor e `rate` times per second."""
    return np.asarray(np.exp(-rate * np.arange(round(seconds * SR)) / SR))


# Songs: genre / artist / title

GENRES: Mapping[str, dict[str, Any]] = {
    "ballad": {
        "tempo": (62, 112),
        "chord": (0, 4, 7),
        "kick": "x.......",
        "snare": "....x...",
        "hat": "x...x...",
    },
    "electro": {
        "tempo": (96, 140),
        "chord": (0, 4, 7),
        "kick": "x.x.x.x.",
        "snare": "....x...",
        "hat": ".x.x.x.x",
    },
    "metal": {
        "tempo": (90, 160),
        "chord": (0, 7, 12),
        "kick": "xx.xxx.x",
        "snare": "..x...x.",
        "hat": "x.x.x.x.",
    },
    "reggae": {
        "tempo": (66, 104),
        "chord": (0, 4, 7),
        "kick": "....x...",
        "snare": "....x...",
        "hat": ".xx..xx.",
    },
}
"""Tempo in BPM, chord in semitones, and drums in eighths, of each genre."""


def songs(
    folder: Path, artists: int = 6, titles: int = 3, seconds: float = 12, seed: int = 1
) -> int:
    """Write ``<genre>/<artist>/<title>.wav``, and return the number of songs.

    An artist has an instrument, a way of mixing and a favourite tempo; a song has a key and a mix
    of its own. Within a song, all of this stays the same.
    """
    for g, (genre, style) in enumerate(GENRES.items()):
        for artist in range(artists):
            own = np.random.default_rng([seed, g, artist])
            habits = {
                "slope": own.uniform(0.7, 2.0),
                "drums": own.uniform(0.2, 0.9),
                "seed": int(own.integers(1 << 30)),
            }
            tempo = own.uniform(*style["tempo"])
            for title in range(titles):
                rng = np.random.default_rng([seed, g, artist, title])
                y = _song(rng, style, tempo * rng.uniform(0.95, 1.05), habits, seconds)
                write(
                    Path(folder, genre, f"{genre}-artist-{artist + 1}", f"song-{title + 1}.wav"), y
                )
    return len(GENRES) * artists * titles


def _song(
    rng: Generator,
    style: Mapping[str, Any],
    tempo: float,
    habits: Mapping[str, Any],
    seconds: float,
) -> Array:
    y, eighth = np.zeros(round(seconds * SR)), 30 / tempo
    key, slope = rng.integers(45, 57), habits["slope"] + rng.normal(0, 0.15)
    partials = np.arange(1, 24) ** -slope * rng.uniform(0.2, 1, 23)
    cycle = np.fft.irfft(np.concatenate([[0], -1j * partials, np.zeros(1000)]), 4096)
    for bar, start in enumerate(np.arange(0, seconds, 8 * eighth)):
        t = np.arange(round(8 * eighth * SR)) / SR
        root = key + rng.choice([0, 5, 7, -4])
        pluck = np.exp(-(2 + bar % 2) * (t % (2 * eighth)))
        for semitone in style["chord"]:
            turns = t * 440 * 2 ** ((root + semitone - 69) / 12)
            add(y, cycle[(turns % 1 * 4096).astype(int)] * pluck, start)
    y /= y.std()
    hits = {
        "kick": 6 * np.sin(40 * np.cumsum(decay(0.2, 12)) / 100) * decay(0.2, 14),
        "snare": 3 * noise(rng, round(0.2 * SR), 300, 6000) * decay(0.2, 22),
        "hat": noise(rng, round(0.06 * SR), 5000, 11000) * decay(0.06, 60),
    }
    level = habits["drums"] * rng.uniform(0.7, 1.3)
    for step in range(int(seconds / eighth)):
        for name, sound in hits.items():
            if style[name][step % 8] == "x" and rng.random() > 0.2:
                add(y, level * rng.uniform(0.7, 1) * sound, step * eighth)
    y = coloured(np.random.default_rng(habits["seed"]), y, 9)
    return coloured(rng, y, 4) + 0.002 * rng.standard_normal(len(y))


# Sounds of the environment


def _rain(rng: Generator, n: int) -> Array:
    y = noise(rng, n, 400, 11000, rng.uniform(-4, -1))
    drops = (rng.random(n) < rng.uniform(20, 90) / SR) * rng.normal(0, 25, n)
    return np.asarray(y + np.convolve(drops, decay(0.004, 900))[:n])


def _waves(rng: Generator, n: int) -> Array:
    swell = np.clip(1 + rng.uniform(0.3, 0.8) * slow(rng, n, rng.uniform(0.4, 0.9)), 0.1, None)
    return noise(rng, n, 150, 9000, rng.uniform(-6, -2)) * swell**2


def _wind(rng: Generator, n: int) -> Array:
    gusts = np.clip(1 + rng.uniform(0.2, 0.6) * slow(rng, n, rng.uniform(0.8, 2)), 0.1, None)
    return noise(rng, n, 40, 5000, rng.uniform(-10, -5)) * gusts


def _crickets(rng: Generator, n: int) -> Array:
    t = np.arange(n) / SR
    pulse = np.clip(np.sin(2 * np.pi * rng.uniform(14, 30) * t), 0, None) ** 2
    song = np.sin(2 * np.pi * rng.uniform(3800, 5600) * t) * pulse
    return song + rng.uniform(0.05, 0.25) * noise(rng, n, 50, 9000, -4)


def _clock(rng: Generator, n: int) -> Array:
    y = 0.02 * noise(rng, n, 50, 8000, -3)
    tick = noise(rng, round(0.03 * SR), rng.uniform(900, 2500), 8000) * decay(0.03, 160)
    for k, second in enumerate(np.arange(rng.uniform(0, 0.3), n / SR, rng.choice([0.25, 0.5]))):
        add(y, tick * (1 if k % 2 else 0.7), second)
    return y


def _dog(rng: Generator, n: int) -> Array:
    y, t = 0.03 * noise(rng, n, 50, 8000, -5), np.arange(round(0.25 * SR)) / SR
    pitch = rng.uniform(350, 700)
    for second in np.arange(rng.uniform(0, 0.4), n / SR - 0.2, rng.uniform(0.4, 0.8)):
        turns = np.cumsum(pitch * (1 + 0.5 * np.sin(np.pi * t / 0.25))) / SR
        bark = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, 9))
        add(y, (bark + 0.4 * noise(rng, len(t), 300, 5000)) * np.sin(np.pi * t / 0.25) ** 2, second)
    return y


def _engine(rng: Generator, n: int) -> Array:
    return _motor(rng, n, rng.uniform(24, 70), rng.uniform(0.9, 1.3))


def _chainsaw(rng: Generator, n: int) -> Array:
    return _motor(rng, n, rng.uniform(55, 130), rng.uniform(0.3, 0.8))


def _motor(rng: Generator, n: int, pitch: float, slope: float) -> Array:
    turns = np.cumsum(pitch * (1 + 0.05 * slow(rng, n, 2))) / SR
    order = np.arange(1, 60)
    cycle = np.fft.irfft(
        np.concatenate([[0], order**-slope * np.exp(2j * rng.uniform(0, 3, 59)), np.zeros(988)]),
        2048,
    )
    y = cycle[(turns % 1 * 2048).astype(int)]
    return np.asarray(y / y.std() + rng.uniform(0.2, 0.6) * noise(rng, n, 100, 9000, -3))


SOUNDS: Mapping[str, Callable[[Generator, int], Array]] = {
    "chainsaw": _chainsaw,
    "clock": _clock,
    "crickets": _crickets,
    "dog": _dog,
    "engine": _engine,
    "rain": _rain,
    "waves": _waves,
    "wind": _wind,
}


def sounds(
    folder: Path, clips: int = 5, seconds: float = 2.5, difficulty: float = 1.0, seed: int = 2
) -> int:
    """Write ``<class>/<fold>-<source>-<take>.wav``, five folds, and return the number of clips.

    As in ESC-50, clips of one source recording are in one fold; every third source gives two. With
    a higher difficulty, there is more background noise, and places differ more.
    """
    number, n = 0, round(seconds * SR)
    for c, (name, make) in enumerate(SOUNDS.items()):
        for fold in range(1, 6):
            for clip in range(clips):
                source, take = (clip - 1, "B") if clip % 3 == 1 else (clip, "A")
                rng = np.random.default_rng([seed, c, fold, source])
                y = make(rng, 2 * n)
                background = difficulty * rng.uniform(0.1, 1.2) * noise(rng, 2 * n, 50, 10000, -4)
                y = coloured(rng, y / y.std() + background, 7 * difficulty)
                y = y[n:] if take == "B" else y[:n]
                file = f"{fold}-{1000 * (c + 1) + 100 * fold + source}-{take}.wav"
                write(Path(folder, name, file), y, peak=rng.uniform(0.2, 0.8))
                number += 1
    return number


def mixtures(folder: Path, clips: int = 24, seconds: float = 2.5, seed: int = 3) -> Path:
    """Write mixtures of one to three sounds, and a manifest: path, fold and tags."""
    lines, n = ["path,fold,tags"], round(seconds * SR)
    for fold in range(1, 6):
        for clip in range(clips):
            rng = np.random.default_rng([seed, fold, clip])
            tags = sorted(
                rng.choice(
                    ["crickets", "dog", "engine", "rain", "wind"], rng.integers(1, 4), replace=False
                )
            )
            parts = [SOUNDS[tag](rng, n) for tag in tags]
            y = sum(part / part.std() * rng.uniform(0.5, 1) for part in parts)
            write(Path(folder, f"{fold}-{clip:02d}.wav"), y)
            lines.append(f"{fold}-{clip:02d}.wav,{fold},{';'.join(tags)}")
    manifest = Path(folder, "tags.csv")
    manifest.write_text("\n".join(lines) + "\n", "utf-8")
    return manifest


# Faults, for the tutorial about audits


MISTAKES = {
    "chainsaw": "waves",
    "clock": "wind",
    "crickets": "rain",
    "dog": "crickets",
    "rain": "clock",
    "waves": "dog",
    "wind": "chainsaw",
}
"""The class to which a clip of each class is moved."""


def spoil(folder: Path) -> dict[str, list[str]]:
    """Put faults into the clips of `sounds`, and return the files that each kind concerns.

    - ``copy``: a clip again, cut, quieter and compressed, under another name and in another fold;
    - ``wrong label``: a clip in the folder of another class;
    - ``clipping``: a clip that was recorded far too loud;
    - ``sample rate``: all clips of engines, as if they came from another recorder.
    """
    from scipy.signal import resample_poly

    folder, faults = Path(folder), {}
    clips = {name: sorted((folder / name).glob("*.wav")) for name in SOUNDS}

    faults["copy"] = []
    for name in ("rain", "dog", "wind", "clock"):
        for original in clips[name][:3]:
            y, sr = soundfile.read(original)
            fold = int(original.name[0]) % 5 + 1
            copy = original.with_name(f"{fold}-9{original.stem[3:]}.ogg")
            soundfile.write(copy, 0.5 * y[sr // 4 :], sr)
            faults["copy"].append(copy.relative_to(folder).as_posix())

    faults["wrong label"] = []
    for place, (name, other) in enumerate(MISTAKES.items()):
        original = [clip for clip in clips[name] if clip.stem[-2:] != "-B"][place + 5]
        moved = folder / other / original.name
        original.rename(moved)
        faults["wrong label"].append(moved.relative_to(folder).as_posix())

    faults["clipping"] = []
    for name in ("chainsaw", "wind"):
        for file in clips[name][10:13]:
            y, sr = soundfile.read(file)
            write(file, np.clip(6 * y / np.abs(y).max(), -1, 1), sr, peak=0)
            faults["clipping"].append(file.relative_to(folder).as_posix())

    faults["sample rate"] = []
    for file in clips["engine"]:
        y, sr = soundfile.read(file)
        write(file, resample_poly(y, 160, 441) * 0.99, sr * 160 // 441, peak=0)
        faults["sample rate"].append(file.relative_to(folder).as_posix())
    return faults


# Voices: speaker, sentence, emotion

VOWELS = {
    "a": (730, 1190, 2450),
    "e": (480, 1900, 2550),
    "i": (300, 2250, 2950),
    "o": (480, 900, 2450),
    "u": (320, 820, 2300),
}
"""First three formants of vowels in Hz, for a vocal tract of 17 cm."""

SENTENCES = ("aeioa", "ioaue", "eaoiea", "uaeio", "oaiea", "iaoeu")

EMOTIONS = {
    #          pitch, its range, speed, level in dB, jitter, brightness
    "anger": (1.30, 1.5, 1.10, 6.0, 0.020, 0.30),
    "happiness": (1.32, 1.8, 1.05, 3.5, 0.014, 0.18),
    "neutral": (1.00, 0.8, 1.00, 0.0, 0.008, 0.00),
    "sadness": (0.95, 0.6, 0.85, -4.0, 0.014, -0.18),
}
"""How an emotion changes the voice of a speaker."""


def voices(folder: Path, speakers: int = 8, seed: int = 4) -> int:
    """Write ``<speaker>_<sentence>_<emotion>.wav``, and return the number of sentences.

    Pitch, formants, level and voice quality differ between speakers, more than between emotions.
    """
    for speaker in range(speakers):
        own = np.random.default_rng([seed, speaker])
        woman = speaker % 2
        voice = {
            "pitch": own.uniform(170, 230) if woman else own.uniform(90, 135),
            "tract": own.uniform(1.08, 1.22) if woman else own.uniform(0.92, 1.05),
            "level": own.uniform(-26, -14),
            "breath": own.uniform(0.005, 0.05),
            "bright": own.uniform(-0.2, 0.2),
            "rate": own.uniform(4.2, 5.8),
            "force": own.uniform(0.3, 1.3),
        }
        for e, (emotion, change) in enumerate(EMOTIONS.items()):
            for s, sentence in enumerate(SENTENCES):
                rng = np.random.default_rng([seed, speaker, e, s])
                y = _speech(rng, voice, change, sentence)
                write(Path(folder, f"s{speaker + 1}_{s + 1}_{emotion}.wav"), y, VOICE_SR, peak=0)
    return speakers * len(EMOTIONS) * len(SENTENCES)


def _speech(
    rng: Generator, voice: Mapping[str, float], change: tuple[float, ...], sentence: str
) -> Array:
    force = voice["force"] * rng.uniform(0.5, 1.4)  # how strongly the emotion shows
    pitch, span, speed, level, jitter, bright = change
    parts = []
    for place, vowel in enumerate(sentence):
        seconds = rng.uniform(0.8, 1.2) / (voice["rate"] * speed**force)
        tune = 1 + 0.12 * span**force * (np.sin(2.2 * place) + rng.normal(0, 0.4)) - 0.03 * place
        f0 = voice["pitch"] * pitch**force * tune
        periods = 1 / (f0 * np.linspace(1.03, 0.95, max(3, int(seconds * f0))))
        periods *= 1 + (0.004 + force * jitter) * rng.standard_normal(len(periods))
        source = signals.pulses(
            periods, VOICE_SR, rng.normal(0.4, 0.02, len(periods)), width=2.5e-4
        )
        source = source + voice["breath"] * rng.standard_normal(len(source))
        formants = np.array([*VOWELS[vowel], 3500, 4500]) * voice["tract"] * rng.normal(1, 0.03, 5)
        y = signals.vowel(
            np.minimum(formants, 7000), [80, 100, 140, 220, 300], VOICE_SR, source=source
        )
        tilt = np.clip(voice["bright"] + force * bright, -0.6, 0.6)
        y = y + 2 * tilt * np.diff(y, prepend=0) if tilt > 0 else y + tilt * np.roll(y, 1)
        fade = np.minimum(1, np.minimum(np.arange(len(y)), np.arange(len(y))[::-1]) / 250)
        parts += [y * fade, 0.004 * rng.standard_normal(round(rng.uniform(0.02, 0.06) * VOICE_SR))]
    speech = np.concatenate(parts)
    rms = 10 ** ((voice["level"] + force * level + rng.normal(0, 2)) / 20)
    return np.asarray(0.3 * speech / speech.std() * rms + 3e-4 * rng.standard_normal(len(speech)))


# A day at a marsh

VISIT = 12.0
"""Hour at which somebody changed the battery, and set the gain of the recorder higher."""


def day(folder: Path, seconds: float = 10, minutes: int = 15, seed: int = 5) -> int:
    """Write the recordings of an AudioMoth, one every 15 minutes, and return their number.

    Insects sing at night, birds in the morning, cars pass in the rush hours, and it rains in the
    afternoon. The header of each file states gain, battery and temperature.
    """
    n = round(seconds * SR)
    for k, hour in enumerate(np.arange(0, 24, minutes / 60)):
        rng = np.random.default_rng([seed, k])
        y = 0.6 * noise(rng, n, 30, 11000, -4)
        traffic, rain = _near(hour, 7.5, 0.8, 18.7, 0.9), _near(hour, 16.5, 0.7)
        night = _near(hour, 0, 3.0, 24, 3.0)
        y += 0.5 * traffic * _car(rng, n) if traffic > 0.01 else 0
        y += 0.5 * rain * _rain(rng, n) if rain > 0.01 else 0
        y += 2 * night * _crickets(rng, n) if night > 0.01 else 0
        songs_per_recording = (
            22 * _near(hour, 5.7, 1.0) + 4 * _near(hour, 12, 5) + 8 * _near(hour, 19.5, 0.7)
        )
        for _ in range(rng.poisson(songs_per_recording)):
            add(y, rng.uniform(0.5, 3) * _bird(rng), rng.uniform(0, seconds))
        gain, decibels = ("high", 10.0) if hour >= VISIT else ("medium", 0.0)
        clock = f"{int(hour):02d}{round(hour % 1 * 60):02d}"
        warm = 14 + 8 * np.sin(np.pi * (hour - 8) / 12) + rng.normal(0, 0.3)
        battery = 4.9 - 0.05 * (hour - VISIT) if hour >= VISIT else 4.2 - 0.03 * hour
        comment = (
            f"Recorded at {clock[:2]}:{clock[2:]}:00 10/05/2026 (UTC) by AudioMoth "
            f"24F3190361DA3578 at {gain} gain while battery was {battery:.1f}V "
            f"and temperature was {warm:.1f}C."
        )
        scale = 0.012 * 10 ** (decibels / 20)
        write(Path(folder, f"20260510_{clock}00.WAV"), scale * y, peak=0, comment=comment)
    return int(24 * 60 / minutes)


def _near(hour: float, *peaks: float) -> float:
    """How near an hour is to the peaks, given as pairs of hour and width: 1 at a peak."""
    pairs = zip(peaks[::2], peaks[1::2], strict=True)
    return float(sum(np.exp(-(((hour - peak) / width) ** 2)) for peak, width in pairs))


def _car(rng: Generator, n: int) -> Array:
    passing = np.exp(-(((np.arange(n) / n - rng.uniform(0, 1)) / 0.25) ** 2))
    return noise(rng, n, 40, 1800, -3) * passing * 6


def _bird(rng: Generator) -> Array:
    t = np.arange(round(rng.uniform(0.08, 0.3) * SR)) / SR
    pitch = rng.uniform(2200, 6500) * (1 + 0.15 * np.sin(2 * np.pi * rng.uniform(4, 18) * t))
    return np.asarray(np.sin(2 * np.pi * np.cumsum(pitch) / SR) * np.sin(np.pi * t / t[-1]) ** 2)
