"""Tasks of a worker: files that change, vanish, crash or hang while they are analysed."""

import contextlib
import csv
import errno
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pytest
import soundfile
from deadly import PATIENCE
from extracting import (
    SR,
    clip,
    count_stored,
    customised,
    extract,
    run_command,
    write_audio,
    write_noise,
)

import featkit
from featkit import signals
from featkit.audio.excerpt import Excerpt
from featkit.batch import _tasks
from featkit.batch.analysis import FeatureAnalysis
from featkit.datasets.files import recording_at
from featkit.executors import _loky, executor


def test_a_timeout_covers_everything_that_is_done_with_a_file(corpus, monkeypatch):
    """Each report sets the alarm again, so each file must be reported once."""
    expected = extract(corpus, output=None).table
    reported = []

    def here(self, work, items, **how):
        answers = work(items, lambda *places: reported.append(places))
        yield list(enumerate(answers))

    monkeypatch.setattr(_loky.Loky, "process_items", here)
    table = extract(corpus, output=None, timeout=60.0).table
    assert reported == [(k,) for k in range(24)]
    np.testing.assert_array_equal(table.values, expected.values)


def test_a_file_that_changes_while_it_is_read_is_a_failure(corpus, monkeypatch):
    file = corpus / "0" / "00.wav"
    opening = _tasks.loading.opening

    @contextlib.contextmanager
    def changing(source, **how):
        with opening(source, **how) as sound:
            yield sound
        write_noise(file, 99, seconds=0.3)

    monkeypatch.setattr(_tasks.loading, "opening", changing)
    (outcome,) = _tasks.analyse_recordings(
        [recording_at(str(file), "00.wav")],
        lambda *_: None,
        analysis=FeatureAnalysis(featkit.feature_set("genre75")),
        excerpt=Excerpt(),
        identify=True,
    )
    assert outcome.rows is None
    assert outcome.failure.message == "the file changed while it was read"


def test_a_file_that_vanishes_before_it_is_identified_fails_alone(corpus):
    extract(corpus)
    gone = corpus / "0" / "00.wav"
    seen = [
        recording_at(str(gone), "0/00.wav"),
        recording_at(str(corpus / "1" / "01.wav"), "1/01.wav"),
    ]
    gone.unlink()
    first, second = _tasks.identify_files(seen, lambda *_: None)
    assert first is None
    assert second.size == (corpus / "1" / "01.wav").stat().st_size


def test_a_file_that_vanishes_after_it_was_decoded_is_a_failure(corpus, monkeypatch):
    file = corpus / "0" / "00.wav"
    opening = _tasks.loading.opening

    @contextlib.contextmanager
    def vanishing(source, **how):
        with opening(source, **how) as sound:
            yield sound
        file.unlink()

    monkeypatch.setattr(_tasks.loading, "opening", vanishing)
    (outcome,) = _tasks.analyse_recordings(
        [recording_at(str(file), "00.wav")],
        lambda *_: None,
        analysis=FeatureAnalysis(featkit.feature_set("genre75")),
        excerpt=Excerpt(),
        identify=True,
    )
    assert outcome.rows is None
    assert (outcome.failure.stage, outcome.failure.error) == ("open", "AudioError")
    assert "removed or replaced during the run" in outcome.failure.message


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_long_recording_that_cannot_be_buffered_names_the_full_folder(corpus, monkeypatch):
    monkeypatch.setattr(_tasks.loading.streams, "LONGEST_HELD", 1000)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    monkeypatch.setattr(tempfile, "gettempdir", full)
    monkeypatch.setattr(tempfile, "tempdir", None)
    soundfile.write(corpus / "long.flac", signals.noise(SR, 0.2), SR)
    (failure,) = extract(corpus / "long.flac", output=None).failures
    assert (failure.stage, failure.error) == ("spool", "WriteError")
    assert failure.message.startswith(
        "the folder for temporary files: cannot write a temporary file for a long recording"
    )
    assert "No space left on device" in failure.message
    assert "TMPDIR" in failure.message


# Files that crash or hang


POISON = """
import os, pathlib

stat = pathlib.Path.stat


def deadly(path, **kwargs):
    if path.name == "poison.wav":
        os._exit(9)
    return stat(path, **kwargs)


pathlib.Path.stat = deadly
"""


def test_a_file_that_exits_its_worker_fails_alone(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for k in range(40):
        write_audio(folder / f"{k:02d}.wav", clip(k, 0.1))
    write_audio(folder / "poison.wav", clip(0, 0.1))
    (tmp_path / "sitecustomize.py").write_text(POISON)
    done = subprocess.run(
        [sys.executable, "-m", "featkit", "extract", folder, "-o", "a.csv", "--jobs", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert len(featkit.FeatureTable.read(tmp_path / "a.csv")) == 40
    (failure,) = pd.read_csv(tmp_path / "a.csv.failures.csv").to_dict("records")
    assert (failure["path"], failure["stage"]) == ("poison.wav", "worker")


DEADLY = """
import os, pathlib, signal, time

stat = pathlib.Path.stat


def deadly(path, **how):
    if path.name == "poison.wav":
        os.kill(os.getpid(), signal.SIGSEGV)
    if path.name == "endless.wav":
        time.sleep(600)
    return stat(path, **how)


pathlib.Path.stat = deadly
"""


def deadly_environment(folder):
    """An environment in which files with certain names crash or hang their reader."""
    return customised(folder, DEADLY)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_crashes_or_hangs_its_worker_fails_alone(corpus, jobs):
    for name in ("poison", "endless"):
        write_noise(corpus / "1" / f"{name}.wav", 80)
    environment = deadly_environment(corpus.parent)
    done = run_command("--jobs", jobs, "--timeout", 3, status=3, env=environment, timeout=PATIENCE)
    assert "Fatal Python error" not in done.stderr
    assert "out.parquet: 24 rows" in done.stderr
    assert re.search(r"failures by stage: (worker|timeout) 1, (worker|timeout) 1", done.stderr)
    listed = (corpus.parent / "out.parquet.failures.csv").read_text("utf-8")
    endless, poison = csv.DictReader(listed.splitlines())
    assert endless == {
        "path": "1/endless.wav",
        "stage": "timeout",
        "error": "TimeoutError",
        "message": "took longer than 3 s",
    }
    assert (poison["path"], poison["stage"]) == ("1/poison.wav", "worker")
    assert poison["message"].startswith("the worker process died (SIGSEGV)")
    assert count_stored() == (24, 24)
    second = extract(corpus, n_jobs=jobs)
    assert (second.resumed, second.failures) == (24, [])


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads cannot be counted")
def test_a_single_file_that_crashes_is_a_failure(corpus):
    write_noise(corpus / "poison.wav", 80)
    words = [sys.executable, "-m", "featkit", "extract", "corpus/poison.wav", "-o", "one.csv"]
    environment = deadly_environment(corpus.parent)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "poison.wav: worker: the worker process died (SIGSEGV)" in done.stderr
    assert "one.csv: 0 rows" in done.stderr


def test_slow_files_are_stored_one_by_one(corpus, monkeypatch):
    def stop(progress):
        if progress.done:
            raise KeyboardInterrupt

    with monkeypatch.context() as quick:
        quick.setattr(executor, "CHUNK_SECONDS", 0.0)
        with pytest.raises(KeyboardInterrupt):
            extract(corpus, progress=stop)
    assert count_stored() == (1, 1)
    assert extract(corpus).resumed == 1
    assert count_stored() == (24, 24)
