"""FMA: ``tracks.csv``, with two header rows, and a third that names the index column.

References
----------
M. Defferrard et al., "FMA: A Dataset for Music Analysis", ISMIR 2017.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets.recordings import DatasetFormat, ManifestEntry
from featkit.errors import TableError
from featkit.table.delimited import check_fields, read_rows

COLUMNS = {
    "label": ("track", "genre_top"),
    "group": ("artist", "id"),
    "split": ("set", "split"),
    "subset": ("set", "subset"),
}
"""Column of each field, by its names in both header rows."""

SPLITS = {"training": "train", "validation": "validation", "test": "test"}
"""Names of the splits in FMA, and in featkit."""


def _matches(lines: Sequence[str]) -> bool:
    return len(lines) > 2 and lines[0].startswith(",") and lines[2].startswith("track_id,")


def _read(file: Path) -> Iterator[ManifestEntry]:
    tracks = read_rows(file)
    head = list(islice(tracks, 3))
    if len(head) < 3:
        raise TableError(f"{file}: the header has three rows: use tracks.csv as published")
    (_, upper), (line, lower), _ = head
    check_fields(file, line, lower, upper)
    names = ["track_id", *(f"{a},{b}" for a, b in zip(upper[1:], lower[1:], strict=True))]
    places = {name: _place(file, names, ",".join(column)) for name, column in COLUMNS.items()}
    for line, cells in tracks:
        check_fields(file, line, cells, names)
        location = f"{file}: line {line}"
        if not (cells[0].isascii() and cells[0].isdigit()):
            raise TableError(f"{location}: track_id: {cells[0]!r} is not a whole number")
        track = int(cells[0])
        fields = {name: cells[place] for name, place in places.items()}
        if fields["split"] not in SPLITS:
            expected = ", ".join(SPLITS)
            raise TableError(f"{location}: set,split: {fields['split']!r} is not one of {expected}")
        fields["split"] = SPLITS[fields["split"]]
        yield ManifestEntry(location, f"{track // 1000:03d}/{track:06d}.mp3", fields)


def _place(file: Path, names: Sequence[str], name: str) -> int:
    if name not in names:
        raise TableError(
            f"{file}: line 2: there is no column {name!r}: use tracks.csv as published"
        )
    return names.index(name)


FORMAT = DatasetFormat(
    name="fma",
    title="FMA's tracks.csv: two rows of names, then one that begins with track_id",
    example=",artist,set,set,track\n,id,split,subset,genre_top\ntrack_id,,,,\n"
    "2,1,training,small,Hip-Hop\n",
    matches=_matches,
    read=_read,
)
