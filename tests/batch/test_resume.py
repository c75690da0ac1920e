"""A second run computes only files that are new or changed."""

import os
import shutil
import sqlite3
import time
from contextlib import closing

import numpy as np
import pytest
import soundfile
from extracting import count_stored, extract, progress_steps, write_noise

import featkit
from featkit.batch.file_identity import NO_STAMP, SETTLED
from featkit.executors import _loky
from featkit.schema import QUALITY_COLUMNS


def test_a_second_run_computes_nothing(corpus):
    first = extract(corpus)
    written = (corpus.parent / "out.parquet").read_bytes()
    seen = []
    second = extract(corpus, n_jobs=2, progress=seen.append)
    assert (first.resumed, second.resumed, second.files, second.rows) == (0, 24, 24, 24)
    assert second.seconds == 0
    counts = progress_steps(seen)
    assert (counts[0], counts[-1]) == ((0, 0), (24, 24))
    assert all(files == resumed for files, resumed in counts)
    assert (corpus.parent / "out.parquet").read_bytes() == written
    assert count_stored() == (24, 24)


def test_only_new_and_changed_files_are_computed(corpus):
    extract(corpus)
    write_noise(corpus / "1" / "new.wav", 90)
    write_noise(corpus / "0" / "00.wav", 91)
    (corpus / "2" / "02.wav").unlink()
    seen = []
    second = extract(corpus, progress=seen.append)
    assert (second.resumed, second.files) == (22, 24)
    assert progress_steps(seen)[0] == (0, 0)
    assert progress_steps(seen)[-2:] == [(22, 22), (24, 22)]
    assert count_stored() == (25, 25)
    expected = featkit.extract(corpus, features="genre75", n_jobs=1).table
    np.testing.assert_array_equal(second.table.values, expected.values)
    assert list(second.table.keys["path"]) == list(expected.keys["path"])


def test_a_file_is_recognised_by_its_content_wherever_it_lies(corpus):
    extract(corpus)
    os.utime(corpus / "0" / "00.wav")
    (corpus / "0" / "03.wav").rename(corpus / "1" / "moved.wav")
    shutil.copy(corpus / "2" / "02.wav", corpus / "2" / "copy.wav")
    second = extract(corpus)
    assert (second.resumed, second.files) == (25, 25)
    assert count_stored() == (24, 24)
    rows = second.table.data.set_index("path")[second.table.feature_names]
    assert rows.loc["2/copy.wav"].equals(rows.loc["2/02.wav"].rename("2/copy.wav"))
    assert extract(corpus).resumed == 25


def test_the_suffix_of_a_file_which_selects_its_decoder_is_part_of_its_identity(corpus):
    extract(corpus)
    shutil.copy(corpus / "0" / "00.wav", corpus / "0" / "same.WAV")
    shutil.copy(corpus / "0" / "00.wav", corpus / "0" / "other.m4a")
    assert extract(corpus).resumed == 25
    assert count_stored() == (25, 25)


def test_a_file_that_did_not_change_is_not_read(corpus, monkeypatch):
    time.sleep(SETTLED + 0.1)
    extract(corpus)
    monkeypatch.delattr(_loky, "shared_executor")
    assert extract(corpus).resumed == 24


def test_a_file_that_was_written_just_now_is_read_again(corpus, monkeypatch):
    for file in corpus.rglob("*.wav"):
        os.utime(file)
    extract(corpus)
    with closing(sqlite3.connect("out.parquet.parts")) as parts:
        assert (NO_STAMP,) in parts.execute("SELECT stamp FROM files").fetchall()
    assert extract(corpus).resumed == 24


def test_labels_are_no_setting_that_rows_depend_on(corpus):
    extract(corpus)
    labelled = extract(corpus, labels="folder")
    assert labelled.resumed == 24
    assert sorted(set(labelled.table.labels)) == ["0", "1", "2"]
    assert labelled.table.provenance["corpus"]["labels"] == "folder"


def test_a_path_through_a_link_is_resolved_as_the_system_does(corpus):
    write_noise(corpus / "0" / "z.wav", 70)
    write_noise(corpus / "z.wav", 71)
    (corpus / "lnk").symlink_to(corpus / "0" / "sub")
    (corpus / "0" / "sub").mkdir()
    through, other = corpus / "lnk" / ".." / "z.wav", corpus / "1" / "01.wav"
    expected = extract([corpus / "0" / "z.wav", other], output=None).table
    for resumed in (0, 2):
        extraction = extract([through, corpus / "0" / "z.wav", other], labels="folder")
        assert extraction.resumed == resumed
        np.testing.assert_array_equal(extraction.table.values, expected.values)
        assert list(extraction.table.keys["path"]) == ["z.wav", "01.wav"]
        assert list(extraction.table.keys["label"]) == ["0", "1"]
    both = extract([through, corpus / "z.wav"], output=None).table
    assert list(both.keys["path"]) == ["0/z.wav", "z.wav"]


def test_files_of_the_same_content_both_have_rows(corpus):
    shutil.copy(corpus / "0" / "00.wav", corpus / "1" / "00.wav")
    table = extract(corpus, labels="folder").table
    rows = table.data.set_index("path")
    assert rows.loc["0/00.wav", "label"] == "0"
    assert rows.loc["1/00.wav", "label"] == "1"
    features = rows[table.feature_names].to_numpy()
    np.testing.assert_array_equal(features[0], features[rows.index.get_loc("1/00.wav")])


def test_a_failure_is_tried_again(corpus):
    (corpus / "0" / "text.wav").write_text("no sound")
    first = extract(corpus)
    assert [failure.path for failure in first.failures] == ["0/text.wav"]
    assert extract(corpus).failures == first.failures
    write_noise(corpus / "0" / "text.wav", 77)
    third = extract(corpus)
    assert (third.failures, third.resumed) == ([], 24)


def test_csv_is_resumed_and_the_table_has_its_provenance(corpus):
    extract(corpus, output="out.csv")
    second = extract(corpus, output="out.csv")
    assert second.resumed == 24
    assert second.table.provenance["feature_set"]["name"] == "genre75"
    expected = featkit.extract(corpus, features="genre75", n_jobs=1).table
    np.testing.assert_array_equal(second.table.values, expected.values)
    assert second.table.provenance == expected.provenance


def test_a_single_recording_has_no_checkpoint(corpus):
    extract(corpus / "0" / "00.wav")
    assert sorted(os.listdir()) == ["corpus", "out.parquet"]


def test_without_output_nothing_is_written(corpus):
    featkit.extract(corpus, features="genre75", n_jobs=1)
    assert os.listdir() == ["corpus"]


def test_quality_is_kept_with_the_rows(corpus):
    soundfile.write(corpus / "0" / "03.wav", np.zeros((4000, 2)), 16000)
    expected = featkit.extract(corpus, features="genre75", n_jobs=1).table
    extract(corpus)
    table = extract(corpus, n_jobs=2).table
    assert list(table.quality) == [column.name for column in QUALITY_COLUMNS]
    for column in QUALITY_COLUMNS:
        assert table.quality[column.name].dtype == column.dtype.replace("str", "object")
        np.testing.assert_array_equal(table.quality[column.name], expected.quality[column.name])
    silent = list(table.keys["path"]).index("0/03.wav")
    assert table.quality["quality_silent"].tolist() == [k == silent for k in range(24)]
    assert table.quality["quality_channels"][silent] == 2
    assert table.quality["quality_sample_rate"][silent] == 16000
    assert table.quality["quality_duration"][silent] == pytest.approx(0.25)
    assert set(table.quality["quality_format"]) == {"WAV PCM_16"}
    undefined = [k == silent for k in range(24)]
    assert np.isnan(table.quality["quality_level"]).tolist() == undefined
    assert np.isnan(table.quality["quality_bandwidth"]).tolist() == undefined


def test_segments_are_resumed(corpus):
    options = {"segment": 0.05, "segment_hop": 0.03}
    first = extract(corpus, **options).table
    second = extract(corpus, **options)
    assert second.resumed == 24
    assert second.rows == len(first) > 24
    np.testing.assert_array_equal(second.table.values, first.values)
    np.testing.assert_array_equal(second.table.keys["start"], first.keys["start"])


def test_rows_of_contents_that_no_file_has_any_more_are_deleted(corpus):
    extract(corpus)
    for number in range(100, 103):
        write_noise(corpus / "0" / "00.wav", number)
        extract(corpus)
        assert count_stored() == (24, 24)
    (corpus / "0" / "00.wav").rename(corpus / "0" / "moved.wav")
    assert extract(corpus).resumed == 24
