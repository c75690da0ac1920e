"""The contract of recorders, their registry, and the columns that they give to recordings.

A recorder is one module in `featkit.datasets.recorders` that exports a `Recorder` as ``RECORDER``.
It reads time, place, device and state of a recording from the name and from the header of its file.
All recorders give the same columns, which hold text; models do not use them.

Headers are not trusted. A value that cannot be read, or is impossible, is missing ("").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import IO

from featkit._utils.formatting import counted
from featkit._utils.parameters import unknown
from featkit._utils.registry import module_registry
from featkit.datasets._vorbis_comments import read_tags
from featkit.datasets._wave_chunks import guano_fields, list_tags, read_chunks, wamd_fields
from featkit.datasets.files import Recording
from featkit.errors import ParameterError, StoreError
from featkit.storage.reading import read_stream
from featkit.storage.urls import is_url

COLUMNS = (
    "recorded_at",
    "recorder",
    "recorder_id",
    "site",
    "latitude",
    "longitude",
    "temperature",
    "battery",
    "recorder_gain",
)
"""The columns: start of the file in ISO 8601, with the offset from UTC if it is stated; model;
serial number; site; degrees of WGS84; degrees Celsius; volts; gain in the words of the recorder."""

AUTO = "auto"
"""Instead of a name: the recorder that recognises the file."""

STREAMS = 16
"""Files of stores that are read at the same time."""

CHUNKS = frozenset({b"LIST", b"wamd", b"guan"})
"""Chunks of WAV files that hold metadata."""


@dataclass(frozen=True, kw_only=True)
class RecordedFile:
    """The name of a file, and the metadata of its header.

    Attributes
    ----------
    name : str
        Name without folder and suffix.
    comment, artist : str
        Tags; "" if missing.
    wamd : mapping of int to str
        Items of Wildlife Acoustics by number.
    guano : mapping of str to str
        Fields of GUANO by key.
    """

    name: str
    comment: str = ""
    artist: str = ""
    wamd: Mapping[int, str] = field(default_factory=dict)
    guano: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recorder:
    """A recorder, or a family of them.

    Attributes
    ----------
    name : str
        Name of the recorder and of its module.
    title : str
        Description.
    order : int
        Place among the recorders that `AUTO` tries; the first that recognises a file reads it.
    matches : callable
        ``matches(file)``: whether a `RecordedFile` is by this recorder.
    read : callable
        ``read(file)`` returns values by column; missing columns are empty.
    """

    name: str
    title: str
    order: int
    matches: Callable[[RecordedFile], bool]
    read: Callable[[RecordedFile], Mapping[str, str]]


RECORDERS = module_registry("recorder", "featkit.datasets.recorders", "RECORDER", Recorder)
"""All recorders by name, in alphabetical order."""


def recorder_fields(
    recordings: Sequence[Recording], recorder: str, remarks: list[str] | None = None
) -> list[dict[str, str]]:
    """Read the columns of recordings from the names and headers of their files.

    Parameters
    ----------
    recordings : sequence of Recording
        The recordings. Of a file in a store, only the parts with metadata are fetched, if the store
        can send parts.
    recorder : str
        Name of a recorder, or `AUTO`.
    remarks : list of str, optional
        A remark is appended if files have no metadata.

    Returns
    -------
    list of dict of str to str
        Values by column, for each recording, in the order of `COLUMNS`.

    Raises
    ------
    ParameterError
        If there is no such recorder.
    """
    if recorder != AUTO and recorder not in RECORDERS:
        raise ParameterError(unknown("recorder", recorder, [AUTO, *RECORDERS]))
    candidates = sorted(RECORDERS.values(), key=lambda one: one.order)
    if recorder != AUTO:
        candidates = [RECORDERS[recorder]]
    values = list(_values_of_all(recordings, candidates, asks=recorder == AUTO))
    missing = [
        recording.path
        for recording, own in zip(recordings, values, strict=True)
        if not any(own.values())
    ]
    if missing and remarks is not None:
        remarks.append(
            f"recorder {recorder}: no metadata in the name or header of {len(missing):,} of"
            f" {counted(len(values), 'file')}, such as {missing[0]}"
        )
    return values


def _values_of_all(
    recordings: Sequence[Recording], candidates: Sequence[Recorder], *, asks: bool
) -> list[dict[str, str]]:
    read = partial(_values, candidates=candidates, asks=asks)
    if not any(is_url(recording.file) for recording in recordings):
        return [read(recording) for recording in recordings]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(STREAMS) as threads:
        return list(threads.map(read, recordings))


def _values(recording: Recording, candidates: Sequence[Recorder], *, asks: bool) -> dict[str, str]:
    file = recorded_file(recording)
    for recorder in candidates:
        if not asks or recorder.matches(file):
            values = recorder.read(file)
            return {name: values.get(name, "") for name in COLUMNS}
    return dict.fromkeys(COLUMNS, "")


def recorded_file(recording: Recording) -> RecordedFile:
    """Read the metadata of a file.

    Parameters
    ----------
    recording : Recording
        The recording. A file that cannot be read has no metadata; it fails later, by name.

    Returns
    -------
    RecordedFile
    """
    name = PurePosixPath(recording.path).stem
    with suppress(OSError, StoreError):
        return read_stream(recording.file, partial(_from_stream, name))
    return RecordedFile(name=name)


def _from_stream(name: str, stream: IO[bytes]) -> RecordedFile:
    chunks = read_chunks(stream, CHUNKS)
    if not chunks:
        stream.seek(0)
        texts = read_tags(stream)
        comment = texts.get("comment") or texts.get("description", "")  # FFmpeg writes the latter
        return RecordedFile(name=name, comment=comment, artist=texts.get("artist", ""))
    tags = list_tags(chunks.get(b"LIST", b""))
    return RecordedFile(
        name=name,
        comment=tags.get(b"ICMT", ""),
        artist=tags.get(b"IART", ""),
        wamd=wamd_fields(chunks.get(b"wamd", b"")),
        guano=guano_fields(chunks.get(b"guan", b"")),
    )
