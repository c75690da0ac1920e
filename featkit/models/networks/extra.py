"""The extra ``deep``: whether its packages are installed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

PACKAGES = ("torch", "safetensors")
"""Packages that networks need."""


def missing_extra() -> str:
    """Say which package of the extra is missing.

    Returns
    -------
    str
        A message for users; "" if all packages are installed.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if not missing:
        return ""
    return f"networks need {' and '.join(missing)}: pip install 'featkit[deep]'"


def import_extra() -> None:
    """Import the packages of networks, which takes a second, if they are installed."""
    if not missing_extra():
        import_module("torch")
