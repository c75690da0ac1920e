"""ESC-50: ``meta/esc50.csv``, with the audio in the folder ``audio`` next to ``meta``.

References
----------
K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM Multimedia 2015.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets.recordings import DatasetFormat, ManifestEntry
from featkit.errors import TableError
from featkit.table.delimited import check_fields, read_rows

NAMES = ["filename", "fold", "target", "category", "esc10", "src_file", "take"]


def _matches(lines: Sequence[str]) -> bool:
    return lines[0].split(",") == NAMES


def _read(file: Path) -> Iterator[ManifestEntry]:
    for line, cells in islice(read_rows(file), 1, None):
        check_fields(file, line, cells, NAMES)
        row = dict(zip(NAMES, cells, strict=True))
        if not row["category"]:
            raise TableError(f"{file}: line {line}: category: empty, a class is expected")
        if not row["fold"].isdecimal():
            raise TableError(f"{file}: line {line}: fold: {row['fold']!r} is not a whole number")
        fields = {"label": row["category"], "group": row["src_file"]}
        fields |= {name: row[name] for name in ("fold", "esc10", "take")}
        yield ManifestEntry(f"{file}: line {line}", row["filename"], fields)


FORMAT = DatasetFormat(
    name="esc50",
    title=f"ESC-50's esc50.csv: {','.join(NAMES)}",
    example=f"{','.join(NAMES)}\n1-100032-A.wav,1,0,dog,True,100032,A\n",
    matches=_matches,
    read=_read,
    audio_folder="../audio",
)
