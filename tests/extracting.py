"""Corpora, runs of the command and comparisons that several tests of batches share."""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import soundfile
from deadly import PATIENCE

import featkit
from featkit import signals

SR = 22050


def write_noise(file, number, seconds=0.2):
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, signals.noise(SR, seconds, seed=number), SR, subtype="PCM_16")


def extract(corpus, **options):
    return featkit.extract(
        corpus, **{"output": "out.parquet", "features": "genre75", "n_jobs": 1, **options}
    )


def count_stored(output="out.parquet"):
    """Number of stored recordings, and of their different contents."""
    with closing(sqlite3.connect(f"{output}.parts")) as parts:
        return parts.execute("SELECT count(*), count(DISTINCT digest) FROM contents").fetchone()


def progress_steps(seen):
    """The different pairs of finished and resumed files, in the order of progress."""
    return list(dict.fromkeys((progress.done, progress.resumed) for progress in seen))


def command(*arguments):
    words = ["extract", "corpus", "-o", "out.parquet", "--features", "genre75", *arguments]
    return [sys.executable, "-m", "featkit", *map(str, words)]


def run_command(*arguments, status=0, **how):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **how)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def start_run(*arguments):
    """Start a run, and wait until it has stored some files, but not all."""
    running = subprocess.Popen(
        command(*arguments), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    log = "out.parquet.parts-wal"
    had = os.path.getsize(log) if os.path.exists(log) else 0
    while running.poll() is None:
        time.sleep(0.01)
        if os.path.exists(log) and os.path.getsize(log) > max(had, 60_000):
            break
    return running


def has_ended(group):
    for _ in range(50 * PATIENCE):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def customised(folder, script):
    """An environment in which every Python process runs a script first."""
    (folder / "sitecustomize.py").write_text(script)
    package = os.path.dirname(os.path.dirname(featkit.__file__))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), package])}


def write_audio(path, y, sr=SR):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y, sr, subtype="PCM_16")
    return path


def clip(number, seconds):
    """Clicks, a tone and noise: a signal for every descriptor, different for each number."""
    y = 0.4 * signals.clicks(90 + 7 * number, SR, seconds)
    y += signals.sine(200.0 * (1 + number % 5), SR, seconds, amplitude=0.3)
    return y + signals.noise(SR, seconds, amplitude=0.02, seed=number)


def same_bits(a, b):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    assert a.shape == b.shape
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    is_number = ~np.isnan(a)
    np.testing.assert_array_equal(a[is_number].view(np.uint64), b[is_number].view(np.uint64))


def same_tables(a, b):
    assert list(a.data.columns) == list(b.data.columns)
    assert a.data["path"].tolist() == b.data["path"].tolist()
    same_bits(a.data[["start", "end"]], b.data[["start", "end"]])
    same_bits(a.features, b.features)


def paths(extraction):
    return extraction.table.data["path"].tolist()
