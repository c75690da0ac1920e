"""Agreement of voice measures with Praat on EmoDB, and the time that both take.

    python benchmarks/voice_praat.py EMODB [--files N] [--no-time]

EMODB is the folder of the 535 sentences. The package praat-parselmouth must be installed. Each
measure of a file is computed by featkit and by Praat with the same parameters. The tables show
medians, the correlation over files, and the 95 % limits of agreement (Bland and Altman). The time
is that of the processor for 30 s of speech at 16 kHz. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _agreement import Measure, agreement_table
from _common import Target, print_table

import featkit

Array = np.ndarray[Any, np.dtype[Any]]

FLOOR, CEILING = 75.0, 600.0
"""Range of the pitch in Hz."""

LIMITS = (0.0, 0.0, 0.0001, 0.02, 1.3)
"""Praat's arguments of jitter: whole file, shortest and longest period in s, period factor."""

MOST_MILLISECONDS = 100.0
"""Target for the processor time of all families on 30 s of speech at 16 kHz."""

FAMILIES = ("voice_pitch", "jitter", "shimmer", "voice_harmonicity")


class Row(NamedTuple):
    """A measure: column of featkit, name in Praat, least correlation, factor and unit."""

    column: str
    praat: str
    least: float | None = None
    scale: float = 1.0
    unit: str = ""


ROWS = [
    Row("harmonicity_ac_mean", "hnr ac", 0.98, unit="dB"),
    Row("harmonicity_cc_mean", "hnr cc", 0.98, unit="dB"),
    Row("jitter_local", "jitter local", 0.95, 100, "%"),
    Row("jitter_absolute", "jitter local, absolute", 0.95, 1e6, "µs"),
    Row("jitter_rap", "jitter rap", 0.95, 100, "%"),
    Row("jitter_ppq5", "jitter ppq5", 0.95, 100, "%"),
    Row("jitter_ddp", "jitter ddp", 0.95, 100, "%"),
    Row("shimmer_local", "shimmer local", 0.95, 100, "%"),
    Row("shimmer_db", "shimmer local_dB", 0.95, unit="dB"),
    Row("shimmer_apq3", "shimmer apq3", 0.95, 100, "%"),
    Row("shimmer_apq5", "shimmer apq5", 0.95, 100, "%"),
    Row("shimmer_apq11", "shimmer apq11", 0.95, 100, "%"),
    Row("shimmer_dda", "shimmer dda", 0.95, 100, "%"),
    Row("voice_f0_mean", "f0 mean", 0.98, unit="Hz"),
    Row("voice_f0_std", "f0 std", 0.95, unit="Hz"),
    Row("voice_voiced_mean", "voiced", 0.98, 100, "%"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="EMODB")
    parser.add_argument("--files", type=int, help="only the first N files")
    parser.add_argument("--no-time", action="store_true", help="do not measure times")
    options = parser.parse_args()
    clips = [(y, sr) for _, y, sr in _common.load_all(options.folder, None)][: options.files]
    ours = [own_values(y, sr) for y, sr in clips]
    praat = [praat_values(y, sr) for y, sr in clips]
    rows = [
        Measure(
            row.column,
            [values[row.column] for values in ours],
            [values[row.praat] for values in praat],
            row.least,
            row.scale,
            row.unit,
        )
        for row in ROWS
    ]
    targets = agreement_table(rows, title=f"{len(clips)} files of {Path(options.folder).name}")
    if not options.no_time:
        targets.append(time_target(clips))
    sys.exit(_common.any_missed(targets))


def feature_set() -> featkit.FeatureSet:
    """All four families, at the sample rate of each file."""
    statistics = {"statistics": ["mean", "std"]}
    entries = [
        {"family": name, **({} if name in ("jitter", "shimmer") else statistics)}
        for name in FAMILIES
    ]
    return featkit.FeatureSet.from_dict({"sample_rate": "native", "features": entries})


def own_values(y: Array, sr: float) -> dict[str, float]:
    """Values of one file by featkit."""
    features = feature_set()
    (row,) = featkit.analyse([y], sr, features)
    return dict(zip(features.column_names, row.tolist(), strict=True))


def praat_values(y: Array, sr: float) -> dict[str, float]:
    """Values of one file by Praat."""
    import parselmouth
    from parselmouth.praat import call

    sound = parselmouth.Sound(y.astype(np.float64), sr)
    pitch = sound.to_pitch_ac(pitch_floor=FLOOR, pitch_ceiling=CEILING)
    pulses = call([sound, pitch], "To PointProcess (cc)")
    f0 = pitch.selected_array["frequency"]
    voiced = f0[f0 > 0]
    values = {
        "f0 mean": np.mean(voiced) if len(voiced) else np.nan,
        "f0 std": np.std(voiced) if len(voiced) else np.nan,
        "voiced": np.mean(f0 > 0),
        "hnr ac": call(sound.to_harmonicity_ac(0.01, FLOOR, 0.1, 4.5), "Get mean", 0, 0),
        "hnr cc": call(sound.to_harmonicity_cc(0.01, FLOOR, 0.1, 1.0), "Get mean", 0, 0),
    }
    for name in ("local", "local, absolute", "rap", "ppq5", "ddp"):
        values[f"jitter {name}"] = call(pulses, f"Get jitter ({name})", *LIMITS)
    for name in ("local", "local_dB", "apq3", "apq5", "apq11", "dda"):
        values[f"shimmer {name}"] = call([sound, pulses], f"Get shimmer ({name})", *LIMITS, 1.6)
    return {name: float(value) for name, value in values.items()}


def time_target(clips: list[tuple[Array, float]]) -> Target:
    """Print the processor time on 30 s of speech at 16 kHz; return the target."""
    import soxr

    parts = [np.trim_zeros(y) for y, _ in clips[:: max(1, len(clips) // 40)]]
    y = soxr.resample(np.concatenate(parts), clips[0][1], 16000).astype(np.float32)
    y = np.resize(y, 30 * 16000)
    milliseconds = {
        "featkit": _processor_time(lambda: own_values(y, 16000.0)),
        "Praat": _processor_time(lambda: praat_values(y, 16000.0)),
    }
    print_table(
        "30 s of speech at 16 kHz, all measures above: processor time",
        ["", "ms"],
        [[name, f"{value:.0f}"] for name, value in milliseconds.items()],
    )
    return Target("milliseconds of featkit", milliseconds["featkit"], at_most=MOST_MILLISECONDS)


def _processor_time(function: Callable[[], Mapping[str, float]], rounds: int = 9) -> float:
    """Median processor time in milliseconds."""
    taken = []
    function()
    for _ in range(rounds):
        begin = time.process_time()
        function()
        taken.append(1000 * (time.process_time() - begin))
    return float(np.median(taken))


if __name__ == "__main__":
    main()
