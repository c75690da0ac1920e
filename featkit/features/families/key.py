"""Key: the major or minor key whose profile correlates best with the clip's mean chroma.

The mean of the normalised chroma over frames, in which quiet frames have the same weight as loud
ones, is correlated with the profiles of all 24 keys. A profile contains a weight for each pitch
class that measures how well it fits the key, as rated by listeners (Krumhansl and Kessler) or as
revised by Temperley.

References
----------
Krumhansl, C. L. and Kessler, E. J. "Tracing the dynamic changes in perceived tonal organization in
a spatial representation of musical keys", Psychological Review 89, 1982.

Temperley, D. "What's key for key? The Krumhansl-Schmuckler key-finding algorithm reconsidered",
Music Perception 17(1), 1999.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.features.family import Descriptor, Family, NoParameters, ReferenceCase

PROFILES = {
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "temperley": (
        (5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0),
        (5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0),
    ),
}
"""Weights of the pitch classes in a major and in a minor key, from the tonic upwards."""

PROFILE_TITLES = ("Krumhansl and Kessler profiles", "Temperley profiles")
"""Names of the profiles in titles of columns."""

FLAT = 1e-6
"""Standard deviation over pitch classes below which chroma counts as constant."""


def _descriptors(p: NoParameters) -> list[Descriptor]:
    reference = "Krumhansl and Kessler 1982; Temperley 1999"
    undefined = "where all pitch classes are alike, and so in silence"
    return [
        Descriptor(
            name="key",
            unit="pitch class",
            low=0.0,
            high=11.0,
            definition="tonic of the key whose profile correlates best with the mean chroma: 0 is"
            " C, 11 is B; a name rather than a size",
            reference=reference,
            undefined=undefined,
            indices=tuple(PROFILES),
            index_titles=PROFILE_TITLES,
        ),
        Descriptor(
            name="mode",
            unit="1",
            low=0.0,
            high=1.0,
            definition="1 where that key is major, 0 where it is minor",
            reference=reference,
            undefined=undefined,
            indices=tuple(PROFILES),
            index_titles=PROFILE_TITLES,
        ),
        Descriptor(
            name="key_strength",
            unit="1",
            low=-1.0,
            high=1.0,
            definition="correlation (Pearson) of the mean chroma with that key's profile",
            reference=reference,
            undefined=undefined,
            indices=tuple(PROFILES),
            index_titles=PROFILE_TITLES,
        ),
    ]


def _compute(p: NoParameters, *, mean_chroma: Array) -> Array:
    """Descriptors of each clip: ``(6, clips)``."""
    return np.stack(
        [_clip_values(chroma) for chroma in np.ascontiguousarray(mean_chroma.T)], axis=1
    )


def _clip_values(chroma: Array) -> Array:
    """Tonics, modes and strengths by each profile."""
    deviation = float(np.std(chroma))
    if deviation < FLAT:
        return np.full(3 * len(PROFILES), np.nan)
    score = (chroma - np.mean(chroma)) / deviation
    tonics, majors, strengths = [], [], []
    for name in PROFILES:
        correlation = np.mean(_key_profiles(name) * score, axis=1)
        best = int(np.argmax(correlation))
        tonics.append(best % 12)
        majors.append(best < 12)
        strengths.append(correlation[best])
    return np.array([*tonics, *majors, *strengths], dtype=np.float64)


@lru_cache(maxsize=8)
def _key_profiles(name: str) -> Array:
    """Standard scores of the pitch classes in twelve major and twelve minor keys: ``(24, 12)``."""
    profiles = np.array([np.roll(profile, k) for profile in PROFILES[name] for k in range(12)])
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    return np.asarray(centred / profiles.std(axis=1, keepdims=True))


def _scale(tonic: int, steps: Sequence[int]) -> Callable[[float], Array]:
    """Sines of half a second: the notes of a scale above C5, then those of its tonic triad."""

    def signal(sr: float) -> Array:
        notes = [*steps, steps[0], steps[2], steps[4], steps[0]]
        hertz = [523.2511 * 2 ** ((tonic + step) / 12) for step in notes]
        return np.concatenate([signals.sine(hz, sr, duration=0.5) for hz in hertz])

    return signal


def _case(name: str, tonic: int, steps: Sequence[int], major: float) -> ReferenceCase:
    expected: dict[str, float] = {}
    for profile in PROFILES:
        expected |= {f"key_{profile}": float(tonic), f"mode_{profile}": major}
    return ReferenceCase(
        name=f"scale and triad of {name} have this key",
        signal=_scale(tonic, steps),
        expected=expected,
        tolerance=0.0,
    )


MAJOR, HARMONIC_MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)

FAMILY = Family(
    name="key",
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        _case("C major", 0, MAJOR, 1.0),
        _case("F sharp major", 6, MAJOR, 1.0),
        _case("A minor", 9, HARMONIC_MINOR, 0.0),
        _case("E flat minor", 3, HARMONIC_MINOR, 0.0),
    ),
)
