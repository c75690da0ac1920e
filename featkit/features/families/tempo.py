"""Tempo: the beat's rate, from how the onsets repeat; `librosa.feature.tempo` with its defaults.

Where nothing repeats, as in a steady tone, lags differ by less than rounding, and the tempo is as
arbitrary as in the reference: look at `onset_strength` beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import TempoParameters, tempi
from featkit.features.family import Descriptor, Family, Oracle


def descriptors(p: TempoParameters) -> Sequence[Descriptor]:
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


def compute(
    p: TempoParameters, *, onset_strength: Array, segments: Segments, sr: float, hop_length: int
) -> Array:
    """Tempo of each clip: ``(1, clips)``."""
    return tempi(p, onset_strength, segments, sr, hop_length)


def _at(bpm: float) -> Oracle:
    """Clicks at a rate whose period is a whole number of hops have exactly that tempo."""
    period = round(60 * 22050 / 512 / bpm)
    exact = 60 * 22050 / 512 / period
    return Oracle(
        name=f"clicks at {exact:.1f} a minute have that tempo",
        signal=lambda sr: signals.clicks(exact, sr, duration=15.0),
        expected={"tempo": exact},
        tolerance=1e-6,
        parameters={},
    )


FAMILY = Family(
    name="tempo",
    parameters=TempoParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(_at(100.0), _at(120.0), _at(150.0)),
)
