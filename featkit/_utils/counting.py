"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, thing: str, things: str = "") -> str:
    """So many of something.

    Parameters
    ----------
    number : int
        How many.
    thing : str
        What one of them is called.
    things : str, optional
        What several are called, if the plural is irregular.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(0, "entry")
    ('1 row', '1,200 rows', '0 entries')
    """
    return f"{number:,} {thing if number == 1 else things or plural(thing)}"


def plural(thing: str) -> str:
    """The plural of a regular noun."""
    if thing.endswith("y") and thing[-2:-1] not in "aeiou":
        return f"{thing[:-1]}ies"
    return f"{thing}s"
