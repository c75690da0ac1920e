"""Label tracks of Audacity."""

import math

import pytest
from annotation_writers import audacity, intervals, lines_of, read
from folders import write_file
from hypothesis import given
from hypothesis import strategies as st

from featkit.errors import TableError

TIME = st.floats(0, 1e5)
LABEL = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12)
BAND = st.floats(0, 1e5)


@given(
    rows=st.lists(
        st.one_of(st.tuples(TIME, TIME, LABEL), st.tuples(TIME, TIME, LABEL, BAND, BAND)),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read(tmp_path_factory, rows):
    file = write_file(tmp_path_factory.mktemp("audacity") / "x.txt", audacity(rows))
    entries = read("audacity", file)
    assert intervals(entries) == [row[:3] for row in rows]
    for row, entry in zip(rows, entries, strict=True):
        band = (entry.annotation.low_hz, entry.annotation.high_hz)
        assert band == row[3:] or (len(row) == 3 and all(map(math.isnan, band)))


def test_the_line_is_that_of_the_label_and_not_of_its_band(tmp_path):
    text = audacity([(0.0, 1.0, "a", 100.0, 200.0), (1.0, 2.0, "b"), (2.0, 3.0, "c")])
    assert lines_of(read("audacity", write_file(tmp_path / "x.txt", text))) == [1, 3, 4]


def test_an_undefined_limit_of_a_band_is_missing(tmp_path):
    text = "1.0\t2.0\ta\n\\\t-1.000000\t6334.588867\n"
    (entry,) = read("audacity", write_file(tmp_path / "x.txt", text))
    assert math.isnan(entry.annotation.low_hz)
    assert entry.annotation.high_hz == 6334.588867


def test_a_point_label_has_no_duration(tmp_path):
    entries = read("audacity", write_file(tmp_path / "x.txt", "2.150000\t2.150000\tpoint\n"))
    assert intervals(entries) == [(2.15, 2.15, "point")]


@pytest.mark.parametrize(
    "text", ["0,5\t1,25\twren\n\n", "0.5\t1.25\twren", "\ufeff0.5\t1.25\t wren \r\n"]
)
def test_labels_are_written_by_many_programs(tmp_path, text):
    assert intervals(read("audacity", write_file(tmp_path / "x.txt", text))) == [
        (0.5, 1.25, "wren")
    ]


def test_a_label_may_be_missing(tmp_path):
    file = write_file(tmp_path / "x.txt", "0\t1\ta\n1\t2\t\n2\t3\n")
    assert intervals(read("audacity", file)) == [(0, 1, "a"), (1, 2, ""), (2, 3, "")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\t1\ta\nx\t2\tb\n", "line 2: start: 'x' is not a number of seconds, such as 12.5"),
        ("0\t1\ta\n1\tnan\tb\n", "line 2: end: 'nan' is not a number"),
        ("0\t1\ta\n1\tinf\tb\n", "line 2: end: 'inf' is not a number"),
        ("0\t1\ta\n1\t1e999\tb\n", "line 2: end: '1e999' is not a number"),
        ("0\t1\ta\n1\n", "line 2: 1 fields, but a label has start, end and label"),
        ("0\t1\ta\n1\t2\tb\tc\td\n", "line 2: 5 fields"),
        ("0\t1\ta\n\\\t1\n", "line 2: 2 fields, but a frequency band has a backslash"),
        ("0\t1\ta\n\\\t1\t2\n\\\t1\t2\n", "line 3: a frequency band without a label"),
        ("0\t1\ta\n1\t2\tb\0c\n", "line 2: contains a NUL byte"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read("audacity", write_file(tmp_path / "x.txt", text))


def test_a_long_file_is_read(tmp_path):
    rows = [(k / 10, k / 10 + 1, "a") for k in range(20_000)]
    assert intervals(read("audacity", write_file(tmp_path / "x.txt", audacity(rows)))) == rows
