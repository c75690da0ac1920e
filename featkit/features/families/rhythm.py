"""Rhythm: the tempi that a clip may have, how clear its pulse is, and how its beat is divided.

All but pulse clarity is read from the mean tempogram, the mean over frames of the autocorrelation
of onset strength in a window of eight seconds (see `featkit.dsp.tempogram`), whose lags are periods
of a beat. The first candidate for the tempo is `tempo`, the best lag under a log-normal prior,
which may lie on the slope of a peak: its strength is that of its own lag. The others are peaks,
lags at which the tempogram is greater than at both neighbours, the best under that prior first; a
peak that the tempogram rises to from the first candidate is not one of them.

The window tapers the tempogram. For onsets that repeat exactly it falls with the lag about as the
autocorrelation of the window does: in a minute of clicks to 0.97 at 129 BPM, 0.89 at 60 and 0.36 at
20, and to less in short clips, for windows at their ends are half empty. Of two pulses that are
equally clear the slower is thus the weaker, and strengths, their ratio, `tempogram_ratio` and the
beat histogram all lean to fast rates, as librosa's tempogram does.

The beat histogram is the mean tempogram between 40 and 250 BPM (Tzanetakis and Cook 2002, who made
theirs of the envelopes of octave bands), in three ranges (Trohidis and others, "Multi-label
classification of music into emotions", ISMIR 2008).

Pulse clarity is a coefficient of correlation of the whole clip, and thus low if its tempo drifts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import scipy.fft

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import (
    ROUNDING,
    TempoParameters,
    best_lag,
    mean_autocorrelation,
    rates,
    score,
)
from featkit.features.family import Descriptor, Family, Oracle

CANDIDATES = 3

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
"""Notes, where a beat is a quarter, and how many of them a beat has (Prockup and others 2015)."""

RANGES = {"slow": (40.0, 90.0), "medium": (90.0, 140.0), "fast": (140.0, 250.0)}
"""Parts of the beat histogram, from a rate to below another, in BPM."""


def descriptors(p: TempoParameters) -> Sequence[Descriptor]:
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
        ),
        describe(
            name="beat_histogram_share",
            definition="sum of the mean tempogram over lags of 40 to 90, 90 to 140 or 140 to 250"
            " BPM over that of all three; of rates that repeat equally well a slower one has less",
            reference=histogram,
            undefined=f"{nothing} at these rates",
            indices=tuple(RANGES),
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


def compute(
    p: TempoParameters, *, onset_strength: Array, segments: Segments, sr: float, hop_length: int
) -> Array:
    """The descriptors of each clip: ``(rows, clips)``."""
    bpm, prior = rates(p, sr, hop_length)
    columns = [_of_clip(onset_strength[clip], bpm, prior, sr / hop_length) for clip in segments]
    return np.stack(columns, axis=1)


def _of_clip(strength: Array, bpm: Array, prior: Array, frame_rate: float) -> Array:
    lags: list[int] = []
    tempogram = np.full(len(bpm), np.nan)
    if strength.any() and np.isfinite(prior).any():
        tempogram = mean_autocorrelation(strength, len(bpm), len(bpm))
        first = best_lag(strength, prior, tempogram)
        tempogram[tempogram < ROUNDING] = 0
        its_own = [_uphill(tempogram, first, step) for step in (-1, 1)]
        others = [lag for lag in _peaks(tempogram, prior) if lag not in its_own]
        lags = [first, *others][:CANDIDATES]
    candidates, strengths = np.full((2, CANDIDATES), np.nan)
    candidates[: len(lags)], strengths[: len(lags)] = bpm[lags], tempogram[lags]
    return np.concatenate(
        [
            candidates,
            strengths,
            _ratios(tempogram, bpm, candidates[0]),
            _beat_histogram(tempogram, bpm, frame_rate),
            [strengths[1] / (strengths[0] or np.nan)],
            [_pulse_clarity(strength, frame_rate)],
        ]
    )


def _peaks(tempogram: Array, prior: Array) -> list[int]:
    """Lags at which the tempogram is greater than at both neighbours, the best first."""
    middle = tempogram[1:-1]
    peak = (middle > tempogram[:-2]) & (middle > tempogram[2:]) & np.isfinite(prior[1:-1])
    lags = np.flatnonzero(peak) + 1
    order = np.argsort(-score(tempogram, prior)[lags], kind="stable")
    return list(map(int, lags[order]))


def _uphill(tempogram: Array, lag: int, step: int) -> int:
    """The lag up to which the tempogram rises from one on, by steps of 1 or -1."""
    while 0 <= lag + step < len(tempogram) and tempogram[lag + step] > tempogram[lag]:
        lag += step
    return lag


def _ratios(tempogram: Array, bpm: Array, tempo: float) -> Array:
    wanted = tempo * np.array(list(RATIOS.values()))
    rising = slice(None, 0, -1)
    return np.interp(wanted, bpm[rising], tempogram[rising], left=np.nan, right=np.nan)


def _beat_histogram(tempogram: Array, bpm: Array, frame_rate: float) -> Array:
    """Shares of the three ranges, and the sum over them in seconds of lag."""
    ranges = [(low <= bpm) & (bpm < high) for low, high in RANGES.values()]
    sums = np.array([tempogram[lags].sum() for lags in ranges])
    total = sums.sum()
    return np.array([*(sums / (total or np.nan)), total / frame_rate])


def _pulse_clarity(strength: Array, frame_rate: float) -> float:
    shortest = int(np.ceil(60 * frame_rate / 250))
    longest = min(int(60 * frame_rate / 40), len(strength) // 2)
    if longest < shortest or not strength.any():
        return np.nan
    x = strength - np.mean(strength, dtype=np.float64)
    n = len(x)
    size = scipy.fft.next_fast_len(n + longest, real=True)
    power = np.square(np.abs(scipy.fft.rfft(x, n=size)))
    products = scipy.fft.irfft(power, n=size)[shortest : longest + 1]
    energy = np.concatenate([[0.0], np.cumsum(np.square(x))])
    lag = np.arange(shortest, longest + 1)
    scale = np.sqrt(energy[n - lag] * (energy[n] - energy[lag]))
    known = scale > 0
    return float(np.max(products[known] / scale[known])) if known.any() else np.nan


_CLICKS = 60 * 22050 / (20 * 512)
"""Clicks a minute whose period is 20 frames, for the oracles."""


FAMILY = Family(
    name="rhythm",
    parameters=TempoParameters,
    descriptors=descriptors,
    compute=compute,
    per="clip",
    oracles=(
        Oracle(
            name="clicks every 20 frames have that tempo, or half of it, or a third, and one pulse",
            signal=lambda sr: signals.clicks(_CLICKS, sr, duration=20.0),
            expected={
                "tempo_candidate_1": _CLICKS,
                "tempo_candidate_2": _CLICKS / 2,
                "tempo_candidate_3": _CLICKS / 3,
                "pulse_clarity": 1.0,
            },
            tolerance=0.02,
            parameters={},
        ),
    ),
)
