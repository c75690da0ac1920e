"""Differences between lists of recordings are located."""

import dataclasses
import json

import pytest

from featkit.batch.shards._listing import (
    MAX_BLOCKS,
    Listing,
    block_size,
    describe_listing,
    listing_difference,
)
from featkit.datasets.annotations import Annotation
from featkit.datasets.files import Recording


def recordings(n, **fields):
    fields = fields or {"label": "a"}
    return [Recording("/x/", f"{k:05}.wav", fields=fields) for k in range(n)]


def difference(items, others):
    return listing_difference(describe_listing(items), describe_listing(others))


def changed(items, place, **changes):
    return [*items[:place], dataclasses.replace(items[place], **changes), *items[place + 1 :]]


def test_a_listing_is_read_as_it_was_written():
    listing = describe_listing(recordings(600))
    assert len(listing.blocks) <= MAX_BLOCKS
    assert Listing.from_json(json.loads(json.dumps(dataclasses.asdict(listing)))) == listing


def test_the_folder_of_the_corpus_does_not_matter():
    items = recordings(5)
    moved = [dataclasses.replace(item, folder="/y/", root="/y") for item in items]
    assert describe_listing(moved) == describe_listing(items)


@pytest.mark.parametrize("n", [1, 256, 257, 100_000])
def test_there_are_few_blocks(n):
    assert n <= block_size(n) * MAX_BLOCKS
    assert n > block_size(n) * MAX_BLOCKS // 2 or block_size(n) == 1


def test_a_difference_in_a_long_list_is_located_within_a_block():
    items = recordings(1000)
    other = changed(items, 501, path="other.wav")
    assert difference(other, items) == (
        "other paths; the first difference is among recordings 501 to 504, which begin with"
        " 00500.wav"
    )


def test_further_recordings_at_the_end_are_located():
    assert difference(recordings(12), recordings(10)) == (
        "12 recordings instead of 10; the first difference is at or after 00010.wav"
    )
    assert difference(recordings(10), recordings(300)) == "10 recordings instead of 300"


def test_other_fields_are_named():
    assert difference(recordings(2, label="a", take="1"), recordings(2)).startswith(
        "fields label, take instead of label; the first difference is recording 1, 00000.wav"
    )
    assert "other field label; " in difference(recordings(2, label="b"), recordings(2))


@pytest.mark.parametrize(
    "changes",
    [
        {"annotations": (Annotation(start=0, end=1.5),)},
        {"annotations": (Annotation(start=0, end=1, low_hz=100),)},
        {"annotations": (Annotation(start=0, end=1, fields={"label": "b"}),)},
        {"background": "noise"},
        {"excluded": (Annotation(start=2, end=3),)},
    ],
)
def test_other_annotations_are_named(changes):
    items = changed(recordings(3), 1, annotations=(Annotation(start=0, end=1, location="a: 1"),))
    assert difference(changed(items, 1, **changes), items) == (
        "other annotations; the first difference is recording 2, 00001.wav"
    )
    location = {"annotations": (Annotation(start=0, end=1, location="b: 2"),)}
    assert describe_listing(changed(items, 1, **location)) == describe_listing(items)
