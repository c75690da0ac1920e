"""Tempo: the rate at which onsets repeat, `librosa.feature.tempo` with its defaults.

If nothing repeats, as in a steady tone, lags differ by less than rounding errors, and the tempo is
as arbitrary as in librosa. `onset_strength` shows whether there are onsets.

References
----------
Ellis, D. P. W. "Beat tracking by dynamic programming", Journal of New Music Research 36(1), 2007.
"""

from __future__ import annotations

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.tempogram import Tempograms, TempoParameters
from featkit.features.family import Descriptor, Family, ReferenceCase


def _descriptors(p: TempoParameters) -> list[Descriptor]:
    tempo = Descriptor(
        name="tempo",
        unit="BPM",
        low=0.0,
        high=p.max_tempo,
        definition=f"rate b of the lag, below {p.max_tempo:g} BPM, at which log(1 + 10^6 r) -"
        f" (log2(b / {p.start_bpm:g} BPM) / {p.std_bpm:g})^2 / 2 is greatest: r is the mean over"
        f" frames of the autocorrelation of onset strength in Hann windows of {p.ac_size:g} s, each"
        " over its value at lag 0",
        reference="Ellis 2007; librosa.feature.tempo",
        undefined="in a clip in which nothing begins: no onset strength in any frame",
    )
    return [tempo]


def _compute(p: TempoParameters, *, tempograms: Tempograms) -> Array:
    """Tempo of each clip: ``(1, clips)``."""
    return tempograms(p).tempo[None]


def _clicks(bpm: float) -> ReferenceCase:
    """Clicks at the rate next to `bpm` with a period of a whole number of hops."""
    period = round(60 * 22050 / 512 / bpm)
    exact = 60 * 22050 / 512 / period
    return ReferenceCase(
        name=f"clicks at {exact:.1f} per minute have that tempo",
        signal=lambda sr: signals.clicks(exact, sr, duration=15.0),
        expected={"tempo": exact},
        tolerance=1e-6,
    )


FAMILY = Family(
    name="tempo",
    parameters=TempoParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(_clicks(100.0), _clicks(120.0), _clicks(150.0)),
)
