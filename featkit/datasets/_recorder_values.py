"""Values of recorders: times in names, GUANO fields, and numbers that are possible."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from featkit.datasets.recorder import RecordedFile

YEARS = range(1900, 2100)
"""Possible years of a recording."""

MAX_TEXT = 100
"""Characters of a text that is kept."""

RANGES = {
    "latitude": (-90.0, 90.0),
    "longitude": (-180.0, 180.0),
    "temperature": (-100.0, 150.0),
    "battery": (0.0, 1000.0),
}
"""Possible numbers of a column; others are missing."""

_TIMED_NAME = re.compile(
    r"(?:(?P<prefix>.+?)[_-])?(?P<date>\d{4}-?\d{2}-?\d{2})[ _T$-]"
    r"(?P<time>\d{2}[-:]?\d{2}[-:]?\d{2})"
    # Offsets are quarters of an hour, at least one hour; other digits, such as -0001, count files.
    r"(?P<zone>Z|[+-](?:00:?00|(?:0[1-9]|1[0-4]):?(?:00|15|30|45)))?(?![0-9])",
    re.ASCII,
)
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?) ?"
    r"(Z|[+-]\d{2}:?\d{2}|[+-]\d:\d{2})?",  # Wildlife Acoustics writes +1:00
    re.ASCII,
)
_NUMBER = re.compile(r"[<>]?[+-]?\d{1,6}(\.\d{1,12})?", re.ASCII)


def number(column: str, value: str) -> str:
    """Return a number as text.

    Parameters
    ----------
    column : str
        A column of `RANGES`.
    value : str
        The number, perhaps after ``<`` or ``>``.

    Returns
    -------
    str
        The text as it is; "" if it is no number, or one that is impossible.
    """
    low, high = RANGES[column]
    value = value.strip()
    if not _NUMBER.fullmatch(value) or not low <= float(value.lstrip("<>")) <= high:
        return ""
    return value.removeprefix("+")


def words(value: str) -> str:
    """Return a text, or "" if it is too long to be a name.

    Parameters
    ----------
    value : str

    Returns
    -------
    str
    """
    value = value.strip()
    return value if len(value) <= MAX_TEXT and value.isprintable() else ""


def iso_time(date: str, time: str, zone: str | None) -> str:
    """Return a time in ISO 8601.

    Parameters
    ----------
    date, time : str
        Digits of year, month and day, and of hour, minute and second, with or without separators;
        seconds may have a fraction.
    zone : str or None
        ``"Z"``, or an offset such as ``"+02:00"`` or ``"-0400"``; None or "" if it is not stated.

    Returns
    -------
    str
        Such as ``"2019-05-22T00:15:00+02:00"``, without an offset if it is not stated; "" if there
        is no such time.
    """
    clock, _, fraction = time.partition(".")
    digits = re.sub(r"\D", "", date) + re.sub(r"\D", "", clock) + fraction.ljust(6, "0")[:6]
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S%f").replace(tzinfo=_zone(zone))
    except ValueError:
        return ""
    if moment.year not in YEARS:
        return ""
    return moment.isoformat(timespec="milliseconds" if fraction else "seconds")


def _zone(zone: str | None) -> timezone | None:
    if not zone:
        return None
    if zone == "Z":
        return UTC
    hours, minutes = int(zone[1:-2].rstrip(":")), int(zone[-2:])
    if minutes > 59:
        raise ValueError(f"no such offset: {zone}")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if zone[0] == "-" else offset)


def time_from_text(value: str) -> str:
    """Return the time that a header states.

    Parameters
    ----------
    value : str
        Such as ``"2012-03-29T03:58:01+04:00"`` or ``"2019-05-22 00:15:00"``.

    Returns
    -------
    str
        As from `iso_time`.
    """
    match = _ISO.fullmatch(value.strip())
    return iso_time(*match.groups()) if match else ""


def name_parts(name: str) -> tuple[str, str]:
    """Return the time and the prefix of a name such as ``SITE_20190522_001500``.

    Parameters
    ----------
    name : str
        Name of a file, without suffix.

    Returns
    -------
    recorded_at : str
        As from `iso_time`; "" if the name has no time.
    prefix : str
        What precedes it; "" if nothing does.
    """
    match = _TIMED_NAME.match(name)
    if match is None:
        return "", ""
    recorded_at = iso_time(match["date"], match["time"], match["zone"])
    return (recorded_at, words(match["prefix"] or "")) if recorded_at else ("", "")


def hexadecimal_time(name: str) -> str:
    """Return the time of a name that is eight hexadecimal digits: seconds since 1970, UTC.

    Parameters
    ----------
    name : str
        Name of a file, without suffix, such as ``5B1A2C3D``.

    Returns
    -------
    str
        As from `iso_time`; "" for another name, and before 2015.
    """
    if not re.fullmatch(r"[0-9A-F]{8}", name):
        return ""
    moment = datetime.fromtimestamp(int(name, 16), UTC)
    return moment.isoformat(timespec="seconds") if moment.year >= 2015 else ""


def position(latitude: str, longitude: str) -> dict[str, str]:
    """Return the columns of a position.

    Parameters
    ----------
    latitude, longitude : str
        Degrees.

    Returns
    -------
    dict of str to str
        Empty if one of them is impossible.
    """
    place = {
        "latitude": number("latitude", latitude),
        "longitude": number("longitude", longitude),
    }
    return place if all(place.values()) else {}


def guano_values(guano: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that the common fields of GUANO give.

    Parameters
    ----------
    guano : mapping of str to str
        Values by key.

    Returns
    -------
    dict of str to str
        Columns with a value.
    """
    degrees = guano.get("Loc Position", "").replace(",", " ").split()
    values = {
        "recorded_at": time_from_text(guano.get("Timestamp", "")),
        "recorder": words(guano.get("Model", "") or guano.get("Make", "")),
        "recorder_id": words(guano.get("Serial", "")),
        "site": words(guano.get("Site", "") or guano.get("Station", "")),
        "temperature": number("temperature", guano.get("Temperature Int", ""))
        or number("temperature", guano.get("Temperature Ext", "")),
        **(position(*degrees) if len(degrees) == 2 else {}),
    }
    return {name: value for name, value in values.items() if value}


def merged(*sources: Mapping[str, str]) -> dict[str, str]:
    """Merge columns of several sources; the first value counts.

    Parameters
    ----------
    *sources : mapping of str to str
        Values by column.

    Returns
    -------
    dict of str to str
    """
    columns: dict[str, str] = {}
    for source in sources:
        for name, value in source.items():
            columns[name] = columns.get(name) or value
    return columns


def has_guano_of(file: RecordedFile, *makes: str) -> bool:
    """Whether GUANO fields name one of some makers or models.

    Parameters
    ----------
    file : RecordedFile
    *makes : str
        Beginnings of names, in lower case.

    Returns
    -------
    bool
    """
    names = (file.guano.get("Make", ""), file.guano.get("Model", ""))
    return any(name.lower().startswith(makes) for name in names)
