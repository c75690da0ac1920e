"""Digests of the list of all recordings, by which shards of different lists are recognised.

They cover the paths, the fields and the annotations, in their order.
They do not cover folders of a machine, since a corpus may be elsewhere on another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featkit._utils.formatting import counted
from featkit.datasets.annotations import Annotation
from featkit.datasets.files import Recording

MAX_BLOCKS = 256
"""Largest number of blocks of a listing, by which a message locates the first difference."""

DIGEST_SIZE = 16
BLOCK_DIGEST_SIZE = 4


@dataclass(frozen=True)
class Listing:
    """A list of recordings in brief.

    Attributes
    ----------
    recordings : int
        Number of recordings.
    fields : list of str
        Names of their fields, in order.
    digests : dict of str to str
        Digest of the ``"paths"``, the ``"annotations"`` and each ``"field NAME"``.
    blocks : list of (str, str)
        Digest of everything in a block of consecutive recordings, and the path of its first one.
    """

    recordings: int
    fields: list[str]
    digests: dict[str, str]
    blocks: list[tuple[str, str]]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Listing:
        """Read the JSON of `dataclasses.asdict`."""
        blocks = [(str(digest), str(path)) for digest, path in data["blocks"]]
        digests = {str(name): str(digest) for name, digest in data["digests"].items()}
        return cls(int(data["recordings"]), list(map(str, data["fields"])), digests, blocks)


def describe_listing(recordings: Sequence[Recording]) -> Listing:
    """Return the digests of a list of recordings with the same fields."""
    names = list(recordings[0].fields)
    parts = ["paths", "annotations", *(f"field {name}" for name in names)]
    digests = {part: hashlib.blake2b(digest_size=DIGEST_SIZE) for part in parts}
    size = block_size(len(recordings))
    blocks = []
    for first in range(0, len(recordings), size):
        block = hashlib.blake2b(digest_size=BLOCK_DIGEST_SIZE)
        for recording in recordings[first : first + size]:
            texts = [recording.path, _intervals(recording), *recording.fields.values()]
            for part, text in zip(parts, texts, strict=True):
                data = json.dumps(text).encode() + b"\n"
                digests[part].update(data)
                block.update(data)
        blocks.append((block.hexdigest(), recordings[first].path))
    hexadecimal = {part: digest.hexdigest() for part, digest in digests.items()}
    return Listing(len(recordings), names, hexadecimal, blocks)


def block_size(n_recordings: int) -> int:
    """Recordings of a block: a power of two, so that listings of similar length have the same."""
    size = 1
    while size * MAX_BLOCKS < n_recordings:
        size *= 2
    return size


def listing_difference(listing: Listing, other: Listing) -> str:
    """Describe how the listing of a shard differs from that of the other shards."""
    differences = []
    if listing.recordings != other.recordings:
        count = counted(listing.recordings, "recording")
        differences.append(f"{count} instead of {other.recordings:,}")
    if listing.fields != other.fields:
        shown = [", ".join(names) or "none" for names in (listing.fields, other.fields)]
        differences.append(f"fields {shown[0]} instead of {shown[1]}")
    if not differences:
        parts = [part for part in other.digests if listing.digests.get(part) != other.digests[part]]
        differences.append(f"other {' and '.join(parts)}")
    return "; ".join(differences) + _first_difference(listing, other)


def _first_difference(listing: Listing, other: Listing) -> str:
    """Where the first difference is; "" if blocks cannot be compared or do not differ."""
    size = block_size(listing.recordings)
    if size != block_size(other.recordings):
        return ""
    blocks, others = ([digest for digest, _ in item.blocks] for item in (listing, other))
    n_common = min(len(blocks), len(others))
    first = next((k for k in range(n_common) if blocks[k] != others[k]), n_common)
    if first == max(len(blocks), len(others)):
        return ""
    if first == n_common:
        longer = max(listing, other, key=lambda item: len(item.blocks))
        return f"; the first difference is at or after {longer.blocks[first][1]}"
    if size == 1:
        paths = [item.blocks[first][1] for item in (listing, other)]
        is_same = paths[0] == paths[1]
        instead = "" if is_same else f" instead of {paths[1]}"
        return f"; the first difference is recording {first + 1:,}, {paths[0]}{instead}"
    last = min((first + 1) * size, max(listing.recordings, other.recordings))
    return (
        f"; the first difference is among recordings {first * size + 1:,} to {last:,}, which begin"
        f" with {listing.blocks[first][1]}"
    )


def _intervals(recording: Recording) -> Any:
    """The part of the annotations of a recording that rows depend on."""
    if recording.annotations is None:
        return None
    excluded = [(item.start, item.end) for item in recording.excluded]
    return [list(map(_annotation, recording.annotations)), recording.background, excluded]


def _annotation(annotation: Annotation) -> list[Any]:
    times = [annotation.start, annotation.end, annotation.low_hz, annotation.high_hz]
    return [*times, dict(annotation.fields)]
