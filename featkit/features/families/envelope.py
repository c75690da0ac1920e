"""Envelope: attack, duration and decay of a single sound.

The clip is treated as one sound with silence around it, such as a note, a word or a bark. Its
envelope is the root mean square in short windows. None of the descriptors depends on the level.

The envelope of a sound with an instantaneous attack rises from 20 to 90 % within three quarters of
a window, 7 ms; shorter attacks cannot be distinguished. A window of which a fifth contains sound
has 45 % of the level, above the threshold of 40 %. The effective duration is therefore four fifths
of a window, 8 ms, longer than the sound, and at least one window.

References
----------
Peeters, G. "A large set of audio features for sound description (similarity and classification) in
the CUIDADO project", 2004.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.envelopes import HIGH, LOW, PRESENT, STEPS, envelope_shapes
from featkit.dsp.intervals import interval_energy
from featkit.features.family import Descriptor, Family, ReferenceCase


class EnvelopeParameters(Parameters):
    """Time resolution of the envelope."""

    window: float = parameter(
        0.01,
        "window in seconds; at least half a period of the sound",
        above=0,
        at_most=1,
    )


def _descriptors(p: EnvelopeParameters) -> list[Descriptor]:
    envelope = f"of the envelope e (root mean square in {1000 * p.window:g} ms)"
    silent = "in digital silence"
    attack = Descriptor(
        name="log_attack_time",
        unit="log10 s",
        definition=f"log10 of the time {envelope} from where it first reaches {LOW:.0%} of its"
        f" greatest value to where it first reaches {HIGH:.0%}",
        reference="Peeters 2004, 2.1; Essentia LogAttackTime",
        undefined=silent,
    )
    centroid = Descriptor(
        name="temporal_centroid",
        unit="s",
        low=0.0,
        definition=f"mean time, from the clip's beginning, {envelope}: sum(t e) / sum(e)",
        reference="Peeters 2004, 2.2; ISO/IEC 15938-4 (MPEG-7)",
        undefined=silent,
    )
    duration = Descriptor(
        name="effective_duration",
        unit="s",
        low=0.0,
        definition=f"time {envelope} for which it is at least {PRESENT:.0%} of its greatest value;"
        f" {1000 * p.window * (STEPS - 1) / STEPS:g} ms of it are the window's; it is never below"
        f" the window, {1000 * p.window:g} ms",
        reference="Peeters 2004, 2.3; Essentia EffectiveDuration",
        undefined=silent,
    )
    decay = Descriptor(
        name="log_decay_time",
        unit="log10 s",
        definition=f"log10 of the time {envelope} from where it last is at {HIGH:.0%} of its"
        f" greatest value to where it then first is below {LOW:.0%}",
        reference="the attack of Peeters 2004, 2.1, from behind",
        undefined=silent,
    )
    return [attack, centroid, duration, decay]


def _compute(p: EnvelopeParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Descriptors of each clip: ``(4, clips)``."""
    step = max(1.0, p.window * sr / STEPS)
    silence = np.zeros(int(step) + 1, dtype=np.float32)
    energy = [interval_energy(chain(pieces(clip), [silence]), step) for clip in clips]
    attack, centroid, duration, decay = envelope_shapes(energy) * (step / sr)
    return np.stack([np.log10(attack), centroid, duration, np.log10(decay)])


def _ramp(sr: float) -> Array:
    """A tone that rises linearly for a second and stays at its level for another."""
    return signals.sine(1000.0, sr, 2.0) * np.minimum(signals.time(sr, 2.0), 1).astype(np.float32)


def _decaying(sr: float) -> Array:
    """A tone that decays exponentially with a time constant of 0.2 s."""
    y = signals.sine(1000.0, sr, 3.0) * np.exp(-signals.time(sr, 3.0) / 0.2)
    return y.astype(np.float32)


FAMILY = Family(
    name="envelope",
    parameters=EnvelopeParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="a tone that rises for a second has an attack of 0.7 s and lasts from 40 % on",
            signal=_ramp,
            expected={"log_attack_time": np.log10(0.7), "effective_duration": 1.6},
            tolerance=0.01,
        ),
        ReferenceCase(
            name="a steady tone has its centroid in the middle and lasts for the whole clip",
            signal=lambda sr: signals.sine(1000.0, sr, 2.0),
            expected={"temporal_centroid": 1.0, "effective_duration": 2.0},
            tolerance=0.02,
        ),
        ReferenceCase(
            name="a tone with a time constant of 0.2 s has its centroid at 0.2 s",
            signal=_decaying,
            expected={
                "temporal_centroid": 0.2,
                "effective_duration": 0.2 * np.log(1 / 0.4),
                "log_decay_time": np.log10(0.2 * np.log(0.9 / 0.2)),
            },
            tolerance=0.005,
            parameters={"window": 0.002},
        ),
    ),
)
