"""A batch that is left alone: nothing that was finished is lost, whatever happens to it."""

import contextlib
import csv
import errno
import glob
import json
import os
import re
import resource
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace

import deadly
import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from deadly import PATIENCE
from hypothesis import given, settings
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit._utils.workers import ONE_THREAD
from featkit.audio.excerpt import Excerpt
from featkit.audio.native import Native
from featkit.batch import _pool, _worker
from featkit.batch._checkpoint import kept_parts
from featkit.batch._fingerprints import NO_STAMP, SETTLED, Content
from featkit.batch._settings import computed_by
from featkit.batch.outcomes import Outcome
from featkit.cli._main import main
from featkit.datasets.files import Recording
from featkit.errors import FeatkitError, ParameterError, WriteError
from featkit.schema import COLUMNS

SR = 22050


def write(file, number, seconds=0.2):
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, signals.noise(SR, seconds, seed=number), SR, subtype="PCM_16")


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    for number in range(24):
        write(tmp_path / "corpus" / f"{number % 3}" / f"{number:02d}.wav", number)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


def extract(corpus, **options):
    return featkit.extract(
        corpus, **{"output": "out.parquet", "features": "genre75", "n_jobs": 1, **options}
    )


def computed(output="out.parquet"):
    """What was computed since the beginning, and how much of it is different."""
    with closing(sqlite3.connect(f"{output}.parts")) as parts:
        return parts.execute("SELECT count(*), count(DISTINCT digest) FROM contents").fetchone()


def steps(seen):
    """How many files were finished, and how many of them before, as it went on."""
    return list(dict.fromkeys((progress.files, progress.resumed) for progress in seen))


def command(*arguments):
    words = ["extract", "corpus", "-o", "out.parquet", "--features", "genre75", *arguments]
    return [sys.executable, "-m", "featkit", *map(str, words)]


def run(*arguments, status=0, **how):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, **how)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


# What is finished stays finished


def test_a_second_run_computes_nothing(corpus):
    first = extract(corpus)
    written = (corpus.parent / "out.parquet").read_bytes()
    seen = []
    second = extract(corpus, n_jobs=2, progress=seen.append)
    assert (first.resumed, second.resumed, second.files, second.rows) == (0, 24, 24, 24)
    assert second.seconds == 0
    told = steps(seen)
    assert (told[0], told[-1]) == ((0, 0), (24, 24))
    assert all(files == resumed for files, resumed in told)
    assert (corpus.parent / "out.parquet").read_bytes() == written
    assert computed() == (24, 24)


def test_only_what_is_new_or_changed_is_done(corpus):
    extract(corpus)
    write(corpus / "1" / "new.wav", 90)
    write(corpus / "0" / "00.wav", 91)
    (corpus / "2" / "02.wav").unlink()
    seen = []
    second = extract(corpus, progress=seen.append)
    assert (second.resumed, second.files) == (22, 24)
    assert steps(seen)[0] == (0, 0)
    assert steps(seen)[-3:] == [(22, 22), (23, 22), (24, 22)]
    assert computed() == (25, 25)
    expected = featkit.extract(corpus, features="genre75", n_jobs=1).table
    np.testing.assert_array_equal(second.table.values, expected.values)
    assert list(second.table.keys["path"]) == list(expected.keys["path"])


def test_a_file_is_known_by_its_content_wherever_it_lies(corpus):
    extract(corpus)
    os.utime(corpus / "0" / "00.wav")
    (corpus / "0" / "03.wav").rename(corpus / "1" / "moved.wav")
    shutil.copy(corpus / "2" / "02.wav", corpus / "2" / "copy.wav")
    second = extract(corpus)
    assert (second.resumed, second.files) == (25, 25)
    assert computed() == (24, 24)
    rows = second.table.data.set_index("path")[second.table.feature_names]
    assert rows.loc["2/copy.wav"].equals(rows.loc["2/02.wav"].rename("2/copy.wav"))
    assert extract(corpus).resumed == 25


def test_the_ending_of_a_file_which_decides_who_decodes_it_is_part_of_its_content(corpus):
    extract(corpus)
    shutil.copy(corpus / "0" / "00.wav", corpus / "0" / "same.WAV")
    shutil.copy(corpus / "0" / "00.wav", corpus / "0" / "other.m4a")
    assert extract(corpus).resumed == 25
    assert computed() == (25, 25)


def test_a_file_that_lay_untouched_is_not_even_read(corpus, monkeypatch):
    time.sleep(SETTLED + 0.1)
    extract(corpus)
    monkeypatch.delattr(_pool, "started")
    assert extract(corpus).resumed == 24


def test_a_file_that_was_written_just_now_is_read_again(corpus, monkeypatch):
    for file in corpus.rglob("*.wav"):
        os.utime(file)
    extract(corpus)
    with closing(sqlite3.connect("out.parquet.parts")) as parts:
        assert (NO_STAMP,) in parts.execute("SELECT stamp FROM files").fetchall()
    assert extract(corpus).resumed == 24


def test_what_is_said_of_recordings_is_not_computed(corpus):
    extract(corpus)
    labelled = extract(corpus, labels="folder")
    assert labelled.resumed == 24
    assert sorted(set(labelled.table.labels)) == ["0", "1", "2"]
    assert labelled.table.provenance["corpus"]["labels"] == "folder"


def test_a_way_through_a_link_leads_where_the_system_says(corpus):
    write(corpus / "0" / "z.wav", 70)
    write(corpus / "z.wav", 71)
    (corpus / "lnk").symlink_to(corpus / "0" / "sub")
    (corpus / "0" / "sub").mkdir()
    through, other = corpus / "lnk" / ".." / "z.wav", corpus / "1" / "01.wav"
    expected = extract([corpus / "0" / "z.wav", other], output=None).table
    for resumed in (0, 2):
        found = extract([through, corpus / "0" / "z.wav", other], labels="folder")
        assert found.resumed == resumed
        np.testing.assert_array_equal(found.table.values, expected.values)
        assert list(found.table.keys["path"]) == ["z.wav", "01.wav"]
        assert list(found.table.keys["label"]) == ["0", "1"]
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
    write(corpus / "0" / "text.wav", 77)
    third = extract(corpus)
    assert (third.failures, third.resumed) == ([], 24)


def test_csv_is_resumed_and_the_table_knows_where_it_came_from(corpus):
    extract(corpus, output="out.csv")
    second = extract(corpus, output="out.csv")
    assert second.resumed == 24
    assert second.table.provenance["feature_set"]["name"] == "genre75"
    expected = featkit.extract(corpus, features="genre75", n_jobs=1).table
    np.testing.assert_array_equal(second.table.values, expected.values)
    assert second.table.provenance == expected.provenance


def test_a_single_recording_is_not_kept(corpus):
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
    assert list(table.quality) == [column.name for column in COLUMNS]
    for column in COLUMNS:
        assert table.quality[column.name].dtype == column.dtype
        np.testing.assert_array_equal(table.quality[column.name], expected.quality[column.name])
    silent = list(table.keys["path"]).index("0/03.wav")
    assert table.quality["quality_silent"].tolist() == [k == silent for k in range(24)]
    assert table.quality["quality_channels"][silent] == 2
    assert table.quality["quality_sample_rate"][silent] == 16000
    assert table.quality["quality_duration"][silent] == pytest.approx(0.25)


def test_segments_are_resumed(corpus):
    options = {"segment": 0.05, "segment_hop": 0.03}
    first = extract(corpus, **options).table
    second = extract(corpus, **options)
    assert second.resumed == 24
    assert second.rows == len(first) > 24
    np.testing.assert_array_equal(second.table.values, first.values)
    np.testing.assert_array_equal(second.table.keys["start"], first.keys["start"])


# Other settings, another run, a damaged file


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"segment": 0.1}, r"excerpt\.segment was none, is 0\.1"),
        ({"offset": 0.1}, r"excerpt\.offset was 0\.0, is 0\.1"),
        ({"features": "standard"}, "feature set was genre75, version 1, is standard"),
    ],
)
def test_other_settings_are_refused_unless_all_is_done_anew(corpus, other, message):
    extract(corpus)
    with pytest.raises(ParameterError, match=message) as refused:
        extract(corpus, **other)
    assert "out.parquet.parts: was made with other settings" in str(refused.value)
    assert "--fresh (fresh=True)" in str(refused.value)
    fresh = extract(corpus, fresh=True, **other)
    assert fresh.resumed == 0
    assert extract(corpus, **other).resumed == 24


def test_other_versions_are_other_settings(corpus, monkeypatch):
    extract(corpus)
    monkeypatch.setattr("featkit.batch._settings._version", lambda name: "0.0.1")
    with pytest.raises(
        ParameterError, match=r"versions\.featkit was .*, is 0\.0\.1; .* and [23] more"
    ):
        extract(corpus)


@pytest.fixture
def decoders(monkeypatch):
    """Decoders of which PyAV reads the files called .m4a, which are WAV files."""
    there = {"libsndfile": "1.2.2", "PyAV": "14.0.0"}
    of = Native.of

    def native(reader):
        told = of(reader)
        return replace(told, decoder="PyAV") if reader._name.endswith(".m4a") else told

    monkeypatch.setattr(Native, "of", native)
    for user in ("_settings", "_checkpoint"):
        monkeypatch.setattr(f"featkit.batch.{user}.versions", lambda: dict(there))
    monkeypatch.setattr(_pool, "started", None)  # it all happens here
    results = _pool.results
    here = lambda *arguments, **how: results(*arguments, **{**how, "processes": 0})  # noqa: E731
    monkeypatch.setattr(_pool, "results", here)
    return there


def test_the_decoders_that_were_used_are_told_with_what_each_read(corpus, decoders):
    table = extract(corpus).table
    assert table.provenance["decoders"] == {"libsndfile": "1.2.2"}
    assert table.provenance["decoded"] == {"libsndfile": 24}
    (corpus / "0" / "00.wav").rename(corpus / "0" / "00.m4a")
    extract(corpus)
    told = CliRunner().invoke(main, ["inspect", "out.parquet"])
    assert re.search(r"decoders\s+PyAV 14\.0\.0, libsndfile 1\.2\.2\n", told.output)
    assert re.search(r"recordings by decoder\s+PyAV 1, libsndfile 23\n", told.output)
    written = (corpus.parent / "out.parquet").read_bytes()
    assert extract(corpus).resumed == 24
    assert (corpus.parent / "out.parquet").read_bytes() == written
    extract(corpus, fresh=True)
    assert (corpus.parent / "out.parquet").read_bytes() == written


def test_a_decoder_that_read_nothing_may_come_and_go(corpus, decoders):
    del decoders["PyAV"]
    extract(corpus)
    for decoders["PyAV"] in ("14.0.0", "15.0.0"):
        assert extract(corpus).resumed == 24


def test_what_another_version_of_a_decoder_read_is_done_again(corpus, decoders):
    (corpus / "0" / "00.wav").rename(corpus / "0" / "00.m4a")
    extract(corpus)
    for version in ("15.0.0", "16.0.0"):
        decoders["PyAV"] = version
        second = extract(corpus)
        assert second.resumed == 23
        assert second.table.provenance["decoders"]["PyAV"] == version
    assert extract(corpus).resumed == 24
    assert computed() == (24, 24)


def test_settings_hold_what_is_finished_alone(corpus):
    only = corpus / "a.wav"
    only.write_text("no sound")
    (corpus / "b.wav").write_text("no sound either")
    extract([only, corpus / "b.wav"])
    assert extract(corpus, offset=0.05).resumed == 0
    with pytest.raises(ParameterError, match="other settings"):
        extract(corpus)


MINE = {"name": "mine", "title": "Levls", "features": [{"family": "rms", "statistics": ["mean"]}]}


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"features": MINE}, {"features": {**MINE, "title": "Levels", "reference": "a book"}}),
        ({"segment": 0.1}, {"segment": 0.1, "segment_hop": 0.1}),
        ({"segment": 1, "segment_tail": "keep"}, {"segment": 1.0, "segment_tail": "keep"}),
    ],
)
def test_what_means_the_same_is_the_same_setting(corpus, before, now):
    extract(corpus, **before)
    again = extract(corpus, **now)
    assert again.resumed == 24
    fresh = extract(corpus, output="fresh.parquet", **now)
    assert again.table.provenance == fresh.table.provenance


def test_a_package_that_computes_a_family_is_part_of_where_its_numbers_came_from():
    features = [{"family": "constant_q", "statistics": ["mean"]}]
    for chosen, told in (({"features": features}, True), ("genre75", False)):
        settings = computed_by(featkit.feature_set(chosen), Excerpt())
        assert ("librosa" in settings["versions"]) == told


def test_parts_that_no_file_has_any_more_are_removed(corpus):
    extract(corpus)
    for number in range(100, 103):
        write(corpus / "0" / "00.wav", number)
        extract(corpus)
        assert computed() == (24, 24)
    (corpus / "0" / "00.wav").rename(corpus / "0" / "moved.wav")
    assert extract(corpus).resumed == 24


def test_a_single_recording_is_held_to_the_batch_that_made_the_table(corpus):
    extract(corpus)
    one = corpus / "0" / "00.wav"
    with pytest.raises(ParameterError, match="feature set was genre75, version 1, is standard"):
        extract(one, features="standard")
    with closing(sqlite3.connect("out.parquet.parts")) as parts:
        there = json.loads(parts.execute("SELECT text FROM settings").fetchone()[0])
    with kept_parts("out.parquet", {k: v for k, v in there.items() if k != "parts"}):
        done = subprocess.run(
            [sys.executable, "-m", "featkit", "extract", one, "-o", "out.parquet"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "another run is at work on this table" in done.stderr
    found = extract(one)
    assert (found.rows, found.resumed) == (1, 1)


def test_two_runs_do_not_mix(corpus):
    extract(corpus)
    with closing(sqlite3.connect("out.parquet.parts")) as parts:
        there = json.loads(parts.execute("SELECT text FROM settings").fetchone()[0])
    with kept_parts("out.parquet", {k: v for k, v in there.items() if k != "parts"}):
        done = run("--jobs", 1, status=1)
        fresh = run("--jobs", 1, "--fresh", status=1)
    for each in (done, fresh):
        assert "out.parquet.parts: another run is at work on this table" in each.stderr
    assert extract(corpus).resumed == 24


def test_a_damaged_file_of_parts_is_told_and_can_be_done_without(corpus):
    expected = extract(corpus).table
    with open("out.parquet.parts", "wb") as parts:
        parts.write(b"not what it was" * 1000)
    with pytest.raises(WriteError, match="start over with --fresh"):
        extract(corpus)
    again = extract(corpus, fresh=True)
    assert again.resumed == 0
    np.testing.assert_array_equal(again.table.values, expected.values)


def test_parts_may_be_deleted(corpus):
    extract(corpus)
    os.unlink("out.parquet.parts")
    assert extract(corpus).resumed == 0


SHARES = 12


def finished(file, digest, rows):
    return file, Outcome(content=Content(digest, 1, "1 2 3"), decoder="libsndfile"), rows


@pytest.fixture(scope="module")
def torn(tmp_path_factory):
    """Parts as a kill leaves them: not closed, in two files."""
    folder = tmp_path_factory.mktemp("torn")
    with kept_parts(folder / "a", {}) as parts:
        for share in range(SHARES):
            digests = [bytes([share, member]) * 16 for member in range(3)]
            parts.keep(
                finished(f"{share}-{member}", digest, np.full((1, 40), share + 0.5))
                for member, digest in enumerate(digests)
            )
        for file in folder.glob("a.parts*"):
            shutil.copy(file, folder / file.name.replace("a.", "b."))
    return folder


@settings(max_examples=40)
@given(share=st.floats(0, 1))
def test_a_torn_end_is_a_share_that_is_not_there_and_no_other_is_lost(torn, share):
    for file in torn.glob("b.parts*"):
        shutil.copy(file, torn / file.name.replace("b.", "c."))
    log = torn / "c.parts-wal"
    assert log.stat().st_size > 10_000
    os.truncate(log, round(share * log.stat().st_size))
    with kept_parts(torn / "c", {}) as parts:
        found = [
            parts.unchanged(f"{k}-{member}", "1 2 3") for k in range(SHARES) for member in range(3)
        ]
        there = [part for part in found if part is not None]
        assert found[: len(there)] == there
        assert len(there) % 3 == 0
        for place, part in enumerate(there):
            np.testing.assert_array_equal(parts.rows(part, 40), np.full((1, 40), place // 3 + 0.5))
    if share == 1:
        assert len(there) == 3 * SHARES


def test_a_share_is_kept_as_a_whole_or_not_at_all(tmp_path):
    def killed():
        yield finished("a", b"a", np.zeros((1, 3)))
        raise RuntimeError("killed here")

    with kept_parts(tmp_path / "a", {}) as parts:
        with pytest.raises(RuntimeError):
            parts.keep(killed())
        assert parts.unchanged("a", "1 2 3") is None
        assert not parts.of_size(1)


# Processes that die or hang


def fates(items, *, timeout=None, size=4, work=deadly.fate):
    answers = _pool.results(work, items, processes=2, size=size, timeout=timeout)
    told = {}
    for share in answers:
        for place, answer in share:
            assert place not in told
            told[place] = answer
    return [told[place] for place in range(len(items))]


def test_who_dies_is_found_and_all_others_are_done():
    items = [f"{k}" for k in range(22)]
    items[5] = items[6] = "dies"
    items[20] = "leaves"
    expected = [f"{item} is done" for item in items]
    expected[5] = expected[6] = _pool.Death("SIGKILL", timeout=False)
    expected[20] = _pool.Death("exit status 7", timeout=False)
    assert fates(items) == expected


def test_who_hangs_is_ended_and_all_others_are_done():
    items = [f"{k}" for k in range(10)]
    items[3] = "hangs"
    begin = time.monotonic()
    answers = fates(items, timeout=1.5)
    assert time.monotonic() - begin < PATIENCE
    assert answers[3] == _pool.Death("SIGALRM", timeout=True)
    assert answers[:3] + answers[4:] == [f"{k} is done" for k in range(10) if k != 3]


def test_who_dies_among_others_that_are_worked_on_together_is_found():
    answers = fates(["a", "b", "dies", "c", "d"], size=5, work=deadly.stack)
    assert answers[2] == _pool.Death("SIGSEGV", timeout=False)
    assert answers[:2] + answers[3:] == [f"{item} is done" for item in "abcd"]


def test_processes_that_die_before_they_begin_are_an_error():
    with pytest.raises(FeatkitError, match="worker processes die before they begin") as told:
        fates(["a", "b"], work=deadly.unable)
    assert str(told.value) == (
        "worker processes die before they begin (exit status 1): is there too little memory for 2?"
        " Try fewer of them, such as --jobs 1 (n_jobs=1)"
    )


def test_a_share_ends_by_the_clock_and_its_rest_is_given_out_again(monkeypatch):
    monkeypatch.setattr(_pool, "AT_ONCE", 0.3)
    for processes in (0, 1):
        told = list(_pool.results(deadly.fate, ["slow"] * 6, processes=processes, size=6))
        assert sorted(place for share in told for place, _ in share) == list(range(6))
        assert max(map(len, told)) < 6
        assert {answer for share in told for _, answer in share} == {"slow is done"}


def test_it_is_told_that_nothing_was_finished_meanwhile(monkeypatch):
    monkeypatch.setattr(_pool, "PULSE", 0.05)
    told = list(_pool.results(deadly.fate, ["slow"] * 3, processes=1, size=3))
    assert [] in told
    finished = [one for share in told for one in share]
    assert finished == [(place, "slow is done") for place in range(3)]


def test_what_takes_its_time_is_kept_one_by_one(corpus, monkeypatch):
    def stop(progress):
        if progress.files:
            raise KeyboardInterrupt

    with monkeypatch.context() as quick:
        quick.setattr(_pool, "AT_ONCE", 0.0)
        with pytest.raises(KeyboardInterrupt):
            extract(corpus, progress=stop)
    assert computed() == (1, 1)
    assert extract(corpus).resumed == 1
    assert computed() == (24, 24)


def test_a_fault_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError, match="a fault of ours"):
        fates(["a", "b"], work=deadly.broken)


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
    """An environment in which files of some names kill or hang whoever reads them."""
    return customised(folder, DEADLY)


def customised(folder, script):
    """An environment in which every Python runs a script first."""
    (folder / "sitecustomize.py").write_text(script)
    package = os.path.dirname(os.path.dirname(featkit.__file__))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), package])}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_kills_or_hangs_costs_itself_alone(corpus, jobs):
    for name in ("poison", "endless"):
        write(corpus / "1" / f"{name}.wav", 80)
    environment = deadly_environment(corpus.parent)
    done = run("--jobs", jobs, "--timeout", 3, status=3, env=environment, timeout=PATIENCE)
    assert "Fatal Python error" not in done.stderr
    assert "out.parquet: 24 rows" in done.stderr
    assert re.search(r"failed by stage: 1 in (worker|timeout), 1 in (worker|timeout)", done.stderr)
    listed = (corpus.parent / "out.parquet.failures.csv").read_text("utf-8")
    endless, poison = csv.DictReader(listed.splitlines())
    assert endless == {
        "path": "1/endless.wav",
        "stage": "timeout",
        "error": "TimeoutError",
        "message": "took longer than 3 s",
    }
    assert (poison["path"], poison["stage"]) == ("1/poison.wav", "worker")
    assert poison["message"].startswith("its process died (SIGSEGV)")
    assert computed() == (24, 24)
    second = extract(corpus, n_jobs=jobs)
    assert (second.resumed, second.failures) == (24, [])


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads cannot be counted")
def test_a_single_file_that_kills_is_a_failure(corpus):
    write(corpus / "poison.wav", 80)
    words = [sys.executable, "-m", "featkit", "extract", "corpus/poison.wav", "-o", "one.csv"]
    environment = deadly_environment(corpus.parent)
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "poison.wav: worker: its process died (SIGSEGV)" in done.stderr
    assert "one.csv: 0 rows" in done.stderr


def alone_in_a_process(work):
    """What `pool.results` tells of one item, in a process that has one thread."""
    script = (
        "import deadly; from featkit.batch import _pool; print(_pool._one_thread());"
        f" print(list(_pool.results(deadly.{work}, ['a'], processes=0, size=1)))"
    )
    environment = {**os.environ, **ONE_THREAD}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads cannot be counted")
def test_a_single_item_is_done_in_a_child_where_that_is_safe():
    done = alone_in_a_process("fate").stdout.splitlines()
    assert done == ["True", "[[(0, 'a is done')]]"]
    died = alone_in_a_process("unable").stdout.splitlines()
    assert died == ["True", "[[(0, Death(how='exit status 1', timeout=False))]]"]
    assert "ZeroDivisionError: a fault of ours" in alone_in_a_process("broken").stderr


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("nan"), float("inf"), 1e10])
def test_a_timeout_that_cannot_be_is_refused(corpus, timeout):
    with pytest.raises(ParameterError, match="timeout must be above 0 and at most 1e\\+07 s"):
        extract(corpus, timeout=timeout)


def test_the_timeout_of_a_file_is_for_all_that_is_done_with_it(corpus, monkeypatch):
    """An alarm is set anew whenever it is told what is worked on."""
    expected = extract(corpus, output=None).table
    told = []

    def here(work, items, **how):
        answers = work(items, lambda *places: told.append(places))
        yield list(enumerate(answers))

    monkeypatch.setattr(_pool, "results", here)
    found = extract(corpus, output=None, timeout=60.0).table
    assert told == [(k,) for k in range(24)]
    np.testing.assert_array_equal(found.values, expected.values)


def test_a_file_that_changes_while_it_is_read_is_a_failure(corpus, monkeypatch):
    file = corpus / "0" / "00.wav"
    opening = _worker.loading.opening

    @contextlib.contextmanager
    def changing(source, **how):
        with opening(source, **how) as sound:
            yield sound
        write(file, 99, seconds=0.3)

    monkeypatch.setattr(_worker.loading, "opening", changing)
    features = featkit.feature_set("genre75")
    (outcome,) = _worker.outcomes(
        [Recording(str(file), "00.wav")],
        lambda *_: None,
        features=features,
        excerpt=Excerpt(),
        identify=True,
    )
    assert outcome.rows is None
    assert outcome.failure.message == "the file changed while it was read"


def test_a_file_that_is_gone_while_earlier_work_is_looked_through_costs_itself_alone(corpus):
    extract(corpus)
    gone = corpus / "0" / "00.wav"
    seen = [Recording(str(gone), "0/00.wav"), Recording(str(corpus / "1" / "01.wav"), "1/01.wav")]
    gone.unlink()
    first, second = _worker.contents(seen, lambda *_: None)
    assert first is None
    assert second.size == (corpus / "1" / "01.wav").stat().st_size


def test_a_file_that_is_gone_once_it_was_read_could_not_be_opened(corpus, monkeypatch):
    file = corpus / "0" / "00.wav"
    opening = _worker.loading.opening

    @contextlib.contextmanager
    def vanishing(source, **how):
        with opening(source, **how) as sound:
            yield sound
        file.unlink()

    monkeypatch.setattr(_worker.loading, "opening", vanishing)
    (outcome,) = _worker.outcomes(
        [Recording(str(file), "00.wav")],
        lambda *_: None,
        features=featkit.feature_set("genre75"),
        excerpt=Excerpt(),
        identify=True,
    )
    assert outcome.rows is None
    assert (outcome.failure.stage, outcome.failure.error) == ("open", "AudioError")
    assert "removed or replaced meanwhile" in outcome.failure.message


# The end of a run before its time


def begun(*arguments):
    """A run that has finished some files, but not all."""
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


def ended(group):
    for _ in range(50 * PATIENCE):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def slow_corpus(tmp_path, monkeypatch):
    """Files of which some are finished long before all are."""
    for number in range(16):
        write(tmp_path / "corpus" / f"{number:02d}.wav", number)
    write(tmp_path / "corpus" / "16.wav", 16, seconds=60.0)
    for number in range(17, 80):
        os.link(tmp_path / "corpus" / "16.wav", tmp_path / "corpus" / f"{number}.wav")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_asked_to_stop_says_how_to_go_on(slow_corpus, number, status):
    running = begun("--jobs", 2)
    os.kill(running.pid, number)
    _, errors = running.communicate(timeout=PATIENCE)
    assert running.returncode == status, errors
    assert "Traceback" not in errors
    assert re.search(
        r"\d+ of 80 files are finished: the same command goes on from there", errors
    ), errors
    assert ended(running.pid)
    assert not os.path.exists("out.parquet")
    found, _ = computed()
    assert 0 < found < 80


def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_bytes(corpus):
    for number in range(24, 72):
        write(corpus / f"{number % 3}" / f"{number}.wav", number, seconds=2.0)
    extract(corpus, output="whole.parquet", n_jobs=2)
    kept = [0]
    for _ in range(3):
        running = begun("--jobs", 2)
        running.kill()
        running.communicate(timeout=PATIENCE)
        assert ended(running.pid)
        kept.append(looked_at())
        assert kept[-1] >= kept[-2]
    assert kept[-1] > 0
    resumed = extract(corpus, n_jobs=2)
    assert resumed.resumed == kept[-1]
    assert computed() == (72, 72)
    whole = corpus.parent / "whole.parquet"
    assert (corpus.parent / "out.parquet").read_bytes() == whole.read_bytes()


def test_processes_that_never_had_work_end_with_the_one_that_started_them():
    script = (
        "import time; from featkit.batch._pool import started; executor = started(3);"
        "executor.submit(time.sleep, 1000).add_done_callback(print); print(flush=True);"
        "time.sleep(1000)"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True
    )
    running.stdout.readline()
    running.kill()
    running.communicate(timeout=PATIENCE)
    assert ended(running.pid)


def looked_at():
    """Files that a killed run had finished, by a copy: to look would mend what the next has to."""
    os.makedirs("copy", exist_ok=True)
    for name in ("out.parquet.parts", "out.parquet.parts-wal"):
        if os.path.exists(name):
            shutil.copy(name, "copy")
    total, different = computed("copy/out.parquet")
    assert total == different
    return total


def test_what_a_killed_run_left_unfinished_is_removed_by_the_next(corpus):
    left = [".out.parquet.71.part", ".out.parquet.failures.csv.71.part"]
    others = [".out.parquet.old.71.part", ".other.parquet.71.part", "out.parquet.71.part"]
    for name in [*left, *others]:
        (corpus.parent / name).write_bytes(b"PAR1")
    with kept_parts("out.parquet", {}):
        being_written = corpus.parent / ".out.parquet.72.part"
        being_written.write_bytes(b"PAR1")
        with pytest.raises(WriteError, match="another run"):
            extract(corpus)
        assert being_written.exists()
    extract(corpus, fresh=True)
    there = {file.name for file in corpus.parent.iterdir()}
    assert there == {*others, "corpus", "out.parquet", "out.parquet.parts"}


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_batch_needs_no_folder_for_temporary_files(corpus):
    nowhere = "import tempfile\ntempfile._candidate_tempdir_list = list\n"
    done = run("--jobs", 2, env=customised(corpus.parent, nowhere))
    assert "24 rows" in done.stderr
    there = {"corpus", "out.parquet", "out.parquet.parts", "sitecustomize.py", "__pycache__"}
    assert {*os.listdir()} <= there


def test_where_no_note_can_be_written_the_folder_is_named(tmp_path, monkeypatch):
    with pytest.raises(WriteError, match=r"gone: workers cannot note there what they are on: No"):
        _pool._watched(deadly.fate, [0], ["a"], seconds=1, timeout=None, notes=f"{tmp_path}/gone")
    monkeypatch.setattr(_pool.tempfile, "TemporaryDirectory", full)
    monkeypatch.setattr(_pool.tempfile, "tempdir", "/tmp")
    with pytest.raises(WriteError, match=r"/tmp: .*No space left on device.* TMPDIR"):
        list(_pool.results(deadly.fate, ["a"], processes=1, size=1))


def test_a_long_recording_that_cannot_be_put_aside_says_what_is_full(corpus, monkeypatch):
    monkeypatch.setattr(_worker.loading.streams, "LONGEST_HELD", 1000)
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    monkeypatch.setattr(tempfile, "gettempdir", full)
    monkeypatch.setattr(tempfile, "tempdir", None)
    soundfile.write(corpus / "long.flac", signals.noise(SR, 0.2), SR)
    (failure,) = extract(corpus / "long.flac", output=None).failures
    assert (failure.stage, failure.error) == ("spool", "WriteError")
    assert failure.message.startswith("the folder for temporary files: cannot put a long recording")
    assert "No space left on device" in failure.message
    assert "TMPDIR" in failure.message


def test_notes_end_with_the_run_however_it_ends(slow_corpus):
    running = begun("--jobs", 2)
    notes = glob.glob(".out.parquet.parts.*.notes")
    assert len(notes) == 1
    running.kill()
    running.communicate(timeout=PATIENCE)
    assert ended(running.pid)
    assert not os.path.exists(notes[0])
    os.mkdir(notes[0])  # as if the workers had been killed, too
    with kept_parts("out.parquet", {}, fresh=True):
        assert not os.path.exists(notes[0])


def test_a_full_disk_loses_nothing_that_was_finished(corpus):
    expected = extract(corpus, output="whole.parquet").table

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    done = run("--jobs", 1, status=1, preexec_fn=small_files)
    assert "out.parquet.parts: cannot keep what is finished" in done.stderr
    assert "the same command goes on from there" in done.stderr
    assert not os.path.exists("out.parquet")
    again = extract(corpus)
    assert 0 < again.resumed < 24
    np.testing.assert_array_equal(again.table.values, expected.values)
    assert computed() == (24, 24)


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


PEAK = """
import json, resource, sys
import featkit
small = {"name": "small", "sample_rate": "native", "features": []}
small["features"] = [{"family": "rms", "statistics": ["mean"]}]
rows = featkit.extract(sys.argv[1], output=sys.argv[1] + ".parquet", features=small).rows
print(json.dumps([rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


# What the command says, and its status


def test_some_failures_may_be_allowed(corpus):
    for name in ("a", "b"):
        (corpus / f"{name}.wav").write_text("no sound")
    arguments = command("--jobs", 1)[3:]
    for allowed, status in ((1, 3), (2, 0)):
        done = CliRunner().invoke(main, [*arguments, "--max-failures", str(allowed)])
        assert done.exit_code == status, done.output
        assert "2 failed, see out.parquet.failures.csv" in done.stderr


def test_quiet_says_only_what_failed(corpus):
    arguments = [*command("--jobs", 1)[3:], "--quiet"]
    assert CliRunner().invoke(main, arguments).output == ""
    (corpus / "a.wav").write_text("no sound")
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 3
    assert done.stderr.startswith("1 failed, see out.parquet.failures.csv")


def test_the_summary_says_what_earlier_runs_did(corpus):
    arguments = command("--jobs", 1)[3:]
    CliRunner().invoke(main, arguments)
    write(corpus / "new.wav", 50)
    done = CliRunner().invoke(main, arguments)
    assert "out.parquet: 25 rows, 75 features; 24 files from earlier runs, 0.2 s of" in done.stderr


# What is written is no input


def test_an_output_never_takes_the_place_of_an_input(corpus, tmp_path):
    first = min(corpus.rglob("*.wav"))
    copy = tmp_path / "a.csv"  # sound under another ending
    copy.write_bytes(first.read_bytes())
    manifest = tmp_path / "t.csv.failures.csv"
    manifest.write_text(f"path\n{first}\n", "utf-8")
    for inputs, how in (
        ([copy], {"output": copy}),
        ((), {"manifest": manifest, "output": manifest}),
        ((), {"manifest": manifest, "output": tmp_path / "t.csv"}),
    ):
        with pytest.raises(ParameterError, match="is an input, and would be lost"):
            featkit.extract(inputs, features="genre75", **how)
    assert copy.read_bytes() == first.read_bytes()
    assert manifest.read_text("utf-8") == f"path\n{first}\n"


def test_parts_of_which_nothing_is_left_are_told_and_can_be_done_without(corpus, tmp_path):
    out = tmp_path / "t.parquet"
    whole = featkit.extract(corpus, features="genre75", output=out, n_jobs=1).table
    parts = tmp_path / "t.parquet.parts"
    parts.write_bytes(bytes(byte ^ 0xFF for byte in parts.read_bytes()))
    with pytest.raises(WriteError, match="fresh"):
        featkit.extract(corpus, features="genre75", output=out, n_jobs=1)
    again = featkit.extract(corpus, features="genre75", output=out, n_jobs=1, fresh=True).table
    np.testing.assert_array_equal(again.values, whole.values)


def test_another_program_s_file_is_not_taken_for_parts(corpus, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "t.parquet.parts")) as other:
        other.execute("CREATE TABLE settings (what INTEGER)")
        other.commit()
    with pytest.raises(WriteError, match="is not a checkpoint of featkit"):
        featkit.extract(corpus, features="genre75", output=tmp_path / "t.parquet", n_jobs=1)


def test_it_works_without_any_output(corpus, tmp_path):
    words = [sys.executable, "-m", "featkit", "extract", str(corpus), "-o", "out.csv"]
    shell = " ".join(map(shlex.quote, [*words, "--features", "genre75", "--jobs", "2"]))
    done = subprocess.run(["sh", "-c", f"{shell} <&- >&- 2>&-"], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert (tmp_path / "out.csv").is_file()
