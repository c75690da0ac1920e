"""The compiled core of signal processing, or None without one."""

from __future__ import annotations

from featkit._utils.compiled import compiled_core

core = compiled_core("featkit.dsp._core")


def transforms(size: int) -> bool:
    """Whether there is a core, and it transforms this many real numbers; more leave the cache."""
    return core is not None and 16 <= size <= 2**16 and size & (size - 1) == 0
