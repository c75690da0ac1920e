"""Fields from the names of recordings and of the folders that contain them, by a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from featkit.datasets.files import Recording, folders_above
from featkit.schema import BAND_COLUMNS, QUALITY_DTYPES, TIME_COLUMNS
from featkit.table.columns import is_feature_name
from featkit.table.name_patterns import match_names, parse_name_pattern


def reserved_reason(name: str) -> str | None:
    """Reason why a field cannot have this name; None if it can."""
    if name in ("path", *TIME_COLUMNS, *QUALITY_DTYPES):
        return "every table has a column of this name"
    if name in BAND_COLUMNS:
        return "tables of annotated intervals have a column of this name"
    return "a feature has this name" if is_feature_name(name) else None


def name_fields(pattern: str, recordings: Sequence[Recording]) -> list[dict[str, str]]:
    """Match a pattern with the name and the folders of each recording.

    Raises
    ------
    ParameterError
        If the pattern is invalid, a file has too few folders above it, or a name does not match or
        matches in two ways.
    """
    components = parse_name_pattern(pattern, reserved_reason)
    names = _names_to_match(pattern, len(components), recordings)
    return match_names(pattern, components, names, [recording.path for recording in recordings])


def _names_to_match(
    pattern: str, n_components: int, recordings: Sequence[Recording]
) -> list[list[str]]:
    """Names of the folders of each recording, then the stem of the file."""
    if n_components == 1:
        return [[PurePosixPath(recording.path).stem] for recording in recordings]
    folders = folders_above(recordings, n_components - 1, f"name pattern {pattern!r}")
    stems = ("" if pattern.endswith("/") else PurePosixPath(r.path).stem for r in recordings)
    return [[*above, stem] for above, stem in zip(folders, stems, strict=True)]
