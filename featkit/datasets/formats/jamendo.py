"""MTG-Jamendo: ``autotagging*.tsv``, and the three files of a split of it.

A track has as many fields as it has tags, each ``category---tag``. Its label is its tag, if it has
but one. Bogdanov et al., "The MTG-Jamendo dataset for automatic music tagging", ICML 2019.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets.recordings import Entry, Format
from featkit.table.delimited import check_fields, rows

NAMES = ["TRACK_ID", "ARTIST_ID", "ALBUM_ID", "PATH", "DURATION"]

SPLITS = ("train", "validation", "test")

_OF_A_SPLIT = re.compile(rf"(.+)-({'|'.join(SPLITS)})")


def matches(lines: Sequence[str]) -> bool:
    return lines[0].split("\t") == [*NAMES, "TAGS"]


def read(file: Path) -> Iterator[Entry]:
    match = _OF_A_SPLIT.fullmatch(file.stem)
    if not match:
        yield from _entries(file, {})
        return
    for split in SPLITS:
        part = file.with_name(f"{match[1]}-{split}{file.suffix}")
        if part.exists():
            yield from _entries(part, {"split": split})


def _entries(file: Path, also: dict[str, str]) -> Iterator[Entry]:
    for line, fields in islice(rows(file, delimiter="\t", quoted=False), 1, None):
        known, tags = fields[: len(NAMES)], [tag for tag in fields[len(NAMES) :] if tag]
        check_fields(file, line, known, NAMES)
        track, artist, album, path, _ = known
        about = {
            "label": tags[0].rpartition("---")[2] if len(tags) == 1 else "",
            "group": artist,
            **also,
            "album": album,
            "track": track,
            "tags": ";".join(tags),
        }
        yield Entry(f"{file}: line {line}", path, about)


FORMAT = Format(
    name="jamendo",
    title="MTG-Jamendo's autotagging.tsv and its splits: TRACK_ID, ARTIST_ID … TAGS, with tabs",
    example="\t".join([*NAMES, "TAGS"]) + "\n"
    "track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock\n",
    matches=matches,
    read=read,
)
