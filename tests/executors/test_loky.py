"""Worker processes that crash, hang, or end because they are idle."""

import errno
import os
import subprocess
import sys
import time

import deadly
import pytest
from deadly import PATIENCE
from extracting import clip, has_ended, write_audio

import featkit
from featkit._utils.workers import ONE_THREAD
from featkit.errors import FeatkitError, WriteError
from featkit.executors import _in_process, _loky, executor, worker_process


@pytest.fixture(autouse=True)
def no_forks(monkeypatch):
    monkeypatch.setattr(_loky, "can_fork", lambda: False)


def fates(items, *, timeout=None, size=4, work=deadly.fate):
    chunks = _loky.Loky(2).process_items(work, items, chunk_size=size, timeout=timeout)
    results = {}
    for chunk in chunks:
        for place, result in chunk:
            assert place not in results
            results[place] = result
    return [results[place] for place in range(len(items))]


def test_items_that_crash_are_found_and_all_others_finish():
    items = [f"{k}" for k in range(22)]
    items[5] = items[6] = "dies"
    items[20] = "leaves"
    expected = [f"{item} is done" for item in items]
    expected[5] = expected[6] = executor.Crash("SIGKILL", is_timeout=False)
    expected[20] = executor.Crash("exit status 7", is_timeout=False)
    assert fates(items) == expected


# The workers that are left behind may have had an item: then the thread of loky that feeds them
# ends with a KeyError, since their items were taken from them.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_chunk_that_broken_workers_refuse_is_not_lost(place, monkeypatch):
    """A worker may die just before the next chunk is submitted."""
    from joblib.externals.loky import ProcessPoolExecutor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    submit, chunks = ProcessPoolExecutor.submit, []

    def breaking(self, function, *arguments):
        if arguments:  # a chunk, and not the call that wakes a worker
            chunks.append(arguments[0])
            if len(chunks) == place + 1:
                raise BrokenProcessPool("a worker died: SIGKILL(-9)")
        return submit(self, function, *arguments)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", breaking)
    items = [f"{k}" for k in range(22)]
    assert fates(items) == [f"{item} is done" for item in items]
    assert len(chunks) > place


def test_an_item_that_hangs_is_ended_and_all_others_finish():
    items = [f"{k}" for k in range(10)]
    items[3] = "hangs"
    begin = time.monotonic()
    results = fates(items, timeout=1.5)
    assert time.monotonic() - begin < PATIENCE
    assert results[3] == executor.Crash("SIGALRM", is_timeout=True)
    assert results[:3] + results[4:] == [f"{k} is done" for k in range(10) if k != 3]


def test_an_item_that_crashes_in_a_stack_is_found():
    results = fates(["a", "b", "dies", "c", "d"], size=5, work=deadly.stack)
    assert results[2] == executor.Crash("SIGSEGV", is_timeout=False)
    assert results[:2] + results[3:] == [f"{item} is done" for item in "abcd"]


def test_workers_that_crash_before_they_begin_are_an_error():
    with pytest.raises(FeatkitError, match="worker processes crash at their start") as caught:
        fates(["a", "b"], size=1, work=deadly.unable)
    assert str(caught.value) == (
        "worker processes crash at their start (exit status 1): is there too little memory for 2 of"
        " them? Use fewer, such as --jobs 1 (n_jobs=1)"
    )


def test_a_chunk_ends_by_the_clock_and_its_rest_is_queued_again(monkeypatch):
    monkeypatch.setattr(executor, "CHUNK_SECONDS", 0.3)
    for here in (_in_process.InProcess(), _loky.Loky(1)):
        results = list(here.process_items(deadly.fate, ["slow"] * 6, chunk_size=6))
        assert sorted(place for chunk in results for place, _ in chunk) == list(range(6))
        assert max(map(len, results)) < 6
        assert {result for chunk in results for _, result in chunk} == {"slow is done"}


def test_empty_results_are_a_heartbeat_while_nothing_finishes(monkeypatch):
    monkeypatch.setattr(executor, "HEARTBEAT_SECONDS", 0.05)
    results = list(_loky.Loky(1).process_items(deadly.fate, ["slow"] * 3, chunk_size=3))
    assert [] in results
    finished = [pair for chunk in results for pair in chunk]
    assert finished == [(place, "slow is done") for place in range(3)]


def test_an_exception_in_a_task_is_raised():
    with pytest.raises(ZeroDivisionError, match="a bug in the task"):
        fates(["a", "b"], work=deadly.broken)


def alone_in_a_process(work):
    """Process one item with `process_items`, in a process with one thread."""
    script = (
        "import deadly; from featkit.executors import _forked, _in_process;"
        "print(_forked.has_one_thread());"
        f" print(list(_in_process.InProcess().process_items(deadly.{work}, ['a'], chunk_size=1)))"
    )
    environment = {**os.environ, **ONE_THREAD}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    return subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads cannot be counted")
def test_a_single_item_is_processed_in_a_child_if_that_is_safe():
    done = alone_in_a_process("fate").stdout.splitlines()
    assert done == ["True", "[[(0, 'a is done')]]"]
    died = alone_in_a_process("unable").stdout.splitlines()
    assert died == ["True", "[[(0, Crash(cause='exit status 1', is_timeout=False))]]"]
    assert "ZeroDivisionError: a bug in the task" in alone_in_a_process("broken").stderr


def test_workers_without_work_end_with_their_parent():
    script = (
        "import time; from featkit.executors import _loky;"
        "pool = _loky.shared_executor(3);"
        "pool.submit(time.sleep, 1000).add_done_callback(print); print(flush=True);"
        "time.sleep(1000)"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, start_new_session=True
    )
    running.stdout.readline()
    running.kill()
    running.communicate(timeout=PATIENCE)
    assert has_ended(running.pid)


def test_there_are_no_more_workers_than_work(tmp_path, monkeypatch):
    for k in range(3):
        write_audio(tmp_path / f"{k}.wav", clip(k, 0.1))
    asked = []
    start = _loky.shared_executor

    def started(processes, settings):
        asked.append(processes)
        return start(processes, settings)

    monkeypatch.setattr(_loky, "shared_executor", started)
    assert len(featkit.extract(tmp_path, features="genre75", n_jobs=24).table) == 3
    assert asked == [3]


# Idle workers


@pytest.fixture
def idle_pool(monkeypatch):
    """A pool whose workers had work, became idle and ended."""
    monkeypatch.setattr(_loky, "IDLE_SECONDS", 0.2)
    _loky.shared_executor.cache_clear()
    assert results_of("a") == ["a is done"]
    pool = _loky.shared_executor(1, _loky._store_settings())
    end = time.monotonic() + deadly.PATIENCE
    while pool._processes:  # loky shows its idle workers in no other way
        assert time.monotonic() < end
        time.sleep(0.01)
    time.sleep(0.5)  # until the last process is joined
    yield
    _loky.shared_executor.cache_clear()


def results_of(*items):
    results = {}
    end = time.monotonic() + deadly.PATIENCE
    for chunk in _loky.Loky(1).process_items(deadly.fate, items, chunk_size=len(items)):
        results |= dict(chunk)
        assert time.monotonic() < end, "nothing is heard of a worker"
    return [results[place] for place in range(len(items))]


@pytest.mark.usefixtures("idle_pool")
def test_after_idle_workers_ended_new_ones_do_the_work():
    assert results_of("b", "c") == ["b is done", "c is done"]


@pytest.mark.usefixtures("idle_pool")
def test_the_crash_of_a_worker_after_idle_ones_ended_is_noticed():
    assert results_of("dies") == [executor.Crash("SIGKILL", is_timeout=False)]


# State of workers


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_error_in_worker_state_names_the_folder(tmp_path, monkeypatch):
    with pytest.raises(WriteError, match=r"gone: cannot write worker state: No"):
        worker_process.run_chunk(deadly.fate, 1, None, f"{tmp_path}/gone", [0], ["a"])
    monkeypatch.setattr(worker_process.tempfile, "TemporaryDirectory", full)
    monkeypatch.setattr(worker_process.tempfile, "tempdir", "/tmp")
    with pytest.raises(WriteError, match=r"/tmp: .*No space left on device.* TMPDIR"):
        list(_loky.Loky(1).process_items(deadly.fate, ["a"], chunk_size=1))


def test_advice_names_the_folder_that_is_full(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(worker_process.tempfile, "TemporaryDirectory", full)
    with (
        pytest.raises(WriteError) as caught,
        worker_process.state_folder(tmp_path / "t.csv.parts"),
    ):
        pass
    assert str(caught.value).startswith(f"{tmp_path}: ")
    assert "Free some space there" in str(caught.value)
    assert "TMPDIR" not in str(caught.value)


@pytest.fixture
def two():
    return _loky.Loky(2)


def test_quick_calls_are_made_in_this_process(two):
    calls = [(k,) for k in range(5)]
    results = two.map(deadly.where, calls, shared=0.0, quick=True)
    assert list(results) == [(k, os.getpid()) for k in range(5)]


def test_calls_go_to_workers_as_soon_as_these_are_worth_their_start(two, monkeypatch):
    monkeypatch.setattr(_loky, "START_SECONDS", 0.2)
    seconds = [0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    results = list(two.map(deadly.where, [(s,) for s in seconds], shared=1.0, quick=True))
    assert [s for s, _ in results] == seconds
    assert [process == os.getpid() for _, process in results] == [True] * 3 + [False] * 6
    # Workers that have started serve quick calls, too.
    again = list(two.map(deadly.where, [(0.0,)] * 3, shared=0.0, quick=True))
    assert os.getpid() not in {process for _, process in again}


def test_many_short_lists_of_calls_go_to_workers_in_the_end(two, monkeypatch):
    monkeypatch.setattr(_loky, "START_SECONDS", 0.1)
    processes = []
    for _ in range(9):
        calls = [(0.02,), (0.02,)]
        processes += [p for _, p in two.map(deadly.where, calls, shared=1.0, quick=True)]
    assert processes[0] == os.getpid() != processes[-1]


def test_only_the_time_of_the_calls_counts(two, monkeypatch):
    monkeypatch.setattr(_loky, "START_SECONDS", 0.2)
    processes = set()
    for _, process in two.map(deadly.where, [(k,) for k in range(4)], shared=0.0, quick=True):
        time.sleep(0.15)
        processes.add(process)
    assert processes == {os.getpid()}


def test_calls_that_may_end_by_the_clock_go_to_workers(two):
    calls = ((k,) for k in range(3))
    results = list(two.map(deadly.where, calls, shared=0.0, quick=True))
    assert [k for k, _ in results] == [0, 1, 2]
    assert os.getpid() not in {process for _, process in results}


def test_no_call_gives_no_result(two):
    assert list(two.map(deadly.where, [], shared=0.0, quick=True)) == []
