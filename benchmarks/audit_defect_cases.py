"""Synthetic defects at known places, and originals that were inspected; see `audit_defects.py`.

A case for another defect is another entry of `CASES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.signal
import soundfile

from featkit.auditing.defect import Finding

Array = np.ndarray


class Synthetic(NamedTuple):
    """Samples with a defect.

    Attributes
    ----------
    samples : array, shape ``(frames,)`` or ``(frames, channels)``
    ranges : list of tuple of float
        Where the defect is, in seconds; empty if nothing may be reported.
    """

    samples: Array
    ranges: list[tuple[float, float]]


def write_wav(path: Path, samples: Array, sr: int) -> Path:
    """Write 16 bits, as most recordings have."""
    soundfile.write(path, samples, sr, subtype="PCM_16")
    return path


def write_mp3(path: Path, samples: Array, sr: int, *, level: float) -> Path:
    """Write MP3 at a constant bit rate; the compression level is from 0 to 1."""
    options = {"bitrate_mode": "CONSTANT", "compression_level": level}
    soundfile.write(path, samples, sr, format="MP3", **options)
    return path


def write_cut(path: Path, samples: Array, sr: int, *, share: float) -> Path:
    """Write 16 bits, and cut the file off."""
    write_wav(path, samples, sr)
    data = path.read_bytes()
    path.write_bytes(data[: round(share * len(data))])
    return path


@dataclass(frozen=True)
class Case:
    """A way to make a defect.

    Attributes
    ----------
    defect : str
        The defect that must be found.
    name : str
        What is special about it.
    make : callable
        ``make(y, sr, rng)`` returns the samples, of shape ``(frames,)`` or ``(frames, channels)``,
        with the true time range; None if the recording has no suitable place.
    write : callable
        ``write(path, samples, sr)`` writes the file and returns its path.
    suffix : str
        Of the file.
    is_target : bool
        Whether a recall below the target, or for healthy recordings a share of reports above it,
        counts as missed.
    values : tuple of float, optional
        Range of the values of findings; others do not count.
    """

    defect: str
    name: str
    make: Callable[[Array, int, np.random.Generator], Synthetic | None]
    write: Callable[[Path, Array, int], Path] = write_wav
    suffix: str = ".wav"
    is_target: bool = True
    values: tuple[float, float] = (-np.inf, np.inf)

    def matching(self, findings: Iterable[Finding]) -> list[Finding]:
        """Findings with the right value."""
        low, high = self.values
        return [one for one in findings if low <= one.value <= high]


# Places


def part(y: Array, sr: int, rng: np.random.Generator, seconds: float) -> tuple[int, int]:
    """A random part of a recording, away from its ends if it is long enough."""
    length = min(round(seconds * sr), len(y) // 2)
    begin = int(rng.integers(len(y) // 10, max(len(y) // 10 + 1, len(y) - length - len(y) // 10)))
    return begin, begin + length


def loud_place(y: Array, sr: int, rng: np.random.Generator, length: int) -> tuple[int, int] | None:
    """A part with sound of at least -40 dBFS in the 20 ms on both sides."""
    side = round(0.02 * sr)
    power = np.convolve(np.square(y, dtype=np.float64), np.ones(side) / side, mode="valid")
    begins = np.arange(side, len(y) - length - side)
    loud = (power[begins - side] >= 1e-4) & (power[begins + length] >= 1e-4)
    if not loud.any():
        return None
    begin = int(rng.choice(begins[loud]))
    return begin, begin + length


def peak(y: Array, level: float = 0.5) -> Array:
    """Samples with another peak."""
    return y * (level / max(1e-6, float(np.abs(y).max())))


# Clipping


def clipped(
    y: Array, sr: int, rng: np.random.Generator, *, share: float, gain: float
) -> Synthetic | None:
    """A second in which the loudest samples are clipped, then attenuated or not."""
    begin, end = part(y, sr, rng, 1.0)
    limit = float(np.quantile(np.abs(y[begin:end]), 1 - share))
    if limit < 1e-3:
        return None
    z = peak(y) * 0.8
    loud = y[begin:end] / limit
    z[begin:end] = np.clip(loud, -1, 1) * gain
    at = begin + np.flatnonzero(np.abs(loud) >= 1)
    return Synthetic(z, bursts(at, sr))


def clipped_throughout(
    y: Array, sr: int, rng: np.random.Generator, *, share: float
) -> Synthetic | None:
    """A recording whose loudest samples are clipped, at -6 dBFS."""
    limit = float(np.quantile(np.abs(y), 1 - share))
    if limit < 1e-3:
        return None
    at = np.flatnonzero(np.abs(y) >= limit)
    return Synthetic(np.clip(y / limit, -1, 1) / 2, bursts(at, sr))


def bursts(places: Array, sr: int) -> list[tuple[float, float]]:
    """Time ranges of samples that are at most 0.1 s apart."""
    groups = np.split(places, np.flatnonzero(np.diff(places) > 0.1 * sr) + 1)
    return [(group[0] / sr, (group[-1] + 1) / sr) for group in groups]


# Gaps


def gap(y: Array, sr: int, rng: np.random.Generator, *, fill: str) -> Synthetic | None:
    """A gap of 1 to 50 ms in sound: zeros, the last value, or the last block again."""
    length = round(rng.uniform(0.001 if fill != "repeat" else 0.003, 0.05) * sr) + 1
    place = loud_place(y, sr, rng, length)
    if place is None or place[0] < length:
        return None
    begin, end = place
    z = y.copy()
    fills = {"zeros": 0.0, "hold": y[begin - 1], "repeat": y[begin - length : begin]}
    z[begin:end] = fills[fill]
    return Synthetic(z, [(begin / sr, end / sr)])


def click(y: Array, sr: int, rng: np.random.Generator, *, level: float) -> Synthetic | None:
    """A single sample that is off by a share of full scale."""
    place = loud_place(y, sr, rng, 1)
    if place is None:
        return None
    z = y.copy()
    z[place[0]] += level if z[place[0]] < 0 else -level
    return Synthetic(z, [(place[0] / sr, place[0] / sr)])


def splice(y: Array, sr: int, rng: np.random.Generator) -> Synthetic | None:
    """A block of 5 to 50 ms is missing."""
    place = loud_place(y, sr, rng, round(rng.uniform(0.005, 0.05) * sr))
    if place is None:
        return None
    at = place[0] / sr
    return Synthetic(np.concatenate([y[: place[0]], y[place[1] :]]), [(at, at)])


def silence(y: Array, sr: int, rng: np.random.Generator, *, where: str) -> Synthetic | None:
    """Zeros of 0.15 s or more at an end, within the sound, or everywhere."""
    if not np.abs(y).max() > 0.01:
        return None
    length = round(rng.uniform(0.15, 0.8) * sr)
    begin = {"leading": 0, "trailing": len(y) - length, "inner": len(y) // 3, "whole": 0}[where]
    end = len(y) if where == "whole" else begin + length
    z = y.copy()
    z[begin:end] = 0
    return Synthetic(z, [(begin / sr, end / sr)])


# Offsets


def offset(
    y: Array, sr: int, rng: np.random.Generator, *, offset: float, throughout: bool
) -> Synthetic:
    """A constant added to all samples or to 1.2 s or more of them."""
    begin, end = (0, len(y)) if throughout else part(y, sr, rng, rng.uniform(1.5, 3))
    z = peak(y) if np.abs(y).max() > 0.5 else y.copy()
    z[begin:end] += rng.choice([-1, 1]) * offset
    return Synthetic(z, [(begin / sr, end / sr)])


# Channels


def stereo(y: Array, sr: int, rng: np.random.Generator) -> Array:
    """Two microphones: a delay of up to 0.5 ms, other levels, and noise at -40 dB."""
    delay = int(rng.integers(1, max(2, round(0.0005 * sr))))
    later = np.concatenate([np.zeros(delay), y[:-delay]])
    both = np.stack([y, rng.uniform(0.5, 1.0) * later], axis=1)
    noise = 0.01 * float(np.sqrt(np.mean(np.square(y)))) * rng.standard_normal(both.shape)
    return peak(both + noise)


def dead(
    y: Array, sr: int, rng: np.random.Generator, *, level: float, throughout: bool
) -> Synthetic | None:
    """One channel is noise of a level relative to the other, or zero."""
    both = stereo(y, sr, rng)
    begin, end = (0, len(both)) if throughout else (len(both) // 2, len(both))
    channel = int(rng.integers(2))
    loud = float(np.sqrt(np.mean(np.square(both[begin:end, 1 - channel]))))
    if loud < 0.01:
        return None
    both[begin:end, channel] = level * loud * rng.standard_normal(end - begin)
    return Synthetic(both, [(begin / sr, end / sr)])


def inverted(y: Array, sr: int, rng: np.random.Generator, *, same: bool) -> Synthetic | None:
    """One of two channels has the wrong sign."""
    if not np.abs(y).max() > 0.01:
        return None
    both = np.stack([y, 0.9 * y], axis=1) if same else stereo(y, sr, rng)
    both[:, int(rng.integers(2))] *= -1
    return Synthetic(both, [(0.0, len(y) / sr)])


def healthy(y: Array, sr: int, rng: np.random.Generator, *, kind: str) -> Synthetic | None:
    """Two channels without a defect."""
    if not np.abs(y).max() > 0.01:
        return None
    delay = max(1, round(0.0015 * sr))
    pan = np.where(np.arange(len(y)) < len(y) // 3, 0.0, 0.7)
    sounds = {
        "close": lambda: stereo(y, sr, rng),
        "spaced": lambda: np.stack([y[delay:], 0.8 * y[:-delay]], axis=1),
        "apart": lambda: np.stack([y[4 * delay :], 0.8 * y[: -4 * delay]], axis=1),
        "unlike": lambda: np.stack([y, np.roll(y, len(y) // 2)], axis=1),
        "panned": lambda: np.stack([y, pan * np.roll(y, len(y) // 2)], axis=1),
    }
    return Synthetic(sounds[kind](), [])


# Noise


def noise(
    y: Array, sr: int, rng: np.random.Generator, *, color: str, above: float
) -> Synthetic | None:
    """A noise or tone at a constant level in 1 to 2 s, in dB above the background."""
    begin, end = part(y, sr, rng, rng.uniform(1.0, 2.0))
    background = background_level(y, sr)
    side = round(0.1 * sr)
    quietest = min(np.abs(y[begin - side : begin]).max(), np.abs(y[end : end + side]).max())
    if min(background, quietest) < 1e-4:  # in digital silence, any sound starts and stops
        return None
    n, t = end - begin, np.arange(end - begin) / sr
    white = rng.standard_normal(n)
    sounds = {
        "white": lambda: white,
        "fan": lambda: scipy.signal.lfilter([1], [1, -0.97], white),
        "buzz": lambda: sum(np.sin(2 * np.pi * 100 * k * t + k * k) / k for k in range(1, 20)),
        "tone": lambda: np.sin(2 * np.pi * rng.uniform(300, 3000) * t),
    }
    sound = sounds[color]()
    sound *= background * 10 ** (above / 20) / np.sqrt(np.mean(np.square(sound)))
    z = y.copy()
    z[begin:end] += sound
    return Synthetic(peak(z) if np.abs(z).max() > 1 else z, [(begin / sr, end / sr)])


def background_level(y: Array, sr: int) -> float:
    """Level that a quarter of the windows of 20 ms do not exceed."""
    size = round(0.02 * sr)
    windows = y[: len(y) // size * size].reshape(-1, size)
    return float(np.quantile(np.sqrt(np.mean(np.square(windows), axis=1)), 0.25))


def unchanged(y: Array, sr: int, rng: np.random.Generator) -> Synthetic:
    """The recording as it is; its second half counts as missing."""
    return Synthetic(y, [(len(y) / sr / 2, len(y) / sr)])


CASES = [
    *(
        Case(
            "clipping",
            f"{name}, {share:.1%} of the samples of 1 s",
            partial(clipped, share=share, gain=gain),
        )
        for share in (0.01, 0.05)
        for name, gain in (("at full scale", 1.0), ("attenuated by 6 dB", 0.5))
    ),
    Case(
        "clipping",
        "attenuated by 6 dB, 0.1% of all samples",
        partial(clipped_throughout, share=0.001),
    ),
    *(
        Case(
            "clipping",
            f"{share:.0%} of all samples, then MP3 {name}",
            partial(clipped_throughout, share=share),
            partial(write_mp3, level=level),
            ".mp3",
            is_target=False,
        )
        for share in (0.01, 0.05, 0.2)
        for name, level in (("high rate", 0.1), ("low rate", 0.6))
    ),
    *(
        Case("dropouts", f"1 to 50 ms, {name}", partial(gap, fill=fill))
        for name, fill in (("zeros", "zeros"), ("last value held", "hold"))
    ),
    *(
        Case("clicks", f"one sample, {level:.0%} of full scale", partial(click, level=level))
        for level in (0.5, 0.9)
    ),
    Case("clicks", "5 to 50 ms are missing", splice, is_target=False),
    Case("repeated_blocks", "3 to 50 ms", partial(gap, fill="repeat")),
    *(
        Case("digital_silence", where, partial(silence, where=where))
        for where in ("leading", "trailing", "inner", "whole")
    ),
    *(
        Case(
            "dc_offset",
            f"{value:.0%} of full scale, {'throughout' if whole else 'a part'}",
            partial(offset, offset=value, throughout=whole),
        )
        for value in (0.01, 0.03)
        for whole in (True, False)
    ),
    *(
        Case(
            "dead_channel",
            f"{name}, {'throughout' if whole else 'second half'}",
            partial(dead, level=level, throughout=whole),
        )
        for name, level in (("zero", 0.0), ("noise at -66 dB", 0.0005))
        for whole in (True, False)
    ),
    Case("inverted_channels", "same sound", partial(inverted, same=True)),
    Case("inverted_channels", "two microphones", partial(inverted, same=False)),
    *(
        Case(
            "partial_noise",
            f"{color}, {above} dB above the background",
            partial(noise, color=color, above=above),
            is_target=above >= 20,
        )
        for above in (10, 20, 30)
        for color in ("white", "fan", "buzz", "tone")
    ),
    *(
        Case(defect, f"no defect, {name}", partial(healthy, kind=kind))
        for defect in ("dead_channel", "inverted_channels")
        for name, kind in (
            ("microphones 17 cm apart", "close"),
            ("microphones 50 cm apart", "spaced"),
            ("microphones 2 m apart", "apart"),
            ("unlike channels", "unlike"),
            ("one sound, later another on the other side", "panned"),
        )
    ),
    *(
        Case("truncated", f"after {share:.0%}", unchanged, partial(write_cut, share=share))
        for share in (0.5,)
    ),
]
"""All cases."""

TRUE_DEFECTS: dict[str, tuple[str, ...]] = {
    "clicks": ("3-166422-A.ogg",),  # silence of 15 ms, then the middle of a wave
    "clipping": (
        "1-32318-A.ogg",  # barks whose waves end at 0.96
        "2-114280-A.ogg",  # the same
        "2-117271-A.ogg",  # the same
        "2-118964-A.ogg",  # barks as square waves at 0.87
        "5-208030-A.ogg",  # barks whose waves end at 0.91
        "3-156558-A.ogg",  # a sneeze at full scale
        "3-144028-A.ogg",  # the same, at 0.97
        "3-180977-A.ogg",  # loud barks, rounded at full scale
        "2-107351-B.ogg",  # a cry at full scale
        "3-144692-A.ogg",  # a sneeze at full scale
        "4-167642-A.ogg",  # a sneeze as a square wave
        "4-171519-A.ogg",  # the same
        "5-201274-A.ogg",  # flat tops at full scale
        "2-188822-C.ogg",  # a helicopter too loud in the first second
        "3-154957-A.ogg",  # a crow as a square wave
        "5-186924-A.ogg",  # wind that overloads the microphone for milliseconds
    ),
    "digital_silence": (".ogg", ".wav"),  # all: samples below half a step of 16 bits for 0.1 s
}
"""Originals, by defect, that do have the defect: the samples were inspected; see README.md."""


def true_defects(name: str, paths: Iterable[str]) -> set[str]:
    """Return those of some paths that were inspected and do have a defect."""
    parts = TRUE_DEFECTS.get(name, ())
    return {path for path in paths if any(path.endswith(part) for part in parts)}
