"""The contract of a feature family, and the registry of all families.

A family is a group of descriptors that are computed together. It is a module in
`featkit.features.families` that exports one `FAMILY`. Modules are found by listing that folder, and
the contract tests run over all of them.

The `compute` function of a family is pure. It takes the family's parameters and, by keyword, the
quantities it needs, under the names in `featkit.features.spectra.scopes`. The names are read from
its signature, so that no other quantity is computed. It may use either quantities of a few frames
or those of whole clips. A recording may be larger than memory: samples of whole clips are read with
`featkit.dsp.disk_array.pieces`.
"""

from __future__ import annotations

import importlib
import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from featkit._utils.lazy import cached_property
from featkit._utils.parameters import Parameters
from featkit._utils.registry import Outside, Registry, exported, instance
from featkit._utils.typing import Array
from featkit.dsp.segments import Segments
from featkit.errors import FeatkitError
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.scopes import FIRST_PASS, SECOND_PASS, SETTINGS, WHOLE_CLIPS

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class FamilyError(FeatkitError):
    """A family violates the contract."""


@dataclass(frozen=True, kw_only=True)
class Descriptor:
    """A quantity that a family measures, with its documentation.

    Attributes
    ----------
    name : str
        Term of the field, in lower case.
    unit : str
        Unit of the values, ``"1"`` for a pure number.
    low, high : float
        Range of the values, in that unit; a missing end is infinite.
    definition : str
        One line, with the formula.
    reference : str
        Paper, standard or program that defines it.
    undefined : str
        Conditions under which the value is NaN.
    indices : tuple of str
        Names of its components, such as the twelve pitch classes; empty for a single value.
    index_titles : tuple of str
        Their meaning in plain words, such as ``"band 3 (800 to 1600 Hz)"``, in the same order;
        empty if the names are numbers that need no explanation.
    """

    name: str
    unit: str
    low: float = -math.inf
    high: float = math.inf
    definition: str
    reference: str
    undefined: str
    indices: tuple[str, ...] = ()
    index_titles: tuple[str, ...] = ()

    @property
    def names(self) -> Iterator[tuple[str, str]]:
        """Full name and index of each component."""
        if not self.indices:
            yield self.name, ""
        for index in self.indices:
            yield f"{self.name}_{index}", index


@dataclass(frozen=True, kw_only=True)
class ReferenceCase:
    """A synthetic signal whose descriptor values are known from theory.

    Attributes
    ----------
    name : str
        The expectation in words; part of the test's name.
    signal : callable
        ``signal(sr)`` returns the samples at a sample rate in Hz.
    expected : dict of str to float
        Names of components and the value of each in the middle frame, or of the clip.
    tolerance : float
        Largest absolute error, in the descriptor's unit.
    parameters : dict
        Parameters of the family that differ from their defaults.
    """

    name: str
    signal: Callable[[float], Array]
    expected: dict[str, float]
    tolerance: float
    parameters: dict[str, Any] = field(default_factory=dict)


class OwnFrames(NamedTuple):
    """Values over frames that are not those of the stack, as `compute` returns them.

    Attributes
    ----------
    values : array, shape ``(rows, frames)``
        The clips side by side; a clip without frames has one, of NaN.
    segments : Segments
        Frames of each clip.
    """

    values: Array
    segments: Segments


class NoParameters(Parameters):
    """Parameters of a family that has none."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """A group of descriptors that are computed together.

    Attributes
    ----------
    name : str
        Name of the family and of its module.
    parameters : type
        Class of its parameters.
    descriptors : callable
        ``descriptors(parameters)`` returns the descriptors in the order of the rows of `compute`.
    compute : callable
        ``compute(parameters, *, quantity, ...)`` returns values of shape ``(rows, frames)``; or
        ``(rows, clips)`` if `per` is ``"clip"`` and it uses no quantity of a few frames; or
        `OwnFrames`.
    finish : callable, optional
        ``finish(parameters, values, *, quantity, ...)`` completes the values of all frames with
        quantities of whole clips. If `per` is ``"clip"``, it turns ``(rows, frames)`` into
        ``(rows, clips)``; then it is required if `compute` uses quantities of a few frames.
    per : {"frame", "clip"}
        Whether there is a value per frame, of which statistics are computed, or one per clip.
    own_frames : bool
        Whether `compute` returns `OwnFrames`; it then uses quantities of whole clips only.
    undefined_in_silence : bool
        Whether the values of a digitally silent clip are replaced by NaN. Silent frames of other
        clips keep their values, unless the feature set skips them.
    measures_level : bool
        Whether the values depend on the level, that is, on the amplitude of the recording.
    check : callable, optional
        ``check(parameters, spectra, sr)`` raises `ParameterError` if these are incompatible; `sr`
        is None if each recording keeps its own sample rate.
    from_indices : callable, optional
        ``from_indices(indices)`` returns the parameters with which a descriptor has these
        components.
    packages : tuple of str
        Optional packages that compute the values; the provenance of a table lists their versions.
    example : mapping of str to object
        Parameters for reference cases, contract tests and costs, for a family whose parameters
        have no usable defaults, such as the file of a model.
    reference_cases : tuple of ReferenceCase
        Signals with values known from theory, at least one.
    """

    name: str
    compute: Callable[..., Array | OwnFrames]
    descriptors: Callable[[Any], Sequence[Descriptor]]
    reference_cases: tuple[ReferenceCase, ...]
    parameters: type[Parameters] = NoParameters
    finish: Callable[..., Array] | None = None
    per: Literal["frame", "clip"] = "frame"
    own_frames: bool = False
    undefined_in_silence: bool = False
    measures_level: bool = False
    check: Callable[[Any, SpectraParameters, float | None], None] | None = None
    from_indices: Callable[[Sequence[str]], dict[str, Any]] | None = None
    packages: tuple[str, ...] = ()
    example: Mapping[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """First line of the module's docstring."""
        text = importlib.import_module(self.compute.__module__).__doc__ or ""
        return text.partition("\n")[0].strip()

    @cached_property
    def default_descriptors(self) -> Sequence[Descriptor]:
        """Descriptors with default parameters."""
        return self.descriptors(self.parameters())

    @cached_property
    def needs(self) -> frozenset[str]:
        """Quantities that `compute` needs."""
        return _keyword_arguments(self.compute)

    @cached_property
    def finish_needs(self) -> frozenset[str]:
        """Quantities that `finish` needs."""
        return _keyword_arguments(self.finish) if self.finish else frozenset()

    @property
    def in_blocks(self) -> bool:
        """Whether it is computed block by block, from quantities of a few frames."""
        return bool(self.needs & (FIRST_PASS | SECOND_PASS))

    @property
    def in_second_pass(self) -> bool:
        """Whether its quantities of a few frames need whole clips first."""
        return bool(self.needs & SECOND_PASS)


def _keyword_arguments(function: Callable[..., Any]) -> frozenset[str]:
    parameters = inspect.signature(function).parameters.values()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


def check_contract(family: Family, module: str) -> None:
    """Check that a family meets the contract.

    Parameters
    ----------
    family : Family
        The family.
    module : str
        Name of its module, without the package.

    Raises
    ------
    FamilyError
        If it violates the contract; the message names the fault.
    """
    unknown_needs = family.needs - (SETTINGS | FIRST_PASS | SECOND_PASS | WHOLE_CLIPS)
    descriptors = family.default_descriptors
    names = [name for descriptor in descriptors for name, _ in descriptor.names]
    per_clip = family.per == "clip"
    faults = {
        f"its module is named {module!r}; both names must be equal": family.name != module,
        f"compute needs unknown quantities: {', '.join(sorted(unknown_needs))}": bool(
            unknown_needs
        ),
        "compute must not need quantities of a few frames and of whole clips": family.in_blocks
        and bool(family.needs & WHOLE_CLIPS),
        "finish may only need quantities of whole clips": not family.finish_needs
        <= WHOLE_CLIPS | SETTINGS,
        "a family per clip must have a finish if, and only if, compute needs quantities of a few"
        " frames": per_clip and family.in_blocks != (family.finish is not None),
        "undefined_in_silence is for families per frame; one per clip returns NaN itself": per_clip
        and family.undefined_in_silence,
        "own_frames is for families per frame that need whole clips and have no finish, and that"
        " decide themselves what silence gives": family.own_frames
        and (per_clip or family.in_blocks or bool(family.finish) or family.undefined_in_silence),
        "it has no descriptors": not names,
        "duplicate descriptor name": len(names) != len(set(names)),
        "descriptor names must be lower-case words joined by underscores": not all(
            _NAME.fullmatch(name) for name in names
        ),
        "a descriptor needs a unit, a definition, a reference and a text for undefined": not all(
            d.unit and d.definition and d.reference and d.undefined for d in descriptors
        ),
        "index_titles must be as many as indices": any(
            len(d.index_titles) not in (0, len(d.indices)) for d in descriptors
        ),
        "it has no reference case": not family.reference_cases,
    }
    for fault, present in faults.items():
        if present:
            raise FamilyError(f"family {family.name!r}: {fault}")


PACKAGE = "featkit.features.families"


def _load(name: str) -> Family:
    return _checked(name, exported(PACKAGE, "FAMILY", Family)(name))


def _checked(name: str, item: Any) -> Family:
    family = instance(item, Family)
    check_contract(family, name)
    return family


FAMILIES = Registry("family", PACKAGE, _load, outside=Outside("featkit.families", _checked))
"""Families by name, in alphabetical order, those of other packages last; each is loaded when it is
first used."""


@lru_cache(maxsize=1)
def descriptors_by_name() -> dict[str, tuple[Descriptor, Family]]:
    """Return every descriptor with its default parameters, and its family.

    Returns
    -------
    dict of str to (Descriptor, Family)
        In the order of families and descriptors.

    Raises
    ------
    RegistryError
        If a module of the folder does not define a family.
    FamilyError
        If a family is malformed, or two families have a descriptor of the same name.
    """
    descriptors: dict[str, tuple[Descriptor, Family]] = {}
    for family in FAMILIES.values():
        for descriptor in family.default_descriptors:
            name = descriptor.name
            if name in descriptors:
                _, other = descriptors[name]
                both = f"{other.name!r} and {family.name!r}"
                package = FAMILIES.package_of(family.name)  # featkit's own families come first
                remedy = f": rename it in the package {package!r}, or uninstall it"
                raise FamilyError(
                    f"duplicate descriptor {name!r} in families {both}{remedy if package else ''}"
                )
            descriptors[name] = descriptor, family
    return descriptors
