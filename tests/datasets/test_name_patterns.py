"""Fields from the names of files and folders."""

import os

import pytest
from folders import fields_by_path, make
from hypothesis import given
from hypothesis import strategies as st

from featkit.datasets.files import recording_at
from featkit.datasets.recordings import with_name_fields
from featkit.errors import ParameterError


def named(*paths, **fields):
    return [recording_at(f"/x/{path}", path, fields=fields) for path in paths]


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
def test_a_pattern_extracts_the_fields_of_a_name(pattern, path, expected):
    (recording,) = with_name_fields(named(path, x="y"), pattern)
    assert list(recording.fields.values()) == ["y", *expected]
    assert recording.path == path


NAMES = st.lists(
    st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True).map("f_".__add__),
    unique=True,
    min_size=1,
    max_size=4,
)


TEXT = st.text(st.characters(exclude_characters="-_/{}\0", exclude_categories=["Cs"]), min_size=1)


@given(data=st.data(), names=NAMES, before=TEXT, after=TEXT)
def test_a_pattern_extracts_the_values_that_filled_it(data, names, before, after):
    between = [data.draw(st.sampled_from(["-", "_", "--", "-_"])) for _ in names[1:]]
    values = [data.draw(TEXT) for _ in names]
    pattern, stem = f"{before}-{{{names[0]}}}", f"{before}-{values[0]}"
    for literal, name, value in zip(between, names[1:], values[1:], strict=True):
        pattern, stem = f"{pattern}{literal}{{{name}}}", f"{stem}{literal}{value}"
    (recording,) = with_name_fields(named(f"folder/{stem}-{after}.wav"), f"{pattern}-{after}")
    assert recording.fields == dict(zip(names, values, strict=True))


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("label", "it has no field: write one as {field}"),
        ("{label", "it has no field"),
        ("{label}_{index", "unbalanced brace"),
        ("{label}_index}", "unbalanced brace"),
        ("{}_{label}", "'' is not a valid field name"),
        ("{1st}", "'1st' is not a valid field name"),
        ("{a}{b}", "fields 'a' and 'b' have no text between them"),
        ("{a}-{b}{c}", "fields 'b' and 'c' have no text between them"),
        ("{a}-{a}", "duplicate field 'a'"),
        ("{path}", "field 'path': every table has a column of this name"),
        ("{start}", "field 'start': every table has a column of this name"),
        ("{tempo}", "field 'tempo': a feature has this name"),
        ("{quality_peak}", "field 'quality_peak': every table has a column of this name"),
    ],
)
def test_an_invalid_pattern_is_refused(pattern, message):
    with pytest.raises(ParameterError) as caught:
        with_name_fields(named("a-b.wav"), pattern)
    assert f"name pattern {pattern!r}: {message}" in str(caught.value)


def test_a_name_that_does_not_match_is_named_and_counted():
    message = r"x/b\.wav: 'b' does not match \(2 of 3 names do not\)"
    with pytest.raises(ParameterError, match=message):
        with_name_fields(named("1-a.wav", "x/b.wav", "c.wav"), "{fold}-{take}")


def test_a_field_has_one_character_or_more():
    with pytest.raises(ParameterError, match="'-a' does not match"):
        with_name_fields(named("-a.wav"), "{fold}-{take}")


def test_a_name_that_can_be_read_in_two_ways_is_an_error_with_both():
    message = "in more than one way, as a='1', b='2-3' and as a='1-2', b='3'"
    with pytest.raises(ParameterError, match=message):
        with_name_fields(named("1-2-3.wav"), "{a}-{b}")


def test_a_field_that_exists_already_is_refused():
    message = (
        r"duplicate field 'label': the name pattern gives it, but 1-a\.wav has it already, as 'dog'"
    )
    with pytest.raises(ParameterError, match=message):
        with_name_fields(named("1-a.wav", label="dog"), "{label}-{take}")


# Folders: the layouts of public collections


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        (
            "anna/calm/1.wav",  # a folder for each speaker, and in it one for each session
            "{speaker}/{label}/{take}",
            {"speaker": "anna", "label": "calm", "take": "1"},
        ),
        ("train/dog/x.wav", "{split}/{label}/", {"split": "train", "label": "dog"}),
        ("rock/queen/song.mp3", "{label}/{group}/", {"label": "rock", "group": "queen"}),
        (
            "genres/blues/blues.00000.wav",  # GTZAN
            "{label}/{genre}.{number}",
            {"label": "blues", "genre": "blues", "number": "00000"},
        ),
        (
            "fan/id_00/normal/00000001.wav",  # MIMII
            "{machine}/id_{id}/{label}/",
            {"machine": "fan", "id": "00", "label": "normal"},
        ),
        (
            "wav48/p225/p225_001.wav",  # VCTK
            "{speaker}/{again}_{sentence}",
            {"speaker": "p225", "again": "p225", "sentence": "001"},
        ),
        (
            "yes/004ae714_nohash_0.wav",  # Speech Commands
            "{label}/{speaker}_nohash_{take}",
            {"label": "yes", "speaker": "004ae714", "take": "0"},
        ),
        (
            "Actor_01/03-01-05-02-01-02-01.wav",  # RAVDESS
            "Actor_{actor}/{a}-{b}-{label}-{c}-{d}-{e}-{f}",
            {
                "actor": "01",
                "a": "03",
                "b": "01",
                "label": "05",
                "c": "02",
                "d": "01",
                "e": "02",
                "f": "01",
            },
        ),
        ("fan-broken/7.wav", "{machine}-{label}/", {"machine": "fan", "label": "broken"}),
        ("84/121123/84-121123-0001.flac", "{speaker}/{chapter}/", {"speaker": "84"}),
        ("a b/(live)/x.y.wav", "{group}/({kind})/{take}", {"kind": "live", "take": "x.y"}),
    ],
)
def test_a_pattern_reads_the_layout_of_a_public_collection(tmp_path, path, pattern, expected):
    (fields,) = fields_by_path(make(tmp_path, path), name_pattern=pattern).values()
    assert fields.items() >= expected.items()


def test_a_pattern_matches_the_end_of_the_path(tmp_path):
    make(tmp_path, "x/y/anna/calm/1.wav", "bob/loud/2.wav")
    assert fields_by_path(tmp_path, name_pattern="{speaker}/{label}/{take}") == {
        "bob/loud/2.wav": {"speaker": "bob", "label": "loud", "take": "2"},
        "x/y/anna/calm/1.wav": {"speaker": "anna", "label": "calm", "take": "1"},
    }


def test_a_pattern_and_labels_of_folders_can_be_combined(tmp_path):
    make(tmp_path, "rock/queen-1975/a.mp3", "jazz/davis-1959/b.mp3")
    fields = fields_by_path(tmp_path, labels="folder:2", name_pattern="{group}-{year}/")
    assert fields["rock/queen-1975/a.mp3"] == {"label": "rock", "group": "queen", "year": "1975"}


def test_a_folder_and_a_name_that_match_in_two_ways_are_an_error(tmp_path):
    make(tmp_path, "a-b-c/1.wav")
    with pytest.raises(ParameterError, match=r"'a-b-c/1' can be read in more than one way"):
        fields_by_path(tmp_path, name_pattern="{x}-{y}/{take}")


def test_a_folder_that_does_not_match_is_named(tmp_path):
    make(tmp_path, "id_00/1.wav", "other/2.wav")
    with pytest.raises(ParameterError, match=r"other/2\.wav: 'other/2' does not match \(1"):
        fields_by_path(tmp_path, name_pattern="id_{machine}/{take}")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("/{a}/{b}", "a folder's name is empty"),
        ("{a}//{b}", "a folder's name is empty"),
        ("{a}/{a}", "duplicate field 'a'"),
        ("x/y", "it has no field"),
        ("{a/b}", "it has no field"),
        ("{a}{b}/", "fields 'a' and 'b' have no text between them"),
    ],
)
def test_an_invalid_pattern_of_folders_is_refused(pattern, message):
    with pytest.raises(ParameterError) as caught:
        with_name_fields([recording_at("/x/a/b.wav", "a/b.wav")], pattern)
    assert message in str(caught.value)


@pytest.mark.skipif(os.sep != "\\", reason="a backslash is a letter of a name here")
def test_a_backslash_separates_folders_where_the_system_does(tmp_path):
    (fields,) = fields_by_path(
        make(tmp_path, "anna/1.wav"), name_pattern="{speaker}\\{take}"
    ).values()
    assert fields == {"speaker": "anna", "take": "1"}
