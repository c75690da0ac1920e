"""Summaries of labels: counts, spellings, and what a map does with them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.errors import ParameterError, TableError
from featkit.table.feature_table import FeatureTable
from featkit.table.label_map import LabelMap, read_label_map
from featkit.table.label_summary import summarize_labels

MAP = LabelMap.from_plain(
    {
        "drop": ["jazz"],
        "labels": {"Rock": ["rock", "metal"]},
        "datasets": {"b": {"drop": ["metal"]}},
    }
)


def table_of(labels, paths=None):
    """A table of labels, with one feature."""
    keys = {} if paths is None else {"path": paths}
    data = pd.DataFrame(keys | {"label": labels, "f": np.arange(float(len(labels)))})
    return FeatureTable.of(data, keys=["label"])


def two_datasets():
    first = ["rock", "rock", "metal", "jazz", "", "nan"]
    paths = ["1", "1", "2", "3", "4", "5"]
    return {"a": table_of(first, paths), "b": table_of(["Rock", "Metal", "polka"])}


def cells(summary):
    return [(r.dataset, r.label, r.rows, r.recordings, r.outcome, r.common) for r in summary.labels]


def test_without_a_map_labels_are_counted_and_compared():
    summary = summarize_labels(two_datasets())
    assert cells(summary) == [
        ("a", "rock", 2, 1, "", "rock"),
        ("a", "jazz", 1, 1, "", "jazz"),
        ("a", "metal", 1, 1, "", "metal"),
        ("b", "Metal", 1, None, "", "Metal"),
        ("b", "Rock", 1, None, "", "Rock"),
        ("b", "polka", 1, None, "", "polka"),
    ]
    assert summary.unlabelled == {"a": 2, "b": 0}
    assert summary.common == {
        "metal": {"a": 1, "b": 1},
        "rock": {"a": 2, "b": 1},
        "jazz": {"a": 1, "b": 0},
        "polka": {"a": 0, "b": 1},
    }
    spellings = [[row.label for row in rows] for rows in summary.spellings]
    assert spellings == [["rock", "Rock"], ["metal", "Metal"]]
    summary.check()


def test_with_a_map_each_label_has_an_outcome():
    summary = summarize_labels(two_datasets(), label_map=MAP)
    assert cells(summary) == [
        ("a", "rock", 2, 1, "mapped", "Rock"),
        ("a", "jazz", 1, 1, "dropped", ""),
        ("a", "metal", 1, 1, "mapped", "Rock"),
        ("b", "Metal", 1, None, "dropped", ""),
        ("b", "Rock", 1, None, "mapped", "Rock"),
        ("b", "polka", 1, None, "unmapped", ""),
    ]
    assert summary.common == {"Rock": {"a": 3, "b": 1}}
    assert [[row.label for row in rows] for rows in summary.spellings] == [["metal", "Metal"]]
    with pytest.raises(TableError, match=r"1 label is unmapped \(b: 'polka' \(1 row\)\): add"):
        summary.check()
    plain = json.loads(json.dumps(summary.to_plain()))
    assert plain["datasets"]["b"]["labels"][2]["outcome"] == "unmapped"
    assert plain["common"] == {"Rock": {"a": 3, "b": 1}}


def test_kept_labels_are_listed_with_the_common_ones():
    keep = LabelMap.from_plain({"unmapped": "keep", "labels": {"Rock": ["rock"]}})
    summary = summarize_labels(two_datasets(), label_map=keep)
    assert ("b", "polka", 1, None, "kept", "polka") in cells(summary)
    assert list(summary.common) == ["Rock", "metal", "jazz", "polka"]


def test_labels_that_differ_by_a_letter_are_similar():
    tables = {"a": table_of(["reggae", "rock"]), "b": table_of(["raggae", "pop"])}
    assert summarize_labels(tables).similar == [("raggae", "reggae")]
    one = LabelMap.from_plain({"labels": {"Reggae": ["reggae", "raggae", "rock", "pop"]}})
    assert summarize_labels(tables, label_map=one).similar == []


def test_a_table_with_a_column_dataset_holds_several():
    data = pd.DataFrame({"dataset": ["x", "y", "x"], "label": ["p", "q", "p"], "f": 1.0})
    summary = summarize_labels({"t": FeatureTable.of(data)})
    assert summary.datasets == ["x", "y"]
    assert summary.common == {"p": {"x": 2, "y": 0}, "q": {"x": 0, "y": 1}}


def test_a_written_map_is_read_and_maps_labels_that_match(tmp_path):
    summary = summarize_labels(two_datasets())
    summary.write_map(tmp_path / "map.csv")
    assert (tmp_path / "map.csv").read_text().splitlines() == [
        "label,common,dataset,note",
        "jazz,jazz,,a: 1 jazz",
        "metal,metal,,a: 1 metal; b: 1 Metal",
        "polka,polka,,b: 1 polka",
        "rock,rock,,a: 2 rock; b: 1 Rock",
    ]
    label_map = read_label_map(tmp_path / "map.csv")
    mapped = summarize_labels(two_datasets(), label_map=label_map)
    assert mapped.common == summary.common
    assert not mapped.unmapped


def test_a_map_that_is_written_again_says_the_same(tmp_path):
    keep = LabelMap.from_plain(MAP.to_plain() | {"unmapped": "keep"})
    summary = summarize_labels(two_datasets(), label_map=keep)
    summary.write_map(tmp_path / "map.csv")
    assert (tmp_path / "map.csv").read_text().splitlines()[1:] == [
        "jazz,,,a: 1 jazz",
        "metal,Rock,a,a: 1 metal",
        "Metal,,b,b: 1 Metal",
        "polka,polka,,b: 1 polka",
        "rock,Rock,,a: 2 rock; b: 1 Rock",
    ]
    again = summarize_labels(two_datasets(), label_map=read_label_map(tmp_path / "map.csv"))
    assert again.common == summary.common


def test_a_star_cannot_be_written_to_a_csv_map(tmp_path):
    with pytest.raises(TableError, match="write a TOML map"):
        summarize_labels({"a": table_of(["*", "b"])}).write_map(tmp_path / "map.csv")


def test_a_table_without_the_column_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_text("genre,f\nx,1\n")
    with pytest.raises(ParameterError, match="a: unknown column 'label'"):
        summarize_labels([tmp_path / "a.csv"])
    assert summarize_labels([tmp_path / "a.csv"], label="genre").common == {"x": {"a": 1}}


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.lists(st.sampled_from(["Rock", "rock", "métal", "Jazz", "", "é", "e"]), min_size=1),
        min_size=1,
    ),
    st.sampled_from(["error", "drop", "keep"]),
)
def test_counts_add_up_to_the_rows(labels, unmapped):
    label_map = LabelMap.from_plain(MAP.to_plain() | {"unmapped": unmapped, "datasets": {}})
    for chosen in (None, label_map):
        tables = {name: table_of(own) for name, own in labels.items()}
        summary = summarize_labels(tables, label_map=chosen)
        for name, own in labels.items():
            rows = sum(row.rows for row in summary.labels if row.dataset == name)
            assert rows + summary.unlabelled[name] == len(own)
        common = sum(row.rows for row in summary.labels if row.common)
        assert sum(sum(rows.values()) for rows in summary.common.values()) == common
