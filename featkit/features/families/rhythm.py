"""Rhythm: candidates for the tempo, clarity of the pulse, and subdivision of the beat.

All descriptors but pulse clarity are computed from the mean tempogram: the mean over frames of the
autocorrelation of the onset strength in windows of eight seconds, see `featkit.dsp.tempogram`. Its
lags are beat periods. The first tempo candidate is `tempo`, the best lag under a log-normal prior.
It may lie on the slope of a peak; its strength is that of its own lag. The other candidates are
peaks, lags at which the tempogram is greater than at both neighbours, in descending order of the
tempogram weighted by the prior. They do not include the peak on whose slope the first candidate
lies.

The window tapers the tempogram. If onsets repeat exactly, it falls with the lag about as the
autocorrelation of the window does: in a minute of clicks to 0.97 at 129 BPM, 0.89 at 60 and 0.36 at
20; in short clips further, because windows at their ends are half empty. Of two equally clear
pulses, the slower one therefore has a lower value. Strengths, their ratio, `tempogram_ratio` and
the beat histogram all favour fast rates, as librosa's tempogram does.

The beat histogram is the mean tempogram from 40 to 250 BPM, in three ranges. Tzanetakis and Cook
computed theirs from the envelopes of octave bands.

Pulse clarity is a correlation coefficient of the whole clip, and therefore low if the tempo drifts.

References
----------
Tzanetakis, G. and Cook, P. "Musical genre classification of audio signals", IEEE Transactions on
Speech and Audio Processing 10(5), 2002.

Trohidis, K. and others "Multi-label classification of music into emotions", ISMIR 2008.

Prockup, M. and others "Modeling musical rhythm at scale with the Music Genome Project", WASPAA
2015.

Lartillot, O., Eerola, T., Toiviainen, P. and Fornari, J. "Multi-feature modeling of pulse clarity:
design, validation and optimization", ISMIR 2008.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.bins import sums_over_bins
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import (
    ROUNDING,
    Tempograms,
    TempoParameters,
    score,
)
from featkit.features.family import Descriptor, Family, ReferenceCase

CANDIDATES = 3
"""Number of tempo candidates."""

RATIOS = {
    "sixteenth": 4,
    "sixteenthdotted": 8 / 3,
    "eighthtriplet": 3,
    "eighth": 2,
    "eighthdotted": 4 / 3,
    "quartertriplet": 3 / 2,
    "quarter": 1,
    "quarterdotted": 2 / 3,
    "halftriplet": 3 / 4,
    "half": 1 / 2,
    "halfdotted": 1 / 3,
    "wholetriplet": 3 / 8,
    "whole": 1 / 4,
}
"""Notes per beat, a quarter note, by the name of the note (Prockup and others 2015)."""

RANGES = {"slow": (40.0, 90.0), "medium": (90.0, 140.0), "fast": (140.0, 250.0)}
"""Ranges of the beat histogram in BPM; the upper limit is excluded."""


def _descriptors(p: TempoParameters) -> list[Descriptor]:
    nothing = "in a clip in which nothing begins"
    numbers = tuple(str(k + 1) for k in range(CANDIDATES))
    candidates = f"{nothing}, and where there are fewer candidates"
    histogram = "Tzanetakis and Cook 2002; Trohidis and others 2008"

    describe = partial(Descriptor, unit="1", low=0.0, high=1.0)
    return [
        describe(
            name="tempo_candidate",
            unit="BPM",
            high=p.max_tempo,
            definition="1, the tempo: rate of the best lag of the mean tempogram under a log-normal"
            f" prior around {p.start_bpm:g} BPM; 2 and 3, the best of the lags at which it is"
            " greater than at both neighbours, without the peak that the tempo is on",
            reference="Ellis 2007; librosa.feature.tempo",
            undefined=candidates,
            indices=numbers,
        ),
        describe(
            name="tempo_candidate_strength",
            definition="the mean tempogram at that lag, which for onsets that repeat exactly falls"
            " from 1 as lags grow, about as the autocorrelation of its Hann window of"
            f" {p.ac_size:g} s does",
            reference="Grosche, Müller and Kurth 2010",
            undefined=candidates,
            indices=numbers,
        ),
        describe(
            name="tempogram_ratio",
            definition="the mean tempogram, linear between its rates, at the tempo times the notes"
            " a beat; of rates that repeat equally well a slower one has less, see"
            " tempo_candidate_strength",
            reference="Peeters 2005; Prockup and others 2015; librosa.feature.tempogram_ratio",
            undefined=f"{nothing}, and for a rate beyond those of the tempogram",
            indices=tuple(RATIOS),
            index_titles=tuple(f"{rate:.3g} notes a beat" for rate in RATIOS.values()),
        ),
        describe(
            name="beat_histogram_share",
            definition="sum of the mean tempogram over lags of 40 to 90, 90 to 140 or 140 to 250"
            " BPM over that of all three; of rates that repeat equally well a slower one has less",
            reference=histogram,
            undefined=f"{nothing} at these rates",
            indices=tuple(RANGES),
            index_titles=tuple(
                f"{name} ({low:g} to {high:g} BPM)" for name, (low, high) in RANGES.items()
            ),
        ),
        describe(
            name="beat_histogram_sum",
            unit="s",
            high=np.inf,
            definition="integral of the mean tempogram over lags of 40 to 250 BPM",
            reference=histogram,
            undefined=nothing,
        ),
        describe(
            name="beat_histogram_ratio",
            high=np.inf,
            definition="strength of the second tempo candidate over that of the first; where onsets"
            " repeat exactly it is below 1 if the second is slower",
            reference=histogram,
            undefined=f"{nothing}, and where there is one candidate",
        ),
        describe(
            name="pulse_clarity",
            low=-1.0,
            definition="greatest correlation of onset strength, less its mean, with itself at a lag"
            " of 40 to 250 BPM and at most half the clip",
            reference="Lartillot, Eerola, Toiviainen and Fornari 2008",
            undefined=f"{nothing}, and in a clip shorter than twice the lag of 250 BPM",
        ),
    ]


def _compute(
    p: TempoParameters,
    *,
    tempograms: Tempograms,
    onset_strength: Array,
    segments: Segments,
    sr: float,
    hop_length: int,
) -> Array:
    """Descriptors of each clip: ``(rows, clips)``."""
    bpm, prior, values, first = tempograms(p)
    heights = np.where(values < ROUNDING, 0, values)
    heights[first == 0] = np.nan
    frame_rate = sr / hop_length
    lags = np.stack([first, *_other_lags(heights, prior, first)])
    candidates = np.where(lags > 0, bpm[lags], np.nan)
    strengths = np.where(lags > 0, heights[np.arange(len(first)), lags], np.nan)
    return np.concatenate(
        [
            candidates,
            strengths,
            _ratios(heights, bpm, candidates[0]),
            _beat_histogram(heights, bpm, frame_rate),
            [strengths[1] / np.where(strengths[0] > 0, strengths[0], np.nan)],
            [_pulse_clarity(onset_strength, segments, frame_rate)],
        ]
    )


def _other_lags(tempograms: Array, prior: Array, first: Array) -> list[Array]:
    """The best lags, beside the first, at which the tempogram is greater than at both neighbours.

    Peaks on whose slope the first lag lies are left out. 0 for a clip with fewer candidates.
    """
    clip, lag = np.arange(len(tempograms)), np.arange(tempograms.shape[1])
    rises = np.zeros((2, *tempograms.shape), dtype=bool)  # to a lag from the one before and after
    np.greater(tempograms[:, 1:], tempograms[:, :-1], out=rises[0, :, 1:])
    np.greater(tempograms[:, :-1], tempograms[:, 1:], out=rises[1, :, :-1])
    scores = np.where(rises[0] & rises[1], score(tempograms, prior), -np.inf)
    # A slope ends at the last lag to which the tempogram rises all the way from the first one.
    above = np.where((lag > first[:, None]) & ~rises[0], lag, len(lag)).min(axis=1) - 1
    below = np.where((lag < first[:, None]) & ~rises[1], lag, -1).max(axis=1) + 1
    scores[clip, above] = scores[clip, below] = -np.inf
    others = []
    for _ in range(CANDIDATES - 1):
        best = np.argmax(scores, axis=1)
        others.append(np.where(np.isfinite(scores[clip, best]), best, 0))
        scores[clip, best] = -np.inf
    return others


def _ratios(tempograms: Array, bpm: Array, tempo: Array) -> Array:
    """The tempogram, linear between its rates, at the rates of notes: ``(ratios, clips)``."""
    rates, values = bpm[:0:-1], tempograms[:, :0:-1]  # ascending, without lag 0
    notes = np.array(list(RATIOS.values()))[:, None] * tempo
    below = np.maximum(np.searchsorted(rates, notes, side="right") - 1, 0)
    above = np.minimum(below + 1, len(rates) - 1)
    clip = np.arange(len(values))
    low, high = values[clip, below], values[clip, above]
    share = (notes - rates[below]) / np.where(above > below, rates[above] - rates[below], 1)
    within = (rates[0] <= notes) & (notes <= rates[-1])
    return np.where(within, low + share * (high - low), np.nan)


def _beat_histogram(tempograms: Array, bpm: Array, frame_rate: float) -> Array:
    """Share of each range, and the sum over all ranges in seconds of lag: ``(4, clips)``."""
    ranges = [(low <= bpm) & (bpm < high) for low, high in RANGES.values()]
    sums = np.stack([sums_over_bins(tempograms[:, lags].T) for lags in ranges])
    total = sums_over_bins(sums)
    return np.concatenate([sums / np.where(total > 0, total, np.nan), [total / frame_rate]])


def _pulse_clarity(strength: Array, segments: Segments, frame_rate: float) -> Array:
    """Greatest correlation with itself of each clip's strength less its mean, ``(clips,)``."""
    shortest, longest = int(np.ceil(60 * frame_rate / 250)), int(60 * frame_rate / 40)
    mean = segments.sum(strength.astype(np.float64)) / segments.lengths
    # The clips side by side, with as many zeros after each as its longest lag.
    starts = segments.starts + longest * np.arange(len(segments))
    ends = starts + segments.lengths
    x = np.zeros(segments.total + longest * len(segments))
    x[np.arange(segments.total) + segments.to_frames(starts - segments.starts)] = (
        strength - segments.to_frames(mean)
    )
    lags = np.arange(1, min(longest, int(segments.lengths.max()) // 2) + 1)[:, None]
    energy = np.add.reduceat(np.square(x), starts)
    without_first = energy - np.cumsum(np.square(x[starts + lags - 1]), axis=0)
    without_last = energy - np.cumsum(np.square(x[np.maximum(ends - lags, 0)]), axis=0)
    products, sums = np.zeros_like(x), np.zeros(without_first.shape)
    for lag in range(shortest, len(lags) + 1):
        np.multiply(x[:-lag], x[lag:], out=products[:-lag])
        products[-lag:] = 0
        np.add.reduceat(products, starts, out=sums[lag - 1])
    scale = np.sqrt(np.maximum(without_first * without_last, 0))
    defined = (scale > 0) & (lags >= shortest) & (lags <= segments.lengths // 2)
    correlation = np.where(defined, sums / np.where(defined, scale, 1), -np.inf)
    clarity = np.max(correlation, axis=0, initial=-np.inf)
    sounding = segments.max(strength) > 0
    return np.where(sounding & np.isfinite(clarity), clarity, np.nan)


_CLICKS = 60 * 22050 / (20 * 512)
"""Clicks per minute with a period of 20 frames, for the reference case."""


FAMILY = Family(
    name="rhythm",
    parameters=TempoParameters,
    descriptors=_descriptors,
    compute=_compute,
    per="clip",
    reference_cases=(
        ReferenceCase(
            name="clicks every 20 frames have that tempo, a half and a third of it, and clarity 1",
            signal=lambda sr: signals.clicks(_CLICKS, sr, duration=20.0),
            expected={
                "tempo_candidate_1": _CLICKS,
                "tempo_candidate_2": _CLICKS / 2,
                "tempo_candidate_3": _CLICKS / 3,
                "pulse_clarity": 1.0,
            },
            tolerance=0.02,
        ),
    ),
)
