"""Sizes of data in bytes, as users write and read them: ``300 MB``, ``4GB``, ``1.5 GiB``."""

from __future__ import annotations

import re

from featkit._utils.parameters import is_whole
from featkit.errors import ParameterError

UNITS = {
    "B": 1,
    **{f"{letter}B": 1000**k for k, letter in enumerate("KMGT", start=1)},
    **{f"{letter}iB": 1024**k for k, letter in enumerate("KMGT", start=1)},
}
"""Bytes of each unit."""

SIZE = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*([A-Za-z]*)\s*")


def parse_size(name: str, value: object) -> int:
    """Read a size in bytes.

    Parameters
    ----------
    name : str
        Name of the parameter, for error messages.
    value : int or str
        Bytes, also as text, or a number with a unit: ``"300MB"``, ``"4 GB"`` or ``"1.5GiB"``, in
        any case.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If it is no size, or below one byte.

    Examples
    --------
    >>> parse_size("max_memory", "1.5 GB")
    1500000000
    """
    size = _bytes(value)
    if size is None or size < 1:
        raise ParameterError(
            f"{name} must be a number of bytes, or a number with a unit such as 4GB, got {value!r}"
        )
    return size


def _bytes(value: object) -> int | None:
    if is_whole(value):
        return int(value)  # type: ignore[call-overload, no-any-return]
    match = SIZE.fullmatch(value) if isinstance(value, str) else None
    units = {"": 1, **{unit.upper(): factor for unit, factor in UNITS.items()}}
    if match is None or match[2].upper() not in units:
        return None
    return int(float(match[1]) * units[match[2].upper()])


def data_size(size: float) -> str:
    """Write a size with a unit and three digits.

    Parameters
    ----------
    size : float
        Bytes.

    Returns
    -------
    str

    Examples
    --------
    >>> data_size(900_000_000), data_size(1536), data_size(12)
    ('900 MB', '1.54 KB', '12 B')
    """
    units = [unit for unit in UNITS if not unit.endswith("iB")]
    size = float(f"{size:.3g}")
    unit = max((one for one in units if UNITS[one] <= size), key=UNITS.__getitem__, default="B")
    return f"{size / UNITS[unit]:g} {unit}"
