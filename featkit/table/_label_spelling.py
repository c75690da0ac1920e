"""Spelling of labels: the form in which labels are compared, and one spelling for all."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from featkit._utils.typing import Array

ACCENT_CLASS = 200
"""Lowest canonical combining class of accents; vowel signs and the like have lower ones."""


def normalize_label(label: str) -> str:
    """Return the form of a label by which labels are compared.

    Case, accents, spaces, hyphens, dashes, underscores and invisible characters do not count.
    Compatibility forms, such as ligatures, count as the letters that they replace.

    Parameters
    ----------
    label : str
        A label.

    Returns
    -------
    str
        The form; the label without outer spaces if nothing else is left.

    Examples
    --------
    >>> normalize_label("Hip-Hop"), normalize_label("hip_hop "), normalize_label("Música")
    ('hiphop', 'hiphop', 'musica')
    """
    letters = unicodedata.normalize("NFKD", label).casefold()
    letters = unicodedata.normalize("NFKD", letters).casefold()
    return "".join(c for c in letters if not _is_ignored(c)) or label.strip()


def _is_ignored(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        character in "_\N{MINUS SIGN}"
        or character.isspace()
        or category in ("Pd", "Cf", "Zs")
        or unicodedata.combining(character) >= ACCENT_CLASS
    )


def spelled_like(labels: Array, classes: Sequence[str]) -> Array:
    """Give labels the spelling of the classes that they match.

    Parameters
    ----------
    labels : array of str, shape ``(rows,)``
        Labels; "" where missing.
    classes : sequence of str
        Classes, such as those of a model.

    Returns
    -------
    array of str, shape ``(rows,)``
        The class where a label equals one, or matches exactly one; other labels unchanged.
    """
    exact, by_form = set(classes), matching_labels(classes)
    spelled = {}
    for label in set(labels.tolist()):
        alike = by_form.get(normalize_label(label), [])
        spelled[label] = alike[0] if label not in exact and len(alike) == 1 else label
    return np.array([spelled[label] for label in labels.tolist()], dtype=str)


def one_spelling(labels: Array) -> Array:
    """Give labels that match each other one spelling: the most common one.

    Parameters
    ----------
    labels : array of str, shape ``(rows,)``
        Labels; "" where missing.

    Returns
    -------
    array of str, shape ``(rows,)``
        Of equally common spellings, the first in alphabetical order.
    """
    counts = Counter(labels.tolist())
    spelled = {}
    for alike in matching_labels(counts).values():
        best = min(alike, key=lambda label: (-counts[label], label))
        spelled.update(dict.fromkeys(alike, best))
    return np.array([spelled[label] for label in labels.tolist()], dtype=str)


def matching_labels(labels: Iterable[str]) -> dict[str, list[str]]:
    """Group labels that match each other.

    Parameters
    ----------
    labels : iterable of str
        Labels.

    Returns
    -------
    dict of str to list of str
        The different spellings of each normalised label, in order of appearance.
    """
    by_form: dict[str, list[str]] = {}
    for label in dict.fromkeys(labels):
        by_form.setdefault(normalize_label(label), []).append(label)
    return by_form
