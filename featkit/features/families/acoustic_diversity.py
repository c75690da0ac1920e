"""Acoustic diversity and evenness: how evenly sound is distributed over bands of equal width.

The score of a band is the share of its cells of the spectrogram that are above -50 dB relative to
the greatest cell of the clip. Diversity (ADI) is Shannon's entropy of the scores, evenness (AEI)
their Gini coefficient, which is 0 if all are equal. In spite of its name, a higher evenness index
means a less even distribution.

The definition, the spectrogram and the default widths of the bands, 1000 Hz for diversity and
500 Hz for evenness, are those of scikit-maad. The upper limit of 10 kHz is that of soundecology;
scikit-maad's default of 20 kHz counts bands above half the sample rate of many recordings. With
bands of 1000 Hz, evenness is that of soundecology, except for its spectrogram: frames of a tenth of
a second that do not overlap. As in scikit-maad, a bin at the edge of two bands belongs to both.

References
----------
Villanueva-Rivera, L. J., Pijanowski, B. C., Doucette, J. and Pekin, B. "A primer of acoustic
analysis for landscape ecologists", Landscape Ecology 26, 2011.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.soundscape import BINS, FRAME, SoundscapeSpectra, bin_range
from featkit.errors import ParameterError
from featkit.features.family import Descriptor, Family, ReferenceCase


class AcousticDiversityParameters(Parameters):
    """Bands and threshold."""

    fmax: float = parameter(
        10000.0, "upper edge of the highest band, in Hz", above=0, at_most=96000
    )
    step: float = parameter(1000.0, "width of the bands of diversity in Hz", above=0, at_most=96000)
    evenness_step: float = parameter(
        500.0, "width of the bands of evenness in Hz", above=0, at_most=96000
    )
    threshold: float = parameter(
        -50.0, "level in dB relative to the clip's greatest cell", below=0, at_least=-120
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("step", "evenness_step"):
            bands = self.fmax / getattr(self, name)
            if not bands.is_integer() or not 2 <= bands <= 1000:
                raise ParameterError(
                    f"fmax must be a whole multiple, 2 to 1000, of {name},"
                    f" got {self.fmax:g} and {getattr(self, name):g}"
                )


def _descriptors(p: AcousticDiversityParameters) -> list[Descriptor]:
    def scores(step: float) -> str:
        return (
            f"of the scores of {p.fmax / step:g} bands of {step:g} Hz from 0 to {p.fmax:g} Hz: the"
            f" share of cells above {p.threshold:g} dB relative to the greatest of the clip"
        )

    undefined = (
        "in silence, in a clip shorter than a frame of 1024 samples, below a sample rate of"
        f" {2 * p.fmax:g} Hz, and if no cell of the bands is above the threshold"
    )
    paper = "Villanueva-Rivera et al. 2011; scikit-maad"
    return [
        Descriptor(
            name="acoustic_diversity",
            unit="nat",
            low=0.0,
            high=float(np.log(p.fmax / p.step)),
            definition=f"entropy -sum(q ln q), q = s / sum(s), {scores(p.step)}",
            reference=f"{paper} acoustic_diversity_index",
            undefined=undefined,
        ),
        Descriptor(
            name="acoustic_evenness",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"Gini coefficient {scores(p.evenness_step)}; 0 if they are equal",
            reference=f"{paper} acoustic_eveness_index",
            undefined=undefined,
        ),
    ]


def _compute(p: AcousticDiversityParameters, *, soundscape_spectra: SoundscapeSpectra) -> Array:
    """Indices of each clip: ``(2, clips)``."""
    spectra = soundscape_spectra
    if spectra.sr < 2 * p.fmax:
        return np.full((2, len(spectra.frames)), np.nan)
    shares = spectra.shares_above(p.threshold)
    diversity = _entropy(_scores(shares, float(spectra.frequencies[1]), p.fmax, p.step))
    evenness = _gini(_scores(shares, float(spectra.frequencies[1]), p.fmax, p.evenness_step))
    return np.stack([diversity, evenness])


def _scores(shares: Array, distance: float, fmax: float, step: float) -> Array:
    """Mean share of the bins of each band, ``(bands, clips)``."""
    bands = [bin_range(distance, step * k, step * (k + 1)) for k in range(round(fmax / step))]
    edges = [edge for bins in bands for edge in (bins.start, bins.stop)]
    if edges[-1] == BINS:
        del edges[-1]  # the last sum runs to the end
    sums = np.add.reduceat(shares, edges, axis=1)[:, ::2]
    return np.asarray((sums / [bins.stop - bins.start for bins in bands]).T.copy())


def _relative(scores: Array) -> Array:
    """Scores over their sum; NaN if it is 0."""
    total = sums_over_bins(scores)
    return np.asarray(scores / np.where(total > 0, total, np.nan))


def _entropy(scores: Array) -> Array:
    q = _relative(scores)
    return np.maximum(-sums_over_bins(q * np.log(np.where(q > 0, q, 1))), 0)


def _gini(scores: Array) -> Array:
    q, n = np.sort(_relative(scores), axis=0), len(scores)
    ranks = np.arange(1, n + 1)[:, None]
    return np.maximum(2 * sums_over_bins(ranks * q) / n - (n + 1) / n, 0)


def _at_bin(frequency: float, sr: float) -> float:
    """Frequency of the nearest bin in Hz."""
    return round(frequency * FRAME / sr) * sr / FRAME


def _tones(sr: float, duration: float = 2.0) -> Array:
    """A tone in each band of 1 kHz up to 10 kHz, of a whole number of periods in a frame."""
    tones = [signals.sine(_at_bin(1000 * k + 500, sr), sr, duration, 0.05) for k in range(10)]
    return np.asarray(np.sum(tones, axis=0), dtype=np.float32)


FAMILY = Family(
    name="acoustic_diversity",
    parameters=AcousticDiversityParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="white noise fills all ten bands: a diversity of ln 10, an evenness of 0",
            signal=lambda sr: signals.noise(sr, 5.0),
            expected={"acoustic_diversity": np.log(10), "acoustic_evenness": 0.0},
            tolerance=1e-3,
        ),
        ReferenceCase(
            name="equal tones in ten bands have equal scores",
            signal=_tones,
            expected={"acoustic_diversity": np.log(10), "acoustic_evenness": 0.0},
            tolerance=0.01,
            parameters={"evenness_step": 1000.0},
        ),
        ReferenceCase(
            name="a tone in one of ten bands has a diversity of 0, and an evenness of 9/10",
            signal=lambda sr: signals.sine(_at_bin(3500.0, sr), sr, 2.0),
            expected={"acoustic_diversity": 0.0, "acoustic_evenness": 0.9},
            tolerance=1e-6,
            parameters={"evenness_step": 1000.0},
        ),
    ),
)
