"""Recordings in the folders of stores, found by their suffix.

Files of unknown suffix are not opened to look for audio: each would cost a request.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from typing import NamedTuple

from featkit.audio.decoding.formats import FORMATS
from featkit.datasets.skipped_files import SkippedFiles
from featkit.errors import ParameterError, StoreError
from featkit.storage.reading import is_folder, stored_state
from featkit.storage.urls import (
    WEB,
    absolute_url,
    check_url,
    child_url,
    name_of,
    protocol_of,
    shown,
    without_query,
)


class StoredRecording(NamedTuple):
    """A recording in a store.

    Attributes
    ----------
    url : str
        Its URL.
    path : str
        Its path below the folder, or its name if it was given itself.
    stamp : str or None
        Size and version; None if the store does not say, or the file does not exist.
    """

    url: str
    path: str
    stamp: str | None


def find_stored_recordings(
    url: str, skipped: SkippedFiles
) -> tuple[list[StoredRecording], bool, bool]:
    """Find the recordings of a URL.

    Parameters
    ----------
    url : str
        A file, or a folder, which is searched at every depth. Hidden files and folders are skipped.
    skipped : SkippedFiles
        Counts the other files of the folder.

    Returns
    -------
    recordings : list of StoredRecording
        Sorted by path.
    is_folder : bool
        Whether the URL is that of a folder.
    exists : bool
        Whether the URL exists.

    Raises
    ------
    ParameterError
        If the URL contains a password, or is that of a folder on the web.
    StoreError
        If the store cannot be asked.
    """
    url = absolute_url(check_url(url))
    if protocol_of(url) in WEB and without_query(url).endswith("/"):
        raise ParameterError(
            f"{shown(url)}: a web server does not list its files: give their URLs, or a manifest"
            " with their names"
        )
    if protocol_of(url) not in WEB and is_folder(url):
        return _search(url, skipped), True, True
    try:
        state = stored_state(url)
    except StoreError:
        if protocol_of(url) not in WEB:
            raise
        return [StoredRecording(url, name_of(url), None)], False, True  # fails later, by name
    file = StoredRecording(url, name_of(url), state and (state.stamp or None))
    return [file], False, state is not None


def _search(url: str, skipped: SkippedFiles) -> list[StoredRecording]:
    from featkit.storage.listing import list_files

    files, others = [], defaultdict(list)
    for path, stamp, is_closed in list_files(url):
        folder, _, name = path.rpartition("/")
        if any(part.startswith(".") for part in path.split("/")):
            continue
        if is_closed or posixpath.splitext(name)[1].lstrip(".").lower() in FORMATS:
            files.append(StoredRecording(child_url(url, path), path, stamp or None))
        else:
            others[folder].append(name)
    for folder, names in others.items():
        skipped.add(child_url(url, folder), names, names=names)
    return sorted(files, key=lambda file: file.path)
