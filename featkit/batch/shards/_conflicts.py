"""Every reason why the shards in some files cannot be merged to one table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import numpy as np

from featkit._utils.formatting import counted
from featkit.batch._provenance import setting_differences
from featkit.batch.shards._listing import listing_difference
from featkit.batch.shards.shard_file import ShardFile

MAX_SHOWN = 20
"""Largest number of problems, files or numbers of shards that a message lists."""

MAX_SETTINGS_SHOWN = 4
"""Largest number of changed settings, or of columns, that a message names."""


def conflicts(shards: Sequence[ShardFile]) -> list[str]:
    """Every reason why shards do not belong together, or are not all."""
    if not shards:
        return []
    usual = _usual(shards, lambda shard: shard.record.shard.count)
    count = usual.record.shard.count
    same_count = [shard for shard in shards if shard.record.shard.count == count]
    problems = [
        f"{shard.name}: is shard {shard.record.shard}, but {usual.name} is {usual.record.shard}"
        for shard in shards
        if shard.record.shard.count != count
    ]
    problems += _numbering(same_count, count)
    problems += _grouped(_differences(same_count))
    if not problems:
        places = np.sort(np.concatenate([shard.record.places for shard in shards]))
        n_recordings = usual.record.listing.recordings
        if len(places) != n_recordings or not np.array_equal(places, np.arange(n_recordings)):
            problems = ["the shards overlap or do not cover all recordings: extract them again"]
    return problems


def _numbering(shards: Iterable[ShardFile], count: int) -> list[str]:
    """Missing and repeated numbers."""
    by_number: dict[int, list[str]] = defaultdict(list)
    for shard in shards:
        by_number[shard.record.shard.number].append(shard.name)
    missing = [str(number) for number in range(1, count + 1) if number not in by_number]
    problems = []
    if missing:
        noun, verb = ("shard", "is") if len(missing) == 1 else ("shards", "are")
        problems.append(f"{noun} {listed(missing)} of {count} {verb} missing")
    problems += [
        f"shard {number} of {count} is given {counted(len(names), 'time')}: {listed(names)}"
        for number, names in sorted(by_number.items())
        if len(names) > 1
    ]
    return problems


def _differences(shards: Sequence[ShardFile]) -> Iterator[tuple[str, str]]:
    """Yield the name of a shard and how it differs from the others, which share most."""
    usual = _usual(shards, lambda shard: shard.record.settings)
    settings = usual.record.settings
    for shard in shards:
        if shard.record.settings != settings:
            changes = setting_differences(usual.settings, shard.settings)
            # Columns follow from the other settings, which say why they differ.
            changes = [c for c in changes if not c.startswith("columns.")] or changes
            shown = listed(changes, limit=MAX_SETTINGS_SHOWN)
            yield shard.name, f"other settings than {usual.name}: {shown}"
    usual = _usual(shards, lambda shard: repr(shard.record.listing))
    for shard in shards:
        if shard.record.listing != usual.record.listing:
            difference = listing_difference(shard.record.listing, usual.record.listing)
            yield shard.name, f"other recordings than {usual.name}: {difference}"
    for decoder in sorted({name for shard in shards for name in shard.record.decoders}):
        yield from _version_differences(shards, decoder)
    alike = [
        shard
        for shard in shards
        if shard.record.settings == settings and shard.record.listing == usual.record.listing
    ]
    usual = _usual(alike, lambda shard: tuple(shard.schema.names)) if alike else usual
    for shard in alike:
        if not shard.schema.equals(usual.schema):
            different = sorted({*shard.schema.names} ^ {*usual.schema.names})
            shown = listed(different or ["their order or types"], limit=MAX_SETTINGS_SHOWN)
            yield shard.name, f"other columns than {usual.name}: {shown}"


def _version_differences(shards: Sequence[ShardFile], decoder: str) -> Iterator[tuple[str, str]]:
    """Yield shards whose recordings were read by another version of a decoder than most."""
    readers = [shard for shard in shards if decoder in shard.record.decoders]
    usual = _usual(readers, lambda shard: shard.record.decoders[decoder])
    expected = usual.record.decoders[decoder]
    for shard in readers:
        if shard.record.decoders[decoder] != expected:
            version = shard.record.decoders[decoder]
            yield shard.name, f"decoder {decoder} was {expected} in {usual.name}, is {version}"


def _usual(shards: Sequence[ShardFile], key: Callable[[ShardFile], Hashable]) -> ShardFile:
    """The first shard with the most frequent key."""
    keys = [key(shard) for shard in shards]
    ((most_frequent, _),) = Counter(keys).most_common(1)
    return shards[keys.index(most_frequent)]


def _grouped(differences: Iterable[tuple[str, str]]) -> list[str]:
    """Messages, each with all files that it is about."""
    files: dict[str, list[str]] = defaultdict(list)
    for name, message in differences:
        files[message].append(name)
    return [f"{listed(names)}: {message}" for message, names in files.items()]


def listed(
    items: Sequence[str], separator: str = ", ", *, last: str = " and ", limit: int = MAX_SHOWN
) -> str:
    """Join items; those beyond a limit are only counted."""
    shown = [*items[:limit], *([f"{len(items) - limit:,} more"] * (len(items) > limit))]
    first = separator.join(shown[:-1])
    return f"{first}{last}{shown[-1]}" if first else shown[-1]
