"""Files of tables: their endings, the names of their columns, and how Parquet is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featkit._utils.io import beside, check_regular, check_writable
from featkit.errors import ParameterError, TableError
from featkit.table import _conversion, cells, delimited
from featkit.table.dialects import COMPRESSED_ENDINGS, ENDINGS, detect, is_delimited

if TYPE_CHECKING:
    import pandas as pd

METADATA_KEY = b"featkit"

TOLD = ("name", "family", "descriptor", "index", "statistic", "unit", "definition", "reference")
"""What metadata tell of a column, as text."""


def failures_file(table: str | os.PathLike[str]) -> Path:
    """Where the recordings are listed that a table lacks."""
    return beside(table, ".failures.csv")


def column_names(path: str | os.PathLike[str]) -> list[str]:
    """The names of the columns of a table's file.

    Raises
    ------
    ParameterError, TableError
        See `FeatureTable.read`.
    """
    check_readable(path)
    if is_delimited(path):
        return [delimited.bare(name) for name in delimited.header(path, detect(path, guess=True))]
    with _parquet_errors(path), open(path, "rb") as stream:
        import pyarrow.parquet as pq

        return [str(name) for name in pq.read_schema(stream).names]


def read_parquet(path: str | os.PathLike[str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The columns of a Parquet file, and where its numbers came from."""
    # pandas' own types, such as periods, are read once this is imported.
    import pandas.core.arrays.arrow.extension_types  # type: ignore[import-not-found]  # noqa: F401
    import pyarrow.parquet as pq

    with _parquet_errors(path), open(path, "rb") as stream:
        parquet = _conversion.of_plain_types(pq.ParquetFile(stream).read())
        provenance = _provenance((parquet.schema.metadata or {}).get(METADATA_KEY, b"{}"))
        data = parquet.to_pandas(ignore_metadata=True, types_mapper=cells.whole_numbers)
    delimited.check_names(os.fspath(path), parquet.schema.names)
    # Also what pandas took for an index is a column.
    index = _conversion.index_columns(parquet.schema)
    return (data.set_index(index) if index else data), provenance


@contextmanager
def _parquet_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        check_regular(path)
        yield
    except FileNotFoundError:
        raise TableError(f"{os.fspath(path)}: no such file") from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise TableError(f"{os.fspath(path)}: not a table: {cause}") from None


def _provenance(text: bytes) -> dict[str, Any]:
    provenance: dict[str, Any] = json.loads(text)
    try:
        for column in provenance.get("columns", []):
            if not all(isinstance(column.get(key, ""), str | None) for key in TOLD):
                raise TypeError
            column["name"]
    except (AttributeError, KeyError, TypeError):
        raise ValueError("its metadata are not featkit's") from None
    return provenance


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether a file's name ends like a table's that can be read."""
    return is_delimited(path) or os.fspath(path).lower().endswith(".parquet")


def check_readable(path: str | os.PathLike[str]) -> None:
    """Refuse a name that does not end like a table's.

    Raises
    ------
    ParameterError
        For another ending.
    """
    if not is_table(path):
        raise ParameterError(
            f"{os.fspath(path)}: a table ends in .parquet or {', '.join(ENDINGS)}, also with"
            f" {', '.join(COMPRESSED_ENDINGS)} behind the latter"
        )


def table_format(path: str | os.PathLike[str]) -> str:
    """``"csv"`` or ``"parquet"``, in which a table is written, by the ending of `path`.

    Raises
    ------
    ParameterError
        For another ending.
    """
    ending = Path(path).suffix.lower()
    if os.fspath(path).endswith(os.sep):
        raise ParameterError(f"{os.fspath(path)}: is a folder, not a table")
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
    check_writable(path)
