"""Which annotation file belongs to which recording."""

import unicodedata

import pytest
from annotation_writers import audacity, raven, textgrid
from folders import write_file

from featkit.datasets.annotation_files import AnnotationLog, annotated
from featkit.datasets.files import recording_at
from featkit.errors import ParameterError, TableError

LABELS = "0.5\t1.5\twren\n"


def recordings(*paths, root="/corpus"):
    return [recording_at(f"{root}/{path}", path) for path in paths]


def labels_by_path(selected):
    """Labels of the annotations of each recording."""
    return {
        recording.path: [item.fields["label"] for item in recording.annotations]
        for recording in selected
    }


def write_labels(folder, *names):
    """Files of labels of Audacity; each label is the name of its file."""
    for name in names:
        write_file(folder / name, f"0\t1\t{name}\n")
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "x.txt",
        "x.TextGrid",
        "x.Table.1.selections.txt",
        "x.Table.12.selections.txt",
        "x.selections.txt",
        "x.BirdNET.results.csv",
        "x.BirdNET.results.r.csv",
        "x.BirdNET.results.kaleidoscope.csv",
        "x.BirdNET.selection.table.txt",
        "x.wav.txt",
        "deep/er/x.txt",
    ],
)
def test_a_file_belongs_to_the_recording_of_its_name(tmp_path, name):
    write_labels(tmp_path, name)
    selected = annotated(recordings("x.wav", "xy.wav"), tmp_path)
    assert labels_by_path(selected) == {"x.wav": [name]}


def test_a_name_with_points_is_complete(tmp_path):
    write_labels(tmp_path, "x.Table.1.txt", "x.results.txt", "x.txt")
    selected = annotated(recordings("x.wav", "x.Table.1.wav", "x.results.flac"), tmp_path)
    assert labels_by_path(selected) == {
        "x.wav": ["x.txt"],
        "x.Table.1.wav": ["x.Table.1.txt"],
        "x.results.flac": ["x.results.txt"],
    }


def test_equal_relative_paths_belong_together(tmp_path):
    write_labels(tmp_path, "1.txt", "ann/1.txt", "bob/1.txt")
    selected = annotated(recordings("bob/1.wav", "ann/1.wav", "1.wav"), tmp_path)
    assert labels_by_path(selected) == {
        "bob/1.wav": ["bob/1.txt"],
        "ann/1.wav": ["ann/1.txt"],
        "1.wav": ["1.txt"],
    }


def test_folders_decide_between_recordings_of_one_name(tmp_path):
    write_labels(tmp_path, "labels/ann/1.txt", "labels/bob/1.txt")
    selected = annotated(recordings("audio/ann/1.wav", "audio/bob/1.wav"), tmp_path)
    assert labels_by_path(selected) == {
        "audio/ann/1.wav": ["labels/ann/1.txt"],
        "audio/bob/1.wav": ["labels/bob/1.txt"],
    }
    both = [tmp_path / "labels" / name / "1.txt" for name in ("bob", "ann")]
    assert labels_by_path(annotated(recordings("a/ann/1.wav"), both)) == {
        "a/ann/1.wav": ["labels/ann/1.txt"]
    }


def test_two_recordings_of_one_name_are_an_error_with_the_remedy(tmp_path):
    write_labels(tmp_path, "labels/1.txt")
    message = r"1\.txt: belongs to any of 2 recordings: a/1\.wav, b/1\.wav: put the annotations"
    with pytest.raises(ParameterError, match=message):
        annotated(recordings("a/1.wav", "b/1.wav"), tmp_path)
    with pytest.raises(ParameterError, match=r"belongs to any of 2 recordings: 1\.wav, 1\.flac"):
        annotated(recordings("1.wav", "1.flac"), tmp_path)


def test_two_files_for_one_recording_are_an_error(tmp_path):
    write_labels(tmp_path, "x.Table.1.selections.txt", "x.Table.2.selections.txt")
    message = r"x\.wav: its annotations are in 2 places: .*Table\.1.*Table\.2.*: give one of them"
    with pytest.raises(ParameterError, match=message):
        annotated(recordings("x.wav"), tmp_path)


def test_two_formats_for_one_recording_are_an_error(tmp_path):
    write_labels(tmp_path, "x.txt")
    write_file(tmp_path / "x.TextGrid", textgrid({"a": [(0.0, 1.0, "b")]}))
    with pytest.raises(ParameterError, match="its annotations are in 2 places"):
        annotated(recordings("x.wav"), tmp_path)


def test_tables_of_different_views_are_joined(tmp_path):
    rows = [(0.5, 1.5, "wren"), (2.0, 3.0, "robin")]
    write_file(tmp_path / "x.Table.1.selections.txt", raven(rows, views=["Waveform 1"]))
    write_file(tmp_path / "x.Table.2.selections.txt", raven(rows[:1], views=["Spectrogram 1"]))
    (recording,) = annotated(recordings("x.wav"), tmp_path)
    assert [item.start for item in recording.annotations] == [0.5, 2.0]
    assert ".2.selections" in recording.annotations[0].location
    write_file(tmp_path / "x.Table.2.selections.txt", raven(rows, views=["Waveform 1"]))
    with pytest.raises(ParameterError, match="its annotations are in 2 places"):
        annotated(recordings("x.wav"), tmp_path)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a/b.wav", "a/b.wav"),
        ("C:\\\\field\\\\a\\\\b.wav", "a/b.wav"),
        ("/elsewhere/b.wav", "a/b.wav"),
        ("/elsewhere/b.flac", "a/b.wav"),
        ("/mnt/c/b.wav", "c/b.wav"),
    ],
)
def test_a_table_that_names_recordings_is_matched_by_their_paths(tmp_path, name, path):
    write_file(tmp_path / "all.csv", f"file,start,end,label\n{name},0,1,wren\n")
    others = [other for other in ("a/b.wav", "c/b.wav", "d.wav") if other == path or "c/" in path]
    selected = annotated(recordings(*others), tmp_path)
    assert labels_by_path(selected) == {path: ["wren"]}


def test_the_recording_of_another_folder_is_not_taken_for_one_of_the_inputs(tmp_path):
    text = "file,start,end,label\nsite1/1.wav,0,1,one\nsite2/1.wav,0,1,two\nsite3/1.wav,0,1,three\n"
    file, log = write_file(tmp_path / "all.csv", text), AnnotationLog()
    selected = annotated(recordings("1.wav", root="/corpus/site2"), file, log=log)
    assert labels_by_path(selected) == {"1.wav": ["two"]}
    assert log.remarks == [
        "annotations of 2 recordings that are not among the inputs left out:"
        f" {file}: site1/1.wav, {file}: site3/1.wav"
    ]
    with pytest.raises(ParameterError, match="its annotations are in 3 places"):
        annotated(recordings("1.wav", root="/corpus/elsewhere"), file)


def test_names_may_have_another_unicode_normal_form(tmp_path):
    name = unicodedata.normalize("NFD", "Zaunkönig")
    write_labels(tmp_path, f"{name}.txt")
    path = unicodedata.normalize("NFC", name) + ".wav"
    assert list(labels_by_path(annotated(recordings(path), tmp_path))) == [path]


def test_annotations_of_no_input_are_an_error_with_examples_of_both(tmp_path):
    write_labels(tmp_path, "dusk.txt", "night.txt")
    message = r"dusk\.txt: not a recording among the inputs, such as dawn\.wav; .*\(2 recordings\)"
    with pytest.raises(ParameterError, match=message):
        annotated(recordings("dawn.wav"), tmp_path)


def test_recordings_without_annotations_are_left_out_or_kept(tmp_path):
    write_labels(tmp_path, "a.txt")
    inputs, log = recordings("a.wav", "b.wav", "c.wav"), AnnotationLog()
    assert list(labels_by_path(annotated(inputs, tmp_path, log=log))) == ["a.wav"]
    (remark,) = log.remarks
    assert remark.startswith("2 recordings without annotations left out, such as b.wav")
    log = AnnotationLog()
    kept = annotated(inputs, tmp_path, keep_all=True, log=log)
    assert [recording.annotations for recording in kept[1:]] == [(), ()]
    assert log.remarks == []


def test_annotations_are_in_the_order_of_their_times(tmp_path):
    rows = [(3.0, 4.0, "c"), (1.0, 9.0, "b"), (1.0, 2.0, "a"), (1.0, 2.0, "again")]
    (recording,) = annotated(recordings("x.wav"), write_file(tmp_path / "x.txt", audacity(rows)))
    assert labels_by_path([recording]) == {"x.wav": ["a", "again", "b", "c"]}


def test_files_of_other_formats_in_a_folder_are_named_in_a_remark(tmp_path):
    write_labels(tmp_path, "x.txt", ".hidden.txt", ".git/y.txt")
    write_file(tmp_path / "README.md", "about\n")
    write_file(tmp_path / "empty.txt", "")
    write_file(tmp_path / "x.wav", b"RIFF")
    log = AnnotationLog()
    annotated(recordings("x.wav"), tmp_path, log=log)
    assert log.files == [str(tmp_path / "x.txt")]
    assert log.remarks == [
        "2 files in the folders of annotations not in a known format:"
        f" {tmp_path / 'README.md'}, {tmp_path / 'empty.txt'}"
    ]


def test_a_file_that_is_given_twice_is_read_once(tmp_path):
    file = write_file(tmp_path / "x.txt", LABELS)
    (tmp_path / "link.txt").symlink_to(file)
    (recording,) = annotated(recordings("x.wav"), [file, tmp_path, tmp_path / "link.txt"])
    assert len(recording.annotations) == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "x.md",
            b"about\n",
            r"x\.md: not in a known format of annotations; known formats: audacity",
        ),
        ("x.txt", b"", r"x\.txt: empty: a file of annotations"),
        ("x.txt", bytes(range(256)) * 9, r"x\.txt: not in a known format"),
        ("x.txt", b"\0" * 1000, r"x\.txt: not in a known format"),
        ("x.txt", LABELS.encode() * 20 + b"\xff\0\xff", r"x\.txt: not a table: it is not text"),
        ("x.TextGrid", b"ooBinaryFile\x08TextGrid\0\xff", "binary TextGrid: open it in Praat"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, name, content, message):
    with pytest.raises(TableError, match=message):
        annotated(recordings("x.wav"), write_file(tmp_path / name, content))


def test_a_path_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(ParameterError, match=r"no such file or folder: .*nowhere"):
        annotated(recordings("x.wav"), tmp_path / "nowhere")
    with pytest.raises(ParameterError, match="no annotation files in"):
        annotated(recordings("x.wav"), tmp_path)
    with pytest.raises(ParameterError, match="must be paths of files and folders, got dict"):
        annotated(recordings("x.wav"), [{}])


def test_a_file_without_intervals_is_no_annotation(tmp_path):
    file = write_file(tmp_path / "x.TextGrid", textgrid({"a": [(0.0, 1.0, "")]}))
    with pytest.raises(ParameterError, match="no annotations of the recordings"):
        annotated(recordings("x.wav"), file)


def test_a_field_of_the_recording_cannot_be_an_annotations_too(tmp_path):
    file = write_file(tmp_path / "x.txt", LABELS)
    recording = recording_at("/corpus/x.wav", "x.wav", fields={"label": "field"})
    message = r"duplicate field 'label': .*x\.txt: line 1 gives it, but x\.wav has it already"
    with pytest.raises(ParameterError, match=message):
        annotated([recording], file)


def test_options_that_no_file_uses_are_errors(tmp_path):
    file = write_file(tmp_path / "x.txt", LABELS)
    with pytest.raises(
        ParameterError, match="tier: only for textgrid; the annotations are audacity"
    ):
        annotated(recordings("x.wav"), file, tier="words")
    with pytest.raises(ParameterError, match="annotation_label: only for audformat, b"):
        annotated(recordings("x.wav"), file, label="Species")
