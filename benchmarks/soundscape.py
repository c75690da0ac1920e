"""Acoustic indices: values and time beside scikit-maad, and beside a published table.

    python benchmarks/soundscape.py SOUNDSCAPE

SOUNDSCAPE is the folder of recordings, with `indices.csv` if the published table is there, too. The
table was made with an earlier version of scikit-maad; its columns are compared where featkit has
the same definition. Most of its rows are split in two, values first and then the name of the file;
both are joined. Needs `scikit-maad`; without it, only the table is compared.

Time is processor time, of all recordings in memory, in turn: scikit-maad's spectrogram, computed
once for each recording, and its functions for the columns of the set `soundscape`, with the same
parameters; and `featkit.analyse`.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _common
import numpy as np
from _common import Array, Target, print_table

import featkit

ROUNDS = 9

MAX_DIFFERENCE = 1e-3
"""Greatest difference of an index, relative to its value, or absolute where that is 0."""

MIN_SPEEDUP = 20.0

VARIANTS: dict[str, dict[str, Any]] = {
    "diversity to 8 kHz, 500 Hz, -40 dB": {
        "family": "acoustic_diversity",
        "fmax": 8000.0,
        "step": 500.0,
        "evenness_step": 1000.0,
        "threshold": -40.0,
    },
    "bioacoustic, 1 to 10 kHz": {"family": "bioacoustic_index", "fmin": 1000.0, "fmax": 10000.0},
    "NDSI, scikit-maad's bands": {
        "family": "soundscape_index",
        "anthrophony_min": 0.0,
        "anthrophony_max": 2000.0,
        "biophony_min": 1000.0,
        "biophony_max": 11000.0,
    },
    "entropy of amplitude": {"family": "acoustic_entropy", "quantity": "amplitude"},
    "events of 6 dB, 50 ms": {
        "family": "acoustic_events",
        "threshold": 6.0,
        "min_duration": 0.05,
    },
    "activity of 6 dB": {"family": "background_noise", "threshold": 6.0},
    "peaks 100 Hz apart, 3 dB": {
        "family": "spectral_peaks_number",
        "min_distance": 100.0,
        "min_rise": 3.0,
    },
}
"""Families with other parameters than in the set."""

PUBLISHED = {
    "ACI": "acoustic_complexity",
    "Hf": "mean_spectrum_entropy",
    "Ht": "envelope_entropy",
    "BGNt": "background_noise",
    "SNRt": "signal_to_noise_ratio",
    "MED": "median_envelope",
    "AnthroEnergy": "anthrophony",
    "ACTtMean": "acoustic_activity_level",
}
"""Columns of the published table of which featkit has the definition."""

CHANGED = {
    "EVNtFraction": "acoustic_event_fraction",
    "EVNtMean": "acoustic_event_duration",
    "EVNtCount": "acoustic_event_rate",
}
"""Columns that scikit-maad 1.5 computes in another way than the version of the table."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="SOUNDSCAPE", type=Path)
    options = parser.parse_args()
    paths = sorted(options.folder.glob("*.wav"))
    clips, rates = zip(*(featkit.load(path, sr=None) for path in paths), strict=True)
    (sr,) = set(rates)
    names = featkit.feature_set("soundscape").column_names
    values = featkit.analyse(clips, sr, "soundscape")
    targets = [*published(options.folder / "indices.csv", [p.name for p in paths], names, values)]
    targets += beside_maad(clips, sr, names, values)
    sys.exit(_common.any_missed(targets))


def beside_maad(
    clips: tuple[Array, ...], sr: float, names: tuple[str, ...], values: Array
) -> list[Target]:
    """Print differences from scikit-maad, and times."""
    try:
        import maad  # noqa: F401
    except ImportError:
        absent = Target("difference from scikit-maad", None, at_most=MAX_DIFFERENCE)
        return [absent, Target("times as fast as scikit-maad", None, at_least=MIN_SPEEDUP)]
    warnings.simplefilter("ignore")  # of scikit-maad: divisions by 0, deprecated functions
    rows = [
        (name, difference(values[:, k], reference))
        for (k, name), reference in zip(
            enumerate(names), np.array([maad_row(y, sr) for y in clips]).T, strict=True
        )
    ]
    for title, entry in VARIANTS.items():
        described = featkit.feature_set({"sample_rate": "native", "features": [entry]})
        own = featkit.analyse(clips, sr, described)
        reference = np.array([maad_variant(title, y, sr) for y in clips])
        rows += [
            (f"{title}: {name}", difference(own[:, k], reference[:, k]))
            for k, name in enumerate(described.column_names)
        ]
    print_table(
        f"Greatest relative differences in {len(clips)} recordings",
        ["index", "program", "greatest difference", "at most"],
        [[name, "scikit-maad", f"{value:.1e}", f"{MAX_DIFFERENCE:g}"] for name, value in rows],
    )
    targets = [Target(f"difference of {n}", v, at_most=MAX_DIFFERENCE) for n, v in rows]
    return [*targets, speed(clips, sr)]


NEAR_0 = 1e-12
"""Values below are compared absolutely."""


def difference(own: Array, reference: Array) -> float:
    """Greatest difference, relative to the reference, or absolute where that is below `NEAR_0`.

    Values that are undefined here are left out where scikit-maad has 0: a mean without events.
    """
    undefined = np.isnan(own) & ((reference == 0) | np.isnan(reference))
    own, reference = own[~undefined], reference[~undefined]
    if np.isnan(own).any() or np.isnan(reference).any():
        return float("inf")
    unit = np.where(np.abs(reference) < NEAR_0, 1, np.abs(reference))
    return float(np.nanmax(np.abs(own - reference) / unit, initial=0.0))


def maad_row(y: Array, sr: float) -> list[float]:
    """The columns of the set by scikit-maad, from one spectrogram."""
    from maad import features, sound

    y = y.astype(np.float64)
    y = y - np.mean(y)  # as its function `load`
    power, _, f, _ = sound.spectrogram(y, sr)
    amplitude = np.sqrt(power)
    frames = power.shape[1]
    _, _, complexity = features.acoustic_complexity_index(amplitude)
    ndsi, _, anthrophony, biophony = features.soundscape_index(
        power, f, flim_bioPh=(2000, 7000), R_compatible=None
    )
    hf, _ = features.frequency_entropy(power)
    ht = features.temporal_entropy(y)
    fraction, duration, rate, _ = features.temporal_events(y, sr)
    _, background, snr = sound.temporal_snr(y)
    _, _, activity_level = features.temporal_activity(y)
    return [
        complexity,
        features.acoustic_diversity_index(amplitude, f, fmax=10000),
        features.acoustic_eveness_index(amplitude, f, fmax=10000),
        features.bioacoustics_index(amplitude, f, flim=(2000, 8000)),
        ndsi,
        anthrophony / frames,
        biophony / frames,
        hf * ht,
        ht,
        hf,
        rate,
        fraction,
        duration,
        background,
        snr,
        features.temporal_median(y),
        activity_level,
        features.number_of_peaks(amplitude, f),
    ]


def maad_variant(title: str, y: Array, sr: float) -> list[float]:
    """The values of a family with the parameters of `VARIANTS`."""
    from maad import features, sound

    y = y.astype(np.float64)
    y = y - np.mean(y)
    power, _, f, _ = sound.spectrogram(y, sr)
    amplitude = np.sqrt(power)

    def diversity() -> list[float]:
        options = {"fmax": 8000, "dB_threshold": -40}
        return [
            features.acoustic_diversity_index(amplitude, f, bin_step=500, **options),
            features.acoustic_eveness_index(amplitude, f, bin_step=1000, **options),
        ]

    def ndsi() -> list[float]:
        index, _, anthrophony, biophony = features.soundscape_index(power, f)
        return [index, anthrophony / power.shape[1], biophony / power.shape[1]]

    def entropy() -> list[float]:
        ht = features.temporal_entropy(y, compatibility="seewave")
        hf, _ = features.frequency_entropy(power, compatibility="seewave")
        return [hf * ht, ht, hf]

    def events() -> list[float]:
        fraction, duration, rate, _ = features.temporal_events(
            y, sr, dB_threshold=6, rejectDuration=0.05
        )
        return [rate, fraction, duration]

    def activity() -> list[float]:
        _, background, snr = sound.temporal_snr(y)
        fraction, _, level = features.temporal_activity(y, 6)
        return [background, snr, features.temporal_median(y), fraction, level]

    by_title: dict[str, Callable[[], list[float]]] = {
        "diversity to 8 kHz, 500 Hz, -40 dB": diversity,
        "bioacoustic, 1 to 10 kHz": lambda: [
            features.bioacoustics_index(amplitude, f, flim=(1000, 10000))
        ],
        "NDSI, scikit-maad's bands": ndsi,
        "entropy of amplitude": entropy,
        "events of 6 dB, 50 ms": events,
        "activity of 6 dB": activity,
        "peaks 100 Hz apart, 3 dB": lambda: [
            features.number_of_peaks(amplitude, f, min_freq_dist=100, slopes=(3, 3))
        ],
    }
    return by_title[title]()


def speed(clips: tuple[Array, ...], sr: float) -> Target:
    """Print processor times of both programs; return the target of their ratio."""
    seconds = np.empty((ROUNDS, 2))
    for row in seconds:
        begin = time.process_time()
        for y in clips:
            maad_row(y, sr)
        middle = time.process_time()
        featkit.analyse(clips, sr, "soundscape")
        row[:] = middle - begin, time.process_time() - middle
    maad, own = 1000 * np.median(seconds, axis=0) / len(clips)
    ratio = _common.speedup(*seconds.T)
    print_table(
        "Processor time per recording of 10 s",
        ["program", "ms"],
        [["scikit-maad", f"{maad:.2f}"], ["featkit", f"{own:.2f}"], ["ratio", f"{ratio:.1f}"]],
    )
    return Target("times as fast as scikit-maad", ratio, at_least=MIN_SPEEDUP)


def published(
    path: Path, recordings: list[str], names: tuple[str, ...], values: Array
) -> list[Target]:
    """Print differences from the published table."""
    if not path.exists():
        return [Target("difference from the published table", None, at_most=MAX_DIFFERENCE)]
    rows, table = published_rows(path)
    own = values[[recordings.index(name) for name in rows]]
    differences = {
        column: difference(
            own[:, names.index(name)],
            np.array([float(row[column]) for row in table])
            / (DURATION_FRAMES if column == "AnthroEnergy" else 1),
        )
        for column, name in {**PUBLISHED, **CHANGED}.items()
    }
    print_table(
        f"Greatest relative differences from the published table, {len(table)} recordings",
        ["index", "column", "program", "greatest difference", "at most"],
        [
            [
                {**PUBLISHED, **CHANGED}[column],
                column,
                "earlier scikit-maad",
                f"{value:.1e}",
                f"{MAX_DIFFERENCE:g}" if column in PUBLISHED else "no target",
            ]
            for column, value in differences.items()
        ],
    )
    return [
        Target(
            f"difference from the published {column}", differences[column], at_most=MAX_DIFFERENCE
        )
        for column in PUBLISHED
    ]


def published_rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Recordings and rows of the table; a row without a file precedes one with the file only."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    named: list[str] = []
    rows: list[dict[str, str]] = []
    for line, after in zip(lines, [*lines[1:], {"file": "", "ACI": "end"}], strict=True):
        name = line["file"] or ("" if after["ACI"] else after["file"])
        if line["ACI"] and name:
            named.append(Path(name).name)
            rows.append(line)
    return named, rows


DURATION_FRAMES = 428
"""Frames of a recording of the published table, over which scikit-maad sums powers."""


if __name__ == "__main__":
    main()
