"""Third-octave levels: equivalent levels in bands of a third of an octave.

The bands are those of IEC 61260-1 in the base-ten system, named by their nominal mid-frequencies in
Hz; ``31p5`` is 31.5 Hz. The filters meet the limits of class 1. The mean of the samples is removed,
and the clip continues by its mirror images, so that filters have settled where it begins. A clip
should last for some periods of the width of the lowest band, a second at 25 Hz.

References
----------
IEC 61260-1, "Electroacoustics - Octave-band and fractional-octave-band filters - Part 1:
Specifications", 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from featkit import signals
from featkit._utils.parameters import parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip
from featkit.dsp.third_octaves import EDGE, NOMINAL, ThirdOctaves
from featkit.errors import ParameterError
from featkit.features.calibration import LEVEL_UNIT, CalibrationParameters
from featkit.features.family import Descriptor, Family, ReferenceCase

NAMES = tuple(f"{hz:g}".replace(".", "p") for hz in NOMINAL)
"""Indices of the bands, from the lowest."""

TITLES = tuple(f"band at {hz:g} Hz" for hz in NOMINAL)
"""Their meaning."""


class ThirdOctaveParameters(CalibrationParameters):
    """Calibration of the recorder, and range of the bands."""

    lowest: float = parameter(25.0, "nominal mid-frequency of the lowest band in Hz")
    highest: float = parameter(8000.0, "nominal mid-frequency of the highest band in Hz")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, hz in (("lowest", self.lowest), ("highest", self.highest)):
            if hz not in NOMINAL:
                choices = ", ".join(f"{choice:g}" for choice in NOMINAL)
                raise ParameterError(f"{name} must be one of {choices}, got {hz:g}")
        if self.lowest > self.highest:
            raise ParameterError(
                f"lowest must be at most highest, {self.highest:g}, got {self.lowest:g}"
            )

    @property
    def bands(self) -> slice:
        """The bands, among all of `NOMINAL`."""
        return slice(NOMINAL.index(self.lowest), NOMINAL.index(self.highest) + 1)


def _descriptors(p: ThirdOctaveParameters) -> list[Descriptor]:
    level = Descriptor(
        name="third_octave_level",
        unit=LEVEL_UNIT,
        definition="equivalent continuous level in the band of a third of an octave with this"
        f" nominal mid-frequency in Hz, by filters of class 1; {p.text}",
        reference="IEC 61260-1:2014, base-ten system",
        undefined="where all samples are equal, as in digital silence, and in a band whose upper"
        " edge, 1.12 times the mid-frequency, is above half the sample rate",
        indices=NAMES[p.bands],
        index_titles=TITLES[p.bands],
    )
    return [level]


def _compute(p: ThirdOctaveParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Levels of each clip: ``(bands, clips)``."""
    filters = _filters(NOMINAL[p.bands], sr)
    return p.levels(np.stack([filters.power(clip) for clip in clips], axis=1))


@lru_cache(maxsize=8)
def _filters(nominal: tuple[float, ...], sr: float) -> ThirdOctaves:
    return ThirdOctaves(nominal, sr)


def _from_indices(indices: Sequence[str]) -> dict[str, Any]:
    for index in indices:
        if index not in NAMES:
            raise ParameterError(f"no band {index!r}: the bands are {', '.join(NAMES)}")
    bands = [NOMINAL[NAMES.index(index)] for index in indices]
    return {"lowest": min(bands), "highest": max(bands)}


def _tone(sr: float) -> Array:
    """A tone of 1 kHz with a root mean square of 0.1."""
    return signals.sine(1000.0, sr, duration=5.0, amplitude=0.1 * np.sqrt(2))


FAMILY = Family(
    name="third_octave_levels",
    parameters=ThirdOctaveParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    measures_level=True,
    from_indices=_from_indices,
    reference_cases=(
        ReferenceCase(
            name="a tone of 0.1 Pa has its level, 73.98 dB, in its band",
            signal=_tone,
            expected={"third_octave_level_1000": 73.98},
            tolerance=0.01,
        ),
        ReferenceCase(
            name="white noise has a share of its power by the width of the band",
            signal=lambda sr: signals.noise(sr, duration=100.0, amplitude=0.1),
            expected={
                f"third_octave_level_{hz:g}": 73.98
                + 10 * np.log10(1000 * 10 ** (0.1 * n) * (EDGE - 1 / EDGE) / 11025)
                for hz, n in ((1000, 0), (4000, 6), (8000, 9))
            },
            tolerance=0.1,
        ),
    ),
)
