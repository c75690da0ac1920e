"""Registries: collections of items, one for each file in a folder.

To add an item, add a file; no list names it. The file must define exactly the right kind of object,
and the object must have the name of the file. All registries apply the same checks.

Other packages can add items to some registries, by an entry point whose group is the registry's and
whose name is the item's. The items of featkit come first, and none can be replaced.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from featkit._utils.installed import entry_points
from featkit._utils.parameters import unknown
from featkit.errors import FeatkitError, ParameterError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Named(Protocol):
    """An object with a name, the minimum that all registered items have in common."""

    @property
    def name(self) -> str | None:
        """Name of the item, and of its file."""


T = TypeVar("T", bound=Named)

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class RegistryError(FeatkitError):
    """A file in the folder of a registry, or another package, does not define a valid item."""


class Outside(NamedTuple, Generic[T]):
    """How other packages add items to a registry.

    Attributes
    ----------
    group : str
        Group of the entry points.
    accept : callable
        ``accept(name, exported)`` checks the object that an entry point names, and returns the
        item; it raises a `FeatkitError` if it is none.
    """

    group: str
    accept: Callable[[str, Any], T]


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
    outside : Outside, optional
        How other packages add items; by default they cannot.

    Raises
    ------
    ParameterError
        On access to a name that does not exist; the message suggests the closest name.
    RegistryError
        On access to an item whose file or package does not define a valid one, and on listing the
        items if two of them have the same name.

    Examples
    --------
    >>> from featkit.features.family import FAMILIES
    >>> FAMILIES["rms"].name, "rms" in FAMILIES
    ('rms', True)
    """

    def __init__(
        self,
        kind: str,
        package: str,
        load: Callable[[str], T],
        *,
        suffix: str = ".py",
        outside: Outside[T] | None = None,
    ) -> None:
        self._kind, self._package, self._suffix = kind, package, suffix
        self._load, self._outside = load, outside
        self._loaded: dict[str, T] = {}

    @property
    def names(self) -> list[str]:
        """Names of the items, those of other packages last; no item is loaded."""
        return [*self.own_names, *self._entry_points()]

    @property
    def own_names(self) -> list[str]:
        """Names of the items of featkit, in alphabetical order."""
        folders = importlib.import_module(self._package).__path__
        files = (os.path.splitext(name) for folder in folders for name in os.listdir(folder))
        return sorted(
            stem for stem, suffix in files if suffix == self._suffix and not stem.startswith("_")
        )

    def package_of(self, name: str) -> str | None:
        """Return the package that adds an item.

        Parameters
        ----------
        name : str
            Name of the item.

        Returns
        -------
        str or None
            Name of the distribution; None for an item of featkit.
        """
        if name in self.own_names:
            return None
        entry_point = self._entry_points().get(name)
        return _package(entry_point) if entry_point else None

    def _entry_points(self) -> dict[str, EntryPoint]:
        """Entry points of other packages by name, in alphabetical order."""
        if not self._outside:
            return {}
        entries: dict[str, EntryPoint] = {}
        own = set(self.own_names)
        unordered = entry_points(self._outside.group)
        for entry in sorted(unordered, key=lambda entry: (entry.name, _package(entry))):
            other, fault = entries.get(entry.name), ""
            if not _NAME.fullmatch(entry.name):
                fault = "which must be lower-case words joined by underscores"
            elif entry.name in own or other:
                fault = f"which {_package(other) if other else 'featkit'} already has"
            if fault:
                raise RegistryError(
                    f"the package {_package(entry)!r} registers the {self._kind} {entry.name!r},"
                    f" {fault}: rename it there, or uninstall the package"
                )
            entries[entry.name] = entry
        return entries

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            if name in self.own_names:
                item, source = self._load(name), f"{self._package}: {name}{self._suffix}"
            elif entry_point := self._entry_points().get(name):
                item = self._from_outside(entry_point)
                source = f"the package {_package(entry_point)!r}: {entry_point.value}"
            else:
                raise ParameterError(unknown(self._kind, name, self.names))
            item_name = getattr(item, "name", None)
            if item_name != name:
                noun = "file" if name in self.own_names else "entry point"
                raise RegistryError(
                    f"{source} defines the {self._kind} {item_name!r}:"
                    f" the {noun} and the item must have the same name"
                )
            self._loaded[name] = item
        return self._loaded[name]

    def _from_outside(self, entry_point: EntryPoint) -> T:
        assert self._outside is not None
        try:
            return self._outside.accept(entry_point.name, entry_point.load())
        except Exception as error:  # code of another package may raise anything
            cause = str(error) if isinstance(error, FeatkitError) else f"{error!r}"
            raise RegistryError(
                f"the {self._kind} {entry_point.name!r} of the package {_package(entry_point)!r}"
                f" ({entry_point.value}) cannot be used: {cause}; update or uninstall the package"
            ) from error

    def clear(self) -> None:
        """Discard the loaded items, so that the next access loads them again (used by tests)."""
        self._loaded.clear()

    def __contains__(self, name: object) -> bool:
        return name in self.own_names or name in self._entry_points()

    def __iter__(self) -> Iterator[str]:
        yield from self.own_names
        yield from self._entry_points()  # not searched if an item of featkit ends the iteration

    def __len__(self) -> int:
        return len(self.names)


def _package(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist else entry_point.module


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


def module_registry(
    kind: str, package: str, attribute: str, item_type: type[T], *, group: str = ""
) -> Registry[T]:
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
    group : str
        Group of the entry points by which other packages add items; by default they cannot.

    Returns
    -------
    Registry
    """
    outside = Outside(group, lambda name, item: instance(item, item_type)) if group else None
    return Registry(kind, package, exported(package, attribute, item_type), outside=outside)


def instance(item: Any, item_type: type[T]) -> T:
    """Check the class of an item that another package exports.

    Parameters
    ----------
    item : object
    item_type : type
        Class that it must have.

    Returns
    -------
    object
        The item.

    Raises
    ------
    RegistryError
        If it has another class.
    """
    if not isinstance(item, item_type):
        raise RegistryError(f"it must be a {item_type.__name__}, got {item!r:.80}")
    return item


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
