"""Type aliases."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array; docstrings state its shape and type."""
