"""What each family costs, measured here: milliseconds for 30 s of sound, one thread.

A family's cost is beyond what spectra share: the transform, magnitudes and their moments, power and
mel bands are computed with and without the family, and the difference is the family's. So the
centroid and the bandwidth, which are moments, cost next to nothing. What a family shares with some
others only, such as the peaks that tell the tuning, counts in full for each of them.

Of many rounds, each of which takes the time without the family and then with it, the cost is the
median difference. What disturbs a machine for longer than a round lengthens both times, and their
difference much less; what is over sooner meets a minority of the rounds. The difference of the two
least times, which may come from different moments, was a little less steady on a busy machine, and
the least difference useless: it comes from a round in which the first time was disturbed. All
families take several turns, since a disturbance of seconds would meet all rounds of one otherwise.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from featkit._utils.typing import Array
from featkit.dsp import synthesis
from featkit.errors import ParameterError
from featkit.features.analysis import analyse
from featkit.features.family import Descriptor, Family, NoParameters, families
from featkit.features.sets.entries import Entry
from featkit.features.sets.registry import FeatureSet
from featkit.features.spectra import SpectraParameters

SECONDS = 30.0
"""Length of the clip."""

TURNS = 4
"""Turns that each family has, all others between them."""

BUDGET = 12.0
"""Seconds for all turns, shared out evenly: a cheap family gets some 15 rounds of it; a dear one,
which has one round a turn at least, goes over its share."""


@dataclass(frozen=True)
class Costs:
    """Milliseconds for a clip of `SECONDS` at 22,050 Hz.

    Attributes
    ----------
    shared : float
        What spectra share: framing, transform, magnitudes and their moments, power, mel bands in
        decibels. The least of all rounds, since a busy machine only adds.
    families : dict of str to float
        Each family beyond that, with its defaults and a mean over frames; NaN for one that needs
        what is not installed.
    """

    shared: float
    families: Mapping[str, float]


def measure(report: Callable[[int, int, str], None] = lambda *_: None) -> Costs:
    """Measure every family; some 15 seconds.

    Parameters
    ----------
    report : callable, optional
        Told how many turns are done, of how many, and which family's is next.
    """
    y, names = _music(), [*families()] * TURNS
    rounds: dict[str, list[Array]] = {name: [] for name in families()}
    with threadpool_limits(1):
        for done, name in enumerate(names):
            report(done, len(names), name)
            rounds[name] += _rounds(name, y, BUDGET / len(names))
        report(len(names), len(names), "")
    shared = np.nanmin([without for each in rounds.values() for without, _ in each])
    return Costs(
        shared=1000 * float(shared),
        families={name: 1000 * _cost(each) for name, each in rounds.items()},
    )


def _cost(rounds: Sequence[Array]) -> float:
    """Seconds that a family adds; below what clocks tell apart, the difference can be negative."""
    without, with_it = np.transpose(rounds)
    return float(np.maximum(np.median(with_it - without), 0))


def cost_text(milliseconds: float) -> str:
    """A cost as tables have it: ``"1.5"``, or ``"?"`` where it could not be measured."""
    return "?" if math.isnan(milliseconds) else f"{milliseconds:.1f}"


def _rounds(name: str, y: Array, budget: float) -> list[Array]:
    """Seconds without the family and with it, as often as `budget` seconds allow, once at least."""
    alone, beside = _features([]), _features([name])
    try:
        analyse([y[: synthesis.SR]], synthesis.SR, beside)  # imports and caches are no cost a clip
    except ParameterError:
        return [np.full(2, np.nan)]
    rounds: list[Array] = []
    end = time.perf_counter() + budget
    while not rounds or time.perf_counter() < end:
        rounds.append(np.array([_seconds(y, alone), _seconds(y, beside)]))
    return rounds


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


def _compute(p: NoParameters, *, S: Array, power: Array, mel_db: Array) -> Array:
    return np.zeros((1, S.shape[1]), dtype=np.float32)


SHARED = Family(name="shared", compute=_compute, descriptors=_descriptors, oracles=())
