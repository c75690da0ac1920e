"""Names that are written from right to left, within English sentences.

A browser orders letters by the Unicode bidirectional algorithm (Unicode Standard Annex 9): without
more, a Hebrew or Arabic name takes numbers and punctuation behind it to its left, and two such
names change places. Each is therefore isolated: by ``<bdi>`` where it is alone in an element, else
by the characters FSI and PDI. Characters that override the order of what follows are replaced by
�, so that no name turns the rest of the page around.
"""

from __future__ import annotations

import re

FSI, PDI = "\u2068", "\u2069"
"""First strong isolate, and pop directional isolate."""

LRM = "\u200e"
"""Left-to-right mark, an invisible letter."""

CONTROLS = "\u202a-\u202e\u2066-\u2069"
"""Embeddings, overrides and isolates; marks and joiners (U+200C to U+200F) change no other text."""

RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff"
"""Blocks of letters that are written from right to left."""

BETWEEN = "0-9_ \u200c-\u200f-"
"""What may stand between two such letters of one name."""

_CONTROL = re.compile(f"[{CONTROLS}]")
_CONCERNED = re.compile(f"[{CONTROLS}{RIGHT_TO_LEFT}]")
_ISOLATED = f"{FSI}[^{CONTROLS}]*{PDI}"
_WORD = f"[{RIGHT_TO_LEFT}](?:[{RIGHT_TO_LEFT}{BETWEEN}]*[{RIGHT_TO_LEFT}])?"
_PART = re.compile(f"(?P<isolated>{_ISOLATED})|(?P<word>{_WORD})|[{CONTROLS}]")


def isolated(name: str) -> str:
    """A name for a sentence; as it is, if it has nothing written from right to left."""
    return f"{FSI}{harmless(name)}{PDI}" if is_concerned(name) else name


def settled(text: str) -> str:
    """A text in which every word that is written from right to left is isolated."""
    if text.isascii():
        return text
    return _PART.sub(_settled, text)


def _settled(found: re.Match[str]) -> str:
    if found["isolated"] is not None:
        return found[0]
    return "�" if found["word"] is None else f"{FSI}{found[0]}{PDI}"


def marked(name: str) -> str:
    """A name for a figure, between left-to-right marks: fonts have no isolates."""
    return f"{LRM}{name}{LRM}" if is_concerned(name) else name


def harmless(name: str) -> str:
    """A name without characters that change the order of the text around it."""
    return _CONTROL.sub("�", name)


def is_concerned(text: str) -> bool:
    """Whether a text holds letters written from right to left, or controls of direction."""
    return not text.isascii() and _CONCERNED.search(text) is not None
