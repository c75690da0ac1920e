"""Files: unreadable recordings, and the differences between a table and its folder."""

import numpy as np
import pytest
from extracting import write_noise

import featkit


@pytest.fixture
def folder(tmp_path):
    for number in range(3):
        write_noise(tmp_path / f"{number}.wav", number)
    return tmp_path


def audited(data, **options):
    return featkit.audit(data, checks=["files"], **options).issues


def test_sound_recordings_give_no_issue(folder):
    assert audited(folder) == []


def test_unreadable_recordings_are_found_without_any_measure(folder):
    (folder / "a.wav").write_text("no samples")
    (folder / "b.wav").write_text("no samples")
    (folder / "empty.wav").touch()
    same, empty = sorted(audited(folder), key=lambda issue: len(issue.places), reverse=True)
    assert same.message.startswith("2 recordings (a.wav, b.wav) cannot be read: ")
    assert same.remove == ("a.wav", "b.wav")
    assert (empty.severity, empty.evidence["stage"]) == ("high", "open")
    assert empty.message == "empty.wav cannot be read: the file is empty (0 bytes)"


def test_a_folder_without_any_readable_recording_is_a_result(tmp_path):
    (tmp_path / "a.wav").write_text("no samples")
    result = featkit.audit(tmp_path, checks=["files", "exact_copies"])
    assert [issue.kind for issue in result.issues] == ["unreadable recording"]


def test_missing_and_unlisted_recordings_are_issues(folder):
    table = featkit.extract(folder, features="genre75").table
    (folder / "1.wav").rename(folder / "new.wav")
    missing, unlisted = audited(table, sound=folder)
    assert (missing.severity, unlisted.severity) == ("high", "low")
    assert missing.message == "1 of the 3 recordings in the table is not in the folder: 1.wav"
    assert unlisted.message == "1 recording in the folder has no row in the table: new.wav"


def test_a_recording_outside_the_folder_is_missing(folder):
    table = featkit.extract(folder, features="genre75").table
    write_noise(folder.parent / "outside.wav", 9)
    paths = np.array(["0.wav", "../outside.wav", str(folder / "2.wav")], dtype=object)
    (missing, _) = audited(table.with_key("path", paths), sound=folder)
    assert [place.path for place in missing.places] == paths[1:].tolist()


def test_intervals_outside_their_recording_are_no_unreadable_files(folder):
    (folder / "list.csv").write_text("path,start,end,label\n0.wav,0,0.1,a\n0.wav,5,6,a\n")
    options = {"features": "genre75", "needs_features": True}
    (one,) = audited(None, manifest=folder / "list.csv", **options)
    assert (one.kind, one.severity, one.remove) == ("unusable interval", "medium", ())
    assert one.message.startswith("1 annotated interval of 0.wav cannot be analysed: ")
    assert "list.csv: line 3: the interval starts at 5 s, beyond the end" in one.message
