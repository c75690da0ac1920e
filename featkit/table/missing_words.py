"""Words that stand for a missing class or group, as tables from other programs have them.

They are those that `pandas.read_csv` takes for missing, in exactly these spellings. So a class that
is called ``NA``, such as a country, has to be renamed; a message names each word that was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from featkit._utils.counting import counted
from featkit._utils.typing import Array

MISSING_WORDS = (
    *("", "NA", "N/A", "NaN", "nan", "null", "None", "NULL", "<NA>", "n/a", "-nan", "-NaN"),
    *("#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)

DOUBTFUL_WORDS = (
    *("?", "-", "--", ".", "unknown", "unk", "undefined", "missing", "none", "null", "nil", "nan"),
    *("na", "nat", "n/a", "n.a.", "not available", "unlabeled", "unlabelled"),
)
"""Words that are taken for names, with a warning; in any case."""


def without_missing(values: Array) -> tuple[Array, str]:
    """Replace words that stand for a missing name by "", and describe them for a message.

    Parameters
    ----------
    values : array of str
        Names.

    Returns
    -------
    values : array of str
    told : str
        Which words were found and how often; "" if none was.

    Examples
    --------
    >>> names, told = without_missing(np.array(["rock", "nan", "", "nan"]))
    >>> names.tolist()
    ['rock', '', '', '']
    >>> told
    "'nan' (2) stands for a missing value: if it is a name, write it otherwise, such as 'nan_'"
    """
    words = values.tolist()
    found = Counter(word for word in words if word and word.strip() in MISSING_WORDS)
    names = [name for name in found if name.strip()]
    if not names:
        return values, ""
    listed = ", ".join(f"{name!r} ({found[name]})" for name in names)
    stands = "stands" if len(names) == 1 else "stand"
    it = "it is a name, write it" if len(names) == 1 else "one is a name, write it"
    told = f"{listed} {stands} for a missing value: if {it} otherwise, such as {names[0] + '_'!r}"
    return np.array(["" if word in found else word for word in words], dtype=str), told


def doubtful_words(name: str, values: Sequence[str]) -> Iterator[str]:
    """A warning of names of a column that may stand for a missing one."""
    counts = Counter(value for value in values if value.strip().lower() in DOUBTFUL_WORDS)
    if counts:
        listed = ", ".join(
            f"{value!r} ({counted(count, 'row')})" for value, count in counts.items()
        )
        yield (
            f"{name}: {listed}: taken for a name like any other; if it means that {name} is not"
            " known, leave these cells empty"
        )
