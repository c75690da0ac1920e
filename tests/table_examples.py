"""Small tables, and helpers to read and compare tables, for several test files."""

import dataclasses

import numpy as np
import pandas as pd

from featkit.audio.quality import Quality
from featkit.schema import MEASURED_QUALITY, QUALITY_FORMAT
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import TABLE_FORMATS

FILE_FORMATS = [name for name, table_format in TABLE_FORMATS.items() if table_format.suffixes]
"""Formats of single files."""

ENDINGS = [TABLE_FORMATS[name].written_suffix.removeprefix(".") for name in FILE_FORMATS]
"""Suffixes of the files that featkit writes; a new format inherits the tests of all formats."""

TEXT_KEYS = {
    "take": ["A", "B"],
    "fold": ["1", "007"],
    "split": ["train", ""],
    "group": ["NA", "null"],
    "label": ["1e5", "nan"],
}


def keyed_table():
    """Two rows with all kinds of keys, and two features."""
    keys = TEXT_KEYS | {"path": ["a.wav", "b.wav"], "start": np.zeros(2), "end": np.ones(2)}
    return FeatureTable.of(pd.DataFrame(keys | {"rms_mean": [0.5, np.nan], "tempo": [1.0, 2.0]}))


SOUND = Quality(29.9, 44100.0, 2, 0.98, 0.0, 0.25, False, False, False, True, False, -9.0, 16e3)
SILENT = Quality(0.05, 8000.0, 1, 0.0, 0.0, 1.0, True, False, True, False, False, -75.0, 3400.0)
FORMATS = ["WAV PCM_16", ""]


def table_with_quality():
    """The same with quality columns."""
    quality = {
        column.name: np.array(values, dtype=column.dtype)
        for column, values in zip(MEASURED_QUALITY, zip(SOUND, SILENT, strict=True), strict=True)
    }
    quality[QUALITY_FORMAT] = np.array(FORMATS, dtype=object)
    return dataclasses.replace(keyed_table(), quality=quality)


def assert_same(one, other):
    """Check that two tables have the same columns in the same order, types and values."""
    pd.testing.assert_frame_equal(one.data, other.data, check_exact=True)
    assert one.feature_names == other.feature_names
    assert list(one.keys) == list(other.keys)
    types = [{name: column.dtype for name, column in t.quality.items()} for t in (one, other)]
    assert types[0] == types[1]


def read_text(folder, text, name="t.csv", **options):
    """Write a text to a file and read it as a table."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return FeatureTable.read(folder / name, **options)
