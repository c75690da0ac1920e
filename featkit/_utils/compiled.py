"""The compiled cores, if the package was installed on a machine with a compiler.

Everything that uses one has an implementation in NumPy, too, whose results differ by rounding.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

SWITCH = "FEATKIT_COMPILED"
"""Environment variable that switches the cores off if it is 0."""


def compiled_core(name: str) -> ModuleType | None:
    """Import a compiled core.

    Parameters
    ----------
    name : str
        Full name of the extension module.

    Returns
    -------
    module or None
        None if there was no compiler, or if the cores are switched off.
    """
    if os.environ.get(SWITCH) == "0":
        return None
    try:
        return import_module(name)
    except ImportError:
        return None


def implementation() -> str:
    """Return the kind of code that computes features: ``"compiled"`` or ``"NumPy"``."""
    return "NumPy" if compiled_core("featkit.dsp._core") is None else "compiled"
