"""Shards: stable shares of the recordings of a corpus, for jobs that know nothing of each other.

Every job lists the whole corpus and takes the recordings whose path it hashes to its number. A
share depends on nothing but the paths: not on the order of the listing, the machine, or the version
of Python. `featkit.merge` joins the tables of all shards to the table of one run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from featkit.datasets.files import Recording
from featkit.errors import ParameterError

MAX_SHARDS = 10_000
"""Largest number of shards."""


@dataclass(frozen=True)
class Shard:
    """One of several shares of the recordings of a corpus.

    Attributes
    ----------
    number : int
        Number of the shard, from 1 to `count`.
    count : int
        Number of shards.
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def parse_shard(text: Any) -> Shard:
    """Read the number and the count of a shard.

    Parameters
    ----------
    text : str
        Such as ``"3/40"`` for the third of 40 shards.

    Returns
    -------
    Shard

    Raises
    ------
    ParameterError
        If it has another form, or the number is not between 1 and the count.

    Examples
    --------
    >>> parse_shard("3/40")
    Shard(number=3, count=40)
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text) if isinstance(text, str) else None
    if not match:
        raise ParameterError(
            f"shard must be its number and the number of shards, such as '3/40', got {text!r}"
        )
    shard = Shard(int(match[1]), int(match[2]))
    if not 1 <= shard.count <= MAX_SHARDS:
        raise ParameterError(
            f"shard {text}: the number of shards must be from 1 to {MAX_SHARDS:,},"
            f" got {shard.count:,}"
        )
    if not 1 <= shard.number <= shard.count:
        hint = ": a job array that counts from 0 must add 1" if shard.number == 0 else ""
        raise ParameterError(
            f"shard {text}: the number must be from 1 to {shard.count}, got {shard.number}{hint}"
        )
    return shard


def shard_number(path: str, count: int) -> int:
    """Return the shard that a recording belongs to.

    The number is the first 8 bytes of the BLAKE2b hash of the path in UTF-8, as a big-endian
    integer, modulo `count`, plus 1.

    Parameters
    ----------
    path : str
        Path of the recording in a table.
    count : int
        Number of shards.

    Returns
    -------
    int
        From 1 to `count`.

    Examples
    --------
    >>> shard_number("rock/01.wav", 40)
    33
    """
    digest = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count + 1


def share_places(recordings: Sequence[Recording], shard: Shard) -> list[int]:
    """Return the places of the recordings of a shard.

    Parameters
    ----------
    recordings : sequence of Recording
        All recordings of the corpus.
    shard : Shard
        The shard.

    Returns
    -------
    list of int
        Ascending places in `recordings`; it may be empty.
    """
    return [
        place
        for place, recording in enumerate(recordings)
        if shard_number(recording.path, shard.count) == shard.number
    ]
