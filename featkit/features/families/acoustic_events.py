"""Acoustic events: how often, and for how long, the envelope is above the background.

The background is the median of the envelope. Envelope, threshold and definitions are those of
scikit-maad's `temporal_events`. As there, the rate is per second of the time from the first to the
last window, so that one event in n windows counts as n / (n - 1) events in that time.

References
----------
Towsey, M. "Noise removal from waveforms and spectrograms derived from natural recordings of the
environment", Queensland University of Technology, 2013.

Towsey, M. "The calculation of acoustic indices derived from long-duration recordings of the
natural environment", Queensland University of Technology, 2017.
"""

from __future__ import annotations

import numpy as np

from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit._utils.typing import Array
from featkit.dsp.peak_envelopes import WINDOW, Envelopes
from featkit.features.family import Descriptor, Family, ReferenceCase


class AcousticEventsParameters(Parameters):
    """Threshold and least duration."""

    threshold: float = parameter(3.0, "level above the background in dB", above=0, at_most=120)
    min_duration: float = parameter(
        0.0, "seconds; shorter events are left out", at_least=0, at_most=3600
    )


def _descriptors(p: AcousticEventsParameters) -> list[Descriptor]:
    longer = f" of at least {p.min_duration:g} s" if p.min_duration else ""
    undefined = (
        "in a clip shorter than two windows of 512 samples, and if more than half of the windows"
        " are silent"
    )
    events = (
        f"runs{longer} of windows of 512 samples whose greatest absolute value is more than"
        f" {p.threshold:g} dB above the median"
    )
    reference = "Towsey 2013; scikit-maad temporal_events"
    return [
        Descriptor(
            name="acoustic_event_rate",
            unit="1/s",
            low=0.0,
            definition=f"number of events, {events}, per second from the first window to the last",
            reference=reference,
            undefined=undefined,
        ),
        Descriptor(
            name="acoustic_event_fraction",
            unit="1",
            low=0.0,
            high=1.0,
            definition=f"share of the windows in events, {events}",
            reference=reference,
            undefined=undefined,
        ),
        Descriptor(
            name="acoustic_event_duration",
            unit="s",
            low=0.0,
            definition=f"mean duration of events, {events}",
            reference=reference,
            undefined=f"{undefined}; and without events",
        ),
    ]


def _compute(p: AcousticEventsParameters, *, peak_envelopes: Envelopes, sr: float) -> Array:
    """Rate, fraction and duration of each clip: ``(3, clips)``."""
    segments, seconds = peak_envelopes.segments, WINDOW / sr
    above = peak_envelopes.relative > 10 ** (p.threshold / 20)
    begins, ends = above.copy(), above.copy()
    begins[1:] &= ~above[:-1]
    ends[:-1] &= ~above[1:]
    begins[segments.starts] = above[segments.starts]
    ends[segments.ends - 1] = above[segments.ends - 1]
    first = np.flatnonzero(begins)
    lengths = np.flatnonzero(ends) + 1 - first
    kept = lengths * seconds >= p.min_duration
    clips = np.searchsorted(segments.ends, first[kept], side="right")
    events = np.bincount(clips, minlength=len(segments))
    total = np.bincount(clips, weights=lengths[kept], minlength=len(segments))
    gaps = np.where(segments.lengths > 1, segments.lengths - 1, np.nan)
    values = [
        events / (gaps * seconds),
        total / segments.lengths,
        total / np.where(events > 0, events, np.nan) * seconds,
    ]
    defined = (segments.lengths > 1) & np.isfinite(peak_envelopes.medians)
    return np.where(defined, values, np.nan)


def _bursts(sr: float) -> Array:
    """Five bursts of 20 windows, 20 dB above the rest, in 1001 windows."""
    window = np.arange(1001 * WINDOW) // WINDOW
    loud = (window % 200 >= 100) & (window % 200 < 120)
    y = signals.square(sr / 64, sr, 1001 * WINDOW / sr, 0.05)
    return np.asarray(y * np.where(loud, 10, 1), dtype=np.float32)


FAMILY = Family(
    name="acoustic_events",
    parameters=AcousticEventsParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="five bursts of 20 windows are five events, a tenth of the time",
            signal=_bursts,
            expected={
                "acoustic_event_rate": 5 / (1000 * WINDOW / 22050),
                "acoustic_event_fraction": 100 / 1001,
                "acoustic_event_duration": 20 * WINDOW / 22050,
            },
            tolerance=1e-6,
        ),
        ReferenceCase(
            name="bursts shorter than the least duration are no events",
            signal=_bursts,
            expected={"acoustic_event_rate": 0.0, "acoustic_event_fraction": 0.0},
            tolerance=1e-9,
            parameters={"min_duration": 1.0},
        ),
        ReferenceCase(
            name="a steady sound has no event",
            signal=lambda sr: signals.square(sr / 64, sr, 5.0),
            expected={"acoustic_event_rate": 0.0, "acoustic_event_fraction": 0.0},
            tolerance=1e-9,
        ),
    ),
)
