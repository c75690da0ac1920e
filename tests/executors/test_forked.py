"""Forked workers: crashes, timeouts, exceptions, and the end of their parent.

This process may have threads, so it does not fork; another one does.
"""

import os
import subprocess
import sys

import pytest
from deadly import PATIENCE
from extracting import has_ended

from featkit._utils.workers import ONE_THREAD
from featkit.executors import worker_process

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/task"), reason="threads cannot be counted"
)

SETUP = """
import os, signal, sys
import deadly
from featkit.executors import _forked, _loky
from featkit.executors.executor import Crash

def fates(items, *, work=deadly.fate, timeout=None, size=4, workers=2):
    results = {}
    chunks = _loky.Loky(workers).process_items(work, items, chunk_size=size, timeout=timeout)
    for chunk in chunks:
        assert not results.keys() & dict(chunk).keys()
        results |= dict(chunk)
    return [results[place] for place in range(len(items))]

def shown(results):
    return ",".join(r.cause if isinstance(r, Crash) else r[0] for r in results)

assert _forked.can_fork()
"""


def environment():
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(sys.path)}


def run(script):
    return subprocess.run(
        [sys.executable, "-c", SETUP + script],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_items_that_crash_hang_or_leave_are_found_and_all_others_finish():
    done = run(
        """
items = [*"abcdefghijklmnopqrstuv"]
items[5] = items[6] = "dies"
items[20] = "leaves"
print(shown(fates(items)))
print(shown(fates(["a", "b", "hangs", "d"], timeout=1.0)))
print(shown(fates([*"ab", "dies", *"cd"], work=deadly.stack, size=5, workers=1)))
assert "joblib" not in sys.modules
"""
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "a,b,c,d,e,SIGKILL,SIGKILL,h,i,j,k,l,m,n,o,p,q,r,s,t,exit status 7,v",
        "a,b,SIGALRM,d",
        "a,b,SIGSEGV,c,d",
    ]


def test_an_exception_in_a_task_is_raised_and_the_children_end():
    done = run("fates(['a', 'b'], work=deadly.broken)")
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: a bug in the task\n")


def test_workers_that_crash_before_they_begin_are_an_error():
    done = run("fates(['a', 'b'], work=deadly.unable, size=1)")
    assert "worker processes crash at their start (exit status 1)" in done.stderr


def test_children_ignore_ctrl_c_which_the_parent_handles():
    done = run(
        """
def interrupted(items, report):
    report(0)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    return ["finished" for _ in items]

print(shown(fates([*"abc"], work=interrupted, workers=1)))
"""
    )
    assert done.stdout == "f,f,f\n"


def test_children_end_with_their_parent():
    script = """
import time

def endless(items, report):
    print("begun", flush=True)
    time.sleep(1000)

fates(["a"], work=endless, workers=1)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", SETUP + script],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout.readline()
    parent.kill()
    parent.wait(PATIENCE)
    parent.stdout.close()
    assert has_ended(parent.pid)


def test_the_state_of_a_stack_is_overwritten_by_a_shorter_one(tmp_path):
    def task(items, report):
        report(*range(100))
        report(3)
        (states,) = [worker_process.read_state(file) for file in tmp_path.iterdir()]
        return [states for _ in items]

    places = range(10_000, 10_100)
    result = worker_process.run_chunk(task, 1.0, None, str(tmp_path), places, ["a"] * 100)
    assert result.results[0] == [worker_process.WorkerState(float("inf"), (10_003,))]
    assert len(result.results) == 100


def test_a_process_may_fork_as_soon_as_its_threads_were_joined():
    done = run(
        """
import threading
from featkit._utils.workers import join

for _ in range(1000):
    thread = threading.Thread(target=int)
    thread.start()
    join(thread)
    assert _forked.can_fork()
"""
    )
    assert (done.returncode, done.stderr) == (0, "")
