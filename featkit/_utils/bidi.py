"""Right-to-left names, such as Hebrew or Arabic ones, within English sentences.

A browser orders letters by the Unicode bidirectional algorithm [1]_: without further marks, a
right-to-left name moves the numbers and punctuation after it to its left, and two such names change
places. Each name is therefore isolated: by ``<bdi>`` if it fills an element, else by the characters
FSI and PDI. Characters that override the order of the following text are replaced by �, so that no
name can reorder the rest of the page.

References
----------
.. [1] "Unicode Bidirectional Algorithm", Unicode Standard Annex #9.
"""

from __future__ import annotations

import re

FSI, PDI = "\u2068", "\u2069"
"""First strong isolate, and pop directional isolate: they enclose an isolated text."""

LRM = "\u200e"
"""Left-to-right mark, an invisible character."""

CONTROLS = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates. Marks and joiners (U+200C to U+200F) affect no other text."""

RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
"""Unicode blocks of right-to-left letters."""

BETWEEN = "0-9_ \u200c-\u200f-"
"""Characters that may occur between two right-to-left letters of one name."""

_CONTROL = re.compile(f"[{CONTROLS}]")
_CONCERNED = re.compile(f"[{CONTROLS}{RIGHT_TO_LEFT}]")
_ISOLATED = f"{FSI}[^{CONTROLS}]*{PDI}"
_WORD = f"[{RIGHT_TO_LEFT}](?:[{RIGHT_TO_LEFT}{BETWEEN}]*[{RIGHT_TO_LEFT}])?"
_PART = re.compile(f"(?P<isolated>{_ISOLATED})|(?P<word>{_WORD})|[{CONTROLS}]")


def isolated(name: str) -> str:
    """Isolate a name, for use in a sentence.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The name between FSI and PDI; unchanged if it has no right-to-left characters.
    """
    return f"{FSI}{harmless(name)}{PDI}" if is_concerned(name) else name


def settled(text: str) -> str:
    """Isolate each right-to-left word of a text.

    Parameters
    ----------
    text : str
        The text; words that are isolated already stay as they are.

    Returns
    -------
    str
        The text with FSI and PDI around each such word, and � for other control characters.
    """
    if text.isascii():
        return text
    return _PART.sub(_isolate, text)


def _isolate(match: re.Match[str]) -> str:
    if match["isolated"] is not None:
        return match[0]
    return "�" if match["word"] is None else f"{FSI}{match[0]}{PDI}"


def marked(name: str) -> str:
    """Put left-to-right marks around a name, for figures, whose fonts have no isolates.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The name between marks; unchanged if it has no right-to-left characters.
    """
    return f"{LRM}{name}{LRM}" if is_concerned(name) else name


def harmless(name: str) -> str:
    """Replace the characters of a name that change the order of the text around it.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The name with � for each of them.
    """
    return _CONTROL.sub("�", name)


def is_concerned(text: str) -> bool:
    """Whether a text contains right-to-left letters, or controls of direction.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    bool
        True if it needs isolation.
    """
    return not text.isascii() and _CONCERNED.search(text) is not None
