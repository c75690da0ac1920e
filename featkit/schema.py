"""The columns of a table: reserved names, quality columns, and what describes a feature."""

from __future__ import annotations

import re
from dataclasses import dataclass

KEYS = ("path", "start", "end", "label", "group", "split", "fold")
"""Columns that say what a row is of, in the order in which they come first."""

TIMES = ("start", "end")
"""Those of them that are numbers, in seconds; all others are text."""

PREFIX = "quality_"
"""What the names of the columns begin with."""

CLIPPED_RUN = 3
"""Samples in a row at full scale that are taken for clipping; fewer may be an honest peak.

So count the clip lights of digital meters, such as Solid State Logic's (Duende user guide). No
standard says how many; one that is lower than full scale cannot be told from a loud, low tone.
"""

SILENCE = 1e-3
"""Half the range of a silent window: -60 dB of full scale."""

WINDOW = 0.02
"""Seconds of a window that is silent or not."""

SHORT = 0.1
"""Seconds below which a row is short."""


@dataclass(frozen=True)
class QualityColumn:
    """What a quality column means: name in the table, unit, definition, and type of its values."""

    name: str
    unit: str
    definition: str
    dtype: str


def _column(name: str, unit: str, definition: str, dtype: str = "float64") -> QualityColumn:
    return QualityColumn(PREFIX + name, unit, definition, dtype)


COLUMNS = (
    _column("duration", "s", "sound that is there in the row's part; padding is not counted"),
    _column("sample_rate", "Hz", "sample rate of the file, before any resampling"),
    _column("channels", "1", "channels of the file, before they are mixed", "int64"),
    _column("peak", "full scale", "largest absolute sample of any channel; full scale is 1"),
    _column(
        "clipped_share",
        "1",
        f"samples, of all channels, in runs of at least {CLIPPED_RUN} at full scale or beyond: what"
        " a converter or a mixer does to what it cannot hold (fewer may be an honest peak); full"
        " scale is the largest code of the file's sample format, at most that of 16 bits",
    ),
    _column(
        "silence_share",
        "1",
        f"time in windows of {WINDOW * 1000:g} ms, the last less than twice that, in which half the"
        f" range of all channels together, (max - min) / 2, is below {SILENCE:g} of full scale,"
        " -60 dBFS, the default of FFmpeg's silencedetect; a constant offset is silence, too",
    ),
    _column("silent", "", "silence_share is 1", "bool"),
    _column("clipped", "", "clipped_share is above 0", "bool"),
    _column(
        "short",
        "",
        f"duration is below {SHORT:g} s, some five frames: too few to tell what varies",
        "bool",
    ),
    _column(
        "truncated",
        "",
        "the file holds fewer samples than its header promises; of MP3 and of what PyAV reads this"
        " is seen only where it is read to its end",
        "bool",
    ),
    _column(
        "mono_as_stereo",
        "",
        "more than one channel, and all are equal, sample by sample, in the row's part",
        "bool",
    ),
)
"""What each value of a `Quality` means, in its order."""


QUALITY = {column.name: column.dtype for column in COLUMNS}
"""Columns that say how sound a recording is, and their types."""

SUFFIX = r"(\.\d+)*(_[xy])?"
"""What pandas adds to a name that it has twice."""

NAMELESS = re.compile(rf"|Unnamed: \d+(_level_\d+)?{SUFFIX}|__index_level_\d+__{SUFFIX}|\.\.\.\d+")
"""What pandas and readr call columns without a name, such as the numbers of rows they write."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a column of a table means."""

    name: str
    family: str
    descriptor: str
    index: str
    statistic: str
    unit: str
    definition: str
    reference: str
    undefined: str


def is_taken(name: str) -> bool:
    """Whether a column of this name would not be taken for a feature."""
    return name in KEYS or name in QUALITY or bool(NAMELESS.fullmatch(name))
