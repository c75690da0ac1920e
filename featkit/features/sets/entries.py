"""Entries of a feature set: a family with parameters and statistics, and its columns."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from featkit._utils.lazy import cached_property
from featkit._utils.parameters import Parameters, unknown
from featkit.errors import ParameterError
from featkit.features.family import FAMILIES, Descriptor, Family
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.statistics import statistic
from featkit.features.titles import column_title
from featkit.schema import Column

POOLED_INDEX = "all"
"""Index in the name of a column whose statistic is over all components of a descriptor."""


@dataclass(frozen=True)
class Entry:
    """A family in a feature set.

    Attributes
    ----------
    family_name : str
        Name of the family.
    parameters : Parameters
        Its parameters.
    statistics : tuple of str
        Statistics over time; empty for a family with one value per clip.
    pooled : bool
        Whether statistics are over the components of a descriptor as well as over time.
    """

    family_name: str
    parameters: Parameters
    statistics: tuple[str, ...] = ()
    pooled: bool = False

    @classmethod
    def from_mapping(cls, mapping: Any, *, where: str, folder: str = "") -> Entry:
        """Create an entry from a table of ``[[features]]``.

        Parameters
        ----------
        mapping : mapping
            Keys ``family``, ``statistics``, ``pooled``, and the parameters of the family.
        where : str
            Location of the table, for error messages.
        folder : str
            Folder in which files that the parameters name are looked for first.

        Returns
        -------
        Entry

        Raises
        ------
        ParameterError
            If a key is unknown or has an invalid value; the message names it.
        """
        if not isinstance(mapping, Mapping) or not isinstance(mapping.get("family"), str):
            rule = "must name its family, as in family = 'mfcc'"
            raise ParameterError(f"{where}: {rule}, got {mapping!r:.80}")
        parameters = dict(mapping)
        name = parameters.pop("family")
        statistics = parameters.pop("statistics", ())
        pooled = parameters.pop("pooled", False)
        try:
            family = FAMILIES[name]
            _check_keys(parameters, family)
            _check_statistics(statistics)
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None
        if bool(statistics) != (family.per == "frame"):
            need = "needs" if family.per == "frame" else "has one value per clip and must have no"
            raise ParameterError(f"{where}: {name!r} {need} statistics")
        where = f"{where} ({name})"
        if not isinstance(pooled, bool):
            raise ParameterError(f"{where}: pooled must be true or false, got {pooled!r}")
        find_files(parameters, family, folder)
        valid = family.parameters.from_mapping(parameters, where=where)
        entry = cls(name, valid, tuple(statistics), pooled)
        if pooled:
            entry._check_pooled(where)
        return entry

    def _check_pooled(self, where: str) -> None:
        if not self.statistics or not all(d.indices for d in self.descriptors):
            rule = "only descriptors over time with several components can be pooled"
            raise ParameterError(f"{where}: {rule}")
        if any(name.startswith("diff_") for name in self.statistics):
            rule = "pooled components have no order in time, hence no differences"
            raise ParameterError(f"{where}: {rule}")

    @property
    def family(self) -> Family:
        """The family."""
        return FAMILIES[self.family_name]

    @cached_property
    def descriptors(self) -> tuple[Descriptor, ...]:
        """Descriptors of the family with these parameters."""
        return tuple(self.family.descriptors(self.parameters))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns in order: all of the first statistic, then all of the second."""
        return tuple(
            self._column(descriptor, name, index, statistic_name)
            for statistic_name in self.statistics or ("",)
            for descriptor in self.descriptors
            for name, index in self._names(descriptor)
        )

    def _names(self, d: Descriptor) -> Iterable[tuple[str, str]]:
        return [(f"{d.name}_{POOLED_INDEX}", POOLED_INDEX)] if self.pooled else d.names

    def _column(self, d: Descriptor, name: str, index: str, statistic_name: str) -> Column:
        unit, definition = d.unit, d.definition
        if statistic_name:
            _, over_frames, pattern = statistic(statistic_name)
            unit = "1" if (d.unit, pattern) == ("1", "({})²") else pattern.format(d.unit)
            pooled = over_frames.replace("over frames", "over components and frames")
            definition = f"{d.definition}; {pooled if self.pooled else over_frames}"
            name = f"{name}_{statistic_name}"
        return Column(
            name=name,
            family=self.family_name,
            descriptor=d.name,
            index=index,
            statistic=statistic_name,
            unit=unit,
            definition=definition,
            reference=d.reference,
            undefined=d.undefined,
            title=column_title(d, index, statistic_name, unit),
        )

    def as_dict(self, *, files: Literal["name", "path", "none"] = "name") -> dict[str, Any]:
        """Return the entry as a table of ``[[features]]``.

        Parameters
        ----------
        files : {"name", "path", "none"}
            How files are given: by name, since paths belong to one machine; by path, for other
            processes of this machine; or not at all, since their names do not affect the values.

        Returns
        -------
        dict
            With all parameters, including those that have their defaults.
        """
        entry = {"family": self.family_name, **dataclasses.asdict(self.parameters)}
        for name in self.parameters.file_fields() if files != "path" else ():
            path = entry.pop(name)
            entry |= {name: PurePath(path).name} if files == "name" else {}
        entry |= {"statistics": list(self.statistics)} if self.statistics else {}
        return entry | ({"pooled": True} if self.pooled else {})


def check_families(entries: Iterable[Entry], spectra: SpectraParameters, sr: float | None) -> None:
    """Check that families can be computed from spectra of these parameters.

    Parameters
    ----------
    entries : iterable of Entry
        Families with their parameters.
    spectra : SpectraParameters
        Frames, windows and mel bands.
    sr : float or None
        Sample rate in Hz; None if each recording keeps its own.

    Raises
    ------
    ParameterError
        If a family is incompatible with them; the message names it.
    """
    for entry in entries:
        if check := entry.family.check:
            try:
                check(entry.parameters, spectra, sr)
            except ParameterError as error:
                raise ParameterError(f"{entry.family_name}: {error}") from None


def find_files(parameters: dict[str, Any], family: Family, folder: str) -> None:
    """Replace names of files that are in a folder by their paths.

    Parameters
    ----------
    parameters : dict
        Parameters of the family, not yet checked; changed in place.
    family : Family
        The family.
    folder : str
        Folder of the definition; "" to change nothing.
    """
    for name in family.parameters.file_fields():
        path = parameters.get(name)
        if folder and isinstance(path, str) and path and os.path.exists(os.path.join(folder, path)):
            parameters[name] = os.path.join(folder, path)


def _check_keys(parameters: Mapping[Any, Any], family: Family) -> None:
    names = [field.name for field in dataclasses.fields(family.parameters)]
    for key in parameters:
        if key not in names:
            raise ParameterError(unknown("key", str(key), ["statistics", "pooled", *names]))


def _check_statistics(statistics: Any) -> None:
    if isinstance(statistics, str) or not isinstance(statistics, Sequence):
        raise ParameterError(f"statistics must be a list of names, got {statistics!r}")
    for k, name in enumerate(statistics):
        statistic(str(name))
        if name in statistics[:k]:
            raise ParameterError(f"statistics: duplicate {name!r}")
