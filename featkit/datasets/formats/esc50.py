"""ESC-50: ``meta/esc50.csv``, with its sound in ``audio`` beside ``meta``.

K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM Multimedia 2015.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from featkit.datasets.recordings import Entry, Format
from featkit.errors import TableError
from featkit.table.delimited import check_fields, rows

NAMES = ["filename", "fold", "target", "category", "esc10", "src_file", "take"]


def matches(lines: Sequence[str]) -> bool:
    return lines[0].split(",") == NAMES


def read(file: Path) -> Iterator[Entry]:
    for line, fields in islice(rows(file), 1, None):
        check_fields(file, line, fields, NAMES)
        row = dict(zip(NAMES, fields, strict=True))
        if not row["category"]:
            raise TableError(f"{file}: line {line}: category: empty, where the class should be")
        if not row["fold"].isdecimal():
            raise TableError(f"{file}: line {line}: fold: {row['fold']!r} is not a whole number")
        about = {"label": row["category"], "group": row["src_file"]}
        about |= {name: row[name] for name in ("fold", "esc10", "take")}
        yield Entry(f"{file}: line {line}", row["filename"], about)


def root(file: Path) -> Path:
    """The folder of the sound, where it lies as published."""
    beside = file.absolute().parent.parent / "audio"
    return beside if beside.is_dir() else file.parent


FORMAT = Format(
    name="esc50",
    title=f"ESC-50's esc50.csv: {','.join(NAMES)}",
    example=f"{','.join(NAMES)}\n1-100032-A.wav,1,0,dog,True,100032,A\n",
    matches=matches,
    read=read,
    root=root,
)
