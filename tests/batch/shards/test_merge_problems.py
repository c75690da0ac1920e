"""Everything that prevents a merge is named at once, before anything is written."""

import os
import re

import pyarrow.parquet as pq
import pytest
from extracting import write_noise
from sharding import SMALL, are_equal, extract_shard, extract_shards

import featkit
from featkit.errors import ParameterError, TableError


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Files of four shards of ten recordings, and the folder of the recordings."""
    folder = tmp_path_factory.mktemp("problems")
    for number in range(10):
        write_noise(folder / "corpus" / f"{number}.wav", number)
    return extract_shards(folder / "corpus", 4, folder / "shards")[::-1], folder / "corpus"


@pytest.fixture
def merging_error(tmp_path, monkeypatch):
    """Merge files in vain, and return the message."""
    monkeypatch.chdir(tmp_path)

    def merge(files, error=TableError, output="merged.parquet"):
        before = set(os.listdir())
        with pytest.raises(error) as info:
            featkit.merge(files, output)
        assert set(os.listdir()) == before
        return str(info.value)

    return merge


def rewrite(file, output, change=lambda table: table, metadata=None):
    """Write a Parquet file again, with changed rows or metadata."""
    table = change(pq.read_table(file))
    pq.write_table(table.replace_schema_metadata(metadata or table.schema.metadata), output)
    return output


def test_missing_shards_are_named(shards, merging_error):
    files, _ = shards
    message = merging_error(files[1:2])
    assert message == "cannot merge: shards 1, 3 and 4 of 4 are missing"
    assert merging_error(files[:3]) == "cannot merge: shard 4 of 4 is missing"


def test_doubled_shards_are_named_with_their_files(shards, merging_error, tmp_path):
    files, _ = shards
    copy = rewrite(files[2], tmp_path / "copy.parquet")
    message = merging_error([*files, copy])
    assert message == f"cannot merge: shard 3 of 4 is given 2 times: {files[2]} and {copy}"
    assert "shard 1 of 4 is given 2 times" in merging_error([*files, files[0]])


def test_all_problems_are_named_at_once(shards, merging_error, tmp_path):
    files, corpus = shards
    extract_shard(corpus, 2, 3, "other_count.parquet")
    featkit.extract(corpus, output="plain.parquet", features=SMALL)
    (tmp_path / "damaged.parquet").write_bytes(files[3].read_bytes()[:-100])
    (tmp_path / "text.parquet").write_text("text")
    names = ("other_count", "plain", "damaged", "text", "nowhere")
    message = merging_error([*files[:2], files[1], *(f"{name}.parquet" for name in names)])
    for part in (
        "plain.parquet: is a table, but not a shard: make it with featkit extract --shard",
        "damaged.parquet: is not a Parquet file or is damaged",
        "text.parquet: is not a Parquet file or is damaged",
        "nowhere.parquet: no such file",
        f"other_count.parquet: is shard 2/3, but {files[0]} is 1/4",
        "shards 3 and 4 of 4 are missing",
        f"shard 2 of 4 is given 2 times: {files[1]} and {files[1]}",
    ):
        assert part in message
    assert message.count("; ") == 6


OTHER_SET = {**SMALL, "name": "other"}
OTHER_HOP = {**SMALL, "spectra": {**SMALL["spectra"], "hop_length": 64}}


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"features": OTHER_SET}, "feature set was small, version .*, is other, version"),
        ({"features": OTHER_HOP}, "feature_set.spectra.hop_length was 128, is 64"),
        ({"duration": 0.1}, "excerpt.duration was none, is 0.1"),
        ({"labels": "folder"}, "corpus.labels was none, is folder"),
        ({"gain": 3.0}, "feature set was small, version .*, is small_calibrated"),
    ],
)
def test_other_settings_are_named(shards, merging_error, options, difference):
    files, corpus = shards
    extract_shard(corpus, 3, 4, "3.parquet", **options)
    message = merging_error([files[0], files[1], "3.parquet", files[3]])
    assert re.match(
        f"cannot merge: 3.parquet: other settings than {re.escape(str(files[0]))}: .*{difference}",
        message,
    )
    assert "columns." not in message  # they follow from the settings


def changed_record(file, output, change):
    """Write a shard again with a changed record."""
    from featkit.batch.shards.shard_record import METADATA_KEY, ShardRecord

    metadata = dict(pq.read_schema(file).metadata)
    record = ShardRecord.from_bytes(metadata[METADATA_KEY])
    change(record)
    metadata[METADATA_KEY] = record.to_bytes()
    return rewrite(file, output, metadata=metadata)


def test_another_version_of_a_decoder_is_named(shards, merging_error):
    files, _ = shards

    def change(record):
        record.decoders.update(libsndfile="0.1")

    changed_record(files[1], "2.parquet", change)
    message = merging_error([files[0], "2.parquet", *files[2:]])
    assert re.match("cannot merge: 2.parquet: decoder libsndfile was .* in .*, is 0.1$", message)


def test_another_listing_is_named_with_the_first_difference(shards, merging_error, tmp_path):
    files, _ = shards
    for number in range(10):
        write_noise(tmp_path / "corpus" / f"{number if number != 4 else 44}.wav", number)
    extract_shard("corpus", 4, 4, "renamed.parquet")
    message = merging_error([*files[:3], "renamed.parquet"])
    assert message.startswith(f"cannot merge: renamed.parquet: other recordings than {files[0]}:")
    assert message.endswith(
        "other paths; the first difference is recording 5, 44.wav instead of 4.wav"
    )
    os.unlink("corpus/44.wav")
    extract_shard("corpus", 4, 4, "shorter.parquet")
    message = merging_error([*files[:3], "shorter.parquet"])
    assert "9 recordings instead of 10; the first difference is recording 5, 5.wav" in message


def test_another_value_of_a_field_is_named(merging_error, tmp_path):
    for number in range(10):
        write_noise(tmp_path / "corpus" / f"{number}.wav", number)
    lines = [f"{number}.wav,a" for number in range(10)]
    for number in (1, 2, 3):
        (tmp_path / "list.csv").write_text("path,label\n" + "\n".join(lines) + "\n")
        extract_shard("corpus", number, 3, f"{number}.parquet", manifest="list.csv")
        lines[7] = "7.wav,b"
    assert merging_error(["1.parquet", "2.parquet", "3.parquet"]) == (
        "cannot merge: 1.parquet: other recordings than 2.parquet: other field label; the first"
        " difference is recording 8, 7.wav"
    )


def test_a_shard_that_lost_rows_is_damaged(shards, merging_error, tmp_path):
    files, _ = shards
    largest = max(range(4), key=lambda k: pq.read_metadata(files[k]).num_rows)
    rewrite(files[largest], "less.parquet", lambda table: table.slice(1))
    message = merging_error([*files[:largest], "less.parquet", *files[largest + 1 :]])
    assert re.search(r"less.parquet: .*: it has \d rows?, but its metadata count \d", message)


def test_a_wrong_number_of_recordings_is_damage(shards, merging_error):
    files, _ = shards

    def change(record):
        object.__setattr__(record.listing, "recordings", 10**15)

    names = [changed_record(file, f"{k}.parquet", change) for k, file in enumerate(files)]
    message = merging_error(names)
    assert message == (
        "cannot merge: the shards overlap or do not cover all recordings: extract them again"
    )


def test_damaged_rows_are_named_and_nothing_is_written(shards, merging_error, tmp_path):
    files, _ = shards
    largest = max(range(4), key=lambda k: pq.read_metadata(files[k]).num_rows)
    data = bytearray(files[largest].read_bytes())
    data[4:600] = bytes(596)
    (tmp_path / "zeros.parquet").write_bytes(data)
    message = merging_error([*files[:largest], "zeros.parquet", *files[largest + 1 :]])
    assert message.startswith("zeros.parquet: is not a Parquet file or is damaged: ")


def test_a_folder_means_its_shards(shards, tmp_path):
    files, corpus = shards
    folder = files[0].parent
    featkit.extract(corpus, output=tmp_path / "one.parquet", features=SMALL)
    merge = featkit.merge(folder, tmp_path / "merged.parquet")
    assert are_equal(tmp_path / "merged.parquet", tmp_path / "one.parquet")
    assert merge.remarks == []


def test_other_tables_of_a_folder_are_left_out_with_a_remark(shards, tmp_path):
    files, _ = shards
    for file in files:
        os.link(file, tmp_path / file.name)
    merged = tmp_path / "merged.parquet"
    (tmp_path / "folder.parquet").mkdir()
    featkit.merge(tmp_path, merged)
    first = merged.read_bytes()
    again = featkit.merge(tmp_path, merged)
    assert merged.read_bytes() == first
    (remark,) = again.remarks
    assert remark.startswith(f"{merged}: is a table, but not a shard")


def test_a_folder_without_shards_is_refused(shards, merging_error, tmp_path):
    _, corpus = shards
    (tmp_path / "empty").mkdir()
    (tmp_path / "plain").mkdir()
    message = merging_error("empty", ParameterError)
    assert message == "empty: there are no .parquet files in this folder"
    featkit.extract(corpus, output="plain/a.parquet", features=SMALL)
    assert "no shards: plain/a.parquet: is a table, but not a shard" in merging_error("plain")
    assert "there are no shards" in merging_error([], ParameterError)


def test_the_output_may_not_be_a_shard(shards, merging_error, tmp_path):
    files, _ = shards
    own = tmp_path / "1.parquet"
    os.link(files[0], own)
    message = merging_error([own, *files[1:]], ParameterError, output=own)
    assert "1.parquet: is an input and would be overwritten" in message


def test_shards_may_be_in_a_store(shards, bucket, tmp_path):
    import fsspec

    files, corpus = shards
    store = fsspec.filesystem("s3")
    for file in files:
        store.put(str(file), f"{bucket}/shards/{file.name}")
    featkit.extract(corpus, output=tmp_path / "one.parquet", features=SMALL)
    featkit.merge(f"{bucket}/shards/", tmp_path / "merged.parquet")
    assert are_equal(tmp_path / "merged.parquet", tmp_path / "one.parquet")
    names = [f"{bucket}/shards/{number}.parquet" for number in (1, 2, 3, 9)]
    with pytest.raises(TableError, match=r"9.parquet.*; shard 4 of 4 is missing"):
        featkit.merge(names, tmp_path / "other.parquet")
