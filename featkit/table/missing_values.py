"""Words that mark a missing class, group or fold in tables of other programs.

The words are those that `pandas.read_csv` reads as missing, in exactly these spellings. A class
that is really called ``NA``, such as a country, must be renamed; messages name each word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array

MISSING_WORDS = (
    *("", "NA", "N/A", "NaN", "nan", "null", "None", "NULL", "<NA>", "n/a", "-nan", "-NaN"),
    *("#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)

AMBIGUOUS_WORDS = (
    *("?", "-", "--", ".", "unknown", "unk", "undefined", "missing", "none", "null", "nil", "nan"),
    *("na", "nat", "n/a", "n.a.", "not available", "unlabeled", "unlabelled"),
)
"""Words, in any case, that are kept as names, with a warning."""


def without_missing_words(values: Array) -> tuple[Array, str]:
    """Replace words that mark a missing value by "", and describe them for a message.

    Parameters
    ----------
    values : array of str, shape ``(rows,)``
        Classes, groups or folds.

    Returns
    -------
    values : array of str, shape ``(rows,)``
        "" where missing.
    description : str
        Each word with its count; "" if there are none.

    Examples
    --------
    >>> values, description = without_missing_words(np.array(["rock", "nan", "", "nan"]))
    >>> values.tolist()
    ['rock', '', '', '']
    >>> description
    "'nan' (2) marks a missing value: if it is a name, write it in another way, such as 'nan_'"
    """
    words = values.tolist()
    counts = Counter(word for word in words if word and word.strip() in MISSING_WORDS)
    names = [name for name in counts if name.strip()]
    if not names:
        return values, ""
    listed = ", ".join(f"{name!r} ({counts[name]})" for name in names)
    marks, it = ("marks", "it is") if len(names) == 1 else ("mark", "one is")
    description = (
        f"{listed} {marks} a missing value: if {it} a name, write it in another way, such as"
        f" {names[0] + '_'!r}"
    )
    return np.array(["" if word in counts else word for word in words], dtype=str), description


def ambiguous_word_warnings(name: str, values: Sequence[str]) -> Iterator[str]:
    """Warn about values of a column that may mark a missing value, but are kept as names.

    Parameters
    ----------
    name : str
        Name of the column.
    values : sequence of str
        Its values.

    Yields
    ------
    str
        At most one warning.
    """
    counts = Counter(value for value in values if value.strip().lower() in AMBIGUOUS_WORDS)
    if counts:
        listed = ", ".join(
            f"{value!r} ({counted(count, 'row')})" for value, count in counts.items()
        )
        yield (
            f"{name}: {listed}: read as a name like any other; if it means that {name} is unknown,"
            " leave these cells empty"
        )
