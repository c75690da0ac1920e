"""Type aliases."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of any shape and type; docstrings say which."""
