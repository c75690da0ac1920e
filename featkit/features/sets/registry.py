"""Feature sets: which families, with which parameters and statistics, under a name and a version.

A set is a TOML file of this folder, a user's own, or a dict of the same shape::

    name = "mine"
    sample_rate = 22050          # Hz, or "native" to keep each file's own

    [spectra]
    hop_length = 256

    [[features]]
    family = "mfcc"
    n_mfcc = 40
    statistics = ["mean", "std"]

Columns stand in the order of the entries; within an entry first all of the first statistic, then
all of the second. A column is called ``<descriptor>[_<index>]_<statistic>``, or
``<descriptor>[_<index>]`` where each clip has one value. With ``pooled = true`` the components of a
descriptor are one row of values: ``chroma_all_mean`` is the mean of all pitch classes and frames.

A set that reproduces somebody's published table chooses and orders its columns by ``columns``, a
list, and calls them by that table's names where they differ::

    columns = ["chroma_all_mean", "rms_mean"]

    [names]
    chroma_all_mean = "chroma_stft_mean"

One that wants all but a few names those by ``exclude``. What there is to say about a set stands in
its ``note``, which decides no number.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from featkit._utils.io import check_regular
from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.features.sets.feature_set import FeatureSet
from featkit.schema import Column

__all__ = ["DEFAULT", "FeatureSet", "describe", "feature_set", "feature_sets"]

DEFAULT = "standard"

READERS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    ".toml": tomllib.loads,
    ".json": json.loads,
}
"""How a file that defines a set is read, by its ending."""


def feature_set(features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet) -> FeatureSet:
    """The feature set that is meant.

    Parameters
    ----------
    features : str, path, mapping or FeatureSet
        Name of a set of the package, a TOML file, or a dict of the same shape; or a JSON file, as
        reports and tables write a set down.

    Raises
    ------
    ParameterError
        If there is no such set, or something in it is wrong; it names the key.

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
    if isinstance(features, str) and features in feature_sets():
        source = resources.files("featkit.features.sets") / f"{features}.toml"
        return FeatureSet.from_dict(tomllib.loads(source.read_text("utf-8")), where=str(features))
    if not isinstance(features, str | os.PathLike):
        raise ParameterError(f"features must be a name, a file or a dict, got {features!r}")
    path = Path(features)
    if path.suffix not in READERS:
        raise ParameterError(
            f"{unknown('feature set', str(features), feature_sets())};"
            " or the path of a .toml file that defines one"
        )
    try:
        check_regular(path)
        text = path.read_text("utf-8-sig")
        mapping = {"name": path.stem} | READERS[path.suffix](text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ParameterError(f"{path}: cannot read the feature set: {reason}") from None
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        kind = path.suffix[1:].upper()
        raise ParameterError(f"{path}: not valid {kind}: {error}") from None
    except TypeError:
        raise ParameterError(f"{path}: not a feature set: it holds no keys") from None
    return FeatureSet.from_dict(mapping, where=str(path))


def feature_sets() -> list[str]:
    """Names of the package's sets."""
    files = (Path(entry.name) for entry in resources.files("featkit.features.sets").iterdir())
    return sorted(file.stem for file in files if file.suffix == ".toml")


def describe(column: str) -> Column:
    """Family, descriptor, index, statistic, unit, definition and reference of a column.

    Parameters
    ----------
    column : str
        A column's name, such as ``"mfcc_3_mean"``; or what a set of the package calls one, as
        gtzan57 does by ``"mfcc3_mean"``. A name that is both, such as ``"tempo"``, is the former.

    Raises
    ------
    ParameterError
        If no family gives a column of that name.

    Examples
    --------
    >>> describe("spectral_centroid_std").unit
    'Hz'
    >>> describe("harmony_var").definition
    'variance (ddof 0) over the samples of the harmonic part, parted by medians of 31'
    """
    try:
        return FeatureSet.from_columns([column], sample_rate=None).columns[0]
    except ParameterError:
        if column in _published():
            return _published()[column]
        raise


@lru_cache(maxsize=1)
def _published() -> dict[str, Column]:
    """Columns of the package's sets by the names that other tables have for them."""
    sets = map(feature_set, feature_sets())
    return {c.name: c for each in sets for c in each.columns if c.name in each.renamed.values()}
