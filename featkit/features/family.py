"""The families of descriptors, one file each, found by looking.

A family is a module here that exports one `FAMILY`. To add one, write that module: no list
names it, and the contract test runs over it as it runs over all others.

The function of a family is pure: its parameters in, and by keyword the quantities it needs, in the
names of `featkit.features.spectra.SCOPES`; out comes ``(descriptors, frames)`` or ``(descriptors,
clips)``. What it needs is read from its signature, and only that is computed. It asks for
quantities of some frames, or for those of whole clips, and for samples of whole clips by
`featkit.dsp.disk_array.pieces`: a recording may be longer than memory.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from featkit._utils.parameters import Parameters
from featkit._utils.registry import Registry, exported
from featkit._utils.typing import Array
from featkit.errors import FeatkitError
from featkit.features.spectra import SCOPES, SpectraParameters

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class FamilyError(FeatkitError):
    """A family that does not keep the contract."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """One thing that a family measures.

    Attributes
    ----------
    name : str
        The field's own term, lower case.
    unit : str
        Unit of the values, ``"1"`` for a pure number.
    low, high : float
        Range of the values, in that unit.
    definition : str
        One line, with the formula.
    reference : str
        Paper, standard or program that defines it.
    undefined : str
        When there is no value (NaN).
    indices : tuple of str
        Names of its components, such as the twelve pitch classes; empty for a single value.
    """

    name: str
    unit: str
    low: float
    high: float
    definition: str
    reference: str
    undefined: str
    indices: tuple[str, ...] = ()

    @property
    def names(self) -> Iterator[tuple[str, str]]:
        """Full name and index of each component."""
        if not self.indices:
            yield self.name, ""
        for index in self.indices:
            yield f"{self.name}_{index}", index


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """A signal of which theory knows the answer.

    Attributes
    ----------
    name : str
        What is claimed.
    signal : callable
        Gives the samples at a rate, ``signal(sr)``.
    expected : dict of str to float
        Components and the value that each has in the middle frame (or of the clip).
    tolerance : float
        Absolute, in the descriptor's unit.
    parameters : dict
        Parameters of the family that differ from their defaults.
    """

    name: str
    signal: Callable[[float], Array]
    expected: dict[str, float]
    tolerance: float
    parameters: dict[str, Any]


class NoParameters(Parameters):
    """A family with nothing to choose."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A group of descriptors with one computation.

    Attributes
    ----------
    name : str
        Name of the family and of its module.
    parameters : type
        Class of its parameters.
    descriptors : callable
        The descriptors that some parameters give, in the order of the rows of `compute`.
    compute : callable
        ``compute(parameters, *, needed, ...)``: values of shape ``(rows, frames)`` or, where
        `per` is ``"clip"`` and nothing of blocks is needed, ``(rows, clips)``.
    finish : callable, optional
        ``finish(parameters, values, *, needed, ...)``: what only whole clips can tell, applied to
        the values of all their frames. Where `per` is ``"clip"`` and `compute` asks for quantities
        of blocks, it turns the values of frames into those of clips.
    per : {"frame", "clip"}
        Whether statistics follow, or each clip has one value.
    undefined_in_silence : bool
        Whether a clip of digital silence has no value. Silent frames of a clip that sounds keep the
        value that the definition's program gives them, unless a feature set skips them.
    measures_level : bool
        Whether a value depends on how loud a clip is, so that the same sound at twice the
        amplitude has another.
    check : callable, optional
        ``check(parameters, spectra, sr)`` raises `ParameterError` for what does not go together;
        `sr` is None where each recording keeps its own rate.
    from_indices : callable, optional
        The parameters under which a descriptor has the given components.
    packages : tuple of str
        Packages of an extra that compute it: their versions are part of where numbers came from.
    oracles : tuple of Oracle
        Cases that theory decides.
    """

    name: str
    compute: Callable[..., Array]
    descriptors: Callable[[Any], Sequence[Descriptor]]
    oracles: tuple[Oracle, ...]
    parameters: type[Parameters] = NoParameters
    finish: Callable[..., Array] | None = None
    per: Literal["frame", "clip"] = "frame"
    undefined_in_silence: bool = False
    measures_level: bool = False
    check: Callable[[Any, SpectraParameters, float | None], None] | None = None
    from_indices: Callable[[Sequence[str]], dict[str, Any]] | None = None
    packages: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What it is about: the first line of its module."""
        text = importlib.import_module(self.compute.__module__).__doc__ or ""
        return text.partition("\n")[0].strip()

    @cached_property
    def usual(self) -> Sequence[Descriptor]:
        """The descriptors that its parameters give by default."""
        return self.descriptors(self.parameters())

    @cached_property
    def needs(self) -> frozenset[str]:
        """Quantities that the computation asks for."""
        return _keywords(self.compute)

    @cached_property
    def finish_needs(self) -> frozenset[str]:
        """Quantities that the finish asks for."""
        return _keywords(self.finish) if self.finish else frozenset()

    @property
    def walks_blocks(self) -> bool:
        """Whether it is computed block by block."""
        return bool(self.needs & (SCOPES["block"] | SCOPES["second"]))

    @property
    def walks_again(self) -> bool:
        """Whether its blocks can only be computed once something is known of whole clips."""
        return bool(self.needs & SCOPES["second"])


def _keywords(function: Callable[..., Array]) -> frozenset[str]:
    parameters = inspect.signature(function).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


def check_contract(family: Family, module: str) -> None:
    """Refuse a family that is malformed.

    Raises
    ------
    FamilyError
        That says which family and what is wrong with it.
    """
    known = frozenset().union(*SCOPES.values())
    descriptors = family.usual
    names = [name for descriptor in descriptors for name, _ in descriptor.names]
    faults = {
        f"its module is {module!r}": family.name != module,
        f"it asks for {sorted(family.needs - known)}": not family.needs <= known,
        "it asks for some frames and for whole clips": family.walks_blocks
        and bool(family.needs & SCOPES["stack"]),
        "its finish asks for more than whole clips": not family.finish_needs
        <= SCOPES["stack"] | SCOPES["setting"],
        "a family per clip has a finish if it walks blocks, and only then": family.per == "clip"
        and family.walks_blocks != (family.finish is not None),
        "a family per clip says itself what is undefined": family.per == "clip"
        and family.undefined_in_silence,
        "it describes nothing": not names,
        "a name stands twice": len(names) != len(set(names)),
        "a name is not lower-case words": not all(_NAME.fullmatch(name) for name in names),
        "a descriptor lacks its documentation": not all(
            d.unit and d.definition and d.reference and d.undefined for d in descriptors
        ),
        "it has no oracle": not family.oracles,
    }
    for fault, present in faults.items():
        if present:
            raise FamilyError(f"family {family.name!r}: {fault}")


def _load(name: str) -> Family:
    loaded = exported(PACKAGE, "FAMILY", Family)(name)
    check_contract(loaded, name)
    return loaded


PACKAGE = "featkit.features.families"

FAMILIES = Registry("family", PACKAGE, _load)
"""All families by name, in alphabetical order; each is loaded when it is first used."""


@lru_cache(maxsize=1)
def families() -> dict[str, Family]:
    """All families by name, in alphabetical order.

    Raises
    ------
    RegistryError
        If a module of the folder does not define a family.
    FamilyError
        If one is malformed, or two describe a descriptor of the same name.
    """
    found = dict(FAMILIES)
    owner: dict[str, str] = {}
    for name, each in found.items():
        for descriptor in each.usual:
            if descriptor.name in owner:
                other = owner[descriptor.name]
                raise FamilyError(f"{descriptor.name!r} stands twice: in {other!r} and {name!r}")
            owner[descriptor.name] = name
    return found


def family(name: str) -> Family:
    """The family called `name`; no other is loaded.

    Raises
    ------
    ParameterError
        If there is none.
    FamilyError
        If it is malformed.
    """
    return FAMILIES[name]
