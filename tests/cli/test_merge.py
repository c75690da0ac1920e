"""``featkit merge``, and ``featkit extract --shard``."""

import re

import pytest
from command_line import SMALL_SET, error_line, run
from extracting import write_noise
from sharding import are_equal


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A corpus of four recordings, one of which is damaged, a feature set and two shards."""
    folder = tmp_path_factory.mktemp("merge")
    for number in range(3):
        write_noise(folder / "corpus" / f"{number}.wav", number)
    (folder / "corpus" / "bad.wav").write_text("no sound")
    (folder / "set.toml").write_text(SMALL_SET)
    for number in (1, 2):
        run(*extract_words(folder), folder / f"{number}.parquet", "--shard", f"{number}/2")
    return folder


def extract_words(folder):
    options = ["--jobs", 1, "--max-failures", 1, "--features", folder / "set.toml", "-o"]
    return ["extract", folder / "corpus", *options]


def test_the_table_and_the_failures_of_one_run_are_written(folder, tmp_path):
    run(*extract_words(folder), tmp_path / "one.parquet")
    shards = [folder / "1.parquet", folder / "2.parquet"]
    result = run("merge", *shards, "-o", tmp_path / "merged.parquet", status=3)
    assert are_equal(tmp_path / "merged.parquet", tmp_path / "one.parquet")
    lines = result.stderr.splitlines()
    assert lines[0] == f"{tmp_path}/merged.parquet: 3 rows of 4 files, 7 features"
    assert lines[1] == f"1 failed, see {tmp_path}/merged.parquet.failures.csv:"
    assert lines[2].startswith("  bad.wav: decode: ")


def test_accepted_failures_give_status_0(folder, tmp_path):
    words = ("merge", folder, "-o", tmp_path / "merged.csv", "--max-failures", 1)
    assert run(*words, "--quiet").stderr.startswith("1 failed, see ")
    assert (tmp_path / "merged.csv").read_text().startswith("path,start,end,")


def test_shards_that_cannot_be_merged_are_named_in_one_line(folder, tmp_path):
    words = ("merge", folder / "1.parquet", folder / "corpus" / "bad.wav", "-o")
    line = error_line(*words, tmp_path / "merged.parquet", status=1)
    assert re.search(
        "cannot merge: .*bad.wav: is not a Parquet file .*; shard 2 of 2 is miss", line
    )


def test_a_shard_is_named_in_the_summary(folder, tmp_path):
    result = run(*extract_words(folder), tmp_path / "a.parquet", "--shard", "1/2")
    assert ", 7 features, shard 1/2" in result.stderr


@pytest.mark.parametrize("shard", ["3", "0/2", "3/2"])
def test_a_wrong_shard_is_wrong_usage(folder, tmp_path, shard):
    line = error_line(*extract_words(folder), tmp_path / "a.parquet", "--shard", shard)
    assert "shard" in line
    assert shard in line
