"""Loading of feature sets: families with parameters and statistics, under a name and a version.

A feature set is a TOML file of this folder, a user's own file, or a dict of the same structure::

    name = "mine"
    sample_rate = 22050          # in Hz, or "native" to keep the rate of each file

    [spectra]
    hop_length = 256

    [[features]]
    family = "mfcc"
    n_mfcc = 40
    statistics = ["mean", "std"]

Columns are in the order of the entries; within an entry all columns of the first statistic come
first, then those of the second. A column is named ``<descriptor>[_<index>]_<statistic>``, or
``<descriptor>[_<index>]`` if each clip has one value. With ``pooled = true``, statistics are over
the components of a descriptor as well as over time: ``chroma_all_mean`` is the mean over all pitch
classes and frames.

A set that reproduces a published table selects and orders its columns with ``columns``, and
``[names]`` gives the published names where they differ::

    columns = ["chroma_all_mean", "rms_mean"]

    [names]
    chroma_all_mean = "chroma_stft_mean"

``exclude`` lists columns to leave out. ``note`` contains caveats and does not change any value.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any

from featkit._utils.parameters import unknown
from featkit._utils.registry import Registry
from featkit.errors import ParameterError
from featkit.features.sets.feature_set import FeatureSet
from featkit.storage.reading import local_copy
from featkit.storage.urls import name_of, shown
from featkit.storage.writing import check_regular

__all__ = ["DEFAULT", "FEATURE_SETS", "FeatureSet", "feature_set", "feature_sets"]

DEFAULT = "standard"
"""Name of the feature set that is used by default."""

PACKAGE = "featkit.features.sets"

PARSERS: Mapping[str, Callable[[str], Any]] = {
    ".toml": tomllib.loads,
    ".json": json.loads,
}
"""Parsers of files that define a set, by suffix."""


def _load(name: str) -> FeatureSet:
    files = (Path(folder) / f"{name}.toml" for folder in import_module(PACKAGE).__path__)
    text = next(file for file in files if file.exists()).read_text("utf-8")
    return FeatureSet.from_dict(tomllib.loads(text), where=name)


FEATURE_SETS = Registry("feature set", PACKAGE, _load, suffix=".toml")
"""Feature sets of this package by name; each is loaded when it is first used."""


def feature_sets() -> list[str]:
    """Return the names of the feature sets of this package.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    return FEATURE_SETS.names


def feature_set(features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet) -> FeatureSet:
    """Return a feature set by its name, from a file, or from a dict.

    Parameters
    ----------
    features : str, path, mapping or FeatureSet
        Name of a feature set of this package, a TOML file, or a dict of the same structure; or a
        JSON file, such as the definition that reports and tables contain.

    Returns
    -------
    FeatureSet

    Raises
    ------
    ParameterError
        If there is no such set, or a key of it is invalid; the message names the key.

    Examples
    --------
    >>> len(feature_set("genre75").columns)
    75
    >>> feature_set({"features": [{"family": "tempo"}]}).column_names
    ('tempo',)
    """
    if isinstance(features, FeatureSet):
        return features
    if isinstance(features, Mapping):
        return FeatureSet.from_dict(features)
    if isinstance(features, str) and features in FEATURE_SETS:
        return FEATURE_SETS[features]
    if not isinstance(features, str | os.PathLike):
        raise ParameterError(f"features must be a name, a file or a dict, got {features!r}")
    path = PurePath(name_of(features))
    if path.suffix not in PARSERS:
        raise ParameterError(
            f"{unknown('feature set', str(features), FEATURE_SETS)};"
            " or give the path of a .toml file"
        )
    mapping = _read(features, path.suffix)
    return FeatureSet.from_dict({"name": path.stem} | mapping, where=shown(features))


def _read(path: str | os.PathLike[str], suffix: str) -> dict[str, Any]:
    where = shown(path)
    try:
        with local_copy(path) as file:
            check_regular(file)
            mapping = PARSERS[suffix](file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ParameterError(f"{where}: cannot read the feature set: {reason}") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        raise ParameterError(f"{where}: not valid {suffix[1:].upper()}: {error}") from None
    if not isinstance(mapping, dict):
        kind = type(mapping).__name__
        raise ParameterError(f"{where}: a feature set must be an object with keys, got {kind}")
    return mapping
