"""Psychoacoustic families: values from theory, and values and time of MoSQITo on recordings.

    python benchmarks/psychoacoustics.py [FOLDER ...] [--count 20] [--seconds 5]

The first table compares signals whose loudness, sharpness, roughness, fluctuation strength or
tonality is published. The second one compares recordings, if folders are given and MoSQITo 1.2 is
installed; both programs compute a recording in turn. Files are resampled to 48 kHz, a sample of
full scale has 1 Pa, and only the first seconds of as many recordings as `--count` are used. The
exit status is 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Array, Target, print_table

import featkit
from featkit.datasets.files import find
from featkit.dsp.calibrated_signals import band_noise, modulated_tone, tone
from featkit.dsp.signals import noise, sine

SR = 48000

LEAST_VALUES = 5
"""Least number of recordings with a value of both programs, for a correlation."""

MOSQITO = importlib.util.find_spec("mosqito") is not None


class Quantity(NamedTuple):
    """A value of both programs, and the bounds of its targets."""

    entry: dict[str, Any]
    column: int
    reference: Callable[[Array], float] | None
    correlation: float
    times_faster: float
    unit: str


def _first(value: Any) -> float:
    return float(np.ravel(value)[0])


def _greatest(value: Any) -> float:
    values = np.ravel(np.asarray(value, dtype=float))
    return float(np.max(values)) if values.size else np.nan


def _mosqito(name: str, *arguments: Any, **options: Any) -> Any:
    from mosqito import sq_metrics

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(sq_metrics, name)(*arguments, **options)


def _family(family: str, statistic: str | None = "mean", **parameters: Any) -> dict[str, Any]:
    entry = {"family": family, **parameters}
    return entry | ({"statistics": [statistic]} if statistic else {})


QUANTITIES = {
    "loudness, stationary": Quantity(
        _family("zwicker_loudness", method="stationary"),
        0,
        lambda y: _first(_mosqito("loudness_zwst", y, SR)[0]),
        0.999,
        1,
        "sone",
    ),
    "loudness, N5": Quantity(
        _family("zwicker_loudness", "p95"),
        0,
        lambda y: float(np.percentile(_mosqito("loudness_zwtv", y, SR)[0], 95)),
        0.999,
        10,
        "sone",
    ),
    "sharpness": Quantity(
        _family("sharpness", method="stationary"),
        0,
        lambda y: _first(_mosqito("sharpness_din_st", y, SR, weighting="din")),
        0.999,
        1,
        "acum",
    ),
    "roughness": Quantity(
        _family("roughness"),
        0,
        lambda y: float(np.mean(_mosqito("roughness_dw", y, SR, overlap=0.5)[0])),
        0.9,
        10,
        "asper",
    ),
    "fluctuation strength": Quantity(_family("fluctuation_strength"), 0, None, 0, 0, "vacil"),
    "tone-to-noise ratio": Quantity(
        _family("tonality", None),
        0,
        lambda y: _greatest(_mosqito("tnr_ecma_st", y, SR, prominence=False)[1]),
        0.5,
        10,
        "dB",
    ),
    "prominence ratio": Quantity(
        _family("tonality", None),
        2,
        lambda y: _greatest(_mosqito("pr_ecma_st", y, SR, prominence=False)[1]),
        0.5,
        10,
        "dB",
    ),
}
"""Quantities by name. Targets of correlation are for medians over recordings of many kinds."""


def own_value(name: str, y: Array, sr: float = SR, **parameters: Any) -> float:
    """Value of featkit."""
    quantity = QUANTITIES[name]
    entry = quantity.entry | parameters
    features = featkit.feature_set({"features": [entry]})
    return float(featkit.analyse([y], sr, features)[0, quantity.column])


class Case(NamedTuple):
    """A signal with a published value and the relative tolerance of its target."""

    text: str
    quantity: str
    signal: Callable[[], Array]
    value: float
    tolerance: float


def _tone_in_noise() -> Array:
    """A tone 20 dB above the white noise in its critical band."""
    power = 100 * 0.01**2 * 162.2 / (SR / 2)
    return noise(SR, 20.0, 0.01) + sine(1000.0, SR, 20.0, float(np.sqrt(2 * power)))


LOUDNESS = "loudness, stationary"
CASES = [
    Case("1 kHz, 40 dB", LOUDNESS, lambda: tone(1000, 40, SR), 1.0, 0.01),
    Case("1 kHz, 60 dB", LOUDNESS, lambda: tone(1000, 60, SR), 4.019, 0.01),
    Case("250 Hz, 80 dB", LOUDNESS, lambda: tone(250, 80, SR), 14.655, 0.01),
    Case("4 kHz, 40 dB", LOUDNESS, lambda: tone(4000, 40, SR), 1.549, 0.01),
    Case("1 kHz, 60 dB, end", "loudness, N5", lambda: tone(1000, 60, SR), 4.019, 0.01),
    Case("250 Hz band, 4 sone", "sharpness", lambda: band_noise(200, 300, 64, SR), 0.38, 0.1),
    Case("1 kHz band, 60 dB", "sharpness", lambda: band_noise(920, 1080, 60, SR), 1.0, 0.05),
    Case("2.5 kHz band", "sharpness", lambda: band_noise(2320, 2700, 60, SR), 1.78, 0.05),
    Case("4 kHz band", "sharpness", lambda: band_noise(3700, 4400, 60, SR), 2.82, 0.05),
    Case("1 kHz, AM 70 Hz", "roughness", lambda: modulated_tone(1000, 70, 60, SR), 1.0, 0.05),
    Case(
        "1 kHz, AM 4 Hz",
        "fluctuation strength",
        lambda: modulated_tone(1000, 4, 60, SR, 4.0),
        1.0,
        0.05,
    ),
    Case("1 kHz, 20 dB over noise", "tone-to-noise ratio", _tone_in_noise, 20.0, 0.025),
    Case("1 kHz, 20 dB over noise", "prominence ratio", _tone_in_noise, 20.04, 0.025),
]


def theory() -> Iterator[tuple[list[str], Target]]:
    """Rows of published values, and their targets."""
    for text, name, signal, value, tolerance in CASES:
        y = signal()
        own, reference = own_value(name, y), QUANTITIES[name].reference
        other = reference(y.astype(np.float64)) if reference and MOSQITO else np.nan
        unit = QUANTITIES[name].unit
        row = [name, text, unit, f"{value:.3f}", f"{own:.3f}", f"{other:.3f}"]
        error = abs(own / value - 1)
        yield row, Target(f"{name}, {text}: relative error", error, at_most=tolerance)


def modulation_curves() -> list[list[str]]:
    """Rows of roughness and fluctuation strength over the frequency of modulation."""
    rows = []
    for rate in (20, 40, 70, 100, 160):
        y = modulated_tone(1000, rate, 60, SR)
        reference = QUANTITIES["roughness"].reference
        other = reference(y.astype(np.float64)) if reference and MOSQITO else np.nan
        rows.append(["roughness", f"{rate}", f"{own_value('roughness', y):.2f}", f"{other:.2f}"])
    for rate in (1, 2, 4, 8, 16, 32):
        own = own_value("fluctuation strength", modulated_tone(1000, rate, 60, SR, 4.0))
        formula = 2 / (rate / 4 + 4 / rate)
        rows.append(["fluctuation strength", f"{rate}", f"{own:.2f}", f"{formula:.2f} (formula)"])
    return rows


def sample_rates() -> list[list[str]]:
    """Rows of values of the same noise at lower rates."""
    rows = []
    for name in ("loudness, stationary", "loudness, N5", "sharpness", "roughness"):
        values = []
        for sr in (8000, 16000, 22050, 44100, 48000, 96000):
            y = band_noise(50, 3500, 60, sr, 2.0)
            values.append(f"{own_value(name, y, sr):.3f}")
        rows.append([name, *values])
    return rows


def recordings(folders: list[str], count: int, seconds: float) -> list[Array]:
    """The beginning of recordings of all folders, at equal distances in their lists."""
    files = [recording.file for folder in folders for recording in _spread(folder, count)]
    loaded = [featkit.load(file, sr=SR)[0][: round(seconds * SR)] for file in files]
    return [y for y in loaded if len(y) >= SR]


def _spread(folder: str, count: int) -> list[Any]:
    everything = list(find([folder]))
    step = max(1, len(everything) // count)
    return everything[::step][:count]


def compared(clips: list[Array]) -> Iterator[tuple[list[str], list[Target]]]:
    """Rows of the comparison with MoSQITo on recordings, and their targets."""
    for name, quantity in QUANTITIES.items():
        if quantity.reference is None:
            continue
        values, seconds = _both(name, quantity.reference, clips)
        both = np.isfinite(values).all(axis=1)
        own, other = values[both].T
        enough = len(own) >= LEAST_VALUES
        correlation = float(np.corrcoef(own, other)[0, 1]) if enough else None
        difference = np.abs(own - other)
        faster = float(np.sum(seconds[:, 1]) / np.sum(seconds[:, 0]))
        yield (
            [
                name,
                quantity.unit,
                f"{both.sum()} of {len(clips)}",
                f"{np.median(own):.3f}",
                f"{np.median(other):.3f}",
                f"{np.median(difference):.3f}",
                f"{np.max(difference):.3f}",
                "" if correlation is None else f"{correlation:.4f}",
                f"{1000 * np.mean(seconds[:, 0]):.1f}",
                f"{1000 * np.mean(seconds[:, 1]):.1f}",
                f"{faster:.1f}",
            ],
            [
                Target(f"{name}: correlation", correlation, at_least=quantity.correlation),
                Target(f"{name}: times faster", faster, at_least=quantity.times_faster),
            ],
        )


def _both(
    name: str, reference: Callable[[Array], float], clips: list[Array]
) -> tuple[Array, Array]:
    """Values and processor seconds of both programs, ``(clips, 2)`` each."""
    own_value(name, clips[0])  # filters are designed, modules loaded
    reference(clips[0].astype(np.float64))
    values, seconds = np.empty((2, len(clips), 2))
    for k, y in enumerate(clips):
        precise = y.astype(np.float64)
        functions: Mapping[int, Callable[[], float]] = {
            0: lambda y=y: own_value(name, y),  # type: ignore[misc]
            1: lambda precise=precise: reference(precise),  # type: ignore[misc]
        }
        for column, function in functions.items():
            begin = time.process_time()
            values[k, column] = function()
            seconds[k, column] = time.process_time() - begin
    return values, seconds


def half_minute() -> Iterator[tuple[list[str], Target]]:
    """Rows of the time of each family for 30 s of noise, and their targets."""
    y = band_noise(20, 20000, 60, SR, 30.0)
    for name in QUANTITIES:
        own_value(name, y)
        begin = time.process_time()
        own_value(name, y)
        taken = time.process_time() - begin
        yield [name, f"{taken:.2f}"], Target(f"{name}: s for 30 s", taken, at_most=1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", metavar="FOLDER")
    parser.add_argument("--count", type=int, default=20, help="recordings of each folder")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each recording")
    options = parser.parse_args()
    rows, targets = map(list, zip(*theory(), strict=True))
    header = ["quantity", "signal", "unit", "published", "featkit", "MoSQITo"]
    print_table("Signals with published values", header, rows)
    header = ["quantity", "modulation in Hz", "featkit", "MoSQITo"]
    print_table("Tone of 1 kHz and 60 dB, modulated", header, modulation_curves())
    header = ["quantity", "8 kHz", "16 kHz", "22.05 kHz", "44.1 kHz", "48 kHz", "96 kHz"]
    print_table("Noise from 50 to 3500 Hz at other sample rates", header, sample_rates())
    timed, limits = map(list, zip(*half_minute(), strict=True))
    print_table("30 s of noise at 48 kHz", ["quantity", "s"], timed)
    targets += limits
    clips = recordings(options.folders, options.count, options.seconds) if MOSQITO else []
    if clips:
        rows, limits = map(list, zip(*compared(clips), strict=True))
        title = f"{len(clips)} recordings of up to {options.seconds:g} s, featkit and MoSQITo"
        header = ["quantity", "unit", "with a value", "median", "MoSQITo's", "median difference"]
        header += ["largest", "correlation", "ms", "MoSQITo's", "times faster"]
        print_table(title, header, rows)
        targets += [target for pair in limits for target in pair]
    else:
        for name in QUANTITIES:
            targets.append(Target(f"{name}: correlation", None))
    sys.exit(_common.any_missed(targets))


if __name__ == "__main__":
    main()
