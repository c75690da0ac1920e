"""The list of commands in the order of work, and suggestions for misspelled names."""

from __future__ import annotations

import os
from collections.abc import Sequence

SECTIONS = {
    "First steps": ("demo",),
    "From recordings to tables": ("extract", "sequences", "merge"),
    "Look at tables and datasets": ("inspect", "diff", "labels", "audit"),
    "Models": ("train", "report", "predict", "explain", "evaluate", "export"),
    "Reference": ("features", "describe", "completion"),
}
"""Commands in the order of work."""

OTHERS = "Other commands"


def sections(names: Sequence[str]) -> dict[str, list[str]]:
    """Divide commands into sections, in the order of work.

    Parameters
    ----------
    names : sequence of str
        All commands.

    Returns
    -------
    dict of str to list of str
        Names by title; commands that no section lists are in a last one.
    """
    divided = {title: [name for name in own if name in names] for title, own in SECTIONS.items()}
    placed = {name for own in divided.values() for name in own}
    divided[OTHERS] = [name for name in names if name not in placed]
    return {title: own for title, own in divided.items() if own}


def no_such_command(name: str, names: Sequence[str]) -> str:
    """Return the message for a command that does not exist.

    Parameters
    ----------
    name : str
        The name as it was typed.
    names : sequence of str
        All commands.

    Returns
    -------
    str
        With the closest name or, for a file, the command that reads it.
    """
    import difflib

    from featkit._utils.formatting import printable

    text = f"No such command {printable(name)!r}."
    if close := difflib.get_close_matches(name.lower(), names, n=1):
        return f"{text} Did you mean {close[0]!r}?"
    if os.path.exists(name):
        return f"{text} It is a file or folder: name a command first, such as {'extract'!r}."
    return text
