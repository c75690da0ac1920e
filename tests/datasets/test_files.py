"""Which recordings are found in files and folders, and what a table calls them."""

import os

import pytest
from folders import make

from featkit.datasets.files import find
from featkit.errors import ParameterError


def paths(*inputs, **kwargs):
    return [recording.path for recording in find(inputs, **kwargs)]


def test_folders_are_searched_at_every_depth(tmp_path):
    make(tmp_path, "a.wav", "x/b.flac", "x/y/z/c.ogg")
    assert sorted(paths(tmp_path)) == ["a.wav", "x/b.flac", "x/y/z/c.ogg"]
    assert all(os.path.isfile(recording.file) for recording in find([tmp_path]))


@pytest.mark.parametrize(
    "name", ["a.WAV", "a.Flac", "a.MP3", "a.AIFF", "a.opus", "a.au", "a.b.ogg"]
)
def test_an_audio_suffix_is_recognised_in_any_case(tmp_path, name):
    assert paths(make(tmp_path, name)) == [name]


def test_files_that_are_not_audio_are_skipped(tmp_path):
    make(tmp_path, "a.wav", "notes.txt", "cover.jpg", "wav", "a.wav.part", "table.csv", "b.wav~")
    assert paths(tmp_path) == ["a.wav"]


def test_hidden_files_are_skipped(tmp_path):
    make(tmp_path, "a.wav", ".b.wav", "._a.wav", ".trash/c.wav", "x/.y/d.wav", ".wav")
    assert paths(tmp_path) == ["a.wav"]


def test_a_hidden_folder_that_is_named_is_searched(tmp_path):
    make(tmp_path, ".hidden/a.wav")
    assert paths(tmp_path / ".hidden") == ["a.wav"]


@pytest.mark.parametrize("name", ["a.m4a", "a.wma", "a.AAC"])
def test_audio_that_cannot_be_decoded_is_kept_so_that_it_fails_by_name(tmp_path, name):
    assert paths(make(tmp_path, name, "b.wav")) == [name, "b.wav"]


def test_a_file_that_is_named_is_taken_whatever_its_ending(tmp_path):
    make(tmp_path, "noise.bin", ".hidden.wav")
    assert paths(tmp_path / "noise.bin", tmp_path / ".hidden.wav") == ["noise.bin", ".hidden.wav"]


def test_a_folder_with_the_ending_of_a_sound_is_a_folder(tmp_path):
    make(tmp_path, "album.wav/a.wav")
    assert paths(tmp_path) == ["album.wav/a.wav"]


def test_equal_names_in_different_folders_stay_apart(tmp_path):
    make(tmp_path, "one/a.wav", "two/a.wav")
    recordings = find([tmp_path])
    assert [recording.path for recording in recordings] == ["one/a.wav", "two/a.wav"]
    assert len({recording.file for recording in recordings}) == 2


@pytest.mark.parametrize("given", ["absolute", "relative", "with a slash", "through a parent"])
def test_a_path_does_not_depend_on_how_the_folder_was_given(tmp_path, monkeypatch, given):
    make(tmp_path, "corpus/x/a.wav")
    monkeypatch.chdir(tmp_path)
    folder = {
        "absolute": str(tmp_path / "corpus"),
        "relative": "corpus",
        "with a slash": "corpus/",
        "through a parent": "corpus/../corpus",
    }[given]
    assert paths(folder) == ["x/a.wav"]
    (recording,) = find([folder])
    assert os.path.isabs(recording.file)
    assert os.path.samefile(recording.file, tmp_path / "corpus" / "x" / "a.wav")


def test_the_current_folder_can_be_given(tmp_path, monkeypatch):
    make(tmp_path, "style/a.wav")
    monkeypatch.chdir(tmp_path / "style")
    for given in (".", "a.wav"):
        (recording,) = find([given], labels="folder")
        assert (recording.path, recording.fields) == ("a.wav", {"label": "style"})


def test_a_file_by_itself_is_called_by_its_own_name(tmp_path):
    make(tmp_path, "x/y/a.wav")
    assert paths(tmp_path / "x" / "y" / "a.wav") == ["a.wav"]


def test_inputs_that_would_share_a_path_are_named_from_their_common_folder(tmp_path):
    make(tmp_path, "one/a.wav", "one/b.wav", "two/a.wav")
    assert paths(tmp_path / "one", tmp_path / "two") == ["one/a.wav", "one/b.wav", "two/a.wav"]
    files = [tmp_path / "one" / "a.wav", tmp_path / "two" / "a.wav"]
    assert paths(*files) == ["one/a.wav", "two/a.wav"]


def test_inputs_that_share_no_path_are_named_from_their_own_folders(tmp_path):
    make(tmp_path, "one/a.wav", "two/b.wav")
    assert paths(tmp_path / "one", tmp_path / "two") == ["a.wav", "b.wav"]


def test_a_file_given_twice_is_taken_once(tmp_path, monkeypatch):
    make(tmp_path, "x/a.wav")
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "x" / "a.wav"
    assert paths(file, file) == ["a.wav"]
    assert paths(tmp_path, file, "x/a.wav", tmp_path / "x") == ["x/a.wav"]


def test_links_to_folders_are_followed(tmp_path):
    make(tmp_path, "elsewhere/a.wav", "corpus/b.wav")
    (tmp_path / "corpus" / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert sorted(paths(tmp_path / "corpus")) == ["b.wav", "linked/a.wav"]


def test_a_loop_of_links_ends(tmp_path):
    make(tmp_path, "x/a.wav")
    (tmp_path / "x" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "x" / "self").symlink_to(tmp_path / "x", target_is_directory=True)
    assert paths(tmp_path) == ["x/a.wav"]


def test_a_link_to_nothing_is_kept_so_that_it_fails_by_name(tmp_path):
    make(tmp_path, "a.wav")
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    assert paths(tmp_path) == ["a.wav", "gone.wav"]


def test_the_label_is_the_name_of_the_folder_that_a_file_lies_in(tmp_path):
    make(tmp_path, "corpus/rock/a.wav", "corpus/jazz/late/b.wav", "corpus/c.wav")
    labels = {r.path: r.fields["label"] for r in find([tmp_path / "corpus"], labels="folder")}
    assert labels == {"rock/a.wav": "rock", "jazz/late/b.wav": "late", "c.wav": "corpus"}


def test_there_is_no_label_by_default(tmp_path):
    make(tmp_path, "rock/a.wav")
    assert [recording.fields for recording in find([tmp_path])] == [{}]


def test_a_label_of_another_kind_is_refused(tmp_path):
    make(tmp_path, "rock/a.wav")
    with pytest.raises(ParameterError, match=r"labels must be .* or None, got 'file'"):
        find([tmp_path], labels="file")


def test_bytes_that_are_not_utf8_are_written_out(tmp_path):
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    try:
        os.mkdir(folder)
    except OSError:
        pytest.skip("this file system has no such names")
    with open(folder + b"/d\xe9j\xe0.wav", "wb"):
        pass
    (recording,) = find([tmp_path], labels="folder")
    assert recording.path == r"caf\xe9/d\xe9j\xe0.wav"
    assert recording.fields == {"label": r"caf\xe9"}
    assert os.path.isfile(recording.file)


def test_names_beyond_ascii_are_kept(tmp_path):
    assert paths(make(tmp_path, "Beyoncé/日本.wav")) == ["Beyoncé/日本.wav"]


def test_the_order_is_that_of_the_inputs_and_within_a_folder_by_path(tmp_path):
    # Created in another order than the expected one.
    make(tmp_path, "z/b.wav", "z/k/a.wav", "z/d/c.wav", "z/d/a.wav", "y/m.wav", "y/a/n.wav")
    assert paths(tmp_path / "z") == ["b.wav", "d/a.wav", "d/c.wav", "k/a.wav"]
    assert paths(tmp_path / "z", tmp_path / "y") == [
        *["b.wav", "d/a.wav", "d/c.wav", "k/a.wav"],
        *["a/n.wav", "m.wav"],
    ]


def test_a_missing_input_beside_others_is_kept_so_that_it_fails_by_name(tmp_path):
    make(tmp_path, "a.wav")
    assert paths(tmp_path / "no.wav", tmp_path) == ["no.wav", "a.wav"]


def test_nothing_but_missing_inputs_is_an_error(tmp_path):
    with pytest.raises(ParameterError, match=r"no such file or folder: .*no\.wav, .*none"):
        find([tmp_path / "no.wav", tmp_path / "none"])


def test_a_folder_without_audio_is_an_error_that_lists_the_suffixes(tmp_path):
    make(tmp_path, "notes.txt")
    with pytest.raises(ParameterError, match=r"no audio files in .*: looked for .*\.flac.*\.wav"):
        find([tmp_path])


def test_no_input_is_an_error():
    with pytest.raises(ParameterError, match="no audio files"):
        find([])


@pytest.mark.parametrize("what", [(b"", 22050), 3, None])
def test_inputs_that_are_no_paths_are_refused(what):
    with pytest.raises(ParameterError, match="inputs must be paths of files and folders, got"):
        find([what])
