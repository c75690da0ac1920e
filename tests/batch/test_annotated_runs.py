"""Checkpoints of annotated recordings: what is analysed again, and what is reported again."""

import os
import signal

import pytest
import soundfile
from annotating import SMALL, write_manifest
from extracting import count_stored, has_ended, progress_steps, same_tables, start_run

import featkit
from featkit import signals
from featkit.batch import _tasks
from featkit.errors import ParameterError

ROWS = [
    ("a.wav", 0.5, 1.5, "x"),
    ("a.wav", 2, 1, "wrong"),
    ("b.wav", 0.25, 0.5, "y"),
    ("a.wav", 1, 1.25, "z"),
    ("b.wav", 1.5, 7, "wrong"),
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for k, name in enumerate(["a.wav", "b.wav"]):
        soundfile.write(tmp_path / name, signals.noise(8000, 2.0, seed=k), 8000)
        os.utime(tmp_path / name, (1e9, 1e9))  # their stamps are trusted
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("featkit.batch.file_identity.SETTLED", -1.0)
    for user in ("opening", "_in_process"):
        monkeypatch.setattr(f"featkit.executors.{user}.why_no_processes", lambda: "test")
    return tmp_path


def run(folder, rows=ROWS, **options):
    """Extract in this process; return the extraction, and the recordings that were decoded."""
    manifest = write_manifest(folder / "m.csv", rows)
    decoded = []
    read = _tasks._read_intervals

    def recorded(recording, *how):
        decoded.append(recording.path)
        return read(recording, *how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_tasks, "_read_intervals", recorded)
        extraction = featkit.extract(
            manifest=manifest, features=SMALL, output="out.parquet", **options
        )
    return extraction, decoded


def test_a_resumed_run_reports_failed_intervals_without_decoding(folder):
    first, decoded = run(folder)
    assert decoded == ["a.wav", "b.wav"]
    again, decoded = run(folder)
    assert (decoded, again.resumed) == ([], 2)
    same_tables(again.table, first.table)
    assert again.failures == first.failures
    assert [failure.message.partition(": the")[0] for failure in again.failures] == [
        f"{folder / 'm.csv'}: line 3",
        f"{folder / 'm.csv'}: line 6",
    ]
    failures = (folder / "out.parquet.failures.csv").read_text()
    assert failures.count("interval") >= 2


def test_changed_labels_and_lines_need_no_new_analysis(folder):
    first = run(folder, background="noise")[0].table
    renamed = [(*row[:3], f"new {row[3]}") for row in [ROWS[2], ROWS[4], *ROWS[:2], ROWS[3]]]
    again, decoded = run(folder, renamed, background="silence")
    assert decoded == []
    assert sorted(again.table.labels) == sorted(
        "silence" if label == "noise" else f"new {label}" for label in first.labels
    )
    assert [failure.message.partition(": the")[0][-1] for failure in again.failures] == ["3", "5"]


def test_changed_intervals_are_analysed_again_for_their_recording_only(folder):
    run(folder)
    _, decoded = run(folder, [*ROWS[:-1], ("b.wav", 1.5, 1.75, "right")])
    assert decoded == ["b.wav"]
    _, decoded = run(folder, ROWS, background="noise")
    assert decoded == ["a.wav", "b.wav"]
    _, decoded = run(folder, ROWS[:3])
    assert decoded == ["a.wav", "b.wav"]


def test_a_touched_file_is_recognised_by_its_content_and_intervals(folder):
    run(folder)
    os.utime(folder / "a.wav", (2e9, 2e9))
    _, decoded = run(folder)
    assert decoded == []
    os.utime(folder / "a.wav", (1.5e9, 1.5e9))
    _, decoded = run(folder, ROWS[:1])
    assert decoded == ["a.wav"]


def test_whole_recordings_and_their_intervals_are_not_confused(folder):
    run(folder)
    featkit.extract(["a.wav", "b.wav"], features=SMALL, output="out.parquet", n_jobs=1)
    assert len(featkit.FeatureTable.read("out.parquet")) == 2
    extraction, decoded = run(folder)
    assert decoded == ["a.wav", "b.wav"]
    assert len(extraction.table) == 3


def test_a_recording_of_failed_intervals_is_finished(folder):
    rows = [("a.wav", 5, 6, "x"), ("b.wav", 0, 1, "x")]
    assert len(run(folder, rows)[0].failures) == 1
    again, decoded = run(folder, rows)
    assert (decoded, len(again.failures), len(again.table)) == ([], 1, 1)


def test_other_settings_are_refused_with_the_remedy(folder):
    run(folder)
    with pytest.raises(ParameterError, match="--fresh"):
        run(folder, segment=0.5)


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    rows = []
    for k in range(30):
        soundfile.write(tmp_path / "corpus" / f"{k}.wav", signals.noise(22050, 2.0, seed=k), 22050)
        rows += [(f"{k}.wav", 0.2 * start, 0.2 * start + 0.5, "x") for start in range(9)]
    manifest = write_manifest(tmp_path / "m.csv", rows)
    running = start_run("--manifest", manifest, "--background", "noise")
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert has_ended(running.pid)
    stored, _ = count_stored()
    for user in ("opening", "_in_process"):
        monkeypatch.setattr(f"featkit.executors.{user}.why_no_processes", lambda: "test")
    options = {"manifest": manifest, "background": "noise", "features": "genre75"}
    steps = []
    featkit.extract("corpus", output="out.parquet", progress=steps.append, **options)
    assert 0 < stored <= max(resumed for _, resumed in progress_steps(steps)) or stored == 30
    featkit.extract("corpus", output="whole.parquet", **options)
    assert (tmp_path / "out.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    table = featkit.FeatureTable.read("out.parquet")
    assert len(table) == 30 * 8  # the last interval of each exceeds its file
