"""Times that are written as text, such as ``00:01:02.5`` and ``0 days 00:01:02.5``."""

from __future__ import annotations

import re

_TIME = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d+) days?,? ?)?(?P<plus>[+]?)"
    r"(?P<hours>\d+):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)(?:\.(?P<fraction>\d+))?",
    re.ASCII,
)

NANOSECONDS = 10**9


def parse_time(text: str) -> float | None:
    """Convert a time such as ``00:01:02.5`` or ``-1 days +23:59:58`` to seconds.

    Parameters
    ----------
    text : str
        The time.

    Returns
    -------
    float or None
        None for any other text.

    Examples
    --------
    >>> parse_time("00:01:02.5"), parse_time("1 day, 0:00:01"), parse_time("-1 days +23:59:58")
    (62.5, 86401.0, -2.0)
    >>> parse_time("3:45") is None
    True
    """
    time = _TIME.fullmatch(text)
    if time is None:
        return None
    seconds = (60 * int(time["hours"]) + int(time["minutes"])) * 60 + int(time["seconds"])
    nanoseconds = seconds * NANOSECONDS + int((time["fraction"] or "0")[:9].ljust(9, "0"))
    sign = -1 if time["sign"] else 1
    if time["days"] is None:
        return sign * nanoseconds / NANOSECONDS
    # Python and pandas apply the sign to the days only.
    return (sign * int(time["days"]) * 86400 * NANOSECONDS + nanoseconds) / NANOSECONDS
