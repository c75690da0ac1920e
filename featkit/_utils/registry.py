"""Registries: collections of items, one for each file in a folder.

To add an item, add a file; no list names it. The file must define exactly the right kind of object,
and the object must have the name of the file. All registries apply the same checks.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from featkit._utils.parameters import unknown
from featkit.errors import FeatkitError, ParameterError


class Named(Protocol):
    """An object with a name, the minimum that all registered items have in common."""

    @property
    def name(self) -> str | None:
        """Name of the item, and of its file."""


T = TypeVar("T", bound=Named)


class RegistryError(FeatkitError):
    """A file in the folder of a registry does not define a valid item."""


class Registry(Mapping[str, T]):
    """Read-only mapping from names to items that are defined in the files of a package.

    The folder is listed on each access; names are in alphabetical order. An item is loaded when it
    is first used. Files whose name begins with an underscore are not items.

    Parameters
    ----------
    kind : str
        The word for an item in messages, such as ``"family"``.
    package : str
        Full name of the package whose folder contains the files.
    load : callable
        ``load(name)`` returns the item; see `exported` for items that modules define.
    suffix : str
        Suffix of the files.

    Raises
    ------
    ParameterError
        On access to a name that does not exist; the message suggests the closest name.
    RegistryError
        On access to an item whose file does not define a valid one.

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
        """Names of the items, in alphabetical order; no item is loaded."""
        folders = importlib.import_module(self._package).__path__
        files = (os.path.splitext(name) for folder in folders for name in os.listdir(folder))
        return sorted(
            stem for stem, suffix in files if suffix == self._suffix and not stem.startswith("_")
        )

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            if name not in self.names:
                raise ParameterError(unknown(self._kind, name, self.names))
            item = self._load(name)
            item_name = getattr(item, "name", None)
            if item_name != name:
                raise RegistryError(
                    f"{self._package}: {name}{self._suffix} defines the {self._kind} {item_name!r}:"
                    " the file and the item must have the same name"
                )
            self._loaded[name] = item
        return self._loaded[name]

    def clear(self) -> None:
        """Discard the loaded items, so that the next access loads them again (used by tests)."""
        self._loaded.clear()

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class JoinedRegistry(Mapping[str, T]):
    """Read-only mapping of the items of several registries; no two have an item of one name.

    Parameters
    ----------
    kind : str
        The word for an item in messages.
    *parts : mapping of str to item
        The registries.

    Raises
    ------
    ParameterError
        On access to a name that does not exist; the message suggests the closest name.
    """

    def __init__(self, kind: str, *parts: Mapping[str, T]) -> None:
        self._kind, self._parts = kind, parts

    def __getitem__(self, name: str) -> T:
        for part in self._parts:
            if name in part:
                return part[name]
        raise ParameterError(unknown(self._kind, name, self))

    def __contains__(self, name: object) -> bool:
        return any(name in part for part in self._parts)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for part in self._parts for name in part))

    def __len__(self) -> int:
        return sum(map(len, self._parts))


def module_registry(kind: str, package: str, attribute: str, item_type: type[T]) -> Registry[T]:
    """Make a registry whose items are defined by modules.

    Parameters
    ----------
    kind : str
        The word for an item in messages.
    package : str
        Full name of the package.
    attribute : str
        Name of the variable that holds the item in each module.
    item_type : type
        Class of the items.

    Returns
    -------
    Registry
    """
    return Registry(kind, package, exported(package, attribute, item_type))


def exported(package: str, attribute: str, kind: type[T]) -> Callable[[str], T]:
    """Make the `load` function of a registry whose items are defined by modules.

    Parameters
    ----------
    package : str
        Full name of the package.
    attribute : str
        Name of the variable that holds the item in each module, such as ``"FAMILY"``.
    kind : type
        Class of the items.

    Returns
    -------
    callable
        ``load(name)`` imports the module ``name`` and returns its item. It raises a
        `RegistryError` if the variable is missing or of another class.
    """

    def load(name: str) -> T:
        item: Any = getattr(importlib.import_module(f"{package}.{name}"), attribute, None)
        if not isinstance(item, kind):
            rule = f"must export {attribute}, a {kind.__name__}"
            raise RegistryError(f"{package}.{name}: {rule}, got {item!r:.80}")
        return item

    return load
