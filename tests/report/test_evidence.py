"""Evidence of issues: the shape of a value decides how it is shown."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.report._evidence import evidence_view, value_text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("offset", -1.23456, "−1.235\u00a0s"),
        ("common_duration", 2, "2\u00a0s"),
        ("level", -0.001, "0\u00a0dB"),
        ("gains", [1.5, -2.25], "1.5\u00a0dB; −2.25\u00a0dB"),
        ("share", 0.125, "12.5\u00a0%"),
        ("accuracy", 3.0, "3"),
        ("recordings", 12345, "12,345"),
        ("stated_rate", 44100, "44,100\u00a0Hz"),
        ("cents", -70, "−70\u00a0cents"),
        ("inverted", True, "yes"),
        ("names", ["a", "b"], "a; b"),
        ("pairs", [["a", "b"], ["c", "d"]], "a, b; c, d"),
        ("parts", {"train": 1}, "train: 1"),
        ("error", "x" * 300, "x" * 199 + "…"),
        ("names", [str(k) for k in range(14)], "; ".join(map(str, range(12))) + " and 2 more"),
    ],
)
def test_facts_have_units_and_few_digits(name, value, text):
    assert value_text(name, value) == text
    if not isinstance(value, dict):
        assert evidence_view({name: value}).facts == [(name.replace("_", " ").capitalize(), text)]


def test_a_value_is_shown_with_its_unit():
    view = evidence_view({"value": 49.98, "unit": "Hz", "strength": 2.0})
    assert view.facts == [("Value", "49.98\u00a0Hz")]


def test_what_is_missing_is_left_out():
    view = evidence_view({"a": None, "b": "", "c": [], "d": {}, "e": float("nan"), "f": 0})
    assert view.facts == [("F", "0")]


def test_numbers_with_labels_are_bars():
    view = evidence_view({"classes": ["a", "b"], "probabilities": [0.25, 0.75]})
    (bars,) = view.bars
    assert [row[:2] for row in bars.rows.shown] == [("a", "25.0\u00a0%"), ("b", "75.0\u00a0%")]
    assert 'width="750' in bars.rows.shown[1][2]
    assert view.facts == []


def test_deviations_point_to_both_sides():
    view = evidence_view({"features": ["x", "y"], "deviations": [8.9, -3.8]})
    (bars,) = view.bars
    charts = [row[2] for row in bars.rows.shown]
    assert [("for" in chart, "against" in chart) for chart in charts] == [
        (True, False),
        (False, True),
    ]


def test_counts_that_are_equal_need_no_bars():
    view = evidence_view({"labels": {"a": 1, "b": 1}, "parts": {"train": 2, "test": 1}})
    assert view.facts == [("Labels", "a: 1; b: 1")]
    assert [bars.title for bars in view.bars] == ["Parts"]


def test_records_are_tables():
    rows = [{"path": "a", "offset": 1.5}, {"path": "b", "score": 0.5}]
    view = evidence_view({"pairs": rows, "classes": {"dog": {"level": -20.0}}, "top": {"x": [1]}})
    pairs, classes, top = view.tables
    assert pairs.headers == ["Path", "Offset", "Match score"]
    assert pairs.rows.shown == [["a", "1.5\u00a0s", ""], ["b", "", "0.5"]]
    assert classes.rows.shown == [["dog", "−20\u00a0dB"]]
    assert top.rows.shown == [["x", "1"]]


def test_long_tables_are_folded():
    (table,) = evidence_view({"pairs": [{"k": k} for k in range(40)]}).tables
    assert (len(table.rows.shown), len(table.rows.others)) == (12, 28)


def test_a_square_of_counts_with_labels_is_a_matrix():
    view = evidence_view({"classes": ["a", "b"], "joint": np.array([[3, 1], [0, 2]])})
    ((title, matrix),) = view.matrices
    assert title == "Given labels and probable labels"
    assert [[cell.count for cell in row] for row in matrix.cells] == [["3", "1"], ["·", "2"]]
    assert matrix.confusions == ["1 of 4 “a” that are probably “b” (25.0\u00a0%)."]
    assert view.facts == []


def test_scores_with_intervals_have_charts():
    view = evidence_view({"accuracy": [0.8, 0.7, 0.9], "accuracy_change": [-0.1, -0.15, 0.0]})
    texts = [text for _, text, _ in view.scores]
    assert texts[0] == "80.0\u00a0% (70.0\u00a0% to 90.0\u00a0%)"
    assert texts[1] == "−10.0 points (−15.0 to 0.0)"
    assert all("<svg" in chart for *_, chart in view.scores)


def test_three_numbers_that_are_no_interval_are_facts():
    assert evidence_view({"gains": [0.5, 0.4, 0.6]}).scores == []
    assert evidence_view({"accuracy": [0.5, 0.6, 0.7]}).scores == []


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=12,
        ),
    )
)
def test_any_evidence_can_be_shown(evidence):
    view = evidence_view(evidence)
    assert all(isinstance(text, str) for fact in view.facts for text in fact)


def test_evidence_that_says_nothing_to_a_reader_is_left_out():
    view = evidence_view(
        {"value": -3.0, "unit": "dB", "strength": 4.2, "channels": "all", "ranges": 1}
    )
    assert [name for name, _ in view.facts] == ["Value"]
    view = evidence_view({"inverted": False, "offset": 0.0, "channels": "1, 2", "ranges": 3})
    assert [name for name, _ in view.facts] == ["Offset", "Channels", "Ranges"]
