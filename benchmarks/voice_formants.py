"""Formants and cepstral peak prominence beside those of Praat: known vowels, EmoDB, and time.

    python benchmarks/voice_formants.py EMODB [--every N]

EMODB is the folder of the 535 sentences; digital silence at their ends is cut off. Needs
praat-parselmouth, which gets the same parameters. The sentences take about two minutes, most of
which Praat takes. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _agreement import Measure, agreement_table
from _common import Target, print_table

import featkit
from featkit import signals
from featkit.dsp import _compiled
from featkit.dsp.voice_pitch import VoicePitches
from featkit.features.families import cepstral_peak, formants

Array = np.ndarray[Any, np.dtype[Any]]

COUNT = formants.COUNT
HOP, WINDOW, CEILING = 0.01, 0.025, 5500.0

MAX_ERROR = 0.02
"""Largest relative error of a formant of a synthetic vowel."""

LEAST_CORRELATION = 0.98

MAX_FORMANTS_MS, MAX_CEPSTRA_MS = 40.0, 100.0
"""For 30 s of speech at 16 kHz, with the compiled core, in ms of processor time."""

VOWELS = {
    "i": (270.0, 2290.0, 3010.0, 3500.0, 4500.0),
    "ae": (660.0, 1720.0, 2410.0, 3400.0, 4500.0),
    "a": (730.0, 1090.0, 2440.0, 3400.0, 4500.0),
    "u": (300.0, 870.0, 2240.0, 3400.0, 4500.0),
    "er": (490.0, 1350.0, 1690.0, 3400.0, 4500.0),
    "neutral": (500.0, 1500.0, 2500.0, 3500.0, 4500.0),
}
"""Formants of men by Peterson and Barney 1952, and two higher ones."""

LINES = {
    "straight, least squares": ("straight", "least_squares", "Straight", "Least squares"),
    "exponential, robust": ("exponential", "robust", "Exponential decay", "Robust"),
}
"""Trend and fit, by featkit and by Praat."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="EMODB")
    parser.add_argument("--every", type=int, default=1, help="use only every N-th sentence")
    options = parser.parse_args()
    files = sorted(Path(options.folder).rglob("*.wav"))[:: options.every]
    clips = [trimmed(*featkit.load(file)) for file in files]
    targets = [*known_vowels(), *formant_agreement(clips), *prominence_agreement(clips)]
    targets += times(files)
    sys.exit(_common.any_missed(targets))


def trimmed(y: Array, sr: float) -> tuple[Array, float]:
    """A recording without digital silence at its ends, and of half a hop more than whole frames.

    If frames fill a recording exactly, rounding decides about the last one. Praat often leaves it
    out, and the others are then half a hop later.
    """
    sounding = np.flatnonzero(y)
    y = y[sounding[0] : sounding[-1] + 1]
    hops = np.floor((len(y) / sr - 2 * WINDOW) / HOP - 0.5) + 0.5
    return y[: round((2 * WINDOW + hops * HOP) * sr)], sr


def formant_rows(y: Array, sr: float) -> Array:
    """Frequencies and bandwidths of each frame by featkit, ``(COUNT, 2, frames)``."""
    p = formants.FormantParameters(ceiling=CEILING, window=WINDOW, hop=HOP)
    values = formants.FAMILY.compute(p, clips=[y], sr=sr, voice_pitch=VoicePitches([y], sr))
    return np.asarray(values.values.reshape(COUNT, 3, -1)[:, :2])


def praat_sound(y: Array, sr: float) -> Any:
    import parselmouth

    return parselmouth.Sound(y.astype(np.float64), sr)


def praat_formants(y: Array, sr: float) -> tuple[Array, Array]:
    """Frequencies and bandwidths by Praat, ``(COUNT, 2, frames)``, and times of the frames."""
    import parselmouth

    result = praat_sound(y, sr).to_formant_burg(HOP, 5, CEILING, WINDOW, 50.0)
    t = result.x1 + HOP * np.arange(int(parselmouth.praat.call(result, "Get number of frames")))
    numbers = range(1, COUNT + 1)
    values = [
        [
            [result.get_value_at_time(k, x) for x in t],
            [result.get_bandwidth_at_time(k, x) for x in t],
        ]
        for k in numbers
    ]
    return np.array(values), t


def known_vowels() -> list[Target]:
    """Print errors for synthetic vowels, of dense harmonics and of the voices of men and women."""
    cells, worst = [], 0.0
    for f0 in (50.0, 100.0, 200.0):
        for name, resonances in VOWELS.items():
            y = vowel(resonances, 16000.0, f0)
            ours = np.nanmean(formant_rows(y, 16000.0)[:, 0], axis=1)
            theirs = np.nanmean(praat_formants(y, 16000.0)[0][:, 0], axis=1)
            errors = [x / np.array(resonances[:COUNT]) - 1 for x in (ours, theirs)]
            worst = max(worst, float(np.max(np.abs(errors[0])))) if f0 == 50 else worst
            shown = [", ".join(f"{100 * e:+.1f}" for e in error) for error in errors]
            cells.append([f"{f0:g}", name, *shown])
    print_table(
        "Errors in % of formants 1 to 4 of synthetic vowels, mean over frames, at 16 kHz",
        ["pulses per second", "vowel", "featkit", "Praat"],
        cells,
    )
    return [Target("error of a vowel of dense harmonics", worst, at_most=MAX_ERROR)]


def vowel(resonances: Sequence[float], sr: float, f0: float) -> Array:
    """A vowel with one more resonator per 1000 Hz above its formants."""
    higher = np.arange(6500.0, sr / 2 - 200, 1000.0)
    bandwidths = [60.0, 90.0, 120.0, 150.0, 200.0, *np.full(len(higher), 200.0)]
    return signals.vowel([*resonances, *higher], bandwidths, sr, f0=f0)


def formant_agreement(clips: Sequence[tuple[Array, float]]) -> list[Target]:
    """Compare means over all frames, and over the frames that Praat finds voiced."""
    means = np.array([list(formant_means(y, sr)) for y, sr in clips])
    targets = []
    for k, frames in enumerate(("all frames", "voiced frames")):
        measures = [
            Measure(
                f"{quantity} {number + 1}",
                means[:, k, 0, number, row],
                means[:, k, 1, number, row],
                LEAST_CORRELATION if quantity == "formant" and number < 3 else None,
                unit="Hz",
            )
            for row, quantity in enumerate(("formant", "bandwidth"))
            for number in range(COUNT)
        ]
        targets += agreement_table(measures, title=f"Mean over {frames} of {len(clips)} sentences")
    return targets


def formant_means(y: Array, sr: float) -> Iterator[Array]:
    """Means by featkit and Praat, ``(2, COUNT, 2)``: over all frames, then over voiced ones."""
    ours = formant_rows(y, sr)
    theirs, praat_times = praat_formants(y, sr)
    n = ours.shape[-1]
    our_times = len(y) / sr / 2 + HOP * (np.arange(n) - (n - 1) / 2)
    pitch = praat_sound(y, sr).to_pitch(HOP, 75.0, 600.0)
    voiced = [
        np.array([not np.isnan(pitch.get_value_at_time(x)) for x in t])
        for t in (our_times, praat_times)
    ]
    for mask in ([np.ones_like(v) for v in voiced], voiced):
        chosen = (np.where(m, x, np.nan) for m, x in zip(mask, (ours, theirs), strict=True))
        yield np.array([np.nanmean(x, axis=2) for x in chosen])


def prominence_agreement(clips: Sequence[tuple[Array, float]]) -> list[Target]:
    """Compare CPP and CPPS, means over frames."""
    ours, theirs = (np.empty((len(LINES), len(clips), 2)) for _ in range(2))
    for k, (y, sr) in enumerate(clips):
        cepstrogram = praat_cepstrogram(y, sr)
        for j, (trend, fit, *praat_line) in enumerate(LINES.values()):
            ours[j, k] = np.nanmean(prominence_rows(y, sr, trend, fit), axis=1)
            theirs[j, k] = praat_prominences(cepstrogram, *praat_line)
    measures = [
        Measure(f"{name}, {line}", ours[j, :, row], theirs[j, :, row], LEAST_CORRELATION, unit="dB")
        for j, line in enumerate(LINES)
        for row, name in enumerate(("CPP", "CPPS"))
    ]
    return agreement_table(measures, title=f"Mean over frames of {len(clips)} sentences")


def prominence_rows(y: Array, sr: float, trend: str, fit: str) -> Array:
    """Prominence of each frame, raw and smoothed, ``(2, frames)``."""
    p = cepstral_peak.CepstralPeakParameters(pitch_ceiling=330.0, trend=trend, fit=fit)
    return np.asarray(cepstral_peak.FAMILY.compute(p, clips=[y], sr=sr).values)


def praat_cepstrogram(y: Array, sr: float) -> Any:
    import parselmouth

    return parselmouth.praat.call(praat_sound(y, sr), "To PowerCepstrogram", 60, 0.002, 5000, 50)


def praat_prominences(cepstrogram: Any, trend: str, fit: str) -> list[float]:
    """CPP and CPPS by Praat."""
    import parselmouth

    line = (60, 330, 0.05, "parabolic", 0.001, 0.05, trend, fit)
    averages = ((0.0, 0.0), (0.02, 0.0005))
    return [parselmouth.praat.call(cepstrogram, "Get CPPS", "no", *a, *line) for a in averages]


def times(files: Sequence[Path]) -> list[Target]:
    """Processor time for 30 s of speech at 16 kHz."""
    speech = np.concatenate([trimmed(*featkit.load(file, sr=16000))[0] for file in files[:40]])
    y, sr = np.resize(speech, 30 * 16000), 16000.0
    line, robust = LINES.values()
    analyses: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "formants": (
            lambda: formant_rows(y, sr),
            lambda: praat_sound(y, sr).to_formant_burg(HOP, 5, CEILING, WINDOW, 50.0),
        ),
        "CPP and CPPS, straight, least squares": (
            lambda: prominence_rows(y, sr, *line[:2]),
            lambda: praat_prominences(praat_cepstrogram(y, sr), *line[2:]),
        ),
        "CPP and CPPS, exponential, robust": (
            lambda: prominence_rows(y, sr, *robust[:2]),
            lambda: praat_prominences(praat_cepstrogram(y, sr), *robust[2:]),
        ),
    }
    taken = {name: (timed(ours, 5), timed(theirs, 1)) for name, (ours, theirs) in analyses.items()}
    way = "core" if _compiled.core else "NumPy"
    print_table(
        "Processor time in ms, 30 s of speech at 16 kHz",
        ["", f"featkit ({way})", "Praat"],
        [[name, f"{a:.1f}", f"{b:.0f}"] for name, (a, b) in taken.items()],
    )
    limits = dict(zip(taken, (MAX_FORMANTS_MS, MAX_CEPSTRA_MS), strict=False))
    return [
        Target(f"ms, {name}", taken[name][0] if _compiled.core else None, at_most=limit)
        for name, limit in limits.items()
    ]


def timed(function: Callable[[], object], rounds: int) -> float:
    """Median processor time in ms, after one call that does not count."""
    milliseconds = []
    for _ in range(rounds + 1):
        begin = time.process_time()
        function()
        milliseconds.append(1000 * (time.process_time() - begin))
    return float(np.median(milliseconds[1:]))


if __name__ == "__main__":
    main()
