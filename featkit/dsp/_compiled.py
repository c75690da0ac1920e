"""The compiled core of signal processing, or None without one."""

from __future__ import annotations

from featkit._utils.compiled import compiled_core

core = compiled_core("featkit.dsp._core")
