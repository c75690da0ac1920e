"""Dialects of delimited text: the compression, encoding and delimiter that other programs use.

The content alone determines:

- compression: gzip, bzip2, xz, or ZIP with a single file;
- encoding: UTF-8, UTF-16 and UTF-32 by their byte-order mark, UTF-16 without one, and Windows-1252
  (which includes Latin-1) if the bytes are not UTF-8;
- delimiter: comma, semicolon, tab or vertical bar, also by Excel's first line ``sep=;``.
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

from featkit.errors import TableError
from featkit.storage.writing import check_regular

DELIMITERS = (",", ";", "\t", "|")

FALLBACK_ENCODING = "cp1252"
"""Encoding of text that is not UTF-8: the most common one, which Excel writes in Western Europe."""

SAMPLE_BYTES = 2**18
SAMPLE_ROWS = 50
"""How much of a file is used to detect its delimiter."""

CHUNK = 2**20
"""Bytes or characters that are read together."""

MAX_EXPANSION = 100
SAFE_BYTES = 2**27
"""A file that decompresses to more than `SAFE_BYTES` and `MAX_EXPANSION` times its size is refused.

Compression reduces tables of numbers 2 to 10 times; a factor of 1000 is an attempt to fill the
memory."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_WITHOUT_MARK: dict[tuple[bool, ...], str] = {
    (True, False, True, False): "utf-16-le",
    (False, True, False, True): "utf-16-be",
}
"""Encodings without a byte-order mark: ASCII text shows in which of the first four bytes are 0."""

_COMPRESSIONS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"PK\x03\x04", "zip"),
)

_OTHER_CONTENT = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook: save it as CSV"),
    (b"PAR1\x15", "a Parquet file: give it the suffix .parquet"),
    (b"<!doctype html", "a web page: download the file itself"),
    (b"<html", "a web page: download the file itself"),
    (b"version https://git-lfs", "a Git LFS pointer: fetch the file itself with git lfs pull"),
)

DECOMPRESSION_ERRORS = (
    *(EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile),
    NotImplementedError,  # an unusual compression method of ZIP
)

_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_NUMERIC = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?")


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
        Number of lines before the header: 1 after Excel's first line ``sep=;``.
    row_names : bool
        Whether rows begin with a row number that has no name in the header, as R writes them.
    """

    compression: str = ""
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    skipped: int = 0
    row_names: bool = False


def detect(path: str | os.PathLike[str], *, guess: bool = False) -> Dialect:
    """Detect the dialect of a file of delimited text.

    Parameters
    ----------
    path : path
        The file.
    guess : bool
        Whether text that is not Unicode is read as Windows-1252, and row names are detected.

    Returns
    -------
    Dialect

    Raises
    ------
    TableError
        If the file cannot be read or is not text, or if it is not Unicode and `guess` is False.
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
    """Open a file and decompress it while it is read.

    Parameters
    ----------
    path : path
        The file.
    compression : str
        See `Dialect`.

    Yields
    ------
    binary stream
        The decompressed bytes.
    """
    check_regular(path)
    with open(path, "rb") as packed:
        if not compression:
            yield packed
            return
        if compression == "zip":
            with zipfile.ZipFile(packed) as archive, archive.open(_member(path, archive)) as member:
                yield io.BufferedReader(_LimitedStream(path, member))
            return
        openers: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
        with openers[compression](packed, "rb") as unpacked:
            yield io.BufferedReader(_LimitedStream(path, unpacked))


@contextmanager
def reading_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn errors of reading and decompressing a file into `TableError`.

    Parameters
    ----------
    path : path
        The file, for the messages.

    Yields
    ------
    None

    Raises
    ------
    TableError
        For every such error, with the path and the cause.
    """
    name = os.fspath(path)
    try:
        yield
    except FileNotFoundError:
        raise TableError(f"{name}: no such file") from None
    except UnicodeError:
        raise TableError(f"{name}: not UTF-8 text: save it as CSV in UTF-8") from None
    except DECOMPRESSION_ERRORS as error:
        raise TableError(f"{name}: cannot decompress it: {error or 'it is truncated'}") from None
    except OSError as error:
        raise TableError(f"{name}: cannot read it: {error.strerror or error}") from None


class _LimitedStream(io.RawIOBase):
    """Decompressed bytes up to the largest plausible size of a table."""

    def __init__(self, path: str | os.PathLike[str], stream: IO[bytes]) -> None:
        self.path = path
        self.stream = stream
        self.remaining = max(SAFE_BYTES, MAX_EXPANSION * os.path.getsize(path))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self.stream.read(len(view))
        view[: len(data)] = data
        self.remaining -= len(data)
        if self.remaining < 0:
            raise TableError(
                f"{os.fspath(self.path)}: decompresses to more than {MAX_EXPANSION} times its size,"
                " which is too much for a table: if it is one, decompress it first"
            )
        return len(data)


def _member(path: str | os.PathLike[str], archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The only file in an archive, apart from those that macOS adds."""
    files = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    if any(member.filename == "[Content_Types].xml" for member in files):
        raise TableError(f"{os.fspath(path)}: an Excel workbook: save it as CSV")
    if len(files) != 1:
        raise TableError(
            f"{os.fspath(path)}: a ZIP archive of {len(files)} files: unpack it and name one"
        )
    if files[0].flag_bits & 1:
        raise TableError(f"{os.fspath(path)}: a ZIP archive with a password: unpack it")
    return files[0]


def _compression(path: str | os.PathLike[str], head: bytes) -> str:
    for magic, cause in _OTHER_CONTENT:
        if head.lower().startswith(magic.lower()):
            raise TableError(f"{os.fspath(path)}: not a table: {cause}")
    return next((name for magic, name in _COMPRESSIONS if head.startswith(magic)), "")


def _encoding(path: str | os.PathLike[str], compression: str) -> tuple[str, str]:
    """The encoding of a file, determined from all of it, and the beginning of its text."""
    with open_bytes(path, compression) as stream:
        head = stream.read(SAMPLE_BYTES)
        by_mark = (name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark))
        encoding = next(by_mark, _WITHOUT_MARK.get(tuple(map(bool, head[:4]))))
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
            # Most text is ASCII, which is faster to check than to decode.
            if pending or not chunk.isascii():
                decoder.decode(chunk)
                pending = bool(decoder.getstate()[0])
            chunk = stream.read(CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str, path: Path) -> tuple[str, int]:
    """The character between fields, and the number of lines before the header."""
    first = sample.partition("\n")[0].partition("\r")[0]
    if separator := _SEPARATOR_LINE.fullmatch(first):
        return separator[1], 1
    return find_delimiter(sample, tabs=".tsv" in path.name.lower()), 0


def find_delimiter(sample: str, *, tabs: bool = False) -> str:
    """Find the delimiter of a text from its header and its first rows.

    Parameters
    ----------
    sample : str
        The beginning of the text.
    tabs : bool
        Whether the delimiter of a text with a single column is a tab.

    Returns
    -------
    str
        One of `DELIMITERS`.
    """
    lines = (line for line in _QUOTED.sub("", sample).splitlines() if line.strip())
    header = next(lines, "")
    candidates = [mark for mark in DELIMITERS if mark in header]
    if candidates in ([], [","]) or header.startswith("path,start,end,"):
        return "\t" if tabs and not candidates else ","
    scores = {mark: _score(sample, mark) for mark in candidates}
    best = max(candidates, key=lambda mark: scores[mark])
    if best == "," or scores[best][0] > 0.5:
        return best
    # If rows differ in length, this is the delimiter if most rows contain it, and reading reports
    # the wrong line. Otherwise the mark is part of a name.
    rows = _first_rows(sample, best)[1:]
    return best if 2 * sum(len(row) > 1 for row in rows) > len(rows) else ","


def _score(sample: str, delimiter: str) -> tuple[float, float, bool, int]:
    """How well a delimiter fits: share of rows as long as the header, then share of numbers, …"""
    rows = _first_rows(sample, delimiter)
    if not rows:
        return 0.0, 0.0, False, 0
    header, *others = rows
    width = len(header) + _has_row_names(rows)
    fitting = [row for row in others if len(row) == width]
    cells = [cell.strip() for row in fitting for cell in row]
    numbers = sum(1 for cell in cells if _NUMERIC.fullmatch(cell))
    share = len(fitting) / len(others) if others else 1.0
    return share, numbers / max(1, len(cells)), delimiter == ",", len(header)


def _first_rows(sample: str, delimiter: str) -> list[list[str]]:
    """The header and the first rows of a text; empty if the delimiter does not fit its quotes."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        rows = list(islice(filter(None, reader), SAMPLE_ROWS + 1))
    except csv.Error:
        return []
    is_cut = len(sample) >= SAMPLE_BYTES // 4 and len(rows) <= SAMPLE_ROWS
    return rows[:-1] if is_cut and len(rows) > 1 else rows


def _has_row_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether each row begins with its number, from 1, and has one field more than the header."""
    return len(rows) > 2 and all(
        len(row) == len(rows[0]) + 1 and row[0] == str(k) for k, row in enumerate(rows[1:], 1)
    )
