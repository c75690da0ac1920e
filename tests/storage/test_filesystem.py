"""Connections: one for each store and process, after a fork and in threads."""

import multiprocessing
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from featkit.storage import _filesystem, listing
from featkit.storage._filesystem import open_store
from featkit.storage.listing import list_files
from featkit.storage.reading import exists, is_folder, local_copy, stored_state

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("s3fs")


@pytest.fixture
def files(bucket):
    store = fsspec.filesystem("s3")
    for number in range(5):
        store.pipe_file(f"{bucket}/folder/{number % 2}/{number}.txt", b"x" * number)
    store.pipe_file(f"{bucket}/folder//odd/../x.txt", b"odd")
    return f"{bucket}/folder"


def read(url):
    with local_copy(url) as copy:
        return len(copy.read_bytes())


def test_threads_share_one_connection(files):
    urls = [f"{files}/{number % 2}/{number}.txt" for number in range(5)] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, urls)) == [0, 1, 2, 3, 4] * 4
        stores = set(pool.map(lambda url: id(open_store(url).filesystem), urls))
    assert len(stores) == 1


def _read_in_child(url, sender):
    sender.send((read(url), sorted(_filesystem._filesystems)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_process_has_a_connection_of_its_own(files):
    assert read(f"{files}/0/4.txt") == 4
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_read_in_child, args=(f"{files}/0/4.txt", sender))
    child.start()
    assert receiver.poll(30)
    assert receiver.recv() == (4, ["s3://"])
    child.join()
    assert read(f"{files}/0/4.txt") == 4


def test_a_listing_is_requested_page_by_page(files, monkeypatch):
    requests = []
    real = listing._page

    def page(store, token):
        requests.append(token)
        return real(store, token)

    monkeypatch.setattr(listing, "_page", page)
    monkeypatch.setattr(listing, "PAGE", 2)
    entries = list_files(files)
    first = next(entries)
    assert len(requests) == 1
    paths = [first.path, *(entry.path for entry in entries)]
    assert sorted(paths) == ["/odd/../x.txt", "0/0.txt", "0/2.txt", "0/4.txt", "1/1.txt", "1/3.txt"]
    assert len(requests) == 3


def test_an_archive_with_names_outside_of_it_is_listed(tmp_path):
    names = ["../../x.txt", "/tmp/x.txt", "a//b.txt", "new\nline.txt", "..\\x.txt", "f/./x.txt"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    url = f"zip://::{tmp_path}/all.zip"
    assert sorted(entry.path for entry in list_files(url)) == sorted(names)
    assert [entry.path for entry in list_files(url.replace("zip://", "zip://f"))] == ["./x.txt"]


def test_stamps_of_a_listing_are_those_of_single_files(files, sftp, tmp_path):
    (tmp_path / "a b.txt").write_bytes(b"x")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a b.txt", "x")
    for folder, name in (
        (files, "1/3.txt"),
        (sftp.url(tmp_path), "a b.txt"),
        (f"zip://::{tmp_path}/all.zip", "a b.txt"),
    ):
        stamps = {entry.path: entry.stamp for entry in list_files(folder)}
        url = f"{folder}/{name}" if "zip" not in folder else f"zip://{name}::{tmp_path}/all.zip"
        state = stored_state(url)
        assert state is not None
        assert state.stamp == stamps[name] != ""


def test_what_changed_just_now_is_not_settled(sftp, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"x")
    url = sftp.url(tmp_path / "a.txt")
    assert not stored_state(url).is_settled
    os.utime(tmp_path / "a.txt", (0, 0))
    assert stored_state(url).is_settled
    assert stored_state(sftp.url(tmp_path)) is None


def test_files_folders_and_nothing_are_told_apart(files, bucket):
    assert is_folder(files)
    assert is_folder(f"{files}/")
    assert is_folder(bucket)
    assert not is_folder(f"{files}/0/0.txt")
    assert exists(f"{files}/0/0.txt")
    assert not exists(f"{files}/0/1.txt")
    assert not exists("s3://no-such-bucket-here/x")


def test_an_archive_that_is_replaced_is_read_again(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(_filesystem, "ARCHIVE_SECONDS", 0.0)
    file, url = tmp_path / "all.zip", f"{bucket}/all.zip"
    for number in (3, 40):
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{number}.txt", "x" * number)
        fsspec.filesystem("s3").put_file(str(file), url)
        for place in (file, url):
            assert [entry.path for entry in list_files(f"zip://::{place}")] == [f"{number}.txt"]
            assert read(f"zip://{number}.txt::{place}") == number


def test_a_lost_connection_is_opened_again(sftp, tmp_path, monkeypatch):
    monkeypatch.setattr(_filesystem, "FIRST_WAIT", 0.0)
    (tmp_path / "a.txt").write_bytes(b"x")
    url = sftp.url(tmp_path / "a.txt")
    assert read(url) == 1
    client = open_store(url).filesystem.client
    open_store(url).filesystem.loop.call_soon_threadsafe(client.abort)
    assert read(url) == 1
