"""Versions and entry points of installed packages, without the import of a parser of mails."""

from __future__ import annotations

import os
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@lru_cache
def installed_version(package: str) -> str | None:
    """Return the version of an installed package, as by `importlib.metadata.version`.

    That function imports the parser of mails, and reads the whole description of the package with
    it, which takes 20 ms for the packages of a feature table.

    Parameters
    ----------
    package : str
        Name of the distribution, such as ``"scikit-learn"``.

    Returns
    -------
    str or None
        None if it is not installed.
    """
    for folder in sys.path:
        for name in _distributions(folder).get(_normalized(package), []):
            if version := _stated_version(os.path.join(folder, name, "METADATA")):
                return version
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    try:
        return version_of(package)
    except PackageNotFoundError:
        return None


def entry_points(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, as by `importlib.metadata.entry_points`.

    That function is only imported if a package has such a group.

    Parameters
    ----------
    group : str
        Name of the group, such as ``"featkit.families"``.

    Returns
    -------
    list of EntryPoint
        Those of all installed packages.
    """
    if not any(_may_have_group(folder, f"[{group}]") for folder in dict.fromkeys(sys.path)):
        return []
    from importlib import metadata

    return list(metadata.entry_points(group=group))


MODULES = {
    "PIL": "pillow",
    "google": "protobuf",
    "pywt": "pywavelets",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu, or xgboost with support for GPUs",
}
"""Distributions whose modules have other names, and a choice between two."""


def missing_package(error: ModuleNotFoundError) -> str:
    """Describe a package that a part of featkit needs, and that is not installed.

    Installations for predictions only lack some packages of a whole one.

    Parameters
    ----------
    error : ModuleNotFoundError
        The error of the import.

    Returns
    -------
    str
        A message for users.
    """
    module = (error.name or "").partition(".")[0]
    return (
        f"this needs the package {MODULES.get(module, module)}, which is not installed: pip install"
        f" {MODULES.get(module, module).partition(',')[0]}, or all packages: pip install featkit"
    )


def _may_have_group(folder: str, header: str) -> bool:
    """Whether a package of a folder has the group; True for an archive, which is not searched."""
    if os.path.isfile(folder):
        return True
    names = [name for names in _distributions(folder).values() for name in names]
    files = (os.path.join(folder, name, "entry_points.txt") for name in names)
    return any(header in _text(file) for file in files)


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


@lru_cache
def _distributions(folder: str) -> dict[str, list[str]]:
    """Folders that describe the distributions in a folder, by normalised name."""
    folders: dict[str, list[str]] = {}
    try:
        names = os.listdir(folder or ".")
    except OSError:  # a ZIP archive, or no folder
        return folders
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            folders.setdefault(_normalized(name.partition("-")[0]), []).append(name)
    return folders


def _stated_version(metadata: str) -> str | None:
    """The version in the head of a file of metadata; None if it cannot be read."""
    try:
        with open(metadata, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if not line.strip():  # the end of the head
                    return None
                if line.startswith("Version:"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return None


def _normalized(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
