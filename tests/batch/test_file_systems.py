"""Where files lie: drives without locks, links, pipes, deep folders, daemonic processes."""

import errno
import multiprocessing
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner

import featkit
from featkit import signals
from featkit._utils.workers import why_no_processes, worker_count
from featkit.batch import _checkpoint_file
from featkit.cli._main import main
from featkit.errors import FeatkitError, ParameterError, TableError, WriteError
from featkit.executors import _loky
from featkit.models.model_file import read_model
from featkit.report.page import read_scores
from featkit.storage.writing import check_writable
from featkit.table.feature_table import FeatureTable

SR = 8000


COUNT = 4


FEATURES = {
    "name": "small",
    "sample_rate": "native",
    "features": [{"family": "rms", "statistics": ["mean"]}],
}


def write(file, number):
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, signals.noise(SR, 0.2, seed=number), SR)


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    for number in range(COUNT):
        write(tmp_path / "corpus" / f"{number}.wav", number)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


def extract(inputs="corpus", **options):
    return featkit.extract(inputs, **{"features": FEATURES, "n_jobs": 1, **options})


@contextmanager
def within(seconds=20):
    """Fail after some seconds, instead of hanging."""

    def late(*_):
        raise AssertionError(f"it takes longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


NO_LOCKS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
static int go(const char *name, int fd, int what, void *how) {
  if (what == F_SETLK || what == F_SETLKW || what == F_GETLK) { errno = REFUSAL; return -1; }
  int (*real)(int, int, ...) = dlsym(RTLD_NEXT, name);
  return real(fd, what, how);
}
#define HOW va_list a; va_start(a, what); void *how = va_arg(a, void *); va_end(a);
int fcntl(int fd, int what, ...) { HOW return go("fcntl", fd, what, how); }
int fcntl64(int fd, int what, ...) { HOW return go("fcntl64", fd, what, how); }
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"), reason="needs Linux and cc"
)
@pytest.mark.parametrize("refusal", ["ENOLCK", "EOPNOTSUPP"])
def test_a_drive_without_locks_is_written_to_with_a_remark(corpus, tmp_path, refusal):
    source, library = tmp_path / "n.c", tmp_path / "n.so"
    source.write_text(NO_LOCKS.replace("REFUSAL", refusal))
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    words = ["extract", "corpus", "-o", "t.csv", "--features", "genre75", "--jobs", "1"]
    for resumed in (False, True):
        done = subprocess.run(
            [sys.executable, "-m", "featkit", *words],
            env={**os.environ, "LD_PRELOAD": str(library)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "this drive has no file locks" in done.stderr
        assert ("4 files from earlier runs" in done.stderr) == resumed
    expected = extract(features="genre75").table
    np.testing.assert_array_equal(FeatureTable.read("t.csv").values, expected.values)


def test_a_lock_that_fails_though_there_are_locks_is_another_run(corpus, monkeypatch):
    extract(output="t.csv")
    with closing(sqlite3.connect("t.csv.parts", isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(WriteError, match="another run is using this table"):
            extract(output="t.csv")
        other.execute("COMMIT")
    assert extract(output="t.csv").resumed == COUNT


def test_locks_of_a_drive_are_tested_with_a_new_file(corpus, tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    before = sorted(os.listdir(tmp_path))
    assert _checkpoint_file.has_locks(tmp_path)

    def refused(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refused)
    assert not _checkpoint_file.has_locks(tmp_path)
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("is_there", [True, False])
def test_an_output_that_is_a_link_stays_one_and_its_target_is_written(corpus, ending, is_there):
    os.mkdir("far")
    target, link = Path(f"far/table.{ending}"), Path(f"t.{ending}")
    if is_there:
        target.write_text("an earlier table")
    link.symlink_to(target)
    (corpus / "no.wav").write_text("no sound")
    extract(output=link)
    assert os.readlink(link) == str(target)
    expected = extract(output=f"expected.{ending}")
    assert target.read_bytes() == Path(f"expected.{ending}").read_bytes()
    expected_files = {target.name, f"{target.name}.parts", f"{target.name}.failures.csv"}
    assert {*os.listdir("far")} == expected_files
    assert not any(name.startswith("t.") and name != link.name for name in os.listdir())
    again = extract(output=target)
    assert (again.resumed, again.failures) == (COUNT, expected.failures)
    (corpus / "no.wav").unlink()
    assert extract(output=link).resumed == COUNT
    assert {*os.listdir("far")} == expected_files - {f"{target.name}.failures.csv"}
    assert link.is_symlink()


def test_the_command_names_the_failures_where_they_are(corpus):
    os.mkdir("far")
    Path("t.csv").symlink_to("far/table.csv")
    (corpus / "no.wav").write_text("no sound")
    words = ["extract", "corpus", "-o", "t.csv", "--features", "genre75", "--jobs", "1"]
    done = CliRunner().invoke(main, words)
    assert f"1 failed, see {os.path.realpath('far/table.csv.failures.csv')}" in done.stderr


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("t.csv", r"t\.csv: cannot be written: Too many levels"),
        ("corpus", r"t\.csv \(a link to .*corpus\): is a folder"),
        ("nowhere/t.csv", r"t\.csv \(a link to .*t\.csv\): there is no folder .*nowhere"),
    ],
)
def test_an_output_that_links_to_an_unwritable_file_is_refused(corpus, target, cause):
    os.symlink(target, "t.csv")
    with pytest.raises(ParameterError, match=cause):
        extract(output="t.csv")
    assert os.readlink("t.csv") == target


def test_a_link_to_an_input_is_no_output(corpus):
    os.symlink("corpus/0.wav", "t.csv")
    with pytest.raises(ParameterError, match="is an input and would be overwritten"):
        extract(output="t.csv")


@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_an_output_that_is_a_pipe_is_refused(corpus, name):
    os.mkfifo(name)
    with within(), pytest.raises(ParameterError, match="is a pipe or a device, not a file to wri"):
        extract(output=name)
    with within(), pytest.raises(ParameterError, match="is a pipe or a device, not a file to wri"):
        check_writable(name)


def test_a_list_of_failures_that_cannot_be_written_is_refused_before_any_work(corpus):
    os.mkdir("t.csv.failures.csv")
    with pytest.raises(ParameterError, match=r"t\.csv\.failures\.csv: is a folder"):
        extract(output="t.csv")
    assert not os.path.exists("t.csv.parts")


@pytest.mark.parametrize(
    ("name", "use", "error"),
    [
        ("p.csv", FeatureTable.read, TableError),
        ("p.parquet", FeatureTable.read, TableError),
        ("p.csv", lambda name: extract((), manifest=name), TableError),
        ("p.toml", featkit.feature_set, ParameterError),
        ("p.json", read_scores, TableError),
        ("p.fk", read_model, FeatkitError),
    ],
)
def test_a_pipe_in_place_of_a_file_is_an_error(tmp_path, monkeypatch, name, use, error):
    monkeypatch.chdir(tmp_path)
    os.mkfifo(name)
    with within(), pytest.raises(error, match=rf"{name}: .* a pipe or a device") as caught:
        use(name)
    assert "Errno" not in str(caught.value)


def test_a_manifest_from_a_pipe_of_the_shell_is_an_error_with_a_remedy(corpus):
    reading, writing = os.pipe()
    os.write(writing, b"path\n0.wav\n")
    os.close(writing)
    with (
        within(),
        pytest.raises(TableError, match="a pipe or a device: save the data to a file first"),
    ):
        extract("corpus", manifest=f"/dev/fd/{reading}")
    os.close(reading)


@pytest.fixture
def deep(corpus):
    """Folders nested deeper than the limits of Python's stack and of paths."""
    levels = 2200
    top = os.getcwd()
    os.chdir("corpus")
    for level in range(levels):
        os.mkdir("d")
        os.chdir("d")
        if level in (100, levels - 1):
            shutil.copy(corpus / "0.wav", "deep.wav")
    yield corpus
    for _ in range(levels):
        for name in os.listdir():
            os.unlink(name) if name.endswith("wav") else os.rmdir(name)
        os.chdir("..")
    os.rmdir("d")
    os.chdir(top)


def test_a_folder_that_is_too_deep_is_a_failure_and_all_others_are_read(deep):
    begin = time.process_time()
    extraction = extract(deep, labels="folder")
    assert time.process_time() - begin < 15  # a second; a minute if links were followed anew
    assert extraction.rows == COUNT + 1
    (failure,) = extraction.failures
    assert (failure.stage, failure.message) == ("open", "File name too long")
    assert failure.path.startswith("d/d/d/")


def extract_in_daemon(options):
    try:
        extraction = extract(**options)
    except FeatkitError as error:
        return str(error), None
    return extraction.remarks, extraction.table.values.tobytes()


OPTIONS = [
    {"n_jobs": jobs, "output": output, "inputs": inputs}
    for jobs in (None, 1, 2)
    for output in (None, f"{jobs}.csv")
    for inputs in ("corpus", "corpus/0.wav")
]


def test_a_daemonic_worker_analyses_everything_itself_with_the_same_results(corpus):
    late = {"timeout": 10.0, "n_jobs": 1}
    with multiprocessing.get_context("spawn").Pool(1) as daemons:
        *results, refused = daemons.map(extract_in_daemon, [*OPTIONS, late])
    expected = {
        inputs: extract(inputs).table.values.tobytes() for inputs in ("corpus", "corpus/0.wav")
    }
    for options, (remarks, values) in zip(OPTIONS, results, strict=True):
        assert values == expected[options["inputs"]]
        quiet = options["inputs"] != "corpus" or options == {**OPTIONS[0], "n_jobs": 1}
        expected_remarks = [] if quiet else ["all recordings were analysed in the calling process"]
        assert [remark.partition(": it")[0] for remark in remarks] == expected_remarks
    assert "timeout needs worker processes" in refused[0]
    assert "it is a daemonic worker process" in refused[0]


def test_a_system_without_semaphores_works_in_one_process(corpus, monkeypatch):
    def refused():
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(multiprocessing, "Lock", refused)
    monkeypatch.setattr(_loky, "shared_executor", None)
    assert "no semaphores (Function not implemented)" in why_no_processes()
    assert worker_count(2) == 1
    extraction = extract(n_jobs=2, output="t.csv")
    assert extraction.rows == COUNT
    assert "no semaphores" in extraction.remarks[0]


def test_a_folder_that_is_removed_during_a_run_is_an_error(corpus):
    os.mkdir("out")

    def remove(progress):
        if progress.done == COUNT:
            shutil.rmtree("out", ignore_errors=True)

    with pytest.raises(WriteError, match=r"out/t\.csv"):
        extract(output="out/t.csv", progress=remove)


def test_a_current_folder_that_was_removed_is_an_error(corpus):
    script = f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -m featkit extract"
    done = subprocess.run(
        ["sh", "-c", f"{script} {corpus} -o t.csv"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the current folder was removed" in done.stderr
    assert "Traceback" not in done.stderr
