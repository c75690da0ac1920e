"""AudioMoth: the comment in the header, names with a time, and hexadecimal names.

The comment is a sentence, whose words differ between versions of the firmware::

    Recorded at 19:17:30 10/12/2018 (UTC) by AudioMoth 24E144085F256CE6 at gain setting 2 while
    battery state was 4.2V and temperature was 20.1C.

A battery beyond the range that the recorder measures is ``<2.5`` or ``>4.9``. The identifier of a
deployment, which replaces that of the recorder in the comment, is the site. Old firmware names
files by the hexadecimal seconds since 1970.

References
----------
Open Acoustic Devices, "AudioMoth operation manual".
"""

from __future__ import annotations

import re

from featkit.datasets._recorder_values import (
    guano_values,
    has_guano_of,
    hexadecimal_time,
    iso_time,
    merged,
    name_parts,
    number,
    words,
)
from featkit.datasets.recorder import RecordedFile, Recorder

_RECORDED = re.compile(
    r"Recorded at (?P<time>\d{2}:\d{2}:\d{2}(?:\.\d{3})?) (?P<date>\d{2}/\d{2}/\d{4})"
    r"(?: \(UTC(?P<zone>[+-]\d{1,2}(?::\d{2})?)?\))?",
    re.ASCII,
)
_DEVICE = re.compile(r"\bAudioMoth ([0-9A-F]{16})\b")
_DEPLOYMENT = re.compile(r"\bduring deployment ([0-9A-F]{16})\b")
_GAIN = re.compile(r"\bat (?:(low|low-medium|medium|medium-high|high) gain|gain setting (\d))\b")
_BATTERY = re.compile(
    r"\bbattery (?:state )?was (less than |greater than |< ?|> ?)?(\d{1,2}\.\d{1,2})V", re.ASCII
)
_TEMPERATURE = re.compile(r"\btemperature was (-?\d{1,3}\.\d)C", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9A-F]{16}")

SIGNS = {"l": "<", "<": "<", "g": ">", ">": ">"}
"""Sign of a bound by the first letter of its words."""


def _matches(file: RecordedFile) -> bool:
    by_header = "AudioMoth" in file.comment or file.artist.startswith("AudioMoth")
    is_named = bool(hexadecimal_time(file.name) or _IDENTIFIER.fullmatch(name_parts(file.name)[1]))
    return by_header or has_guano_of(file, "audiomoth", "open acoustic devices") or is_named


def _read(file: RecordedFile) -> dict[str, str]:
    values = merged(_from_comment(file), guano_values(file.guano), _from_name(file.name))
    if any(values.values()) and not values.get("recorder"):
        values["recorder"] = "AudioMoth" if _matches(file) else ""
    return values


def _from_comment(file: RecordedFile) -> dict[str, str]:
    comment = file.comment
    recorded, battery = _RECORDED.search(comment), _BATTERY.search(comment)
    device = _DEVICE.search(comment) or _DEVICE.search(file.artist)
    gain, deployment = _GAIN.search(comment), _DEPLOYMENT.search(comment)
    temperature = _TEMPERATURE.search(comment)
    sign = SIGNS[battery[1][0]] if battery and battery[1] else ""
    return {
        "recorded_at": _time(recorded) if recorded else "",
        "recorder_id": device[1] if device else "",
        "site": deployment[1] if deployment else "",
        "temperature": number("temperature", temperature[1]) if temperature else "",
        "battery": number("battery", f"{sign}{battery[2]}") if battery else "",
        "recorder_gain": (gain[1] or gain[2]) if gain else "",
    }


def _time(match: re.Match[str]) -> str:
    day, month, year = match["date"].split("/")
    zone = None
    if match[0].endswith(")"):
        hours, _, minutes = (match["zone"] or "+0").partition(":")
        zone = f"{hours[0]}{int(hours[1:]):02d}:{minutes or '00'}"
    return iso_time(f"{year}{month}{day}", match["time"], zone)


def _from_name(name: str) -> dict[str, str]:
    if moment := hexadecimal_time(name):
        return {"recorded_at": moment}
    moment, prefix = name_parts(name)
    kind = "recorder_id" if _IDENTIFIER.fullmatch(prefix) else "site"
    return {"recorded_at": moment, kind: words(prefix)}


RECORDER = Recorder(
    name="audiomoth",
    title="AudioMoth: comment of the header, names such as 20190522_000000 and 5B1A2C3D",
    order=10,
    matches=_matches,
    read=_read,
)
