"""Runs that end early: stopped, killed, or without space on the disk."""

import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from deadly import PATIENCE
from extracting import (
    clip,
    count_stored,
    customised,
    extract,
    has_ended,
    run_command,
    start_run,
    write_audio,
    write_noise,
)

from featkit.batch.checkpoint import open_checkpoint
from featkit.errors import WriteError


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_reports_how_to_resume(slow_corpus, number, status):
    running = start_run("--jobs", 2)
    os.kill(running.pid, number)
    _, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == status, errors
    assert "Traceback" not in errors
    assert re.search(r"\d+ of 80 files are finished; run the same command to resume", errors), (
        errors
    )
    assert has_ended(running.pid)
    assert not os.path.exists("out.parquet")
    stored, _ = count_stored()
    assert 0 < stored < 80


def test_ctrl_c_ends_a_batch_with_130_and_no_traceback(tmp_path):
    write_audio(tmp_path / "0.wav", clip(0, 60.0))
    for k in range(1, 200):
        os.link(tmp_path / "0.wav", tmp_path / f"{k}.wav")
    command = [sys.executable, "-m", "featkit", "extract", ".", "-o", "a.csv", "--jobs", "2"]
    running = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(2)
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130, errors
    assert "Traceback" not in errors
    assert not (tmp_path / "a.csv").exists()


def looked_at():
    """Number of stored recordings, read from a copy: reading the original would repair it."""
    os.makedirs("copy", exist_ok=True)
    for name in ("out.parquet.parts", "out.parquet.parts-wal"):
        if os.path.exists(name):
            shutil.copy(name, "copy")
    total, different = count_stored("copy/out.parquet")
    assert total == different
    return total


def test_a_killed_run_is_resumed_and_gives_the_same_bytes(corpus):
    for number in range(24, 72):
        write_noise(corpus / f"{number % 3}" / f"{number}.wav", number, seconds=2.0)
    extract(corpus, output="whole.parquet", n_jobs=2)
    kept = [0]
    for _ in range(3):
        running = start_run("--jobs", 2)
        running.kill()
        running.communicate(timeout=PATIENCE)
        assert has_ended(running.pid)
        kept.append(looked_at())
        assert kept[-1] >= kept[-2]
    assert kept[-1] > 0
    resumed = extract(corpus, n_jobs=2)
    assert resumed.resumed == kept[-1]
    assert count_stored() == (72, 72)
    whole = corpus.parent / "whole.parquet"
    assert (corpus.parent / "out.parquet").read_bytes() == whole.read_bytes()


def test_temporary_files_of_a_killed_run_are_removed_by_the_next(corpus):
    left = [".out.parquet.71.part", ".out.parquet.failures.csv.71.part"]
    others = [".out.parquet.old.71.part", ".other.parquet.71.part", "out.parquet.71.part"]
    for name in [*left, *others]:
        (corpus.parent / name).write_bytes(b"PAR1")
    with open_checkpoint("out.parquet", {}):
        being_written = corpus.parent / ".out.parquet.72.part"
        being_written.write_bytes(b"PAR1")
        with pytest.raises(WriteError, match="another run"):
            extract(corpus)
        assert being_written.exists()
    extract(corpus, fresh=True)
    files = {file.name for file in corpus.parent.iterdir()}
    assert files == {*others, "corpus", "out.parquet", "out.parquet.parts"}


def test_worker_state_is_removed_however_a_run_ends(slow_corpus):
    running = start_run("--jobs", 2)
    notes = glob.glob(".out.parquet.parts.*.notes")
    assert len(notes) == 1
    running.kill()
    running.communicate(timeout=PATIENCE)
    assert has_ended(running.pid)
    assert not os.path.exists(notes[0])
    os.mkdir(notes[0])  # as if the workers had been killed as well
    with open_checkpoint("out.parquet", {}, fresh=True):
        assert not os.path.exists(notes[0])


def test_a_batch_needs_no_folder_for_temporary_files(corpus):
    nowhere = "import tempfile\ntempfile._candidate_tempdir_list = list\n"
    done = run_command("--jobs", 2, env=customised(corpus.parent, nowhere))
    assert "24 rows" in done.stderr
    files = {"corpus", "out.parquet", "out.parquet.parts", "sitecustomize.py", "__pycache__"}
    assert {*os.listdir()} <= files


def test_a_full_disk_loses_nothing_that_was_finished(corpus):
    expected = extract(corpus, output="whole.parquet").table

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    done = run_command("--jobs", 1, status=1, preexec_fn=small_files)
    assert "out.parquet.parts: cannot store finished rows" in done.stderr
    assert "run the same command to resume" in done.stderr
    assert not os.path.exists("out.parquet")
    again = extract(corpus)
    assert 0 < again.resumed < 24
    np.testing.assert_array_equal(again.table.values, expected.values)
    assert count_stored() == (24, 24)


PEAK = """
import json, resource, sys
import featkit
small = {"name": "small", "sample_rate": "native", "features": []}
small["features"] = [{"family": "rms", "statistics": ["mean"]}]
rows = featkit.extract(sys.argv[1], output=sys.argv[1] + ".parquet", features=small).rows
print(json.dumps([rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def test_memory_does_not_grow_with_the_number_of_files(corpus):
    first, *_ = corpus.rglob("*.wav")
    peaks = []
    for folder, count in (("few", 200), ("many", 3000)):
        for number in range(count):
            link = corpus.parent / folder / f"{number // 500}" / f"{number}.wav"
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(first, link)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, folder], check=True, capture_output=True, text=True
        )
        rows, peak = json.loads(done.stdout)
        assert rows == count
        peaks.append(peak)
    assert peaks[1] - peaks[0] < 30
