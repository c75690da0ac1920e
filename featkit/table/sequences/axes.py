"""Axes of sequences: the frequencies of mel bands, and the time that frames cover.

Both follow from the sequence set in the provenance, which `featkit.features.sequences` writes. The
bands are those of the family ``mel_bands``: from 0 Hz to half the sample rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featkit._utils.typing import Array
from featkit.dsp.filters import mel_frequencies
from featkit.table.sequences.sequences import Sequences

MEL_FAMILY = "mel_bands"


def band_edges(sequences: Sequences, kind: str) -> Array | None:
    """Return the frequencies that bound the mel bands of a kind.

    Parameters
    ----------
    sequences : Sequences
        With the provenance of their computation.
    kind : str
        Name of the kind.

    Returns
    -------
    array of float64, shape ``(channels + 1,)``, or None
        In Hz, evenly spaced on the mel scale: a band's triangle has half of its height or more
        between two of them. None if the channels are no mel bands, or the rate is that of each
        recording.
    """
    definition = _definition(sequences)
    rate = definition.get("sample_rate")
    if not isinstance(rate, int | float) or _family(definition, kind) != MEL_FAMILY:
        return None
    channels, _ = sequences.kinds[kind].shape
    # The filters have their ends and centres at channels + 2 points; bounds lie between centres.
    points = mel_frequencies(2 * channels + 3, 0.0, rate / 2)
    edges: Array = points[1::2]
    return edges


def row_seconds(sequences: Sequences, kind: str, duration: float | None = None) -> float | None:
    """Return the time that the frames of a row cover, with padding.

    Parameters
    ----------
    sequences : Sequences
        With the provenance of their computation.
    kind : str
        Name of the kind.
    duration : float, optional
        Duration of the row in seconds, which determines the time if sequences of whole recordings
        are resampled.

    Returns
    -------
    float or None
        In seconds; None if it is unknown.
    """
    definition = _definition(sequences)
    if definition.get("length_rule") == "resample":
        seconds = definition.get("seconds")
        return duration if seconds is None else float(seconds)
    rate = definition.get("sample_rate")
    hop_length = definition.get("spectra", {}).get("hop_length")
    if not isinstance(rate, int | float) or hop_length is None:
        return None
    _, frames = sequences.kinds[kind].shape
    return float(frames * hop_length / rate)


def stated_shape(described: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the shape of a kind of sequence that a provenance states.

    Parameters
    ----------
    described : mapping
        The entry of the kind in ``provenance["sequences"]``: its ``frames``, and its ``channels``,
        a list of their descriptions or their number.

    Returns
    -------
    channels, frames : object
        Whole numbers, unless the provenance is damaged; None if they are missing.
    """
    channels = described.get("channels")
    return len(channels) if isinstance(channels, list) else channels, described.get("frames")


def _definition(sequences: Sequences) -> Mapping[str, Any]:
    definition = sequences.provenance.get("sequence_set", {})
    return definition if isinstance(definition, Mapping) else {}


def _family(definition: Mapping[str, Any], kind: str) -> str | None:
    """Family of a kind."""
    return next((own["family"] for own in definition["kinds"] if own["name"] == kind), None)
