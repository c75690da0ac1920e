"""Extraction into a folder of parts: the same rows, failures, resuming, and files next to it."""

import os

import pandas as pd
import pyarrow.dataset as ds
import pytest
from extracting import extract, write_noise
from partitioned import shrink_parts
from table_examples import assert_same

import featkit
from featkit.batch.checkpoint import checkpoint_path
from featkit.errors import ParameterError
from featkit.storage.writing import COMMIT_FILE
from featkit.table import partitions, table_files
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import read_blocks


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """A folder ``corpus`` with ten recordings and one that cannot be read."""
    monkeypatch.chdir(tmp_path)
    shrink_parts(monkeypatch.setattr)
    # genre75 has 75 features: 2 rows to a block, and 4 to a part.
    monkeypatch.setattr(table_files, "VALUES_PER_BLOCK", 150)
    monkeypatch.setattr(partitions, "VALUES_PER_PART", 300)
    for number in range(10):
        write_noise(tmp_path / "corpus" / f"{number}.wav", number)
    (tmp_path / "corpus" / "bad.wav").write_text("no sound")
    return tmp_path / "corpus"


def content_of(folder):
    return {name: (folder / name).read_bytes() for name in os.listdir(folder)}


def test_the_rows_are_those_of_a_single_file(corpus, tmp_path):
    single, parts = extract("corpus"), extract("corpus", output="features/")
    assert parts.rows == single.rows == 10
    assert_same(parts.table, single.table)
    assert [part.count_rows() for part in ds.dataset("features").get_fragments()] == [4, 4, 2]
    pd.testing.assert_frame_equal(pd.read_parquet("features"), pd.read_parquet("out.parquet"))
    assert parts.table.provenance == single.table.provenance
    files = {"features", "features.failures.csv", "features.parts"}
    assert {name for name in os.listdir() if name.startswith("features")} == files
    assert featkit.inspect("features/").failures["files"].sum() == 1
    assert checkpoint_path("features/").is_file()


def test_resumed_runs_give_the_same_bytes(corpus, tmp_path):
    extract("corpus", output="features/")
    before = content_of(tmp_path / "features")
    again = extract("corpus", output="features")
    assert again.resumed == 10
    assert content_of(tmp_path / "features") == before
    write_noise(corpus / "new.wav", 11)
    more = extract("corpus", output="features")
    assert (more.resumed, more.rows) == (10, 11)
    assert len(FeatureTable.read("features")) == 11


def test_folders_of_killed_runs_are_removed(corpus, tmp_path):
    left = tmp_path / ".features.71.part"
    left.mkdir()
    (left / "part-000000.unfinished").write_text("half")
    extract("corpus", output="features/")
    assert not left.exists()


def test_a_table_in_the_searched_folder_does_not_count_as_skipped(corpus, tmp_path):
    for _ in range(2):
        result = featkit.extract(".", output="features/", features="genre75")
        assert result.left_out == {}
    (tmp_path / "features" / COMMIT_FILE).unlink()
    for name in ("features.parts", "features.failures.csv"):
        (tmp_path / name).rename(tmp_path / f"other.{name}")
    assert featkit.extract(".", output="more/", features="genre75").left_out[".parquet"] == 3


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("features", "or in / for a folder of Parquet files"),
        ("corpus/", "is a folder that featkit did not write, and it is not empty"),
        ("none/features/", "there is no folder none"),
        ("corpus/0.wav/", "is a file, not a folder"),
    ],
)
def test_impossible_folders_are_refused_before_the_work(corpus, output, message):
    with pytest.raises(ParameterError, match=message):
        extract("corpus", output=output)
    assert os.listdir() == ["corpus"]


def test_models_audits_and_groups_read_the_folder(corpus, tmp_path):
    for number in range(10):
        write_noise(tmp_path / "songs" / "ab"[number % 2] / f"{number}.wav", number)
    result = featkit.extract("songs", output="features/", features="genre75", labels="folder")
    result.table.write("one.parquet")
    model = featkit.train("features/", model="logistic", folds=2).model
    expected = featkit.train("one.parquet", model="logistic", folds=2).model.predict("one.parquet")
    for table in ("features", "features/"):
        pd.testing.assert_frame_equal(model.predict(table).data, expected.data)
    assert len(model.predict("songs").data) == 10
    evaluation = featkit.evaluate(model, "features/")
    assert evaluation.scores["evaluations"][0]["dataset"] == "features"
    assert featkit.diff("features/", "one.parquet").same
    assert featkit.audit("features/", checks=["balance"]).dataset.name == "features"
    groups = pd.DataFrame({"path": result.table.keys["path"], "group": list("xyxyxyxyxy")})
    os.mkdir("groups")
    groups.to_parquet("groups/0.parquet")
    grouped = featkit.train("features", model="logistic", group="groups/", folds=2)
    assert grouped.model.trained.settings.group == "group"


def test_merged_shards_give_the_folder_of_one_run(corpus, tmp_path):
    extract("corpus", output="features/")
    shards = [f"{number}.parquet" for number in (1, 2, 3)]
    for number, shard in enumerate(shards, start=1):
        extract("corpus", output=shard, shard=f"{number}/3")
    featkit.merge(shards, "merged/")
    assert content_of(tmp_path / "merged") == content_of(tmp_path / "features")


def test_a_folder_in_a_store_has_the_same_parts(corpus, bucket, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    extract("corpus", output="local/")
    url = f"{bucket}/tables/features/"
    assert len(extract("corpus", output=url).table) == 10
    store = fsspec.filesystem("s3")
    names = [name.rpartition("/")[2] for name in store.ls(url, detail=False)]
    in_store = {name: store.cat(f"{url}{name}") for name in names if name}
    assert in_store == content_of(tmp_path / "local")
    assert store.exists(f"{bucket}/tables/features.failures.csv")
    assert checkpoint_path(url).resolve() == tmp_path / "features.parts"
    assert featkit.inspect(url).rows == 10
    assert [len(block) for block in read_blocks(url, rows=6)] == [6, 4]
