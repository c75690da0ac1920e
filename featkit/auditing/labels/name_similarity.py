"""Names that probably mean the same: equal to the eye, singular and plural, and typing errors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from featkit.table.label_map import normalize_label
from featkit.table.lookalikes import INVISIBLE

LETTERS = str.maketrans(
    {
        **dict(zip("аеорсухіјѕԁһԛԝ", "aeopcyxijsdhqw", strict=True)),
        **dict(zip("οανιρυ", "oavipu", strict=True)),
    }
)
"""Cyrillic and Greek letters that look like Latin ones; only in words that mix alphabets."""

MIN_TYPO_LENGTH = 5
"""Shortest name with a typing error; shorter words are often one letter apart."""

MAX_TYPO_SHARE = 0.1
"""A typing error has at most this share of the recordings of the correct name, or one recording."""

MIN_PLURAL_LENGTH = 3

LOOKALIKE, PLURAL, TYPO = "look-alike spelling", "singular and plural", "likely typing error"

NUMBER = re.compile(r"(-?)0*(\d+)(?:\.(\d*?)0*)?")
BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s_-]+(?=\d)")


def appearance(name: str) -> str:
    """Return a form that is equal for names that look alike.

    Case, accents, blanks, hyphens, underscores and invisible characters do not count, nor letters
    of other alphabets in a Latin word, nor zeros that do not change a number. Between digits, all
    separators are equal.

    Parameters
    ----------
    name : str
        A name.

    Returns
    -------
    str

    Examples
    --------
    >>> appearance("Hip-Hop") == appearance("hip hop"), appearance("07"), appearance("7.0")
    (True, '7', '7')
    """
    if number := NUMBER.fullmatch(name.strip()):
        sign, whole, decimals = number.groups()
        return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
    # Between digits, a separator counts: 1-1 is not 11.
    parts = BETWEEN_DIGITS.split(INVISIBLE.sub("", name))
    form = "-".join(normalize_label(part) for part in parts)
    has_latin = any("LATIN" in unicodedata.name(c, "") for c in form)
    return form.translate(LETTERS) if has_latin else form


def similar_names(counts: Mapping[str, int]) -> dict[tuple[str, str], str]:
    """Return the pairs of names that probably mean the same.

    Parameters
    ----------
    counts : mapping of str to int
        Recordings of each name.

    Returns
    -------
    dict of (str, str) to str
        Pairs with how they are similar: `LOOKALIKE`, `PLURAL` or `TYPO`. Names of one appearance
        are each paired with the first of them.
    """
    by_form: dict[str, list[str]] = {}
    for name in counts:
        by_form.setdefault(appearance(name), []).append(name)
    pairs = {(names[0], other): LOOKALIKE for names in by_form.values() for other in names[1:]}
    for form, names in by_form.items():
        for ending in ("s", "es"):
            if len(form) >= MIN_PLURAL_LENGTH and form.isalpha() and form + ending in by_form:
                pairs[names[0], by_form[form + ending][0]] = PLURAL
    totals = {form: sum(counts[name] for name in names) for form, names in by_form.items()}
    for first, second in _one_edit_apart(totals):
        pair = by_form[first][0], by_form[second][0]
        rarer, commoner = sorted((totals[first], totals[second]))
        is_rare = rarer <= max(MAX_TYPO_SHARE * commoner, 1) and rarer < commoner
        if is_rare and pair not in pairs and pair[::-1] not in pairs:
            pairs[pair] = TYPO
    return pairs


def _one_edit_apart(forms: Mapping[str, int]) -> list[tuple[str, str]]:
    """Pairs that differ by one letter: left out, added, replaced, or swapped with the next.

    Both have a text in common if at most one letter of each is left out, so that time does not grow
    with the square of the names. Digits number things: names that differ in one are no errors.
    """
    by_rest: dict[str, list[str]] = {}
    for form in forms:
        if len(form) >= MIN_TYPO_LENGTH:
            letters = [k for k in range(len(form)) if not form[k].isdigit()]
            for rest in {form, *(form[:k] + form[k + 1 :] for k in letters)}:
                by_rest.setdefault(rest, []).append(form)
    pairs = {
        (first, second) if first < second else (second, first)
        for alike in by_rest.values()
        for k, first in enumerate(alike)
        for second in alike[k + 1 :]
    }
    return [pair for pair in sorted(pairs) if _is_one_edit(*pair)]


def _is_one_edit(first: str, second: str) -> bool:
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    left, right = first[start:], second[start:]
    end = 0
    while end < min(len(left), len(right)) and left[-1 - end] == right[-1 - end]:
        end += 1
    left, right = left[: len(left) - end], right[: len(right) - end]
    if any(c.isdigit() for c in left + right):
        return False
    is_swap = len(left) == 2 and left == right[::-1]
    return max(len(left), len(right)) <= 1 or is_swap
