"""Datasets that the library mirdata knows, through what it says about each track."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, get_args

from featkit._utils.parameters import unknown
from featkit.datasets._name_patterns import fault_of
from featkit.datasets.files import Recording
from featkit.errors import ParameterError

PLAIN = (str, int, float, bool)


def read_mirdata(name: str, root: str | os.PathLike[str] | None = None) -> list[Recording]:
    """The recordings of a dataset that mirdata knows, with the plain values of its tracks.

    Parameters
    ----------
    name : str
        What mirdata calls it, such as ``"gtzan_genre"``.
    root : path, optional
        Where it lies; left out, where mirdata puts it.

    Returns
    -------
    list of Recording
        One a track that has sound. What is known about it are the track's own attributes that are a
        text or a number, and ``track``, its id; one that has the name of a column of the table has
        ``track_`` before it.

    Raises
    ------
    ParameterError
        If mirdata is not installed, knows no such dataset, or cannot read it.
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
    except Exception as error:  # each of its datasets raises its own
        cause = f"{type(error).__name__}: {error}"
        raise ParameterError(f"mirdata:{name}: cannot read the dataset: {cause}") from None
    found = [
        Recording(file, _path(file, dataset.data_home), {"track": str(key), **_about(track)})
        for key, track in tracks.items()
        if (file := getattr(track, "audio_path", None))
    ]
    if not found:
        raise ParameterError(f"mirdata:{name}: none of its {len(tracks)} tracks has an audio_path")
    return found


def _path(file: str, home: str) -> str:
    return os.path.relpath(file, home).replace(os.sep, "/")


def _about(track: Any) -> dict[str, str]:
    about = {}
    for name in _public(track):
        try:
            value = getattr(track, name)
        except Exception:  # of any kind: an annotation whose file is not there
            continue
        if isinstance(value, PLAIN):
            about[f"track_{name}" if fault_of(name) else name] = str(value)
    return about


def _public(track: Any) -> Iterator[str]:
    for name in dir(track):
        if name.startswith("_") or name.endswith("path") or name in ("track", "track_id"):
            continue
        if _may_be_plain(getattr(type(track), name, None)):
            yield name


def _may_be_plain(attribute: Any) -> bool:
    """Whether it is worth a look: a property that says it gives sound would decode all of it."""
    function = getattr(attribute, "fget", None) or getattr(attribute, "func", None)
    given = getattr(function, "__annotations__", {}).get("return", str)
    return any(each in PLAIN for each in (given, *get_args(given)))
