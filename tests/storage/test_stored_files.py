"""Tables, manifests, annotations and pages in stores of every kind."""

import contextlib
import os
import zipfile

import numpy as np
import pytest
import stores

import featkit
from featkit.datasets.annotation_files import AnnotationLog, annotated
from featkit.datasets.files import Recording
from featkit.datasets.recordings import read_manifest
from featkit.errors import ModelError, ParameterError, StoreError, TableError, WriteError
from featkit.storage.reading import kept_copies, local_copy
from featkit.storage.writing import check_writable, replacing
from featkit.table.feature_table import FeatureTable
from featkit.table.inspection import read_failures
from featkit.table.table_files import column_names

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def table():
    return FeatureTable({"path": ["a.wav", "b.wav"]}, ["x"], np.array([[1.0], [2.0]]))


def put(url, data):
    fsspec.filesystem("s3").pipe_file(url, data if isinstance(data, bytes) else data.encode())
    return url


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_a_table_is_written_and_read_by_s3_and_sftp(table, bucket, sftp, tmp_path, name):
    for url in (f"{bucket}/deep/folder/{name}", sftp.url(f"{tmp_path}/{name}")):
        table.write(url)
        assert FeatureTable.read(url).values.tolist() == [[1.0], [2.0]]
        assert column_names(url) == ["path", "x"]
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_table_is_read_from_the_web_and_from_archives(table, tmp_path):
    pytest.importorskip("aiohttp")
    table.write(tmp_path / "my table.csv")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "my table.csv", "in/my table.csv")
    with stores.http_server(tmp_path) as web:
        for url in (
            f"{web}/my%20table.csv",
            f"{web}/my%20table.csv?X-Amz-Signature={stores.SECRET}.parquet",
            f"zip://in/my table.csv::{tmp_path}/all.zip",
        ):
            assert FeatureTable.read(url).values.tolist() == [[1.0], [2.0]]
            assert read_failures(url) == []
        signed = f"{web}/none.csv?signature={stores.SECRET}"
        with pytest.raises(TableError, match=r"none\.csv: cannot read it: there is no") as caught:
            FeatureTable.read(signed)
        assert stores.SECRET not in str(caught.value)


def test_errors_in_a_file_name_its_url_and_line(bucket):
    url = put(f"{bucket}/bad.csv", "path,x\na.wav,1\nb.wav\n")
    with pytest.raises(TableError) as caught:
        FeatureTable.read(url)
    assert str(caught.value).startswith(f"{url}: line 3: ")


def test_a_file_is_fetched_once_where_copies_are_kept(bucket):
    url = put(f"{bucket}/t.csv", "x\n1\n")
    with kept_copies():
        with local_copy(url) as first:
            pass
        with kept_copies(), local_copy(url) as second:
            assert second == first
        with local_copy(url, keep=False) as other:
            assert other == first
    assert not first.exists()


def test_a_file_that_is_too_large_is_not_fetched(bucket):
    url = put(f"{bucket}/big.fk", b"x" * 1000)
    with (
        pytest.raises(StoreError, match="has 1,000 bytes, and at most 999"),
        local_copy(url, max_bytes=999),
    ):
        pass


def test_a_model_of_a_store_is_checked_like_a_local_one(bucket):
    for data, cause in (
        (b"\x80\x04", "a pickle, which could execute anything"),
        (b"", "not a model"),
    ):
        url = put(f"{bucket}/m.fk", data)
        with pytest.raises(ModelError, match=f"^{url}: {cause}"):
            featkit.load_model(url)


def test_the_test_of_writing_leaves_nothing_behind(bucket, sftp, tmp_path):
    check_writable(f"{bucket}/new/t.csv")
    check_writable(sftp.url(f"{tmp_path}/t.csv"))
    store = fsspec.filesystem("s3")
    uploads = store.call_s3("list_multipart_uploads", Bucket=bucket.removeprefix("s3://"))
    assert not uploads.get("Uploads")
    assert store.find(bucket) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("none/t.csv", "there is no folder sftp://127.0.0.1:[0-9]+/.*/none"),
        ("folder", "is a folder, not a file to write"),
    ],
)
def test_places_that_cannot_be_written_are_refused(sftp, tmp_path, path, message):
    (tmp_path / "folder").mkdir()
    url = sftp.url(f"{tmp_path}/{path}")
    with pytest.raises(ParameterError, match=message):
        check_writable(url)
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_a_failed_upload_is_a_plain_error(bucket, table):
    with pytest.raises(WriteError, match="there is no bucket s3://no-such-bucket-here"):
        table.write("s3://no-such-bucket-here/t.csv")


def test_an_unfinished_file_is_not_uploaded(bucket):
    url = put(f"{bucket}/t.csv", "old")
    with contextlib.suppress(KeyError), replacing(url) as scratch:
        scratch.write_text("new")
        raise KeyError
    assert fsspec.filesystem("s3").cat_file(url) == b"old"


def test_a_manifest_of_a_store_has_its_recordings_next_to_it(bucket):
    url = put(
        f"{bucket}/lists/corpus.csv",
        f"path,label\nloud/a b.wav,x\n{bucket}/lists/c.wav,y\nhttps://host/d.wav?signature=1,z\n",
    )
    a, c, d = read_manifest(url)
    assert (a.file, a.path) == (f"{bucket}/lists/loud/a b.wav", "loud/a b.wav")
    assert (c.file, c.path) == (f"{bucket}/lists/c.wav", "c.wav")
    assert (d.file, d.path) == ("https://host/d.wav?signature=1", "https://host/d.wav")
    (b, *_) = read_manifest(url, root="/sound")
    assert b.file == os.path.join("/sound", "loud/a b.wav")
    (e, *_) = read_manifest(url, root=f"{bucket}/sound")
    assert e.file == f"{bucket}/sound/loud/a b.wav"


def test_faults_of_a_manifest_name_its_url(bucket):
    url = put(f"{bucket}/corpus.csv", "path,label\na.wav,x\n,y\n")
    with pytest.raises(TableError, match=f"^{url}: line 3: path: empty"):
        read_manifest(url)
    with pytest.raises(TableError, match=r"none\.csv: cannot read it: there is no"):
        read_manifest(f"{bucket}/none.csv")


def test_published_indexes_are_read_with_their_other_files_and_folders(bucket):
    header = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
    for split in ("train", "test"):
        row = f"track_{split}\ta\tb\t{split}.mp3\t1.0\tgenre---rock\n"
        put(f"{bucket}/splits/genre-{split}.tsv", header + row)
    tracks = read_manifest(f"{bucket}/splits/genre-train.tsv")
    assert [track.fields["split"] for track in tracks] == ["train", "test"]
    header = "filename,fold,target,category,esc10,src_file,take\n"
    url = put(f"{bucket}/esc/meta/esc50.csv", f"{header}1-1-A.wav,1,0,dog,True,1,A\n")
    assert read_manifest(url)[0].file == f"{bucket}/esc/meta/1-1-A.wav"
    put(f"{bucket}/esc/audio/1-1-A.wav", b"RIFF")
    assert read_manifest(url)[0].file == f"{bucket}/esc/audio/1-1-A.wav"


def test_annotations_are_read_from_folders_of_a_store(bucket):
    for name in ("dawn.txt", "site/dusk.txt", ".hidden/dusk.txt", "dusk.wav"):
        put(f"{bucket}/tables/{name}", "0.25\t0.75\twren\n")
    put(f"{bucket}/tables/README", "no annotations\n")
    recordings = [
        Recording(f"{bucket}/audio/{name}.wav", f"{name}.wav") for name in ("dawn", "dusk")
    ]
    log = AnnotationLog()
    dawn, _ = annotated(recordings, f"{bucket}/tables", log=log)
    assert [item.fields for item in dawn.annotations] == [{"label": "wren"}]
    assert log.files == [f"{bucket}/tables/dawn.txt", f"{bucket}/tables/site/dusk.txt"]
    assert dawn.annotations[0].location.startswith(f"{bucket}/tables/dawn.txt: line 1")
    assert "README" in log.remarks[0]
    with pytest.raises(ParameterError, match=f"no such file or folder: {bucket}/none"):
        annotated(recordings, f"{bucket}/none")
