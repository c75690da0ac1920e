"""Chroma over time, in the tuning of the recording: what two versions of a piece have in common."""

from __future__ import annotations

import numpy as np

from featkit._utils.typing import Array
from featkit.auditing.copies.versions import HOP, N_FFT, POOLED, SHORTEST, SR
from featkit.auditing.measure import Measure, Piece, Values
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

LONGEST = 600.0
"""Seconds from the beginning of a recording that are analysed."""

SIZES = {"n_fft": N_FFT, "hop_length": HOP}


def _compute(piece: Piece) -> Values:
    """Chroma and tuning of a piece.

    ``chroma`` are square roots, ``(steps, 12)``, uint8, 255 for the strongest class of a frame;
    ``tuning`` are sums for `featkit.auditing.copies.tunings`, ``(1, 4)``. Both are empty for a
    piece that is too short to be compared.
    """
    n_samples = min(len(piece.y), int((LONGEST - piece.start) * piece.rate))
    if n_samples < SHORTEST * piece.rate:
        return {"chroma": np.empty((0, 12), np.uint8), "tuning": np.empty((0, 4))}
    y = piece.at(SR)[: round(n_samples / piece.rate * SR)]
    stack = Stack([y], SR, SpectraParameters.from_mapping(SIZES, where="chroma"))
    return {"chroma": _steps(stack.gathered("chromagram")), "tuning": _tuning(stack)}


def _steps(chromagram: Array) -> Array:
    steps = chromagram.shape[1] // POOLED
    frames = np.sqrt(chromagram[:, : steps * POOLED]).reshape(12, steps, POOLED)
    return np.asarray(np.round(255 * frames.mean(axis=2).T), dtype=np.uint8)


def _tuning(stack: Stack) -> Array:
    _, hz, power = np.reshape(stack.gathered("peaks"), (-1, 3)).T.astype(np.float64)
    magnitude = np.sqrt(power)
    turns = np.sum(magnitude * np.exp(2j * np.pi * 12 * np.log2(hz / 440)))
    return np.array([[turns.real, turns.imag, magnitude.sum(), len(hz)]])


MEASURE = Measure(name="chroma", version=2, compute=_compute)
