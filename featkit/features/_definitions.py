"""Definitions of sets, of features or of sequences: their files, and the keys that these have."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from featkit._utils.parameters import unknown
from featkit.audio.rates import RATES, is_rate
from featkit.errors import ParameterError
from featkit.storage.urls import is_url, name_of, shown

PARSERS: Mapping[str, Callable[[str], Any]] = {
    ".toml": tomllib.loads,
    ".json": json.loads,
}
"""Parsers of files that define a set, by suffix."""


class Key(NamedTuple):
    """A key of a definition.

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


def is_list(value: Any) -> bool:
    """Whether a value is a list or another sequence, but not a string.

    Parameters
    ----------
    value : object

    Returns
    -------
    bool
    """
    return isinstance(value, Sequence) and not isinstance(value, str)


STRING = Key("", "a string", lambda value: isinstance(value, str))

COMMON_KEYS: Mapping[str, Key] = {
    "name": STRING._replace(default="custom"),
    "version": Key(0, "a whole number from 0", lambda v: type(v) is int and v >= 0),
    "title": STRING,
    "sample_rate": Key(
        22050, f"a rate in Hz, {RATES}, or 'native'", lambda v: v == "native" or is_rate(v)
    ),
    "spectra": Key(
        {}, "a table of parameters, as in {'hop_length': 256}", lambda v: isinstance(v, Mapping)
    ),
}
"""Keys of every definition."""


def checked_keys(
    mapping: Mapping[str, Any], keys: Mapping[str, Key], *, where: str
) -> dict[str, Any]:
    """Return the value of every key, with defaults for missing ones.

    Parameters
    ----------
    mapping : mapping
        Definition of a set.
    keys : mapping of str to Key
        The keys that it may have.
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
        if key not in keys:
            raise ParameterError(f"{where}: {unknown('key', str(key), keys)}")
        if not keys[key].is_valid(value):
            expected = keys[key].expected
            raise ParameterError(f"{where}: {key} must be {expected}, got {value!r:.80}")
    return {name: mapping.get(name, key.default) for name, key in keys.items()}


def is_definition_file(path: str | os.PathLike[str]) -> bool:
    """Whether a name or path has the suffix of a file that defines a set.

    Parameters
    ----------
    path : path or URL

    Returns
    -------
    bool
    """
    return PurePath(name_of(path)).suffix in PARSERS


def folder_of(path: str | os.PathLike[str]) -> str:
    """Return the folder in which files that a definition names are looked for first.

    Parameters
    ----------
    path : path or URL
        The definition.

    Returns
    -------
    str
        "" for a URL.
    """
    return "" if is_url(path) else os.path.dirname(os.fspath(path))


def read_definition(path: str | os.PathLike[str], *, noun: str) -> dict[str, Any]:
    """Read a file that defines a set.

    Parameters
    ----------
    path : path or URL
        A TOML or JSON file, see `is_definition_file`.
    noun : str
        The word for the definition in error messages, such as ``"feature set"``.

    Returns
    -------
    dict
        Its keys; by default, the name is that of the file.

    Raises
    ------
    ParameterError
        If it cannot be read, or is not an object with keys.
    """
    from featkit.storage.reading import local_copy
    from featkit.storage.writing import check_regular

    where, name = shown(path), PurePath(name_of(path))
    try:
        with local_copy(path) as file:
            check_regular(file)
            mapping = PARSERS[name.suffix](file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ParameterError(f"{where}: cannot read the {noun}: {reason}") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        kind = name.suffix[1:].upper()
        raise ParameterError(f"{where}: not valid {kind}: {error}") from None
    if not isinstance(mapping, dict):
        kind = type(mapping).__name__
        raise ParameterError(f"{where}: a {noun} must be an object with keys, got {kind}")
    return {"name": name.stem} | mapping


def definition_hash(definition: Mapping[str, Any]) -> str:
    """Hash of a definition: 16 hexadecimal digits, whatever the order of its keys."""
    import hashlib

    text = json.dumps(definition, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
