"""Time of single families by the compiled core and by NumPy, and their differences.

    python benchmarks/compiled_families.py [FOLDER]

The families computed from samples and series: wavelets, envelope, zero crossings, level, tuning,
differences of MFCC, and all statistics. Times are processor time, in turn; a pass is SciPy's
transform of all frames of 30 s. With a folder of recordings, the values of up to 100 clips are
compared between the two. The exit status is 1 if a value differs by more than 1e-6 of the largest
value of its column.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

import _common  # before NumPy, since it sets the number of threads
import numpy as np
import scipy.fft
from _common import SR, Array, Target, print_table

import featkit
from featkit.dsp import _compiled
from featkit.features.analysis import frame_values
from featkit.features.spectra.stack import Stack
from featkit.features.statistics import summarise

ROUNDS = 7

FAMILIES = ("wavelets", "envelope", "zero_crossing_rate", "rms", "tuning", "mfcc_delta")

Call = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="folder of audio files, to compare values")
    folder = parser.parse_args().folder
    if _compiled.core is None:
        sys.exit("there is no compiled core to measure")
    music = _common.synthetic_music()
    short = [music[k * 3000 : k * 3000 + 9702] for k in range(200)]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(music, 1024), 2048)[::512]
    one_pass = min(_seconds(lambda: scipy.fft.rfft(frames, axis=1)) for _ in range(ROUNDS))
    rows = [
        [name, *_row(call_for([music]), one_pass), *_row(call_for(short), None)]
        for name, call_for in _calls().items()
    ]
    header = ["", "30 s, ms", "passes", "NumPy, ms", "200 clips of 0.44 s, ms", "NumPy, ms"]
    print_table(f"A pass takes {1000 * one_pass:.2f} ms", header, rows)
    difference = _largest_difference(folder) if folder else None
    if _common.any_missed([Target("largest difference / scale", difference, at_most=1e-6)]):
        sys.exit(1)


def _calls() -> dict[str, Callable[[Sequence[Array]], Call]]:
    """Functions that return what is to be measured for some clips."""
    families = {name: _family_call(name) for name in FAMILIES}
    sets = {f"statistics of {name}": _statistics_call(name) for name in ("genre75", "standard")}
    return families | sets


def _family_call(name: str) -> Callable[[Sequence[Array]], Call]:
    chosen = _feature_set([name])
    return lambda clips: lambda: featkit.analyse(clips, SR, chosen)


def _statistics_call(name: str) -> Callable[[Sequence[Array]], Call]:
    chosen = featkit.feature_set(name)

    def call(clips: Sequence[Array]) -> Call:
        computed = frame_values(Stack(clips, SR, chosen.spectra), chosen)
        entries = [(e, *own) for e, own in zip(chosen.entries, computed, strict=True)]
        return lambda: [
            summarise(values, segments, e.statistics)
            for e, values, segments in entries
            if e.statistics
        ]

    return call


def _feature_set(names: Sequence[str]) -> featkit.FeatureSet:
    per_clip = {"wavelets", "envelope", "tuning"}
    entries = [
        {"family": name} | ({} if name in per_clip else {"statistics": ["std"]}) for name in names
    ]
    return featkit.feature_set({"features": entries})


def _row(call: Call, one_pass: float | None) -> list[str]:
    compiled, numpy = np.min([[_seconds(call), _without_core(call)] for _ in range(ROUNDS)], axis=0)
    passes = [f"{compiled / one_pass:.2f}"] if one_pass else []
    return [f"{1000 * compiled:.2f}", *passes, f"{1000 * numpy:.2f}"]


def _seconds(call: Call) -> float:
    """Processor time of the second of two calls, since the first one fills the caches."""
    call()
    begin = time.process_time()
    call()
    return time.process_time() - begin


def _without_core(call: Call) -> float:
    core = _compiled.core
    _compiled.core = None
    try:
        return _seconds(call)
    finally:
        _compiled.core = core


def _largest_difference(folder: str) -> float:
    clips = [y for _, y, _ in _common.load_all(folder, SR)]
    clips = clips[:: max(1, len(clips) // 100)]
    chosen = _feature_set(FAMILIES)
    ours = featkit.analyse(clips, SR, chosen)
    core, _compiled.core = _compiled.core, None
    theirs = featkit.analyse(clips, SR, chosen)
    _compiled.core = core
    scale = np.nanmax(np.abs(theirs), axis=0)
    difference = np.nanmax(np.abs(ours - theirs), axis=0) / scale
    worst = int(np.argmax(difference))
    same_nan = np.array_equal(np.isnan(ours), np.isnan(theirs))
    print(f"\nlargest difference of {len(clips)} clips: {difference[worst]:.1e} of the scale")
    return float(difference[worst]) if same_nan else np.inf


if __name__ == "__main__":
    main()
