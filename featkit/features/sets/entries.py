"""A family in a feature set, and the columns that it gives."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from featkit._utils.parameters import Parameters, unknown
from featkit.errors import ParameterError
from featkit.features.family import Descriptor, Family, family
from featkit.features.statistics import statistic
from featkit.schema import Column

ALL = "all"
"""Index of a column that is over all components of a descriptor."""


@dataclass(frozen=True)
class Entry:
    """One family in a set."""

    family_name: str
    parameters: Parameters
    statistics: tuple[str, ...] = ()
    pooled: bool = False

    @classmethod
    def from_mapping(cls, mapping: Any, *, where: str) -> Entry:
        """An entry from a table of ``[[features]]``; `where` says in an error which.

        Raises
        ------
        ParameterError
            That names the key.
        """
        if not isinstance(mapping, Mapping) or not isinstance(mapping.get("family"), str):
            rule = "must name its family, as in family = 'mfcc'"
            raise ParameterError(f"{where}: {rule}, got {mapping!r:.80}")
        parameters = dict(mapping)
        name = parameters.pop("family")
        statistics = parameters.pop("statistics", ())
        pooled = parameters.pop("pooled", False)
        try:
            each = family(name)
            known = [field.name for field in dataclasses.fields(each.parameters)]
            for key in parameters:
                if key not in known:
                    raise ParameterError(unknown("key", str(key), ["statistics", "pooled", *known]))
            if isinstance(statistics, str) or not isinstance(statistics, Sequence):
                raise ParameterError(f"statistics must be a list of names, got {statistics!r}")
            for k, statistic_name in enumerate(statistics):
                statistic(str(statistic_name))
                if statistic_name in statistics[:k]:
                    raise ParameterError(f"statistics: {statistic_name!r} stands twice")
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None
        if bool(statistics) != (each.per == "frame"):
            need = "needs" if each.per == "frame" else "has one value a clip, no"
            raise ParameterError(f"{where}: {name!r} {need} statistics")
        where = f"{where} ({name})"
        if not isinstance(pooled, bool):
            raise ParameterError(f"{where}: pooled must be true or false, got {pooled!r}")
        given = each.parameters.from_mapping(parameters, where=where)
        entry = cls(name, given, tuple(statistics), pooled)
        if pooled:
            entry._check_components(where)
        return entry

    def _check_components(self, where: str) -> None:
        if not self.statistics or not all(d.indices for d in self.descriptors):
            raise ParameterError(f"{where}: there are no components over time to be pooled")
        if any(name.startswith("diff_") for name in self.statistics):
            rule = "components have no order, and pooled ones no differences"
            raise ParameterError(f"{where}: {rule}")

    @property
    def family(self) -> Family:
        return family(self.family_name)

    @cached_property
    def descriptors(self) -> tuple[Descriptor, ...]:
        return tuple(self.family.descriptors(self.parameters))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            self._column(descriptor, name, index, statistic_name)
            for statistic_name in self.statistics or ("",)
            for descriptor in self.descriptors
            for name, index in self._names(descriptor)
        )

    def _names(self, d: Descriptor) -> Iterable[tuple[str, str]]:
        return [(f"{d.name}_{ALL}", ALL)] if self.pooled else d.names

    def _column(self, d: Descriptor, name: str, index: str, statistic_name: str) -> Column:
        unit, definition = d.unit, d.definition
        if statistic_name:
            _, over, pattern = statistic(statistic_name)
            unit = "1" if (d.unit, pattern) == ("1", "({})²") else pattern.format(d.unit)
            over_all = over.replace("over frames", "over components and frames")
            definition = f"{d.definition}; {over_all if self.pooled else over}"
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
        )

    def as_dict(self) -> dict[str, Any]:
        entry = {"family": self.family_name, **dataclasses.asdict(self.parameters)}
        entry |= {"statistics": list(self.statistics)} if self.statistics else {}
        return entry | ({"pooled": True} if self.pooled else {})
