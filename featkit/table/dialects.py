"""Delimited text as other programs write it: compressed, in other encodings, with other separators.

Detected are, from the content alone:

- compression: gzip, bzip2, xz, and ZIP with one file in it;
- encoding: UTF-8, UTF-16 and UTF-32 by their byte-order mark, UTF-16 without one, and Windows-1252
  (which includes Latin-1) where the bytes are not UTF-8;
- the separator: comma, semicolon, tab or vertical bar, also by Excel's first line ``sep=;``.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import os
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from featkit._utils.io import check_regular
from featkit.errors import TableError

DELIMITERS = (",", ";", "\t", "|")

FALLBACK_ENCODING = "cp1252"
"""Encoding of text that is not UTF-8: the commonest of the others, and what Excel writes in the
West."""

ENDINGS = (".csv", ".tsv", ".txt")
"""Endings of files of delimited text."""

COMPRESSED_ENDINGS = (".gz", ".bz2", ".xz", ".zip")
"""Endings that may follow them."""

SAMPLE_BYTES = 2**18
SAMPLE_ROWS = 50

CHUNK = 2**20

MOST_EXPANSION = 100
SAFE_BYTES = 2**27
"""A file that unpacks to more than `SAFE_BYTES` and `MOST_EXPANSION` times its size is refused.

Tables of numbers shrink to a half or a tenth; 1000 times less are files made to fill the memory."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_COMPRESSIONS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
)

_OTHERS = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook: save it as CSV"),
    (b"PAR1\x15", "a Parquet file: give it the ending .parquet"),
    (b"<!doctype html", "a web page: download the file itself"),
    (b"<html", "a web page: download the file itself"),
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself with git lfs pull"),
)

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_NUMBER_LIKE = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Dialect:
    """How a file of delimited text is written.

    Attributes
    ----------
    compression : str
        ``"gzip"``, ``"bzip2"``, ``"xz"``, ``"zip"`` or "".
    encoding : str
        Name of a Python codec.
    delimiter : str
        The character between fields.
    skipped : int
        Lines before the header: 1 if the first is ``sep=;``, as Excel writes it.
    row_names : bool
        Whether rows begin with their number, which the header has no name for, as R writes them.
    """

    compression: str = ""
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    skipped: int = 0
    row_names: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it is UTF-8, not compressed."""
        return not self.compression and self.encoding == "utf-8-sig"


def is_delimited(path: str | os.PathLike[str]) -> bool:
    """Whether a file's name ends like one of delimited text, compressed or not."""
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes and suffixes[-1] in COMPRESSED_ENDINGS:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in ENDINGS


def detect(path: str | os.PathLike[str], *, guess: bool = False) -> Dialect:
    """Find out how a file of delimited text is written.

    Parameters
    ----------
    path : path
        The file.
    guess : bool
        Whether text that is not Unicode is taken for Windows-1252, and row names are looked for.

    Raises
    ------
    TableError
        If it cannot be read, is no text, or is not Unicode and is not to be guessed.
    """
    with reading_errors(path):
        check_regular(path)
        with open(path, "rb") as stream:
            compression = _compression(path, stream.read(64))
        encoding, sample = _encoding(path, compression)
    if encoding == FALLBACK_ENCODING and not guess:
        raise TableError(f"{os.fspath(path)}: not UTF-8 text: save it as CSV in UTF-8")
    delimiter, skipped = _delimiter(sample, Path(path))
    if skipped:
        sample = sample.lstrip().partition("\n")[2]
    row_names = guess and _has_row_names(_first_rows(sample, delimiter))
    return Dialect(compression, encoding, delimiter, skipped, row_names)


@contextmanager
def open_bytes(path: str | os.PathLike[str], compression: str) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked as they are read."""
    check_regular(path)
    with open(path, "rb") as packed:
        if not compression:
            yield packed
            return
        if compression == "zip":
            with zipfile.ZipFile(packed) as archive, archive.open(_member(path, archive)) as member:
                yield io.BufferedReader(_Bounded(path, member))
            return
        openers: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
        with openers[compression](packed, "rb") as unpacked:
            yield io.BufferedReader(_Bounded(path, unpacked))


@contextmanager
def reading_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Errors of reading a file as `TableError`."""
    name = os.fspath(path)
    try:
        yield
    except FileNotFoundError:
        raise TableError(f"{name}: no such file") from None
    except UnicodeError:
        raise TableError(f"{name}: not UTF-8 text: save it as CSV in UTF-8") from None
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile) as error:
        raise TableError(f"{name}: cannot unpack it: {error or 'it is cut off'}") from None
    except OSError as error:
        raise TableError(f"{name}: cannot read it: {error.strerror or error}") from None
    except NotImplementedError as error:  # of ZIP, another method
        raise TableError(f"{name}: cannot unpack it: {error}") from None


class _Bounded(io.RawIOBase):
    """Unpacked bytes, up to what a table can be."""

    def __init__(self, path: str | os.PathLike[str], stream: IO[bytes]) -> None:
        self.path = path
        self.stream = stream
        self.left = max(SAFE_BYTES, MOST_EXPANSION * os.path.getsize(path))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self.stream.read(len(view))
        view[: len(data)] = data
        self.left -= len(data)
        if self.left < 0:
            raise TableError(
                f"{os.fspath(self.path)}: unpacks to more than {MOST_EXPANSION} times its size,"
                " which no table does: if it is one, unpack it first"
            )
        return len(data)


def _member(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The only file in an archive, but what macOS adds."""
    files = [
        each
        for each in archive.infolist()
        if not each.is_dir() and not each.filename.startswith("__MACOSX/")
    ]
    if any(each.filename == "[Content_Types].xml" for each in files):
        raise TableError(f"{os.fspath(path)}: an Excel workbook: save it as CSV")
    if len(files) != 1:
        raise TableError(
            f"{os.fspath(path)}: a ZIP archive of {len(files)} files: unpack it, and name one"
        )
    if files[0].flag_bits & 1:
        raise TableError(f"{os.fspath(path)}: a ZIP archive with a password: unpack it")
    return files[0]


def _compression(path: str | os.PathLike[str], head: bytes) -> str:
    for magic, cause in _OTHERS:
        if head.lower().startswith(magic.lower()):
            raise TableError(f"{os.fspath(path)}: not a table: {cause}")
    return next((name for magic, name in _COMPRESSIONS if head.startswith(magic)), "")


def _encoding(path: str | os.PathLike[str], compression: str) -> tuple[str, str]:
    """The encoding of a file, all of which is looked at, and the beginning of its text."""
    with open_bytes(path, compression) as stream:
        head = stream.read(SAMPLE_BYTES)
        encoding = next((name for mark, name in _MARKS if head.startswith(mark)), None)
        if encoding is None and len(head) > 3 and head[0] and head[2] and head[1] == head[3] == 0:
            encoding = "utf-16-le"
        if encoding is None and len(head) > 3 and head[1] and head[3] and head[0] == head[2] == 0:
            encoding = "utf-16-be"
        if encoding is None:
            encoding = "utf-8-sig" if _is_utf8(head, stream) else FALLBACK_ENCODING
    if encoding == FALLBACK_ENCODING and b"\0" in head:
        raise TableError(f"{os.fspath(path)}: not a table: it is not text")
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    return encoding, decoder.decode(head)


def _is_utf8(head: bytes, stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    chunk, pending = head, False
    try:
        while chunk:
            # Most text is ASCII, and to see that is faster than to decode it.
            if pending or not chunk.isascii():
                decoder.decode(chunk)
                pending = bool(decoder.getstate()[0])
            chunk = stream.read(CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str, path: Path) -> tuple[str, int]:
    """The character between fields, and how many lines are before the header."""
    first = sample.partition("\n")[0].partition("\r")[0]
    if said := _SEPARATOR_LINE.fullmatch(first):
        return said[1], 1
    return find_delimiter(sample, tabs=".tsv" in path.name.lower()), 0


def find_delimiter(sample: str, *, tabs: bool = False) -> str:
    """The character between the fields of a text, by its header and its first rows.

    Parameters
    ----------
    sample : str
        The beginning of the text.
    tabs : bool
        Whether a text of one column is taken for one with tabs.
    """
    lines = (line for line in _QUOTED.sub("", sample).splitlines() if line.strip())
    header = next(lines, "")
    there = [mark for mark in DELIMITERS if mark in header]
    if there in ([], [","]) or header.startswith("path,start,end,"):
        return "\t" if tabs and not there else ","
    ranks = {mark: _rank(sample, mark) for mark in there}
    best = max(there, key=lambda mark: ranks[mark])
    if best == "," or ranks[best][0] > 0.5:
        return best
    # Rows of other lengths are an error, which names the line; other marks may be part of a name.
    others = _first_rows(sample, best)[1:]
    return best if 2 * sum(len(row) > 1 for row in others) > len(others) else ","


def _rank(sample: str, delimiter: str) -> tuple[float, float, bool, int]:
    """How well a delimiter fits: share of rows as long as the header, share of numbers …"""
    rows = _first_rows(sample, delimiter)
    if not rows:
        return 0.0, 0.0, False, 0
    header, *others = rows
    width = len(header) + _has_row_names(rows)
    fitting = [row for row in others if len(row) == width]
    cells = [cell.strip() for row in fitting for cell in row]
    numbers = sum(1 for cell in cells if _NUMBER_LIKE.fullmatch(cell))
    share = len(fitting) / len(others) if others else 1.0
    return share, numbers / max(1, len(cells)), delimiter == ",", len(header)


def _first_rows(sample: str, delimiter: str) -> list[list[str]]:
    """The header and the first rows of a text; none, if it cannot be divided so."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        rows = list(islice(filter(None, reader), SAMPLE_ROWS + 1))
    except csv.Error:
        return []
    is_cut = len(sample) >= SAMPLE_BYTES // 4 and len(rows) <= SAMPLE_ROWS
    return rows[:-1] if is_cut and len(rows) > 1 else rows


def _has_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether each row has a field more than the header, and begins with its number, from 1."""
    return len(rows) > 2 and all(
        len(row) == len(rows[0]) + 1 and row[0] == str(k) for k, row in enumerate(rows[1:], 1)
    )
