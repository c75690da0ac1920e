"""The record of a shard besides its rows: places, failures, and a digest of the listing.

It is an entry of its own in the metadata of the Parquet file, compressed JSON, so that the table of
a shard is a table like any other.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from featkit._utils.typing import Array
from featkit.batch._row_layouts import FeatureLayout
from featkit.batch.shards._listing import Listing, describe_listing
from featkit.batch.shards.shares import Shard
from featkit.schema import Failure

if TYPE_CHECKING:
    from featkit.batch._batch_run import BatchRun
    from featkit.batch.corpus_listing import CorpusListing

METADATA_KEY = b"featkit.shard"
"""Key of the record among the metadata of a Parquet file."""

VERSION = 1

MAX_SIZE = 2**30
"""Bytes of the largest record that is decompressed: that of some hundred million recordings."""

DAMAGE = (zlib.error, ValueError, KeyError, TypeError, AttributeError, OverflowError)
"""Exceptions from reading damaged data."""

PlacedFailure = tuple[int, Failure]
"""A failure with the place of its recording in the listing."""


@dataclass(frozen=True, eq=False)
class ShardRecord:
    """The data of a shard that `featkit.merge` needs besides its rows and its provenance.

    Attributes
    ----------
    shard : Shard
        Number and count.
    settings : str
        Digest of the provenance without `decoders` and `decoded`: equal for all shards.
    decoders : dict of str to str
        Versions of the decoders of its recordings, by name.
    decoded : dict of str to int
        Number of its recordings by decoder.
    listing : Listing
        All recordings of the corpus.
    places : array of int, shape ``(recordings,)``
        Ascending places of the recordings of the shard in the listing.
    rows : array of int, shape ``(recordings,)``
        Number of rows of each recording; 0 for failed ones.
    failed_recordings, failed_intervals : list of (int, Failure)
        Failures with the places of their recordings, in ascending order.
    remarks : list of str
        Remarks on the listing.
    left_out : dict of str to int
        As in `featkit.batch.outcomes.BatchResult`.
    """

    shard: Shard
    settings: str
    decoders: dict[str, str | None]
    decoded: dict[str, int]
    listing: Listing
    places: Array
    rows: Array
    failed_recordings: list[PlacedFailure]
    failed_intervals: list[PlacedFailure]
    remarks: list[str]
    left_out: dict[str, int]

    def to_bytes(self) -> bytes:
        """Return the record as compressed JSON.

        Returns
        -------
        bytes
        """
        data = {
            "version": VERSION,
            "shard": [self.shard.number, self.shard.count],
            "settings": self.settings,
            "decoders": self.decoders,
            "decoded": self.decoded,
            "listing": dataclasses.asdict(self.listing),
            "gaps": np.diff(self.places, prepend=0).tolist(),
            "rows": self.rows.tolist(),
            "failed_recordings": _to_lists(self.failed_recordings),
            "failed_intervals": _to_lists(self.failed_intervals),
            "remarks": self.remarks,
            "left_out": self.left_out,
        }
        return zlib.compress(json.dumps(data, sort_keys=True).encode())

    @classmethod
    def from_bytes(cls, data: bytes) -> ShardRecord:
        """Read a record.

        Parameters
        ----------
        data : bytes
            The result of `to_bytes`.

        Returns
        -------
        ShardRecord

        Raises
        ------
        ValueError
            If it is damaged, or of another version.
        """
        try:
            decompressor = zlib.decompressobj()
            content = json.loads(decompressor.decompress(data, MAX_SIZE))
            if not decompressor.eof:
                raise ValueError("incomplete")
            if content["version"] != VERSION:
                raise ValueError("another version of featkit wrote it")
            record = cls(
                shard=Shard(*map(int, content["shard"])),
                settings=str(content["settings"]),
                decoders=dict(content["decoders"]),
                decoded={str(name): int(n) for name, n in content["decoded"].items()},
                listing=Listing.from_json(content["listing"]),
                places=np.cumsum(np.array(content["gaps"], dtype=np.int64)),
                rows=np.array(content["rows"], dtype=np.int64),
                failed_recordings=_from_lists(content["failed_recordings"]),
                failed_intervals=_from_lists(content["failed_intervals"]),
                remarks=list(map(str, content["remarks"])),
                left_out={str(name): int(n) for name, n in content["left_out"].items()},
            )
            record._check()
        except DAMAGE as error:
            raise ValueError(f"its data for merging cannot be read: {error}") from None
        return record

    def _check(self) -> None:
        n_recordings = self.listing.recordings
        if not 1 <= self.shard.number <= self.shard.count:
            raise ValueError(f"there is no shard {self.shard}")
        if self.places.shape != self.rows.shape or self.places.ndim != 1 or np.any(self.rows < 0):
            raise ValueError("the number of rows of each recording is inconsistent")
        if np.any(np.diff(self.places) <= 0) or np.any(self.places < 0):
            raise ValueError("places are not in order")
        if np.any(self.places >= n_recordings):
            raise ValueError(f"a place is beyond the {n_recordings} recordings")


def shard_record(
    run: BatchRun,
    shard: Shard,
    corpus: CorpusListing,
    provenance: Mapping[str, Any],
) -> ShardRecord:
    """Return the record of a shard when its recordings are analysed.

    Parameters
    ----------
    run : BatchRun
        The finished analysis.
    shard : Shard
        The shard.
    corpus : CorpusListing
        All recordings, and the places of those of the shard.
    provenance : mapping
        Provenance of the table.

    Returns
    -------
    ShardRecord
    """
    places = corpus.places
    rows, failed_intervals = [], []
    row_counts = run.row_counts(FeatureLayout(len(provenance["columns"])))
    for place, (n_rows, failures) in zip(places, row_counts, strict=True):
        rows.append(n_rows)
        failed_intervals += [(place, failure) for failure in failures]
    return ShardRecord(
        shard=shard,
        settings=settings_digest(provenance),
        decoders=dict(provenance["decoders"]),
        decoded=dict(provenance["decoded"]),
        listing=describe_listing(corpus.recordings),
        places=np.array(places, dtype=np.int64),
        rows=np.array(rows, dtype=np.int64),
        failed_recordings=[(places[k], run.failed[k]) for k in sorted(run.failed)],
        failed_intervals=failed_intervals,
        remarks=list(corpus.log.remarks),
        left_out=corpus.left_out,
    )


def common_settings(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a provenance that do not depend on the recordings of a shard.

    Parameters
    ----------
    provenance : mapping
        Provenance of a table.

    Returns
    -------
    dict
    """
    return {name: v for name, v in provenance.items() if name not in ("decoders", "decoded")}


def settings_digest(provenance: Mapping[str, Any]) -> str:
    """Return the digest of the `common_settings` of a provenance.

    Parameters
    ----------
    provenance : mapping
        Provenance of a table.

    Returns
    -------
    str
    """
    text = json.dumps(common_settings(provenance), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _to_lists(failures: list[PlacedFailure]) -> list[list[int | str]]:
    return [[place, *dataclasses.astuple(failure)] for place, failure in failures]


def _from_lists(rows: list[list[int | str]]) -> list[PlacedFailure]:
    return [(int(place), Failure(*map(str, texts))) for place, *texts in rows]
