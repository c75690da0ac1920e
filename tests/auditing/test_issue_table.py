"""Issues as a table and as plain data, and the files that hold them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_audits import HOSTILE_NAMES, dataset, hostile_audit, made_audit, many_issues

from featkit.auditing.issue import Issue, Place
from featkit.auditing.issue_table import COLUMNS, issue_table, plain
from featkit.auditing.result import Audit
from featkit.errors import ParameterError, TableError
from featkit.table.csv_writing import unescape_formula

SUFFIXES = ["parquet", "csv", "json"]


def issue(**changes):
    common = {"check": "files", "kind": "k", "severity": "low", "message": "m", "remedy": "r"}
    return Issue(**(common | changes))


def test_a_row_names_the_first_two_recordings_and_counts_all():
    places = (Place("a", 1.0, 2.0), Place("a", 5.0, 6.0), Place("b", 3.5, 4.5), Place("c"))
    row = issue_table([issue(places=places, remove=("b",), together=("a", "b"))]).iloc[0]
    assert (row["path"], row["start"], row["end"]) == ("a", 1.0, 2.0)
    assert (row["other_path"], row["other_start"], row["other_end"]) == ("b", 3.5, 4.5)
    assert (row["n_recordings"], row["recordings"]) == (3, ["a", "b", "c"])
    assert (row["remove"], row["groups"]) == (["b"], [["a", "b"]])


def test_an_issue_of_the_dataset_names_no_recording():
    row = issue_table([issue(groups=(("a", "b"), ("c", "d")))]).iloc[0]
    assert row[["path", "other_path"]].tolist() == [None, None]
    assert row[["start", "end", "other_start", "other_end"]].isna().all()
    assert (row["n_recordings"], row["recordings"]) == (0, [])
    assert row["groups"] == [["a", "b"], ["c", "d"]]


def test_all_columns_have_their_types_even_without_issues():
    empty, full = issue_table([]), made_audit().table
    assert list(empty) == list(full) == list(COLUMNS)
    assert (empty.dtypes == full.dtypes).all()


def test_evidence_is_json_without_nan():
    evidence = {"x": np.float32("nan"), "y": np.arange(2), "z": {"a": (np.int64(3), True, None)}}
    row = issue_table([issue(evidence=evidence)]).iloc[0]
    expected = {"x": None, "y": [0, 1], "z": {"a": [3, True, None]}}
    assert json.loads(row["evidence"]) == expected


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.tuples(inner) | st.dictionaries(st.integers() | st.text(), inner)
        ),
    )
)
def test_plain_data_is_valid_json_and_stays_as_it_is(value):
    data = plain(value)
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert plain(data) == data


@pytest.mark.parametrize("make", [made_audit, hostile_audit], ids=["plain", "hostile"])
def test_files_hold_the_issues(tmp_path, make):
    audit = make()
    for suffix in SUFFIXES:
        audit.write(tmp_path / f"issues.{suffix}")
    table = audit.table
    stored = pd.read_parquet(tmp_path / "issues.parquet")
    assert list(stored) == list(table)
    assert stored["message"].tolist() == table["message"].tolist()
    assert [list(paths) for paths in stored["recordings"]] == table["recordings"].tolist()
    assert [[list(own) for own in groups] for groups in stored["groups"]] == [
        [list(own) for own in groups] for groups in table["groups"]
    ]
    text = pd.read_csv(tmp_path / "issues.csv", keep_default_na=False, dtype=str)
    assert [unescape_formula(cell) for cell in text["message"]] == table["message"].tolist()
    assert [json.loads(cell) for cell in text["recordings"]] == table["recordings"].tolist()
    data = json.loads((tmp_path / "issues.json").read_text("utf-8"))
    assert data == audit.as_dict()


def test_spreadsheets_do_not_compute_names(tmp_path):
    hostile_audit().write(tmp_path / "issues.csv")
    cells = pd.read_csv(tmp_path / "issues.csv", dtype=str)["message"]
    assert "'=1+1.wav is faulty" in cells.tolist()


def test_the_same_issues_give_the_same_bytes(tmp_path):
    for suffix in SUFFIXES:
        first, second = (tmp_path / f"{name}.{suffix}" for name in "ab")
        made_audit().write(first)
        made_audit().write(second)
        assert first.read_bytes() == second.read_bytes()


def test_an_audit_without_issues_can_be_written(tmp_path):
    for suffix in SUFFIXES:
        Audit(dataset(), [], []).write(tmp_path / f"none.{suffix}")
    assert len(pd.read_parquet(tmp_path / "none.parquet")) == 0
    assert list(pd.read_csv(tmp_path / "none.csv")) == list(COLUMNS)


def test_other_suffixes_and_missing_folders_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"must end in \.parquet, \.csv or \.json"):
        made_audit().write(tmp_path / "issues.txt")
    with pytest.raises(ParameterError, match="there is no folder"):
        made_audit().write(tmp_path / "nowhere" / "issues.csv")


def test_half_a_surrogate_pair_is_an_error_and_leaves_no_file(tmp_path):
    audit = Audit(dataset(), [issue(message="\ud800")], [])
    for suffix in SUFFIXES:
        with pytest.raises(TableError, match="surrogate"):
            audit.write(tmp_path / f"issues.{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_data_describe_the_dataset_and_the_checks():
    audit = made_audit()
    data = audit.as_dict()
    assert (data["dataset"], data["rows"], data["recordings"]) == ("corpus", 12, 12)
    assert (data["label"], data["group"], data["seconds"]) == ("label", None, None)
    assert data["cleaning"]["removed"] == ["dog/003.wav"]
    assert data["cleaning"]["reason"] == "it was not asked for"
    data = audit.as_dict(score_change=True)
    assert data["cleaning"]["reason"] == "without features there is no score"
    assert data["counts"] == {"high": 2, "medium": 3, "low": 2}
    assert data["issues"][1]["places"][1] == {"path": "rain/late.wav", "start": 0.0, "end": 2.0}
    assert len(data["issues"]) == len(audit.table) == 7


def test_issues_of_a_kind_are_together_the_most_severe_first():
    audit = many_issues(100)
    first, second = audit.kinds
    assert [audit.issues[k].kind for k in first] == ["same samples"] * 50
    assert {audit.issues[k].severity for k in second} == {"medium"}
    assert sorted(first + second) == list(range(100))


def test_names_of_300_characters_are_kept():
    assert max(map(len, hostile_audit().table["path"])) == max(map(len, HOSTILE_NAMES)) > 300
