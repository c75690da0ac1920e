"""Names of files: spellings of one file, last names, files of folders."""

import os

import pytest

from featkit.errors import ParameterError
from featkit.storage.names import canonical_name, is_same_file, join_name, last_name
from featkit.storage.writing import check_distinct, check_no_input, sibling

SAME = [
    ("s3://bucket/t.csv", "S3://bucket/t.csv"),
    ("s3://bucket/t.csv", "s3a://bucket/t.csv"),
    ("gs://bucket/t.csv", "gcs://bucket/t.csv"),
    ("sftp://host/data/t.csv", "ssh://me@HOST:22/data/../data//t.csv"),
    ("https://host/a%20b.csv", "http://HOST:80/a b.csv?signature=1#top"),
    ("zip://a/t.csv::s3://b/x.zip", "ZIP:///a/./t.csv::s3a://b/x.zip"),
]

DIFFERENT = [
    ("s3://bucket/t.csv", "s3://bucket/T.csv"),
    ("s3://bucket/a/t.csv", "s3://bucket/a//t.csv"),
    ("s3://bucket/t.csv", "gs://bucket/t.csv"),
    ("sftp://host/t.csv", "sftp://host:2222/t.csv"),
    ("sftp://host/t.csv", "/t.csv"),
    ("zip://t.csv::s3://b/x.zip", "zip://t.csv::s3://b/y.zip"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_file_are_the_same(one, other):
    assert is_same_file(one, other)
    with pytest.raises(ParameterError, match="is an input and would be overwritten"):
        check_no_input(one, ["x.csv", other])
    with pytest.raises(ParameterError, match="two outputs"):
        check_distinct([one, None, other])


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_files_are_not_the_same(one, other):
    assert not is_same_file(one, other)
    check_no_input(one, [other])
    check_distinct([one, other])


def test_local_names_of_one_file_are_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    assert is_same_file("t.csv", "link/t.csv")
    assert canonical_name("link/t.csv") == os.fspath(tmp_path / "t.csv")
    assert not is_same_file("t.csv", "missing.csv")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("corpus/birds/", "birds"),
        ("s3://bucket/birds/", "birds"),
        ("s3://bucket", "bucket"),
        ("https://host/a%20b.csv?signature=x/y", "a b.csv"),
        ("zip://in/t.csv::s3://b/x.zip", "t.csv"),
        ("/", ""),
    ],
)
def test_the_last_name_of_a_path(path, name):
    assert last_name(path) == name


def test_files_of_folders_and_next_to_files():
    assert join_name("s3://b/reports/", "scores.csv") == "s3://b/reports/scores.csv"
    assert join_name("reports", "scores.csv") == os.path.join("reports", "scores.csv")
    assert sibling("s3://b/t.csv", ".failures.csv") == "s3://b/t.csv.failures.csv"
    assert sibling("https://h/t.csv?s=1", ".failures.csv") == "https://h/t.csv.failures.csv?s=1"
    assert sibling("zip://t.csv::x.zip", ".failures.csv") == "zip://t.csv.failures.csv::x.zip"
