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

import os
import tomllib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from featkit._utils.parameters import unknown
from featkit._utils.registry import Outside, Registry, RegistryError
from featkit.errors import ParameterError
from featkit.features._definitions import folder_of, is_definition_file, read_definition
from featkit.features.sets.feature_set import FeatureSet
from featkit.storage.urls import shown

__all__ = ["DEFAULT", "FEATURE_SETS", "FeatureSet", "feature_set", "feature_sets"]

DEFAULT = "standard"
"""Name of the feature set that is used by default."""

PACKAGE = "featkit.features.sets"


def _load(name: str) -> FeatureSet:
    files = (Path(folder) / f"{name}.toml" for folder in import_module(PACKAGE).__path__)
    text = next(file for file in files if file.exists()).read_text("utf-8")
    return FeatureSet.from_dict(tomllib.loads(text), where=name)


def _accept(name: str, definition: Any) -> FeatureSet:
    """Make a set from the object that another package exports under a name."""
    if isinstance(definition, str) or not isinstance(
        definition, FeatureSet | Mapping | os.PathLike
    ):
        rule = "it must be a feature set, a dict or the path of a file"
        raise RegistryError(f"{rule}, got {definition!r:.80}")
    return feature_set(definition)


FEATURE_SETS = Registry(
    "feature set",
    PACKAGE,
    _load,
    suffix=".toml",
    outside=Outside("featkit.feature_sets", _accept),
)
"""Feature sets by name, those of other packages last; each is loaded when it is first used."""


def feature_sets() -> list[str]:
    """Return the names of the feature sets of featkit and of packages that add some.

    Returns
    -------
    list of str
        In alphabetical order, those of other packages last.
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
    if not is_definition_file(features):
        raise ParameterError(
            f"{unknown('feature set', str(features), FEATURE_SETS)};"
            " or give the path of a .toml file"
        )
    mapping = read_definition(features, noun="feature set")
    return FeatureSet.from_dict(mapping, where=shown(features), folder=folder_of(features))
