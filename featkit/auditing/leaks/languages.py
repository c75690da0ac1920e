"""Languages of recordings, by a column, tags or the script of titles; association with classes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping

import numpy as np

from featkit._utils.formatting import percent
from featkit._utils.typing import Array
from featkit.auditing.dataset import AuditedDataset
from featkit.auditing.leaks.recording_tags import tag_columns
from featkit.models.problem import name_list

LANGUAGE_TAG, TITLE_TAG = "language", "title"

LANGUAGE_COLUMNS = ("language", "lang", "locale")
TITLE_COLUMNS = ("title", "name")


def recording_languages(dataset: AuditedDataset) -> tuple[str, dict[str, str]]:
    """Return the language of each recording, or else the script of its title.

    Parameters
    ----------
    dataset : AuditedDataset
        The dataset, with the measure ``tags`` if it has sound.

    Returns
    -------
    source : str
        Where they come from, such as ``"column 'lang'"``; "" if there is no source.
    languages : dict of str to str
        By recording; "" where unknown.
    """
    tags = tag_columns(dataset)
    columns = {name.lower(): name for name in dataset.table.keys if name != dataset.label}
    for name in LANGUAGE_COLUMNS:
        if name in columns:
            return f"column {columns[name]!r}", dataset.by_recording(columns[name])
    paths = dataset.row_names.tolist()
    if LANGUAGE_TAG in tags:
        return "tag 'language'", dict(zip(paths, tags[LANGUAGE_TAG].tolist(), strict=True))
    if TITLE_TAG in tags:
        titles = dict(zip(paths, tags[TITLE_TAG].tolist(), strict=True))
        return "script of the tag 'title'", {path: script(text) for path, text in titles.items()}
    for name in TITLE_COLUMNS:
        if name in columns:
            titles = dataset.by_recording(columns[name])
            return f"script of column {columns[name]!r}", {p: script(t) for p, t in titles.items()}
    return "", {}


def script(text: str) -> str:
    """Return the script of most letters of a text, such as ``"Latin"``.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        First word of the Unicode names of its letters; "" without letters.

    Examples
    --------
    >>> script("Мой мир 7"), script("7")
    ('Cyrillic', '')
    """
    names = (unicodedata.name(mark, "").split(" ")[0] for mark in text if mark.isalpha())
    counts = Counter(name for name in names if name)
    return counts.most_common(1)[0][0].capitalize() if counts else ""


def cramers_v(y: Array, values: Array) -> float:
    """Return the bias-corrected association of two columns (Cramér's V [1]_).

    Parameters
    ----------
    y, values : array of str, shape ``(rows,)``

    Returns
    -------
    float
        From 0 (independent) to 1.

    References
    ----------
    .. [1] W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", J. Korean Statistical
       Society 42, 2013.
    """
    _, row = np.unique(y, return_inverse=True)
    _, column = np.unique(values, return_inverse=True)
    counts = np.zeros((row.max() + 1, column.max() + 1))
    np.add.at(counts, (row, column), 1)
    n, (r, k) = counts.sum(), counts.shape
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / n
    phi2 = float(np.sum((counts - expected) ** 2 / expected) / n)
    corrected = max(0.0, phi2 - (k - 1) * (r - 1) / (n - 1))
    sides = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return float(np.sqrt(corrected / max(min(sides) - 1, 1e-12))) if min(r, k) > 1 else 0.0


def class_counts(y: Array, values: Array) -> dict[str, dict[str, int]]:
    """Count the values of each class.

    Parameters
    ----------
    y, values : array of str, shape ``(rows,)``

    Returns
    -------
    dict of str to dict
        By class, in alphabetical order: the count of each value, the most common first.
    """
    return {
        label: dict(Counter(values[y == label].tolist()).most_common())
        for label in sorted(set(y.tolist()))
    }


def most_common_values(counts: Mapping[str, Mapping[str, int]]) -> str:
    """List the most common value of each class, with its share.

    Parameters
    ----------
    counts : mapping of str to mapping
        See `class_counts`.

    Returns
    -------
    str
        Such as ``"'rain' 90.0% de, 'dog' 75.0% en"``.
    """
    parts = []
    for label, own in counts.items():
        value, count = next(iter(own.items()))
        parts.append(f"{label!r} {percent(count / sum(own.values()))} {value}")
    return name_list(parts)
