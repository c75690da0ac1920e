"""Loading of sequence sets: families with one value per frame, under names, and their length.

A sequence set is a TOML file of this folder (a preset), a list of names of kinds, a user's own
file, or a dict of the same structure::

    name = "mine"
    sample_rate = 22050          # in Hz, or "native" to keep the rate of each file
    seconds = 5                  # analysed part; shorter recordings are padded with zeros
    frames = 128                 # frames of each sequence
    length_rule = "resample"     # or "cut"
    dtype = "float16"

    [spectra]
    hop_length = 256

    [[kinds]]
    name = "mel"
    family = "mel_bands"
    n_bands = 96

    [[kinds]]
    family = "rms"

Kinds that need no further parameters may be written as names: ``kinds = ["mel96", "rms"]``. A name
is that of a family with one value per frame, or one of the following. A number of channels may
follow it. The mel bands of ``[spectra]`` are those of MFCC and onset strength; ``mel`` has its own,
from 0 Hz to half the sample rate.

==================  ================================  =================
name                family                            without a number
==================  ================================  =================
``mel``             mel_bands                         128 bands
``mel_bands``       mel_bands                         40 bands
``mfcc``, ``gfcc``  mfcc, gfcc                        20, 13
``chroma``          chroma                            12 pitch classes
``wavelet``         wavelet_series                    8: levels 1 to 7 and the lowest band
==================  ================================  =================
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from featkit._utils.parameters import unknown
from featkit._utils.registry import Registry
from featkit.errors import ParameterError
from featkit.features._definitions import folder_of, is_definition_file, read_definition
from featkit.features.sequences._kinds import is_kind, kind_names
from featkit.features.sequences.sequence_set import SequenceSet
from featkit.storage.urls import shown

PACKAGE = "featkit.features.sequences"

SequenceSetLike = str | os.PathLike[str] | Sequence[str] | Mapping[str, Any] | SequenceSet
"""A sequence set, or its name, kinds, file or definition."""


def _load(name: str) -> SequenceSet:
    files = (Path(folder) / f"{name}.toml" for folder in import_module(PACKAGE).__path__)
    text = next(file for file in files if file.exists()).read_text("utf-8")
    return SequenceSet.from_dict(tomllib.loads(text), where=name)


SEQUENCE_SETS = Registry("sequence set", PACKAGE, _load, suffix=".toml")
"""Presets by name; each is loaded when it is first used."""


def sequence_set(
    spec: SequenceSetLike,
    *,
    frames: int | None = None,
    seconds: float | None = None,
    dtype: str | None = None,
) -> SequenceSet:
    """Return a sequence set by its name, from names of kinds, from a file, or from a dict.

    Parameters
    ----------
    spec : str, path, sequence of str, mapping or SequenceSet
        Name of a preset; names of kinds, as a list or separated by commas; a TOML file, or a dict
        of the same structure; or a JSON file, such as the definition that a folder of sequences
        contains.
    frames, seconds, dtype : optional
        Replace those of the set, if given.

    Returns
    -------
    SequenceSet

    Raises
    ------
    ParameterError
        If there is no such set or kind, or a value is invalid; the message names it.

    Examples
    --------
    >>> sequence_set("mfcc40,chroma24").n_channels
    {'mfcc40': 40, 'chroma24': 24}
    >>> sequence_set("logmel128").n_frames
    {'mel': 128}
    """
    chosen = _without_changes(spec)
    values = {"frames": frames, "seconds": seconds, "dtype": dtype}
    changes: dict[str, Any] = {name: v for name, v in values.items() if v is not None}
    return dataclasses.replace(chosen, **changes) if changes else chosen


def _without_changes(spec: Any) -> SequenceSet:
    if isinstance(spec, SequenceSet):
        return spec
    if isinstance(spec, Mapping):
        return SequenceSet.from_dict(spec)
    if isinstance(spec, str) and spec in SEQUENCE_SETS:
        return SEQUENCE_SETS[spec]
    if isinstance(spec, str | os.PathLike) and is_definition_file(spec):
        mapping = read_definition(spec, noun="sequence set")
        return SequenceSet.from_dict(mapping, where=shown(spec), folder=folder_of(spec))
    if isinstance(spec, str) and "," not in spec and not is_kind(spec):
        names = [*SEQUENCE_SETS, *kind_names()]
        raise ParameterError(f"{unknown('sequence set', spec, names)}; or give a .toml file")
    if isinstance(spec, str):
        return _from_names([name.strip() for name in spec.split(",")])
    if isinstance(spec, Sequence) and all(isinstance(name, str) for name in spec):
        return _from_names(spec)
    raise ParameterError(
        f"a sequence set must be a preset, names of kinds, a .toml file or a dict, got {spec!r:.80}"
    )


def _from_names(names: Sequence[str]) -> SequenceSet:
    for name in names:
        if name in SEQUENCE_SETS and len(names) > 1:
            kinds = ",".join(SEQUENCE_SETS[name].kinds)
            raise ParameterError(f"{name!r} is a preset: use it alone, or name its kinds, {kinds}")
    return SequenceSet.from_dict({"kinds": list(names)}, where="sequences")
