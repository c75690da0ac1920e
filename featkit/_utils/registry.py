"""Registries: what can be added by adding a file, found by listing a folder."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, TypeVar

from featkit._utils.parameters import unknown
from featkit.errors import FeatkitError, ParameterError

T = TypeVar("T")


class RegistryError(FeatkitError):
    """A file of a registry's folder does not define what it should."""


class Registry(Mapping[str, T]):
    """The files of a package's folder that each define one item.

    Files are listed once, in alphabetical order; an item is loaded when it is first used. A file
    whose name begins with an underscore is not an item.

    Parameters
    ----------
    kind : str
        What messages call an item, such as ``"family"``.
    package : str
        Full name of the package.
    load : callable
        ``load(name)`` returns the item; see `exported` for items that are modules.
    suffix : str
        Suffix of the files.

    Examples
    --------
    >>> from featkit.features.family import FAMILIES
    >>> FAMILIES["rms"].name, "rms" in FAMILIES
    ('rms', True)
    """

    def __init__(
        self, kind: str, package: str, load: Callable[[str], T], *, suffix: str = ".py"
    ) -> None:
        self._kind, self._package, self._suffix = kind, package, suffix
        self._load = load
        self._loaded: dict[str, T] = {}

    @property
    def names(self) -> list[str]:
        """Names of the items, in alphabetical order; none is loaded."""
        folders = importlib.import_module(self._package).__path__
        files = [PurePath(name) for folder in folders for name in os.listdir(folder)]
        return sorted(
            file.stem
            for file in files
            if file.suffix == self._suffix and not file.name.startswith("_")
        )

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            if name not in self.names:
                raise ParameterError(unknown(self._kind, name, self.names))
            self._loaded[name] = self._checked(name, self._load(name))
        return self._loaded[name]

    def _checked(self, name: str, item: T) -> T:
        own_name = getattr(item, "name", name)
        if own_name != name:
            raise RegistryError(
                f"{self._package}: {name}{self._suffix} defines the {self._kind} {own_name!r}:"
                " the file and the item must have the same name"
            )
        return item

    def clear(self) -> None:
        """Forget the items that are loaded, for tests that add some."""
        self._loaded.clear()

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def exported(package: str, attribute: str, kind: type[T]) -> Callable[[str], T]:
    """Return a `load` for `Registry`: the value that a module of the package exports.

    Parameters
    ----------
    package : str
        Full name of the package.
    attribute : str
        Name under which each module exports its item, such as ``"FAMILY"``.
    kind : type
        What the item must be an instance of.

    Raises
    ------
    RegistryError
        If a module exports nothing under that name, or something else.
    """

    def load(name: str) -> T:
        item: Any = getattr(importlib.import_module(f"{package}.{name}"), attribute, None)
        if not isinstance(item, kind):
            rule = f"must export {attribute}, a {kind.__name__}"
            raise RegistryError(f"{package}.{name}: {rule}, got {item!r:.80}")
        return item

    return load
