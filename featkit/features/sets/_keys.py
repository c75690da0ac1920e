"""Keys of a feature set: their defaults, and the values that each accepts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from featkit._utils.parameters import unknown
from featkit.audio.rates import RATES, is_rate
from featkit.errors import ParameterError


class Key(NamedTuple):
    """A key of a feature set.

    Attributes
    ----------
    default : object
        Value if the key is missing.
    expected : str
        Description of valid values, for error messages.
    is_valid : callable
        ``is_valid(value)`` returns whether a value is valid.
    """

    default: Any
    expected: str
    is_valid: Callable[[Any], bool]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _are_strings(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


_STRING = Key("", "a string", lambda value: isinstance(value, str))
_NAMES = Key((), "a list of column names", lambda v: _is_list(v) and _are_strings(v))

KEYS: Mapping[str, Key] = {
    "name": _STRING._replace(default="custom"),
    "version": Key(0, "a whole number from 0", lambda v: type(v) is int and v >= 0),
    "title": _STRING,
    "reference": _STRING,
    "note": _STRING,
    "sample_rate": Key(
        22050, f"a rate in Hz, {RATES}, or 'native'", lambda v: v == "native" or is_rate(v)
    ),
    "silent_frames": Key("keep", "'keep' or 'skip'", lambda v: v in ("keep", "skip")),
    "spectra": Key(
        {}, "a table of parameters, as in {'hop_length': 256}", lambda v: isinstance(v, Mapping)
    ),
    "features": Key((), "a list of tables, each headed [[features]] in TOML", _is_list),
    "columns": _NAMES,
    "exclude": _NAMES,
    "names": Key(
        {},
        "a table of strings, as in {'rms_mean': 'loudness'}",
        lambda v: isinstance(v, Mapping) and _are_strings([*v, *v.values()]),
    ),
}


def checked_keys(mapping: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the value of every key, with defaults for missing ones.

    Parameters
    ----------
    mapping : mapping
        Definition of a feature set.
    where : str
        Location of the definition, for error messages.

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        If a key is unknown, or its value invalid; the message names the key.
    """
    for key, value in mapping.items():
        if key not in KEYS:
            raise ParameterError(f"{where}: {unknown('key', str(key), KEYS)}")
        if not KEYS[key].is_valid(value):
            expected = KEYS[key].expected
            raise ParameterError(f"{where}: {key} must be {expected}, got {value!r:.80}")
    return {name: mapping.get(name, key.default) for name, key in KEYS.items()}
