"""Linear prediction and cepstra of speech: values beside references on EmoDB, and their speed.

    python benchmarks/cepstral.py EMODB [--every N]

EMODB is the folder of the 535 sentences, of which every ninth is analysed by default. References
are the equations of the papers (`tests/paper_cepstra.py`, in double precision, with SciPy's solver
of Toeplitz systems and NumPy's polynomial roots); `librosa.lpc`, if it is installed, which
minimises another error (Burg's method); and spafe, if it is installed, whose definitions differ.
Frames of digital silence are left out. The exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Array, Target, load_all, print_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import paper_cepstra

import featkit
from featkit.dsp.levinson import levinson, windowed_autocorrelation
from featkit.features.analysis import frame_values
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 16000

FAMILIES = ("lpc", "lpcc", "lsf", "plp", "rasta_plp", "lfcc", "pncc")

MAX_MS = {name: 40.0 if name == "pncc" else 15.0 for name in FAMILIES}
"""Milliseconds for 30 s at 16 kHz on one thread."""

MAX_DIFFERENCE = 1e-3
"""From the equations of the papers, as a share of a coefficient's standard deviation."""

MIN_CORRELATION = {"librosa.lpc": 0.9, "spafe pncc": 0.9, "spafe lfcc": 0.95}
"""Lowest correlation of a coefficient with references that differ in details only."""


class Comparison(NamedTuple):
    """A family beside a reference."""

    family: str
    reference: str
    function: Callable[[Array], Array]
    """Returns ``(coefficients, frames)`` from the samples."""
    reason: str
    ours: Callable[[Array], Array] | None = None
    """Replaces the family, to compare like with like."""
    means: bool = False
    """Whether means over a file are compared, since the frames differ."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="EMODB")
    parser.add_argument("--every", type=int, default=9, help="analyse every Nth sentence")
    options = parser.parse_args()
    clips = [y for _, y, _ in load_all(options.folder, SR)]
    targets = [*compare(clips[:: options.every]), *measure(np.concatenate(clips)[: 30 * SR])]
    sys.exit(_common.any_missed(targets))


def values(
    family: str, y: Array, spectra: dict[str, Any] | None = None, **parameters: Any
) -> Array:
    """Values over time, ``(rows, frames)``."""
    entry = {"family": family, "statistics": ["mean"], **parameters}
    features = featkit.feature_set({"sample_rate": SR, "features": [entry]})
    stack = Stack([y], SR, SpectraParameters(**(spectra or {})))
    return frame_values(stack, features)[0].values


def compare(clips: list[Array]) -> Iterator[Target]:
    """Print the table of comparisons."""
    rows = []
    for own in comparisons():
        pairs = [pair(own, y) for y in clips]
        ours, theirs = (np.hstack([p[k] for p in pairs]) for k in (0, 1))
        if own.reference == "paper":
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
        defined = np.isfinite(ours).all(axis=0) & np.isfinite(theirs).all(axis=0)
        ours, theirs = ours[:, defined], theirs[:, defined]
        correlation = [np.corrcoef(a, b)[0, 1] for a, b in zip(ours, theirs, strict=True)]
        difference = np.max(np.abs(ours - theirs) / np.std(theirs, axis=1, keepdims=True))
        name = f"{own.family}, {own.reference}"
        if own.reference == "paper":
            yield Target(f"{name}: greatest difference", difference, at_most=MAX_DIFFERENCE)
        if own.reference in MIN_CORRELATION:
            low = MIN_CORRELATION[own.reference]
            yield Target(f"{name}: lowest correlation", min(correlation), at_least=low)
        cells = " ".join(
            f"{value:.3f}".removeprefix("0").replace("1.000", "1") for value in correlation
        )
        rows.append([own.family, own.reference, cells, f"{difference:.1e}", own.reason])
    print_table(
        f"EmoDB, {len(clips)} sentences: correlation of each coefficient over frames (or over means"
        " of files), and the greatest difference in standard deviations",
        ["family", "reference", "correlation", "difference", "definitions"],
        rows,
    )


def pair(own: Comparison, y: Array) -> tuple[Array, Array]:
    """Values and those of the reference, over the frames or coefficients that both have."""
    if own.reference.startswith("spafe"):  # it fails in digital silence
        sounding = np.flatnonzero(y)
        y = y[sounding[0] : sounding[-1] + 1]
    ours = values(own.family, y) if own.ours is None else own.ours(y)
    theirs = own.function(y)
    if own.means:
        ours, theirs = (np.nanmean(x, axis=1, keepdims=True) for x in (ours, theirs))
    frames = min(ours.shape[1], theirs.shape[1])
    return ours[: len(theirs), :frames], theirs[:, :frames]


def comparisons() -> Iterator[Comparison]:
    """All comparisons for which the references are installed."""
    for family in ("lpc", "lpcc", "lsf"):
        yield Comparison(
            family, "paper", lambda y, k=family: paper_cepstra.linear_prediction(y)[k], "the same"
        )
    for family in ("plp", "rasta_plp", "pncc"):
        yield Comparison(family, "paper", getattr(paper_cepstra, family), "the same")
    if find_spec("librosa"):
        reason = "Burg's method, on the same windowed frames"
        yield Comparison("lpc", "librosa.lpc", burg, reason)
    if find_spec("spafe"):
        yield from spafe_comparisons()


def burg(y: Array) -> Array:
    """Coefficients of each frame by librosa."""
    import librosa

    x = paper_cepstra.emphasised(paper_cepstra.frames(y, 0.025, SR))
    x *= paper_cepstra.hamming(x.shape[1])
    return np.array([librosa.lpc(frame, order=12)[1:] for frame in x]).T


def spafe_comparisons() -> Iterator[Comparison]:
    """Comparisons with spafe."""
    from spafe.features.lfcc import lfcc
    from spafe.features.lpc import lpc, lpcc
    from spafe.features.pncc import pncc
    from spafe.features.rplp import plp, rplp
    from spafe.utils.preprocessing import SlidingWindow

    short = SlidingWindow(0.025, 0.01, "hamming")
    longer = SlidingWindow(0.0256, 0.01, "hamming")
    yield Comparison(
        "lpc",
        "spafe lpc",
        lambda y: lpc(y, SR, order=13, window=short)[0].T[1:],
        "frames are not windowed",
    )
    yield Comparison(
        "lpc without window",
        "spafe lpc",
        lambda y: lpc(y, SR, order=13, window=short)[0].T[1:],
        "the same; it is pre-emphasised before framing",
        ours=unwindowed,
    )
    yield Comparison(
        "lpcc",
        "spafe lpcc",
        lambda y: lpcc(y, SR, order=13, window=short).T,
        "not windowed; opposite sign; sums contain c[n] instead of c[k]",
    )
    reason = "24 bands; cepstra by the recursion of its lpcc"
    yield Comparison("plp", "spafe plp", lambda y: plp(y, SR, window=short).T, reason)
    yield Comparison("rasta_plp", "spafe rplp", lambda y: rplp(y, SR, window=short).T, reason)
    yield Comparison(
        "pncc",
        "spafe pncc",
        lambda y: pncc(y, SR, num_ceps=13, window=longer, nfilts=40, nfft=1024, low_freq=200).T[1:],
        "its own gammatone filters and edges; first coefficient left out",
        ours=lambda y: values("pncc", y)[1:],
    )
    yield Comparison(
        "lfcc",
        "spafe lfcc",
        lambda y: lfcc(y, SR, num_ceps=13, pre_emph=False, window=short).T,
        "24 bands; Hamming windows of 25 ms, not Hann windows of 32 ms: means over files",
        ours=lambda y: values(
            "lfcc", y, {"n_fft": 512, "hop_length": 160, "n_mels": 20}, n_bands=24, n_lfcc=13
        ),
        means=True,
    )


def unwindowed(y: Array) -> Array:
    """Coefficients of order 12 in frames without window."""
    emphasised = np.append(y[:1], y[1:] - 0.97 * y[:-1])
    frames = paper_cepstra.frames(emphasised, 0.025, SR)
    r = windowed_autocorrelation(frames, np.ones(frames.shape[1]), 12)
    return levinson(r, 12)[0][1:]


def measure(y: Array) -> Iterator[Target]:
    """Print the time of each family."""
    rows = []
    for family in FAMILIES:
        seconds = []
        for _ in range(9):
            begin = time.process_time()
            values(family, y)
            seconds.append(time.process_time() - begin)
        ms = 1000 * min(seconds)
        rows.append([family, f"{ms:.1f}", f"{MAX_MS[family]:g}"])
        yield Target(f"{family}: ms for 30 s", ms, at_most=MAX_MS[family])
    print_table(
        f"Processor time for {len(y) / SR:g} s at 16 kHz, the least of nine",
        ["family", "ms", "target"],
        rows,
    )


if __name__ == "__main__":
    main()
