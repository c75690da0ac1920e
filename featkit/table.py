"""The table: a row for each recording or segment, and where its numbers came from.

A row says which file it is of (`path`), which part of it (`start`, `end` in seconds) and, where
there is one, its `label`; the features follow. Rows of one recording share its `path`. A Parquet
file holds, under the key ``featkit`` of its metadata, the whole feature set, unit and definition
of each column, and what computed it. There is no clock in it: the same input gives the same bytes.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit.errors import ParameterError, TableError
from featkit.segments import Array

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("path", "start", "end", "label")
"""Columns that say what a row is of; all others are features."""

TEXTS = ("path", "label")

METADATA_KEY = b"featkit"


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features with what they are of.

    Attributes
    ----------
    keys : mapping of str to sequence
        The columns of `KEYS` that there are.
    feature_names : list of str
        Names of the features.
    values : array of float64, shape ``(rows, features)``
        The features; NaN where undefined.
    provenance : dict
        Feature set, columns with units, decoder, resampler and versions; empty for a table that
        was read from CSV, which cannot hold it.
    """

    keys: Mapping[str, Sequence[Any] | Array]
    feature_names: list[str]
    values: Array
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: pd.DataFrame, provenance: dict[str, Any] | None = None) -> FeatureTable:
        """The table that a DataFrame holds."""
        names = [str(name) for name in data.columns if name not in KEYS]
        keys = {key: data[key].to_numpy() for key in KEYS if key in data}
        return cls(keys, names, data[names].to_numpy(np.float64), provenance or {})

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def data(self) -> pd.DataFrame:
        """All columns: the keys, then the features."""
        import pandas as pd

        return pd.concat([pd.DataFrame(dict(self.keys)), self.features], axis=1)

    @cached_property
    def features(self) -> pd.DataFrame:
        """The features alone."""
        import pandas as pd

        return pd.DataFrame(self.values, columns=self.feature_names)

    @property
    def labels(self) -> pd.Series[str] | None:
        """The label of each row, if there are labels."""
        return self.data.get("label")

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write a Parquet or a CSV file, by the ending of `path`: whole, or not at all.

        Raises
        ------
        ParameterError
            For another ending.
        TableError
            If the file cannot be written.
        """
        kind = table_format(path)
        with replacing(path) as scratch:
            if kind == "csv":
                self._write_csv(scratch)
            else:
                self._write_parquet(scratch)

    def _write_csv(self, path: Path) -> None:
        keys = [np.asarray(column).tolist() for column in self.keys.values()]
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*self.keys, *self.feature_names])
            for *key, row in zip(*keys, self.values, strict=True):
                writer.writerow(
                    [*key, *("" if value != value else value for value in row.tolist())]
                )

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = dict(self.keys) | dict(zip(self.feature_names, self.values.T, strict=True))
        for key in TEXTS:
            if key in columns:
                columns[key] = pa.array(np.asarray(columns[key]).tolist(), pa.string())
        text = json.dumps(self.provenance, ensure_ascii=False, sort_keys=True)
        pq.write_table(pa.table(columns, metadata={METADATA_KEY: text.encode()}), path)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> FeatureTable:
        """Read what `write` wrote.

        Raises
        ------
        ParameterError
            If the ending is neither ``.parquet`` nor ``.csv``.
        TableError
            If there is no such file, or it is not a table of features.
        """
        kind = table_format(path)
        try:
            if kind == "csv":
                table = cls.of(_read_csv(path))
            else:
                import pyarrow.parquet as pq

                parquet = pq.read_table(path)
                text = (parquet.schema.metadata or {}).get(METADATA_KEY, b"{}")
                table = cls.of(parquet.to_pandas(), _provenance(text))
        except FileNotFoundError:
            raise TableError(f"{os.fspath(path)}: no such file") from None
        except (OSError, ValueError) as error:
            raise TableError(f"{os.fspath(path)}: not a table: {error}") from None
        if "path" not in table.keys:
            raise TableError(f"{os.fspath(path)}: not a table of features: it has no column 'path'")
        return table


def _read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Texts as they stand, for a label may be called NA; all else float64, nothing for NaN."""
    import pyarrow as pa
    from pyarrow.csv import ConvertOptions, open_csv, read_csv

    with open_csv(path) as reader:
        names = reader.schema.names
    types = {name: pa.string() if name in TEXTS else pa.float64() for name in names}
    options = ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False)
    data: pd.DataFrame = read_csv(path, convert_options=options).to_pandas()
    return data


def _provenance(text: bytes) -> dict[str, Any]:
    provenance = json.loads(text)
    if not isinstance(provenance, dict):
        raise ValueError("its metadata are not featkit's")  # noqa: TRY004 (a file, not a caller)
    return provenance


def table_format(path: str | os.PathLike[str]) -> str:
    """``"csv"`` or ``"parquet"``, by the ending of `path`.

    Raises
    ------
    ParameterError
        For another ending.
    """
    ending = Path(path).suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise ParameterError(f"{os.fspath(path)}: a table ends in .parquet or .csv")
    return ending[1:]


def check_target(path: str | os.PathLike[str]) -> None:
    """Refuse a file that a table could not be written to, before there is a table.

    Raises
    ------
    ParameterError
        If its ending is none of a table's, it is a folder, or its folder is missing or closed.
    """
    table_format(path)
    target = Path(path)
    if target.is_dir():
        raise ParameterError(f"{target}: is a folder, not a file to write")
    if not target.absolute().parent.is_dir():
        raise ParameterError(f"{target}: there is no folder {target.parent}")
    if not os.access(target.absolute().parent, os.W_OK):
        raise ParameterError(f"{target}: no permission to write to {target.absolute().parent}")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A file to write to that takes the place of `path` in one step, once it is whole.

    Raises
    ------
    TableError
        If it cannot be written.
    """
    target = Path(path)
    scratch = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield scratch
        scratch.replace(target)
    except OSError as error:
        raise TableError(f"{target}: cannot write it: {error.strerror or error}") from None
    finally:
        scratch.unlink(missing_ok=True)
