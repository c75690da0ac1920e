"""Plain names of columns: "spectral contrast, band 3 (800 to 1600 Hz), mean over frames, dB".

A title has up to four parts: the descriptor, its component, the statistic and the unit. Components
are numbers, unless the descriptor states their meaning (`Descriptor.index_titles`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from featkit.features.statistics import statistic

if TYPE_CHECKING:
    from featkit.features.family import Descriptor

ABBREVIATIONS = {
    **{
        word: word.upper() for word in ("mfcc", "lfcc", "gfcc", "pncc", "lpc", "lpcc", "lsf", "plp")
    },
    **{word: word.upper() for word in ("rms", "dwt", "dwch", "cens", "rap", "ppq5", "ddp", "dda")},
    **{word: word.upper() for word in ("apq3", "apq5", "apq11", "hnr")},
    "rasta": "RASTA",
    "cqt": "constant-Q",
    "std": "standard deviation",
    "abs": "absolute",
    "db": "in dB",
}
"""Words of names of descriptors, and how they are written."""

PLAIN_NAMES = {
    "alpha_ratio": "alpha ratio (1 to 5 kHz over 50 Hz to 1 kHz)",
    "cepstral_peak_prominence_smoothed": "smoothed cepstral peak prominence",
    "chroma_cens": "CENS chroma",
    "chroma_cqt": "constant-Q chroma",
    "dwch_mean": "DWCH mean",
    "dwch_mean_abs": "DWCH mean absolute coefficient",
    "dwt_energy_share": "wavelet energy share",
    "dwt_entropy": "wavelet entropy",
    "dwt_log_energy": "wavelet log energy",
    "dwt_mean_abs": "wavelet mean absolute coefficient",
    "dwt_periodised_mean_abs": "periodised wavelet mean absolute coefficient",
    "dwt_periodised_ratio": "periodised wavelet ratio to the next higher band",
    "dwt_periodised_std": "periodised wavelet standard deviation",
    "dwt_std": "wavelet standard deviation",
    "f0": "fundamental frequency",
    "f0_semitone": "fundamental frequency above 27.5 Hz",
    "h1_a3": "first harmonic to third formant",
    "h1_h2": "first to second harmonic",
    "hammarberg_index": "Hammarberg index",
    "harmonic_to_noise_ratio": "harmonics-to-noise ratio",
    "harmonic_waveform_mean": "mean of the harmonic part",
    "harmonic_waveform_var": "variance of the harmonic part",
    "harmonicity_ac": "harmonics-to-noise ratio by autocorrelation",
    "harmonicity_cc": "harmonics-to-noise ratio by cross-correlation",
    "high_frequency_content": "high-frequency content",
    "jitter_absolute": "absolute jitter",
    "jitter_local": "local jitter",
    "la10": "A-weighted level exceeded 10 % of the time",
    "la50": "A-weighted level exceeded 50 % of the time",
    "la90": "A-weighted level exceeded 90 % of the time",
    "la_max": "maximum A-weighted level",
    "laeq": "A-weighted equivalent level",
    "lceq": "C-weighted equivalent level",
    "leq": "equivalent level with the mean of the samples",
    "local_jitter": "local jitter of frames",
    "local_shimmer_db": "local shimmer of frames in dB",
    "loudness_falling_slope": "slope of falling loudness",
    "loudness_integrated": "integrated loudness",
    "loudness_momentary_max": "maximum momentary loudness",
    "loudness_rising_slope": "slope of rising loudness",
    "loudness_short_term_max": "maximum short-term loudness",
    "low_energy_fraction": "low-energy fraction",
    "lpc_gain": "LPC gain of order",
    "lzeq": "unweighted equivalent level",
    "mfcc_delta": "first derivative of MFCC",
    "mfcc_delta2": "second derivative of MFCC",
    "odd_to_even_ratio": "odd to even harmonics",
    "pause_mean": "mean pause",
    "pause_share": "share of pauses",
    "percussive_waveform_mean": "mean of the percussive part",
    "percussive_waveform_var": "variance of the percussive part",
    "pitch_falling_slope": "slope of falling pitch",
    "pitch_rising_slope": "slope of rising pitch",
    "shimmer_db": "local shimmer in dB",
    "shimmer_local": "local shimmer",
    "signal_to_noise_ratio": "signal-to-noise ratio",
    "slope_0_500": "spectral slope from 0 to 500 Hz",
    "slope_500_1500": "spectral slope from 500 to 1500 Hz",
    "spectral_peaks_number": "number of spectral peaks",
    "spectral_rolloff": "spectral roll-off",
    "spectral_rolloff_25": "25 % spectral roll-off",
    "spectral_rolloff_50": "50 % spectral roll-off",
    "spectral_rolloff_85": "85 % spectral roll-off",
    "spectral_rolloff_95": "95 % spectral roll-off",
    "speech_hnr": "harmonics-to-noise ratio of speech",
    "speech_mfcc": "MFCC of speech",
    "speech_mfcc_voiced": "MFCC of voiced speech",
    "third_octave_level": "third-octave level",
    "tone_to_noise_frequency": "frequency of the tone with the greatest tone-to-noise ratio",
    "tone_to_noise_ratio": "tone-to-noise ratio",
    "tonnetz": "tonal centroid",
    "tonnetz_cens": "tonal centroid of CENS chroma",
    "tonnetz_cqt": "tonal centroid of constant-Q chroma",
    "unvoiced_region_mean": "mean unvoiced region",
    "unvoiced_region_std": "standard deviation of unvoiced regions",
    "voice_f0": "fundamental frequency of the voice",
    "voice_f0_semitone": "fundamental frequency of the voice above 27.5 Hz",
    "voice_voiced": "voiced frames of the voice",
    "voiced": "voiced frames",
    "voiced_region_mean": "mean voiced region",
    "voiced_region_std": "standard deviation of voiced regions",
    "zero_crossing_rate": "zero-crossing rate",
    "zwicker_loudness": "Zwicker loudness",
    "zwicker_loudness_level": "Zwicker loudness level",
}
"""Names of descriptors that the words of their column would not explain."""

PITCH_CLASS_TITLES = tuple(
    f"pitch class {name}"
    for name in ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
)

TONNETZ_TITLES = tuple(
    f"{circle}, {axis}"
    for circle in ("circle of fifths", "circle of minor thirds", "circle of major thirds")
    for axis in "xy"
)


def column_title(descriptor: Descriptor, index: str, statistic_name: str, unit: str) -> str:
    """Return the plain name of a column, with component, statistic and unit.

    Parameters
    ----------
    descriptor : Descriptor
        Descriptor of the column.
    index : str
        Component of the descriptor; "" for a single value, and ``"all"`` for all components.
    statistic_name : str
        Name of the statistic; "" for one value per recording.
    unit : str
        Unit of the column, ``"1"`` for a pure number.

    Returns
    -------
    str
    """
    return ", ".join(_parts(descriptor, index, statistic_name, unit))


def _parts(descriptor: Descriptor, index: str, statistic_name: str, unit: str) -> Iterator[str]:
    name = plain_name(descriptor.name)
    meanings = dict(zip(descriptor.indices, descriptor.index_titles, strict=False))
    if index in meanings:
        yield name
        yield meanings[index]
    elif index in descriptor.indices:
        yield f"{name} {plain_index(index)}"
    else:
        yield f"{name}, all components" if index else name
    if statistic_name:
        yield statistic_title(statistic_name)
    if unit != "1":
        yield unit


def plain_name(name: str) -> str:
    """Return the plain name of a descriptor.

    Parameters
    ----------
    name : str
        Such as ``"spectral_contrast"``.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_name("spectral_contrast"), plain_name("mfcc"), plain_name("f0")
    ('spectral contrast', 'MFCC', 'fundamental frequency')
    """
    if name in PLAIN_NAMES:
        return PLAIN_NAMES[name]
    return " ".join(ABBREVIATIONS.get(word, word) for word in name.split("_"))


def plain_index(index: str) -> str:
    """Return the number of a component as text.

    Parameters
    ----------
    index : str
        Such as ``"3of20"``.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_index("3"), plain_index("3of20")
    ('3', '3 of 20')
    """
    return re.sub(r"^(\d+)of(\d+)$", r"\1 of \2", index)


def statistic_title(name: str) -> str:
    """Return the plain name of a statistic: its definition without details.

    Parameters
    ----------
    name : str
        Name of a statistic.

    Returns
    -------
    str

    Examples
    --------
    >>> statistic_title("std"), statistic_title("p90")
    ('standard deviation over frames', 'percentile 90 over frames')
    """
    definition, _, _ = statistic(name).definition.partition(":")
    return re.sub(r" \([^()]*\)", "", definition)


def wavelet_band_titles(names: Iterable[str]) -> tuple[str, ...]:
    """Return the meaning of wavelet bands: level, and range as a part of the sample rate.

    Parameters
    ----------
    names : iterable of str
        Such as ``"a7"``, ``"d3"`` or ``"d3of9"``.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> wavelet_band_titles(["a7", "d1"])
    ('approximation 7 (below 1/256 of the sample rate)', 'detail 1 (1/4 to 1/2 of the sample rate)')
    """
    return tuple(_wavelet_band_title(name) for name in names)


def _wavelet_band_title(name: str) -> str:
    band, _, total = name.partition("of")
    level = int(band[1:])
    number = f"{level} of {total}" if total else f"{level}"
    if band.startswith("a"):
        return f"approximation {number} (below 1/{2 ** (level + 1)} of the sample rate)"
    return f"detail {number} (1/{2 ** (level + 1)} to 1/{2**level} of the sample rate)"
