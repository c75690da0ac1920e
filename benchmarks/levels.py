"""Compare sound levels with scikit-maad, MoSQITo and the tables of the standards.

    python benchmarks/levels.py SOUNDSCAPE

The folder has recordings of landscapes. Unweighted levels are compared with scikit-maad, third-
octave levels with MoSQITo (differences in dB), and responses with the tables of IEC 61672-1 and the
limits of IEC 61260-1. A package that is not installed is skipped. The exit status is 1 if a target
is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Array, Target, load_all, print_table

import featkit
from featkit import signals
from featkit.dsp.third_octaves import (
    NOMINAL,
    band_sections,
    class_1_limits,
    exact_frequencies,
    halving_sections,
)
from featkit.dsp.weighting import weighting_sections

CALIBRATION = {"sensitivity": -35.0, "gain": 26.0, "full_scale_voltage": 1.25}
"""Sensitivity in dB re 1 V/Pa, gain in dB, volts at full scale."""

MAX_LEQ_DIFFERENCE = 1e-3
"""dB; the definition is the same."""

MAX_TYPICAL_DIFFERENCE, MIN_SHARE = 0.05, 0.95
"""dB, the median over all recordings and bands; and the least share of band levels that differ by
less than 0.5 dB. Larger differences have two causes: MoSQITo's filters start from rest, which
spreads strong low frequencies over all bands; and the filters differ next to a strong tone."""

MAX_WEIGHTING_ERROR = 0.15
"""dB; a third of it is the rounding of the table."""

NOMINAL_WEIGHTING = {
    31.5: (-39.4, -3.0),
    63.0: (-26.2, -0.8),
    125.0: (-16.1, -0.2),
    250.0: (-8.6, 0.0),
    500.0: (-3.2, 0.0),
    1000.0: (0.0, 0.0),
    2000.0: (1.2, -0.2),
    4000.0: (1.0, -0.8),
    8000.0: (-1.1, -3.0),
    16000.0: (-6.6, -8.5),
}
"""Weightings A and C in dB by nominal frequency, IEC 61672-1, table 3."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="SOUNDSCAPE")
    parser.add_argument("--files", type=int, default=24, help="recordings for the band levels")
    options = parser.parse_args()
    recordings = [(y, sr) for _, y, sr in load_all(options.folder, None)]
    print(f"{len(recordings)} recordings, {sum(len(y) / sr for y, sr in recordings):.0f} s")
    targets = [*calibrator(), *weightings(), *limits()]
    targets += [*equivalent_levels(recordings), *band_levels(recordings[: options.files])]
    speed(recordings)
    sys.exit(_common.any_missed(targets))


def row(y: Array, sr: float, **calibration: float) -> Mapping[str, float]:
    """The levels of a clip by column."""
    entries = [
        {"family": "sound_level", **calibration},
        {"family": "third_octave_levels", **calibration},
    ]
    features = featkit.feature_set({"features": entries})
    (values,) = featkit.analyse([y], sr, features)
    return dict(zip(features.column_names, values, strict=True))


def calibrator() -> list[Target]:
    """A tone of 94 dB at 1 kHz, by a microphone of 50 mV/Pa at a gain of 10 dB."""
    pressure = 20e-6 * 10 ** (94 / 20)
    amplitude = np.sqrt(2) * pressure * 0.05 * 10 ** (10 / 20) / 2.0
    calibration = {"sensitivity": 20 * np.log10(0.05), "gain": 10.0, "full_scale_voltage": 2.0}
    rates = (8000, 22050, 48000, 96000)
    values = [row(signals.sine(1000.0, sr, 10.0, amplitude), sr, **calibration) for sr in rates]
    names = ("laeq", "lceq", "leq", "la_max", "la50", "third_octave_level_1000")
    print_table(
        "A calibrator of 94 dB at 1 kHz",
        ["sample rate in Hz", *names],
        [
            [str(sr), *(f"{v[name]:.3f}" for name in names)]
            for sr, v in zip(rates, values, strict=True)
        ],
    )
    worst = max(abs(v[name] - 94.0) for v in values for name in names)
    return [Target("difference from 94 dB", worst, at_most=0.05)]


def weightings() -> list[Target]:
    """Responses of the weightings against the nominal values."""
    from scipy.signal import sosfreqz

    rates = (22050, 44100, 48000)
    rows, worst = [], 0.0
    for nominal, values in NOMINAL_WEIGHTING.items():
        exact = 1000 * 10 ** (round(10 * np.log10(nominal / 1000)) / 10)
        for name, value in zip("AC", values, strict=True):
            cells = []
            for sr in rates:
                if exact > 0.45 * sr:
                    cells.append("")
                    continue
                _, h = sosfreqz(weighting_sections(name, sr), [exact], fs=sr)
                level = 20 * float(np.log10(np.abs(h[0])))
                worst = max(worst, abs(level - value))
                cells.append(f"{level:.2f}")
            rows.append([f"{nominal:g}", name, f"{value:.1f}", *cells])
    header = ["Hz", "weighting", "IEC 61672-1", *(f"at {sr} Hz" for sr in rates)]
    print_table("Weightings in dB", header, rows)
    return [Target("difference from IEC 61672-1 in dB", worst, at_most=MAX_WEIGHTING_ERROR)]


def limits() -> list[Target]:
    """Least distance of the filters from the limits of class 1."""
    from scipy.signal import sosfreqz

    rows, least = [], np.inf
    for sr in (8000, 16000, 22050, 32000, 44100, 48000, 96000):
        distances = []
        for k, middle in enumerate(exact_frequencies(np.array(NOMINAL)).tolist()):
            if middle * 10**0.05 >= sr / 2:
                continue
            rate = float(sr)
            while rate >= 5 * 10**0.05 * middle:
                rate /= 2
            ratio = np.geomspace(0.1, 0.4999 * sr / middle, 2000)
            response = np.ones(len(ratio), dtype=complex)
            passed = float(sr)
            while passed > rate:  # an alias meets all filters at its own frequency
                response *= sosfreqz(halving_sections(), ratio * middle, fs=passed)[1]
                passed /= 2
            response *= sosfreqz(band_sections(middle, rate), ratio * middle, fs=rate)[1]
            attenuation = -20 * np.log10(np.maximum(np.abs(response), 1e-10))
            lowest, highest = class_1_limits(ratio)
            distance = float(np.min(np.minimum(attenuation - lowest, highest - attenuation)))
            distances.append((distance, NOMINAL[k]))
        distance, band = min(distances)
        least = min(least, distance)
        rows.append([str(sr), str(len(distances)), f"{distance:.2f}", f"{band:g}"])
    header = ["sample rate in Hz", "bands", "least distance in dB", "in the band of Hz"]
    print_table("Distance from the limits of class 1 of IEC 61260-1", header, rows)
    return [Target("distance from the limits of class 1 in dB", least, at_least=0)]


def equivalent_levels(recordings: list[tuple[Array, float]]) -> list[Target]:
    """Unweighted levels against scikit-maad."""
    name = "difference from the level of scikit-maad in dB"
    try:
        from maad import spl, util
    except ImportError:
        return [Target(name, None, at_most=MAX_LEQ_DIFFERENCE)]
    how = {
        "gain": CALIBRATION["gain"],
        "sensitivity": CALIBRATION["sensitivity"],
        "Vadc": 2 * CALIBRATION["full_scale_voltage"],
    }
    differences: dict[str, list[float]] = {}
    for y, sr in recordings:
        own = row(y, sr, **CALIBRATION)["leq"]
        sr = round(sr)
        y = y[: len(y) // sr * sr].astype(np.float64)
        for reference in (94.0, 20 * np.log10(1 / 20e-6)):
            leq = util.mean_dB(spl.wav2leq(y, sr, dt=1, dBref=reference, **how))
            instant = util.mean_dB(spl.wav2dBSPL(y, dBref=reference, **how))
            for function, value in (("wav2leq", leq), ("wav2dBSPL", instant)):
                key = f"{function}, dBref={reference:.4f}"
                differences.setdefault(key, []).append(abs(own - float(value)))
    print_table(
        "Unweighted levels: differences from scikit-maad in dB",
        ["function", "recordings", "median", "largest"],
        [
            [key, str(len(d)), f"{np.median(d):.6f}", f"{np.max(d):.6f}"]
            for key, d in differences.items()
        ],
    )
    worst = max(max(d) for key, d in differences.items() if "94.0" not in key)
    return [Target(name, worst, at_most=MAX_LEQ_DIFFERENCE)]


def band_levels(recordings: list[tuple[Array, float]]) -> list[Target]:
    """Third-octave levels against MoSQITo."""
    names = ["median difference from MoSQITo in dB", "share within 0.5 dB of MoSQITo"]
    try:
        from mosqito.sound_level_meter import noct_spectrum
    except ImportError:
        return [Target(name, None) for name in names]
    noises = [(signals.noise(sr, 10.0, seed=sr), sr) for sr in (44100, 48000)]
    differences = {}
    for kind, clips in (("landscapes", recordings), ("white noise", noises)):
        rows = []
        for y, sr in clips:
            y = y - np.mean(y, dtype=np.float64)  # an offset would be a step for MoSQITo
            rms, bands = noct_spectrum(y, round(sr), 25, 8000)
            own = row(y.astype(np.float32), sr)
            indices = [f"{hz:g}".replace(".", "p") for hz in np.ravel(bands)]
            levels = 20 * np.log10(np.ravel(rms) / 20e-6)
            rows.append([own[f"third_octave_level_{i}"] for i in indices] - levels)
        differences[kind] = np.array(rows)
    print_table(
        "Third-octave levels minus those of MoSQITo in dB",
        ["band in Hz", *(f"{k}, {q}" for k in differences for q in ("median", "least", "most"))],
        [
            [
                index,
                *(
                    f"{value:.2f}"
                    for d in differences.values()
                    for value in (np.median(d[:, k]), np.min(d[:, k]), np.max(d[:, k]))
                ),
            ]
            for k, index in enumerate(indices)
        ],
    )
    own = np.abs(differences["landscapes"])
    return [
        Target(names[0], float(np.median(own)), at_most=MAX_TYPICAL_DIFFERENCE),
        Target(names[1], float(np.mean(own < 0.5)), at_least=MIN_SHARE),
    ]


def speed(recordings: list[tuple[Array, float]]) -> None:
    """Processor time of the two families."""
    rows = []
    for family in ("sound_level", "third_octave_levels"):
        features = featkit.feature_set({"features": [{"family": family}]})
        begin = time.process_time()
        for y, sr in recordings:
            featkit.analyse([y], sr, features)
        seconds = time.process_time() - begin
        total = sum(len(y) / sr for y, sr in recordings)
        rows.append([family, f"{1000 * seconds / len(recordings):.1f}", f"{total / seconds:.0f}"])
    print_table("Speed", ["family", "ms per recording", "times real time"], rows)


if __name__ == "__main__":
    main()
