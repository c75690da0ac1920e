"""Datasets of the library mirdata, with the metadata of each track."""

from __future__ import annotations

import os
from typing import Any, get_args

from featkit._utils.parameters import unknown
from featkit.datasets._name_patterns import reserved_reason
from featkit.datasets.files import Recording, recording_at
from featkit.errors import ParameterError

PLAIN_TYPES = (str, int, float, bool)


def read_mirdata(name: str, root: str | os.PathLike[str] | None = None) -> list[Recording]:
    """List the recordings of a dataset of mirdata.

    Parameters
    ----------
    name : str
        Name of the dataset in mirdata, such as ``"gtzan_genre"``.
    root : path, optional
        Folder of the dataset; by default the one that mirdata downloads to.

    Returns
    -------
    list of Recording
        One for each track with audio. Its fields are ``track``, the id, and those attributes of
        the track that are texts or numbers; an attribute with a reserved name gets the prefix
        ``track_``.

    Raises
    ------
    ParameterError
        If mirdata is not installed, does not have the dataset, or cannot read it.
    """
    try:
        import mirdata
    except ImportError:
        raise ParameterError(
            f"mirdata:{name}: the library mirdata is missing: pip install 'featkit[mirdata]'"
        ) from None
    if name not in mirdata.list_datasets():
        raise ParameterError(unknown("dataset of mirdata", name, mirdata.list_datasets()))
    home = None if root is None else os.fspath(root)
    try:
        dataset = mirdata.initialize(name, data_home=home)
        tracks = dataset.load_tracks()
    except Exception as error:  # each dataset of mirdata raises its own exceptions
        cause = f"{type(error).__name__}: {error}"
        raise ParameterError(f"mirdata:{name}: cannot read the dataset: {cause}") from None
    recordings = [
        recording_at(
            file, _path(file, dataset.data_home), fields={"track": str(key), **_fields(track)}
        )
        for key, track in tracks.items()
        if (file := getattr(track, "audio_path", None))
    ]
    if not recordings:
        raise ParameterError(f"mirdata:{name}: none of its {len(tracks)} tracks has an audio_path")
    return recordings


def _path(file: str, home: str) -> str:
    return os.path.relpath(file, home).replace(os.sep, "/")


def _fields(track: Any) -> dict[str, str]:
    fields = {}
    for name in dir(track):
        is_skipped = name.startswith("_") or name.endswith("path") or name in ("track", "track_id")
        if is_skipped or not _may_be_plain(getattr(type(track), name, None)):
            continue
        try:
            value = getattr(track, name)
        except Exception:  # of any class, for example if an annotation file is missing
            continue
        if isinstance(value, PLAIN_TYPES):
            fields[f"track_{name}" if reserved_reason(name) else name] = str(value)
    return fields


def _may_be_plain(attribute: Any) -> bool:
    """Whether to read an attribute; a property annotated as audio would decode the whole file."""
    function = getattr(attribute, "fget", None) or getattr(attribute, "func", None)
    returned = getattr(function, "__annotations__", {}).get("return", str)
    return any(kind in PLAIN_TYPES for kind in (returned, *get_args(returned)))
