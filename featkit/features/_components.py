"""Names of a descriptor's components: numbers, or bands, that also tell how many there are.

A column's name has to say what it is of: ``mel_band_3of20_mean`` is of 20 bands, and another number
than ``mel_band_3_mean``, which is of the usual 40.
"""

from __future__ import annotations

from collections.abc import Iterable

from featkit.errors import ParameterError


def numbered(numbers: Iterable[int], total: int, *, usual: int) -> tuple[str, ...]:
    """Names of components by number, which also tell a total that is not the usual one.

    Examples
    --------
    >>> numbered(range(1, 4), 40, usual=40)
    ('1', '2', '3')
    >>> numbered(range(1, 4), 20, usual=40)
    ('1of20', '2of20', '3of20')
    """
    behind = "" if total == usual else f"of{total}"
    return tuple(f"{number}{behind}" for number in numbers)


def total_named(names: Iterable[str], *, usual: int) -> int:
    """The total that names of components tell.

    Raises
    ------
    ParameterError
        If they tell different ones.

    Examples
    --------
    >>> total_named(["3of20", "7of20"], usual=40)
    20
    """
    told = [number_named(name.partition("of")[2]) for name in names if name]
    totals = {usual if total is None else total for total in told} or {usual}
    if len(totals) > 1:
        raise ParameterError(f"columns of different resolutions: components of {sorted(totals)}")
    return totals.pop()


def greatest_named(names: Iterable[str]) -> int:
    """The greatest number in names of components, at least 1.

    Examples
    --------
    >>> greatest_named(["3of20", "7of20"])
    7
    """
    numbers = [number_named(name.partition("of")[0]) for name in names]
    return max([1, *(number for number in numbers if number is not None)])


def number_named(text: str) -> int | None:
    """The number that a part of a name is; None if it is none, or of more digits than any has."""
    return int(text) if text.isdecimal() and len(text) <= 6 else None


def band_names(level: int) -> tuple[str, ...]:
    """Names of the bands in their order: ``a7``, ``d7`` … ``d1`` for 7 levels."""
    return (f"a{level}", *(f"d{k}" for k in range(level, 0, -1)))


def share_names(level: int, *, usual: int) -> tuple[str, ...]:
    """Names of bands where each depends on all: ``a9``, ``d9of9`` … if the levels are not usual."""
    lowest, *details = band_names(level)
    behind = "" if level == usual else f"of{level}"
    return (lowest, *(f"{detail}{behind}" for detail in details))


def level_named(indices: Iterable[str], default: int) -> int:
    """How many levels there are, where bands have these names; `default` if none tells."""
    levels = {"a": [0], "d": [default]}
    for index in indices:
        band, _, level = index.partition("of")
        for kind, number in ((band[:1], band[1:]), ("a", level)):
            if kind in levels and (named := number_named(number)) is not None:
                levels[kind].append(named)
    return max(levels["a"]) or max(levels["d"])
