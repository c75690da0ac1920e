"""The indices of published datasets, and the contract of all dataset formats."""

import sys

import pytest
from folders import fields_of, write_file

from featkit._utils.registry import RegistryError
from featkit.datasets import formats
from featkit.datasets.recordings import DATASET_FORMATS, read_manifest
from featkit.errors import TableError

JAMENDO = (
    b"TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\r\n"
    b"track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock\r\n"
    b"track_0000382\tartist_000020\talbum_000046\t82/382.mp3\t211.1\tgenre---classical"
    b"\tinstrument---voice\tmood/theme---calm\r\n"
)


def test_jamendo_has_rows_of_many_lengths(tmp_path):
    one, several = read_manifest(write_file(tmp_path / "autotagging.tsv", JAMENDO), root="/sound")
    assert (one.file, one.path) == ("/sound/14/214.mp3", "14/214.mp3")
    assert one.fields == {
        "label": "punkrock",
        "group": "artist_000014",
        "album": "album_000031",
        "track": "track_0000214",
        "tags": "genre---punkrock",
    }
    assert several.fields["label"] == ""
    assert several.fields["tags"] == "genre---classical;instrument---voice;mood/theme---calm"


def test_the_files_of_a_split_of_jamendo_are_read_together(tmp_path):
    for split in ("train", "validation", "test"):
        text = JAMENDO.replace(b".mp3", f".{split}.mp3".encode())
        write_file(tmp_path / f"autotagging_genre-{split}.tsv", text)
    tracks = read_manifest(tmp_path / "autotagging_genre-test.tsv")
    splits = ["train", "train", "validation", "validation", "test", "test"]
    assert [row.fields["split"] for row in tracks] == splits
    assert tracks[2].path == "14/214.validation.mp3"
    (tmp_path / "autotagging_genre-validation.tsv").unlink()
    assert len(read_manifest(tmp_path / "autotagging_genre-train.tsv")) == 4


def test_a_track_in_two_splits_of_jamendo_is_an_error(tmp_path):
    for split in ("train", "test"):
        write_file(tmp_path / f"a-{split}.tsv", JAMENDO)
    with pytest.raises(TableError, match=r"a-test\.tsv: line 2: path: .*a-train\.tsv: line 2"):
        read_manifest(tmp_path / "a-train.tsv")


def test_a_row_of_jamendo_that_is_cut_off_is_named(tmp_path):
    file = write_file(tmp_path / "a.tsv", JAMENDO + b"track_1\tartist_1\talbum_1\r\n")
    with pytest.raises(TableError, match=r"a\.tsv: line 4: PATH: missing: 3 fields"):
        read_manifest(file)


FMA = """,album,artist,set,set,track,track
,comments,id,split,subset,genre_top,title
track_id,,,,,,
2,0,1,training,small,Hip-Hop,Food
5,0,1,validation,medium,,"This ""World"", now"
134,"two
lines",4,test,large,Rock,x
155066,0,9,training,large,Rock,y
"""


def test_fma_has_a_header_of_two_rows_and_a_third_for_its_index(tmp_path):
    tracks = read_manifest(write_file(tmp_path / "tracks.csv", FMA), root=tmp_path / "fma_large")
    paths = ["000/000002.mp3", "000/000005.mp3", "000/000134.mp3", "155/155066.mp3"]
    assert [row.path for row in tracks] == paths
    assert tracks[0].file == str(tmp_path / "fma_large" / "000" / "000002.mp3")
    assert fields_of(tracks) == [
        {"label": "Hip-Hop", "group": "1", "split": "train", "subset": "small"},
        {"label": "", "group": "1", "split": "validation", "subset": "medium"},
        {"label": "Rock", "group": "4", "split": "test", "subset": "large"},
        {"label": "Rock", "group": "9", "split": "train", "subset": "large"},
    ]


def test_a_field_of_fma_may_be_as_long_as_a_biography(tmp_path):
    file = write_file(tmp_path / "tracks.csv", FMA.replace("Food", "long " * 50_000))
    assert len(read_manifest(file)) == 4


def test_a_subset_of_fma_can_be_taken(tmp_path):
    file = write_file(tmp_path / "tracks.csv", FMA)
    assert len(read_manifest(file, where={"subset": ["small", "medium"]})) == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("genre_top", "genre", "line 2: there is no column 'track,genre_top'"),
        ("134,", "x34,", "line 6: track_id: 'x34' is not a whole number"),
        (",Rock,y", ",Rock", "line 8: track,title: missing: 6 fields, but the header has 7"),
    ],
)
def test_a_fault_in_fma_is_located(tmp_path, old, new, message):
    with pytest.raises(TableError, match=rf"tracks\.csv: {message}"):
        read_manifest(write_file(tmp_path / "tracks.csv", FMA.replace(old, new)))


def test_fma_without_its_three_rows_is_no_index(tmp_path):
    file = write_file(tmp_path / "tracks.csv", ",artist\n\ntrack_id,\n")  # blank lines are not rows
    with pytest.raises(TableError, match=r"tracks\.csv: the header has three rows"):
        read_manifest(file)


ESC50 = """filename,fold,target,category,esc10,src_file,take
1-100032-A.wav,1,0,dog,True,100032,A
1-100038-A.wav,1,14,chirping_birds,False,100038,A
"""


def test_esc50_has_its_sound_beside_its_meta(tmp_path):
    file = write_file(tmp_path / "meta" / "esc50.csv", ESC50)
    dog, birds = read_manifest(file)
    assert dog.file == str(tmp_path / "meta" / "1-100032-A.wav")
    (tmp_path / "audio").mkdir()
    dog, birds = read_manifest(file)
    assert dog.file == str(tmp_path / "audio" / "1-100032-A.wav")
    assert dog.path == "1-100032-A.wav"
    assert birds.fields == {
        "label": "chirping_birds",
        "group": "100038",
        "fold": "1",
        "esc10": "False",
        "take": "A",
    }
    assert len(read_manifest(file, where={"esc10": "True"})) == 1


def test_a_row_of_esc50_that_is_cut_off_is_named(tmp_path):
    with pytest.raises(TableError, match=r"esc50\.csv: line 4: fold: missing"):
        read_manifest(write_file(tmp_path / "esc50.csv", ESC50 + "1-a.wav\n"))


# All formats


@pytest.mark.parametrize("name", DATASET_FORMATS)
def test_a_format_matches_its_own_files_and_no_others(tmp_path, name):
    kind = DATASET_FORMATS[name]
    lines = kind.example.splitlines()
    assert [other.name for other in DATASET_FORMATS.values() if other.matches(lines)] == [name]
    assert kind.title
    (recording,) = read_manifest(write_file(tmp_path / "index", kind.example))
    assert recording.path
    assert {type(value) for value in recording.fields.values()} == {str}


@pytest.mark.parametrize("name", DATASET_FORMATS)
def test_a_format_does_not_match_other_text(name):
    for lines in ([""], ["a"], ['"'], ["\t"], [","] * 3, ["", "", ""]):
        assert DATASET_FORMATS[name].matches(lines) is False


def test_a_module_without_a_format_is_refused(tmp_path, monkeypatch):
    write_file(tmp_path / "broken.py", "FORMAT = 'none'\n")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    with pytest.raises(
        RegistryError, match=r"broken: must export FORMAT, a DatasetFormat, got 'none'"
    ):
        list(DATASET_FORMATS.values())
    sys.modules.pop("featkit.datasets.formats.broken")


TOY = """
from featkit.datasets.recordings import DatasetFormat, ManifestEntry


def _read(file):
    for line, text in enumerate(file.read_text().splitlines()[1:], 2):
        label, path = text.split(" ")
        yield ManifestEntry(f"{file}: line {line}", path, {"label": label})


FORMAT = DatasetFormat(
    name="toy",
    title="a toy format: label and path, with a space",
    example="toy\\nrock a.wav\\n",
    matches=lambda lines: lines[0] == "toy",
    read=_read,
)
"""


def test_a_dataset_format_is_added_by_one_file(tmp_path, monkeypatch):
    write_file(tmp_path / "formats" / "toy.py", TOY)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path / "formats")])
    index = write_file(tmp_path / "index", DATASET_FORMATS["toy"].example)
    (recording,) = read_manifest(index)
    assert (recording.path, recording.fields) == ("a.wav", {"label": "rock"})
    with pytest.raises(TableError, match=r"known formats: .*; toy \(a toy format"):
        read_manifest(write_file(tmp_path / "other", "no index"))
    sys.modules.pop("featkit.datasets.formats.toy")
    DATASET_FORMATS.clear()
