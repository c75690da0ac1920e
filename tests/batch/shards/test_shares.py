"""Shards: stable shares of the recordings, and tables that merge to that of one run."""

import shutil

import numpy as np
import pandas as pd
import pytest
from extracting import write_audio, write_noise
from folders import write_file
from hypothesis import given
from hypothesis import strategies as st
from sharding import SMALL, are_equal, extract_shard, extract_shards

import featkit
from featkit import signals
from featkit.batch.shards.shares import Shard, parse_shard, shard_number, share_places
from featkit.datasets.files import Recording
from featkit.errors import ParameterError

PATHS = st.lists(st.text(min_size=1), unique=True, max_size=20)


@given(paths=PATHS, count=st.integers(1, 12))
def test_every_recording_is_in_exactly_one_shard(paths, count):
    recordings = [Recording("/x/", path) for path in paths]
    places = [share_places(recordings, Shard(k, count)) for k in range(1, count + 1)]
    assert sorted(place for share in places for place in share) == list(range(len(paths)))
    assert all(share == sorted(share) for share in places)


@given(paths=PATHS, count=st.integers(1, 12))
def test_the_share_of_a_recording_depends_on_its_path_alone(paths, count):
    shard = Shard(1, count)
    recordings = [Recording("/x/", path) for path in paths]
    elsewhere = [Recording("/y/", path, fields={"label": "a"}) for path in reversed(paths)]
    share, other = (
        {items[place].path for place in share_places(items, shard)}
        for items in (recordings, elsewhere)
    )
    assert share == other


# The first 8 bytes of `b2sum -l 64`, as an integer, modulo the count, plus 1.
@pytest.mark.parametrize(
    ("path", "count", "number"),
    [("rock/01.wav", 40, 33), ("rock/01.wav", 1, 1), ("a.wav", 1000, 215), ("ä/ö.flac", 40, 22)],
)
def test_shares_never_change(path, count, number):
    assert shard_number(path, count) == number


def test_shares_have_similar_sizes():
    counts = np.bincount([shard_number(f"{k:05}.wav", 40) for k in range(20_000)])[1:]
    # Binomial counts have a mean of 500 and a standard deviation of 22.
    assert counts.sum() == 20_000
    assert 400 < counts.min() < counts.max() < 600


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3", "such as '3/40', got '3'"),
        ((3, 40), r"such as '3/40', got \(3, 40\)"),
        ("-1/3", "such as '3/40', got '-1/3'"),
        ("0/40", "from 1 to 40, got 0: a job array that counts from 0 must add 1"),
        ("41/40", "the number must be from 1 to 40, got 41$"),
        ("1/0", "the number of shards must be from 1 to 10,000, got 0"),
        ("1/10001", "the number of shards must be from 1 to 10,000, got 10,001"),
    ],
)
def test_a_wrong_shard_is_refused_with_what_was_expected(text, message):
    with pytest.raises(ParameterError, match=message):
        parse_shard(text)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (None, "shard requires output"),
        ("a.csv", "a.csv: a shard must be one file that ends in"),
        ("a.parquet/", "a.parquet/: a shard must be one file that ends in"),
    ],
)
def test_a_shard_must_be_a_parquet_file(tmp_path, monkeypatch, output, message):
    monkeypatch.chdir(tmp_path)
    write_noise(tmp_path / "a.wav", 0)
    with pytest.raises(ParameterError, match=message):
        featkit.extract("a.wav", output=output, shard="1/2")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder of 14 recordings, of which two are damaged, and a file that is not audio."""
    folder = tmp_path_factory.mktemp("shards") / "corpus"
    for number in range(12):
        seconds = 0.2 + 0.05 * number
        file = folder / f"{number % 3}" / f"{number:02d}.wav"
        write_audio(file, signals.noise(8000, seconds, seed=number), 8000)
    write_file(folder / "0" / "bad.wav", "no sound")
    write_file(folder / "2" / "empty.wav", "")
    write_file(folder / "notes.txt", "notes")
    return folder


@pytest.fixture(scope="module")
def annotated(corpus):
    """Selections of three recordings; one has a frequency band, and two are beyond the end."""
    lines = ["path,start,end,low_hz,high_hz,label"]
    lines += ["0/00.wav,0,0.1,,,a", "0/00.wav,0.05,0.15,,,b", "0/00.wav,5,6,,,c"]
    lines += ["1/04.wav,0,0.2,200,400,a", "2/05.wav,0.1,0.2,,,b", "2/05.wav,7,8,,,c"]
    lines += ["2/empty.wav,0,1,,,a"]
    return write_file(corpus.parent / "calls.csv", "\n".join(lines) + "\n")


CASES = {
    "plain": {},
    "labels": {"labels": "folder", "name_pattern": "{take}"},
    "segments": {"segment": 0.1, "segment_hop": 0.05},
    "annotations": {"manifest": "calls.csv", "background": "none"},
}


@pytest.mark.parametrize("case", CASES)
def test_merged_shards_have_the_bytes_of_one_run(corpus, annotated, tmp_path, case):
    options = dict(CASES[case])
    if "manifest" in options:
        options["manifest"] = annotated
    files = extract_shards(corpus, 4, tmp_path / "shards", **options)
    for suffix in (".csv", ".parquet"):
        one, merged = tmp_path / f"one{suffix}", tmp_path / f"merged{suffix}"
        run = featkit.extract(corpus, output=one, features=SMALL, **options)
        merge = featkit.merge(files, merged)
        assert run.failures
        assert are_equal(merged, one)
    for name in ("failures", "files", "rows", "columns", "left_out", "remarks"):
        assert getattr(merge, name) == getattr(run, name)
    pd.testing.assert_frame_equal(merge.table.data, run.table.data)


def test_shards_merge_to_a_table_in_parts(corpus, tmp_path):
    files = extract_shards(corpus, 3, tmp_path / "shards")
    featkit.extract(corpus, output=f"{tmp_path}/one/", features=SMALL)
    featkit.merge(files, f"{tmp_path}/merged/")
    assert are_equal(tmp_path / "merged", tmp_path / "one")


def test_empty_shards_are_shards(corpus, tmp_path):
    options = {"labels": "folder", "name_pattern": "{take}"}
    files = extract_shards(corpus / "1", 7, tmp_path / "shards", **options)
    tables = [featkit.FeatureTable.read(file) for file in files]
    assert any(len(table) == 0 for table in tables)
    assert {tuple(table.data.columns) for table in tables} == {tuple(tables[0].data.columns)}
    featkit.extract(corpus / "1", output=tmp_path / "one.parquet", features=SMALL, **options)
    featkit.merge(files, tmp_path / "merged.parquet")
    assert are_equal(tmp_path / "merged.parquet", tmp_path / "one.parquet")


def test_shards_of_a_corpus_that_fails_completely_are_merged(tmp_path):
    for name in "abc":
        write_file(tmp_path / "corpus" / f"{name}.wav", "no sound")
    files = extract_shards(tmp_path / "corpus", 2, tmp_path / "shards")
    featkit.extract(tmp_path / "corpus", output=tmp_path / "one.parquet", features=SMALL)
    merge = featkit.merge(files, tmp_path / "merged.parquet")
    assert (merge.rows, merge.files, merge.resumed) == (0, 3, 0)
    assert [failure.path for failure in merge.failures] == ["a.wav", "b.wav", "c.wav"]
    assert are_equal(tmp_path / "merged.parquet", tmp_path / "one.parquet")


def test_a_single_recording_is_in_one_of_several_shards(tmp_path):
    file = tmp_path / "a.wav"
    write_noise(file, 0)
    files = extract_shards(file, 3, tmp_path / "shards")
    assert sorted(len(featkit.FeatureTable.read(file)) for file in files) == [0, 0, 1]
    featkit.extract(file, output=tmp_path / "one.parquet", features=SMALL)
    featkit.merge(files, tmp_path / "merged.parquet")
    assert are_equal(tmp_path / "merged.parquet", tmp_path / "one.parquet")


def test_the_table_of_a_shard_is_a_table_like_any_other(corpus, tmp_path):
    (file,) = extract_shards(corpus, 1, tmp_path / "shards", labels="folder")
    run = featkit.extract(corpus, features=SMALL, labels="folder")
    pd.testing.assert_frame_equal(featkit.FeatureTable.read(file).data, run.table.data)
    assert pd.read_parquet(file)["path"].tolist() == run.table.data["path"].tolist()
    assert featkit.inspect(file).rows == run.rows
    assert featkit.diff(file, file).same


def test_a_shard_resumes_and_is_the_same(corpus, tmp_path):
    extract_shard(corpus, 1, 2, tmp_path / "1.parquet")
    before = (tmp_path / "1.parquet").read_bytes()
    again = extract_shard(corpus, 1, 2, tmp_path / "1.parquet")
    assert again.resumed == again.rows > 0
    assert (tmp_path / "1.parquet").read_bytes() == before


def test_a_shard_does_not_replace_another_one(corpus, tmp_path):
    extract_shard(corpus, 1, 2, tmp_path / "1.parquet")
    before = (tmp_path / "1.parquet").read_bytes()
    with pytest.raises(ParameterError, match=r"1\.parquet: is shard 1/2, and would be replaced"):
        extract_shard(corpus, 2, 2, tmp_path / "1.parquet")
    assert (tmp_path / "1.parquet").read_bytes() == before
    assert extract_shard(corpus, 2, 3, tmp_path / "1.parquet").resumed > 0
    assert extract_shard(corpus, 1, 3, tmp_path / "1.parquet", fresh=True).resumed == 0
    (tmp_path / "1.parquet").write_text("damaged")
    assert extract_shard(corpus, 2, 3, tmp_path / "1.parquet").rows > 0


def test_the_corpus_may_be_elsewhere_in_each_job(corpus, tmp_path):
    moved = shutil.copytree(corpus, tmp_path / "scratch" / "corpus")
    extract_shard(corpus, 1, 2, tmp_path / "1.parquet")
    extract_shard(moved, 2, 2, tmp_path / "2.parquet")
    featkit.extract(corpus, output=tmp_path / "one.parquet", features=SMALL)
    featkit.merge([tmp_path / "1.parquet", tmp_path / "2.parquet"], tmp_path / "merged.parquet")
    assert are_equal(tmp_path / "merged.parquet", tmp_path / "one.parquet")
