"""Selection tables of Raven: views, several sound files, columns of labels."""

import pytest
from annotation_writers import RAVEN_NAMES, intervals, lines_of, raven, read
from folders import write_file
from hypothesis import given
from hypothesis import strategies as st

from featkit.datasets.annotation_files import annotated
from featkit.datasets.files import recording_at
from featkit.errors import TableError

ROWS = [(0.25, 0.75, "wren"), (1.5, 4.0, 'a "quoted" name'), (1.5, 2.0, "")]

TIME = st.floats(0, 1e5).map(lambda time: round(time, 9))
LABEL = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=12)


@given(rows=st.lists(st.tuples(TIME, TIME, LABEL), min_size=1, max_size=8))
def test_what_is_written_is_read(tmp_path_factory, rows):
    file = write_file(tmp_path_factory.mktemp("raven") / "x.txt", raven(rows))
    entries = read("raven", file)
    assert intervals(entries) == rows
    assert lines_of(entries) == list(range(2, 2 + len(rows)))


def test_the_frequency_band_is_read_and_may_be_empty(tmp_path):
    file = write_file(tmp_path / "x.txt", raven(ROWS, band=("1200.0", "4500.5")))
    assert {(e.annotation.low_hz, e.annotation.high_hz) for e in read("raven", file)} == {
        (1200.0, 4500.5)
    }
    (first, *_) = read("raven", write_file(tmp_path / "y.txt", raven(ROWS)))
    assert first.annotation.low_hz != first.annotation.low_hz


@pytest.mark.parametrize(
    "views", [("Waveform 1", "Spectrogram 1"), ("Spectrogram 1", "Waveform 1")]
)
def test_a_selection_counts_once_whatever_its_views(tmp_path, views):
    text = raven(ROWS, views=views)
    write_file(tmp_path / "x.Table.1.selections.txt", text)
    (recording,) = annotated([recording_at("/a/x.wav", "x.wav")], tmp_path)
    assert [(item.start, item.end) for item in recording.annotations] == [
        (0.25, 0.75),
        (1.5, 2.0),
        (1.5, 4.0),
    ]
    lines = [int(item.location.rpartition(" ")[2]) for item in recording.annotations]
    first = 1 + views.index("Spectrogram 1")  # the row with a meaning for the frequency band
    assert sorted(lines) == [1 + first, 3 + first, 5 + first]


def test_equal_selections_of_one_view_are_several(tmp_path):
    text = raven([(1.0, 2.0, "wren"), (1.0, 2.0, "robin")])
    write_file(tmp_path / "x.txt", text.replace("\n2\t", "\n1\t"))
    (recording,) = annotated([recording_at("/a/x.wav", "x.wav")], tmp_path)
    assert [item.fields["label"] for item in recording.annotations] == ["wren", "robin"]


def several_files(*columns):
    """A table of two sound files of an hour, opened as one sequence."""
    cells = {
        "Begin File": ["a.wav", "b.wav", "b.wav"],
        "Begin Path": ["C:\\field\\a.wav", "C:\\field\\b.wav", ""],
        "File Offset (s)": ["10.1", "0.2", "100.3"],
    }
    rows = [(10.1, 11.2, "wren"), (3600.2, 3600.9, "robin"), (3700.3, 3701.3, "wren")]
    return raven(rows, extra=[(name, cells[name]) for name in columns])


def test_times_count_from_the_file_in_which_a_selection_begins(tmp_path):
    text = several_files("Begin File", "Begin Path", "File Offset (s)")
    entries = read("raven", write_file(tmp_path / "x.txt", text))
    assert intervals(entries) == [(10.1, 11.2, "wren"), (0.2, 0.9, "robin"), (100.3, 101.3, "wren")]
    assert [entry.recording for entry in entries] == [
        "C:\\field\\a.wav",
        "C:\\field\\b.wav",
        "b.wav",
    ]


def test_several_files_without_offsets_are_an_error(tmp_path):
    file = write_file(tmp_path / "x.txt", several_files("Begin File"))
    with pytest.raises(TableError, match=r"2 sound files, such as 'a\.wav' .* 'File Offset \(s\)'"):
        read("raven", file)


def test_offsets_without_files_are_an_error_if_they_differ(tmp_path):
    file = write_file(tmp_path / "x.txt", several_files("File Offset (s)"))
    with pytest.raises(TableError, match=r"line 3: File Offset \(s\) is 0\.2, .* 'Begin File'"):
        read("raven", file)


def test_a_rounded_offset_in_one_file_does_not_change_the_times(tmp_path):
    extra = [("Begin File", ["a.wav"]), ("File Offset (s)", ["10.1235"])]
    file = write_file(tmp_path / "x.txt", raven([(10.123456, 11.2, "wren")], extra=extra))
    assert intervals(read("raven", file)) == [(10.123456, 11.2, "wren")]


def test_measurements_are_no_annotations_and_others_become_columns(tmp_path):
    extra = [
        ("Peak Freq (Hz)", ["4000"]),
        ("Begin Clock Time", ["06:00"]),
        ("Individual", ["blue"]),
    ]
    file = write_file(tmp_path / "x.txt", raven([(1.0, 2.0, "wren")], extra=extra))
    (entry,) = read("raven", file)
    assert entry.annotation.fields == {"label": "wren", "Individual": "blue"}
    (entry,) = read("raven", file, label="individual")
    assert entry.annotation.fields == {"label": "blue", "Annotation": "wren"}


def test_two_columns_that_may_be_the_label_are_an_error_that_lists_them(tmp_path):
    text = "\t".join([*RAVEN_NAMES, "Species", "Call"]) + "\n1\tv\t1\t0\t1\t\t\twren\tsong\n"
    file = write_file(tmp_path / "x.txt", text)
    with pytest.raises(TableError, match=r"2 columns may be the label: Species, Call: .*label"):
        read("raven", file)
    (entry,) = read("raven", file, label="Species")
    assert entry.annotation.fields == {"label": "wren", "Call": "song"}


def test_a_table_without_annotations_has_no_labels(tmp_path):
    text = "\t".join(RAVEN_NAMES) + "\n1\tSpectrogram 1\t1\t0.5\t1.5\t100\t200\n"
    (entry,) = read("raven", write_file(tmp_path / "x.txt", text))
    assert (entry.annotation.start, entry.annotation.fields) == (0.5, {})


def test_decimal_commas_and_text_of_windows_are_read(tmp_path):
    text = raven([(0.5, 1.25, "Zaunkönig")]).replace("0.5", "0,5").replace("1.25", "1,25")
    file = write_file(tmp_path / "x.txt", text.replace("\n", "\r\n").encode("cp1252"))
    assert intervals(read("raven", file)) == [(0.5, 1.25, "Zaunkönig")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            raven(ROWS).replace("0.75", "abc"),
            r"line 2: End Time \(s\): 'abc' is not a number of",
        ),
        (raven(ROWS).replace("0.25", ""), r"line 2: Begin Time \(s\): '' is not a number"),
        (raven(ROWS, band=("x", "")), r"line 2: Low Freq \(Hz\): 'x' is not a number of Hz"),
        (raven(ROWS).replace("End Time (s)", "Delta Time (s)"), r"'End Time \(s\)' is missing"),
        (raven(ROWS).replace("\twren", ""), r"line 2: Annotation: missing: 7 fields"),
        (raven(ROWS).replace("wren", "wren\t1"), r"line 2: field 9: '1' belongs to no column"),
        (raven(ROWS).replace("Annotation", "View"), r"line 1: duplicate column 'View'"),
        (raven(ROWS, extra=[("tempo", "123")]), r"column 'tempo': a feature has this name"),
        (raven(ROWS, extra=[("path", "123")]), r"column 'path': every table has a column"),
        (raven(ROWS, extra=[("label", "123")]), r"2 columns may be the label: label, Annotation"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read("raven", write_file(tmp_path / "x.txt", text))
