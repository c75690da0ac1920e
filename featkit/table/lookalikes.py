"""Names that look alike to a reader but are different values to a model."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0]")
"""Invisible letters and marks that are not in Unicode's category Cf."""


def lookalike_warnings(name: str, values: Iterable[str]) -> Iterator[str]:
    """Warn about values that differ only in case, blanks or characters that are not visible.

    Parameters
    ----------
    name : str
        Name of the column.
    values : iterable of str
        Its values.

    Yields
    ------
    str
        One warning for each set of values that look alike.
    """
    counts = Counter(values)
    by_appearance = defaultdict(list)
    for value in counts:
        by_appearance[_appearance(value).casefold()].append(value)
    for alike in by_appearance.values():
        if len(alike) > 1:
            listed = ", ".join(map(distinguishing(alike), alike))
            rows = ", ".join(f"{counts[value]:,}" for value in alike)
            yield (
                f"{name}: {listed} look alike but are different values (in {rows} rows): spell them"
                " in the same way if they mean the same"
            )


def _appearance(value: str) -> str:
    """A text without invisible characters, extra blanks and differences of Unicode forms."""
    if not value.isascii():
        visible = (c for c in INVISIBLE.sub("", value) if unicodedata.category(c) != "Cf")
        value = unicodedata.normalize("NFKC", "".join(visible))
    return " ".join(value.split())


def distinguishing(values: Sequence[str]) -> Callable[[str], str]:
    """Return the function that shows where values differ, with as few escapes as possible.

    Parameters
    ----------
    values : sequence of str
        Different values.

    Returns
    -------
    callable
        `repr`, or `ascii` if the values look alike without escapes.
    """
    shown = {_appearance(repr(value)) for value in values}
    return repr if len(shown) == len(values) else ascii
