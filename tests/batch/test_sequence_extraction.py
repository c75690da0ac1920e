"""Sequences of many recordings: values, lengths, workers, resume, failures and the folder."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from extracting import SR, clip, write_audio
from sequence_tables import same_sequences

import featkit
from featkit import FeatureTable
from featkit.audio import streams
from featkit.errors import ParameterError
from featkit.features.sequences.analysis import (
    analyse_sequences,
    padding_values,
    sequences_of,
)
from featkit.features.sequences.loading import sequence_set

SECONDS = [0.3, 0.5, 0.4, 0.2]

SMALL = "mel16,mfcc8"

RATE = {"sample_rate": SR, "kinds": ["mel16", "mfcc8"]}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Four recordings of different lengths in two folders."""
    folder = tmp_path_factory.mktemp("recordings")
    for k, seconds in enumerate(SECONDS):
        write_audio(folder / "ab"[k % 2] / f"{k}.wav", clip(k, seconds))
    return folder


@pytest.fixture(autouse=True)
def _in_this_process(tmp_path, monkeypatch, request):
    """Tests start in an empty folder, and without workers, whose start takes time."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("featkit.batch.file_identity.SETTLED", -1.0)
    if "workers" not in request.node.name:
        for user in ("opening", "_in_process"):
            monkeypatch.setattr(f"featkit.executors.{user}.why_no_processes", lambda: "test")


def sequences(recordings, **options):
    return featkit.sequences(recordings, **{"features": SMALL, "labels": "folder", **options})


def content(folder="s"):
    return {file.name: file.read_bytes() for file in sorted(Path(folder).iterdir())}


def expected(name, chosen=SMALL):
    """Sequences of a recording, computed from its samples."""
    y, sr = featkit.load(name, sr=SR)
    (one,) = sequences_of([y], sr, chosen)
    return one


def test_the_values_are_those_of_the_samples_padded_to_the_longest(recordings):
    result = sequences(recordings)
    assert result.table.column("path").tolist() == ["a/0.wav", "a/2.wav", "b/1.wav", "b/3.wav"]
    assert result.table.column("label").tolist() == ["a", "a", "b", "b"]
    longest = 1 + round(max(SECONDS) * SR) // 512
    padding = padding_values(sequence_set(SMALL))
    for k, (name, kind) in enumerate(result.table.sequences.kinds.items()):
        assert kind.shape[1] == longest
        values = kind.read()
        for row, path in enumerate(result.table.column("path")):
            own, length = (part[k] for part in expected(recordings / path))
            assert kind.lengths[row] == length
            np.testing.assert_array_equal(values[row, :, :length], own)
            rest = values[row, :, length:]
            np.testing.assert_array_equal(rest, np.repeat(padding[name][:, None], rest.shape[1], 1))


def test_a_folder_holds_the_same_as_memory(recordings):
    memory, written = sequences(recordings), sequences(recordings, output="s")
    same_sequences(written.table, memory.table)
    assert written.table.data.equals(memory.table.data)
    assert written.table.provenance == memory.table.provenance
    same_sequences(FeatureTable.read("s"), memory.table)
    assert (written.rows, written.columns, written.failures) == (4, 24, [])


def test_the_bytes_are_the_same_from_several_workers(recordings):
    sequences(recordings, output="s", n_jobs=2)
    by_workers = content()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("featkit.executors.opening.why_no_processes", lambda: "test")
        patch.setattr("featkit.executors._in_process.why_no_processes", lambda: "test")
        sequences(recordings, output="s", fresh=True)
    assert content() == by_workers


def test_the_bytes_are_the_same_after_a_resume(recordings):
    sequences(recordings, output="s")
    one = content()
    with closing(sqlite3.connect("s.parts")) as parts, parts:
        parts.execute("DELETE FROM files WHERE content = 1")
        parts.execute("DELETE FROM contents WHERE id = 1")
    assert sequences(recordings, output="s").resumed == 3
    assert content() == one
    assert sequences(recordings, output="s").resumed == 4
    assert content() == one


def test_tables_of_few_rows_give_the_same_bytes(recordings, monkeypatch):
    sequences(recordings, output="s")
    one = content()
    monkeypatch.setattr("featkit.batch.sequence_analysis.BLOCK_BYTES", 1)
    sequences(recordings, output="s")
    assert content() == one


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"frames": 6}, (16, 6)),
        ({"seconds": 0.35}, (16, 1 + round(0.35 * SR) // 512)),
        ({"features": {**RATE, "frames": 5, "length_rule": "resample"}}, (16, 5)),
    ],
)
def test_frames_and_seconds_decide_the_shape(recordings, options, shape):
    result = sequences(recordings, **options)
    kind = result.table.sequences.kinds["mel16"]
    assert kind.shape == shape
    chosen = sequence_set(
        options.get("features", SMALL),
        frames=options.get("frames"),
        seconds=options.get("seconds"),
    )
    for row, path in enumerate(result.table.column("path")):
        own = expected(recordings / path, chosen)
        np.testing.assert_array_equal(kind.read()[row], own.values[0])
        assert kind.lengths[row] == own.lengths[0]


def test_float16_is_rounded_float32(recordings):
    single = sequences(recordings).table.sequences.kinds["mel16"]
    half = sequences(recordings, output="s", dtype="float16").table.sequences.kinds["mel16"]
    assert half.dtype == np.float16
    np.testing.assert_array_equal(half.read(), single.read().astype(np.float16))
    stored = os.path.getsize("s.parts"), sum(map(len, content().values()))
    assert stored[0] < 4 * stored[1]


def test_values_beyond_float16_are_a_failure(recordings, monkeypatch):
    def loud(loaded, chosen):
        for clips in analyse_sequences(loaded, chosen):
            yield [clip._replace(values=tuple(1e6 * v for v in clip.values)) for clip in clips]

    monkeypatch.setattr("featkit.batch.sequence_analysis.analyse_sequences", loud)
    result = sequences(recordings / "a" / "0.wav", dtype="float16")
    (failure,) = result.failures
    assert "beyond the range of float16: use float32" in failure.message
    assert sequences(recordings / "a" / "0.wav").failures == []


def test_a_clip_that_cannot_be_stored_is_a_failure(recordings, monkeypatch):
    monkeypatch.setattr("featkit.batch.sequence_analysis.MAX_CLIP_BYTES", 500)
    result = sequences(recordings, output="s")
    assert len(result.failures) == 4
    assert "its sequences have 1.25 KB, and 500 B can be stored" in result.failures[0].message


def test_each_segment_is_a_row(recordings):
    result = sequences(recordings, segment=0.2)
    assert result.table.column("path").tolist() == [
        "a/0.wav",
        *["a/2.wav"] * 2,
        *["b/1.wav"] * 2,
        "b/3.wav",
    ]
    y, sr = featkit.load(recordings / "a" / "2.wav", sr=SR)
    (own,) = sequences_of([y[4410:8820]], sr, SMALL)
    np.testing.assert_array_equal(result.table.sequences.kinds["mel16"].read()[2], own.values[0])


def test_a_part_of_each_recording_is_read(recordings):
    result = sequences(recordings, offset=0.1, seconds=0.15)
    np.testing.assert_allclose(result.table.keys["end"], [0.25, 0.25, 0.25, 0.2], atol=1 / SR)
    assert result.table.provenance["excerpt"]["duration"] is None


def test_annotated_intervals_are_rows(recordings):
    rows = ["path,start,end,label", "a/0.wav,0.0,0.2,x", "a/0.wav,0.1,0.3,y", "a/0.wav,5,6,z"]
    Path("m.csv").write_text("\n".join(rows))
    result = featkit.sequences(
        recordings, manifest="m.csv", features=SMALL, seconds=0.15, output="s"
    )
    assert result.table.column("label").tolist() == ["x", "y"]
    assert len(result.failures) == 1
    y, sr = featkit.load(recordings / "a" / "0.wav", sr=SR)
    start = round(0.1 * SR)
    chosen = sequence_set(SMALL, seconds=0.15)
    (own,) = sequences_of([y[start : start + round(0.2 * SR)]], sr, chosen)
    np.testing.assert_array_equal(result.table.sequences.kinds["mel16"].read()[1], own.values[0])


def test_a_long_recording_is_read_from_disk_with_the_same_values(recordings, monkeypatch):
    before = sequences(recordings)
    monkeypatch.setattr(streams, "LONGEST_HELD", 1000)
    same_sequences(sequences(recordings).table, before.table)


def test_a_bad_file_is_one_failure(recordings, tmp_path):
    write_audio(tmp_path / "in" / "a.wav", clip(0, 0.3))
    (tmp_path / "in" / "b.wav").write_text("no samples")
    result = sequences(tmp_path / "in", output="s")
    assert [failure.path for failure in result.failures] == ["b.wav"]
    assert len(result.table) == 1
    assert Path("s.failures.csv").read_text().count("b.wav") == 1


def test_when_all_fail_there_are_no_rows(tmp_path):
    (tmp_path / "a.wav").write_text("no samples")
    result = sequences(tmp_path / "a.wav", output="s")
    assert (len(result.failures), len(result.table)) == (1, 0)
    assert result.table.sequences.shapes == {"mel16": (16, 1), "mfcc8": (8, 1)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": "float16"}, "sequence_set.dtype was float32, is float16"),
        ({"frames": 5}, "sequence_set.frames was none, is 5"),
        ({"segment": 0.2}, r"excerpt.segment was none, is 0\.2"),
        ({"features": "logmel128"}, "sequence set was custom, version 0, is logmel128"),
    ],
)
def test_other_settings_need_a_fresh_start(recordings, change, message):
    sequences(recordings, output="s")
    with pytest.raises(ParameterError, match=message):
        sequences(recordings, output="s", **change)


def test_a_checkpoint_of_features_is_not_one_of_sequences(recordings):
    featkit.extract(recordings, output="s/", features="genre75")
    with pytest.raises(ParameterError, match=r"contains 'part-.*not part of the table"):
        sequences(recordings, output="s")
    for name in os.listdir("s"):
        os.remove(f"s/{name}")
    with pytest.raises(ParameterError, match="sequence set was genre75, version 1, is custom"):
        sequences(recordings, output="s")


def test_a_folder_in_a_store_is_refused_before_any_work(recordings):
    with pytest.raises(ParameterError, match="written to a local folder"):
        sequences(recordings, output="s3://bucket/s")


def test_the_provenance_describes_the_channels(recordings):
    origin = sequences(recordings).table.provenance
    assert sequence_set(origin["sequence_set"]).fingerprint == origin["fingerprint"]
    mel = origin["sequences"]["mel16"]
    assert mel["frames"] == 22
    assert [channel["unit"] for channel in mel["channels"]] == ["dB"] * 16
