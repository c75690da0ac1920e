"""What each family costs, measured here: milliseconds for 30 s of sound, one thread.

A family's cost is beyond what spectra share: magnitudes, power and mel bands are computed with and
without the family, and the difference is the family's. What it shares with some families only, such
as the peaks that tell the tuning, counts in full for each of them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from featkit import synthesis
from featkit.analysis import analyse
from featkit.errors import ParameterError
from featkit.families import Descriptor, Family, NoParameters, families
from featkit.featuresets import FeatureSet
from featkit.featuresets.entries import Entry
from featkit.segments import Array
from featkit.spectra import SpectraParameters

SECONDS = 30.0
"""Length of the clip."""

ROUNDS = 3
"""Times that each is measured; the least counts, since a busy machine only adds."""


@dataclass(frozen=True)
class Costs:
    """Milliseconds for a clip of `SECONDS` at 22,050 Hz.

    Attributes
    ----------
    shared : float
        What spectra share: framing, transform, magnitudes, power, mel bands in decibels.
    families : dict of str to float
        Each family beyond that, with its defaults and a mean over frames; NaN for one that needs
        what is not installed.
    """

    shared: float
    families: Mapping[str, float]


def measure(report: Callable[[int, int, str], None] = lambda *_: None) -> Costs:
    """Measure every family; some ten seconds.

    Parameters
    ----------
    report : callable, optional
        Told how many families are done, of how many, and which is next.
    """
    y, total = _music(), len(families())
    shared, costs = [], {}
    with threadpool_limits(1):
        for done, name in enumerate(families()):
            report(done, total, name)
            without, with_it = _seconds_without_and_with(name, y)
            shared.append(without)
            # Below what clocks tell apart, the difference can be negative.
            costs[name] = 1000 * float(np.maximum(with_it - without, 0))
        report(total, total, "")
    return Costs(shared=1000 * float(np.nanmin(shared)), families=costs)


def cost_text(milliseconds: float) -> str:
    """A cost as tables have it: ``"1.5"``, or ``"?"`` where it could not be measured."""
    return "?" if math.isnan(milliseconds) else f"{milliseconds:.1f}"


def _seconds_without_and_with(name: str, y: Array) -> Array:
    alone, beside = _features([]), _features([name])
    try:
        analyse([y[: synthesis.SR]], synthesis.SR, beside)  # imports and caches are no cost a clip
    except ParameterError:
        return np.full(2, np.nan)
    rounds = [(_seconds(y, alone), _seconds(y, beside)) for _ in range(ROUNDS)]
    return np.asarray(np.min(rounds, axis=0))


def _seconds(y: Array, features: FeatureSet) -> float:
    begin = time.perf_counter()
    analyse([y], synthesis.SR, features)
    return time.perf_counter() - begin


def _music() -> Array:
    """The demo's styles, one after the other."""
    styles = enumerate(synthesis.STYLES.values())
    clips = [synthesis.clip(style, np.random.default_rng(k)) for k, style in styles]
    return np.resize(np.concatenate(clips), round(SECONDS * synthesis.SR))


def _features(names: Sequence[str]) -> FeatureSet:
    """What spectra share, and the families of these names."""
    chosen = [families()[name] for name in names]
    entries = [
        Entry(each.name, each.parameters(), ("mean",) if each.per == "frame" else ())
        for each in chosen
    ]
    return FeatureSet(
        name="cost",
        version=0,
        title="",
        reference="",
        sample_rate=synthesis.SR,
        silent_frames="keep",
        spectra=SpectraParameters.from_mapping({}, where="cost"),
        entries=(_Shared("shared", NoParameters(), ("mean",)), *entries),
    )


class _Shared(Entry):
    """What spectra share: asked for as by a family, but no family that anybody could name."""

    @property
    def family(self) -> Family:
        return SHARED


def _descriptors(p: NoParameters) -> list[Descriptor]:
    nothing = Descriptor(
        name="shared",
        unit="1",
        low=0.0,
        high=0.0,
        definition="0, once the quantities that spectra share are computed",
        reference="featkit",
        undefined="never",
    )
    return [nothing]


def _compute(p: NoParameters, *, S: Array, power: Array, decibels: Array) -> Array:
    return np.zeros((1, S.shape[1]), dtype=np.float32)


SHARED = Family(name="shared", compute=_compute, descriptors=_descriptors, oracles=())
