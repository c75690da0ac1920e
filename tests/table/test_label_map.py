"""Label maps: common labels by normalised spelling, from TOML, JSON and CSV files."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.errors import ParameterError, TableError
from featkit.table.label_map import (
    LabelMap,
    as_label_map,
    normalize_label,
    one_spelling,
    read_label_map,
    spelled_like,
)
from featkit.table.missing_values import MISSING_WORDS

META_GENRES = """
drop = ["jazz", "classical"]

[labels]
"Blues-like" = ["blues", "Folk & Blues"]
"Rock/Metal" = ["rock", "metal", "Rock & Metal"]

[datasets.gtzan]
unmapped = "drop"
labels = { "HipHop/Rap" = ["hiphop"] }
"""

WORDS = ["Pop", "pop", "P-O-P", "Rock", "rock ", "Métal", "metal", "Jazz", "x", "", "nan", "é_e"]

LABELS = st.lists(st.sampled_from(WORDS) | st.text(max_size=6), max_size=30)


def read(folder, text, name="map.toml"):
    """Write a map to a file and read it."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_label_map(folder / name)


def apply(label_map, *labels, dataset=""):
    """The common labels of some labels."""
    return label_map.apply(np.array(labels, dtype=str), dataset).labels.tolist()


@st.composite
def label_maps(draw):
    """A valid map, whose common labels are not labels of other common labels."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
    places = draw(st.lists(st.integers(0, 3), min_size=len(names), max_size=len(names)))
    labels = {}
    for name, place in zip(names, places, strict=True):
        labels.setdefault(f"Common {place}", []).append(name)
    drop = labels.pop("Common 0", [])
    unmapped = draw(st.sampled_from(["error", "drop", "keep"] if labels else ["keep"]))
    return LabelMap.from_plain({"unmapped": unmapped, "drop": drop, "labels": labels})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hip-Hop", "hip hop"),
        ("hip_hop", "HipHop"),
        ("R\u2013B", "r\u2212b"),
        ("Música", "MUSICA"),
        ("Mu\u0301sica", "M\u00fasica"),
        ("ﬁlm", "FILM"),
        ("Straße", "STRASSE"),
        ("soul\u200b", "soul\u00a0"),
        ("Σίγμα", "σιγμας".replace("ς", "")),
    ],
)
def test_labels_match_whatever_their_case_accents_and_separators(one, other):
    assert normalize_label(one) == normalize_label(other)


@pytest.mark.parametrize(
    ("one", "other"), [("rock", "rok"), ("か", "が"), ("कि", "की"), ("R&B", "RB"), ("-", "_")]
)
def test_different_labels_do_not_match(one, other):
    assert normalize_label(one) != normalize_label(other)


@given(st.text())
def test_normalising_a_second_time_changes_nothing(label):
    assert normalize_label(normalize_label(label)) == normalize_label(label)
    assert bool(normalize_label(label)) == bool(label.strip())


@given(label_maps(), LABELS)
def test_a_map_depends_on_the_normalised_label_only(label_map, labels):
    labels = [label for label in labels if label.isalpha() and label not in MISSING_WORDS]
    respelled = [f" {label.upper()}-" for label in labels]
    common, again = apply(label_map, *labels), apply(label_map, *respelled)
    assert list(map(normalize_label, common)) == list(map(normalize_label, again))


@given(label_maps(), LABELS)
def test_applying_a_map_twice_changes_nothing(label_map, labels):
    once = apply(label_map, *labels)
    assert apply(label_map, *once) == once


@given(label_maps(), LABELS)
def test_every_row_is_mapped_dropped_unmapped_or_unlabelled(label_map, labels):
    mapped = label_map.apply(np.array(labels, dtype=str), "any")
    common = int(np.sum(mapped.labels != ""))
    unlabelled = sum(not label.strip() or label.strip() == "nan" for label in labels)
    n_dropped, n_unmapped = sum(mapped.dropped.values()), sum(mapped.unmapped.values())
    assert common + n_dropped + n_unmapped + unlabelled == len(labels)


@given(label_maps())
def test_plain_data_give_the_map_back(label_map):
    plain = json.loads(json.dumps(label_map.to_plain()))
    assert LabelMap.from_plain(plain) == label_map
    assert as_label_map(plain) == as_label_map(label_map) == label_map


def test_a_toml_map_has_general_rules_and_rules_of_datasets(tmp_path):
    label_map = read(tmp_path, META_GENRES)
    assert label_map.targets == ["Blues-like", "HipHop/Rap", "Rock/Metal"]
    labels = ["Blues", "folk & blues", "METAL", "jazz", "hiphop", "polka", "rock/metal", ""]
    mapped = label_map.apply(np.array(labels), "korean")
    assert mapped.labels.tolist() == [
        *("Blues-like", "Blues-like", "Rock/Metal", "", "", "", "Rock/Metal", "")
    ]
    assert mapped.dropped == {"jazz": 1}
    assert mapped.unmapped == {"hiphop": 1, "polka": 1}
    mapped = label_map.apply(np.array(labels), "gtzan")
    assert mapped.labels.tolist()[4:6] == ["HipHop/Rap", ""]
    assert (mapped.dropped, mapped.unmapped) == ({"jazz": 1, "polka": 1}, {})


def test_json_and_csv_maps_say_the_same_as_toml(tmp_path):
    label_map = read(tmp_path, META_GENRES)
    assert read(tmp_path, json.dumps(label_map.to_plain()), "map.json") == label_map
    lines = [
        "label;common;dataset;note",
        "jazz;;;not a meta-genre",
        "classical;;;",
        "blues;Blues-like;;",
        "Folk & Blues;Blues-like;;",
        "rock;Rock/Metal;;",
        "metal;Rock/Metal;;",
        "Rock & Metal;Rock/Metal;;",
        "*;;gtzan;",
        ";;;",
        "hiphop;HipHop/Rap;gtzan;",
    ]
    assert read(tmp_path, "\n".join(lines), "map.csv") == label_map


def test_a_csv_map_can_keep_all_other_labels(tmp_path):
    label_map = read(tmp_path, "label,common\n'=x,Rock\n*,*\n", "map.csv")
    assert apply(label_map, "=X", "polka", "nan") == ["Rock", "polka", ""]


def test_a_word_for_missing_values_is_a_label_if_the_map_names_it():
    label_map = LabelMap.from_plain({"labels": {"Namibia": ["NA"]}, "unmapped": "drop"})
    assert apply(label_map, "NA", "null", "x") == ["Namibia", "", ""]
    assert label_map.apply(np.array(["null", "x"])).dropped == {"x": 1}


def test_rules_of_a_dataset_precede_the_general_ones():
    label_map = LabelMap.from_plain(
        {
            "labels": {"Pop": ["dance"]},
            "drop": ["rap"],
            "datasets": {"a": {"labels": {"Club": ["dance"], "Rap": ["rap"]}}},
        }
    )
    assert apply(label_map, "dance", "rap", "club", dataset="a") == ["Club", "Rap", "Club"]
    assert apply(label_map, "dance", "rap", "club", dataset="b") == ["Pop", "", "Club"]


def test_unmapped_labels_are_an_error_that_lists_them():
    label_map = LabelMap.from_plain({"labels": {"Pop": ["dance"]}})
    mapped = label_map.apply(np.array(["x", "y", "y", "dance"]), "korean")
    with pytest.raises(TableError, match=r"2 labels of korean: 'y' \(2 rows\), 'x' \(1 row\); add"):
        label_map.check(mapped, "korean")
    label_map.check(label_map.apply(np.array(["dance", ""])))


def test_rules_for_a_misspelled_dataset_are_an_error_and_unused_ones_are_not():
    rules = {"labels": {"Pop": ["dance"]}}
    label_map = LabelMap.from_plain({"datasets": {"gtzn": rules, "korean": rules}})
    assert label_map.unused_datasets(["gtzn", "fma"]) == ["korean"]
    assert label_map.unused_datasets(["gtzn", "fma"], models=["korean"]) == []
    with pytest.raises(
        ParameterError, match="'gtzn', but no table has this name: did you mean 'gtzan'"
    ):
        label_map.unused_datasets(["gtzan", "korean"])
    with pytest.raises(ParameterError, match="the table has no name: pass a dict"):
        label_map.unused_datasets([])
    numbered = LabelMap.from_plain({"datasets": {"part1": rules}})
    assert numbered.unused_datasets(["part2"]) == ["part1"]


def test_labels_take_the_spelling_of_the_classes_that_they_match():
    labels = np.array(["hip hop", "Hip-Hop", "ROCK", "x", ""])
    classes = ["HipHop", "Hip-Hop", "Rock"]
    assert spelled_like(labels, classes).tolist() == ["hip hop", "Hip-Hop", "Rock", "x", ""]


def test_the_most_common_spelling_is_that_of_all():
    labels = np.array(["Hip-Hop", "hiphop", "hiphop", "Rock", "rock", ""])
    assert one_spelling(labels).tolist() == ["hiphop"] * 3 + ["Rock"] * 2 + [""]


CONTRADICTIONS = {
    '[labels]\nA = ["x"]\nB = ["X "]': "labels.B: the label 'X ' becomes 'B', but 'A' in labels.A,"
    " there spelled 'x'",
    'drop = ["x"]\n[labels]\nA = ["x"]': "labels.A: the label 'x' is dropped and becomes 'A', see"
    " drop",
    '[labels]\nA = ["b"]\nB = ["a"]': "labels.A: a cycle of labels: b → A → B",
    '[labels]\nB = ["a"]\nC = ["b"]': "labels.B: a chain of labels: a → B → C",
    'drop = ["a"]\n[labels]\nA = ["b"]': "labels.A: the label 'b' becomes 'A', which is dropped in"
    " drop",
    '[labels]\n"Hip-Hop" = ["a"]\nHipHop = ["b"]': "labels.HipHop: the common label 'HipHop' is"
    " spelled 'Hip-Hop' in labels.Hip-Hop: use one spelling",
    '[labels]\nPop = ["a"]\n[datasets.d]\nlabels = {Club = ["pop"]}': "labels.Pop: a chain of"
    " labels: a → Pop → Club",
    '[labels]\n"NA" = ["a"]': "labels.NA: the common label 'NA' marks a missing value",
    '[labels]\nA = [" "]': "labels.A: a label is empty",
    "[labels]\nA = []": "labels.A is empty: list the labels",
    '[labels]\n"" = ["a"]': 'labels."": a common label needs a name',
    'drop = ["x"]': "no label would be left",
    "": "no label would be left",
}

MALFORMED = {
    'unmaped = "drop"': "unmaped: unknown key 'unmaped': did you mean 'unmapped'",
    'unmapped = "ignore"\n': "unmapped must be one of 'error', 'drop', 'keep', got 'ignore'",
    '[labels]\nA = "x"': "labels.A must be a list of labels in quotes, got 'x'",
    "[labels]\nA = [1]": "labels.A must be a list of labels in quotes, got 1",
    'labels = ["a"]': "labels must be a table of common labels",
    '[labels]\nA = ["x"]\ndrop = ["y"]': "labels.drop: no common label can have this name; to set"
    " 'drop', write it above the line",
    'datasets = "gtzan"': "datasets must be a table of datasets",
    "[datasets]\ngtzan = 1": "datasets.gtzan must be a table with keys, got 1",
    '[datasets."a b"]\nlabel = 1': "datasets.\"a b\".label: unknown key 'label': did you mean",
    '[datasets.""]\ndrop = ["x"]': 'datasets."": write the name',
    "[labels\n": "not valid TOML: ",
    '[labels]\nA = ["x"]\nA = ["y"]': "not valid TOML: ",
    f"x = {'[' * 5000}": "nested too deep",
}

BAD_CSV = {
    "": "not a table: it is empty|column 'label' is missing",
    "rock,Rock\n": "line 1: the column 'label' is missing: the first line",
    "label,comon\n": "line 1: the column 'common' is missing",
    "label,common,datset\nx,A,d\n": "line 1: unknown column 'datset': did you mean 'dataset'",
    "label,common,common\nx,A,B\n": "line 1: duplicate column 'common'",
    "label,common\nx\n": "line 2: common: missing: 1 fields",
    "label,common\nx,A\n\nX,B\n": "line 4: the label 'X' becomes 'B', but 'A' in line 2",
    "label,common\nx,A\nx,\n": "line 3: the label 'x' is dropped and becomes 'A', see line 2",
    "label,common\n,A\n": "line 2: a label is empty",
    "label,common\n*,Rest\n": "line 2: '\\*' means all unmapped labels",
    "label,common\n*,*\n*,\n": "line 3: unmapped labels are dropped and kept, see line 2",
    "label,common\nx,\n": "no label would be left",
    'label,common\n"x,A\n': "quote",
}


@pytest.mark.parametrize("text", [*CONTRADICTIONS, *MALFORMED])
def test_a_wrong_toml_map_is_an_error_that_names_file_key_and_label(tmp_path, text):
    with pytest.raises(ParameterError) as error:
        read(tmp_path, text)
    message = str(error.value)
    assert message.startswith(f"{tmp_path / 'map.toml'}: ")
    assert (CONTRADICTIONS | MALFORMED)[text] in message


@pytest.mark.parametrize("text", BAD_CSV)
def test_a_wrong_csv_map_is_an_error_that_names_file_and_line(tmp_path, text):
    with pytest.raises((ParameterError, TableError), match=BAD_CSV[text]) as error:
        read(tmp_path, text, "map.csv")
    assert str(error.value).startswith(f"{tmp_path / 'map.csv'}: ")


def test_files_that_are_no_maps_are_errors(tmp_path):
    with pytest.raises(ParameterError, match=r"must end in one of \.toml, \.json"):
        read_label_map(tmp_path / "map.xlsx")
    with pytest.raises(ParameterError, match="cannot read the label map: No such file"):
        read_label_map(tmp_path / "map.toml")
    with pytest.raises(ParameterError, match="it is not UTF-8 text"):
        read(tmp_path, b"\xff\xfe")
    with pytest.raises(ParameterError, match="a label map has at most"):
        read(tmp_path, b"#" * (2**24 + 1))
    with pytest.raises(ParameterError, match="label map: a label map must be a table with keys"):
        as_label_map([1])


def test_a_large_map_is_read_in_a_moment():
    labels = {f"common {k}": [f"label {k}", f"other {k}"] for k in range(5000)}
    own = {"labels": {"common 1": ["mine"]}}
    datasets = {f"dataset {k}": own for k in range(1000)}
    label_map = LabelMap.from_plain({"labels": labels, "datasets": datasets})
    assert apply(label_map, "LABEL 17", "mine", dataset="dataset 3") == ["common 17", "common 1"]
