"""The entries that add sound levels to a feature set."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from featkit.dsp.third_octaves import EDGE, NOMINAL, exact_frequencies
from featkit.features.sets.entries import Entry

LOWEST_BAND = 25.0
"""Nominal mid-frequency of the lowest third-octave band in Hz."""


def level_entries(calibration: Mapping[str, float], sample_rate: float | None) -> list[Entry]:
    """Return the entries of sound levels and of third-octave levels.

    Parameters
    ----------
    calibration : mapping of str to float
        Parameters of `CalibrationParameters`.
    sample_rate : float or None
        Sample rate of the set in Hz; bands that extend beyond half of it are left out. None if each
        recording keeps its own: then all bands up to 20 kHz are included.

    Returns
    -------
    list of Entry

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    """
    edges = exact_frequencies(np.array(NOMINAL)) * EDGE
    half = np.inf if sample_rate is None else sample_rate / 2
    bands = [
        hz for hz, edge in zip(NOMINAL, edges, strict=True) if hz >= LOWEST_BAND and edge < half
    ]
    span = {"lowest": bands[0], "highest": bands[-1]}  # at 100 Hz, the least rate, three
    mappings: list[Mapping[str, str | float]] = [
        {"family": "sound_level", **calibration},
        {"family": "third_octave_levels", **calibration, **span},
    ]
    return [Entry.from_mapping(mapping, where="calibration") for mapping in mappings]
