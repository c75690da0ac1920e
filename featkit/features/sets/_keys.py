"""Keys of a feature set: their defaults, and the values that each accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featkit.audio.rates import RATES, is_rate
from featkit.features._definitions import COMMON_KEYS, STRING, Key, is_list


def _are_strings(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


_NAMES = Key((), "a list of column names", lambda v: is_list(v) and _are_strings(v))

KEYS: Mapping[str, Key] = {
    **COMMON_KEYS,
    "reference": STRING,
    "note": STRING,
    "least_rate": Key(None, f"a rate in Hz, {RATES}", is_rate),
    "silent_frames": Key("keep", "'keep' or 'skip'", lambda v: v in ("keep", "skip")),
    "features": Key((), "a list of tables, each headed [[features]] in TOML", is_list),
    "columns": _NAMES,
    "exclude": _NAMES,
    "names": Key(
        {},
        "a table of strings, as in {'rms_mean': 'loudness'}",
        lambda v: isinstance(v, Mapping) and _are_strings([*v, *v.values()]),
    ),
}
