"""Envelope: how a short sound begins, lasts and dies away.

The clip is taken for one sound with silence around it, such as a note, a word or a bark. Its
envelope is the root mean square in short windows. What begins at once takes three quarters of a
window, 7 ms, to rise from 20 to 90 %: shorter attacks cannot be told apart. A window that the sound
fills to a fifth is at 45 % of its level: a duration has four fifths of a window, 8 ms, more than
the sound, and none is below a window. The descriptors are those of Peeters, "A large set of audio
features for sound description", CUIDADO report, 2004; none of them depends on how loud the sound
is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.disk_array import Clip, pieces
from featkit.dsp.steps import step_sums
from featkit.features.family import Descriptor, Family, Oracle

STEPS = 5
"""Steps in a window, by which it is moved."""

BEGINS, RISEN = 0.2, 0.9
"""Shares of the greatest value between which the sound rises and falls: as Essentia."""

LASTS = 0.4
"""Share of the greatest value above which the sound lasts: Peeters 2004, as Essentia."""


class EnvelopeParameters(Parameters):
    """How closely the level is followed."""

    window: float = parameter(
        0.01,
        "length of a window, in seconds; half a period or more of the sound",
        above=0,
        at_most=1,
    )


def descriptors(p: EnvelopeParameters) -> Sequence[Descriptor]:
    envelope = f"of the envelope e (root mean square in {1000 * p.window:g} ms)"
    silent = "in digital silence"
    attack = Descriptor(
        name="log_attack_time",
        unit="log10 s",
        low=-np.inf,
        high=np.inf,
        definition=f"log10 of the time {envelope} from where it first reaches {BEGINS:.0%} of its"
        f" greatest value to where it first reaches {RISEN:.0%}",
        reference="Peeters 2004, 2.1; Essentia LogAttackTime",
        undefined=silent,
    )
    centroid = Descriptor(
        name="temporal_centroid",
        unit="s",
        low=0.0,
        high=np.inf,
        definition=f"mean time, from the clip's beginning, {envelope}: sum(t e) / sum(e)",
        reference="Peeters 2004, 2.2; ISO/IEC 15938-4 (MPEG-7)",
        undefined=silent,
    )
    duration = Descriptor(
        name="effective_duration",
        unit="s",
        low=0.0,
        high=np.inf,
        definition=f"time {envelope} for which it is at least {LASTS:.0%} of its greatest value;"
        f" {1000 * p.window * (STEPS - 1) / STEPS:g} ms of it are the window's; it is never below"
        f" the window, {1000 * p.window:g} ms",
        reference="Peeters 2004, 2.3; Essentia EffectiveDuration",
        undefined=silent,
    )
    decay = Descriptor(
        name="log_decay_time",
        unit="log10 s",
        low=-np.inf,
        high=np.inf,
        definition=f"log10 of the time {envelope} from where it last is at {RISEN:.0%} of its"
        f" greatest value to where it then first is below {BEGINS:.0%}",
        reference="the attack of Peeters 2004, 2.1, from behind",
        undefined=silent,
    )
    return [attack, centroid, duration, decay]


def compute(p: EnvelopeParameters, *, clips: Sequence[Clip], sr: float) -> Array:
    """Envelope of each clip: ``(4, clips)``."""
    step = max(1.0, p.window * sr / STEPS)
    return np.array([_of_clip(envelope(clip, step), step / sr) for clip in clips]).T


def envelope(clip: Clip, step: float) -> Array:
    """Root mean square in windows of `STEPS` steps of `step` samples, with silence around the clip.

    Window ``k`` ends ``k`` steps after the clip's beginning: the first is silent, and the last.
    """

    def squares() -> Iterator[Array]:
        for piece in pieces(clip):
            yield np.square(piece, dtype=np.float64)
        yield np.zeros(int(step) + 1)

    around = np.zeros(STEPS)
    sums = np.concatenate([around, step_sums(squares(), step), around])
    return np.asarray(np.sqrt(np.add.reduce(sliding_window_view(sums, STEPS), axis=1)))


def _of_clip(e: Array, seconds: float) -> list[float]:
    """The descriptors of an envelope whose values are some seconds apart, the last of them 0."""
    if not e.any():
        return [np.nan] * 4
    e = e / np.max(e)
    middle = (np.arange(len(e)) - STEPS / 2) * seconds
    attack = _change(e >= RISEN, e, RISEN) - _change(e >= BEGINS, e, BEGINS)
    after = e[np.flatnonzero(e >= RISEN)[-1] :]
    decay = _change(after < BEGINS, after, BEGINS) - _change(after < RISEN, after, RISEN)
    return [
        float(np.log10(attack * seconds)),
        float(np.sum(middle * e) / np.sum(e)),
        float(np.count_nonzero(e >= LASTS) * seconds),
        float(np.log10(decay * seconds)),
    ]


def _change(there: Array, e: Array, value: float) -> float:
    """Where an envelope first gets to a value, between two of its own, by a straight line.

    `there` is true from where it is beyond, and not for its first.
    """
    k = int(np.argmax(there))
    return float(k - 1 + (value - e[k - 1]) / (e[k] - e[k - 1]))


def _ramp(sr: float) -> Array:
    """A tone that rises to its level in a second and stays for another."""
    return signals.sine(1000.0, sr, 2.0) * np.minimum(signals.time(sr, 2.0), 1).astype(np.float32)


def _dying(sr: float) -> Array:
    """A tone that dies away to 1/e in 0.2 s."""
    y = signals.sine(1000.0, sr, 3.0) * np.exp(-signals.time(sr, 3.0) / 0.2)
    return y.astype(np.float32)


FAMILY = Family(
    name="envelope",
    parameters=EnvelopeParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(
        Oracle(
            name="a tone that rises in a second has from 20 to 90 % of it, and lasts from 40 %",
            signal=_ramp,
            expected={"log_attack_time": np.log10(0.7), "effective_duration": 1.6},
            tolerance=0.01,
            parameters={},
        ),
        Oracle(
            name="a steady tone has its centroid in the middle, and lasts as long as it is",
            signal=lambda sr: signals.sine(1000.0, sr, 2.0),
            expected={"temporal_centroid": 1.0, "effective_duration": 2.0},
            tolerance=0.02,
            parameters={},
        ),
        Oracle(
            name="a tone that decays to 1/e in 0.2 s has its centroid there",
            signal=_dying,
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
