"""Provenance of a table: the origin of its numbers, as stored in files and as shown to users.

Provenance is a dict that JSON can hold: the feature set, the columns with their units and
definitions, the decoder, the resampler and the versions of the libraries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from featkit._utils.nested import flatten
from featkit.features.sets.column_description import describe
from featkit.table.columns import has_featkit_keys, is_feature_name

if TYPE_CHECKING:
    from featkit.table.feature_table import FeatureTable

METADATA_KEY = b"featkit"
"""Key of the provenance among the metadata of a Parquet file."""

FIELDS = (
    *("name", "title", "family", "descriptor", "index", "statistic", "unit"),
    *("definition", "reference"),
)
"""Fields of a column's description that must be text."""

NO_PARAMETERS = "included"
"""Flattened value of a family that has neither parameters nor statistics."""


def encode_provenance(provenance: Mapping[str, Any]) -> bytes:
    """Encode provenance for the metadata of a file.

    Parameters
    ----------
    provenance : mapping
        Data that JSON can hold.

    Returns
    -------
    bytes
        JSON with sorted keys, in UTF-8.
    """
    return json.dumps(provenance, ensure_ascii=False, sort_keys=True).encode()


def decode_provenance(metadata: bytes) -> dict[str, Any]:
    """Decode provenance from the metadata of a file.

    Parameters
    ----------
    metadata : bytes
        See `encode_provenance`.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If the metadata are not JSON, or not provenance.
    """
    provenance: dict[str, Any] = json.loads(metadata)
    try:
        for column in provenance.get("columns", []):
            if not all(isinstance(column.get(key, ""), str | None) for key in FIELDS):
                raise TypeError
            column["name"]
    except (AttributeError, KeyError, TypeError):
        raise ValueError("its metadata were not written by featkit") from None
    return provenance


def describe_columns(table: FeatureTable) -> dict[str, Mapping[str, str]]:
    """Return the description of each feature: family, unit, definition, reference and so on.

    Descriptions come from the provenance. Without them, names are looked up in the catalogue if the
    table has the keys of featkit's own tables.

    Parameters
    ----------
    table : FeatureTable
        The table.

    Returns
    -------
    dict of str to mapping
        The fields of `featkit.schema.Column` by feature; empty where unknown.
    """
    columns = {column["name"]: column for column in table.provenance.get("columns", [])}
    if not columns and has_featkit_keys(table.keys):
        names = filter(is_feature_name, table.feature_names)
        columns = {name: asdict(describe(name)) for name in names}
    return {name: columns.get(name, {}) for name in table.feature_names}


def described_provenance(table: FeatureTable) -> dict[str, Any]:
    """Return the provenance of a table, with the descriptions of `describe_columns`.

    Parameters
    ----------
    table : FeatureTable
        The table.

    Returns
    -------
    dict
        The provenance itself, unless it lacks descriptions that the catalogue has.
    """
    described = [dict(column) for column in describe_columns(table).values() if column]
    if table.provenance.get("columns") or not described:
        return table.provenance
    return {**table.provenance, "columns": described}


def flatten_provenance(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten nested provenance to dotted names, without the descriptions of columns.

    Parameters
    ----------
    provenance : mapping
        Provenance of a table.

    Returns
    -------
    dict of str

    Examples
    --------
    >>> features = [{"family": "mfcc", "n_mfcc": 20}]
    >>> flatten_provenance({"feature_set": {"features": features}, "columns": []})
    {'feature_set.features.mfcc.n_mfcc': 20}
    """
    described = ("columns", "quality", "sequences")
    origin = {name: value for name, value in provenance.items() if name not in described}
    return flatten(_with_families(origin))


def _with_families(value: Any) -> Any:
    """The same nested value with lists of families as mappings."""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "family" in value[0]:
        value = _by_family(value)
    if isinstance(value, dict):
        return {key: _with_families(member) for key, member in value.items()}
    return value


def _by_family(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Entries of a feature set by family; repeated families get a number, such as ``mfcc[2]``."""
    by_family: dict[str, Any] = {}
    for entry in entries:
        name = str(entry["family"])
        count = sum(key.partition("[")[0] == name for key in by_family)
        parameters = {key: value for key, value in entry.items() if key != "family"}
        by_family[f"{name}[{count + 1}]" if count else name] = parameters or NO_PARAMETERS
    return by_family
