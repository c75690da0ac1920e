"""Names of a descriptor's components that also give the number of components.

A column's name identifies its values: ``mel_band_3of20_mean`` is one of 20 bands, and differs from
``mel_band_3_mean``, one of 40 (the default).
"""

from __future__ import annotations

from collections.abc import Iterable

from featkit.errors import ParameterError


def numbered(numbers: Iterable[int], total: int, *, default: int) -> tuple[str, ...]:
    """Return names of numbered components, with the total unless it is the default.

    Parameters
    ----------
    numbers : iterable of int
        Numbers of the components.
    total : int
        Number of components that the values depend on.
    default : int
        Total that names leave out.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> numbered(range(1, 4), 40, default=40)
    ('1', '2', '3')
    >>> numbered(range(1, 4), 20, default=40)
    ('1of20', '2of20', '3of20')
    """
    suffix = _suffix(total, default)
    return tuple(f"{number}{suffix}" for number in numbers)


def total_from_names(names: Iterable[str], *, default: int) -> int:
    """Return the total number of components from the names of some.

    Parameters
    ----------
    names : iterable of str
        Names as made by `numbered`.
    default : int
        Total of names without one.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If the names have different totals.

    Examples
    --------
    >>> total_from_names(["3of20", "7of20"], default=40)
    20
    """
    suffixes = [_number(name.partition("of")[2]) for name in names if name]
    totals = {default if total is None else total for total in suffixes} or {default}
    if len(totals) > 1:
        raise ParameterError(f"columns of different resolutions: components of {sorted(totals)}")
    return totals.pop()


def greatest_number(names: Iterable[str]) -> int:
    """Return the greatest number in names of components.

    Parameters
    ----------
    names : iterable of str
        Names as made by `numbered`.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> greatest_number(["3of20", "7of20"])
    7
    """
    numbers = [_number(name.partition("of")[0]) for name in names]
    return max([1, *(number for number in numbers if number is not None)])


def band_names(level: int) -> tuple[str, ...]:
    """Return the names of wavelet bands from the lowest to the highest.

    Parameters
    ----------
    level : int
        Number of levels.

    Returns
    -------
    tuple of str
        ``a7``, ``d7`` … ``d1`` for 7 levels: the approximation and the details.
    """
    return (f"a{level}", *(f"d{k}" for k in range(level, 0, -1)))


def relative_band_names(level: int, *, default: int) -> tuple[str, ...]:
    """Return the names of wavelet bands for values that depend on all bands.

    Parameters
    ----------
    level : int
        Number of levels.
    default : int
        Number of levels that names leave out.

    Returns
    -------
    tuple of str
        ``a9``, ``d9of9`` … for 9 levels, if the default is another number.
    """
    lowest, *details = band_names(level)
    suffix = _suffix(level, default)
    return (lowest, *(f"{detail}{suffix}" for detail in details))


def level_from_names(names: Iterable[str], *, default: int) -> int:
    """Return the number of levels from the names of wavelet bands.

    Parameters
    ----------
    names : iterable of str
        Names as made by `band_names` or `relative_band_names`.
    default : int
        Least number of levels if no name gives it.

    Returns
    -------
    int
    """
    levels = {"a": [0], "d": [default]}
    for name in names:
        band, _, total = name.partition("of")
        for kind, digits in ((band[:1], band[1:]), ("a", total)):
            if kind in levels and (level := _number(digits)) is not None:
                levels[kind].append(level)
    return max(levels["a"]) or max(levels["d"])


def _suffix(total: int, default: int) -> str:
    return "" if total == default else f"of{total}"


def _number(text: str) -> int | None:
    """A part of a name as a number; None for other text, or for more than six digits."""
    return int(text) if text.isdecimal() and len(text) <= 6 else None
