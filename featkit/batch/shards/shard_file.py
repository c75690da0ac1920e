"""The file of a shard: its metadata and its rows."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from featkit._utils.typing import Array
from featkit.batch.shards._listing import Listing
from featkit.batch.shards.shard_record import METADATA_KEY, ShardRecord, common_settings
from featkit.batch.shards.shares import Shard
from featkit.errors import ParameterError, TableError
from featkit.storage.urls import is_url, shown
from featkit.storage.writing import check_regular
from featkit.table.provenance import METADATA_KEY as PROVENANCE_KEY
from featkit.table.provenance import decode_provenance
from featkit.table.table_files import writable_format


class NotAShardError(ValueError):
    """A Parquet file without the metadata of a shard."""


@dataclass(frozen=True)
class SharedData:
    """Data that the shards of an extraction have in common, each of which is kept once.

    Attributes
    ----------
    settings : dict of str to dict
        Settings by their digest.
    listings : dict of str to Listing
        Listings by their representation.
    schemas : list of pyarrow.parquet.ParquetSchema
        Names and types of columns.
    """

    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    schemas: list[Any] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class ShardFile:
    """A file of a shard.

    Attributes
    ----------
    name : str
        The file as the user names it.
    file : Path
        The file on this machine.
    record : ShardRecord
        Its record in the metadata.
    settings : dict
        Entries of the provenance of its table that all shards have in common.
    schema : pyarrow.parquet.ParquetSchema
        Names and types of its columns.
    n_rows : int
        Number of its rows.
    """

    name: str
    file: Path
    record: ShardRecord
    settings: dict[str, Any]
    schema: Any
    n_rows: int

    @property
    def row_places(self) -> Array:
        """Place of the recording of each row, as an array of shape ``(rows,)``."""
        return np.repeat(self.record.places.astype(np.int32), self.record.rows)

    def tables(self, max_rows: int) -> Generator[Any, None, None]:
        """Yield its rows as Arrow tables.

        Parameters
        ----------
        max_rows : int
            Rows of a table.

        Yields
        ------
        pyarrow.Table
            The next rows; at least one table, perhaps empty.

        Raises
        ------
        TableError
            If it is damaged.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        with _reading_errors(self.name), self.file.open("rb") as stream:
            parquet = pq.ParquetFile(stream)
            if not self.n_rows:
                yield parquet.schema_arrow.remove_metadata().empty_table()
            for batch in parquet.iter_batches(max_rows, use_threads=False):
                yield pa.Table.from_batches([batch]).replace_schema_metadata(None)


def check_shard_target(
    output: str | os.PathLike[str] | None, shard: Shard, *, fresh: bool = False
) -> None:
    """Check that a shard can be written to a file.

    Parameters
    ----------
    output : path, optional
        The table to write.
    shard : Shard
        The shard.
    fresh : bool
        Whether earlier results may be lost.

    Raises
    ------
    ParameterError
        If there is no output, it is not a Parquet file, or it is a file of this machine that
        contains another shard of the same number of shards.
    """
    if output is None:
        raise ParameterError("shard requires output, the Parquet file to merge: name one")
    if writable_format(output).name != "parquet":
        raise ParameterError(
            f"{shown(output)}: a shard must be one file that ends in .parquet: other outputs"
            " cannot hold the data for merging; the merged table can have any format"
        )
    if fresh or is_url(output) or not os.path.isfile(output):
        return
    try:
        other = read_shard(shown(output), Path(output), SharedData()).record.shard
    except (NotAShardError, TableError):
        return
    if other.count == shard.count and other.number != shard.number:
        raise ParameterError(
            f"{shown(output)}: is shard {other}, and would be replaced by shard {shard}: name a"
            " file for each shard, or delete it"
        )


@contextmanager
def _reading_errors(name: str) -> Iterator[None]:
    """Turn errors of reading a shard into `TableError` with its name."""
    try:
        yield
    except FileNotFoundError:
        raise TableError(f"{name}: no such file") from None
    except NotAShardError:
        raise
    except (OSError, ValueError, NotImplementedError) as error:
        cause = getattr(error, "strerror", None) or error
        raise TableError(f"{name}: is not a Parquet file or is damaged: {cause}") from None


def read_shard(name: str, file: Path, shared: SharedData) -> ShardFile:
    """Read the metadata of a file, but not its rows.

    Parameters
    ----------
    name : str
        The file as the user names it.
    file : Path
        The file on this machine.
    shared : SharedData
        Data of other shards, to which its own are added.

    Returns
    -------
    ShardFile

    Raises
    ------
    NotAShardError
        If it is a table, but not of a shard.
    TableError
        If it cannot be read or is damaged.
    """
    import pyarrow.parquet as pq

    with _reading_errors(name):
        check_regular(file)
        with file.open("rb") as stream:
            footer = pq.read_metadata(stream)
        metadata = footer.metadata or {}
        if METADATA_KEY not in metadata:
            raise NotAShardError(
                f"{name}: is a table, but not a shard: make it with featkit extract --shard"
            )
        record = ShardRecord.from_bytes(metadata[METADATA_KEY])
        if footer.num_rows != record.rows.sum():
            raise ValueError(
                f"it has {footer.num_rows:,} rows, but its metadata count {record.rows.sum():,}"
            )
        if record.settings not in shared.settings:
            provenance = decode_provenance(metadata.get(PROVENANCE_KEY, b"{}"))
            if "columns" not in provenance:
                raise ValueError("its provenance is missing")
            shared.settings[record.settings] = common_settings(provenance)
        listing = shared.listings.setdefault(repr(record.listing), record.listing)
        return ShardFile(
            name=name,
            file=file,
            record=replace(record, listing=listing),
            settings=shared.settings[record.settings],
            schema=_kept(footer.schema, shared.schemas),
            n_rows=footer.num_rows,
        )


def _kept(schema: Any, schemas: list[Any]) -> Any:
    """The same schema from a list, to which it is added if it is new."""
    for other in schemas:
        if other.equals(schema):
            return other
    schemas.append(schema)
    return schema
