"""Recordings in stores give the same table as local files, and fail one by one."""

import os
import shutil
import sqlite3
import zipfile
from contextlib import closing

import pytest
import stores
from extracting import extract, write_noise

import featkit
from featkit.batch import fetching
from featkit.errors import ParameterError
from featkit.storage import _filesystem

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("s3fs")

NAMES = ("a b#1", "c?d", "e%20f", "ü", "g+h", "i::j")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Recordings with odd names in two folders, and files that are not recordings."""
    folder = tmp_path_factory.mktemp("source") / "corpus"
    for number, name in enumerate(NAMES):
        write_noise(folder / f"class{number % 2}" / f"{name}.wav", number)
    (folder / "class1/broken.wav").write_bytes(b"RIFF")
    write_noise(folder / ".hidden/x.wav", 1)
    (folder / "class0/notes.txt").write_text("x")
    return folder


@pytest.fixture
def corpus(source, bucket, tmp_path, monkeypatch):
    """The URL of a copy in a store, while the current folder is an empty one."""
    store = fsspec.filesystem("s3")
    for file in source.rglob("*"):
        if file.is_file():
            store.put_file(str(file), f"{bucket}/corpus/{file.relative_to(source)}")
    store.pipe_file(f"{bucket}/corpus/empty/", b"")  # stands for a folder
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_filesystem, "FIRST_WAIT", 0.0)
    return f"{bucket}/corpus"


@pytest.fixture
def requests(corpus, monkeypatch):
    """The requests that this process sends to the store, by operation."""
    from s3fs import S3FileSystem

    sent = []
    real = S3FileSystem._call_s3

    async def call(self, method, *arguments, **options):
        sent.append((method, options.get("Key", options.get("Prefix"))))
        return await real(self, method, *arguments, **options)

    monkeypatch.setattr(S3FileSystem, "_call_s3", call)
    return sent


@pytest.fixture
def in_process(monkeypatch):
    """Work in this process, whose requests can be counted, in spite of an output."""
    from featkit.executors._in_process import InProcess

    monkeypatch.setattr(InProcess, "suited", lambda self, n_items, *, isolate: self)


def content(name):
    with open(name, "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    "options",
    [
        {"labels": "folder"},
        {"name_pattern": "{label}/", "segment": 0.1},
        {"labels": "folder:2"},
    ],
)
def test_a_table_has_the_bytes_of_one_of_local_files(source, corpus, in_process, options):
    local = extract(source, output="local.parquet", **options)
    stored = extract(corpus, output="stored.parquet", **options)
    assert content("stored.parquet") == content("local.parquet")
    assert stored.left_out == local.left_out == {".txt": 1}
    assert [failure.path for failure in stored.failures] == ["class1/broken.wav"]
    assert stored.failures == local.failures
    assert not os.path.exists("stored.parquet.failures.csv.parts")


def test_worker_processes_give_the_same_bytes(source, corpus):
    local = extract(source, output="local.parquet", n_jobs=2)
    stored = extract(corpus, output="stored.parquet", n_jobs=2)
    assert stored.failures == local.failures
    assert content("stored.parquet") == content("local.parquet")


def test_intervals_and_manifests_give_the_same_bytes(source, corpus, in_process):
    rows = [f"class{k % 2}/{name}.wav,{k}\n" for k, name in enumerate(NAMES)]
    with open("list.csv", "w", encoding="utf-8") as file:
        file.write("path,label\n" + "".join(rows))
    with open("rows.csv", "w", encoding="utf-8") as file:
        file.write("path,start,end,label\n" + "".join(r.replace(",", ",0,0.1,") for r in rows))
    for manifest in ("list.csv", "rows.csv"):
        extract(source, manifest=manifest, output="local.parquet")
        extract(corpus, manifest=manifest, output="stored.parquet", fresh=True)
        assert content("stored.parquet") == content("local.parquet")


def test_a_run_is_resumed_without_fetching(corpus, requests, in_process):
    extract(corpus, output="out.parquet")
    fetched = [name for name, _ in requests if name == "get_object"]
    assert len(fetched) == len(NAMES) + 1
    first = content("out.parquet")
    requests.clear()
    resumed = extract(corpus, output="out.parquet")
    assert resumed.resumed == len(NAMES)
    assert content("out.parquet") == first
    keys = [key for name, key in requests if name == "get_object"]
    assert [os.path.basename(key) for key in keys] == ["broken.wav"]


def test_a_run_from_a_manifest_is_resumed_without_fetching(corpus, requests, in_process):
    with open("list.csv", "w", encoding="utf-8") as file:
        file.write("path\n" + "".join(f"class{k % 2}/{n}.wav\n" for k, n in enumerate(NAMES)))
    extract(corpus, manifest="list.csv", output="out.parquet")
    requests.clear()
    assert extract(corpus, manifest="list.csv", output="out.parquet").resumed == len(NAMES)
    assert "get_object" not in {name for name, _ in requests}


def test_a_changed_file_is_computed_again(corpus, in_process, tmp_path):
    extract(corpus, output="out.parquet")
    write_noise(tmp_path / "new.wav", 77)
    fsspec.filesystem("s3").put_file(str(tmp_path / "new.wav"), f"{corpus}/class0/e%20f.wav")
    assert extract(corpus, output="out.parquet").resumed == len(NAMES) - 1
    again = extract(corpus, output="other.parquet")
    assert content("out.parquet") == content("other.parquet")
    assert again.resumed == 0


def test_each_file_that_cannot_be_fetched_is_one_failure(corpus, in_process, monkeypatch):
    """One is removed after the listing, one changes, one is forbidden, one is cut off."""
    from s3fs import S3FileSystem

    real = S3FileSystem._get_file
    store = fsspec.filesystem("s3")
    tries = []

    async def get(self, path, copy, **options):
        if "ü" in path:
            raise PermissionError("Access Denied")
        await real(self, path, copy, **options)
        if "g+h" in path:
            tries.append(path)
            os.truncate(copy, 100)

    monkeypatch.setattr(S3FileSystem, "_get_file", get)
    monkeypatch.setattr(_filesystem, "_filesystems", {})
    find = fetching.pending_files

    def change_then_find(recordings, *, identify):
        chosen = list(recordings)
        if any("a b" in recording.path for recording in chosen):
            store.rm_file(f"{corpus}/class0/a b#1.wav")
            store.pipe_file(f"{corpus}/class0/e%20f.wav", b"RIFF")
        return find(chosen, identify=identify)

    monkeypatch.setattr("featkit.batch._tasks.pending_files", change_then_find)
    result = extract(corpus, output="out.parquet")
    messages = {failure.path: (failure.stage, failure.message) for failure in result.failures}
    start = f"{corpus}/class"
    assert messages["class0/a b#1.wav"] == (
        "fetch",
        f"{start}0/a b#1.wav: cannot read it: there is no such file",
    )
    changed = f"{start}0/e%20f.wav: changed since it was listed"
    assert messages["class0/e%20f.wav"] == ("fetch", changed)
    assert messages["class1/ü.wav"][0] == "fetch"
    assert "no permission: check the credentials" in messages["class1/ü.wav"][1]
    assert messages["class0/g+h.wav"] == (
        "fetch",
        f"{start}0/g+h.wav: cannot read it: only 100 of 8864 bytes arrived (after 5 tries)",
    )
    assert len(tries) == 5
    assert messages["class1/broken.wav"][0] in ("open", "decode")
    assert len(messages) == 5
    assert sorted(set(result.table.column("path"))) == ["class1/c?d.wav", "class1/i::j.wav"]


def test_a_recording_in_an_archive_is_like_a_local_one(source, tmp_path, monkeypatch, in_process):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("all.zip", "w") as archive:
        for file in sorted(source.rglob("*"), reverse=True):
            if "::" not in file.name:  # ends the path in an archive
                archive.write(file, f"in/{file.relative_to(source)}")
    local = shutil.copytree(source, tmp_path / "copy", ignore=shutil.ignore_patterns("*::*"))
    extract(local, output="local.parquet", labels="folder")
    for name in ("zip://in::all.zip", "zip://in/::all.zip"):
        extract(name, output="zipped.parquet", labels="folder", fresh=True)
        assert content("zipped.parquet") == content("local.parquet")
    assert extract("zip://in::all.zip", output="zipped.parquet", labels="folder").resumed == 5
    whole = extract("zip://::all.zip", output=None)
    assert whole.table.column("path")[0] == "in/class0/a b#1.wav"
    with pytest.raises(ParameterError, match=r"no such file or folder: zip://none::"):
        extract("zip://none::all.zip")


def test_signatures_are_written_nowhere(source, tmp_path, monkeypatch, in_process, capfd):
    pytest.importorskip("aiohttp")
    monkeypatch.chdir(tmp_path)
    with stores.http_server(source) as web:
        query = f"X-Amz-Signature={stores.SECRET}&X-Amz-Expires=1"
        urls = [f"{web}/class0/a%20b%231.wav?{query}", f"{web}/class1/%C3%BC.wav?{query}"]
        urls.append(f"{web}/none.wav?{query}")
        result = extract(urls, output="signed.parquet", features="genre75")
        again = extract([url.replace("=1", "=2") for url in urls], output="signed.parquet")
    extract([source / "class0/a b#1.wav", source / "class1/ü.wav"], output="local.parquet")
    assert again.resumed == 2
    assert content("signed.parquet") == content("local.parquet")
    assert [failure.path for failure in result.failures] == ["none.wav"]
    written = b"".join(content(name) for name in os.listdir() if os.path.isfile(name))
    shown = str(result.failures) + "".join(capfd.readouterr())
    with closing(sqlite3.connect("signed.parquet.parts")) as parts:
        names = [bytes(name) for (name,) in parts.execute("SELECT name FROM files")]
    assert sorted(names) == [
        f"{web}/class0/a%20b%231.wav".encode(),
        f"{web}/class1/%C3%BC.wav".encode(),
    ]
    for text in (written, shown.encode()):
        assert stores.SECRET.encode() not in text
        assert b"Signature" not in text


def test_sftp_gives_the_same_bytes(source, sftp, tmp_path, monkeypatch, in_process):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(source, tmp_path / "corpus")
    (tmp_path / "corpus/class0/link.wav").symlink_to("../class1/ü.wav")
    local = extract("corpus", output="local.parquet", labels="folder")
    stored = extract(sftp.url(tmp_path / "corpus"), output="stored.parquet", labels="folder")
    assert content("stored.parquet") == content("local.parquet")
    assert stored.failures == local.failures


def test_an_unknown_host_key_is_refused(sftp, tmp_path):
    hosts = sftp.home / ".ssh/known_hosts"
    text = hosts.read_text()
    _filesystem._filesystems.clear()
    try:
        for keys in ("", text.replace("AAAA", "AAAB")):
            hosts.write_text(keys)
            with pytest.raises(OSError, match=r"is not in ~/\.ssh/known_hosts.*connect once"):
                extract(sftp.url(tmp_path), output=None)
    finally:
        hosts.write_text(text)


def test_labels_of_a_bucket_and_files_that_are_given_themselves(corpus, in_process):
    urls = [f"{corpus}/class0/a b#1.wav", f"{corpus}/class1/ü.wav", f"{corpus}/class1/ü.wav"]
    table = extract(urls, output=None, labels="folder").table
    assert list(table.column("path")) == ["a b#1.wav", "ü.wav"]
    assert list(table.column("label")) == ["class0", "class1"]
    outer = extract(urls, output=None, labels="folder:2").table
    assert set(outer.column("label")) == {"corpus"}


def test_sounds_of_stores_are_loaded_and_analysed(source, corpus):
    file = "class0/a b#1.wav"
    local, stored = featkit.load(source / file)[0], featkit.load(f"{corpus}/{file}")[0]
    assert (local == stored).all()
    with pytest.raises(OSError, match=r"none\.wav: fetch: .*there is no such file"):
        featkit.load(f"{corpus}/none.wav")
