"""Tables of audformat."""

import csv
import math

import pytest
from annotation_writers import audformat_time, intervals, read
from folders import write_file
from hypothesis import given
from hypothesis import strategies as st

from featkit.errors import TableError

TIME = st.integers(0, 10**15).map(lambda nanoseconds: nanoseconds / 10**9)
LABEL = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12)


@given(
    rows=st.lists(st.tuples(TIME, TIME | st.just(math.inf), LABEL), min_size=1, max_size=8),
    as_numbers=st.booleans(),
)
def test_what_is_written_is_read(tmp_path_factory, rows, as_numbers):
    file = tmp_path_factory.mktemp("audformat") / "x.csv"
    write = (lambda time: "" if math.isinf(time) else repr(time)) if as_numbers else audformat_time
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "start", "end", "label"])
        writer.writerows([f"a/{k}.wav", write(r[0]), write(r[1]), r[2]] for k, r in enumerate(rows))
    entries = read("audformat", file)
    assert intervals(entries) == rows
    assert [entry.recording for entry in entries] == [f"a/{k}.wav" for k in range(len(rows))]


def test_the_end_may_be_missing_and_other_columns_are_kept(tmp_path):
    text = "file,start,end,speaker,label\na.wav,0 days 00:00:01.5,NaT,ann,x\nb.wav,,0.5,bob,\n"
    entries = read("audformat", write_file(tmp_path / "db.seg.csv", text))
    assert intervals(entries) == [(1.5, math.inf, "x"), (0, 0.5, "")]
    assert [entry.annotation.fields["speaker"] for entry in entries] == ["ann", "bob"]


def test_a_column_of_starts_may_be_all_0_days(tmp_path):
    text = "file,start,end,label\na.wav,0 days,0 days 00:00:01.5,x\n"
    assert intervals(read("audformat", write_file(tmp_path / "x.csv", text))) == [(0, 1.5, "x")]


def test_a_filewise_table_has_whole_files(tmp_path):
    entries = read("audformat", write_file(tmp_path / "x.csv", "file,emotion\na.wav,anger\n"))
    assert intervals(entries) == [(0, math.inf, "anger")]
    assert entries[0].annotation.fields == {"label": "anger"}


def test_the_label_is_named_if_several_columns_may_be_it(tmp_path):
    file = write_file(tmp_path / "x.csv", "file,start,end,valence,arousal\na.wav,0,1,0.5,0.25\n")
    with pytest.raises(TableError, match="2 columns may be the label: valence, arousal"):
        read("audformat", file)
    (entry,) = read("audformat", file, label="arousal")
    assert entry.annotation.fields == {"label": "0.25", "valence": "0.5"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,start,end\n,0,1\n", "line 2: file: empty"),
        ("file,start,end\na.wav,x,1\n", "line 2: start: 'x' is not a number of seconds"),
        ("file,start,end\na.wav,0,1 day\n", "line 2: end: '1 day' is not a number"),
        (f"file,start,end\na.wav,0,{'9' * 4400}:00:00\n", "line 2: end: '999.*…' is not a number"),
        (
            "file,onset,label\na.wav,0,x\na.wav,1,x\n",
            "line 3: file: duplicate 'a.wav', first in .*2",
        ),
        ("file,start,end\na.wav,0\n", "line 2: end: missing: 2 fields"),
        ('file,start,end\n"a.wav,0,1\n', "line 2: .*quote"),
        ("file,start,end,tempo\na.wav,0,1,2\n", "unknown|a feature has this name"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, text, message):
    file = write_file(tmp_path / "x.csv", text)
    with pytest.raises(TableError, match=message):
        read("audformat", file, label="end" if "tempo" in text else None)


@pytest.mark.filterwarnings("ignore")
def test_audformat_writes_and_reads_the_same(tmp_path):
    audformat = pytest.importorskip("audformat")
    database = audformat.Database("x")
    files, starts, ends = ["a/1.wav", "a/1.wav", "b.wav"], ["0.25s", "1.5s", 0], ["1s", "30h", None]
    index = audformat.segmented_index(files, starts, ends)
    database.schemes["label"] = audformat.Scheme("str")
    database["segments"] = audformat.Table(index)
    database["segments"]["label"] = audformat.Column(scheme_id="label")
    database["segments"]["label"].set(["x", 'y,"', "z"])
    database.save(str(tmp_path), storage_format="csv")
    entries = read("audformat", tmp_path / "db.segments.csv")
    theirs = audformat.Database.load(str(tmp_path))["segments"].get()
    ours = [(entry.recording, entry.annotation.start) for entry in entries]
    assert ours == [(file, start.total_seconds()) for file, start, _ in theirs.index]
    assert [end for _, end, _ in intervals(entries)] == [1, 108000, math.inf]
    assert [label for *_, label in intervals(entries)] == theirs["label"].tolist()
