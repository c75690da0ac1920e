"""Cost of each family, measured on this machine: milliseconds for 30 s of sound on one thread.

The cost of a family excludes the quantities that many families share: the transform, magnitudes and
their moments, power, and mel bands. These are computed with and without the family, and its cost is
the difference. The centroid and the bandwidth, which are moments, therefore cost almost nothing.
Quantities that only a few families share, such as the spectral peaks for the tuning, count in full
for each of them.

A round measures the time without and then with the family; the cost is the median difference over
many rounds. A disturbance longer than a round lengthens both times, but hardly their difference. A
shorter one affects a minority of the rounds. (Alternatives are worse: the difference of the two
minima, which may come from different rounds, varies more on a busy machine; the minimum difference
comes from a round in which the first time was disturbed.) The rounds of a family are divided into
several turns, so that a disturbance of seconds does not affect all of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from featkit._utils.progress import Activity, ProgressCallback
from featkit._utils.typing import Array
from featkit.dsp import synthesis
from featkit.errors import ParameterError
from featkit.features.analysis import analyse
from featkit.features.family import FAMILIES, Descriptor, Family, NoParameters
from featkit.features.sets.entries import Entry
from featkit.features.sets.feature_set import FeatureSet
from featkit.features.spectra.parameters import SpectraParameters

SECONDS = 30.0
"""Duration of the test clip."""

TURNS = 4
"""Turns of each family; all other families are measured between two of them."""

BUDGET = 12.0
"""Seconds for all turns together, divided equally: some 15 rounds for a cheap family. A slow family
exceeds its budget, because each turn has at least one round."""


@dataclass(frozen=True)
class Costs:
    """Milliseconds for a clip of `SECONDS` at 22,050 Hz.

    Attributes
    ----------
    shared : float
        Cost of the shared quantities: framing, transform, magnitudes and their moments, power, mel
        bands in dB. The minimum over all rounds, because a busy machine only adds time.
    families : dict of str to float
        Additional cost of each family, with its default parameters and a mean over time; NaN if it
        needs a package that is not installed. That of a family with an example is the cost of
        the example.
    """

    shared: float
    families: Mapping[str, float]


def measure(progress: ProgressCallback | None = None) -> Costs:
    """Measure the cost of every family, in some 15 seconds.

    Parameters
    ----------
    progress : callable, optional
        Receives a `featkit.Progress` with the name of the next family before each round.

    Returns
    -------
    Costs
    """
    y, names = _music(), [*FAMILIES] * TURNS
    rounds: dict[str, list[Array]] = {name: [] for name in FAMILIES}
    activity = Activity("measuring", "rounds", progress)
    with threadpool_limits(1):
        for done, name in enumerate(names):
            activity.report(done, len(names), name)
            rounds[name] += _rounds(name, y, BUDGET / len(names))
        activity.report(len(names), len(names))
    shared = np.nanmin([without for pairs in rounds.values() for without, _ in pairs])
    return Costs(
        shared=1000 * float(shared),
        families={name: 1000 * _cost(pairs) for name, pairs in rounds.items()},
    )


def _cost(rounds: Sequence[Array]) -> float:
    """Seconds that a family adds; a negative difference, within the clock's error, counts as 0."""
    without, with_family = np.transpose(rounds)
    return float(np.maximum(np.median(with_family - without), 0))


def cost_text(milliseconds: float) -> str:
    """Format a cost for a table.

    Parameters
    ----------
    milliseconds : float
        Cost, or NaN.

    Returns
    -------
    str
        For example ``"1.5"``; ``"?"`` for NaN.
    """
    return "?" if math.isnan(milliseconds) else f"{milliseconds:.1f}"


def _rounds(name: str, y: Array, budget: float) -> list[Array]:
    """Pairs of seconds without and with the family: at least one, more if the budget allows."""
    without = _features([])
    try:
        with_family = _features([name])
        # A first run excludes imports and caches from the measurement.
        analyse([y[: synthesis.SR]], synthesis.SR, with_family)
    except ParameterError:
        return [np.full(2, np.nan)]
    rounds: list[Array] = []
    end = time.perf_counter() + budget
    while not rounds or time.perf_counter() < end:
        rounds.append(np.array([_seconds(y, without), _seconds(y, with_family)]))
    return rounds


def _seconds(y: Array, features: FeatureSet) -> float:
    begin = time.perf_counter()
    analyse([y], synthesis.SR, features)
    return time.perf_counter() - begin


def _music() -> Array:
    """Synthetic music in the demo's styles, one after another."""
    styles = enumerate(synthesis.STYLES.values())
    clips = [synthesis.clip(style, np.random.default_rng(k)) for k, style in styles]
    return np.resize(np.concatenate(clips), round(SECONDS * synthesis.SR))


def _features(names: Sequence[str]) -> FeatureSet:
    """The shared quantities, and the families of these names."""
    families = [FAMILIES[name] for name in names]
    entries = [
        Entry(
            family.name,
            family.parameters(**family.example),
            ("mean",) if family.per == "frame" else (),
        )
        for family in families
    ]
    return FeatureSet(
        name="cost",
        version=0,
        title="",
        reference="",
        sample_rate=synthesis.SR,
        silent_frames="keep",
        spectra=SpectraParameters.from_mapping({}, where="cost"),
        entries=(_SharedEntry("shared", NoParameters(), ("mean",)), *entries),
    )


class _SharedEntry(Entry):
    """An entry for the shared quantities; its family is not registered."""

    @property
    def family(self) -> Family:
        return _SHARED


def _descriptors(p: NoParameters) -> list[Descriptor]:
    zero = Descriptor(
        name="shared",
        unit="1",
        low=0.0,
        high=0.0,
        definition="0, after computing the shared quantities",
        reference="featkit",
        undefined="never",
    )
    return [zero]


def _compute(p: NoParameters, *, total: Array, power: Array, mel_db: Array) -> Array:
    return np.zeros((1, len(total)), dtype=np.float32)


_SHARED = Family(name="shared", compute=_compute, descriptors=_descriptors, reference_cases=())
