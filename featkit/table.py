"""The table: a row for each recording or segment, and where its numbers came from.

A row says which file it is of (`path`), which part of it (`start`, `end` in seconds) and, where
there is one, its `label`; the features follow. Rows of one recording share its `path`. A Parquet
file holds, under the key ``featkit`` of its metadata, the whole feature set, unit and definition
of each column, and what computed it. There is no clock in it: the same input gives the same bytes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featkit.errors import ParameterError, TableError

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("path", "start", "end", "label")
"""Columns that say what a row is of; all others are features."""

TEXTS = ("path", "label")

METADATA_KEY = b"featkit"


@dataclass(frozen=True)
class FeatureTable:
    """Features with what they are of.

    Attributes
    ----------
    data : DataFrame
        The columns of `KEYS` that there are, then the features, float64, NaN where undefined.
    provenance : dict
        Feature set, columns with units, decoder, resampler and versions; empty for a table that
        was read from CSV, which cannot hold it.
    """

    data: pd.DataFrame
    provenance: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def feature_names(self) -> list[str]:
        """Names of the features."""
        return [str(name) for name in self.data.columns if name not in KEYS]

    @property
    def features(self) -> pd.DataFrame:
        """The features alone."""
        return self.data[self.feature_names]

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
                self.data.to_csv(scratch, index=False, lineterminator="\n")
            else:
                self._write_parquet(scratch)

    def _write_parquet(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pa.Table.from_pandas(self.data, preserve_index=False)
        text = json.dumps(self.provenance, ensure_ascii=False, sort_keys=True)
        metadata = {**(table.schema.metadata or {}), METADATA_KEY: text.encode()}
        pq.write_table(table.replace_schema_metadata(metadata), path)

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
                table = cls(_read_csv(path))
            else:
                import pyarrow.parquet as pq

                parquet = pq.read_table(path)
                text = (parquet.schema.metadata or {}).get(METADATA_KEY, b"{}")
                table = cls(parquet.to_pandas(), _provenance(text))
        except FileNotFoundError:
            raise TableError(f"{os.fspath(path)}: no such file") from None
        except (OSError, ValueError) as error:
            raise TableError(f"{os.fspath(path)}: not a table: {error}") from None
        if "path" not in table.data:
            raise TableError(f"{os.fspath(path)}: not a table of features: it has no column 'path'")
        return table


def _read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Texts as they stand, for a label may be called NA; all else float64, nothing for NaN."""
    from pyarrow import csv, float64, string

    with csv.open_csv(path) as reader:
        names = reader.schema.names
    types = {name: string() if name in TEXTS else float64() for name in names}
    options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False)
    data: pd.DataFrame = csv.read_csv(path, convert_options=options).to_pandas()
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
