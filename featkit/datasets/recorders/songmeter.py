"""Song Meter and Echo Meter of Wildlife Acoustics: the chunk ``wamd``, GUANO, and names.

Names are ``S4A03895_20190522_001500.wav`` or ``SITE_20190522$001500.wav``, with the channels
``_0+1_`` before the date in those of the SM3. A prefix like ``S4A03895`` is the serial number, any
other is the site. The temperature is that inside the recorder or, without it, outside. Gains of
several channels are separated by commas.

References
----------
Wildlife Acoustics, "wa_meta-1.0", description of the chunk ``wamd``, 2017.

GUANO metadata specification, version 1.0, 2017.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from featkit.datasets._recorder_values import (
    guano_values,
    has_guano_of,
    merged,
    name_parts,
    number,
    position,
    time_from_text,
    words,
)
from featkit.datasets.recorder import RecordedFile, Recorder

MODEL, SERIAL, NAME, START, GPS_FIRST, GPS_LAST, TEMPERATURE_INSIDE, TEMPERATURE_OUTSIDE = (
    *(0x01, 0x02, 0x04, 0x05, 0x06, 0x14),
    *(0x15, 0x16),
)
"""Numbers of the items of ``wamd``."""

MODELS = {"S4A": "SM4", "S4U": "SM4BAT"}
"""Models by the beginning of the serial number, where the manual states it."""

_SERIAL = re.compile(r"(S4A|S4U|SMA|SMU|2MA|2MU|2LA)\d{5}", re.ASCII)
_CHANNELS = re.compile(r"_(0\+1|0|1)_?\Z", re.ASCII)
_GAIN = re.compile(r'"gain" ?: ?"?(-?\d{1,3}(?:\.\d{1,2})?)', re.ASCII)
_DEGREES = re.compile(r"(-?\d{1,3}(?:\.\d{1,4})?) ?C", re.ASCII)

SETTINGS = "WA|Song Meter|Audio settings"
"""Key of GUANO with the settings of the channels, in JSON."""

PREFIX = "WA|Song Meter|Prefix"
"""Key of GUANO with the prefix of names."""


def _matches(file: RecordedFile) -> bool:
    by_name = bool(_SERIAL.fullmatch(_prefix(file.name))) or bool(
        re.search(r"\d{8}\$\d{6}", file.name, re.ASCII)
    )
    has_keys = any(key.startswith("WA|") for key in file.guano)
    return bool(file.wamd) or has_keys or has_guano_of(file, "wildlife acoustics") or by_name


def _read(file: RecordedFile) -> dict[str, str]:
    values = merged(
        _from_wamd(file.wamd),
        guano_values(file.guano),
        _from_settings(file.guano),
        _from_name(file.name),
    )
    return values | ({"site": ""} if values.get("site") == values.get("recorder_id") else {})


def _from_wamd(items: Mapping[int, str]) -> dict[str, str]:
    inside, outside = (
        _celsius(items.get(item, "")) for item in (TEMPERATURE_INSIDE, TEMPERATURE_OUTSIDE)
    )
    name = words(items.get(NAME, ""))
    return {
        "recorded_at": time_from_text(items.get(START, "")),
        "recorder": words(items.get(MODEL, "")),
        "recorder_id": words(items.get(SERIAL, "")),
        "site": "" if _SERIAL.fullmatch(name) else name,
        "temperature": inside or outside,
        **(_place(items.get(GPS_FIRST, "")) or _place(items.get(GPS_LAST, ""))),
    }


def _celsius(value: str) -> str:
    match = _DEGREES.fullmatch(value)
    return number("temperature", match[1]) if match else ""


def _place(value: str) -> dict[str, str]:
    """A position such as ``WGS84,42.38210,N,71.17350,W,12``."""
    parts = [part.strip() for part in value.split(",")]
    if len(parts) < 5 or parts[0] != "WGS84" or parts[2] not in "NS" or parts[4] not in "EW":
        return {}
    latitude = f"-{parts[1]}" if parts[2] == "S" else parts[1]
    longitude = f"-{parts[3]}" if parts[4] == "W" else parts[3]
    return position(latitude, longitude)


def _from_settings(guano: Mapping[str, str]) -> dict[str, str]:
    gains = _GAIN.findall(guano.get(SETTINGS, ""))
    prefix = words(guano.get(PREFIX, ""))
    return {
        "recorder_gain": words(",".join(gains)),
        "site": "" if _SERIAL.fullmatch(prefix) else prefix,
    }


def _prefix(name: str) -> str:
    return _CHANNELS.sub("", name_parts(name)[1])


def _from_name(name: str) -> dict[str, str]:
    recorded_at, prefix = name_parts(name)[0], _prefix(name)
    values = {"recorded_at": recorded_at}
    if not _SERIAL.fullmatch(prefix):
        return values | {"site": prefix}
    return values | {"recorder_id": prefix, "recorder": MODELS.get(prefix[:3], "")}


RECORDER = Recorder(
    name="songmeter",
    title="Song Meter: chunk wamd, GUANO, and names such as S4A03895_20190522_001500",
    order=20,
    matches=_matches,
    read=_read,
)
