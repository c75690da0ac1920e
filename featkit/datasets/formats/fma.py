"""FMA: ``tracks.csv``, whose header is two rows, and a third that names the index.

Defferrard et al., "FMA: A Dataset for Music Analysis", ISMIR 2017.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets.recordings import Entry, Format
from featkit.errors import TableError
from featkit.table.delimited import check_fields, rows

COLUMNS = {
    "label": ("track", "genre_top"),
    "group": ("artist", "id"),
    "split": ("set", "split"),
    "subset": ("set", "subset"),
}
"""Where what is known about a track stands: the two names of its column."""

SPLITS = {"training": "train", "validation": "validation", "test": "test"}
"""Splits that the dataset calls by a name of its own."""


def matches(lines: Sequence[str]) -> bool:
    return len(lines) > 2 and lines[0].startswith(",") and lines[2].startswith("track_id,")


def read(file: Path) -> Iterator[Entry]:
    tracks = rows(file)
    head = list(islice(tracks, 3))
    if len(head) < 3:
        raise TableError(f"{file}: the header is three rows: take tracks.csv as it was published")
    (_, upper), (line, lower), _ = head
    check_fields(file, line, lower, upper)
    names = ["track_id", *(f"{a},{b}" for a, b in zip(upper[1:], lower[1:], strict=True))]
    places = {key: _place(file, names, ",".join(column)) for key, column in COLUMNS.items()}
    for line, fields in tracks:
        check_fields(file, line, fields, names)
        where = f"{file}: line {line}"
        if not (fields[0].isascii() and fields[0].isdigit()):
            raise TableError(f"{where}: track_id: {fields[0]!r} is not a whole number")
        track = int(fields[0])
        about = {key: fields[place] for key, place in places.items()}
        if about["split"] not in SPLITS:
            known = ", ".join(SPLITS)
            raise TableError(f"{where}: set,split: {about['split']!r} is none of {known}")
        about["split"] = SPLITS[about["split"]]
        yield Entry(where, f"{track // 1000:03d}/{track:06d}.mp3", about)


def _place(file: Path, names: Sequence[str], name: str) -> int:
    if name not in names:
        raise TableError(
            f"{file}: line 2: there is no column {name!r}: take tracks.csv as it was published"
        )
    return names.index(name)


FORMAT = Format(
    name="fma",
    title="FMA's tracks.csv: two rows of names, then one that begins with track_id",
    example=",artist,set,set,track\n,id,split,subset,genre_top\ntrack_id,,,,\n"
    "2,1,training,small,Hip-Hop\n",
    matches=matches,
    read=read,
)
