"""Kinds of sequences: their names, such as ``mfcc40``, and the tables that define them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.features.family import FAMILIES
from featkit.features.sets.entries import Entry, find_files

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""Names of kinds: each is also the name of a file."""

LONGEST_NAME = 64
"""Characters of a name."""


class Numbered(NamedTuple):
    """A family whose number of channels is part of the name of a kind.

    Attributes
    ----------
    family : str
    parameter : str
        Parameter that determines the number of channels.
    default : int or None
        Channels of a name without a number; None for the default of the family.
    offset : int
        Value of the parameter less the number of channels.
    """

    family: str
    parameter: str
    default: int | None = None
    offset: int = 0


NUMBERED: Mapping[str, Numbered] = {
    "mel": Numbered("mel_bands", "n_bands", 128),
    "mel_bands": Numbered("mel_bands", "n_bands"),
    "mfcc": Numbered("mfcc", "n_mfcc"),
    "gfcc": Numbered("gfcc", "n_gfcc"),
    "chroma": Numbered("chroma", "n_chroma"),
    # The approximation is a channel, too.
    "wavelet": Numbered("wavelet_series", "level", offset=-1),
    "wavelet_series": Numbered("wavelet_series", "level", offset=-1),
}
"""Names that may end with a number of channels, such as ``mfcc40``."""


def kind_from_name(name: str) -> dict[str, Any]:
    """Return the table of ``[[kinds]]`` for a name such as ``mfcc40`` or ``rms``.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict

    Raises
    ------
    ParameterError
        If no family has this name.
    """
    base = name.rstrip("0123456789")
    number = name[len(base) :]
    if len(number) > 6:
        raise ParameterError(f"{name!r}: {number} channels are too many")
    if base not in NUMBERED:
        if name not in FAMILIES:
            raise ParameterError(_unknown_kind(name))
        return {"name": name, "family": name}
    kind = NUMBERED[base]
    channels = int(number) if number else kind.default
    table: dict[str, Any] = {"name": name, "family": kind.family}
    return table if channels is None else table | {kind.parameter: channels + kind.offset}


def kind_names() -> list[str]:
    """Return the names of all kinds, without numbers of channels.

    Returns
    -------
    list of str
    """
    per_frame = (family.name for family in FAMILIES.values() if family.per == "frame")
    return list(dict.fromkeys([*NUMBERED, *per_frame]))


def is_kind(name: str) -> bool:
    """Return whether a name is that of a kind or of a family, perhaps with a number.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool
    """
    base = name.rstrip("0123456789")
    return base in NUMBERED or base in FAMILIES


def _unknown_kind(name: str) -> str:
    """Message for a name that is no kind, with the closest one."""
    base = name.rstrip("0123456789")
    if base in FAMILIES:
        return f"{base!r} has no choice of channels: leave out the number in {name!r}"
    message = unknown("kind of sequence", base, kind_names())
    return f"{message}; some take a number of channels, as in mel64, mfcc40 and chroma24"


def kind_from_table(table: Any, *, where: str, folder: str = "") -> tuple[str, Entry]:
    """Create a kind.

    Parameters
    ----------
    table : str or mapping
        A name, or a table of ``[[kinds]]``: ``family``, ``name`` (by default that of the family),
        and the parameters of the family.
    where : str
        Location of the table, for error messages.
    folder : str
        Folder in which files that the parameters name are looked for first.

    Returns
    -------
    name : str
    entry : Entry
        Its family, without statistics.

    Raises
    ------
    ParameterError
        If there is no such kind, the family has one value per clip, or a key is invalid.
    """
    if isinstance(table, str):
        try:
            table = kind_from_name(table)
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None
    if not isinstance(table, Mapping) or not isinstance(table.get("family"), str):
        rule = "must be a name or a table with its family, as in family = 'mfcc'"
        raise ParameterError(f"{where}: {rule}, got {table!r:.80}")
    parameters = dict(table)
    family_name = parameters.pop("family")
    name = parameters.pop("name", family_name)
    _check_name(name, where)
    where = f"{where} ({name})"
    try:
        family = FAMILIES[family_name]
    except ParameterError as error:
        raise ParameterError(f"{where}: {error}") from None
    if family.per == "clip":
        rule = "has one value per clip: a sequence needs a family with one value per frame"
        raise ParameterError(f"{where}: {family_name!r} {rule}")
    if "name" in (field.name for field in dataclasses.fields(family.parameters)):
        parameters["name"] = name  # the first part of the channels' names
    find_files(parameters, family, folder)
    return name, Entry(family_name, family.parameters.from_mapping(parameters, where=where))


def _check_name(name: Any, where: str) -> None:
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        rule = "name must be lower-case letters and digits, joined by underscores"
        raise ParameterError(f"{where}: {rule}, got {name!r:.80}")
