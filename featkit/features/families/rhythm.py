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
import scipy.fft

from featkit import signals
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import (
    ROUNDING,
    TempoParameters,
    best_lag,
    lag_tempi,
    mean_autocorrelation,
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


def _compute(
    p: TempoParameters, *, onset_strength: Array, segments: Segments, sr: float, hop_length: int
) -> Array:
    """Descriptors of each clip: ``(rows, clips)``."""
    bpm, prior = lag_tempi(p, sr, hop_length)
    columns = [_clip_values(onset_strength[clip], bpm, prior, sr / hop_length) for clip in segments]
    return np.stack(columns, axis=1)


def _clip_values(strength: Array, bpm: Array, prior: Array, frame_rate: float) -> Array:
    lags: list[int] = []
    tempogram = np.full(len(bpm), np.nan)
    if strength.any() and np.isfinite(prior).any():
        tempogram = mean_autocorrelation(strength, len(bpm), len(bpm))
        first = best_lag(strength, prior, tempogram)
        tempogram[tempogram < ROUNDING] = 0
        same_peak = [_climb(tempogram, first, step) for step in (-1, 1)]
        others = [lag for lag in _peaks(tempogram, prior) if lag not in same_peak]
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
    """Lags at which the tempogram is greater than at both neighbours, the highest score first."""
    middle = tempogram[1:-1]
    peak = (middle > tempogram[:-2]) & (middle > tempogram[2:]) & np.isfinite(prior[1:-1])
    lags = np.flatnonzero(peak) + 1
    order = np.argsort(-score(tempogram, prior)[lags], kind="stable")
    return list(map(int, lags[order]))


def _climb(tempogram: Array, lag: int, step: int) -> int:
    """Lag up to which the tempogram rises from a lag, in steps of 1 or -1."""
    while 0 <= lag + step < len(tempogram) and tempogram[lag + step] > tempogram[lag]:
        lag += step
    return lag


def _ratios(tempogram: Array, bpm: Array, tempo: float) -> Array:
    note_rates = tempo * np.array(list(RATIOS.values()))
    ascending, values = bpm[:0:-1], tempogram[:0:-1]  # ascending, without lag 0
    return np.interp(note_rates, ascending, values, left=np.nan, right=np.nan)


def _beat_histogram(tempogram: Array, bpm: Array, frame_rate: float) -> Array:
    """Share of each range, and the sum over all ranges in seconds of lag."""
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
    defined = scale > 0
    return float(np.max(products[defined] / scale[defined])) if defined.any() else np.nan


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
