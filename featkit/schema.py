"""Columns of a table: keys, quality columns, reserved names and the description of a feature.

A table has three kinds of columns: keys (`KEY_COLUMNS` and further text columns) identify a row,
quality columns (`QUALITY_COLUMNS`) describe its recording, and features are the input of models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from featkit._utils.formatting import counted

TIME_COLUMNS = ("start", "end")
"""The keys that hold times in seconds."""

BAND_COLUMNS = ("low_hz", "high_hz")
"""The keys that hold the frequency band of an annotation in Hz; missing where there is none."""

NUMERIC_KEYS = (*TIME_COLUMNS, *BAND_COLUMNS)
"""The keys that hold numbers; all other keys hold text."""

KEY_COLUMNS = ("path", *NUMERIC_KEYS, "label", "group", "split", "fold")
"""Columns that identify a row, in the order in which they precede all others."""

DATASET = "dataset"
"""The key that names the dataset of each row, in tables that join several datasets."""


ANNOTATED = "annotated"
"""The entry of a table's provenance that is true if its rows are annotated intervals."""


@dataclass(frozen=True)
class Failure:
    """A recording or an annotated interval without rows, or rows without a prediction.

    Attributes
    ----------
    path : str
        The recording as a table names it, or the number of the row.
    stage : str
        The step that failed: ``"open"``, ``"decode"``, ``"samples"``, ``"segment"``, ``"interval"``
        (an annotation that does not fit its recording), ``"spool"`` (writing a long recording to a
        temporary file), ``"features"``, ``"timeout"``, ``"worker"`` (the worker process crashed) or
        ``"predict"``.
    error : str
        Name of the exception class.
    message : str
        Cause, and a remedy if there is one.
    """

    path: str
    stage: str
    error: str
    message: str


@dataclass(frozen=True)
class LikelyGroup:
    """A column, or a part of its names, that may identify groups.

    Attributes
    ----------
    group : str
        The group to name in training: a column, or a stem of its names.
    column : str
        The column.
    groups, rows : int
        Number of groups, and of recordings or rows.
    unit : str
        ``"recording"`` or ``"row"``.
    why : str
        The evidence, as the end of a sentence.
    """

    group: str
    column: str
    groups: int
    rows: int
    unit: str
    why: str

    @property
    def description(self) -> str:
        """The group and its evidence, as a sentence without a full stop."""
        is_column = self.group == self.column
        has, thing = ("it has", "value") if is_column else ("its names share", "stem")
        return (
            f"column {self.column!r} may identify groups: {has} {counted(self.groups, thing)} in"
            f" {counted(self.rows, self.unit)}, {self.why}"
        )


QUALITY_PREFIX = "quality_"
"""Prefix of the names of quality columns."""

CLIPPED_RUN = 3
"""Fewest consecutive full-scale samples that count as clipping; shorter runs may be true peaks.

Digital meters, such as those of Solid State Logic (Duende user guide), count in the same way. No
standard defines the number. Clipping below full scale is not detected: it cannot be distinguished
from a loud low tone.
"""

SILENCE_LEVEL = 1e-3
"""Half the range of samples below which a window is silent: -60 dB of full scale."""

SILENCE_WINDOW = 0.02
"""Length of the windows that are tested for silence, in seconds."""

SHORT_DURATION = 0.1
"""Duration in seconds below which a row is flagged as short."""


@dataclass(frozen=True)
class QualityColumn:
    """Description of a quality column.

    Attributes
    ----------
    name : str
        Name in the table.
    unit : str
        Unit of its values; ``"1"`` for ratios and counts, "" for flags and text.
    definition : str
        Meaning of its values.
    dtype : str
        Type of its values: ``"float64"``, ``"int64"``, ``"bool"`` or ``"str"``.
    """

    name: str
    unit: str
    definition: str
    dtype: str


def _column(name: str, unit: str, definition: str, dtype: str = "float64") -> QualityColumn:
    return QualityColumn(QUALITY_PREFIX + name, unit, definition, dtype)


# The definitions are written into tables: a changed text changes their bytes.
QUALITY_COLUMNS = (
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
        f"time in windows of {SILENCE_WINDOW * 1000:g} ms, the last less than twice that, in which"
        " half the range of all channels together, (max - min) / 2, is below"
        f" {SILENCE_LEVEL:g} of full scale, -60 dBFS, the default of FFmpeg's silencedetect; a"
        " constant offset is silence, too",
    ),
    _column("silent", "", "silence_share is 1", "bool"),
    _column("clipped", "", "clipped_share is above 0", "bool"),
    _column(
        "short",
        "",
        f"duration is below {SHORT_DURATION:g} s, some five frames: too few to tell what varies",
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
    _column(
        "level",
        "dBFS",
        "root mean square of all samples of all channels, in dB of full scale: a square wave at"
        " full scale has 0 dBFS, a sine at full scale -3.01 dBFS; missing if all samples are 0",
    ),
    _column(
        "bandwidth",
        "Hz",
        "frequency up to which there is sound; codecs, telephones and a lower original sample rate"
        " limit it. It is the upper edge of the highest of 64 equal bands, from 0 Hz to half of the"
        " sample rate, in which the power density, at the 90th percentile of the frames within"
        " 40 dB of the loudest one, is more than 10 dB above the noise of rounding to 16 bits;"
        " missing if there is no such band",
    ),
    _column(
        "format",
        "",
        "container and codec or sample format of the file, as its decoder names them, such as"
        " WAV PCM_16, FLAC PCM_16, MP3 or OGG VORBIS",
        "str",
    ),
)
"""All quality columns, in the order of a table."""

MEASURED_QUALITY = tuple(column for column in QUALITY_COLUMNS if column.dtype != "str")
"""Those that are measured on samples, in the order of the fields of
`featkit.audio.quality.Quality`: numbers and flags."""

QUALITY_FORMAT = QUALITY_PREFIX + "format"
"""The quality column that holds the format of the file."""

QUALITY_DTYPES = {column.name: column.dtype for column in QUALITY_COLUMNS}
"""Type of each quality column: that of NumPy, or ``"str"`` for text."""

DUPLICATE_SUFFIX = r"(\.\d+)*(_[xy])?"
"""Pattern of the suffixes that pandas appends to duplicate names."""

UNNAMED = re.compile(
    rf"|(Unnamed: \d+(_level_\d+)?|__index_level_\d+__){DUPLICATE_SUFFIX}|\.\.\.\d+"
)
"""Names that pandas and readr give to columns without a name, such as saved row numbers."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """Description of a feature.

    Attributes
    ----------
    name : str
        Name in the table.
    family, descriptor : str
        The feature family, and the descriptor that the family computes.
    index : str
        Component of the descriptor, such as a pitch class; "" for a single value.
    statistic : str
        Statistic over the frames; "" for a descriptor with one value per recording.
    unit, definition, reference : str
        Unit, meaning and source of the values.
    undefined : str
        Signals for which the value is undefined (NaN).
    title : str
        Plain name with component, statistic and unit, such as ``"spectral contrast, band 3 (800 to
        1600 Hz), mean over frames, dB"``.
    """

    name: str
    family: str
    descriptor: str
    index: str
    statistic: str
    unit: str
    definition: str
    reference: str
    undefined: str
    title: str = ""


def is_reserved(name: str) -> bool:
    """Check whether a column of this name can never be a feature.

    Parameters
    ----------
    name : str
        Name of the column.

    Returns
    -------
    bool
        True for keys, quality columns and placeholders for a missing name.
    """
    return name in KEY_COLUMNS or name in QUALITY_DTYPES or bool(UNNAMED.fullmatch(name))
