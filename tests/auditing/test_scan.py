"""The scan of recordings: the same values in any way, resumed, and whatever the files are."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
import soundfile
from extracting import SR, clip, write_audio, write_noise

from featkit import signals
from featkit.audio.loading import load
from featkit.auditing import scan
from featkit.auditing.measure import MEASURES
from featkit.auditing.packed_values import pack
from featkit.auditing.scan import pieces, scan_recording, scan_recordings
from featkit.batch._checkpoint_schema import checksum
from featkit.datasets.files import find, recording_at
from featkit.executors.opening import local_executor

CONTENT = ["content"]


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Six files, which changed long ago for the checkpoint, and one that cannot be decoded."""
    monkeypatch.chdir(tmp_path)
    for number in range(6):
        write_noise(tmp_path / "corpus" / f"{number}.wav", number)
    (tmp_path / "corpus" / "text.wav").write_text("no samples")
    return find([tmp_path / "corpus"])


def _scanned(recordings, measures, *, executor=None, **options):
    executor = executor or local_executor()
    return scan_recordings(recordings, measures, executor=executor, **options)


def packed(result):
    return {path: own._data for path, own in result.measured.items()}


def test_values_do_not_depend_on_workers_and_resuming(corpus):
    alone = _scanned(corpus, CONTENT)
    assert [one.path for one in alone.failures] == ["text.wav"]
    assert alone.failures[0].stage == "decode"
    assert list(alone.durations.values()) == [0.2] * 6
    seen = []
    first = _scanned(corpus, CONTENT, checkpoint="a.parquet", executor=local_executor(2))
    again = _scanned(corpus, CONTENT, checkpoint="a.parquet", progress=seen.append)
    assert packed(alone) == packed(first) == packed(again)
    assert seen[-1].resumed == 6
    assert (seen[-1].done, seen[-1].failed) == (7, 1)


def test_finished_measures_survive_an_interruption(corpus):
    def interrupt(progress):
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _scanned(corpus, CONTENT, checkpoint="a.parquet", progress=interrupt)
    seen = []
    resumed = _scanned(corpus, CONTENT, checkpoint="a.parquet", progress=seen.append)
    assert seen[-1].resumed >= 1
    assert packed(resumed) == packed(_scanned(corpus, CONTENT))


def test_another_measure_is_added_to_those_that_are_stored(corpus):
    other = next(name for name in MEASURES if name != "content")
    _scanned(corpus, CONTENT, checkpoint="a.parquet")
    both = _scanned(corpus, [other, "content"], checkpoint="a.parquet")
    assert set(both.measured["0.wav"]) == {other, "content"}
    for names in (CONTENT, [other], [other, "content"]):
        seen = []
        _scanned(corpus, names, checkpoint="a.parquet", progress=seen.append)
        assert seen[-1].resumed == 6


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 99, pack(1.0, {"content": {"file": np.zeros(1)}}, {"content": 99})],
)
def test_values_of_another_program_or_version_are_computed_again(corpus, content):
    _scanned(corpus, CONTENT, checkpoint="a.parquet")
    with closing(sqlite3.connect("a.parquet.parts")) as parts, parts:
        ((key,),) = parts.execute("SELECT text FROM settings").fetchall()
        for row in parts.execute(
            "SELECT id, digest, size, decoder, version, format FROM contents"
        ).fetchall():
            values = (*row[1:], content)
            parts.execute(
                "UPDATE contents SET rows = ?, checksum = ? WHERE id = ?",
                [content, checksum(key, *values), row[0]],
            )
    seen = []
    again = _scanned(corpus, CONTENT, checkpoint="a.parquet", progress=seen.append)
    assert seen[-1].resumed == 0
    assert packed(again) == packed(_scanned(corpus, CONTENT))


def test_damaged_values_are_computed_again_with_a_remark(corpus):
    _scanned(corpus, CONTENT, checkpoint="a.parquet")
    with closing(sqlite3.connect("a.parquet.parts")) as parts, parts:
        parts.execute("UPDATE contents SET rows = zeroblob(50) WHERE id = 1")
    again = _scanned(corpus, CONTENT, checkpoint="a.parquet")
    assert packed(again) == packed(_scanned(corpus, CONTENT))
    assert again.remarks == ["a.parquet.parts: 1 stored recording was damaged, and computed again"]


def test_a_changed_file_is_measured_again(corpus):
    _scanned(corpus, CONTENT, checkpoint="a.parquet")
    soundfile.write(corpus[0].file, signals.noise(SR, 0.3, seed=77), SR)
    again = _scanned(corpus, CONTENT, checkpoint="a.parquet")
    assert again.durations["0.wav"] == pytest.approx(0.3)
    assert packed(again) == packed(_scanned(corpus, CONTENT))


def test_a_recording_that_takes_too_long_is_a_failure(tmp_path):
    write_audio(tmp_path / "long.wav", signals.noise(SR, 300.0))
    write_noise(tmp_path / "short.wav", 1, seconds=0.01)
    result = _scanned(find([tmp_path]), CONTENT, timeout=0.02)
    assert (result.failures[0].path, result.failures[0].stage) == ("long.wav", "timeout")


def test_without_measures_recordings_are_decoded_only(corpus):
    result = _scanned(corpus, [])
    assert [one.path for one in result.failures] == ["text.wav"]
    assert set(result.durations) == {f"{number}.wav" for number in range(6)}


@pytest.mark.parametrize("seconds", [0.01, 0.05, 10.0])
def test_pieces_are_the_whole_recording(tmp_path, seconds):
    y = np.stack([clip(1, 0.3), clip(2, 0.3)], axis=1)
    soundfile.write(tmp_path / "x.wav", y, SR, subtype="PCM_16")
    found = list(pieces(str(tmp_path / "x.wav"), seconds))
    assert [piece.is_last for piece in found] == [False] * (len(found) - 1) + [True]
    assert [piece.first for piece in found] == [k * round(seconds * SR) for k in range(len(found))]
    joined = np.concatenate([piece.y for piece in found])
    np.testing.assert_array_equal(joined, load(str(tmp_path / "x.wav"))[0])


def test_pieces_of_many_channels_are_shorter(tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "MAX_PIECE_SAMPLES", 8000)
    for channels in (1, 2, 8):
        file = str(tmp_path / f"{channels}.wav")
        soundfile.write(file, np.zeros((9000, channels)) + 0.1, SR)
        assert max(len(piece.samples) for piece in pieces(file)) == 8000 // max(2, channels)


@pytest.mark.parametrize(
    ("y", "rate"),
    [
        (np.array([0.5]), 8000),
        (np.zeros(100), 44100),
        (np.ones((50, 8)), 192000),
        (np.array([-1.0, 1.0] * 30), 16000),
    ],
)
def test_odd_recordings_are_measured(tmp_path, y, rate):
    soundfile.write(tmp_path / "x.wav", y, rate, subtype="FLOAT")
    file = str(tmp_path / "x.wav")
    result = scan_recording(recording_at(file, "x.wav"), list(MEASURES))
    assert result.failure is None
    assert result.seconds == pytest.approx(len(y) / rate)
