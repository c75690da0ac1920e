"""Normalised difference soundscape index: biophony against anthrophony, the sound of machines.

The power of a band is the mean over time of its share of the mean square. As in soundecology and
scikit-maad, it is added up from bands of 1 kHz, each of which has the mean power of its bins. The
bands are those of Kasten et al. and of soundecology: 1 to 2 kHz for anthrophony, 2 to 8 kHz for
biophony. scikit-maad takes other ones by default, from 0 to 1 and from 1 to 10 kHz, and includes
the band of 1 kHz above either limit; it sums over frames, where this index averages, which does not
change the ratio.

References
----------
Kasten, E. P., Gage, S. H., Fox, J. and Joo, W. "The Remote Environmental Assessment Laboratory's
Acoustic Library: An archive for studying soundscape ecology", Ecological Informatics 12, 2012.
"""

from __future__ import annotations

import math

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.soundscape import BINS, SoundscapeSpectra
from featkit.errors import ParameterError
from featkit.features.family import Descriptor, Family, ReferenceCase

STEP = 1000.0
"""Width in Hz of the bands whose powers are added."""


class SoundscapeIndexParameters(Parameters):
    """Limits of the two bands, in steps of 1 kHz."""

    anthrophony_min: float = parameter(1000.0, "lower limit of anthrophony in Hz", at_least=0)
    anthrophony_max: float = parameter(2000.0, "upper limit of anthrophony in Hz", at_most=96000)
    biophony_min: float = parameter(2000.0, "lower limit of biophony in Hz", at_least=0)
    biophony_max: float = parameter(8000.0, "upper limit of biophony in Hz", at_most=96000)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("anthrophony", "biophony"):
            low, high = getattr(self, f"{name}_min"), getattr(self, f"{name}_max")
            if low % STEP or high % STEP or low >= high:
                raise ParameterError(
                    f"{name}_min and {name}_max must be multiples of {STEP:g} Hz in ascending"
                    f" order, got {low:g} and {high:g}"
                )

    @property
    def fmax(self) -> float:
        """Highest limit in Hz."""
        return max(self.anthrophony_max, self.biophony_max)


def _descriptors(p: SoundscapeIndexParameters) -> list[Descriptor]:
    undefined = (
        "in silence, in a clip shorter than a frame of 1024 samples, below a sample rate of"
        f" {2 * p.fmax:g} Hz, and if a band of 1 kHz has no bin"
    )
    paper = "Kasten et al. 2012; scikit-maad soundscape_index"
    index = Descriptor(
        name="soundscape_index",
        unit="1",
        low=-1.0,
        high=1.0,
        definition="difference of biophony b and anthrophony a over their sum: (b - a) / (b + a)",
        reference=paper,
        undefined=undefined,
    )
    bands = [
        Descriptor(
            name=name,
            unit="full scale^2",
            low=0.0,
            definition=f"mean square of the sound from {low:g} to {high:g} Hz, added up from the"
            " mean powers of bands of 1 kHz",
            reference=f"{paper}, over the number of frames",
            undefined=undefined,
        )
        for name, low, high in (
            ("anthrophony", p.anthrophony_min, p.anthrophony_max),
            ("biophony", p.biophony_min, p.biophony_max),
        )
    ]
    return [index, *bands]


def _compute(p: SoundscapeIndexParameters, *, soundscape_spectra: SoundscapeSpectra) -> Array:
    """Index and powers of each clip: ``(3, clips)``."""
    a = _power(soundscape_spectra, p.anthrophony_min, p.anthrophony_max)
    b = _power(soundscape_spectra, p.biophony_min, p.biophony_max)
    if soundscape_spectra.sr < 2 * p.fmax:
        return np.full((3, len(soundscape_spectra.frames)), np.nan)
    total = np.where(a + b > 0, a + b, np.nan)
    powers = np.where(total > 0, [a, b], np.nan)
    return np.stack([(b - a) / total, *powers])


def _power(spectra: SoundscapeSpectra, low: float, high: float) -> Array:
    """Power of a band, ``(clips,)``."""
    distance = float(spectra.frequencies[1])
    edges = [math.ceil(edge / distance) for edge in np.arange(low, high + STEP, STEP).tolist()]
    edges[-1] = min(edges[-1], BINS)
    counts = np.diff(edges)
    if counts.min() < 1:
        return np.full(len(spectra.frames), np.nan)
    sums = np.add.reduceat(spectra.mean_power[:, : edges[-1]], edges[:-1], axis=1)
    return np.asarray(np.add.reduce(sums / counts, axis=1) * (STEP / distance))


def _band_noise(sr: float, low: float, high: float) -> Array:
    """Noise within a band: tones of random phase at all whole frequencies in Hz."""
    rng = np.random.default_rng(0)
    spectrum = np.zeros(2 * round(sr) // 2 + 1, dtype=np.complex128)
    inside = slice(2 * round(low), 2 * round(high))
    phases = rng.uniform(0, 2 * np.pi, inside.stop - inside.start)
    spectrum[inside] = np.exp(1j * phases)
    y = np.fft.irfft(spectrum, 2 * round(sr))
    return np.asarray(0.1 * y / np.std(y), dtype=np.float32)


FAMILY = Family(
    name="soundscape_index",
    parameters=SoundscapeIndexParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    measures_level=True,
    reference_cases=(
        ReferenceCase(
            name="noise from 1 to 2 kHz is anthrophony, with its mean square",
            signal=lambda sr: _band_noise(sr, 1100, 1900),
            expected={"soundscape_index": -1.0, "anthrophony": 0.01, "biophony": 0.0},
            tolerance=3e-4,
        ),
        ReferenceCase(
            name="noise from 2 to 8 kHz is biophony, with its mean square",
            signal=lambda sr: _band_noise(sr, 2100, 7900),
            expected={"soundscape_index": 1.0, "anthrophony": 0.0, "biophony": 0.01},
            tolerance=3e-4,
        ),
        ReferenceCase(
            name="white noise has six times as much power in six bands as in one",
            signal=lambda sr: signals.noise(sr, 20.0),
            expected={"soundscape_index": 5 / 7},
            tolerance=0.01,
        ),
    ),
)
