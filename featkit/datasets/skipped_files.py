"""Files in the searched folders that are not audio, counted by suffix."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from featkit.storage.folders import has_commit
from featkit.storage.urls import is_url
from featkit.storage.writing import COMMIT_FILE
from featkit.table.table_files import TABLE_FORMATS

NON_AUDIO_SUFFIXES = frozenset(
    {"txt", "csv", "tsv", "json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "md", "rst", "log"}
    | {"html", "htm", "css", "js", "py", "ipynb", "r", "m", "sh", "c", "h", "cpp", "java"}
    | {"jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp", "svg", "heic", "pdf", "ps"}
    | {"doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "tex", "bib"}
    | {"zip", "gz", "bz2", "xz", "7z", "rar", "tar", "tgz", "zst"}
    | {"npy", "npz", "mat", "pkl", "pickle", "h5", "hdf5", "parquet", "feather", "arff", "pt"}
    | {"lab", "textgrid", "eaf", "trs", "srt", "vtt", "lrc", "cue", "m3u", "m3u8", "pls", "jams"}
    | {"mid", "midi", "musicxml", "mxl", "sfv", "md5", "sha1", "sha256", "nfo", "db", "sqlite"}
    | {"part", "parts", "crdownload", "download", "tmp", "temp", "bak", "old", "orig", "swp"}
)
"""Suffixes of files that are not opened to look for audio: other formats, unfinished downloads and
backup copies of editors."""

MAX_SHOWN = 8
"""Most frequent suffixes that a summary lists."""

_SUFFIX = re.compile(r"\.(?![0-9]+$)[a-z0-9_+-]{1,12}")
"""A valid suffix; not ``.00000``, which is a number, nor ``. Smith``, which is a name."""


@lru_cache(maxsize=1)
def _output_pattern() -> re.Pattern[str]:
    """Files that featkit writes next to a table; the group is the name of the table."""
    suffixes = "|".join(
        re.escape(table_format.written_suffix)
        for table_format in TABLE_FORMATS.values()
        if table_format.suffixes
    )
    return re.compile(rf"(.+(?:{suffixes}))\.(?:parts.*|failures\.csv)", re.DOTALL)


_NEXT_TO_FOLDER = re.compile(r"(.+)\.(?:parts.*|failures\.csv)", re.DOTALL)
"""Files that featkit writes next to a table in a folder, which may have any name."""


class SkippedFiles:
    """Counts files that are not audio by suffix; hidden files do not count.

    Parameters
    ----------
    output : path, optional
        The table to write. Tables of this and other runs, their checkpoints and their lists of
        failures do not count.

    Attributes
    ----------
    counts : Counter of str
        Files by suffix, in lower case and with the dot; ``""`` for files without one.
    """

    def __init__(self, output: str | os.PathLike[str] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._output = None if output is None else _resolved(output)
        self._folders: set[str] = set()

    def add(self, folder: str, skipped: Iterable[str], *, names: Sequence[str]) -> None:
        """Count the skipped files of a folder, unless the folder was counted before.

        Parameters
        ----------
        folder : str
            The folder, with all links resolved, or its URL. (Resolving them here would take
            quadratic time in the depth of folders.)
        skipped : iterable of str
            Names of the skipped files.
        names : sequence of str
            Names of all files in the folder, which show which tables are featkit's own.
        """
        if folder in self._folders:
            return
        self._folders.add(folder)
        if COMMIT_FILE in names:  # parts of a table
            return
        tables = {match[1] for name in names if (match := _output_pattern().fullmatch(name))}
        if self._output is not None and os.path.dirname(self._output) == folder:
            tables.add(os.path.basename(self._output))
        for name in skipped:
            if name not in tables and not self._is_next_to_table(folder, name):
                self.counts[counted_suffix(name)] += 1

    def _is_next_to_table(self, folder: str, name: str) -> bool:
        if _output_pattern().fullmatch(name):
            return True
        match = _NEXT_TO_FOLDER.fullmatch(name)
        table = os.path.join(folder, match[1]) if match else ""
        return bool(match) and (table == self._output or has_commit(table))

    def discount(self, files: Iterable[str]) -> None:
        """Take files that are used in another way, such as annotations, out of the counts.

        Parameters
        ----------
        files : iterable of str
            Paths of files, each once; those in other folders, and audio files, were not counted.
        """
        for file in files:
            folder, name = os.path.split(file)
            suffix = counted_suffix(name)
            if _resolved(folder) in self._folders and self.counts[suffix]:
                self.counts[suffix] -= 1
        self.counts = +self.counts


def _resolved(path: str | os.PathLike[str]) -> str:
    return os.fspath(path).rstrip("/") if is_url(path) else os.path.realpath(path)


def counted_suffix(name: str) -> str:
    """The suffix under which a file is counted.

    Parameters
    ----------
    name : str
        Name of the file.

    Returns
    -------
    str
        Suffix in lower case with its dot, or ``""``.
    """
    suffix = os.path.splitext(name)[1].lower()
    return suffix if _SUFFIX.fullmatch(suffix) else ""


def may_be_audio(name: str) -> bool:
    """Whether the first bytes of a file should be checked for an audio format.

    Parameters
    ----------
    name : str
        Name of the file.

    Returns
    -------
    bool
        False for suffixes of other formats and for backup copies, such as ``a.wav~``.
    """
    return os.path.splitext(name)[1][1:].lower() not in NON_AUDIO_SUFFIXES and name[-1:] != "~"


def format_counts(counts: Mapping[str, int]) -> str:
    """Counts of files by suffix as text, the most frequent first.

    Parameters
    ----------
    counts : mapping of str to int
        As in `SkippedFiles`.

    Returns
    -------
    str
        The text; rare suffixes are counted together.

    Examples
    --------
    >>> format_counts({".jpg": 3, "": 1, ".txt": 1200})
    '1,200 .txt, 3 .jpg, 1 without suffix'
    """
    kinds = sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))
    texts = [f"{count:,} {suffix or 'without suffix'}" for suffix, count in kinds[:MAX_SHOWN]]
    rest = sum(count for _, count in kinds[MAX_SHOWN:])
    if rest:
        texts.append(f"{rest:,} other{'s' * (rest > 1)}")
    return ", ".join(texts)
