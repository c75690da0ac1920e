"""Names of files in stores: parts, joining, and what is never shown."""

import posixpath
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from featkit.errors import ParameterError
from featkit.storage.urls import (
    absolute_url,
    check_url,
    child_url,
    folders_of,
    is_url,
    join_url,
    location_of_url,
    name_of,
    path_of,
    place_of,
    shown,
    suffix_of,
    without_secrets,
)

ROOTS = (
    "s3://bucket",
    "s3://bucket/some/folder/",
    "gs://bucket/x",
    "sftp://user@host:22/home/x",
    "https://host:8080/x",
    "zip://::/data/songs.zip",
    "zip://inner/folder::s3://bucket/songs.zip",
)

# Keys of object stores are any text; "::" ends the path within an archive.
names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1)
names = names.filter(lambda name: name not in (".", "..") and "::" not in name)
secrets = st.text("abcdefghijklmnop0123456789", min_size=12, max_size=20)


@pytest.mark.parametrize("root", ROOTS)
@given(name=names)
def test_the_name_of_a_joined_file_is_its_own(root, name):
    assume(not name.endswith(":") or "zip" not in root)
    url = join_url(root, f"sub folder/{name}")
    assert is_url(url)
    assert name_of(url) == name
    assert suffix_of(url) == posixpath.splitext(name)[1].lower()
    assert path_of(url).endswith(f"sub folder/{name}")
    assert folders_of(url)[-1] == "sub folder"
    if not root.startswith("https"):  # what a listing names is not encoded
        assert child_url(root, f"sub folder/{name}") == url


@pytest.mark.parametrize("root", ROOTS)
@given(steps=st.lists(st.sampled_from(["..", ".", "", "a"]), max_size=12))
def test_joining_never_leaves_the_host_the_bucket_or_the_archive(root, steps):
    url = join_url(root, "/".join([*steps, "song.wav"]))
    start, _, archive = root.partition("::")
    assert url.startswith("zip://" if archive or "::" in root else "/".join(start.split("/")[:3]))
    assert url.partition("::")[2] == archive
    assert ".." not in url.split("/")


@given(secret=secrets, user=secrets, path=names)
def test_passwords_and_signatures_are_never_shown(secret, user, path):
    assume(secret not in path and secret not in user)
    signed = f"https://host/{quote(path)}?X-Amz-Signature={secret}&X-Amz-Date=1"
    password = f"sftp://{user}:{secret}@host/{path}"
    inner = f"zip://{path}::{signed}"
    for url in (signed, password, inner, f"zip://{path}::https://{user}:{secret}@host/a.zip"):
        assert secret not in shown(url)
        assert secret not in location_of_url(url)
        assert secret not in place_of(url)
        assert secret not in without_secrets(f"GET {url} failed (see {url!r})", [url])
    for url in (password, f"https://{user}:{secret}@host/x", f"https://:{secret}@host/x"):
        with pytest.raises(ParameterError, match="contains a password") as caught:
            check_url(url)
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("s3://bucket/a?b#c.wav", "s3://bucket/a?b#c.wav"),
        ("https://host/a.wav?id=1#x", "https://host/a.wav"),
        ("HTTPS://host/a.wav?id=1", "HTTPS://host/a.wav"),
        ("sftp://me@host/a?.wav", "sftp://me@host/a?.wav"),
        ("zip://a?.wav::https://host/b.zip?k=1", "zip://a?.wav::https://host/b.zip"),
        ("/local/a?b.wav", "/local/a?b.wav"),
    ],
)
def test_a_question_mark_begins_a_query_on_the_web_only(url, text):
    assert shown(url) == text


def test_a_signature_does_not_change_which_file_it_is_but_an_id_does():
    file = "https://host/get"
    one, other = (f"{file}?id=1&X-Amz-Signature={k}&X-Amz-Expires={k}" for k in "ab")
    assert location_of_url(one) == location_of_url(other) != location_of_url(f"{file}?id=2")
    azure = (f"{file}?sv=1&se={k}&sig={k}" for k in "ab")
    assert {location_of_url(url) for url in azure} == {file}
    assert "id" not in location_of_url(one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C:/songs/a.wav", False),
        ("c://x", False),
        ("songs/s3://x", False),
        ("s3://bucket/a.wav", True),
        ("zip://::a.zip", True),
        ("a::b", False),
    ],
)
def test_a_url_begins_with_a_protocol(text, expected):
    assert is_url(text) == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("zip:///data/a.zip", "names no archive: write zip://FOLDER::ARCHIVE"),
        ("s3://", "names no host or bucket"),
        ("s3:///a.wav", "names no host or bucket"),
        ("file:///a.wav", "without file://"),
        ("zip://x::https://a:b@host/x.zip", "contains a password"),
    ],
)
def test_incomplete_urls_are_refused(url, message):
    with pytest.raises(ParameterError, match=message):
        check_url(url)


def test_folders_are_those_that_a_copy_would_have():
    assert folders_of("s3://bucket/calm/a.wav") == ["bucket", "calm"]
    assert folders_of("https://host/calm%20b/a.wav?x=1/2") == ["calm b"]
    assert folders_of("sftp://me@host/home/calm/a.wav") == ["home", "calm"]
    assert folders_of("zip://calm/a.wav::s3://bucket/x/songs.zip") == [
        *("bucket", "x", "songs", "calm")
    ]
    assert folders_of("zip://a.wav::/data/songs.zip") == ["data", "songs"]


def test_an_archive_is_named_in_any_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert absolute_url("zip://a::b.zip") == f"zip://a::{tmp_path}/b.zip"
    assert absolute_url("s3://bucket/a::b") == "s3://bucket/a::b"
