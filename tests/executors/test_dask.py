"""Work on a Dask cluster: recordings, calls, crashes, and workers that come and go."""

import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import deadly
import pytest
from deadly import PATIENCE
from extracting import clip, write_audio

import featkit
from featkit.errors import FeatkitError
from featkit.executors import executor, opening

pytest.importorskip("distributed")

from featkit.executors._dask import mapping, processing, submissions, worker


@pytest.fixture
def dask(dask_client):
    with opening.open_executor(cluster=dask_client) as opened:
        yield opened


def fates(dask, items, *, timeout=None, size=4, work=deadly.fate):
    results = {}
    for chunk in dask.process_items(work, items, chunk_size=size, timeout=timeout):
        for place, result in chunk:
            assert place not in results
            results[place] = result
    return [results[place] for place in range(len(items))]


# Recordings


def test_a_table_has_the_bytes_of_one_process(tmp_path, monkeypatch, dask_client):
    monkeypatch.chdir(tmp_path)
    for k in range(12):
        write_audio(tmp_path / "corpus" / f"{k}.wav", clip(k, 0.2 + 0.1 * k))
    (tmp_path / "corpus" / "empty.wav").touch()
    here = featkit.extract("corpus", output="here.parquet", features="genre75")
    there = featkit.extract(
        "corpus", output="there.parquet", features="genre75", cluster=dask_client
    )
    assert here.failures == there.failures
    assert len(there.failures) == 1
    assert (tmp_path / "here.parquet").read_bytes() == (tmp_path / "there.parquet").read_bytes()
    assert dask_client.status == "running"


def test_items_that_crash_are_found_and_all_others_finish(dask):
    items = [f"{k}" for k in range(22)]
    items[5] = items[6] = "dies"
    items[20] = "leaves"
    expected = [f"{item} is done" for item in items]
    expected[5] = expected[6] = executor.Crash("SIGKILL", is_timeout=False)
    expected[20] = executor.Crash("exit status 7", is_timeout=False)
    workers = set(dask.connection.client.nthreads())
    assert fates(dask, items) == expected
    assert set(dask.connection.client.nthreads()) == workers  # none of them died


def test_an_item_that_crashes_in_a_stack_is_found(dask):
    results = fates(dask, ["a", "b", "dies", "c", "d"], size=5, work=deadly.stack)
    assert results[2] == executor.Crash("SIGSEGV", is_timeout=False)
    assert results[:2] + results[3:] == [f"{item} is done" for item in "abcd"]


def test_an_item_that_hangs_is_ended_and_all_others_finish(dask):
    items = [f"{k}" for k in range(10)]
    items[3] = "hangs"
    begin = time.monotonic()
    results = fates(dask, items, timeout=1.5)
    assert time.monotonic() - begin < PATIENCE
    assert results[3] == executor.Crash("SIGALRM", is_timeout=True)
    assert results[:3] + results[4:] == [f"{k} is done" for k in range(10) if k != 3]


def test_processes_that_crash_before_they_begin_are_an_error(dask):
    with pytest.raises(FeatkitError, match=r"crash at their start \(exit status 1\)"):
        fates(dask, ["a", "b"], size=1, work=deadly.unable)


def test_an_exception_in_a_task_is_raised(dask):
    with pytest.raises(ZeroDivisionError, match="a bug in the task"):
        fates(dask, ["a", "b"], work=deadly.broken)


def ends_its_dask_worker(items, report):
    """Kill the Dask worker of this process at the item "kills"."""
    results = []
    for place, item in enumerate(items):
        report(place)
        if item == "kills":
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(PATIENCE)
        results.append(f"{item} is done")
    return results


def test_an_item_that_kills_dask_workers_is_found_and_all_others_finish(
    dask, dask_client, monkeypatch
):
    scheduler = dask_client.cluster.scheduler
    monkeypatch.setattr(scheduler, "allowed_failures", 0)
    monkeypatch.setattr(processing, "MIN_DEATHS", 1)
    items = ["a", "b", "kills", "c"]
    results = fates(dask, items, work=ends_its_dask_worker)
    assert results[2] == executor.Crash("with 1 Dask workers", is_timeout=False)
    assert results[:2] + results[3:] == [f"{item} is done" for item in "abc"]
    assert scheduler.allowed_failures == 0


def test_a_dask_worker_that_dies_fails_no_item(dask, dask_client):
    items = [f"{k}" for k in range(8)]
    items[::2] = ["slow"] * 4
    chunks = dask.process_items(deadly.fate, items, chunk_size=2)
    finished = next(chunk for chunk in chunks if chunk)
    workers = dask_client.run(os.getpid)
    os.kill(next(iter(workers.values())), signal.SIGKILL)
    finished += [pair for chunk in chunks for pair in chunk]
    assert sorted(finished) == [(k, f"{item} is done") for k, item in enumerate(items)]


def test_a_chunk_ends_by_the_clock_and_its_rest_is_queued_again(dask, monkeypatch):
    monkeypatch.setattr(executor, "CHUNK_SECONDS", 0.3)
    monkeypatch.setattr(executor, "HEARTBEAT_SECONDS", 0.05)
    chunks = list(dask.process_items(deadly.fate, ["slow"] * 24, chunk_size=6))
    assert sorted(place for chunk in chunks for place, _ in chunk) == list(range(24))
    assert max(map(len, chunks)) < 12  # two workers
    assert [] in chunks


def test_the_scheduler_holds_few_tasks(dask, dask_client, monkeypatch):
    scheduler = dask_client.cluster.scheduler
    monkeypatch.setattr(processing, "MAX_TASKS", 5)
    items = [f"{k}" for k in range(60)]
    chunks = dask.process_items(deadly.fate, items, chunk_size=2)
    counts = [len(scheduler.tasks) for _ in chunks]
    assert 0 < max(counts) < 10  # the scheduler forgets a task a little later
    wait_until(lambda: not scheduler.tasks)


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_an_interrupted_run_leaves_no_task(dask, dask_client):
    chunks = dask.process_items(deadly.fate, ["hangs"] * 4, chunk_size=1)
    assert next(chunks) == []
    chunks.close()
    wait_until(lambda: not dask_client.cluster.scheduler.tasks)
    wait_until(lambda: not any(dask_client.run(running_chunks).values()))


def running_chunks():
    return worker._state.running


def test_an_item_that_is_alone_waits_for_the_others():
    order = []
    with worker._turn(alone=False):
        alone = threading.Thread(target=in_turn, args=[order, "alone", True])
        alone.start()
        wait_until(lambda: worker._state.waiting_alone)
        late = threading.Thread(target=in_turn, args=[order, "late", False])
        late.start()
        order.append("first")
    alone.join()
    late.join()
    assert order == ["first", "alone", "late"]


def in_turn(order, name, alone):
    with worker._turn(alone=alone):
        order.append(name)


# Calls


def product(shared, *factors):
    return shared * math.prod(factors)


def test_calls_give_their_results_in_order(dask):
    calls = [(k, k + 1) for k in range(20)]
    assert list(dask.map(product, calls, shared=3)) == [3 * k * (k + 1) for k in range(20)]
    assert list(dask.map(product, [], shared=3)) == []


def backwards(shared, place):
    time.sleep(0.1 * (4 - place))
    return place, shared


def test_calls_without_shared_data_are_in_order_too(dask):
    results = dask.map(backwards, [(k,) for k in range(4)])
    assert list(results) == [(k, None) for k in range(4)]


def test_calls_are_drawn_when_a_worker_is_free(dask):
    drawn = []

    def calls():
        for k in range(1000):
            drawn.append(k)
            yield (k,)

    results = dask.map(product, calls(), shared=1)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close()
    assert len(drawn) < 50


def identity_of(shared, place):
    time.sleep(0.02)
    return os.getpid(), id(shared)


def test_shared_data_are_sent_to_each_worker_once(dask):
    objects = list(dask.map(identity_of, [(k,) for k in range(12)], shared=list(range(1000))))
    assert len(set(objects)) == len({worker for worker, _ in objects})


def failing(shared, place):
    raise ZeroDivisionError(f"call {place}")


def test_an_exception_of_a_call_is_raised_as_itself(dask):
    with pytest.raises(ZeroDivisionError, match=r"call \d"):
        list(dask.map(failing, [(k,) for k in range(5)]))


def kills(shared, process_id):
    os.kill(process_id or os.getpid(), signal.SIGKILL)


def test_a_call_that_crashes_is_an_error_that_says_so(dask):
    with pytest.raises(FeatkitError, match=r"a process died \(SIGKILL\) while running kills \(cal"):
        list(dask.map(kills, [(0,)]))


def kills_its_worker(shared):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(PATIENCE)


def test_a_call_that_kills_dask_workers_is_an_error_that_says_so(dask, dask_client, monkeypatch):
    monkeypatch.setattr(dask_client.cluster.scheduler, "allowed_failures", 0)
    monkeypatch.setattr(mapping, "MAX_GIVEN_UP", 1)
    with pytest.raises(
        FeatkitError, match=r"1 Dask worker died, the last tcp://\S+, while running"
    ):
        list(dask.map(kills_its_worker, [()]))


def dies_once(shared, place, marker):
    if place == 3 and not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(PATIENCE)
    return shared[place]


def test_shared_data_survive_a_worker(dask, tmp_path):
    calls = [(k, str(tmp_path / "marker")) for k in range(8)]
    assert list(dask.map(dies_once, calls, shared=[*"abcdefgh"])) == [*"abcdefgh"]


def threads_of_libraries(shared):
    import numpy  # noqa: F401
    import threadpoolctl

    return [library["num_threads"] for library in threadpoolctl.threadpool_info()]


def test_numerical_libraries_use_one_thread(dask):
    ((first, *others),) = dask.map(threads_of_libraries, [()])
    assert {first, *others} == {1}


def environment(shared):
    return dict(os.environ)


def test_memory_is_allocated_as_in_local_workers(dask, dask_client):
    """Dask's nanny sets a variable that makes short recordings take 1.7 times as long."""
    name = "MALLOC_TRIM_THRESHOLD_"
    assert set(dask_client.run(os.getenv, name).values()) != {None}
    (there,) = dask.map(environment, [()])
    assert name not in there


def test_tasks_have_no_content_in_logs_and_need_no_featkit_in_the_scheduler(dask, monkeypatch):
    sent = []
    monkeypatch.setattr(
        dask.connection.client, "submit", lambda *arguments, **_: sent.extend(arguments) or Ended()
    )
    tasks = submissions.Submissions(dask.connection)
    tasks.submit("tag", worker.Work((), ("chunk", b"task", b"s3://b/a?Signature=x"), False))
    function, _ = sent
    assert "Signature" not in repr(sent)
    pickled = pickle.dumps(function)
    assert b"call_by_name" in pickled
    script = "import pickle, sys; pickle.load(sys.stdin.buffer); print('featkit' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(sent), capture_output=True, check=True
    )
    assert done.stdout.strip() == b"False"


class Ended:
    """A future that nobody waits for."""

    def add_done_callback(self, function):
        pass
