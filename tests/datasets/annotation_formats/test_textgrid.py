"""TextGrids of Praat, in all forms that Praat writes and reads."""

import pytest
from annotation_writers import intervals, lines_of, read, textgrid
from folders import write_file
from hypothesis import given
from hypothesis import strategies as st

from featkit.errors import TableError

TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=12)
TIME = st.floats(0, 1e5)
TIER = st.lists(st.tuples(TIME, TIME, TEXT), max_size=6)

ROWS = [(0.0, 0.25, ""), (0.25, 0.5, 'say "ah"'), (0.5, 1.0, "two\nlines"), (1.0, 2.3, " ")]
SAID = [(0.25, 0.5, 'say "ah"'), (0.5, 1.0, "two\nlines")]


@given(
    rows=TIER,
    other=TIER,
    points=st.lists(st.tuples(TIME, TEXT), min_size=1, max_size=3),
    short=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_is_written_is_read(tmp_path_factory, rows, other, points, short, encoding):
    text = textgrid({"a": other, "b": points, "words": rows}, short=short)
    folder = tmp_path_factory.mktemp("textgrid")
    entries = read("textgrid", write_file(folder / "x", text.encode(encoding)), tier="words")
    assert intervals(entries) == [
        (start, end, label.strip()) for start, end, label in rows if label.strip()
    ]


@pytest.mark.parametrize("short", [False, True])
def test_both_forms_and_all_encodings_are_equal(tmp_path, short):
    text = textgrid({"words": ROWS, "bell": [(1.0, "ding")]}, short=short)
    for k, data in enumerate(
        [
            text.encode(),
            text.encode("utf-8-sig"),
            b"\xff\xfe" + text.encode("utf-16-le"),
            b"\xfe\xff" + text.encode("utf-16-be"),
            text.replace("\n", "\r\n").encode(),
        ]
    ):
        entries = read("textgrid", write_file(tmp_path / f"{k}.TextGrid", data))
        labels = [label.replace("\r\n", "\n") for _, _, label in intervals(entries)]
        assert labels == [label for *_, label in SAID]


def test_the_line_is_that_of_the_start(tmp_path):
    text = textgrid({"words": ROWS}, short=True)
    entries = read("textgrid", write_file(tmp_path / "x", text))
    lines = text.split("\n")
    assert [float(lines[line - 1]) for line in lines_of(entries)] == [0.25, 0.5]


def test_comments_units_and_several_values_of_a_line_are_accepted(tmp_path):
    text = """File type = "ooTextFile"
Object class = "TextGrid"
! about the grid "not a text" 7
0s 1s <exists> 1ignored
"IntervalTier" "Mary" 0s 1s +2 ! type, name, xmin, xmax, size
0s 0.5s "hey! [1] <x>" 0.5s 1s "item [1]:"
"""
    entries = read("textgrid", write_file(tmp_path / "x", text))
    assert intervals(entries) == [(0, 0.5, "hey! [1] <x>"), (0.5, 1, "item [1]:")]


def test_a_tier_is_named_if_there_are_several(tmp_path):
    file = write_file(tmp_path / "x", textgrid({"words": ROWS, "phones": [(0.0, 1.0, "f")]}))
    with pytest.raises(TableError, match="2 tiers of intervals: 'words', 'phones': name one"):
        read("textgrid", file)
    assert intervals(read("textgrid", file, tier="phones")) == [(0, 1, "f")]
    with pytest.raises(TableError, match="unknown tier 'word': did you mean 'words'"):
        read("textgrid", file, tier="word")


def test_points_are_no_intervals(tmp_path):
    file = write_file(tmp_path / "x", textgrid({"bell": [(1.0, "ding")]}))
    with pytest.raises(TableError, match="only tiers of points"):
        read("textgrid", file)
    with pytest.raises(TableError, match="tier 'bell' has points, which have no duration"):
        read("textgrid", file, tier="bell")


def test_two_tiers_of_a_name_are_an_error(tmp_path):
    text = textgrid({"a": ROWS, "b": ROWS}).replace('name = "b"', 'name = "a"')
    with pytest.raises(TableError, match="2 tiers are called 'a'"):
        read("textgrid", write_file(tmp_path / "x", text), tier="a")


def test_a_binary_textgrid_is_refused_with_the_remedy(tmp_path):
    data = b"ooBinaryFile\x08TextGrid" + bytes(range(256))
    with pytest.raises(TableError, match="binary TextGrid: open it in Praat"):
        read("textgrid", write_file(tmp_path / "x", data))


SHORT = textgrid({"words": ROWS}, short=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHORT[:-3], "line 25: a text without a closing quote"),
        (SHORT[: SHORT.index("2.3")], "line 23: the file ends where the end of an interval"),
        (SHORT.replace("0.25", '"x"', 1), "line 14: 'x' is not the end of an interval"),
        (SHORT.replace('TextGrid"', 'Pitch 1"'), "line 2: a 'Pitch 1', not a TextGrid"),
        (SHORT.replace("IntervalTier", "Other"), "line 8: 'Other' is not a class of tiers"),
        (SHORT.replace("\n4\n", "\n4.5\n"), "line 12: '4.5' is not the number of intervals"),
        (SHORT.replace("<exists>", "<absent>"), "has no tiers"),
        (SHORT.replace("0.5", "50%"), "line 17: xmax: '50%' is not a number"),
        (SHORT.replace("0.5", "0x3"), "line 17: xmax: '0x3' is not a number"),
        (SHORT.replace("0.5", "1e999"), "line 17: xmax: '1e999' is not a number"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read("textgrid", write_file(tmp_path / "x", text))


@pytest.mark.parametrize("form", ["long_textgrid", "short_textgrid"])
def test_praatio_writes_and_reads_the_same(tmp_path, form):
    praatio = pytest.importorskip("praatio.textgrid")
    grid = praatio.Textgrid()
    rows = [(0.1, 0.25, 'say "ah"'), (0.5, 1.0625, "Straße"), (1.5, 2.0, "three words here")]
    grid.addTier(praatio.IntervalTier("words", rows, 0, 2.5))
    grid.addTier(praatio.PointTier("bell", [(1.0, "ding")], 0, 2.5))
    file = tmp_path / "x.TextGrid"
    grid.save(str(file), format=form, includeBlankSpaces=True)
    assert intervals(read("textgrid", file)) == rows
    text = textgrid({"words": rows}, short=form == "short_textgrid", end=3)
    write_file(tmp_path / "y", text.encode("utf-16"))
    theirs = praatio.openTextgrid(str(tmp_path / "y"), includeEmptyIntervals=False)
    assert intervals(read("textgrid", tmp_path / "y")) == [
        tuple(entry) for entry in theirs.getTier("words").entries
    ]
