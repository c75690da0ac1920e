"""MTG-Jamendo: ``autotagging*.tsv``, and the three files of one of its splits.

A row has a cell for each tag of its track, ``category---tag``. If a track has a single tag, that is
its label.

References
----------
D. Bogdanov et al., "The MTG-Jamendo Dataset for Automatic Music Tagging", ICML 2019.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets.recordings import DatasetFormat, ManifestEntry
from featkit.table.delimited import check_fields, read_rows

NAMES = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION"]

SPLITS = ("train", "validation", "test")

_SPLIT_FILE = re.compile(rf"(.+)-({'|'.join(SPLITS)})")


def _matches(lines: Sequence[str]) -> bool:
    return lines[0].split("\t") == [*NAMES, "TAGS"]


def _read(file: Path) -> Iterator[ManifestEntry]:
    split_files = [file.with_name(name) for name in _split_files(file.name)]
    if not split_files:
        yield from _entries(file, {})
    for split, split_file in zip(SPLITS, split_files, strict=False):
        if split_file.exists():
            yield from _entries(split_file, {"split": split})


def _split_files(name: str) -> list[str]:
    """Names of the files of all splits, if this is one of them."""
    stem, suffix = os.path.splitext(name)
    match = _SPLIT_FILE.fullmatch(stem)
    return [f"{match[1]}-{split}{suffix}" for split in SPLITS] if match else []


def _entries(file: Path, split: dict[str, str]) -> Iterator[ManifestEntry]:
    for line, cells in islice(read_rows(file, delimiter="\t", quoted=False), 1, None):
        named, tags = cells[: len(NAMES)], [tag for tag in cells[len(NAMES) :] if tag]
        check_fields(file, line, named, NAMES)
        track, artist, album, path, _ = named
        fields = {
            "label": tags[0].rpartition("---")[2] if len(tags) == 1 else "",
            "group": artist,
            **split,
            "album": album,
            "track": track,
            "tags": ";".join(tags),
        }
        yield ManifestEntry(f"{file}: line {line}", path, fields)


FORMAT = DatasetFormat(
    name="jamendo",
    title="MTG-Jamendo's autotagging.tsv and its splits: TRACK_ID, ARTIST_ID … TAGS, with tabs",
    example="\t".join([*NAMES, "TAGS"]) + "\n"
    "track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock\n",
    matches=_matches,
    read=_read,
    companions=_split_files,
)
