"""What is known about recordings: from names, manifests and the indices of published datasets."""

import csv
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit._utils.registry import RegistryError
from featkit.datasets import _mirdata, formats, recordings
from featkit.datasets.files import Recording
from featkit.datasets.recordings import FORMATS, read_manifest, with_name_fields
from featkit.errors import FeatkitError, ParameterError, TableError


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def named(*paths, **about):
    return [Recording(f"/x/{path}", path, about) for path in paths]


def abouts(recordings):
    return [dict(recording.about) for recording in recordings]


# Names


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("{fold}-{recording}-{take}", "1-100032-A.ogg", ["1", "100032", "A"]),
        ("{label}_{speaker}_{index}", "x_y/7_jackson_32.wav", ["7", "jackson", "32"]),
        ("{label}.{index}", "blues/blues.00000.wav", ["blues", "00000"]),
        ("take{take}", "take12.wav", ["12"]),
        ("{take} (live)", "a+b (live).mp3", ["a+b"]),
        ("{all}", "no ending", ["no ending"]),
    ],
)
def test_a_name_is_told_by_its_pattern(pattern, path, expected):
    (told,) = with_name_fields(named(path, x="y"), pattern)
    assert list(told.about.values()) == ["y", *expected]
    assert told.path == path


NAMES = st.lists(
    st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True).map("f_".__add__),
    unique=True,
    min_size=1,
    max_size=4,
)
TEXT = st.text(st.characters(exclude_characters="-_/{}\0", exclude_categories=["Cs"]), min_size=1)


@given(data=st.data(), names=NAMES, before=TEXT, after=TEXT)
def test_what_fills_a_pattern_is_what_is_told(data, names, before, after):
    between = [data.draw(st.sampled_from(["-", "_", "--", "-_"])) for _ in names[1:]]
    values = [data.draw(TEXT) for _ in names]
    pattern, stem = f"{before}-{{{names[0]}}}", f"{before}-{values[0]}"
    for literal, name, value in zip(between, names[1:], values[1:], strict=True):
        pattern, stem = f"{pattern}{literal}{{{name}}}", f"{stem}{literal}{value}"
    (told,) = with_name_fields(named(f"folder/{stem}-{after}.wav"), f"{pattern}-{after}")
    assert told.about == dict(zip(names, values, strict=True))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("label", "it has no field: write one as {field}"),
        ("{label", "it has no field"),
        ("{label}_{index", "a brace is not closed"),
        ("{label}_index}", "a brace is not closed"),
        ("{}_{label}", "'' is not the name of a field"),
        ("{1st}", "'1st' is not the name of a field"),
        ("{a}{b}", "fields 'a' and 'b' have nothing between them"),
        ("{a}-{b}{c}", "fields 'b' and 'c' have nothing between them"),
        ("{a}-{a}", "field 'a' stands twice"),
        ("{path}", "field 'path': a table has a column of this name"),
        ("{start}", "field 'start': a table has a column of this name"),
        ("{tempo}", "field 'tempo': a feature has this name"),
        ("{quality_peak}", "field 'quality_peak': a table has a column of this name"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern, message):
    with pytest.raises(ParameterError) as caught:
        with_name_fields(named("a-b.wav"), pattern)
    assert f"name pattern {pattern!r}: {message}" in str(caught.value)


def test_a_name_that_does_not_fit_is_named_and_counted():
    message = r"x/b\.wav: 'b' does not fit it, one of 2 that do not of 3"
    with pytest.raises(ParameterError, match=message):
        with_name_fields(named("1-a.wav", "x/b.wav", "c.wav"), "{fold}-{take}")


def test_a_field_has_one_character_or_more():
    with pytest.raises(ParameterError, match="'-a' does not fit it"):
        with_name_fields(named("-a.wav"), "{fold}-{take}")


def test_a_name_that_can_be_read_in_two_ways_is_an_error_with_both():
    message = "in more than one way, as a='1', b='2-3' and as a='1-2', b='3'"
    with pytest.raises(ParameterError, match=message):
        with_name_fields(named("1-2-3.wav"), "{a}-{b}")


def test_a_field_that_is_known_already_is_refused():
    message = r"label: the name pattern gives it, but it is known already \(1-a\.wav: 'dog'\)"
    with pytest.raises(ParameterError, match=message):
        with_name_fields(named("1-a.wav", label="dog"), "{label}-{take}")


# A manifest of one's own


MANIFEST = "path,label,group,split\na.wav,rock,ann,train\nx/b.wav,,bob,test\n"


def test_a_manifest_says_what_is_known_about_each_recording(tmp_path):
    a, b = read_manifest(write(tmp_path / "corpus.csv", MANIFEST))
    assert (a.path, a.file) == ("a.wav", str(tmp_path / "a.wav"))
    assert (b.path, b.file) == ("x/b.wav", str(tmp_path / "x" / "b.wav"))
    assert a.about == {"label": "rock", "group": "ann", "split": "train"}
    assert b.about == {"label": "", "group": "bob", "split": "test"}


def test_paths_are_relative_to_the_folder_that_is_given_or_absolute(tmp_path):
    text = "path\na.wav\n/else/b.wav\n"
    a, b = read_manifest(write(tmp_path / "corpus.csv", text), root="/sound")
    assert (a.file, b.file) == ("/sound/a.wav", "/else/b.wav")
    assert b.path == "/else/b.wav"


@pytest.mark.parametrize("text", [b"\xef\xbb\xbfpath,label\na.wav,x\n", b"path,label\r\na.wav,x"])
def test_a_manifest_is_written_by_many_programs(tmp_path, text):
    (found,) = read_manifest(write(tmp_path / "a.csv", text))
    assert (found.path, found.about) == ("a.wav", {"label": "x"})


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1))
def test_what_a_manifest_holds_comes_back_as_it_was(tmp_path_factory, rows):
    file = tmp_path_factory.mktemp("manifest") / "a.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["label", "path", "note", "group"])
        writer.writerows([a, f"{k}.wav", b, c] for k, (a, b, c) in enumerate(rows))
    found = read_manifest(file)
    assert [each.path for each in found] == [f"{k}.wav" for k in range(len(rows))]
    assert [tuple(each.about.values()) for each in found] == rows
    assert {tuple(each.about) for each in found} == {("label", "note", "group")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.wav,x\n\nb.wav\n", "line 4: label: missing: 1 fields where the header has"),
        ("path,label\na.wav,x,y\n", "line 2: field 3: 'y' belongs to no column"),
        ('path,label\n"a\nb.wav",x\n,x\n', "line 4: path: empty"),
        ("path\na.wav\nb.wav\n./a.wav\n", r"line 4: path: '\./a\.wav' stands already in .*line 2"),
        ("path,label,label\na.wav,x,y\n", "line 1: label: stands twice"),
        ("path,\na.wav,x\n", "line 1: column 2 has no name"),
        ("path, label\na.wav,x\n", "line 1: ' label': begins or ends with a space"),
        ("path,start\na.wav,1\n", "line 1: start: a table has a column of this name"),
        ("path,end\na.wav,1\n", "line 1: end: a table has a column of this name"),
        ("path,tempo\na.wav,1\n", "line 1: tempo: a feature has this name"),
        ("path,quality_short\na.wav,1\n", "line 1: quality_short: a table has a column of this"),
        ("path,mfcc_3_mean\na.wav,1\n", "line 1: mfcc_3_mean: a feature has this name"),
        ("path,label\n", "lists no recording"),
        ('path,label\n"a.wav,x\n', "line 2: unexpected end of data: is a quote missing"),
        (
            "file,label\na.wav,x\n",
            "line 1: 'file,label' heads no manifest; known are: esc50 .*'path'",
        ),
        ("", "line 1: '' heads no manifest"),
        (b"path\n\xff.wav\n", "not UTF-8 text: save it as CSV in UTF-8"),
    ],
)
def test_what_is_wrong_in_a_manifest_is_named(tmp_path, text, message):
    with pytest.raises(TableError, match=rf"corpus\.csv: {message}"):
        read_manifest(write(tmp_path / "corpus.csv", text))


def test_a_manifest_that_is_not_there(tmp_path):
    with pytest.raises(TableError, match=r"none\.csv: no such file"):
        read_manifest(tmp_path / "none.csv")
    with pytest.raises(TableError, match="cannot read it"):
        read_manifest(tmp_path)


# Where


def test_where_keeps_the_rows_that_match(tmp_path):
    text = "path,fold,kind\na.wav,1,x\nb.wav,2,x\nc.wav,3,y\n"
    file = write(tmp_path / "a.csv", text)
    found = read_manifest(file, where={"fold": [1, 3], "kind": "x"})
    assert [each.path for each in found] == ["a.wav"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"fald": ["1"]}, r"where: unknown column 'fald': did you mean 'fold'\? known are fold"),
        ({"kind": ["x", "z"]}, r"where: unknown kind = 'z': known are x, y"),
        ({"fold": ["04"]}, r"known are 00, 01, 02, .*, …"),
        ({"fold": "19", "kind": "x"}, "where: no recording has all of"),
    ],
)
def test_where_names_what_there_is(tmp_path, where, message):
    rows = "".join(f"{k:02d}.wav,{k:02d},{'xy'[k > 3]}\n" for k in range(20) if k != 4)
    file = write(tmp_path / "a.csv", f"path,fold,kind\n{rows}")
    with pytest.raises(ParameterError, match=message):
        read_manifest(file, where=where)


# Published datasets


JAMENDO = (
    b"TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\r\n"
    b"track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock\r\n"
    b"track_0000382\tartist_000020\talbum_000046\t82/382.mp3\t211.1\tgenre---classical"
    b"\tinstrument---voice\tmood/theme---calm\r\n"
)


def test_jamendo_has_rows_of_many_lengths(tmp_path):
    one, several = read_manifest(write(tmp_path / "autotagging.tsv", JAMENDO), root="/sound")
    assert (one.file, one.path) == ("/sound/14/214.mp3", "14/214.mp3")
    assert one.about == {
        "label": "punkrock",
        "group": "artist_000014",
        "album": "album_000031",
        "track": "track_0000214",
        "tags": "genre---punkrock",
    }
    assert several.about["label"] == ""
    assert several.about["tags"] == "genre---classical;instrument---voice;mood/theme---calm"


def test_the_files_of_a_split_of_jamendo_are_read_together(tmp_path):
    for split in ("train", "validation", "test"):
        text = JAMENDO.replace(b".mp3", f".{split}.mp3".encode())
        write(tmp_path / f"autotagging_genre-{split}.tsv", text)
    found = read_manifest(tmp_path / "autotagging_genre-test.tsv")
    splits = ["train", "train", "validation", "validation", "test", "test"]
    assert [each.about["split"] for each in found] == splits
    assert found[2].path == "14/214.validation.mp3"
    (tmp_path / "autotagging_genre-validation.tsv").unlink()
    assert len(read_manifest(tmp_path / "autotagging_genre-train.tsv")) == 4


def test_a_track_in_two_splits_of_jamendo_is_an_error(tmp_path):
    for split in ("train", "test"):
        write(tmp_path / f"a-{split}.tsv", JAMENDO)
    with pytest.raises(TableError, match=r"a-test\.tsv: line 2: path: .*a-train\.tsv: line 2"):
        read_manifest(tmp_path / "a-train.tsv")


def test_a_row_of_jamendo_that_is_cut_off_is_named(tmp_path):
    file = write(tmp_path / "a.tsv", JAMENDO + b"track_1\tartist_1\talbum_1\r\n")
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
    found = read_manifest(write(tmp_path / "tracks.csv", FMA), root=tmp_path / "fma_large")
    paths = ["000/000002.mp3", "000/000005.mp3", "000/000134.mp3", "155/155066.mp3"]
    assert [each.path for each in found] == paths
    assert found[0].file == str(tmp_path / "fma_large" / "000" / "000002.mp3")
    assert abouts(found) == [
        {"label": "Hip-Hop", "group": "1", "split": "train", "subset": "small"},
        {"label": "", "group": "1", "split": "validation", "subset": "medium"},
        {"label": "Rock", "group": "4", "split": "test", "subset": "large"},
        {"label": "Rock", "group": "9", "split": "train", "subset": "large"},
    ]


def test_a_field_of_fma_may_be_as_long_as_a_biography(tmp_path):
    file = write(tmp_path / "tracks.csv", FMA.replace("Food", "long " * 50_000))
    assert len(read_manifest(file)) == 4


def test_a_subset_of_fma_can_be_taken(tmp_path):
    file = write(tmp_path / "tracks.csv", FMA)
    assert len(read_manifest(file, where={"subset": ["small", "medium"]})) == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("genre_top", "genre", "line 2: there is no column 'track,genre_top'"),
        ("134,", "x34,", "line 6: track_id: 'x34' is not a whole number"),
        (",Rock,y", ",Rock", "line 8: track,title: missing: 6 fields where the header has 7"),
    ],
)
def test_what_is_wrong_in_fma_is_named(tmp_path, old, new, message):
    with pytest.raises(TableError, match=rf"tracks\.csv: {message}"):
        read_manifest(write(tmp_path / "tracks.csv", FMA.replace(old, new)))


def test_fma_without_its_three_rows_is_no_index(tmp_path):
    file = write(tmp_path / "tracks.csv", ",artist\n\ntrack_id,\n")  # blank lines are not rows
    with pytest.raises(TableError, match=r"tracks\.csv: the header is three rows"):
        read_manifest(file)


ESC50 = """filename,fold,target,category,esc10,src_file,take
1-100032-A.wav,1,0,dog,True,100032,A
1-100038-A.wav,1,14,chirping_birds,False,100038,A
"""


def test_esc50_has_its_sound_beside_its_meta(tmp_path):
    file = write(tmp_path / "meta" / "esc50.csv", ESC50)
    dog, birds = read_manifest(file)
    assert dog.file == str(tmp_path / "meta" / "1-100032-A.wav")
    (tmp_path / "audio").mkdir()
    dog, birds = read_manifest(file)
    assert dog.file == str(tmp_path / "audio" / "1-100032-A.wav")
    assert dog.path == "1-100032-A.wav"
    assert birds.about == {
        "label": "chirping_birds",
        "group": "100038",
        "fold": "1",
        "esc10": "False",
        "take": "A",
    }
    assert len(read_manifest(file, where={"esc10": "True"})) == 1


def test_a_row_of_esc50_that_is_cut_off_is_named(tmp_path):
    with pytest.raises(TableError, match=r"esc50\.csv: line 4: fold: missing"):
        read_manifest(write(tmp_path / "esc50.csv", ESC50 + "1-a.wav\n"))


# Formats


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_knows_its_own_files_and_no_others(tmp_path, name):
    kind = FORMATS[name]
    lines = kind.example.splitlines()
    assert [other.name for other in FORMATS.values() if other.matches(lines)] == [name]
    assert kind.title
    (found,) = read_manifest(write(tmp_path / "index", kind.example))
    assert found.path
    assert {type(value) for value in found.about.values()} == {str}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_does_not_stumble_over_what_it_is_not(name):
    for lines in ([""], ["a"], ['"'], ["\t"], [","] * 3, ["", "", ""]):
        assert FORMATS[name].matches(lines) is False


def test_a_module_without_a_format_is_refused(tmp_path, monkeypatch):
    write(tmp_path / "broken.py", "FORMAT = 'none'\n")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    with pytest.raises(RegistryError, match=r"broken: must export FORMAT, a Format, got 'none'"):
        list(FORMATS.values())
    sys.modules.pop("featkit.datasets.formats.broken")


# mirdata


class Track:
    """What a track of mirdata looks like."""

    def __init__(self, track_id, home):
        self.track_id = track_id
        self.audio_path = f"{home}/audio/{track_id}.wav" if track_id != "silent" else None
        self.beats_path = f"{home}/{track_id}.beats"
        self.genre = "blues"
        self.number = 3
        self.parts = [1, 2]
        self._index = {}

    @property
    def audio(self) -> tuple[float, float]:
        raise AssertionError("sound that nobody asked for")

    @property
    def artist(self):
        return "ann" if self.track_id == "b" else None

    @property
    def tempo(self) -> float | None:
        return 120.5

    @property
    def key(self) -> str:
        raise FileNotFoundError(self.beats_path)

    def to_jams(self):
        raise AssertionError("not called")


@pytest.fixture
def mirdata(monkeypatch):
    """A library of that name with one dataset."""

    def initialize(name, data_home=None):
        home = data_home or "/home/mir_datasets/small"
        ids = ["a", "b", "silent"] if home != "/none" else ["silent"]
        tracks = {track_id: Track(track_id, home) for track_id in ids}
        dataset = types.SimpleNamespace(data_home=home, load_tracks=lambda: tracks)
        if home == "/broken":
            raise FileNotFoundError("Did you run .download()?")
        return dataset

    fake = types.ModuleType("mirdata")
    fake.list_datasets = lambda: ["small"]
    fake.initialize = initialize
    monkeypatch.setitem(sys.modules, "mirdata", fake)


@pytest.mark.usefixtures("mirdata")
def test_mirdata_tells_what_is_plain_of_each_track_that_has_sound():
    a, b = _mirdata.read_mirdata("small", Path("/sound"))
    assert (a.file, a.path) == ("/sound/audio/a.wav", "audio/a.wav")
    assert a.about == {"track": "a", "genre": "blues", "number": "3", "track_tempo": "120.5"}
    assert b.about["artist"] == "ann"
    assert _mirdata.read_mirdata("small")[0].file.startswith("/home/mir_datasets/small/")


@pytest.mark.usefixtures("mirdata")
@pytest.mark.parametrize(
    ("name", "root", "message"),
    [
        ("smal", None, r"unknown dataset of mirdata 'smal': did you mean 'small'\?"),
        ("small", "/broken", r"mirdata:small: cannot read the dataset: FileNotFoundError: Did you"),
        ("small", "/none", "none of its 1 tracks has an audio_path"),
    ],
)
def test_what_mirdata_cannot_give_is_said(name, root, message):
    with pytest.raises(ParameterError, match=message):
        _mirdata.read_mirdata(name, root)


def test_without_mirdata_one_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mirdata", None)
    with pytest.raises(ParameterError, match=r"pip install 'featkit\[mirdata\]'"):
        recordings.recordings([], manifest="mirdata:small")


# Together


def test_every_recording_has_the_same_fields_missing_ones_empty(tmp_path, mirdata):
    for name in "ab":
        write(tmp_path / "audio" / f"{name}.wav", "")
    found = recordings.recordings([tmp_path], manifest="mirdata:small", where={"genre": "blues"})
    assert [list(each.about) for each in found] == [[*found[0].about]] * 2
    assert [each.about["artist"] for each in found] == ["", "ann"]


def test_folder_name_and_manifest_can_be_told_together(tmp_path):
    write(tmp_path / "rock" / "1-a.wav", "")
    write(tmp_path / "jazz" / "2-b.wav", "")
    file = write(tmp_path / "list.csv", "path,group\nrock/1-a.wav,ann\njazz/2-b.wav,bob\n")
    options = {"labels": "folder", "name_pattern": "{fold}-{take}", "manifest": file}
    found = recordings.recordings([], **options, where={"fold": "2"})
    assert abouts(found) == [{"group": "bob", "label": "jazz", "fold": "2", "take": "b"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "folder"}, r"label: the folder gives it, but it is known already"),
        ({"name_pattern": "{label}_{take}"}, "label: the name pattern gives it"),
        ({"labels": "file"}, "labels must be 'folder' or left out"),
    ],
)
def test_two_sources_of_one_field_are_refused(tmp_path, options, message):
    write(tmp_path / "a_1.wav", "")
    file = write(tmp_path / "list.csv", "path,label\na_1.wav,x\n")
    with pytest.raises(ParameterError, match=message):
        recordings.recordings([], manifest=file, **options)


def test_with_a_manifest_there_is_one_folder_at_most(tmp_path):
    file = write(tmp_path / "list.csv", MANIFEST)
    with pytest.raises(ParameterError, match="give one folder at most"):
        recordings.recordings([tmp_path, tmp_path], manifest=file)
    with pytest.raises(ParameterError, match=r"list\.csv: no such folder"):
        recordings.recordings([file], manifest=file)


def test_a_manifest_of_which_nothing_is_there_says_where_it_looked(tmp_path):
    file = write(tmp_path / "list.csv", MANIFEST)
    message = r"none of its 2 recordings is there, the first would be .*a\.wav: give the folder"
    with pytest.raises(ParameterError, match=message) as caught:
        recordings.recordings([], manifest=file)
    assert isinstance(caught.value, FeatkitError)
    write(tmp_path / "a.wav", "")
    assert len(recordings.recordings([], manifest=file)) == 2
