"""A table with odd values, and the output of commands as facts and tables."""

import numpy as np
import pandas as pd
from click.testing import CliRunner

from featkit.cli._main import main
from featkit.schema import QUALITY_COLUMNS
from featkit.table.feature_table import FeatureTable


def run(*arguments, status=0):
    """Run a command of featkit and check its exit status."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result


def sections(output):
    """Split output into facts by name, and tables by title, as rows of fields."""
    first, *others = output.split("\n\n")
    facts = dict(line.split("\t") for line in first.splitlines())
    tables = {}
    for other in others:
        title, *rows = other.splitlines()
        tables[title] = [row.split("\t") for row in rows]
    return facts, tables


def odd_table(**columns):
    """Segments of three recordings, with NaN, infinite and constant features."""
    data = {
        "path": ["a.wav", "a.wav", "b.wav", "b.wav", "c\x1b.wav"],
        "start": [0.0, 1.0, 0.0, 1.0, 0.5],
        "end": [1.0, 2.0, 1.0, 2.5, 4.5],
        "label": ["rock", "rock", "jazz", "jazz", ""],
        "rms_mean": [0.1, 0.2, np.nan, 0.4, np.inf],
        "tempo": [120.0] * 5,
    }
    return FeatureTable.of(pd.DataFrame(data | columns))


def odd_table_with_quality():
    """The same with quality columns, of which one flag is set."""
    values = {
        "float64": [0.5, 1.0, 2.0, 4.0, np.nan],
        "int64": [2] * 5,
        "bool": [False] * 5,
        "str": ["MP3", "MP3", "FLAC PCM_16", "MP3", ""],
    }
    quality = {column.name: values[column.dtype] for column in QUALITY_COLUMNS}
    return odd_table(**quality | {"quality_silent": [True, True, False, True, False]})
