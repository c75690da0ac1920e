"""The keys of a feature set: what each may hold, and what it is where it is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from featkit._utils.parameters import unknown
from featkit.audio.rates import RATES, is_rate
from featkit.errors import ParameterError


class Key(NamedTuple):
    """A key's default, what its value must be, and how that is seen."""

    default: Any
    wanted: str
    fits: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_version(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_rate(value: Any) -> bool:
    return value == "native" or is_rate(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_names(value: Any) -> bool:
    return _is_list(value) and all(map(_is_text, value))


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_renaming(value: Any) -> bool:
    return _is_table(value) and all(map(_is_text, [*value, *value.values()]))


_TEXT = Key("", "a text", _is_text)
_NAMES = Key((), "a list of names of columns", _is_names)

KEYS: Mapping[str, Key] = {
    "name": _TEXT._replace(default="custom"),
    "version": Key(0, "a whole number from 0", _is_version),
    "title": _TEXT,
    "reference": _TEXT,
    "note": _TEXT,
    "sample_rate": Key(22050, f"a rate in Hz, {RATES}, or 'native'", _is_rate),
    "silent_frames": Key("keep", "'keep' or 'skip'", lambda value: value in ("keep", "skip")),
    "spectra": Key({}, "a table of parameters, as in {'hop_length': 256}", _is_table),
    "features": Key((), "a list of tables, each headed [[features]] in TOML", _is_list),
    "columns": _NAMES,
    "exclude": _NAMES,
    "names": Key({}, "a table of texts, as in {'rms_mean': 'loudness'}", _is_renaming),
}


def checked_keys(mapping: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The value of every key; `where` says in an error of what.

    Raises
    ------
    ParameterError
        That names a key which there is not, or whose value is of another kind.
    """
    for key, value in mapping.items():
        if key not in KEYS:
            raise ParameterError(f"{where}: {unknown('key', str(key), KEYS)}")
        if not KEYS[key].fits(value):
            raise ParameterError(f"{where}: {key} must be {KEYS[key].wanted}, got {value!r:.80}")
    return {key: mapping.get(key, of.default) for key, of in KEYS.items()}
