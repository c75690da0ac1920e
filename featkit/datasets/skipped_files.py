"""What lies in a folder beside the recordings, counted by ending."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

OTHERS = frozenset(
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
"""Endings of files that are not opened to see whether they are sound: other kinds, half downloads
and copies that an editor keeps."""

SHOWN = 8
"""Endings that a summary names: the commonest."""

_ENDING = re.compile(r"\.(?![0-9]+$)[a-z0-9_+-]{1,12}")
"""What counts as an ending: ``.00000`` is a number, ``. Smith`` a name."""

_OWN = re.compile(r"(.+\.(?:csv|parquet))\.(?:parts.*|failures\.csv)", re.DOTALL)
"""What featkit writes beside a table."""


class LeftOut:
    """Files in folders that are no sound, counted by ending; hidden ones do not count.

    Parameters
    ----------
    output : path, optional
        The table that will be written: it is no file that was left out, nor is what stands beside
        it or beside the table of another run.

    Attributes
    ----------
    counts : Counter of str
        Files by ending, in lower case and with its dot; ``""`` for files without one.
    """

    def __init__(self, output: str | os.PathLike[str] | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._output = None if output is None else os.path.realpath(output)
        self._folders: set[str] = set()

    def add(self, folder: str, names: Iterable[str], *, beside: Sequence[str]) -> None:
        """Count files of a folder, which is counted once.

        Parameters
        ----------
        folder : str
            Where they lie, with all links followed: to do it here takes time that grows with the
            square of the depth.
        names : iterable of str
            Those that were left out.
        beside : sequence of str
            All files of the folder, which tell what is featkit's own.
        """
        if folder in self._folders:
            return
        self._folders.add(folder)
        tables = {match[1] for name in beside if (match := _OWN.fullmatch(name))}
        if self._output is not None and os.path.dirname(self._output) == folder:
            tables.add(os.path.basename(self._output))
        for name in names:
            match = _OWN.fullmatch(name)
            if not match and name not in tables:
                self.counts[counted_ending(name)] += 1


def counted_ending(name: str) -> str:
    """The ending that a file is counted under: lower case, with its dot, or ``""``."""
    ending = os.path.splitext(name)[1].lower()
    return ending if _ENDING.fullmatch(ending) else ""


def may_be_sound(name: str) -> bool:
    """Whether a file, by its ending, is worth a look at its first bytes."""
    return os.path.splitext(name)[1][1:].lower() not in OTHERS and not name.endswith("~")


def said(counts: Mapping[str, int]) -> str:
    """How many files there are by ending, the commonest first.

    Examples
    --------
    >>> said({".jpg": 3, "": 1, ".txt": 1200})
    '1,200 .txt, 3 .jpg, 1 without ending'
    """
    kinds = sorted(counts.items(), key=lambda kind: (-kind[1], kind[0]))
    told = [f"{count:,} {ending or 'without ending'}" for ending, count in kinds[:SHOWN]]
    rest = sum(count for _, count in kinds[SHOWN:])
    return ", ".join([*told, *([f"{rest:,} other{'s' * (rest > 1)}"] if rest else [])])
