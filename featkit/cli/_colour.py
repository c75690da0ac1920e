"""Whether output has colours and other styles.

``NO_COLOR``, if it is set and not empty, turns them off, as does a terminal without them
(``TERM=dumb``); ``FORCE_COLOR`` and ``CLICOLOR_FORCE`` keep them where the output is not a
terminal. ``NO_COLOR`` comes first.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

DUMB = ("dumb", "unknown")


def colour() -> bool | None:
    """Return whether output has styles.

    Returns
    -------
    bool or None
        None if it depends on the stream: yes on a terminal, no elsewhere.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "").lower() in DUMB:
        return False
    forced = (os.environ.get(name, "") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    return True if any(value not in ("", "0") for value in forced) else None


def console(*, stderr: bool = False) -> Console:
    """Make a console of rich that obeys `colour`.

    Parameters
    ----------
    stderr : bool
        Whether it writes to standard error.

    Returns
    -------
    rich.console.Console
    """
    from rich.console import Console

    if colour() is False:
        return Console(stderr=stderr, color_system=None)
    return Console(stderr=stderr)


def has_cursor(stream_is_terminal: bool) -> bool:
    """Return whether a bar can be redrawn: on a terminal that can move its cursor.

    Parameters
    ----------
    stream_is_terminal : bool
        Whether the stream is a terminal.

    Returns
    -------
    bool
    """
    return stream_is_terminal and os.environ.get("TERM", "").lower() not in DUMB
