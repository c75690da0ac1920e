"""Type aliases."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

Array = NDArray[Any]
"""A NumPy array; docstrings state its shape and type."""


class ArrowStream(Protocol):
    """A table of any library that hands out an Arrow C stream, such as polars or pyarrow."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
