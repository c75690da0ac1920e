"""Agreement of the sets voice88 and egemaps88 with openSMILE's eGeMAPSv02, by columns, and speed.

    python benchmarks/voice88.py EMODB [--clips N]

EMODB is the folder of the 535 sentences. voice88 has the published definitions of the 88 columns,
egemaps88 the conventions of openSMILE. All programs get the same samples at 16 kHz, rounded towards
zero to 16 bits as by openSMILE. The package opensmile must be installed. The table has the
correlations of both sets over recordings; and for egemaps88 that of ranks, which a few extreme
ratios do not affect, and the medians. The speed is that of 30 s of joined sentences, the programs
in turn in one process, by processor time. If parselmouth is installed, mean formants of voice88 and
of openSMILE are also compared with those of Praat ("To Formant (burg)", 5500 Hz) in the frames that
are voiced here. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Target, print_table
from scipy.stats import spearmanr

import featkit
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

Array = np.ndarray[Any, np.dtype[Any]]

SR = 16000
SETS = ("voice88", "egemaps88")
"""The sets of published definitions and of openSMILE's conventions."""

CLOSE, LEAST_CLOSE = 0.95, 70
"""Correlation of a column that agrees, and number of columns of egemaps88 that should."""

LEAST_RATIO = 10.0
"""Time of openSMILE over that of featkit."""

SECONDS, ROUNDS = 30, 7

REASONS = {
    r"F0.*Slope": "slopes between voiced parts, which last one frame, depend on single frames",
    r"F\dbandwidth.*Norm": "openSMILE's single precision changes one frame in a hundred",
    r"(slope|mfcc|H1-H2|H1-A3|alpha).*Norm": "ratio to a mean near 0",
    r"(jitter|shimmer)": "the pitch of 1 % of frames, and so where periods begin; without those"
    " recordings the correlation is 0.99",
    r"F0.*(Norm|range|percentile)": "0.3 % of frames differ by more than 3 semitones",
    r"(HNR|Segment)": "0.3 % of frames differ in voicing",
    r"loudnessPeaks": "peaks of similar height",
}
"""Reasons for which a column of egemaps88 differs, by a pattern of its name, the first to match."""


class Column(NamedTuple):
    """Agreement of a column."""

    name: str
    correlation: float
    ranks: float
    medians: tuple[float, float]
    undefined: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="EMODB")
    parser.add_argument("--clips", type=int, help="number of recordings, all by default")
    options = parser.parse_args()
    paths = sorted(Path(options.folder).rglob("*.wav"))[: options.clips]
    if not paths:
        sys.exit(f"{options.folder}: no recordings")
    clips = [samples(path) for path in paths]
    try:
        reference = opensmile_function()
    except ImportError:
        sys.exit("the package opensmile is not installed")
    theirs = np.stack([reference(clip) for clip in clips])
    names = featkit.feature_set("voice88").column_names
    published, columns = (
        [
            agreement(*column)
            for column in zip(names, featkit.analyse(clips, SR, name).T, theirs.T, strict=True)
        ]
        for name in SETS
    )
    print_table(
        f"{' and '.join(SETS)}, and openSMILE eGeMAPSv02, over {len(clips)} recordings",
        ["column", *SETS, "of ranks", "median, egemaps88", "openSMILE", "NaN", "reason"],
        [
            [columns[k].name, f"{published[k].correlation:.4f}", *row(columns[k])]
            for k in range(len(columns))
        ],
    )
    print()
    for name, own in zip(SETS, (published, columns), strict=True):
        close, close_ranks = number_close(own)
        print(f"{name}: {close} of {len(own)} columns correlate by {CLOSE:g}", end=", ")
        print(f"by ranks {close_ranks}")
    compare_formants(clips, theirs)
    joined = np.concatenate(list(islice(clips, SECONDS)))[: SECONDS * SR]
    *own_times, other = seconds(
        *(partial(featkit.analyse, [joined], SR, name) for name in SETS),
        lambda: reference(joined),
    )
    targets = [
        Target(
            "columns of egemaps88 that agree with openSMILE",
            float(number_close(columns)[0]),
            at_least=LEAST_CLOSE,
        )
    ]
    for name, own_time in zip(SETS, own_times, strict=True):
        print(f"{len(joined) / SR:g} s of speech: {name} {1e3 * own_time:.0f} ms", end=", ")
        print(f"openSMILE {1e3 * other:.0f} ms, ratio {other / own_time:.1f}")
        ratio = other / own_time
        targets.append(
            Target(f"time of openSMILE over that of {name}", ratio, at_least=LEAST_RATIO)
        )
    sys.exit(_common.any_missed(targets))


def number_close(columns: Sequence[Column]) -> tuple[int, int]:
    """Number of columns that correlate, by values and by ranks."""
    return (
        sum(column.correlation >= CLOSE for column in columns),
        sum(column.ranks >= CLOSE for column in columns),
    )


def compare_formants(clips: Sequence[Array], theirs: Array) -> None:
    """Print how mean formants of both programs agree with those of Praat."""
    try:
        import parselmouth
    except ImportError:
        print("\nformants are not compared with Praat: parselmouth is not installed")
        return
    praat, ours = [], []
    for clip in clips:
        stack = Stack([clip], SR, SpectraParameters())
        frequencies, _ = stack.voiced_spectra.formants
        analysis = parselmouth.Sound(clip.astype(np.float64), SR).to_formant_burg(0.01, 5, 5500)
        middles = 0.01 * (1 + np.arange(frequencies.shape[1]))
        by_praat = np.array(
            [[analysis.get_value_at_time(k, t) for t in middles] for k in (1, 2, 3)]
        )
        defined = np.isfinite(frequencies).all(axis=0) & np.isfinite(by_praat).all(axis=0)
        frequencies[:, ~defined], by_praat[:, ~defined] = np.nan, np.nan
        ours.append(np.nanmean(frequencies, axis=1))
        praat.append(np.nanmean(by_praat, axis=1))
    names = list(featkit.feature_set("voice88").column_names)
    rows = []
    for k, (own, reference) in enumerate(zip(np.transpose(ours), np.transpose(praat), strict=True)):
        other = theirs[:, names.index(f"F{k + 1}frequency_sma3nz_amean")]
        correlations = [np.corrcoef(x, reference)[0, 1] for x in (own, other)]
        medians = [np.median(x) for x in (reference, own, other)]
        rows.append(
            [f"F{k + 1}", *(f"{r:.3f}" for r in correlations), *(f"{m:.0f}" for m in medians)]
        )
    print_table(
        "Mean formants of each recording",
        ["", "r of featkit and Praat", "of openSMILE and Praat"]
        + [f"median, {name}" for name in ("Praat", "featkit", "openSMILE")],
        rows,
    )


def samples(path: Path) -> Array:
    """Samples of a recording at `SR`, of 16 bits."""
    y, _ = featkit.load(path, sr=SR)
    return (np.clip(np.trunc(y * 32768.0), -32768, 32767) / 32768).astype(np.float32)


def opensmile_function() -> Callable[[Array], Array]:
    """A function that returns the 88 functionals of samples."""
    import opensmile

    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02,
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    names = list(featkit.feature_set("voice88").column_names)
    if names != list(smile.feature_names):
        sys.exit("the columns of voice88 are not those of openSMILE")
    return lambda y: np.asarray(smile.process_signal(y, SR).to_numpy()[0], dtype=np.float64)


def agreement(name: str, ours: Array, theirs: Array) -> Column:
    """Correlations of a column over the recordings in which it is defined."""
    defined = np.isfinite(ours) & np.isfinite(theirs)
    x, y = ours[defined], theirs[defined]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a constant column has no correlation
        correlation, ranks = float(np.corrcoef(x, y)[0, 1]), float(spearmanr(x, y)[0])
    medians = float(np.median(x)), float(np.median(y))
    return Column(name, correlation, ranks, medians, int(np.sum(~defined)))


def row(column: Column) -> list[str]:
    """Cells of the table after the name and the correlation of voice88."""
    reason = ""
    if not column.correlation >= CLOSE:
        matches = (text for pattern, text in REASONS.items() if re.search(pattern, column.name))
        reason = next(matches, "unknown")
    return [
        f"{column.correlation:.4f}",
        f"{column.ranks:.4f}",
        *(f"{median:.4g}" for median in column.medians),
        str(column.undefined or ""),
        reason,
    ]


def seconds(*functions: Callable[[], object]) -> list[float]:
    """Least processor time of each function, called in turn."""
    times = np.full((ROUNDS, len(functions)), np.inf)
    for function in functions:
        function()
    for k in range(ROUNDS):
        for j, function in enumerate(functions):
            begin = time.process_time()
            function()
            times[k, j] = time.process_time() - begin
    return [float(t) for t in times.min(axis=0)]


if __name__ == "__main__":
    main()
